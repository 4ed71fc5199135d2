"""Bin sensors behind a real broker: what is discovered is listened to, what floods is let go, who goes says so."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import BinReading, GatewayAddress
from tagdock_edge.backoff import Backoff
from tagdock_edge.config import BrokerConfig
from tagdock_edge.config.sensor_model import (
    WATCHES,
    HomeAssistantEntity,
    Origin,
    Quantity,
    SensorConfig,
    SparkplugMetric,
)
from tagdock_edge.inbox import Inbox, Taken
from tagdock_edge.readers.bin_sensors import MESSAGE_BYTES_AT_MOST, MESSAGES_AT_MOST, BinSensorReader, BinSensors

WITHIN_S = 15.0
STATE = "spBv1.0/STATE/s1.gw-1"
CONFIG = "homeassistant/sensor/node/temperature/config"
DISCOVERED = json.dumps({"state_topic": "node/t", "availability_topic": "node/status", "unit_of_measurement": "C"})


def sensor(bin_: str, quantity: Quantity, origin: Origin) -> SensorConfig:
    return SensorConfig(bin_, quantity, origin, WATCHES[quantity])


def reader(port: int) -> BinSensorReader:
    sensors = (
        sensor("A-01-1", "temperature_c", HomeAssistantEntity("node/temperature")),
        sensor("A-01-2", "humidity_pct", SparkplugMetric("g", "n", None, "humidity_pct")),
    )
    settings = BinSensors(GatewayAddress("s1", "gw-1"), BrokerConfig("127.0.0.1", port), sensors)
    return BinSensorReader("sensors", settings, retry=Backoff(0.05, 0.1))


def until(done: Callable[[], Any]) -> None:
    end_s = time.monotonic() + WITHIN_S
    while not done():
        assert time.monotonic() < end_s, "it did not happen in time"
        time.sleep(0.01)


class Running:
    """A reader at work, what it delivered, and a client beside it."""

    def __init__(self, port: int) -> None:
        self.reader = reader(port)
        self.inbox, self.stop = Inbox(), threading.Event()
        self.readings: list[BinReading] = []
        self.states: list[bool] = []
        self.links: list[str] = []
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda _client, _data, told: self.states.append(json.loads(told.payload)["online"])
        self.client.on_connect = lambda client, *_: client.subscribe(STATE, 1)
        self.client.reconnect_delay_set(0.02, 0.05)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self._thread = threading.Thread(target=self.reader.run, args=(self.inbox, self.stop), daemon=True)
        self._thread.start()

    def say(self, topic: str, payload: str, *, retain: bool = False) -> None:
        self.client.publish(topic, payload, 1, retain=retain).wait_for_publish(WITHIN_S)

    def introduce(self) -> None:
        """Let the node be discovered; what it says on a topic is heard from the subscription's answer on."""
        self.say("node/status", "online", retain=True)
        self.say(CONFIG, DISCOVERED, retain=True)
        link = lambda: self.reader._listener and self.reader._listener._link  # noqa: E731
        until(lambda: self.states and link() and "node/t" in link()._topics and not link()._asked)

    def values(self) -> list[tuple[float, str]]:
        taken: Taken = self.inbox.take(0.0)
        self.readings += taken.readings
        self.links += [each.state for each in taken.news]
        return [(each.value, each.quality) for each in self.readings]

    def end(self) -> None:
        self.stop.set()
        self._thread.join(WITHIN_S)
        assert not self._thread.is_alive()

    def close(self) -> None:
        self.end()
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def running(broker: Any) -> Iterator[Running]:
    one = Running(broker.port)
    yield one
    one.close()


def test_what_is_discovered_is_listened_to_and_a_kept_value_counts_of_who_is_there(running: Running) -> None:
    running.say("node/t", "20.5", retain=True)
    running.say("node/status", "online", retain=True)
    running.say(CONFIG, DISCOVERED, retain=True)
    until(lambda: running.values() == [(20.5, "good")])
    running.say("node/t", "22.5")
    until(lambda: running.values()[-1] == (22.5, "good"))
    running.say("node/status", "offline")
    until(lambda: running.values()[-1] == (22.5, "stale"))
    status = running.reader.status()
    assert status.state == "up"
    assert "stale or out of range: A-01-1 temperature_c; never heard: A-01-2 humidity_pct" in status.detail


def test_after_the_broker_was_away_all_begins_anew(running: Running, broker: Any) -> None:
    running.introduce()
    running.say("node/t", "20.5")
    until(lambda: running.values() == [(20.5, "good")])
    broker.kill()
    until(lambda: running.values() and "down" in running.links)
    broker.start()
    until(lambda: running.values() and running.links[-1] == "up" and running.client.is_connected())
    until(lambda: running.states.count(True) >= 2)
    running.say("node/t", "25.5")
    until(lambda: running.values()[-1] == (25.5, "good"))


def test_who_goes_says_so(running: Running) -> None:
    until(lambda: running.states == [True])
    running.end()
    until(lambda: running.states[-1] is False)
    assert running.states == [True, False]
    assert running.reader.status().detail.startswith("the gateway stopped")


def test_a_flood_takes_no_memory_and_is_counted() -> None:
    one = reader(1)
    for number in range(MESSAGES_AT_MOST + 5):
        one.hear("node/t", b"%d" % number, False)
    assert one.lost_messages == 5
    one.hear("node/t", b"x" * (MESSAGE_BYTES_AT_MOST + 1), False)
    assert one.lost_messages == 6
    for _ in range(40):
        one.hear("node/t", b"x" * MESSAGE_BYTES_AT_MOST, False)
    assert one._bytes <= 32 * 1024 * 1024
    assert "messages lost" in one.status().detail


def test_trouble_is_told_once_in_the_log(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    running.introduce()
    for _ in range(3):
        running.say("node/t", "warm")
    until(lambda: "3 times A-01-1 temperature_c: state" in running.reader.status().detail)
    assert len([each for each in caplog.records if "no number: 'warm'" in each.getMessage()]) == 1


def test_the_inbox_keeps_the_newest_reading_of_each_bin_and_quantity() -> None:
    at = datetime(2026, 1, 5, 8, tzinfo=UTC)
    reading = BinReading(event_id=uuid4(), observed_at=at, site="s1", bin="A", quantity="mass_kg", value=0.0)
    inbox = Inbox(readings_at_most=10)
    told = [replace_struct(reading, bin=name, value=float(number)) for number in range(50) for name in ("A", "B")]
    inbox.measure(told)
    taken = inbox.take(0.0).readings
    assert [(each.bin, each.value) for each in taken] == [("A", 49.0), ("B", 49.0)]
    assert inbox.lost_readings == 98


def replace_struct(reading: BinReading, **changes: Any) -> BinReading:
    return BinReading(**{field: getattr(reading, field) for field in reading.__struct_fields__} | changes)
