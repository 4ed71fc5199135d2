"""The command `tagdock-sim warehouse`: a warehouse at work, its papers, its truth, and what its readers read."""

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import click

from tagdock_simulators.commands.options import (
    GATEWAY_CONFIG_OPTION,
    LLRP_PORT,
    NEW_FILE,
    NEW_FILE_OR_DASH,
    SEED_OPTION,
    check_all_different,
    say,
    write_text,
    writing,
)
from tagdock_simulators.doors import Crossing
from tagdock_simulators.gateway_config import gateway_toml
from tagdock_simulators.radio import Radio
from tagdock_simulators.recording import Files, new_file, record
from tagdock_simulators.sensors.contents import BinTruth, truth_line
from tagdock_simulators.warehouse.orders import OrderFileError, read_orders
from tagdock_simulators.warehouse.world.audit import Audit
from tagdock_simulators.warehouse.world.doors import house_doors
from tagdock_simulators.warehouse.world.lines import document_line, mistake_line, moved_lines
from tagdock_simulators.warehouse.world.pace import MAX, paced, read_speed, when
from tagdock_simulators.warehouse.world.records import Mistake, Moved, Record
from tagdock_simulators.warehouse.world.settings import DEFAULT_RATES, MISTAKES, Settings, read_rates
from tagdock_simulators.warehouse.world.source import Source, from_lines, generated
from tagdock_simulators.warehouse.world.summary import Summary
from tagdock_simulators.warehouse.world.world import World

_QUIET_S = 2.0  # what takes longer shows its progress
_BROKER = "mqtt://127.0.0.1:1883"
_STDOUT = Path("-")
_FILES = ("events", "truth", "bins", "reads", "door_truth")
T = TypeVar("T")


