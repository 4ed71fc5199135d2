"""Nodes on a real broker: wills, rebirths, outages."""

import asyncio
import json
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import paho.mqtt.client as paho
import pysparkplug
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pysparkplug._protobuf import Payload
from tagdock_simulators.fixtures import ProxyInTest
from tagdock_simulators.fixtures.mosquitto import Mosquitto
from tagdock_simulators.mqtt.broker import Broker
from tagdock_simulators.sensors.formats.choice import Formats, nodes_for
from tagdock_simulators.sensors.formats.node import Node
from tagdock_simulators.sensors.formats.sparkplug import Sparkplug
from tagdock_simulators.sensors.kit import Kit
from tagdock_simulators.sensors.player import NodePlayer, play, simulated_clock, utc_now
from tagdock_simulators.sensors.readings import Quantity, Reading, Sample

DEADLINE_S = 30.0
AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
NCMD = "spBv1.0/warehouse/NCMD/rack-1"


def one_node(form: Any, settings: Formats | None = None) -> Node:
    bins = {"A-01-1": Kit().quantities, "A-01-2": Kit().quantities}
    return nodes_for(form, bins, settings or Formats())["A-01-1"]


def mass(value: float, at: datetime = AT) -> Reading:
    return Reading(at, "A-01-1", Sample(Quantity.MASS, value))


