"""Faults on the gateway's wires: each heals within its time, and no movement is lost or doubled.

The gateway is its own process with its own command; readers, broker and cloud stand on the other side of
the fault injector.
"""

import asyncio
import contextlib
import json
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf, isinf
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import Ack, GatewayAddress, Movement, ReaderEvent, TagRead, decode_batch, encode
from tagdock_simulators.faults.acting import act
from tagdock_simulators.faults.kinds import Kind, Towards, kinds_of
from tagdock_simulators.faults.log import FaultLog
from tagdock_simulators.faults.proxy import Protocol, TcpProxy
from tagdock_simulators.faults.reader import TroubledReader
from tagdock_simulators.faults.schedule import Fault, Schedule
from tagdock_simulators.fixtures.loop_thread import LoopThread
from tagdock_simulators.llrp.server import LlrpReader

pytest_plugins = ["tagdock_simulators.fixtures"]
PROGRAMS = Path(sys.executable).parent
TAGS = 5
STEPS, STEP_S = 12, 0.1
KEEPALIVE_S = 0.5
SILENCE_S = 2.5 * KEEPALIVE_S
"""A reader that says nothing for so long is left (edge, `SILENT_KEEPALIVES`)."""
FIRST_WORD_S, FIRST_PAUSES_S = 3.0, 1.0 + 2.0 + 4.0
"""How long the gateway waits for a reader's greeting, and its first back-offs (edge, `FIRST_WORD_S`, `Backoff`)."""
BEGINS_S = 0.4
"""When faults begin: goods are in every doorway then."""
WORK_S = 3.0
"""What the machine may need for all of it, with other tests beside."""


