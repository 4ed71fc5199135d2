"""SIGKILL in the middle of passages, several times: each passage is told once, with all its reads but the last 200 ms.

The gateway is its own process with its own command, before a simulated LLRP reader. While it is down nothing moves, so
that what is missing in the end is what the kill cost.
"""

import contextlib
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import (
    Ack,
    Batch,
    Event,
    GatewayAddress,
    Movement,
    ReaderEvent,
    TagRead,
    decode_batch,
    decode_event,
    encode,
)
from tagdock_simulators.fixtures.loop_thread import LoopThread
from tagdock_simulators.llrp.server import LlrpReader

pytest_plugins = ["tagdock_simulators.fixtures"]
PROGRAMS = Path(sys.executable).parent
STEP_S, STEPS = 0.05, 24
"""A passage takes 1.2 s, with a read of each row every 50 ms."""
WAVES, TAGS, WAVE_STEPS = 11, 3, 10
LEFT_AFTER_S = 3.0
"""Longer than a restart takes: a passage goes on after it."""
COST_S = 0.2
"""What a kill may cost: the reads of so long."""
KILLS = 3


class Cloud:
    """Takes batches and acks them; remembers in which batches each event came."""

    def __init__(self, port: int, gateway_id: str) -> None:
        self.movements: dict[UUID, Movement] = {}
        self.states: dict[UUID, str] = {}
        self.batches_of: dict[UUID, set[tuple[UUID, int]]] = {}
        self._address = GatewayAddress("s1", gateway_id)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"cloud-{gateway_id}", clean_session=False)
        self._client.on_message = self._take
        self._client.on_connect = lambda client, *_: client.subscribe(self._address.topic("events"), 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        batch: Batch = decode_batch(bytes(message.payload))
        for event in batch.events:
            self.batches_of.setdefault(event.event_id, set()).add((batch.epoch, batch.seq))
            if isinstance(event, Movement):
                self.movements[event.event_id] = event
            elif isinstance(event, ReaderEvent):
                self.states[event.event_id] = event.state
        client.publish(self._address.topic("ack"), encode(Ack(epoch=batch.epoch, committed=(batch.seq,))), qos=1)


@dataclass
class Dock:
    """One gateway with its reader and its cloud."""

    name: str
    config: Path
    cloud: Cloud
    reader: LlrpReader
    process: "subprocess.Popen[bytes] | None" = None
    fed: Counter[str] = field(default_factory=Counter)
    in_field: list[set[str]] = field(default_factory=list)
    """The tags that were in the field at each kill."""

    def start(self) -> None:
        with (self.config.parent / "gateway.log").open("ab") as log:
            command = [str(PROGRAMS / "tagdock-edge"), "run", "--config", str(self.config)]
            self.process = subprocess.Popen(command, stderr=log)

    def kill(self, step: int) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)
        self.in_field.append({tag_of(self.name, wave, tag) for wave, tag, _ in passing(step)})

    def end(self) -> None:
        """Stop in peace."""
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(20) == 0

    def feed(self, step: int) -> None:
        """Let the goods of one step be read: the outside row's power falls while the inside row's rises."""
        at = datetime.now(UTC)
        reads = []
        for wave, tag, age in passing(step):
            epc = tag_of(self.name, wave, tag)
            for antenna, rssi_dbm in ((1, -45.0 - age), (2, -69.0 + age)):
                reads.append(TagRead(at, "dock-1", antenna, epc, rssi_dbm))
                self.fed[epc] += 1
        self.reader.feed(*reads)

    def is_left(self) -> bool:
        return not self.reader.is_reporting

    def has_told_all(self) -> bool:
        return len(told(self)) >= WAVES * TAGS

    def log(self) -> str:
        return (self.config.parent / "gateway.log").read_text()


def passing(step: int) -> Iterator[tuple[int, int, int]]:
    """Which goods are in the doorway: wave, tag, and for how many steps."""
    for wave in range(WAVES):
        age = step - wave * WAVE_STEPS
        if 0 <= age < STEPS:
            yield from ((wave, tag, age) for tag in range(TAGS))


def tag_of(name: str, wave: int, tag: int) -> str:
    return f"30{ord(name[0]):02X}{wave:04X}{tag:016X}"


def until(done: Callable[[], Any], within_s: float, why: Callable[[], object] = lambda: "") -> None:
    end_s = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end_s, why()
        time.sleep(0.01)


