"""Readers behind a broker, from their own programs through mosquitto into the gateway's, and out as movements.

What they tell live must give the movements that `replay` makes of the same scenario's recording.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import Ack, GatewayAddress, Movement, ReaderEvent, decode_batch, decode_status, encode
from tagdock_simulators.gateway_config import gateway_file
from tagdock_simulators.mqtt_readers.gateway_reader import reader_toml
from tagdock_simulators.mqtt_readers.kinds import KINDS, Wishes
from tagdock_simulators.scenarios import SCENARIOS, shaped

pytestmark = pytest.mark.slow

pytest_plugins = ["tagdock_simulators.fixtures"]
PROGRAMS = Path(sys.executable).parent
SCENARIO, SEED = "clean-two-row", 5
SHAPE = {"doors": "3", "loads": "3", "tags": "2..4"}
SETTINGS = ("gap_s=0.2..0.4", "pitch_m=30")
"""Loads close behind each other; doors so far apart that no reader sees what passes another's, which it would decide
while the one that is cut off can't be heard."""
KINDS_OF = {"dock-1": "impinj", "dock-2": "zebra", "dock-3": "mapped"}
FIELDS = "epcHex,antennaPort,peakRssiCdbm,lastSeenTime,phaseAngle,frequency"
WITHIN_S = 60.0
AWAY_S = 3.0
"""Longer than passages wait for a tag's next read."""


def until(done: Callable[[], Any], within_s: float = WITHIN_S, why: Callable[[], object] = lambda: "") -> None:
    end_s = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end_s, why()
        time.sleep(0.05)


