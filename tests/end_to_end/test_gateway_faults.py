"""Every fault that the injector knows between reader and cloud, played against the gateway, with the truth beside it.

The gateway is its own process with its own command; readers, broker and cloud stand on the other side of the injector.
All faults are played once and at the same time: one gateway has a reader and a door for each fault of readers, and some
have the faults of the uplink one after the other. Then each fault is looked at by itself. The truth is what passed the
doors: it comes once, but what passed a reader that could not be reached, for which its events have to name the span.
"""

import asyncio
import contextlib
import re
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import inf, isinf
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from prometheus_client.parser import text_string_to_metric_families
from tagdock_contract import Ack, GatewayAddress, Movement, ReaderEvent, TagRead, decode_batch, encode
from tagdock_edge.config_file import load
from tagdock_edge.pipeline import replay
from tagdock_edge.readers.recording import read_recording
from tagdock_simulators.faults.acting import act
from tagdock_simulators.faults.kinds import KINDS, Kind, Place, Towards, kinds_of
from tagdock_simulators.faults.log import FaultLog
from tagdock_simulators.faults.proxy import TcpProxy
from tagdock_simulators.faults.reader import TroubledReader
from tagdock_simulators.faults.reads import DisturbedReads
from tagdock_simulators.faults.schedule import Fault, Schedule
from tagdock_simulators.fixtures.loop_thread import LoopThread
from tagdock_simulators.fixtures.mosquitto import Mosquitto
from tagdock_simulators.llrp.server import LlrpReader
from tagdock_simulators.mqtt.mosquitto import mosquitto_program

pytestmark = pytest.mark.slow

PROGRAMS = Path(sys.executable).parent
TAGS = 5
STEPS, STEP_S = 12, 0.1
PHASES = ("before", "meanwhile", "after")
KEEPALIVE_S = 0.8
SILENCE_S = 2.5 * KEEPALIVE_S
"""A reader that says nothing for so long is left (edge, `SILENT_KEEPALIVES`)."""
FIRST_WORD_S, FIRST_PAUSES_S = 3.0, 1.0 + 2.0 + 4.0
"""How long the gateway waits for a reader's greeting, and its first back-offs (edge, `FIRST_WORD_S`, `Backoff`)."""
BEGINS_S = 0.2
"""When faults begin: goods are in every doorway then, and nobody knows yet where they go."""
WORK_S = 3.0
"""What the machine may need for all of it, with other tests beside."""
LEFT_AFTER_S = 0.8
UNREACHABLE = re.compile(r"was unreachable for ([\d,.]+) s: what passed meanwhile was not read")
READER_PLACES = (Place.WIRE, Place.LLRP, Place.LLRP_READER, Place.READER)


# --- the table -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A fault on one reader, with a cut at its begin or not; how soon after its end the gateway reads again.

    0: the gateway never leaves the reader, and loses nothing that passes meanwhile. `half_seen`: what passes meanwhile
    is told once, but nothing can tell its way.
    """

    name: str
    fault: Fault
    cut: bool
    again_within_s: float
    half_seen: bool = False
    settings: str = ""
    """More of the reader's configuration."""

    @property
    def leaves(self) -> bool:
        return self.again_within_s > 0

    @property
    def over_s(self) -> float:
        return self.fault.at_s + (0.0 if isinf(self.fault.for_s) else self.fault.for_s)

    def faults(self) -> list[Fault]:
        cut = Fault(Kind.CUT, self.name, self.fault.at_s, number=self.fault.number + 1)
        return [self.fault, cut] if self.cut else [self.fault]


def row(
    kind: Kind,
    for_s: float,
    within_s: float,
    amount: float | None = None,
    towards: Towards | None = None,
    cut: bool = False,
    also: str = "",
    half_seen: bool = False,
    settings: str = "",
) -> Row:
    name = " ".join(filter(None, (kind, towards, also))).translate(str.maketrans("_ ", "--"))
    return Row(name, Fault(kind, name, BEGINS_S, for_s, amount, towards, number=1), cut, within_s, half_seen, settings)


