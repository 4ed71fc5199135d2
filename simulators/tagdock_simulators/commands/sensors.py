"""The command `tagdock-sim sensors`: bin sensors on a broker, or on a tape."""

import asyncio
import gzip
import heapq
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, Literal, cast

import click

from tagdock_simulators.commands.broker import broker_options
from tagdock_simulators.commands.faults import FAULTS_OPTION, faults_here
from tagdock_simulators.commands.options import (
    GATEWAY_CONFIG_OPTION,
    NEW_FILE,
    SEED_OPTION,
    Within,
    check_all_different,
    say,
    write_text,
    writing,
)
from tagdock_simulators.faults.kinds import Place
from tagdock_simulators.faults.schedule import Schedule
from tagdock_simulators.faults.truth import fault_line
from tagdock_simulators.gateway_config import gateway_toml
from tagdock_simulators.mqtt.broker import Broker
from tagdock_simulators.recording import new_file
from tagdock_simulators.scenarios import EPOCH
from tagdock_simulators.sensors.contents import LINE_BYTES_AT_MOST, BinTruth, read_truths, truth_line
from tagdock_simulators.sensors.disturb import disturb
from tagdock_simulators.sensors.formats.choice import FORMATS, Format, Formats, nodes_for
from tagdock_simulators.sensors.formats.configured import sensors_toml
from tagdock_simulators.sensors.formats.homeassistant import HomeAssistant
from tagdock_simulators.sensors.formats.node import Node
from tagdock_simulators.sensors.formats.sparkplug import Sparkplug
from tagdock_simulators.sensors.kit import Span
from tagdock_simulators.sensors.life import bin_life, bin_names, live
from tagdock_simulators.sensors.player import NodePlayer, play, simulated_clock, utc_now
from tagdock_simulators.sensors.rack import rack_readings, usual_kits, with_truth
from tagdock_simulators.sensors.readings import Reading
from tagdock_simulators.sensors.tape import published, tape_line

_FOR_EVER = timedelta(days=3650)
_FIRST_CONNECTION_S = 3.0
_BINS = 1000
_TRUTHS = 1_000_000
_HOST_NAME = re.compile(r"[^/+#\0]{1,200}")
_QUIET_S = 2.0  # what takes longer shows its progress


