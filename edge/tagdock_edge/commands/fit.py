"""The command `tagdock-edge fit`: thresholds that make fewer errors where the truth is known."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from tagdock_contract import Record

from tagdock_edge.commands.options import CONFIG_OPTION, FILE, JSON_OPTION
from tagdock_edge.config_file import load
from tagdock_edge.errors import TruthError
from tagdock_edge.fitting import Case, Fit, Progress, Truth, fit, read_truth
from tagdock_edge.fitting.replayed import case
from tagdock_edge.fitting.words import block, described, table
from tagdock_edge.journal import read_journal
from tagdock_edge.readers.recording import read_recording

_QUIET_S = 2.0
"""What takes longer shows its progress."""
_LINE_BYTES = 64 * 1024


@click.command("fit")
@click.argument("recordings", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RECORDING...")
@click.option(
    "--truth",
    "truths",
    multiple=True,
    required=True,
    type=FILE,
    envvar="TAGDOCK_TRUTH",
    show_envvar=True,
    help="What really happened, one tag a line; as many as recordings, in their order.",
)
@CONFIG_OPTION
@click.option(
    "--output", "-o", type=FILE, envvar="TAGDOCK_OUTPUT", show_envvar=True, help="Write the [passage] block here, too."
)
@click.option(
    "--trials",
    type=click.IntRange(1, 100_000),
    default=200,
    show_default=True,
    envvar="TAGDOCK_TRIALS",
    show_envvar=True,
    help="How many thresholds are tried; each costs a replay of all recordings.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    envvar="TAGDOCK_SEED",
    show_envvar=True,
    help="Deals the loads into searched and held-out ones, and orders the trials.",
)
@JSON_OPTION
def fit_command(
    *,
    recordings: tuple[Path, ...],
    truths: tuple[Path, ...],
    config_file: Path,
    output: Path | None,
    trials: int,
    seed: int,
    as_json: bool,
) -> None:
    """Fit the thresholds of [passage] to RECORDINGs (or copies of a journal's folder) whose truth is known.

    Part of the loads only judge: what does not do better on them is not recommended. The seconds of [passage] stay as
    they are.
    """
    if len(truths) != len(recordings):
        raise click.UsageError(f"{len(recordings)} recordings need as many --truth, not {len(truths)}")
    config = load(config_file, os.environ)
    cases = []
    for recording, truth in zip(recordings, truths, strict=True):
        click.echo(f"reading {recording}", err=True)
        cases.append(case(_records(recording), _truths(truth), config.doors, config.passage))
    found = _shown(cases, fit(cases, config.passage.thresholds, trials=trials, seed=seed), trials)
    text = "".join(f"{line}\n" for line in (*table(found), *block(config.passage, found.recommended)))
    if output is not None:
        _write(output, text)
    click.echo(json.dumps(described(found)) if as_json else text, nl=as_json)


def _records(path: Path) -> Iterator[Record]:
    return read_journal(path) if path.is_dir() else read_recording(path)


def _truths(path: Path) -> list[Truth]:
    try:
        with path.open("rb") as file:
            return list(read_truth(iter(lambda: file.readline(_LINE_BYTES), b""), str(path)))
    except OSError as error:
        raise TruthError(f"{path}: can't be read ({error.strerror}); name a truth file with --truth") from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise TruthError(f"{path}: can't be written ({error.strerror}); name another file with -o") from error


def _shown(cases: Sequence[Case], steps: Iterator[Progress | Fit], trials: int) -> Fit:
    """Show how the search gets on when it takes a while; return how it ended."""
    tags = sum(len(each.truths) for each in cases)
    click.echo(f"searching: {tags:,} tags in {len(cases)} recordings, up to {trials} trials", err=True)
    shown_at = time.monotonic() + _QUIET_S
    for step in steps:
        if isinstance(step, Fit):
            return step
        if time.monotonic() >= shown_at:
            shown_at = time.monotonic() + _QUIET_S
            click.echo(f"trial {step.trial} of {trials}: errors cost {step.cost:.1f}", err=True)
    raise AssertionError("a fit ends with its result")
