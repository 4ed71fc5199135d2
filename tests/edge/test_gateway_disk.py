"""The whole gateway on a disk that fills up: it goes on, says so, and what it holds in memory outlives a kill."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import Ack, Batch, GatewayAddress, Movement, Status, decode_batch, decode_status, encode
from tagdock_edge.journal import read_journal

ADDRESS = GatewayAddress("s1", "gw-1")
TAGS, MANY, MOST = 4, 80, 800
CONFIG = """
[gateway]
id = "gw-1"
site = "s1"
broker = "mqtt://127.0.0.1:{broker}"
outbox = "{outbox}/outbox.sqlite"
[journal]
folder = "{journal}"
checkpoint_every_s = 0.2
[[reader]]
name = "dock-1"
driver = "llrp"
host = "127.0.0.1"
port = {reader}
[[door]]
name = "D1"
antennas = [
  {{ reader = "dock-1", antenna = 1, side = "outside" }},
  {{ reader = "dock-1", antenna = 2, side = "inside" }},
]
[passage]
left_after_s = 0.5
"""


class Cloud:
    """Acks all batches; keeps movements and the gateway's last status."""

    def __init__(self, port: int) -> None:
        self.batches: list[Batch] = []
        self.status: Status | None = None
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="cloud")
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)
        self._client.subscribe([(ADDRESS.topic("events"), 1), (ADDRESS.topic("status"), 1)])
        self._client.loop_start()

    def _take(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic == ADDRESS.topic("status"):
            self.status = decode_status(bytes(message.payload))
            return
        batch = decode_batch(bytes(message.payload))
        self.batches.append(batch)
        client.publish(ADDRESS.topic("ack"), encode(Ack(epoch=batch.epoch, committed=(batch.seq,))), qos=1)

    def told(self) -> list[str]:
        events = [event for batch in self.batches for event in batch.events]
        return sorted(event.epc_hex for event in events if isinstance(event, Movement))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def cloud(broker: Any) -> Iterator[Cloud]:
    one = Cloud(broker.port)
    yield one
    one.close()


@contextlib.contextmanager
def gateway(config: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", "from tagdock_edge.cli import main; main()", "run", "--config", str(config)]
    log = config.with_suffix(".log")
    with log.open("a") as file, subprocess.Popen(command, stderr=file, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def until(done: Callable[[], Any], within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def epc(tag: int) -> str:
    return f"30{tag:022X}"


def cross(peer: Any, llrp: Any, tags: range) -> None:
    """Let goods come in: the outside row's power falls while the inside row's rises."""
    for step in range(12):
        at_us = time.time_ns() // 1000
        rows = ((1, -45 - 2 * step), (2, -69 + 2 * step))
        peer.send(llrp.report(*(llrp.tag(epc(tag), row, dbm, at_us) for tag in tags for row, dbm in rows)))
        time.sleep(0.02)


def fill_up(ballast: Path) -> None:
    """Take what room is left."""
    with contextlib.suppress(OSError), ballast.open("ab", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


def configured(tmp_path: Path, broker: Any, peer: Any, outbox: Path, journal: Path) -> Path:
    file = tmp_path / "gateway.toml"
    file.write_text(CONFIG.format(broker=broker.port, reader=peer.port, outbox=outbox, journal=journal))
    return file


def test_what_waits_in_memory_for_room_on_the_disk_outlives_a_kill(
    tmp_path: Path, small_disk: Path, broker: Any, peer: Any, llrp: Any, cloud: Cloud
) -> None:
    config = configured(tmp_path, broker, peer, small_disk, tmp_path / "journal")
    ballast, log = small_disk / "ballast", config.with_suffix(".log")
    ballast.write_bytes(bytes(24_000_000))
    with gateway(config) as process:
        assert peer.ready.wait(20)
        cross(peer, llrp, range(TAGS))
        until(lambda: "held in memory" in log.read_text())
        time.sleep(2.0)  # some checkpoints were due by now
        process.kill()
        process.wait(30)
    assert cloud.told() == []
    ballast.unlink()
    with gateway(config):
        until(lambda: len(cloud.told()) >= TAGS)
    assert cloud.told() == [epc(tag) for tag in range(TAGS)]


def test_a_journal_on_a_full_disk_stops_nothing_and_is_counted(
    tmp_path: Path, small_disk: Path, broker: Any, peer: Any, llrp: Any, cloud: Cloud
) -> None:
    config = configured(tmp_path, broker, peer, tmp_path, small_disk / "journal")
    ballast, log = small_disk / "ballast", config.with_suffix(".log")
    with gateway(config) as process:
        assert peer.ready.wait(20)
        cross(peer, llrp, range(1))
        until(lambda: cloud.told() == [epc(0)])
        came = 1
        # A block may still go into a page that is half full, or that a checkpoint has just let go: until one does not.
        while "without being journaled" not in log.read_text():
            assert came < MOST, "the disk takes everything"
            fill_up(ballast)
            cross(peer, llrp, range(came, came + MANY))
            came += MANY
            until(lambda all_=came: len(cloud.told()) == all_)
        assert "can't be written" in log.read_text()
        ballast.unlink()
        time.sleep(1.1)  # it is asked once a second
        cross(peer, llrp, range(came, came + 1))
        until(lambda: len(cloud.told()) == came + 1)
        process.terminate()
        assert process.wait(30) == 0
    assert "works again" in log.read_text()
    assert log.read_text().count("a checkpoint can't be written") == 1
    until(lambda: cloud.status is not None and cloud.status.state == "offline")
    assert cloud.status is not None
    assert 0 < cloud.status.lost["reads_unjournaled"] <= 24 * (came - 1)
    journaled = {record.epc for record in read_journal(small_disk / "journal") if hasattr(record, "epc")}
    assert {epc(0), epc(came)} <= {each.upper() for each in journaled}