@dataclass(frozen=True, slots=True)
class _World:
    """What is played: which bins, what lies in them, from which seed, with which faults, over which time."""

    names: tuple[str, ...]
    contents: Callable[[str], Iterable[BinTruth]]
    truths: Callable[[], Iterable[BinTruth]]
    """All bins' contents in order of time."""
    seed: int
    schedule: Schedule
    span: Span

    def readings(self, tell: Callable[[bytes], object]) -> Iterator[Reading]:
        """Give all readings with their faults; tell the truth along, contents and faults in order of time."""
        span = self.span
        readings = rack_readings(usual_kits(self.names), self.contents, self.seed, span)
        told = with_truth(readings, self._truth(), tell)
        return disturb(told, self.schedule, self.seed, span.begin) if self.schedule.faults else told

    def _truth(self) -> Iterator[tuple[datetime, bytes]]:
        span = self.span
        contents = takewhile(lambda truth: truth.at < span.until, self.truths())
        faults = self.schedule.turns((span.until - span.begin).total_seconds())
        lines = ((truth.at, truth_line(truth)) for truth in contents)
        wrong = ((span.begin + timedelta(seconds=fault.at_s), fault_line(fault, span.begin)) for fault in faults)
        return heapq.merge(lines, wrong, key=lambda line: line[0])

    def nodes(self, name: Format, formats: Formats) -> dict[str, Node]:
        """Make the nodes. Ends the program with 2 when bins cannot be told apart."""
        try:
            return nodes_for(name, {bin_: kit.quantities for bin_, kit in usual_kits(self.names).items()}, formats)
        except ValueError as error:
            raise click.UsageError(f"--contents: {error}") from error

    def gateway_toml(self, name: Format, formats: Formats, broker: Broker) -> str:
        """Write the configuration of a gateway that reads these sensors. Ends the program with 2 as `nodes` does."""
        unit_mass_kg = {bin_: next(iter(self.contents(bin_))).unit_mass_kg for bin_ in self.names}
        tables = sensors_toml(name, self.nodes(name, formats), usual_kits(self.names), formats, unit_mass_kg)
        return gateway_toml("lab", "gw-1", str(broker), (), {}) + "\n" + tables


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="homeassistant",
    show_default=True,
    envvar="TAGDOCK_FORMAT",
    show_envvar=True,
    help="How the readings are told.",
)
@broker_options
@click.option(
    "--bins",
    type=click.IntRange(1, _BINS),
    default=8,
    show_default=True,
    envvar="TAGDOCK_BINS",
    show_envvar=True,
    help="How many bins there are.",
)
@click.option(
    "--contents",
    "contents_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="TAGDOCK_CONTENTS",
    show_envvar=True,
    help="What lies in the bins, as --truth writes it, instead of a made-up life; its first line is the beginning.",
)
@SEED_OPTION
@click.option(
    "--speed",
    type=Within(0, 10_000, min_open=True),
    default=1.0,
    show_default=True,
    envvar="TAGDOCK_SPEED",
    show_envvar=True,
    help="How many times faster than real time; above 1, the readings' times run ahead.",
)
@click.option(
    "--discovery",
    type=click.Choice(["component", "device"]),
    default="component",
    show_default=True,
    envvar="TAGDOCK_DISCOVERY",
    show_envvar=True,
    help="Home Assistant: a message an entity, or one for the device.",
)
@click.option(
    "--primary-host",
    metavar="NAME",
    envvar="TAGDOCK_PRIMARY_HOST",
    show_envvar=True,
    help="Sparkplug: wait for this host application.",
)
@FAULTS_OPTION
@click.option(
    "--truth",
    type=NEW_FILE,
    envvar="TAGDOCK_TRUTH",
    show_envvar=True,
    help="What really lay in the bins, one change a line.",
)
@GATEWAY_CONFIG_OPTION
@click.option(
    "--record",
    type=NEW_FILE,
    envvar="TAGDOCK_RECORD",
    show_envvar=True,
    help="No broker: write what would be published to FILE.jsonl or FILE.jsonl.gz.",
)
@click.option(
    "--hours",
    type=Within(0, 24 * 366, min_open=True),
    envvar="TAGDOCK_HOURS",
    show_envvar=True,
    help="End after so much simulated time; a recording has 24 hours without it.",
)
def sensors(
    *,
    form: str,
    broker: Broker,
    bins: int,
    contents_file: Path | None,
    seed: int,
    speed: float,
    discovery: str,
    primary_host: str | None,
    faults: Path | None,
    truth: Path | None,
    gateway_config: Path | None,
    record: Path | None,
    hours: float | None,
) -> None:
    """Play bin sensors while bins are picked from and filled up again; until Ctrl-C, or onto a tape."""
    check_all_different(
        {
            "--contents": contents_file,
            "--faults": faults,
            "--truth": truth,
            "--gateway-config": gateway_config,
            "--record": record,
        }
    )
    if primary_host is not None and (form != "sparkplug" or not _HOST_NAME.fullmatch(primary_host)):
        raise click.UsageError("--primary-host goes with --format sparkplug; it is a name without /, + and #")
    begin = utc_now() if record is None else EPOCH
    lasts = timedelta(hours=hours) if hours else timedelta(hours=24) if record else _FOR_EVER
    span = Span(begin, begin + lasts)
    world = _lived(bins, seed, span) if contents_file is None else _given(contents_file, seed, span)
    world = replace(world, schedule=_schedule(faults, world.names))
    formats = Formats(
        homeassistant=HomeAssistant(discovery=cast(Literal["component", "device"], discovery)),
        sparkplug=Sparkplug(primary_host=primary_host),
    )
    with writing(), ExitStack() as files:
        if gateway_config is not None:
            write_text(gateway_config, world.gateway_toml(cast(Format, form), formats, broker))
        told = files.enter_context(new_file(truth)) if truth else None
        if record is not None:
            click.echo(f"{record}: {_record(world, cast(Format, form), formats, record, told):,} messages")
            return
        sys.exit(asyncio.run(_play(world, world.nodes(cast(Format, form), formats), broker, speed, told)))