class Cloud:
    """Takes batches, books each event once, acks; and sees how the gateway says that it stands."""

    def __init__(self, port: int) -> None:
        self.events: dict[Any, Any] = {}
        self.online = False
        self._address = GatewayAddress("lab", "gw-1")
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="cloud", clean_session=False)
        self._client.on_message = self._take
        self._client.on_connect = self._subscribe
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _subscribe(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe([(self._address.topic("events"), 1), (self._address.topic("status"), 1)])

    def _take(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic == self._address.topic("status"):
            self.online = decode_status(message.payload).state == "online"
            return
        batch = decode_batch(message.payload)
        self.events.update({event.event_id: event for event in batch.events})
        client.publish(self._address.topic("ack"), encode(Ack(epoch=batch.epoch, committed=(batch.seq,))), qos=1)

    def movements(self) -> list[Movement]:
        return [event for event in list(self.events.values()) if isinstance(event, Movement)]

    def states(self, reader: str) -> list[str]:
        news = [each for each in list(self.events.values()) if isinstance(each, ReaderEvent) and each.reader == reader]
        return [each.state for each in sorted(news, key=lambda each: each.observed_at)]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def cloud(mqtt_broker: Any) -> Iterator[Cloud]:
    one = Cloud(mqtt_broker.port)
    yield one
    one.close()


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TAGDOCK_")}


@contextlib.contextmanager
def gateway(config: Path, cloud: Cloud) -> Iterator[None]:
    """Run the gateway until the block ends; it has to stop in good order."""
    with running(config.parent / "gateway.log", "tagdock-edge", "run", "--config", str(config)) as process:
        until(lambda: cloud.online, why=(config.parent / "gateway.log").read_text)
        time.sleep(0.5)  # its readers' subscriptions
        yield
        process.terminate()
        assert process.wait(30) == 0


@contextlib.contextmanager
def running(log: Path, program: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as file:
        command = [PROGRAMS / program, *arguments]
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment())
        try:
            yield process
        finally:
            process.kill()
            process.wait(30)


def scenario_arguments() -> list[str]:
    options = [word for name, value in SHAPE.items() for word in (f"--{name}", value)]
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    return ["--scenario", SCENARIO, "--seed", str(SEED), *options, *settings]


def recorded(folder: Path) -> set[tuple[str, str, str]]:
    """Record the scenario and replay it: EPC, door and direction of each movement."""
    config = folder / "recorded.toml"
    recording = ["record", *scenario_arguments(), "-o", str(folder / "r.jsonl"), "--gateway-config", str(config)]
    subprocess.run([PROGRAMS / "tagdock-sim", *recording], check=True, capture_output=True, timeout=60)
    replay = [PROGRAMS / "tagdock-edge", "replay", str(folder / "r.jsonl"), "--config", str(config)]
    lines = subprocess.run(replay, check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()
    return {(each["epc_hex"], each["door"], each["direction"]) for each in map(json.loads, lines)}


def test_movements_through_a_broker_are_those_of_the_recording(
    tmp_path: Path, mqtt_broker: Any, tcp_proxy: Any, cloud: Cloud
) -> None:
    """Each door's reader is of another kind; one is cut off while goods pass it, one reports each read twice."""
    expected = recorded(tmp_path)
    assert {door for _, door, _ in expected} == {"D1", "D2", "D3"}
    proxy = tcp_proxy(mqtt_broker.port)
    ports = {"impinj": mqtt_broker.port, "zebra": proxy.port, "mapped": mqtt_broker.port}
    doors = shaped(SCENARIOS[SCENARIO], {"doors": "3", "pitch_m": "30"}).geometry()
    readers = [reader_toml(KINDS[kind](name, Wishes())) for name, kind in KINDS_OF.items()]
    config = tmp_path / "gateway.toml"
    config.write_text(gateway_file("lab", "gw-1", f"mqtt://127.0.0.1:{mqtt_broker.port}", doors, readers))
    faults = tmp_path / "faults.toml"
    faults.write_text('[[fault]]\nkind = "duplicate_reads"\non = "*"\nat_s = 0\nfor_s = inf\namount = 2\n')
    more = {"impinj": ["--fields", FIELDS, "--qos", "1"], "zebra": ["--qos", "1"], "mapped": ["--faults", str(faults)]}
    epcs = {epc for epc, _, _ in expected}

    def told() -> set[tuple[str, str, str]]:
        return {(each.epc_hex, each.door or "", each.direction) for each in cloud.movements() if each.epc_hex in epcs}

    with gateway(config, cloud):
        with contextlib.ExitStack() as players:
            for kind, port in ports.items():
                arguments = ["--kind", kind, "--broker", f"mqtt://127.0.0.1:{port}", *more[kind]]
                log = tmp_path / f"{kind}.log"
                players.enter_context(running(log, "tagdock-sim", "mqtt-reader", *arguments, *scenario_arguments()))
            until(lambda: cloud.states("dock-2"))
            proxy.black_hole()
            time.sleep(AWAY_S)
            proxy.heal()
            proxy.cut()  # what was not acknowledged is sent again
            until(lambda: told() >= expected, why=lambda: expected - told())
        until(lambda: cloud.states("dock-1")[-1] == "down")  # its will says so
    assert told() == expected
    assert len([each for each in cloud.movements() if each.epc_hex in epcs]) == len(expected)
    assert [cloud.states(name).count("up") for name in KINDS_OF] == [1, 1, 1]


KEONN = """
[[reader]]
name = "dock-1"
driver = "mapped"
topic = "keonn/{reader}/tags"

[reader.mapping]
array = "reads"
when = [{ path = "ctx", is = "TAG_READ" }]
epc = "hexEpc"
antenna = { path = "port", values = { left = 1, right = 2 } }
rssi = "rssi"
"""
EPC = "3034257BF7194E40000{:05X}"


def keonn_config(folder: Path, port: int) -> Path:
    doors = shaped(SCENARIOS[SCENARIO], {"doors": "1"}).geometry()
    config = folder / "gateway.toml"
    text = gateway_file("lab", "gw-1", f"mqtt://127.0.0.1:{port}", doors, [KEONN])
    config.write_text(text.replace("left_after_s = 2.8", "left_after_s = 1.0"))  # a shorter test
    return config


def pass_goods(port: int, number: int) -> None:
    """Let one tag come in, told by mosquitto_pub: the outside row's power falls while the inside row's rises."""
    program = shutil.which("mosquitto_pub")
    if program is None:
        pytest.skip("no mosquitto_pub here; apt-get install mosquitto-clients runs this test")
    command = [program, "-p", str(port), "-q", "1", "-t", "keonn/dock-1/tags", "-l"]
    publisher = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert publisher.stdin is not None
    for step in range(12):
        reads = [
            {"ctx": "TAG_READ", "hexEpc": EPC.format(number), "port": side, "rssi": -45.0 - 2 * abs(step - peak)}
            for side, peak in (("left", 3), ("right", 8))
        ]
        publisher.stdin.write(json.dumps({"device": "dock-1", "reads": [*reads, {"ctx": "ALIVE"}]}).encode() + b"\n")
        publisher.stdin.flush()
        time.sleep(0.1)
    publisher.stdin.close()
    assert publisher.wait(30) == 0


def test_a_foreign_publisher_and_a_broker_that_dies_and_comes_back(
    tmp_path: Path, mqtt_broker: Any, cloud: Cloud
) -> None:
    def told() -> list[tuple[str, str | None, str]]:
        return sorted((each.epc_hex, each.door, each.direction) for each in cloud.movements())

    with gateway(keonn_config(tmp_path, mqtt_broker.port), cloud):
        pass_goods(mqtt_broker.port, 1)
        until(lambda: len(told()) == 1)
        cloud.online = False
        mqtt_broker.kill()
        time.sleep(0.5)
        mqtt_broker.start()
        until(lambda: cloud.online)
        time.sleep(2.0)  # the reader's own connection is tried again within a second or two
        pass_goods(mqtt_broker.port, 2)
        until(lambda: len(told()) == 2)
    assert told() == [(EPC.format(1), "D1", "in"), (EPC.format(2), "D1", "in")]