RETRY_S = 1.0 + WORK_S
AFTER_SILENCE_S = FIRST_WORD_S + FIRST_PAUSES_S + WORK_S
ROWS = (
    row(Kind.CUT, 0.0, RETRY_S),
    row(Kind.CLOSE, 0.0, RETRY_S),
    row(Kind.CUT_INSIDE, 0.0, RETRY_S, 7),
    row(Kind.WRONG_LENGTH, 0.0, SILENCE_S + RETRY_S, 7),
    row(Kind.WRONG_LENGTH, 0.0, RETRY_S, -1_000_000, also="to 0"),
    row(Kind.WRONG_LENGTH, 0.0, RETRY_S, 2_000_000_000, also="to 2 GB"),
    row(Kind.BLACK_HOLE, 3.0, AFTER_SILENCE_S),
    row(Kind.MUTE, 3.0, AFTER_SILENCE_S),
    row(Kind.STOP_READING, 3.0, AFTER_SILENCE_S, towards=Towards.CLIENT),
    row(Kind.STOP_READING, 1.0, 0.0, towards=Towards.SERVER),
    row(Kind.HALF_OPEN, 3.0, FIRST_PAUSES_S + WORK_S, towards=Towards.CLIENT),
    row(Kind.HALF_OPEN, 3.0, FIRST_PAUSES_S + WORK_S, towards=Towards.SERVER),
    row(Kind.REFUSE_CLIENT, 3.0, FIRST_PAUSES_S + WORK_S, cut=True),
    row(Kind.REFUSE, 3.0, FIRST_PAUSES_S + WORK_S, cut=True),
    row(Kind.RESET_NEW, 3.0, FIRST_PAUSES_S + WORK_S, cut=True),
    row(Kind.REORDER, 2.0, RETRY_S, 0.5, cut=True),
    row(Kind.UNKNOWN_MESSAGE, 0.0, 0.0),
    row(Kind.FOREIGN_MESSAGE, 0.0, 0.0),
    row(Kind.UNDECODABLE_MESSAGE, 0.0, 0.0),
    row(Kind.DUPLICATE_REPORTS, 3.0, 0.0, 3),
    row(Kind.DELAY, 2.0, 0.0, 0.3),
    row(Kind.JITTER, 2.0, 0.0, 0.3),
    row(Kind.TRICKLE, 2.0, 0.0, 20_000.0, settings=f"report_every_n_tags = {2 * TAGS}"),
    row(Kind.FIELDS_LEFT_OUT, inf, 0.0),
    row(Kind.UPTIME_ONLY, inf, RETRY_S, cut=True),
    row(Kind.CLOCK_JUMP, inf, 0.0, 3600.0, also="ahead"),
    row(Kind.CLOCK_JUMP, inf, 0.0, -3600.0, also="back"),
    row(Kind.CLOCK_JUMP, inf, 0.0, -20.0, also="back a little"),
    row(Kind.CLOCK_SKEW, 3.0, 0.0, 20_000.0),
    row(Kind.DUPLICATE_READS, 3.0, 0.0, 3),
    row(Kind.BURST, 3.0, 0.0, 10),
    row(Kind.DEAD_ANTENNA, 3.0, 0.0, 2, half_seen=True),
)
"""What goes wrong between a gateway and an LLRP reader, a reader each."""

BROKER = "broker"


def wire(kind: Kind, for_s: float = 0.0, amount: float | None = None, towards: Towards | None = None) -> Fault:
    return Fault(kind, BROKER, 0.0, for_s, amount, towards)


