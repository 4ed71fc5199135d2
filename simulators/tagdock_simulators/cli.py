"""The command `tagdock-sim`: readers, recordings and the demo."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import click

from tagdock_simulators.gateway_config import gateway_toml
from tagdock_simulators.live import play, start_readers
from tagdock_simulators.llrp.server import LlrpReader
from tagdock_simulators.recording import Progress, new_file, record
from tagdock_simulators.scenarios import SCENARIOS, Scenario

LLRP_PORT = 5084
"""LLRP's own (IANA)."""
_LOOPBACK = "127.0.0.1"
_BROKER = "mqtt://127.0.0.1:1883"
_QUIET_S = 2.0  # what takes longer shows its progress


class _Group(click.Group):
    """The group; the demo is imported only when it is asked for, since it brings all its parts with it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the demo among the commands."""
        return sorted([*super().list_commands(ctx), "demo"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command."""
        if cmd_name != "demo":
            return super().get_command(ctx, cmd_name)
        from tagdock_simulators.demo.cli import demo  # noqa: PLC0415  # see above

        return demo


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tagdock-simulators")
def main() -> None:
    """Test Tagdock without hardware: simulated readers, recordings with their ground truth, the demo."""


_scenario = click.option(
    "--scenario",
    "name",
    type=click.Choice(sorted(SCENARIOS)),
    default="clean-two-row",
    show_default=True,
    envvar="TAGDOCK_SCENARIO",
    show_envvar=True,
    help="What happens at the doors; `tagdock-sim scenarios` explains.",
)
_seed = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=1,
    show_default=True,
    envvar="TAGDOCK_SEED",
    show_envvar=True,
    help="Same seed, same reads.",
)
_gateway_config = click.option(
    "--gateway-config",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="TAGDOCK_GATEWAY_CONFIG",
    show_envvar=True,
    help="Write a gateway.toml for these readers and doors.",
)


@main.command()
@_scenario
@_seed
@click.option(
    "--host",
    default=_LOOPBACK,
    show_default=True,
    envvar="TAGDOCK_HOST",
    show_envvar=True,
    help="Address to listen at.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=LLRP_PORT,
    show_default=True,
    envvar="TAGDOCK_PORT",
    show_envvar=True,
    help="Port of the first reader; the others follow. 0: any free ports.",
)
@_gateway_config
def reader(name: str, seed: int, host: str, port: int, gateway_config: Path | None) -> None:
    """Play a scenario's LLRP readers until Ctrl-C: any LLRP client can connect."""
    sys.exit(asyncio.run(_serve(SCENARIOS[name], seed, host, port, gateway_config)))


@main.command("record")
@_scenario
@_seed
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="TAGDOCK_OUTPUT",
    show_envvar=True,
    help="The recording: FILE.jsonl or FILE.jsonl.gz.",
)
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="TAGDOCK_TRUTH",
    show_envvar=True,
    help="What really happened, one tag a line.",
)
@_gateway_config
def record_command(name: str, seed: int, output: Path, truth: Path | None, gateway_config: Path | None) -> None:
    """Write a scenario's reads as a recording; the same seed gives the same bytes."""
    scenario = SCENARIOS[name]
    places = [path.resolve() for path in (output, truth, gateway_config) if path is not None]
    if len(set(places)) < len(places):
        raise click.UsageError("--output, --truth and --gateway-config must be different files")
    try:
        with ExitStack() as files:
            reads_file = files.enter_context(new_file(output))
            truth_file = files.enter_context(new_file(truth)) if truth else None
            done = _shown(record(scenario, seed, reads_file, truth_file), scenario)
        if gateway_config is not None:
            _write_gateway_config(gateway_config, scenario, dict(_ports_from(scenario, LLRP_PORT)))
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}; choose a place that can be written") from error
    click.echo(f"{output}: {done.reads:,} reads of {done.tags:,} tags in {done.loads:,} loads")


@main.command()
@click.option("--json", "as_json", is_flag=True, envvar="TAGDOCK_JSON", show_envvar=True, help="One object a line.")
def scenarios(as_json: bool) -> None:
    """List the scenarios and what each is hard about."""
    width = max(map(len, SCENARIOS))
    for scenario in SCENARIOS.values():
        told = {"name": scenario.name, "hard_about": scenario.hard_about, "loads": scenario.loads}
        click.echo(json.dumps(told) if as_json else f"{scenario.name:{width}}  {scenario.hard_about}")


async def _serve(scenario: Scenario, seed: int, host: str, port: int, gateway_config: Path | None) -> int:
    try:
        started = await start_readers(scenario, host, port)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        say(f"cannot listen at {host}, port {port} and those after it: {why}; choose another --port, or 0 for any")
        return 1
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    readers = {name: each for name, (each, _) in started.items()}
    try:
        if gateway_config is not None:
            _write_gateway_config(gateway_config, scenario, {name: bound for name, (_, bound) in started.items()})
        for name, (_, bound) in started.items():
            click.echo(f"{name} llrp://{host}:{bound}")
        await play(scenario, seed, readers, say, stop)
    except OSError as error:
        say(f"{error.filename}: {error.strerror}; choose a place that can be written")
        return 1
    finally:
        await _close(readers)
    return 0


async def _close(readers: dict[str, LlrpReader]) -> None:
    await asyncio.gather(*(each.close() for each in readers.values()))
    reported, lost = (sum(getattr(r, what) for r in readers.values()) for what in ("tags_reported", "tags_lost"))
    say(f"stopped: {reported:,} tag reports sent, {lost:,} that nobody took")


def _shown(steps: Iterator[Progress], scenario: Scenario) -> Progress:
    """Show how a recording gets on when it takes a while; return how it ended."""
    progress, shown_at = Progress(), time.monotonic() + _QUIET_S
    for progress in steps:
        if time.monotonic() >= shown_at:
            shown_at = time.monotonic() + 1.0
            say(f"{progress.loads:,} of {scenario.loads:,} loads, {progress.reads:,} reads")
    return progress


def _ports_from(scenario: Scenario, port: int) -> Iterator[tuple[str, int]]:
    for place, door in enumerate(scenario.geometry()):
        yield door.reader, port + place


def _write_gateway_config(path: Path, scenario: Scenario, ports: dict[str, int]) -> None:
    path.write_text(gateway_toml("lab", "gw-1", _BROKER, scenario.geometry(), ports), encoding="utf-8")


def say(line: str) -> None:
    """Talk on stderr."""
    click.echo(line, err=True)
