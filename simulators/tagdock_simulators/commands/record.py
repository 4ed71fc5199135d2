"""The command `tagdock-sim record`: a scenario's reads and truth as files."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import click

from tagdock_simulators.commands.faults import FAULTS_OPTION, faults_here
from tagdock_simulators.commands.options import (
    GATEWAY_CONFIG_OPTION,
    LLRP_PORT,
    NEW_FILE,
    check_all_different,
    ports_from,
    say,
    scenario_options,
    write_gateway_config,
    writing,
)
from tagdock_simulators.faults.kinds import Place
from tagdock_simulators.faults.recorded import Change
from tagdock_simulators.recording import Files, Progress, new_file, record
from tagdock_simulators.scenarios import EPOCH, Scenario, crossings

_QUIET_S = 2.0  # what takes longer shows its progress


@click.command("record")
@scenario_options
@click.option(
    "-o",
    "--output",
    required=True,
    type=NEW_FILE,
    envvar="TAGDOCK_OUTPUT",
    show_envvar=True,
    help="The recording: FILE.jsonl or FILE.jsonl.gz.",
)
@click.option(
    "--truth",
    type=NEW_FILE,
    envvar="TAGDOCK_TRUTH",
    show_envvar=True,
    help="What really happened, one tag a line.",
)
@GATEWAY_CONFIG_OPTION
@FAULTS_OPTION
def record_(
    *, scenario: Scenario, seed: int, output: Path, truth: Path | None, gateway_config: Path | None, faults: Path | None
) -> None:
    """Write a scenario's reads as a recording; the same seed gives the same bytes."""
    check_all_different({"--output": output, "--truth": truth, "--gateway-config": gateway_config, "--faults": faults})
    names = {door.reader for door in scenario.geometry()}
    schedule = faults_here(faults, None, names, (Place.READER,))
    with writing(), ExitStack() as files:
        if gateway_config is not None:
            write_gateway_config(gateway_config, scenario, ports_from(scenario, LLRP_PORT))
        reads_file = files.enter_context(new_file(output))
        truth_file = files.enter_context(new_file(truth)) if truth else None
        change = Change(schedule, EPOCH) if schedule.faults else None
        loads, written = crossings(scenario, seed), Files(reads_file, truth_file, change)
        done = _shown(record(scenario.geometry(), loads, seed, scenario.radio, written), scenario)
        if truth_file is not None and change is not None:
            truth_file.writelines(change.truth())
    click.echo(f"{output}: {done.reads:,} reads of {done.tags:,} tags in {done.loads:,} loads")


def _shown(steps: Iterator[Progress], scenario: Scenario) -> Progress:
    """Show how a recording gets on when it takes a while; return how it ended."""
    progress, shown_at = Progress(), time.monotonic() + _QUIET_S
    for progress in steps:
        if time.monotonic() >= shown_at:
            shown_at = time.monotonic() + 1.0
            came = "all" if progress.loads == scenario.loads else f"{progress.loads:,} of"
            say(f"{came} {scenario.loads:,} loads have come, {progress.reads:,} reads so far")
    return progress
