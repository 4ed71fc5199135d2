"""Simulated bin sensors in each of their formats through a broker into the gateway: what it says against the truth.

The gateway and the sensors are processes of their own with their own commands. A Sparkplug node that loses messages on
purpose is the simulator's own, on a connection of this test.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import Ack, BinReading, GatewayAddress, ReaderEvent, decode_batch, encode
from tagdock_simulators.fixtures.mosquitto import Mosquitto
from tagdock_simulators.gateway_config import gateway_toml
from tagdock_simulators.mqtt.mosquitto import mosquitto_program
from tagdock_simulators.sensors.formats.choice import Format, Formats, nodes_for
from tagdock_simulators.sensors.formats.configured import sensors_toml
from tagdock_simulators.sensors.formats.sparkplug import Sparkplug, SparkplugNode
from tagdock_simulators.sensors.rack import usual_kits
from tagdock_simulators.sensors.readings import Quantity, Reading, Sample

pytestmark = pytest.mark.slow

PROGRAMS = Path(sys.executable).parent
HOST = "lab.gw-1"
STATE, NCMD = f"spBv1.0/STATE/{HOST}", "spBv1.0/{}/NCMD/{}"
UNIT_KG, BEFORE, AFTER = 0.5, 20, 14
FILL_BEFORE, FILL_AFTER = 80.0, 40.0
CHANGE_S = 5.0
"""When items are taken, in seconds since the sensors' start."""
WITHIN_S = 40.0
SPEEDS: dict[Format, tuple[str, int]] = {
    "homeassistant": ("A-01-1", 60),
    "tasmota": ("B-01-1", 600),
    "sparkplug": ("C-01-1", 60),
    "plain": ("D-01-1", 60),
}
"""Bin and speed by format: Tasmota speaks every 300 s."""