class Cloud:
    """Stands for the cloud: takes batches, books each event once, acks."""

    def __init__(self, port: int, gateway_id: str = "gw-1") -> None:
        self.events: dict[Any, Any] = {}
        self.batches: dict[Any, Any] = {}
        self.deliveries = 0
        self._address = GatewayAddress("s1", gateway_id)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"cloud-{gateway_id}", clean_session=False)
        self._client.on_message = self._take
        self._client.on_connect = lambda client, *_: client.subscribe(self._address.topic("events"), 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _take(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        batch = decode_batch(message.payload)
        self.deliveries += 1
        known = self.batches.setdefault((batch.epoch, batch.seq), batch.events)
        assert known == batch.events, "the same batch came with other events"
        for event in batch.events:
            self.events[event.event_id] = event
        client.publish(self._address.topic("ack"), encode(Ack(epoch=batch.epoch, committed=(batch.seq,))), qos=1)

    def movements(self) -> list[Movement]:
        return [event for event in list(self.events.values()) if isinstance(event, Movement)]

    def states(self, reader: str) -> list[tuple[str, datetime]]:
        news = [each for each in list(self.events.values()) if isinstance(each, ReaderEvent) and each.reader == reader]
        return [(each.state, each.observed_at) for each in sorted(news, key=lambda each: each.observed_at)]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def cloud(mqtt_broker: Any) -> Iterator[Cloud]:
    one = Cloud(mqtt_broker.port)
    yield one
    one.close()


def until(done: Callable[[], Any], within_s: float, why: Callable[[], object] = lambda: "") -> None:
    end_s = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end_s, why()
        time.sleep(0.02)


@contextlib.contextmanager
def gateway(config: Path) -> Iterator[None]:
    """Run the gateway; afterwards nothing may be parked as refused."""
    with (config.parent / "gateway.log").open("w") as log:
        process = subprocess.Popen([PROGRAMS / "tagdock-edge", "run", "--config", config], stderr=log)
        try:
            yield
            process.terminate()
            assert process.wait(15) == 0
        finally:
            process.kill()
            process.wait(10)
    listing = [PROGRAMS / "tagdock-edge", "outbox", "list", "--config", config, "--json"]
    assert subprocess.run(listing, capture_output=True, text=True, timeout=30, check=True).stdout == ""


# --- readers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trial:
    """A fault on one reader, with a cut at its begin or not; how soon after its end the gateway reads again.

    0: the gateway never leaves the reader. It loses no goods that pass meanwhile then.
    """

    name: str
    fault: Fault
    with_cut: bool
    again_within_s: float

    @property
    def leaves(self) -> bool:
        return self.again_within_s > 0

    def faults(self) -> list[Fault]:
        cut = Fault(Kind.CUT, self.name, self.fault.at_s, number=self.fault.number + 1)
        return [self.fault, cut] if self.with_cut else [self.fault]


def trial(
    kind: Kind,
    for_s: float,
    within_s: float,
    amount: float | None = None,
    towards: Towards | None = None,
    cut: bool = False,
    also: str = "",
) -> Trial:
    name = " ".join(filter(None, (kind, towards, also))).translate(str.maketrans("_ ", "--"))
    fault = Fault(kind, name, BEGINS_S, for_s, amount, towards, number=1)
    return Trial(name, fault, cut, within_s)


RETRY_S = 1.0 + WORK_S
TRIALS = (
    trial(Kind.CUT, 0.0, RETRY_S),
    trial(Kind.CUT_INSIDE, 0.0, RETRY_S, 7),
    trial(Kind.WRONG_LENGTH, 0.0, SILENCE_S + RETRY_S, 7),
    trial(Kind.WRONG_LENGTH, 0.0, RETRY_S, -1_000_000, also="to 0"),
    trial(Kind.WRONG_LENGTH, 0.0, RETRY_S, 2_000_000_000, also="to 2 GB"),
    trial(Kind.BLACK_HOLE, 3.0, FIRST_WORD_S + FIRST_PAUSES_S + WORK_S),
    trial(Kind.MUTE, 3.0, FIRST_WORD_S + FIRST_PAUSES_S + WORK_S),
    trial(Kind.HALF_OPEN, 3.0, FIRST_PAUSES_S + WORK_S, towards=Towards.CLIENT),
    trial(Kind.HALF_OPEN, 3.0, FIRST_PAUSES_S + WORK_S, towards=Towards.SERVER),
    trial(Kind.REFUSE_CLIENT, 3.0, FIRST_PAUSES_S + WORK_S, cut=True),
    trial(Kind.REFUSE, 3.0, FIRST_PAUSES_S + WORK_S, cut=True),
    trial(Kind.RESET_NEW, 3.0, FIRST_PAUSES_S + WORK_S, cut=True),
    trial(Kind.UNKNOWN_MESSAGE, 0.0, 0.0),
    trial(Kind.FOREIGN_MESSAGE, 0.0, 0.0),
    trial(Kind.UNDECODABLE_MESSAGE, 0.0, 0.0),
    trial(Kind.DUPLICATE_REPORTS, 3.0, 0.0, 3),
    trial(Kind.DELAY, 2.0, 0.0, 0.3),
    trial(Kind.FIELDS_LEFT_OUT, inf, 0.0),
    trial(Kind.UPTIME_ONLY, inf, RETRY_S, cut=True),
    trial(Kind.CLOCK_JUMP, inf, 0.0, 3600.0, also="ahead"),
    trial(Kind.CLOCK_JUMP, inf, 0.0, -3600.0, also="back"),
    trial(Kind.CLOCK_JUMP, inf, 0.0, -20.0, also="back a little"),
)


class Dock:
    """A reader a trial, each behind a proxy."""

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop
        self.readers: dict[str, TroubledReader] = {}
        self.ports: dict[str, int] = {}
        for each in TRIALS:
            loop.run(self._add(each))

    async def _add(self, each: Trial) -> None:
        self.readers[each.name] = TroubledReader(each.name, LlrpReader(), Schedule(), datetime.now(UTC))
        self.ports[each.name] = await self.readers[each.name].start()

    def pass_goods(self, phase: str) -> None:
        """Let goods come in at every door: the outside row's power falls while the inside row's rises."""
        for step in range(STEPS):
            self._loop.call(lambda now=step: self._step(phase, now))
            time.sleep(STEP_S)

    def _step(self, phase: str, step: int) -> None:
        for name, reader in self.readers.items():
            for antenna, rssi_dbm in ((1, -45.0 - 2 * step), (2, -69.0 + 2 * step)):
                at = datetime.now(UTC)
                reader.feed(*(TagRead(at, name, antenna, epc, rssi_dbm) for epc in goods(name, phase)))

    def do(self) -> tuple[datetime, "asyncio.Future[None]"]:
        began_at = datetime.now(UTC)
        faults = tuple(fault for each in TRIALS for fault in each.faults())
        return began_at, self._loop.run(self._act(Schedule(faults), began_at))

    async def _act(self, schedule: Schedule, began_at: datetime) -> "asyncio.Future[None]":
        return asyncio.ensure_future(act(schedule, self.readers, FaultLog(), began_at))

    def close(self) -> None:
        for each in self.readers.values():
            self._loop.run(each.close())


def goods(name: str, phase: str) -> list[str]:
    place = [each.name for each in TRIALS].index(name)
    return [f"30{place:04X}{ord(phase[0]):04X}{tag:014X}" for tag in range(TAGS)]


@pytest.fixture
def dock(simulators_loop: LoopThread) -> Iterator[Dock]:
    one = Dock(simulators_loop)
    yield one
    one.close()


def configured(folder: Path, broker_port: int, readers: Sequence[str], gateway_id: str = "gw-1") -> Path:
    file = folder / "gateway.toml"
    head = f'[gateway]\nid = "{gateway_id}"\nsite = "s1"\nbroker = "mqtt://127.0.0.1:{broker_port}"\n'
    file.write_text("\n".join([head, *readers, "[passage]\nleft_after_s = 0.5\n"]))
    return file


def reader_and_door(name: str, driver: str) -> str:
    rows = (
        f'{{ reader = "{name}", antenna = {port}, side = "{side}" }}' for port, side in ((1, "outside"), (2, "inside"))
    )
    return f'[[reader]]\nname = "{name}"\n{driver}\n[[door]]\nname = "D-{name}"\nantennas = [{", ".join(rows)}]\n'


def llrp(port: int) -> str:
    return f'driver = "llrp"\nhost = "127.0.0.1"\nport = {port}\nkeepalive_s = {KEEPALIVE_S}'


@pytest.mark.slow
def test_readers_are_read_again_after_each_fault_and_no_goods_are_lost_or_doubled(
    tmp_path: Path, mqtt_broker: Any, cloud: Cloud, dock: Dock
) -> None:
    config = configured(
        tmp_path, mqtt_broker.port, [reader_and_door(each.name, llrp(dock.ports[each.name])) for each in TRIALS]
    )
    with gateway(config):
        until(lambda: all(reader.is_reporting for reader in dock.readers.values()), 20)
        until(lambda: all(cloud.states(each.name) for each in TRIALS), 10)
        dock.pass_goods("before")
        began_at, _ = dock.do()
        dock.pass_goods("meanwhile")
        for each in TRIALS:
            if each.leaves:
                awaited(cloud, each, began_at)
        dock.pass_goods("after")
        sure = {epc for each in TRIALS for phase in ("before", "after") for epc in goods(each.name, phase)}
        sure |= {epc for each in TRIALS if not each.leaves for epc in goods(each.name, "meanwhile")}
        until(lambda: sure <= seen(cloud), 10, lambda: trials_of(sure - seen(cloud)))
    told = Counter(movement.epc_hex for movement in cloud.movements())
    assert {epc: times for epc, times in told.items() if times > 1} == {}
    wrong = {
        movement.epc_hex for movement in cloud.movements() if movement.epc_hex in sure and movement.direction != "in"
    }
    assert trials_of(wrong) == []
    for each in TRIALS:
        on_the_wire = {fault.kind for fault in each.faults()} & set(kinds_of(*Protocol.LLRP.places))
        assert set(dock.readers[each.name].proxy.counts.faults) == on_the_wire, each.name
        states = [state for state, _ in cloud.states(each.name)]
        assert states[:3] == (["up", "down", "up"] if each.leaves else ["up", "down"][: len(states)]), each.name


def awaited(cloud: Cloud, each: Trial, began_at: datetime) -> None:
    """Wait until a reader is read again, and see that it took no longer than promised."""
    over_at = began_at + timedelta(seconds=BEGINS_S + (0.0 if isinf(each.fault.for_s) else each.fault.for_s))
    due_s = (over_at - datetime.now(UTC)).total_seconds() + each.again_within_s

    def states() -> list[str]:
        return [state for state, _ in cloud.states(each.name)]

    until(lambda: "down" in states() and states()[-1] == "up", due_s, lambda: (each, cloud.states(each.name)))


def seen(cloud: Cloud) -> set[str]:
    return {each.epc_hex for each in cloud.movements()}


def trials_of(epcs: set[str]) -> list[str]:
    """Whose goods these are, and from when."""
    phases = ("before", "meanwhile", "after")
    return [f"{each.name} {phase}" for each in TRIALS for phase in phases if epcs & set(goods(each.name, phase))]


# --- the uplink ------------------------------------------------------------------------------------------------------

GOODS = 45
UPLINKS: dict[str, tuple[Fault, ...]] = {
    "cuts": (
        Fault(Kind.CUT, "broker", 1.0),
        Fault(Kind.CUT_INSIDE, "broker", 3.5, 0.0, 20, Towards.SERVER),
        Fault(Kind.CUT_INSIDE, "broker", 6.5, 0.0, 3, Towards.CLIENT),
    ),
    "slow": (
        Fault(Kind.DELAY, "broker", 0.5, 1.5, 0.5),
        Fault(Kind.TRICKLE, "broker", 2.2, 1.5, 2000.0),
        Fault(Kind.BLACK_HOLE, "broker", 4.0, 2.5),
        Fault(Kind.STOP_READING, "broker", 7.0, 1.5, None, Towards.SERVER),
    ),
    "dark": (
        Fault(Kind.HALF_OPEN, "broker", 0.5, 2.5, None, Towards.CLIENT),
        Fault(Kind.HALF_OPEN, "broker", 5.0, 2.5, None, Towards.SERVER),
    ),
}
"""What goes wrong between a gateway and its broker, a gateway each."""


def recording(file: Path) -> None:
    """Write goods that come in one after the other, for some ten seconds."""
    start = datetime(2026, 1, 5, 8, tzinfo=UTC)
    reads = []
    for tag in range(GOODS):
        for step in range(STEPS):
            at = start + timedelta(seconds=tag * 0.2 + step * STEP_S)
            for antenna, rssi_dbm in ((1, -45.0 - 2 * step), (2, -69.0 + 2 * step)):
                reads.append(
                    TagRead(at + timedelta(milliseconds=antenna), "dock-1", antenna, f"30{tag:022X}", rssi_dbm)
                )
    file.write_bytes(b"".join(encode(read) + b"\n" for read in sorted(reads, key=lambda each: each.at)))


def replayed(config: Path) -> dict[str, bytes]:
    """What the same reads give without a broker."""
    command = [PROGRAMS / "tagdock-edge", "replay", config.parent / "reads.jsonl", "--config", config]
    lines = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout.splitlines()
    return {json.loads(line)["event_id"]: line for line in lines}


@contextlib.contextmanager
def troubled_uplink(name: str, folder: Path, broker_port: int, loop: LoopThread) -> Iterator[tuple[Path, TcpProxy]]:
    """Run a gateway whose broker stands behind a proxy, with the faults of that name."""
    folder.mkdir()
    recording(folder / "reads.jsonl")
    proxy = loop.call(lambda: TcpProxy("broker", ("127.0.0.1", broker_port)))
    port = loop.run(proxy.start())
    driver = 'driver = "recording"\nfile = "reads.jsonl"\nspeed = 1'
    config = configured(folder, port, [reader_and_door("dock-1", driver)], name)

    async def begin() -> "asyncio.Future[None]":
        schedule = Schedule(tuple(replace(each, number=number) for number, each in enumerate(UPLINKS[name], 1)))
        return asyncio.ensure_future(act(schedule, {"broker": proxy}, FaultLog(), datetime.now(UTC)))

    try:
        with gateway(config):
            until(lambda: proxy.open_connections, 20)
            loop.run(begin())
            yield config, proxy
    finally:
        loop.run(proxy.close())


@pytest.mark.slow
def test_what_the_gateway_saw_reaches_the_cloud_once_whatever_happens_to_its_uplink(
    tmp_path: Path, mqtt_broker: Any, simulators_loop: LoopThread
) -> None:
    with contextlib.ExitStack() as all_of_them:
        clouds = {name: Cloud(mqtt_broker.port, name) for name in UPLINKS}
        for each in clouds.values():
            all_of_them.callback(each.close)
        started = {
            name: all_of_them.enter_context(troubled_uplink(name, tmp_path / name, mqtt_broker.port, simulators_loop))
            for name in UPLINKS
        }
        expected = {name: replayed(config) for name, (config, _) in started.items()}
        for each in clouds.values():
            until(lambda one=each: len(one.movements()) >= GOODS, 45, lambda one=each: len(one.movements()))
        for config, _ in started.values():
            until(lambda file=config.parent: waiting(file) == 0, 30)
    for name, (_, proxy) in started.items():
        assert set(proxy.counts.faults) == {fault.kind for fault in UPLINKS[name]}, "a fault was not done"
    for name, each in clouds.items():
        told = {str(movement.event_id): encode(movement) for movement in each.movements()}
        assert told == expected[name], name
        assert len(expected[name]) == GOODS
        events = [event.event_id for batch in each.batches.values() for event in batch]
        assert len(events) == len(set(events)), "an event stands in two batches"


def waiting(folder: Path) -> int:
    """How many events the outbox still holds."""
    with contextlib.closing(sqlite3.connect(f"file:{folder}/outbox.sqlite?mode=ro", uri=True)) as db:
        (count,) = db.execute("SELECT count(*) FROM events").fetchone()
        return int(count)
