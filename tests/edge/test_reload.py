"""Another configuration while the gateway runs: what is in a field is judged with all its reads, readers go on."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import Movement, decode_event, decode_status
from tagdock_edge.config_file import load
from tagdock_edge.gateway import Gateway
from tagdock_edge.journal import Journal
from tagdock_edge.outbox import Outbox

EPC = "3034257BF7194E4000001A85"
STEPS = 12


def until(done: Callable[[], Any], within_s: float = 30.0) -> None:
    end = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


class Running:
    """A gateway in this process whose configuration file can be changed."""

    def __init__(self, folder: Path, peer: Any, broker_port: int = 1) -> None:
        self.file = folder / "gateway.toml"
        self.write(peer.port, broker_port)
        config = load(self.file, {})
        self.outbox, self.journal = Outbox(config.outbox), Journal(config.journal)
        self.gateway = Gateway(config, self.outbox, self.journal)
        self._thread = threading.Thread(target=self.gateway.run)
        self._thread.start()

    def write(self, port: int, broker_port: int = 1, more: str = "", site: str = "s1", door: str = "D1") -> None:
        antennas = "".join(
            f'{{ reader = "dock-1", antenna = {n}, side = "{side}" }},' for n, side in ((1, "outside"), (2, "inside"))
        )
        self.file.write_text(
            f'[gateway]\nid = "gw-1"\nsite = "{site}"\nbroker = "mqtt://127.0.0.1:{broker_port}"\n'
            f'[[reader]]\nname = "dock-1"\ndriver = "llrp"\nhost = "127.0.0.1"\nport = {port}\n'
            f'[[door]]\nname = "{door}"\nantennas = [{antennas}]\n[passage]\nleft_after_s = 1.0\n{more}'
        )

    def reload(self) -> None:
        self.gateway.reload(lambda: load(self.file, {}))

    def movements(self) -> list[Movement]:
        stored = [decode_event(body) for batch in self.outbox.form(99) or [] for body in batch.bodies]
        return [event for event in stored if isinstance(event, Movement)]

    def close(self) -> None:
        self.gateway.stop()
        self._thread.join(30)
        assert not self._thread.is_alive()
        self.outbox.close()
        self.journal.close()


@pytest.fixture
def running(tmp_path: Path, peer: Any) -> Iterator[Running]:
    one = Running(tmp_path, peer)
    assert peer.ready.wait(30)
    yield one
    one.close()


def cross(peer: Any, llrp: Any, steps: range) -> None:
    """Come in: the outside row's power falls while the inside row's rises."""
    for step in steps:
        for antenna, rssi_dbm in ((1, -45 - 2 * step), (2, -69 + 2 * step)):
            peer.send(llrp.report(llrp.tag(EPC, antenna, rssi_dbm, time.time_ns() // 1000)))
        time.sleep(0.02)


def told(caplog: pytest.LogCaptureFixture, words: str) -> bool:
    return any(words in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("door", ["D1", "D1-north"], ids=["another reader", "another name for the door"])
def test_a_tag_in_the_field_is_judged_with_all_its_reads(
    running: Running, peer: Any, llrp: Any, caplog: pytest.LogCaptureFixture, door: str
) -> None:
    caplog.set_level(logging.WARNING)
    cross(peer, llrp, range(STEPS // 2))
    second = '[[reader]]\nname = "dock-2"\ndriver = "llrp"\nhost = "127.0.0.1"\nport = 1\n'
    doors = (
        '[[door]]\nname = "D2"\nantennas = [{ reader = "dock-2", antenna = 1, side = "outside" },'
        ' { reader = "dock-2", antenna = 2, side = "inside" }]\n'
    )
    running.write(peer.port, more=second + doors, door=door)
    running.reload()
    until(lambda: told(caplog, "the configuration was loaded: 2 readers, 2 doors"))
    cross(peer, llrp, range(STEPS // 2, STEPS))
    found: list[Movement] = []
    until(lambda: found.extend(running.movements()) or found)
    assert [(each.direction, each.door, each.evidence["reads"]) for each in found] == [("in", door, 2 * STEPS)]
    assert peer.connections == 1  # the reader that nobody touched went on
    assert [each.name for each in running.gateway.status(True).readers] == ["dock-1", "dock-2"]


MISTAKES = {
    "a mistake": ({"more": "nonsense = 1\n"}, "nonsense: is not known"),
    "another site": ({"site": "s2"}, "gateway.site and gateway.id can't change while the gateway runs"),
    "another journal": ({"more": "[journal]\nsize_mb = 64\n"}, "journal can't change while the gateway runs"),
}


@pytest.mark.parametrize(("change", "words"), MISTAKES.values(), ids=MISTAKES)
def test_what_cannot_be_taken_changes_nothing(
    running: Running, peer: Any, llrp: Any, caplog: pytest.LogCaptureFixture, change: dict[str, str], words: str
) -> None:
    running.write(peer.port, **{"door": "D9", **change})
    running.reload()
    until(lambda: told(caplog, "the configuration stays as it was") and told(caplog, words))
    cross(peer, llrp, range(STEPS))
    found: list[Movement] = []
    until(lambda: found.extend(running.movements()) or found)
    assert [each.door for each in found] == ["D1"]
    assert peer.connections == 1


def test_another_broker_is_gone_over_to(tmp_path: Path, peer: Any, broker: Any) -> None:
    one = Running(tmp_path, peer, broker_port=1)
    states: list[str] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="cloud")
    client.on_message = lambda _client, _data, message: states.append(decode_status(message.payload).state)
    client.connect("127.0.0.1", broker.port)
    client.subscribe("tagdock/v1/s1/gw-1/status", qos=1)
    client.loop_start()
    try:
        one.write(peer.port, broker_port=broker.port)
        one.reload()
        until(lambda: "online" in states)
    finally:
        one.close()
        client.disconnect()
        client.loop_stop()


def test_a_tag_in_the_field_outlives_a_new_start(tmp_path: Path, peer: Any, llrp: Any) -> None:
    first = Running(tmp_path, peer)
    assert peer.ready.wait(30)
    cross(peer, llrp, range(STEPS // 2))
    until(lambda: first.gateway.health().open_tags)
    until(lambda: not first.gateway.health().waiting_reads)
    first.close()
    second = Running(tmp_path, peer)
    until(lambda: peer.connections == 2 and peer.ready.wait(30))
    cross(peer, llrp, range(STEPS // 2, STEPS))
    found: list[Movement] = []
    until(lambda: found.extend(second.movements()) or found)
    second.close()
    assert [(each.direction, each.evidence["reads"]) for each in found] == [("in", 2 * STEPS)]