@contextlib.contextmanager
def dock(folder: Path, name: str, journal: str, broker_port: int, loop: LoopThread) -> Iterator[Dock]:
    folder.mkdir()
    reader = loop.call(LlrpReader)
    port = loop.run(reader.start())
    config = folder / "gateway.toml"
    config.write_text(
        f'[gateway]\nid = "{name}"\nsite = "s1"\nbroker = "mqtt://127.0.0.1:{broker_port}"\n'
        f'[[reader]]\nname = "dock-1"\ndriver = "llrp"\nhost = "127.0.0.1"\nport = {port}\n'
        '[[door]]\nname = "D1"\nantennas = [{ reader = "dock-1", antenna = 1, side = "outside" },'
        ' { reader = "dock-1", antenna = 2, side = "inside" }]\n'
        f"[passage]\nleft_after_s = {LEFT_AFTER_S}\n[journal]\n{journal}\n"
    )
    cloud = Cloud(broker_port, name)
    one = Dock(name, config, cloud, reader)
    one.start()
    try:
        yield one
    finally:
        if one.process is not None:
            one.process.kill()
            one.process.wait(30)
        cloud.close()
        loop.run(reader.close())


@pytest.mark.slow
def test_a_kill_costs_the_reads_of_an_instant_and_no_passage_is_told_twice(
    tmp_path: Path, mqtt_broker: Any, simulators_loop: LoopThread
) -> None:
    chance = random.Random(7)
    last = (WAVES - 1) * WAVE_STEPS + STEPS
    kills = set(chance.sample(range(90, last - 4), KILLS))  # from when the first passages were told and acked
    ways = {"often": "checkpoint_every_s = 0.3", "seldom": "checkpoint_every_s = 600.0"}
    outage_s = 0.0
    with contextlib.ExitStack() as stack:
        docks = [
            stack.enter_context(dock(tmp_path / name, name, journal, mqtt_broker.port, simulators_loop))
            for name, journal in ways.items()
        ]
        until(lambda: all(each.reader.is_reporting for each in docks), 20)
        for step in range(last):
            for each in docks:
                simulators_loop.call(partial(each.feed, step))
            if step in kills:
                began_s = time.monotonic()
                time.sleep(chance.uniform(0.0, STEP_S))
                for each in docks:
                    each.kill(step)
                    until(each.is_left, 5)
                    each.start()
                until(lambda: all(each.reader.is_reporting for each in docks), 20)
                outage_s = max(outage_s, time.monotonic() - began_s)
            time.sleep(STEP_S)
        for each in docks:
            until(each.has_told_all, LEFT_AFTER_S + 20, each.log)
            each.end()
            check(each, sure=outage_s + STEP_S < LEFT_AFTER_S)


def told(one: Dock) -> dict[str, list[Movement]]:
    by_tag: dict[str, list[Movement]] = {}
    for movement in list(one.cloud.movements.values()):
        by_tag.setdefault(movement.epc_hex, []).append(movement)
    return by_tag


def gist(movements: Iterable[Event]) -> set[tuple[UUID, str | None, str, int]]:
    """What is told, without what depends on when the gateway looked: how many went along at that time."""
    told = [each for each in movements if isinstance(each, Movement)]
    return {(each.event_id, each.door, each.direction, each.evidence["reads"]) for each in told}


def check(one: Dock, *, sure: bool) -> None:
    """See that nothing came twice and, `sure` that no passage was split by a slow restart, that all of it came."""
    waiting = subprocess.run(
        [PROGRAMS / "tagdock-edge", "outbox", "list", "--config", one.config, "--json"],
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert waiting.stdout == b""
    again = {event: batches for event, batches in one.cloud.batches_of.items() if len(batches) > 1}
    assert again == {}, f"{one.name}: an event was put into the outbox twice"
    states = Counter(one.cloud.states.values())
    assert (states["up"], states["down"]) == (KILLS + 1, KILLS), "the pauses are not named"
    if one.name == "seldom":
        assert one.log().count("did not end in peace") == KILLS, one.log()
    if not sure:
        return
    command = [
        str(PROGRAMS / "tagdock-edge"),
        "replay",
        str(one.config.parent / "journal"),
        "--config",
        str(one.config),
    ]
    replayed = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout.splitlines()
    assert gist(one.cloud.movements.values()) == gist(map(decode_event, replayed)), "as if nothing had been"
    tags = {tag_of(one.name, wave, tag) for wave in range(WAVES) for tag in range(TAGS)}
    of_tag = told(one)
    assert of_tag.keys() == tags
    assert {epc: len(each) for epc, each in of_tag.items() if len(each) > 1} == {}
    assert {each[0].direction for each in of_tag.values()} == {"in"}
    for epc, (movement,) in of_tag.items():
        kills = sum(epc in field for field in one.in_field)
        missing = one.fed[epc] - movement.evidence["reads"]
        assert 0 <= missing <= kills * 2 * (COST_S / STEP_S + 1), (one.name, epc, missing, kills)