UPLINKS: dict[str, tuple[Fault, ...]] = {
    "cut": (
        wire(Kind.CUT),
        wire(Kind.CUT_INSIDE, amount=20, towards=Towards.SERVER),
        wire(Kind.CUT_INSIDE, amount=3, towards=Towards.CLIENT),
    ),
    "slow": (
        wire(Kind.REORDER, 2.0, 0.5),
        wire(Kind.DELAY, 1.2, 0.5),
        wire(Kind.JITTER, 1.2, 0.5),
        wire(Kind.TRICKLE, 1.2, 2000.0),
        wire(Kind.BLACK_HOLE, 2.0),
        wire(Kind.STOP_READING, 1.0, towards=Towards.SERVER),
        wire(Kind.STOP_READING, 1.0, towards=Towards.CLIENT),
    ),
    "dark": (
        wire(Kind.HALF_OPEN, 2.0, towards=Towards.CLIENT),
        wire(Kind.HALF_OPEN, 2.0, towards=Towards.SERVER),
        wire(Kind.CLOSE),
    ),
    "turned-away": (wire(Kind.REFUSE, 1.5), wire(Kind.RESET_NEW, 1.5)),
}
"""What goes wrong between a gateway and its broker: a gateway each, whose faults come one after the other."""
OF_NEW_CONNECTIONS = (Kind.REFUSE, Kind.RESET_NEW, Kind.REORDER)
"""Nobody would notice them without a cut."""


def test_every_fault_that_the_injector_knows_is_played() -> None:
    """Those of bin sensors have their table in test_sensor_faults.py."""
    of_readers = {each.fault.kind for each in ROWS}
    assert of_readers == set(kinds_of(*READER_PLACES))
    assert {fault.kind for faults in UPLINKS.values() for fault in faults} == set(kinds_of(Place.WIRE))
    assert {kind for kind in Kind if KINDS[kind].places != (Place.SENSOR,)} == of_readers


# --- the cloud, and the gateway's command ----------------------------------------------------------------------------