class Listener:
    """Stands for the cloud, and hears what passes by."""

    def __init__(self, port: int) -> None:
        self.events: dict[Any, Any] = {}
        self.requests: list[tuple[float, str]] = []
        self.states: list[tuple[bool, bool]] = []
        self._address = GatewayAddress("lab", "gw-1")
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="cloud")
        self.client.on_message = self._take
        self.client.on_connect = self._hear
        self.client.reconnect_delay_set(0.05, 0.1)  # there before the gateway, after the broker was away
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _hear(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe([(self._address.topic("events"), 1), ("spBv1.0/+/NCMD/+", 1), (STATE, 1)])

    def _take(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic == STATE:
            self.states.append((json.loads(message.payload)["online"], message.retain))
        elif message.topic.startswith("spBv1.0"):
            self.requests.append((time.monotonic(), message.topic))
        else:
            batch = decode_batch(message.payload)
            for event in batch.events:
                self.events[event.event_id] = event
            client.publish(self._address.topic("ack"), encode(Ack(epoch=batch.epoch, committed=(batch.seq,))), qos=1)

    def said(self, bin_name: str, quantity: str, *qualities: str) -> list[float]:
        """Return the values that were said of a quantity, in order of time."""
        every = [each for each in list(self.events.values()) if isinstance(each, BinReading)]
        mine = [each for each in every if (each.bin, each.quantity) == (bin_name, quantity)]
        return [each.value for each in sorted(mine, key=lambda each: each.observed_at) if each.quality in qualities]

    def links(self) -> list[str]:
        news = [each for each in list(self.events.values()) if isinstance(each, ReaderEvent)]
        return [each.state for each in sorted(news, key=lambda each: each.observed_at)]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def until(done: Callable[[], Any], within_s: float, why: Callable[[], object] = lambda: "") -> None:
    end_s = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end_s, why()
        time.sleep(0.02)


@contextlib.contextmanager
def running(*command: object) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)


def gateway(config: Path) -> "contextlib.AbstractContextManager[subprocess.Popen[bytes]]":
    return running(PROGRAMS / "tagdock-edge", "run", "--config", config, "--data", config.parent / "data")


def broker_of(folder: Path) -> Mosquitto:
    program = mosquitto_program()
    if program is None:
        pytest.skip("needs mosquitto: apt-get install mosquitto")
    return Mosquitto(program, folder)


# --- every format, beside each other ---


def contents(file: Path, bin_name: str, speed: int) -> Path:
    lines = []
    for at_s, count, fill in ((0.0, BEFORE, FILL_BEFORE), (CHANGE_S * speed, AFTER, FILL_AFTER)):
        at = datetime.fromtimestamp(1_767_600_000 + at_s, UTC).isoformat()
        told = {"bin": bin_name, "at": at, "count": count, "unit_mass_kg": UNIT_KG, "fill": fill / 100}
        lines.append(json.dumps(told))
    file.write_text("\n".join(lines) + "\n")
    return file


def sensors(folder: Path, form: Format, port: int) -> "contextlib.AbstractContextManager[subprocess.Popen[bytes]]":
    bin_name, speed = SPEEDS[form]
    return running(
        *(PROGRAMS / "tagdock-sim", "sensors", "--format", form, "--broker", f"mqtt://127.0.0.1:{port}"),
        *("--contents", contents(folder / f"{form}.jsonl", bin_name, speed), "--speed", speed),
        *(("--primary-host", HOST) if form == "sparkplug" else ()),  # born only while we are there
    )


def combined(folder: Path, port: int) -> Path:
    """Write one gateway's configuration for all formats. What moves settles in a second here: it is played fast."""
    tables = []
    for form, (bin_name, _) in SPEEDS.items():
        kits = usual_kits((bin_name,))
        nodes = nodes_for(form, {bin_name: kits[bin_name].quantities}, Formats())
        tables.append(sensors_toml(form, nodes, kits, Formats(), {bin_name: UNIT_KG}))
    text = gateway_toml("lab", "gw-1", f"mqtt://127.0.0.1:{port}", (), {}) + "\n" + "\n".join(tables)
    for quantity in ("mass_kg", "distance_mm"):
        text = text.replace(f'quantity = "{quantity}"\n', f'quantity = "{quantity}"\nsettle_s = 1.0\n')
    config = folder / "gateway.toml"
    config.write_text(text)
    return config


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    """Play all formats beside each other, then let the sensors go, then the gateway; return what was heard."""
    folder = tmp_path_factory.mktemp("sensors")
    broker = broker_of(folder)
    listener = Listener(broker.port)
    try:
        with gateway(combined(folder, broker.port)):
            until(lambda: listener.states, WITHIN_S)
            with contextlib.ExitStack() as playing:
                for form in SPEEDS:
                    playing.enter_context(sensors(folder, form, broker.port))
                until(lambda: all(_settled(listener, form) for form in SPEEDS), WITHIN_S, lambda: _shown(listener))
            gone = [bin_name for form, (bin_name, _) in SPEEDS.items() if form != "plain"]
            until(lambda: all(listener.said(each, "count", "stale") for each in gone), WITHIN_S)
        until(lambda: listener.states and not listener.states[-1][0], WITHIN_S)
        yield listener
    finally:
        listener.close()
        broker.kill()


def _settled(listener: Listener, form: str) -> bool:
    bin_name = SPEEDS[form][0]
    return listener.said(bin_name, "count", "good")[-1:] == [AFTER] and bool(_near(listener, bin_name, FILL_AFTER))


def _near(listener: Listener, bin_name: str, fill_pct: float) -> list[float]:
    """Return the shares said that fit; the goods lie unevenly, by 12 mm of 530, and the sensor errs by as much."""
    return [each for each in listener.said(bin_name, "fill_pct", "good") if abs(each - fill_pct) < 12.0]


def _shown(listener: Listener) -> object:
    bins = [bin_name for bin_name, _ in SPEEDS.values()]
    return [(each, listener.said(each, "count", "good"), listener.said(each, "fill_pct", "good")) for each in bins]


@pytest.mark.parametrize("form", SPEEDS)
def test_the_number_of_items_is_right_whenever_it_is_called_good(form: str, heard: Listener) -> None:
    counts = heard.said(SPEEDS[form][0], "count", "good")
    assert [each for place, each in enumerate(counts) if counts[place - 1 : place] != [each]] == [BEFORE, AFTER]


@pytest.mark.parametrize("form", SPEEDS)
def test_masses_are_right_within_what_a_cell_errs(form: str, heard: Listener) -> None:
    masses = heard.said(SPEEDS[form][0], "mass_kg", "good")
    assert all(min(abs(kg - BEFORE * UNIT_KG), abs(kg - AFTER * UNIT_KG)) < 0.06 for kg in masses), masses


@pytest.mark.parametrize("form", SPEEDS)
def test_distances_show_how_full_the_bin_is(form: str, heard: Listener) -> None:
    bin_name = SPEEDS[form][0]
    assert _near(heard, bin_name, FILL_BEFORE)
    assert _near(heard, bin_name, FILL_AFTER)


@pytest.mark.parametrize("form", SPEEDS)
def test_the_other_quantities_arrive_in_the_contracts_units(form: str, heard: Listener) -> None:
    bin_name = SPEEDS[form][0]
    assert heard.said(bin_name, "occupied", "good")[-1] == 1.0
    assert all(-10 < each < 45 for each in heard.said(bin_name, "temperature_c", "good"))
    assert all(5 < each < 100 for each in heard.said(bin_name, "humidity_pct", "good"))
    assert heard.said(bin_name, "temperature_c", "good")


def test_the_host_said_when_it_came_and_when_it_went(heard: Listener) -> None:
    assert [online for online, _ in heard.states] == [True, False]


# --- Sparkplug, with losses ---


class LossyNode:
    """The simulator's edge node on a connection of ours, so that a message can be lost."""

    def __init__(self, port: int) -> None:
        self._node = SparkplugNode("lossy", {"A-01-1": (Quantity.MASS, Quantity.TEMPERATURE)}, Sparkplug(group="g"))
        self._node.connecting(datetime.now(UTC))
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="lossy")
        self.client.on_message = lambda _client, _data, message: self._send(
            self._node.heard(message.topic, message.payload, datetime.now(UTC))
        )
        self.client.on_connect = lambda client, *_: client.subscribe(NCMD.format("g", "lossy"))
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def be_born(self) -> None:
        self._send(self._node.born(datetime.now(UTC)))

    def tell(self, celsius: float, *, lose: bool = False) -> None:
        reading = Reading(datetime.now(UTC), "A-01-1", Sample(Quantity.TEMPERATURE, celsius))
        told = self._node.tell([reading])
        if not lose:
            self._send(told)

    def _send(self, messages: Sequence[Any]) -> None:
        for each in messages:
            self.client.publish(each.topic, each.payload, each.qos, each.retained)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@dataclass
