"""The link to a broker: addresses, bounds, what is said when there is none."""

import asyncio
import gc
import socket
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_simulators.broker import Broker, broker_at
from tagdock_simulators.fixtures import mqtt_broker  # noqa: F401  # a fixture
from tagdock_simulators.mosquitto import Mosquitto
from tagdock_simulators.mqtt import Hello, MqttLink, Patience
from tagdock_simulators.sensors.formats.node import Publication

DEADLINE_S = 15.0


class Talker:
    """A client with nothing to say but what the test says."""

    def hello(self) -> Hello:
        return Hello("talker")

    def greeting(self) -> list[Publication]:
        return []

    def heard(self, topic: str, payload: bytes) -> list[Publication]:
        del topic, payload
        return []

    def farewell(self) -> list[Publication]:
        return []


def test_a_broker_that_is_not_there_is_said_within_the_time(unused_port: int) -> None:
    async def live() -> None:
        link = MqttLink(Broker("127.0.0.1", unused_port), Talker(), Patience(retry_first_s=0.05))
        with pytest.raises(ConnectionError, match=r"cannot be reached .* check that a broker listens there"):
            await link.start(0.3)
        assert not link.send(Publication("t", b""))
        assert link.lost == 1
        await link.close()

    asyncio.run(live())


def test_a_listener_that_is_no_broker_is_said_to_be_none(silent_server: int) -> None:
    async def live() -> None:
        link = MqttLink(Broker("127.0.0.1", silent_server), Talker(), Patience(connect_s=0.2, retry_first_s=0.05))
        with pytest.raises(ConnectionError, match="is it an MQTT broker"):
            await link.start(0.4)
        await link.close()

    asyncio.run(live())


def test_the_queue_has_a_bound_and_the_oldest_go_first(mqtt_broker: Mosquitto) -> None:  # noqa: F811
    numbers, ready, done = [], threading.Event(), threading.Event()

    def came(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        numbers.append(int(message.payload))
        if numbers[-1] == 99:
            done.set()

    async def live() -> MqttLink:
        link = MqttLink(Broker("127.0.0.1", mqtt_broker.port), Talker(), Patience(queue=10, window=5))
        await link.start(DEADLINE_S)
        for n in range(100):
            link.send(Publication("n", str(n).encode(), qos=1))
        assert await asyncio.to_thread(done.wait, DEADLINE_S)
        await link.close()
        return link

    listener = paho.Client(CallbackAPIVersion.VERSION2)
    listener.on_connect = lambda client, *_: client.subscribe("n", 1)
    listener.on_subscribe = lambda *_: ready.set()
    listener.on_message = came
    listener.connect("127.0.0.1", mqtt_broker.port)
    listener.loop_start()
    try:
        assert ready.wait(DEADLINE_S)
        link = asyncio.run(live())
    finally:
        listener.disconnect()
        listener.loop_stop()
    assert (link.sent, link.lost) == (15, 85)
    assert numbers == [*range(5), *range(90, 100)]


def test_a_clients_sockets_are_closed_with_it_and_not_by_a_later_collection(
    mqtt_broker: Mosquitto,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[weakref.ref[paho.Client]] = []

    class Watched(paho.Client):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            made.append(weakref.ref(self))

    monkeypatch.setattr("tagdock_simulators.mqtt.paho.Client", Watched)

    async def live() -> None:
        link = MqttLink(Broker("127.0.0.1", mqtt_broker.port), Talker())
        await link.start(DEADLINE_S)
        await link.close()

    gc.disable()
    try:
        asyncio.run(live())
        assert [each() for each in made] == [None]
    finally:
        gc.enable()


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def silent_server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://h", Broker("h", 1883)),
        ("mqtts://h", Broker("h", 8883, tls=True)),
        ("mqtt://u:p%40@h:77", Broker("h", 77, username="u", password="p@")),
        ("mqtt://[::1]:5/", Broker("::1", 5)),
    ],
)
def test_a_brokers_address_is_read(url: str, expected: Broker) -> None:
    assert broker_at(url) == expected


@pytest.mark.parametrize(
    "url", ["", "h:1883", "http://h", "mqtt://", "mqtt://h:99999", "mqtt://h/topic", "mqtt://h?x=1"]
)
def test_what_is_no_address_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ValueError, match="mqtt://host:1883"):
        broker_at(url)


def test_a_brokers_secret_is_not_shown() -> None:
    assert "secret" not in repr(broker_at("mqtt://u:secret@h")) + str(broker_at("mqtt://u:secret@h"))
