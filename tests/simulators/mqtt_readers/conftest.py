"""A real broker, a subscriber that keeps all it hears, reads to feed, and readers that are always closed again."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import InputChange, TagRead
from tagdock_simulators.fixtures import mqtt_broker, simulators_loop, tcp_proxy  # noqa: F401
from tagdock_simulators.mqtt.broker import Broker
from tagdock_simulators.mqtt.messages import Patience
from tagdock_simulators.mqtt_readers.format import Format
from tagdock_simulators.mqtt_readers.reader import MqttReader

AT = datetime(2026, 1, 5, 8, 0, 0, 123456, tzinfo=UTC)
DEADLINE_S = 30.0
QUICK = Patience(connect_s=2.0, close_s=3.0, retry_first_s=0.05, retry_longest_s=0.2)


def read(number: int = 0, **more: Any) -> TagRead:
    """One read; the number makes its EPC, its time and its antenna."""
    at = AT + timedelta(milliseconds=number)
    values: dict[str, Any] = {"rssi_dbm": -52.5, "phase_deg": 123.4, "doppler_hz": -1.5, "channel": 1 + number % 4}
    epc = f"3034257BF7194E40{number:08X}"
    return TagRead(**{"at": at, "reader": "dock-1", "antenna": 1 + number % 2, "epc": epc, **values, **more})


def change(state: bool = True, gpi: int = 1) -> InputChange:
    return InputChange(AT, "dock-1", gpi, state)


class Listener:
    """Subscribes to everything and keeps topic, payload, retained, DUP."""

    def __init__(self, port: int) -> None:
        self.messages: list[SimpleNamespace] = []
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._keep
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._ready.wait(DEADLINE_S)

    def _keep(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        self.messages.append(
            SimpleNamespace(
                topic=message.topic, payload=bytes(message.payload), retained=message.retain, qos=message.qos
            )
        )

    def on(self, topic: str) -> list[bytes]:
        return [each.payload for each in self.messages if each.topic == topic]

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(DEADLINE_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def listen() -> Iterator[Callable[[int], Listener]]:
    made: list[Listener] = []

    def make(port: int) -> Listener:
        made.append(Listener(port))
        return made[-1]

    yield make
    for each in made:
        each.close()


async def until(true: Callable[[], bool], within_s: float = DEADLINE_S) -> None:
    """Wait until something is so; fails when it takes too long."""
    end_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end_s, "it did not happen in time"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def playing(speaks: Format, port: int, waits: Patience = QUICK, **broker: Any) -> AsyncIterator[MqttReader]:
    """A started reader that talks to the broker at this port."""
    said: list[str] = []
    reader = MqttReader(speaks, Broker("127.0.0.1", port, **broker), waits=waits, say=said.append)
    reader.said = said  # type: ignore[attr-defined]
    await reader.start()
    try:
        yield reader
    finally:
        await reader.close()


@pytest.fixture(scope="session")
def mq() -> SimpleNamespace:
    """The helpers above, for test modules (which can't import this file by name)."""
    return SimpleNamespace(read=read, change=change, until=until, playing=playing, AT=AT, QUICK=QUICK)