class Scene:
    """A broker, a node that may lose messages, somebody who listens, and a gateway's configuration."""

    broker: Mosquitto
    node: LossyNode
    listener: Listener
    config: Path

    def hears(self, celsius: float) -> None:
        until(lambda: celsius in self.values(), 10.0, self.values)

    def values(self) -> list[float]:
        return self.listener.said("A-01-1", "temperature_c", "good")

    def requested(self, times: int) -> None:
        until(lambda: len(self.listener.requests) >= times, 10.0, lambda: self.listener.requests)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    broker = broker_of(tmp_path)
    config = tmp_path / "gateway.toml"
    config.write_text(
        f'[gateway]\nid = "gw-1"\nsite = "lab"\nbroker = "mqtt://127.0.0.1:{broker.port}"\n[[sensor]]\nbin = "A-01-1"\n'
        'source = "sparkplug"\ngroup = "g"\nnode = "lossy"\ndevice = "A-01-1"\nmetric = "temperature_c"\n'
    )
    one = Scene(broker, LossyNode(broker.port), Listener(broker.port), config)
    yield one
    one.node.close()
    one.listener.close()
    broker.kill()


def test_a_lost_message_leads_to_a_rebirth_and_a_restarted_host_asks_for_one(scene: Scene) -> None:
    with gateway(scene.config):
        until(lambda: scene.listener.states, WITHIN_S)
        scene.node.be_born()
        scene.node.tell(20.0)
        scene.hears(20.0)
        assert not scene.listener.requests
        scene.node.tell(21.0, lose=True)
        scene.node.tell(22.0)
        scene.requested(1)
        scene.node.tell(23.0)
        scene.hears(23.0)
        assert len(scene.listener.requests) == 1
    assert scene.values() == [20.0, 22.0, 23.0]
    scene.node.tell(24.0)
    with gateway(scene.config):
        scene.requested(2)
        scene.hears(24.0)


def test_after_the_broker_was_away_sensors_are_heard_again(scene: Scene) -> None:
    with gateway(scene.config):
        until(lambda: scene.listener.states, WITHIN_S)
        scene.node.be_born()
        scene.node.tell(20.0)
        scene.hears(20.0)
        scene.broker.restart()
        until(scene.node.client.is_connected, 10.0)
        until(lambda: "down" in scene.listener.links() and scene.listener.links()[-1] == "up", 20.0)
        scene.requested(1)
        scene.node.tell(25.0)
        scene.hears(25.0)
    assert scene.values() == [20.0, 25.0]