def _lived(bins: int, seed: int, span: Span) -> _World:
    """Let bins live as they use to."""
    names = bin_names(bins)
    contents = partial(_life, seed, span.begin)
    return _World(names, contents, lambda: live(names, seed, span.begin), seed, Schedule(), span)


def _life(seed: int, begin: datetime, name: str) -> Iterator[BinTruth]:
    return bin_life(name, seed, begin)


def _given(file: Path, seed: int, span: Span) -> _World:
    """Let bins hold what a file says, moved to this beginning. Ends the program with 2 at a mistake in it."""
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
            lines = iter(partial(opened.readline, LINE_BYTES_AT_MOST + 1), b"")
            truths = list(islice(read_truths(lines), _TRUTHS + 1))
    except (OSError, EOFError, ValueError) as error:
        raise click.UsageError(f"--contents {file}: {error}") from error
    by_bin: dict[str, list[BinTruth]] = {}
    for truth in truths:
        moved = replace(truth, at=truth.at - truths[0].at + span.begin)
        by_bin.setdefault(truth.bin, []).append(moved)
    if not 0 < len(truths) <= _TRUTHS or len(by_bin) > _BINS:
        raise click.UsageError(f"--contents {file}: must have 1 to {_TRUTHS:,} lines on {_BINS:,} bins at most")
    every = list(heapq.merge(*by_bin.values(), key=lambda truth: truth.at))
    return _World(tuple(by_bin), lambda name: by_bin[name], lambda: every, seed, Schedule(), span)


def _schedule(file: Path | None, names: tuple[str, ...]) -> Schedule:
    quantities = {quantity for kit in usual_kits(names).values() for quantity in kit.quantities}
    able = {*names, *(f"{name}/{quantity}" for name in names for quantity in quantities)}
    return faults_here(file, None, able, (Place.SENSOR,))


def _record(world: _World, form: Format, formats: Formats, file: Path, truth: Any) -> int:
    """Write the tape; returns how many messages it has. Raises OSError."""
    count, shown_at = 0, time.monotonic() + _QUIET_S
    with new_file(file) as tape:
        readings = world.readings(_teller(truth))
        span = world.span
        for count, (at, publication) in enumerate(
            published(world.nodes(form, formats), readings, span.begin, span.until), 1
        ):
            tape.write(tape_line(at, publication))
            if time.monotonic() >= shown_at:
                shown_at = time.monotonic() + 1.0
                say(f"{count:,} messages, {(at - span.begin) / (span.until - span.begin):.1%} of the time")
    return count


def _teller(truth: Any) -> Callable[[bytes], object]:
    return lambda line: truth.write(line) if truth else None


async def _play(world: _World, nodes: dict[str, Node], broker: Broker, speed: float, truth: Any) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock = simulated_clock(world.span.begin, speed)
    each = {node: NodePlayer(node, broker, clock) for node in nodes.values()}
    try:
        await asyncio.gather(*(player.start(_FIRST_CONNECTION_S) for player in each.values()))
    except ConnectionError as error:
        await asyncio.gather(*(player.close() for player in each.values()))
        say(str(error))
        return 1
    for node in each:
        click.echo(f"{node.client_id} {broker}")
    players = {bin_: each[node] for bin_, node in nodes.items()}
    try:
        told = await play(players, world.readings(_teller(truth)), clock, speed, stop)
    finally:
        await asyncio.gather(*(player.close() for player in each.values()))
    sent, lost = (sum(getattr(player, f"messages_{what}") for player in each.values()) for what in ("sent", "lost"))
    say(f"stopped: {told:,} readings in {sent:,} messages, {lost:,} messages lost")
    return 0