def _file(name: str, text: str, *, dash: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    kind = NEW_FILE_OR_DASH if dash else NEW_FILE
    twin = f"TAGDOCK_{name[2:].replace('-', '_').upper()}"
    return click.option(name, type=kind, envvar=twin, show_envvar=True, help=text)


def _checked(read: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, str], T]:
    """Turn a reader of text into a check of an option."""

    def check(_: click.Context, __: click.Parameter, text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return check


@click.command()
@click.option(
    "--orders",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="TAGDOCK_ORDERS",
    show_envvar=True,
    help="A shop's export (.csv or .csv.gz) that drives the house; without it, generated orders do.",
)
@SEED_OPTION
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=7,
    show_default=True,
    envvar="TAGDOCK_DAYS",
    show_envvar=True,
    help="How many days the house works.",
)
@click.option(
    "--speed",
    default="max",
    show_default=True,
    envvar="TAGDOCK_SPEED",
    show_envvar=True,
    callback=_checked(read_speed),
    help="How fast its time runs: real, N times faster, or max.",
)
@click.option(
    "--mistakes",
    default=",".join(f"{kind}={rate:g}" for kind, rate in DEFAULT_RATES.items()),
    show_default=True,
    envvar="TAGDOCK_MISTAKES",
    show_envvar=True,
    callback=_checked(read_rates),
    help=f"What goes wrong how often: KIND=SHARE,... of {', '.join(MISTAKES)}; or none.",
)
@_file("--events", "What the office knows: orders, notices, ... (.jsonl or .jsonl.gz); - is stdout, live.", dash=True)
@_file("--truth", "What truly happens to each item, and each mistake.")
@_file("--bins", "What truly lies in each bin, for bin sensors.")
@_file("--reads", "What the readers at the doors report, as a recording.")
@_file("--door-truth", "What truly passes the doors, a tag a line; for a judge of the recording.")
@GATEWAY_CONFIG_OPTION
@click.option("--json", "as_json", is_flag=True, envvar="TAGDOCK_JSON", show_envvar=True, help="Summary as JSON.")
def warehouse(
    *,
    orders: Path | None,
    seed: int,
    days: int,
    speed: float,
    mistakes: dict[str, float],
    gateway_config: Path | None,
    as_json: bool,
    **files: Path | None,
) -> None:
    """Let a warehouse work through some days of orders; the same seed gives the same bytes.

    Ctrl-C ends it early, with whole files and a summary.
    """
    named = {f"--{name.replace('_', '-')}": path for name, path in files.items()}
    check_all_different({"--orders": orders, **named, "--gateway-config": gateway_config})
    if files["door_truth"] and not files["reads"]:
        raise click.UsageError("--door-truth goes with --reads")
    source = _source(orders, seed)
    run = _Run(World(source, seed, Settings(rates=mistakes)), seed, days, speed)
    with writing():
        if gateway_config is not None:
            write_text(gateway_config, _gateway())
        with ExitStack() as opened, _until_told() as stopped:
            run.files = {name: opened.enter_context(_opened(path)) for name in _FILES if (path := files[name])}
            run.work(stopped)
    told = run.told()
    # The summary is the result, unless the events are: then it is talk.
    click.echo(json.dumps(told) if as_json else "\n".join(_table(told)), err=files["events"] == _STDOUT)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing, or stdout."""
    if path == _STDOUT:
        yield sys.stdout.buffer
    else:
        with new_file(path) as file:
            yield file


def _source(orders: Path | None, seed: int) -> Source:
    """Return where the orders come from; says what of a file is of no use."""
    if orders is None:
        return generated(seed)
    try:
        book = read_orders(orders)
    except OrderFileError as error:
        raise click.UsageError(str(error)) from error
    if book.unusable:
        say(f"{orders}: {sum(book.unusable.values()):,} lines are of no use: {', '.join(list(book.unusable)[:5])}, ...")
    return from_lines(book.lines)


def _gateway() -> str:
    doors = house_doors()
    ports = {door.reader: LLRP_PORT + place for place, door in enumerate(doors)}
    return gateway_toml("lab", "gw-1", _BROKER, doors, ports)


@contextmanager
def _until_told() -> Iterator[threading.Event]:
    """Turn the first SIGINT or SIGTERM into a wish to end."""
    stopped = threading.Event()
    before = {each: signal.signal(each, lambda *_: stopped.set()) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@dataclass
class _Run:
    """One run: the world, the files it is written to, and what is known of it at the end."""

    world: World
    seed: int
    days: int
    speed: float
    files: dict[str, BinaryIO] = field(default_factory=dict)
    summary: Summary = field(default_factory=Summary)
    reads: int = 0
    worked_days: int = 0
    is_cut: bool = False
    """Whether somebody ended it early: then the world may be some records ahead of what was written."""

    def work(self, stopped: threading.Event) -> None:
        """Let the world work, and write everything down; what moves is audited on the way."""
        crossings = self._written(self._paced(stopped))
        if "reads" not in self.files:
            for _ in crossings:
                pass
            return
        files = Files(self.files["reads"], self.files.get("door_truth"))
        for progress in record(house_doors(), crossings, self.seed, Radio(), files):
            self.reads = progress.reads

    def told(self) -> dict[str, Any]:
        """Return the summary."""
        told = self.summary.told(self.worked_days, self.world.house.in_house)
        told["returned_lines_unknown"] = self.world.unknown_returns
        return told | ({"reads": self.reads} if "reads" in self.files else {})

    def _paced(self, stopped: threading.Event) -> Iterator[Record]:
        """Yield records when they are due, and say how far it is."""
        begin = self.world.house.now
        shown_at = time.monotonic() + _QUIET_S
        wait = (lambda _: stopped.is_set()) if self.speed == MAX else stopped.wait
        for each in paced(self.world.records(self.days), begin, self.speed, time.monotonic, wait):
            self.worked_days = (when(each) - begin).days + 1
            if self.speed != MAX and "events" in self.files:
                self.files["events"].flush()  # somebody may follow it
            if time.monotonic() >= shown_at:
                shown_at = time.monotonic() + 1.0
                say(f"day {self.worked_days} of {self.days}: {self.summary.counts['order_lines']:,} order lines")
            yield each
        self.is_cut = stopped.is_set()
        self.worked_days = self.worked_days if self.is_cut else self.days

    def _written(self, records: Iterator[Record]) -> Iterator[Crossing]:
        """Write records down and pass on what goes through doors."""
        audit = Audit({bin_.id: bin_.capacity for bin_ in self.world.house.stock.bins.values()})
        events, truth, bins = (self.files.get(name) for name in ("events", "truth", "bins"))
        for each in records:
            self.summary.see(each)
            match each:
                case Crossing():
                    yield each
                case Moved():
                    audit.see(each)
                    _write(truth, moved_lines, each)
                case Mistake():
                    _write(truth, mistake_line, each)
                case BinTruth():
                    _write(bins, truth_line, each)
                case _:
                    _write(events, document_line, each)
        if not self.is_cut and audit.in_house != self.world.house.in_house:
            raise click.ClickException("the simulator contradicts itself: please report it with the seed")


def _write(file: BinaryIO | None, write: Callable[[T], bytes], each: T) -> None:
    if file is not None:
        file.write(write(each))


def _table(told: dict[str, Any]) -> Iterator[str]:
    flat = {**told, **{f"mistakes, {kind}": count for kind, count in told["mistakes"].items()}}
    del flat["mistakes"]
    for name, value in flat.items():
        yield f"{name.replace('_', ' '):28}{value:>12,}"
