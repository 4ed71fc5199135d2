"""The whole gateway as its own process: from reads to acks, stopped, killed, out of disk."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import Ack, Batch, GatewayAddress, Movement, TagRead, decode_batch, decode_status, encode
from tagdock_edge.config import GatewayConfig
from tagdock_edge.config_file import load
from tagdock_edge.gateway import Gateway
from tagdock_edge.outbox import Outbox
from tagdock_edge.pipeline import replay
from tagdock_edge.readers.recording import read_recording

pytestmark = pytest.mark.slow

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
ADDRESS = GatewayAddress("s1", "gw-1")
TAGS = 60
DOOR = """
[[door]]
name = "D1"
antennas = [
  { reader = "dock-1", antenna = 1, side = "outside" },
  { reader = "dock-1", antenna = 2, side = "inside" },
]
"""


def crossing(tag: int) -> Iterator[TagRead]:
    """A tag that comes in: the outside row's power falls while the inside row's rises."""
    for step in range(12):
        at = START + timedelta(seconds=tag * 0.2 + step * 0.1)
        for antenna, rssi_dbm in ((1, -45.0 - 2 * step), (2, -69.0 + 2 * step)):
            yield TagRead(at + timedelta(milliseconds=antenna), "dock-1", antenna, f"30{tag:022X}", rssi_dbm)


def recording(folder: Path) -> Path:
    reads = sorted((read for tag in range(TAGS) for read in crossing(tag)), key=lambda read: read.at)
    file = folder / "reads.jsonl"
    file.write_bytes(b"".join(encode(read) + b"\n" for read in reads))
    return file


def configured(folder: Path, broker_port: int, reader: str, more: str = "") -> Path:
    file = folder / "gateway.toml"
    file.write_text(
        f'[gateway]\nid = "gw-1"\nsite = "s1"\nbroker = "mqtt://127.0.0.1:{broker_port}"\n{more}'
        f'[[reader]]\nname = "dock-1"\n{reader}\n{DOOR}'
    )
    return file


def until(done: Callable[[], Any], within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextlib.contextmanager
def cloud(port: int, acks: bool) -> Iterator[tuple[list[Batch], list[str]]]:
    """Listen as the cloud would: batches and the gateway's states, in the order in which they came."""
    batches: list[Batch] = []
    states: list[str] = []

    def on_message(client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic == ADDRESS.topic("status"):
            states.append(decode_status(message.payload).state)
            return
        batch = decode_batch(message.payload)
        batches.append(batch)
        if acks:
            client.publish(ADDRESS.topic("ack"), encode(Ack(epoch=batch.epoch, committed=(batch.seq,))), qos=1)

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="cloud")
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.subscribe([(ADDRESS.topic("events"), 1), (ADDRESS.topic("status"), 1)])
    client.loop_start()
    yield batches, states
    client.disconnect()
    client.loop_stop()