class Listener:
    """A subscriber to everything."""

    def __init__(self, port: int) -> None:
        self._came: queue.Queue[tuple[str, bytes, bool]] = queue.Queue()
        self.seen: list[tuple[str, bytes, bool]] = []
        self.ready = threading.Event()
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda _c, _d, m: self._came.put((m.topic, bytes(m.payload), bool(m.retain)))
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_connect = lambda client, *_: client.subscribe([("#", 1)])
        self.client.reconnect_delay_set(0.1, 0.2)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self.ready.wait(DEADLINE_S)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def until(self, topic: str, payload: bytes | None = None) -> tuple[str, bytes, bool]:
        """Wait for a message whose topic holds this text; what comes before is kept in `seen`."""
        ends_s = time.monotonic() + DEADLINE_S
        while True:
            try:
                message = self._came.get(timeout=max(0.01, ends_s - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{topic} did not come; {[each[0] for each in self.seen]} did") from None
            self.seen.append(message)
            if topic in message[0] and payload in (None, message[1]):
                return message


@contextmanager
def listening(broker: Mosquitto) -> Iterator[Listener]:
    listener = Listener(broker.port)
    try:
        yield listener
    finally:
        listener.close()


@asynccontextmanager
async def playing(node: Node, port: int, **more: Any) -> AsyncIterator[NodePlayer]:
    player = NodePlayer(node, Broker("127.0.0.1", port), lambda: AT, **more)
    await player.start(DEADLINE_S)
    try:
        yield player
    finally:
        await player.close()


def until(listener: Listener, topic: str, payload: bytes | None = None) -> Coroutine[Any, Any, tuple[str, bytes, bool]]:
    return asyncio.to_thread(listener.until, topic, payload)


async def eventually(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not true():
            await asyncio.sleep(0.01)


def bd_seq(payload: bytes) -> int:
    (number,) = [metric.long_value for metric in Payload.FromString(payload).metrics if metric.name == "bdSeq"]
    return int(number)


def test_a_sparkplug_node_is_born_tells_and_dies_on_purpose(mqtt_broker: Mosquitto) -> None:
    async def live(listener: Listener) -> None:
        async with playing(one_node("sparkplug"), mqtt_broker.port) as player:
            await until(listener, "/DBIRTH/rack-1/A-01-2")
            player.tell([mass(3.5)])
            _, data, _ = await until(listener, "/DDATA/rack-1/A-01-1")
            (metric,) = pysparkplug.DData.decode(data, birth=births(listener)["A-01-1"]).metrics
            assert (metric.name, metric.value) == ("mass_kg", 3.5)
        await until(listener, "/NDEATH/rack-1")

    with listening(mqtt_broker) as listener:
        asyncio.run(live(listener))
    assert [topic.split("/")[2] for topic, _, _ in listener.seen] == ["NBIRTH", "DBIRTH", "DBIRTH", "DDATA", "NDEATH"]
    assert not any(retained for _, _, retained in listener.seen)


def births(listener: Listener) -> dict[str, pysparkplug.DBirth]:
    return {
        topic.rpartition("/")[2]: pysparkplug.DBirth.decode(payload)
        for topic, payload, _ in listener.seen
        if "/DBIRTH/" in topic
    }


def test_a_sparkplug_node_that_is_cut_off_is_declared_dead_and_born_again_with_the_next_number(
    mqtt_broker: Mosquitto, tcp_proxy: Callable[[int], ProxyInTest]
) -> None:
    async def live(listener: Listener) -> None:
        proxy = tcp_proxy(mqtt_broker.port)
        async with playing(one_node("sparkplug"), proxy.port):
            _, first, _ = await until(listener, "/NBIRTH/")
            proxy.cut()
            _, death, _ = await until(listener, "/NDEATH/")
            _, second, _ = await until(listener, "/NBIRTH/")
            assert bd_seq(first) == bd_seq(death) == bd_seq(second) - 1
            proxy.cut()
            _, death, _ = await until(listener, "/NDEATH/")
            assert bd_seq(death) == bd_seq(second)

    with listening(mqtt_broker) as listener:
        asyncio.run(live(listener))


def test_a_rebirth_is_answered(mqtt_broker: Mosquitto) -> None:
    wish = pysparkplug.Metric(
        timestamp=1, name="Node Control/Rebirth", datatype=pysparkplug.DataType.BOOLEAN, value=True
    )
    request = pysparkplug.NCmd(timestamp=1, metrics=(wish,)).encode(include_dtypes=True)

    async def live(listener: Listener) -> None:
        async with playing(one_node("sparkplug"), mqtt_broker.port) as player:
            await until(listener, "/DBIRTH/rack-1/A-01-2")
            player.tell([mass(3.5)])
            await until(listener, "/DDATA/")
            listener.client.publish(NCMD, request)
            _, birth, _ = await until(listener, "/NBIRTH/")
            assert bd_seq(birth) == 0
            _, device, _ = await until(listener, "/DBIRTH/rack-1/A-01-1")
            assert pysparkplug.DBirth.decode(device).metrics[0].value == 3.5

    with listening(mqtt_broker) as listener:
        asyncio.run(live(listener))


def test_a_broker_that_comes_back_gets_births_and_what_waited_as_history(
    mqtt_broker: Mosquitto, tcp_proxy: Callable[[int], ProxyInTest]
) -> None:
    async def live(listener: Listener) -> None:
        proxy = tcp_proxy(mqtt_broker.port)
        async with playing(one_node("sparkplug"), proxy.port, stored=3) as player:
            await until(listener, "/DBIRTH/rack-1/A-01-2")
            proxy.do("refuse")  # until the listener is back, too
            mqtt_broker.kill()
            await eventually(lambda: not player.up and not listener.client.is_connected())
            for n in range(5):
                player.tell([mass(float(n), AT + timedelta(seconds=n))])
            listener.ready.clear()
            mqtt_broker.start()
            assert await asyncio.to_thread(listener.ready.wait, DEADLINE_S)
            proxy.heal()
            _, birth, _ = await until(listener, "/NBIRTH/")
            assert bd_seq(birth) == 1
            _, data, _ = await until(listener, "/DDATA/")
            metrics = pysparkplug.DData.decode(data, birth=births(listener)["A-01-1"]).metrics
            assert [(metric.value, metric.is_historical) for metric in metrics] == [
                (2.0, True),
                (3.0, True),
                (4.0, True),
            ]
            assert (player.connections, player.readings_lost) == (2, 2)

    with listening(mqtt_broker) as listener:
        asyncio.run(live(listener))


def test_a_primary_host_is_waited_for_and_its_going_ends_the_session(mqtt_broker: Mosquitto) -> None:
    topic = "spBv1.0/STATE/scada"

    async def live(listener: Listener) -> None:
        def say(online: bool, since_ms: int) -> None:
            listener.client.publish(topic, json.dumps({"online": online, "timestamp": since_ms}), 1, retain=True)

        say(False, 1)
        await until(listener, topic)
        settings = Formats(sparkplug=Sparkplug(primary_host="scada"))
        async with playing(one_node("sparkplug", settings), mqtt_broker.port) as player:
            assert len(listener.seen) == 1
            say(True, 2)
            _, first, _ = await until(listener, "/NBIRTH/")
            say(False, 3)
            await until(listener, "/NDEATH/")
            await eventually(lambda: player.connections == 2)
            say(True, 4)
            _, second, _ = await until(listener, "/NBIRTH/")
            assert (bd_seq(first), bd_seq(second)) == (0, 1)

    with listening(mqtt_broker) as listener:
        asyncio.run(live(listener))
    assert [topic.split("/")[2] for topic, _, _ in listener.seen].count("NDEATH") == 1


@pytest.mark.parametrize(
    ("form", "topic", "online", "offline"),
    [
        ("homeassistant", "bin-a-01-1/status", b"online", b"offline"),
        ("tasmota", "tele/bin_a_01_1/LWT", b"Online", b"Offline"),
    ],
)
def test_availability_is_retained_and_its_will_too(
    form: str,
    topic: str,
    online: bytes,
    offline: bytes,
    mqtt_broker: Mosquitto,
    tcp_proxy: Callable[[int], ProxyInTest],
) -> None:
    async def live(listener: Listener) -> None:
        proxy = tcp_proxy(mqtt_broker.port)
        async with playing(one_node(form), proxy.port):
            await until(listener, topic, online)
            proxy.cut()
            await until(listener, topic, offline)
            await until(listener, topic, online)
        await until(listener, topic, offline)

    with listening(mqtt_broker) as listener:
        asyncio.run(live(listener))
    with listening(mqtt_broker) as late:
        assert late.until(topic) == (topic, offline, True)


def test_readings_are_told_when_they_are_due(mqtt_broker: Mosquitto) -> None:
    async def live(listener: Listener) -> None:
        async with playing(one_node("plain"), mqtt_broker.port) as player:
            readings = [mass(float(n), AT + timedelta(seconds=10 * n)) for n in range(6)]
            clock = simulated_clock(AT, 100.0)
            told = await play({"A-01-1": player}, readings, clock, 100.0, asyncio.Event())
            assert told == 6
            assert clock() >= AT + timedelta(seconds=50)
            await until(
                listener,
                "bins/a-01-1",
                json.dumps({"bin": "A-01-1", "at": "2026-01-05T08:00:50.000000Z", "mass_kg": 5.0}).encode(),
            )

    with listening(mqtt_broker) as listener:
        asyncio.run(live(listener))
    assert [json.loads(payload)["mass_kg"] for _, payload, _ in listener.seen] == [0, 1, 2, 3, 4, 5]


def test_playing_stops_when_it_is_told_to() -> None:
    async def live() -> int:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, stop.set)
        player = NodePlayer(one_node("plain"), Broker("nowhere"), utc_now)
        late = [mass(1.0, AT + timedelta(hours=1))]
        async with asyncio.timeout(DEADLINE_S):
            return await play({"A-01-1": player}, late, simulated_clock(AT, 1.0), 1.0, stop)

    assert asyncio.run(live()) == 0