class Cloud:
    """Stands for the cloud: takes batches, books each event once, acks."""

    def __init__(self, port: int, gateway_id: str) -> None:
        self.events: dict[Any, Any] = {}
        self.batches: dict[Any, Any] = {}
        self.conflicts: list[str] = []
        """What came a second time, but not as it was."""
        self._address = GatewayAddress("s1", gateway_id)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"cloud-{gateway_id}", clean_session=False)
        self._client.on_message = self._take
        self._client.on_connect = lambda client, *_: client.subscribe(self._address.topic("events"), 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _take(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        batch = decode_batch(message.payload)
        known = self.batches.get((batch.epoch, batch.seq))
        if known is None:
            self.batches[batch.epoch, batch.seq] = batch.events
            self.conflicts += [f"{each} in two batches" for each in batch.events if each.event_id in self.events]
            self.events.update({each.event_id: each for each in batch.events})
        elif known != batch.events:
            self.conflicts.append(f"batch {batch.seq} with other events")
        client.publish(self._address.topic("ack"), encode(Ack(epoch=batch.epoch, committed=(batch.seq,))), qos=1)

    def movements(self) -> list[Movement]:
        return [event for event in list(self.events.values()) if isinstance(event, Movement)]

    def news(self, reader: str) -> list[ReaderEvent]:
        """What was told of a reader's presence, in the order of time."""
        told = [each for each in list(self.events.values()) if isinstance(each, ReaderEvent) and each.reader == reader]
        return sorted((each for each in told if each.state in {"up", "down"}), key=lambda each: each.observed_at)

    def states(self, reader: str) -> list[str]:
        return [each.state for each in self.news(reader)]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def until(done: Callable[[], Any], within_s: float) -> bool:
    """Wait for something; whether it came in time, the tests judge."""
    end_s = time.monotonic() + within_s
    while not done() and time.monotonic() < end_s:
        time.sleep(0.02)
    return bool(done())


@contextlib.contextmanager
def gateway(config: Path) -> Iterator[None]:
    """Run the gateway until its outbox is empty; nothing may be parked in it as refused either."""
    with (config.parent / "gateway.log").open("w") as log:
        process = subprocess.Popen([PROGRAMS / "tagdock-edge", "run", "--config", config], stderr=log)
        try:
            yield
            assert until(lambda: waiting(config.parent) == 0, 20)
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait(30)
    assert waiting(config.parent) == 0


def waiting(folder: Path) -> int:
    """How many events the outbox still holds, those of refused batches among them."""
    with contextlib.closing(sqlite3.connect(f"file:{folder}/outbox.sqlite?mode=ro", uri=True)) as db:
        (count,) = db.execute("SELECT count(*) FROM events").fetchone()
        return int(count)


def configured(folder: Path, broker_port: int, gateway_id: str, readers: Iterable[str], more: str = "") -> Path:
    file = folder / "gateway.toml"
    head = f'[gateway]\nid = "{gateway_id}"\nsite = "s1"\nbroker = "mqtt://127.0.0.1:{broker_port}"\n'
    file.write_text("\n".join([head, *readers, f"[passage]\nleft_after_s = {LEFT_AFTER_S}\n", more]))
    return file


def reader_and_door(name: str, driver: str) -> str:
    rows = (
        f'{{ reader = "{name}", antenna = {port}, side = "{side}" }}' for port, side in ((1, "outside"), (2, "inside"))
    )
    return f'[[reader]]\nname = "{name}"\n{driver}\n[[door]]\nname = "D-{name}"\nantennas = [{", ".join(rows)}]\n'


def replayed(config: Path) -> dict[Any, bytes]:
    """What the recording gives without a broker."""
    reads = read_recording(config.parent / "reads.jsonl")
    return {movement.event_id: encode(movement) for movement in replay(reads, load(config, {}))}


# --- readers in trouble ----------------------------------------------------------------------------------------------


class Dock:
    """A reader for each row, behind a proxy each."""

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop
        self.readers: dict[str, TroubledReader] = {}
        self.reads: dict[str, DisturbedReads] = {}
        self.ports: dict[str, int] = {}
        for each in ROWS:
            loop.run(self._add(each))

    async def _add(self, each: Row) -> None:
        self.readers[each.name] = TroubledReader(each.name, LlrpReader(), Schedule(), datetime.now(UTC))
        self.ports[each.name] = await self.readers[each.name].start()

    def pass_goods(self, phase: str) -> tuple[datetime, datetime]:
        """Let goods come in at every door; returns from when to when they were there."""
        began_at = datetime.now(UTC)
        for step in range(STEPS):
            self._loop.call(lambda now=step: self._step(phase, now))
            time.sleep(STEP_S)
        return began_at, datetime.now(UTC)

    def _step(self, phase: str, step: int) -> None:
        """The outside row's power falls while the inside row's rises."""
        for name, reader in self.readers.items():
            for antenna, rssi_dbm in ((1, -45.0 - 2 * step), (2, -69.0 + 2 * step)):
                at = datetime.now(UTC)
                for epc in goods(name, phase):
                    read = TagRead(at, name, antenna, epc, rssi_dbm)
                    reader.feed(*(self.reads[name].take(read) if name in self.reads else [read]))

    def do(self) -> datetime:
        """Let all faults begin, each when it is due; returns from when that counts."""
        began_at = datetime.now(UTC)
        self._loop.run(self._do(began_at))
        return began_at

    async def _do(self, began_at: datetime) -> None:
        faults = tuple(fault for each in ROWS for fault in each.faults())
        self.reads = {
            each.name: DisturbedReads(Schedule((each.fault,)), began_at) for each in ROWS if is_of_reads(each.fault)
        }
        self._acting = asyncio.ensure_future(act(Schedule(faults), self.readers, FaultLog(), began_at))

    def done(self, each: Row) -> set[Kind]:
        """Which faults a reader had, as far as somebody counts them."""
        reads = self.reads[each.name].done if each.name in self.reads else Counter[Kind]()
        return {kind for kind, times in (self.readers[each.name].proxy.counts.faults + reads).items() if times}

    def close(self) -> None:
        for each in self.readers.values():
            self._loop.run(each.close())


def is_of_reads(fault: Fault) -> bool:
    """A fault of what is read; the clock's jump is done by the reader itself."""
    places = KINDS[fault.kind].places
    return Place.READER in places and Place.LLRP not in places and fault.kind is not Kind.CLOCK_JUMP


def goods(name: str, phase: str) -> list[str]:
    place = [each.name for each in ROWS].index(name)
    return [f"30{place:04X}{ord(phase[0]):04X}{tag:014X}" for tag in range(TAGS)]


@dataclass
class ReadersPlayed:
    """What came of all faults of readers."""

    cloud: Cloud
    dock: Dock
    began_at: datetime
    spans: dict[str, tuple[datetime, datetime]]
    """When the goods of each phase were in the doorways."""
    metrics: dict[tuple[str, ...], float]

    def absences(self, reader: str) -> list[tuple[ReaderEvent, ReaderEvent]]:
        """When it could not be reached: each `down` with the `up` that followed."""
        news = self.cloud.news(reader)
        return [(one, other) for one, other in pairwise(news) if one.state == "down"]

    def was_reached(self, reader: str, phase: str) -> bool:
        """Whether a reader could be reached all the time while the goods of a phase passed."""
        begin_at, end_at = self.spans[phase]
        return not any(down.observed_at < end_at and begin_at < up.observed_at for down, up in self.absences(reader))


def llrp(port: int, more: str) -> str:
    return f'driver = "llrp"\nhost = "127.0.0.1"\nport = {port}\nkeepalive_s = {KEEPALIVE_S}\n{more}'


def play_readers(stack: contextlib.ExitStack, folder: Path, broker_port: int, loop: LoopThread) -> ReadersPlayed:
    dock = Dock(loop)
    stack.callback(dock.close)
    cloud = Cloud(broker_port, "gw-readers")
    stack.callback(cloud.close)
    port = free_port()
    readers = (reader_and_door(each.name, llrp(dock.ports[each.name], each.settings)) for each in ROWS)
    config = configured(folder, broker_port, "gw-readers", readers, f'[metrics]\nlisten = "127.0.0.1:{port}"\n')
    with gateway(config):
        assert until(lambda: all(reader.is_reporting for reader in dock.readers.values()), 20)
        assert until(lambda: all(cloud.states(each.name) for each in ROWS), 10)
        spans = {"before": dock.pass_goods("before")}
        began_at = dock.do()
        spans["meanwhile"] = dock.pass_goods("meanwhile")
        for each in ROWS:
            if each.leaves:
                due_s = each.over_s + each.again_within_s - (datetime.now(UTC) - began_at).total_seconds()
                until(lambda name=each.name: cloud.states(name)[1:] and cloud.states(name)[-1] == "up", due_s)
        spans["after"] = dock.pass_goods("after")
        last = {epc for each in ROWS for epc in goods(each.name, "after")}
        until(lambda: last <= {each.epc_hex for each in cloud.movements()}, 10)
        metrics = scraped(port)
    return ReadersPlayed(cloud, dock, began_at, spans, metrics)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def scraped(port: int) -> dict[tuple[str, ...], float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


# --- uplinks in trouble ----------------------------------------------------------------------------------------------

GOODS, EVERY_S = 65, 0.2


def recording(file: Path) -> None:
    """Write goods that come in one after the other, for some thirteen seconds."""
    start = datetime(2026, 1, 5, 8, tzinfo=UTC)
    reads = []
    for tag in range(GOODS):
        for step in range(STEPS):
            at = start + timedelta(seconds=tag * EVERY_S + step * STEP_S)
            for antenna, rssi_dbm in ((1, -45.0 - 2 * step), (2, -69.0 + 2 * step)):
                reads.append(
                    TagRead(at + timedelta(milliseconds=antenna), "dock-1", antenna, f"30{tag:022X}", rssi_dbm)
                )
    file.write_bytes(b"".join(encode(read) + b"\n" for read in sorted(reads, key=lambda each: each.at)))


@dataclass
class Uplink:
    """A gateway that plays a recording, with its broker behind a proxy, and what its cloud took."""

    config: Path
    cloud: Cloud
    proxy: TcpProxy
    went: list[int] = field(default_factory=list)
    """How often each of its faults was done, in their order, as far as they are over."""
    _task: "asyncio.Task[None] | None" = None

    async def begin(self, faults: Sequence[Fault]) -> None:
        self._task = asyncio.create_task(self.play(faults))

    async def play(self, faults: Sequence[Fault]) -> None:
        """Do faults one after the other, each to a connection that stands."""
        for fault in faults:
            await asyncio.sleep(0.2)  # until the last one's connections are gone
            await self._until(lambda: self.proxy.open_connections, 20)
            await asyncio.sleep(0.2)
            before = self.proxy.counts.faults[fault.kind]
            self.proxy.begin(fault)
            if fault.kind in OF_NEW_CONNECTIONS:
                self.proxy.begin(wire(Kind.CUT))
            await asyncio.sleep(fault.for_s)
            await self._until(lambda kind=fault.kind, n=before: self.proxy.counts.faults[kind] > n, 5)
            self.proxy.end(fault)
            self.went.append(self.proxy.counts.faults[fault.kind] - before)

    async def _until(self, done: Callable[[], Any], within_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not done():
                    await asyncio.sleep(0.02)


def start_uplink(stack: contextlib.ExitStack, name: str, folder: Path, broker_port: int, loop: LoopThread) -> Uplink:
    folder.mkdir()
    recording(folder / "reads.jsonl")
    proxy = loop.call(lambda: TcpProxy(BROKER, ("127.0.0.1", broker_port)))
    port = loop.run(proxy.start())
    stack.callback(lambda: loop.run(proxy.close()))
    driver = 'driver = "recording"\nfile = "reads.jsonl"\nspeed = 1'
    config = configured(folder, port, name, [reader_and_door("dock-1", driver)])
    one = Uplink(config, Cloud(broker_port, name), proxy)
    stack.callback(one.cloud.close)
    stack.enter_context(gateway(config))
    return one


# --- all of it, once -------------------------------------------------------------------------------------------------


@dataclass
class Played:
    readers: ReadersPlayed
    uplinks: dict[str, Uplink]
    recorded: dict[str, dict[Any, bytes]]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    program = mosquitto_program()
    if program is None:
        pytest.skip("no mosquitto here; apt-get install mosquitto runs this test")
    folder = tmp_path_factory.mktemp("faults")
    with contextlib.ExitStack() as stack:
        loop = LoopThread()
        stack.callback(loop.close)
        broker = Mosquitto(program, folder)
        stack.callback(broker.kill)
        with contextlib.ExitStack() as running:
            uplinks = {name: start_uplink(running, name, folder / name, broker.port, loop) for name in UPLINKS}
            for name, each in uplinks.items():
                loop.run(each.begin(UPLINKS[name]))
            readers = play_readers(stack, folder, broker.port, loop)
            for name, each in uplinks.items():
                until(lambda one=each, faults=UPLINKS[name]: len(one.went) == len(faults), 30)
                until(lambda one=each: len(one.cloud.movements()) >= GOODS, 30)
        recorded = {name: replayed(each.config) for name, each in uplinks.items()}
        yield Played(readers, uplinks, recorded)


by_row = pytest.mark.parametrize("row", ROWS, ids=[each.name for each in ROWS])
by_uplink = pytest.mark.parametrize("name", UPLINKS)


def told_of(played: ReadersPlayed, epc: str) -> list[str]:
    return [each.direction for each in played.cloud.movements() if each.epc_hex == epc]


@by_row
def test_the_fault_was_done(played: Played, row: Row) -> None:
    counted = {fault.kind for fault in row.faults()} - {Kind.FIELDS_LEFT_OUT, Kind.UPTIME_ONLY, Kind.CLOCK_JUMP}
    assert played.readers.dock.done(row) == counted


@by_row
def test_what_passed_a_reader_that_was_reached_is_told_once_and_right(played: Played, row: Row) -> None:
    for phase in PHASES:
        told = {epc: told_of(played.readers, epc) for epc in goods(row.name, phase)}
        if phase == "meanwhile" and row.half_seen:
            assert all(each in (["in"], ["uncertain"], ["pass"]) for each in told.values()), told
        elif phase != "meanwhile" or not row.leaves:
            assert played.readers.was_reached(row.name, phase), (phase, played.readers.cloud.news(row.name))
            assert told == {epc: ["in"] for epc in told}, phase


@by_row
def test_what_is_missing_passed_while_the_reader_is_named_as_unreachable(played: Played, row: Row) -> None:
    """What was cut off in the doorway may be told in two pieces, but no more than once that it came in."""
    told = {epc: told_of(played.readers, epc) for epc in goods(row.name, "meanwhile")}
    if row.leaves and not all(each == ["in"] for each in told.values()):
        assert not played.readers.was_reached(row.name, "meanwhile"), (told, played.readers.cloud.news(row.name))
    assert all("out" not in each and each.count("in") <= 1 for each in told.values()), told


@by_row
def test_each_absence_is_told_with_its_length_and_counted(played: Played, row: Row) -> None:
    readers = played.readers
    states = readers.cloud.states(row.name)
    assert states == (["up", "down", "up"] if row.leaves else ["up"])
    away_s = 0.0
    for down, up in readers.absences(row.name):
        told = UNREACHABLE.match(up.detail)
        assert told, up
        lasted_s = (up.observed_at - down.observed_at).total_seconds()
        assert float(told[1].replace(",", "")) == pytest.approx(lasted_s, abs=0.051)
        away_s += lasted_s
    name = "tagdock_edge_reader_unreachable_seconds_total"
    assert readers.metrics[name, row.name] == pytest.approx(away_s, abs=0.001)


@by_row
def test_a_reader_is_read_again_in_time(played: Played, row: Row) -> None:
    over_at = played.readers.began_at + timedelta(seconds=row.over_s)
    for _, up in played.readers.absences(row.name):
        assert (up.observed_at - over_at).total_seconds() <= row.again_within_s


def whose(movement: Movement) -> str:
    """Name the reader that the goods passed."""
    return next((each.name for each in ROWS for phase in PHASES if movement.epc_hex in goods(each.name, phase)), "")


def test_no_tag_is_invented(played: Played) -> None:
    assert [each for each in played.readers.cloud.movements() if not whose(each)] == []


def test_no_door_is_invented(played: Played) -> None:
    elsewhere = Counter(whose(each) for each in played.readers.cloud.movements() if each.door != f"D-{whose(each)}")
    assert elsewhere == {}


def test_what_the_gateway_put_into_its_outbox_the_cloud_got(played: Played) -> None:
    """By what the gateway itself counts: movements that were decided, and what it had to let go."""
    readers = played.readers
    decided = {key[1]: n for key, n in readers.metrics.items() if key[0] == "tagdock_edge_movements_total"}
    got = Counter(each.direction for each in readers.cloud.movements())
    assert decided == {direction: got[direction] for direction in decided}
    gone = {key[1]: n for key, n in readers.metrics.items() if key[0] == "tagdock_edge_lost_total" and n}
    assert gone.keys() <= {"reads_late"}, gone
    assert readers.cloud.conflicts == []


@by_uplink
def test_each_fault_of_the_uplink_was_done(played: Played, name: str) -> None:
    went = played.uplinks[name].went
    assert len(went) == len(UPLINKS[name])
    assert all(went), [fault for fault, times in zip(UPLINKS[name], went, strict=True) if not times]


@by_uplink
def test_what_the_gateway_saw_reaches_the_cloud_once_whatever_happens_to_its_uplink(played: Played, name: str) -> None:
    cloud = played.uplinks[name].cloud
    assert {movement.event_id: encode(movement) for movement in cloud.movements()} == played.recorded[name]
    assert len(cloud.movements()) == GOODS
    assert cloud.conflicts == []