@contextlib.contextmanager
def running(config: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", "from tagdock_edge.cli import main; main()", "run", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def in_outbox(folder: Path) -> set[UUID]:
    with contextlib.closing(sqlite3.connect(f"file:{folder}/outbox.sqlite?mode=ro", uri=True)) as db:
        try:
            return {UUID(bytes=row[0]) for row in db.execute("SELECT event_id FROM events")}
        except sqlite3.OperationalError:  # the gateway is about to make its tables
            return set()


def ids(batches: list[Batch]) -> set[UUID]:
    return {event.event_id for batch in batches for event in batch.events}


def movements(batches: list[Batch]) -> list[Movement]:
    return [event for batch in batches for event in batch.events if isinstance(event, Movement)]


def test_every_crossing_is_reported_once_and_as_the_replay_says(tmp_path: Path, broker: Any) -> None:
    file = recording(tmp_path)
    path = configured(tmp_path, broker.port, 'driver = "recording"\nfile = "reads.jsonl"\nspeed = 20')
    replayed = list(replay(read_recording(file), load(path, {})))
    expected = {event.event_id: encode(event) for event in replayed}
    assert [event.direction for event in replayed] == ["in"] * TAGS
    with cloud(broker.port, acks=True) as (batches, _), running(path) as gateway:
        # the recording's time goes on by the wall clock after its last read, so the last passages are told as well
        until(lambda: len(movements(batches)) >= TAGS)
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(30) == 0
    assert {event.event_id: encode(event) for event in movements(batches)} == expected
    assert len(movements(batches)) == TAGS


def test_a_kill_loses_and_doubles_nothing_from_the_outbox_on(tmp_path: Path, broker: Any) -> None:
    recording(tmp_path)
    path = configured(tmp_path, broker.port, 'driver = "recording"\nfile = "reads.jsonl"\nspeed = 5')
    with cloud(broker.port, acks=False) as (before, states), running(path) as gateway:
        until(lambda: len(movements(before)) >= 5)
        gateway.kill()
        gateway.wait(30)
        until(lambda: states[-1] == "offline")
    stored = in_outbox(tmp_path)
    assert ids(before) <= stored
    (tmp_path / "reads.jsonl").write_text("")  # the goods don't come by again
    with cloud(broker.port, acks=True) as (after, _), running(path) as gateway:
        until(lambda: stored <= ids(after) and not in_outbox(tmp_path))
        gateway.send_signal(signal.SIGINT)
        assert gateway.wait(30) == 0
    assert ids(after) == stored
    first = {(batch.epoch, batch.seq): batch.events for batch in before}
    again = {(batch.epoch, batch.seq): batch.events for batch in after}
    assert all(again[key] == events for key, events in first.items())
    assert sum(len(events) for events in again.values()) == len(stored)  # in one batch each


def test_the_gateway_collects_without_a_broker_and_hands_over_when_one_comes(tmp_path: Path, broker: Any) -> None:
    recording(tmp_path)
    broker.kill()
    path = configured(tmp_path, broker.port, 'driver = "recording"\nfile = "reads.jsonl"\nspeed = 0')
    with running(path) as gateway:
        until(lambda: (tmp_path / "outbox.sqlite").exists() and len(in_outbox(tmp_path)) >= TAGS)
        broker.start()
        with cloud(broker.port, acks=True) as (batches, _):
            until(lambda: len(movements(batches)) == TAGS)
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(30) == 0
        assert gateway.stderr is not None
        assert gateway.stderr.read().count("can't be reached") == 1


def test_reads_from_an_llrp_reader_become_movements_and_its_cut_is_told(
    tmp_path: Path, broker: Any, peer: Any, llrp: Any
) -> None:
    path = configured(
        tmp_path,
        broker.port,
        f'driver = "llrp"\nhost = "127.0.0.1"\nport = {peer.port}',
        "",
    )
    path.write_text(path.read_text() + "[passage]\nleft_after_s = 0.5\n")
    with cloud(broker.port, acks=True) as (batches, _), running(path):
        assert peer.ready.wait(30)
        for read in crossing(1):
            peer.send(llrp.report(llrp.tag(read.epc, read.antenna, int(read.rssi_dbm), time.time_ns() // 1000)))
            time.sleep(0.01)
        until(lambda: movements(batches))
        peer.cut()
        until(lambda: [e.state for b in batches for e in b.events if not isinstance(e, Movement)][:2] == ["up", "down"])
    (told,) = movements(batches)
    assert (told.direction, told.door, told.epc_hex) == ("in", "D1", f"30{1:022X}")


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[tuple[GatewayConfig, Outbox]]:
    recording(tmp_path)
    config = load(configured(tmp_path, 1, 'driver = "recording"\nfile = "reads.jsonl"\nspeed = 0'), {})
    outbox = Outbox(config.outbox, bytes_at_most=81_920)
    yield config, outbox
    outbox.close()


def test_a_full_disk_stops_nothing_and_is_told(
    stopped: tuple[GatewayConfig, Outbox], caplog: pytest.LogCaptureFixture
) -> None:
    config, outbox = stopped
    gateway = Gateway(config, outbox)
    thread = threading.Thread(target=gateway.run)
    thread.start()
    until(lambda: gateway.status(True).outbox_events >= TAGS)
    assert outbox.fill().events < TAGS  # the rest is held in memory
    assert caplog.text.count("held in memory") == 1
    taken = 0
    while taken < TAGS:  # the disk gets room again
        for batch in outbox.unacked(0) or outbox.form():
            taken += len(batch.bodies)
            outbox.settle([Ack(epoch=outbox.epoch, committed=(batch.seq,))])
        time.sleep(0.05)
    until(lambda: "has room again; 0 events were lost" in caplog.text)
    gateway.stop()
    thread.join(30)
    assert not thread.is_alive()
