"""The link to a broker: addresses, deadlines, bounds, TLS, threads, what is said when there is no broker."""

import asyncio
import gc
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tagdock_contract import TagRead
from tagdock_simulators.fixtures import ProxyInTest, mqtt_broker, simulators_loop, tcp_proxy  # noqa: F401  # fixtures
from tagdock_simulators.fixtures.mosquitto import Mosquitto
from tagdock_simulators.mqtt.broker import Broker, broker_at
from tagdock_simulators.mqtt.link import Link
from tagdock_simulators.mqtt.messages import BrokerError, Hello, Message, Patience
from tagdock_simulators.mqtt.mosquitto import mosquitto_program
from tagdock_simulators.mqtt_readers.impinj import Impinj
from tagdock_simulators.mqtt_readers.messages import Delivery
from tagdock_simulators.mqtt_readers.reader import MqttReader
from tagdock_simulators.sensors.formats.choice import Formats, nodes_for
from tagdock_simulators.sensors.formats.node import Node
from tagdock_simulators.sensors.kit import Kit
from tagdock_simulators.sensors.life import bin_names
from tagdock_simulators.sensors.player import NodePlayer
from tagdock_simulators.sensors.readings import Quantity, Reading, Sample

DEADLINE_S = 30.0
AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
QUICK = Patience(connect_s=1.0, close_s=1.0, retry_first_s=0.05, retry_longest_s=0.2)


class Talker:
    """A client that says what the test says and keeps what it hears."""

    def __init__(self, port: int, patience: Patience = QUICK, *topics: str, resends: bool = False) -> None:
        self.said: list[str] = []
        self.heard: list[bytes] = []
        self._hello = Hello("talker", subscriptions=tuple((topic, 1) for topic in topics))
        self.link = Link("talker", Broker("127.0.0.1", port), patience, self.said.append, resends=resends)

    async def start(self, within_s: float | None = None) -> None:
        await self.link.start(lambda: self._hello, self._live, within_s)

    async def _live(self) -> None:
        while self.link.up and not self.link.closing:
            self.heard += [message.payload for message in self.link.line.heard()]
            await self.link.rest()
        await self.link.drain()


async def eventually(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not true():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def talking(talker: Talker) -> AsyncIterator[Link]:
    await talker.start(DEADLINE_S)
    try:
        yield talker.link
    finally:
        await talker.link.close()


def nodes(form: str, count: int = 1) -> list[Node]:
    bins = {name: Kit().quantities for name in bin_names(count)}
    return list(dict.fromkeys(nodes_for(form, bins, Formats()).values()))  # type: ignore[arg-type]


def test_a_broker_that_is_not_there_is_said_within_the_time(unused_port: int) -> None:
    async def live() -> None:
        talker = Talker(unused_port)
        with pytest.raises(BrokerError, match=r"can't be reached .* check that a broker listens there"):
            await talker.start(0.3)
        talker.link.send(Message("t", b""))
        assert talker.link.line.messages_lost == 1
        await talker.link.close()

    asyncio.run(live())


def test_a_listener_that_is_no_broker_is_said_to_be_none(silent_server: int) -> None:
    async def live() -> None:
        talker = Talker(silent_server, Patience(connect_s=0.2, retry_first_s=0.05))
        with pytest.raises(BrokerError, match="is it an MQTT broker"):
            await talker.start(0.4)
        await talker.link.close()

    asyncio.run(live())


def test_a_server_that_never_finishes_tls_is_left_in_time(silent_server: int) -> None:
    async def live() -> list[str]:
        said: list[str] = []
        patience = Patience(connect_s=0.2, retry_first_s=0.05)
        link = Link("talker", Broker("127.0.0.1", silent_server, tls=True), patience, said.append, resends=False)
        await link.start(lambda: Hello("talker"), link.drain)
        await eventually(lambda: bool(said))
        await link.close()
        return said

    assert "can't be reached (no answer in 0.2 s)" in asyncio.run(live())[0]


def test_the_queue_has_a_bound_and_the_oldest_go_first(mqtt_broker: Mosquitto) -> None:  # noqa: F811
    async def live() -> tuple[Talker, Talker]:
        ear = Talker(mqtt_broker.port, QUICK, "n")
        ear._hello = Hello("ear", subscriptions=(("n", 1),))
        talker = Talker(mqtt_broker.port, Patience(queue=10, window=5))
        async with talking(ear), talking(talker) as link:
            link.send(*(Message("n", str(n).encode(), qos=1) for n in range(100)))
            await eventually(lambda: len(ear.heard) == 15)
        return talker, ear

    talker, ear = asyncio.run(live())
    assert (talker.link.line.messages_delivered, talker.link.line.messages_lost) == (15, 85)
    assert [int(number) for number in ear.heard] == [*range(5), *range(90, 100)]


@pytest.mark.parametrize(
    ("resends", "delivered", "lost", "arrived"), [(True, 4, 0, 6), (False, 1, 3, 3)], ids=["reader", "sensor"]
)
def test_what_was_not_acknowledged_is_sent_again_if_it_is_worth_it(
    resends: bool,
    delivered: int,
    lost: int,
    arrived: int,
    mqtt_broker: Mosquitto,  # noqa: F811
    tcp_proxy: Callable[[int], ProxyInTest],  # noqa: F811
) -> None:
    async def live() -> tuple[int, int]:
        proxy = tcp_proxy(mqtt_broker.port)
        talker = Talker(proxy.port, QUICK, resends=resends)
        async with talking(ear), talking(talker) as link:
            proxy.do("delay", 60.0, "client")
            link.send(*(Message("n", b"x", qos=1) for _ in range(3)))
            await eventually(lambda: len(ear.heard) == 3)
            proxy.cut()
            proxy.heal()
            await eventually(lambda: link.connections == 2 and link.up)
            link.send(Message("n", b"end", qos=1))
            await eventually(lambda: link.line.idle and b"end" in ear.heard)
            return link.line.messages_delivered, link.line.messages_lost

    ear = Talker(mqtt_broker.port, QUICK, "n")
    ear._hello = Hello("ear", subscriptions=(("n", 1),))
    assert asyncio.run(live()) == (delivered, lost)
    assert ear.heard == [b"x"] * arrived + [b"end"]


def test_a_broker_that_acknowledges_nothing_is_left_by_a_sensor_too(
    mqtt_broker: Mosquitto,  # noqa: F811
    tcp_proxy: Callable[[int], ProxyInTest],  # noqa: F811
) -> None:
    async def live() -> list[str]:
        proxy = tcp_proxy(mqtt_broker.port)
        talker = Talker(proxy.port, Patience(ack_s=0.1, retry_first_s=0.05))
        async with talking(talker) as link:
            proxy.black_hole()
            link.send(Message("n", b"x", qos=1))
            await eventually(lambda: bool(talker.said))
            proxy.heal()
            await eventually(lambda: link.connections >= 2)
        return talker.said

    assert asyncio.run(live())[0] == "talker: the broker has acknowledged nothing for 0.1 s; trying again"


def test_a_broker_that_vanishes_while_nothing_is_said_is_missed(
    mqtt_broker: Mosquitto,  # noqa: F811
    tcp_proxy: Callable[[int], ProxyInTest],  # noqa: F811
) -> None:
    async def live() -> None:
        proxy = tcp_proxy(mqtt_broker.port)
        talker = Talker(proxy.port)
        talker._hello = Hello("talker", keepalive_s=1)
        async with talking(talker) as link:
            proxy.black_hole()
            await eventually(lambda: not link.up)
            proxy.heal()
            await eventually(lambda: link.connections >= 2)

    asyncio.run(live())


def test_a_refused_subscription_is_told_with_its_remedy() -> None:
    async def refuse(came: asyncio.StreamReader, goes: asyncio.StreamWriter) -> None:
        """Take anybody, but no subscription: mosquitto refuses none (MQTT 3.1.1, sections 3.2, 3.9)."""
        await came.readexactly((await came.readexactly(2))[1])
        goes.write(b"\x20\x02\x00\x00")
        subscribe = await came.readexactly((await came.readexactly(2))[1])
        goes.write(b"\x90\x03" + subscribe[:2] + b"\x80")
        await came.read()
        goes.close()

    async def live() -> None:
        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
            talker = Talker(server.sockets[0].getsockname()[1], QUICK, "n")
            try:
                with pytest.raises(BrokerError, match="refused a subscription; check the broker's access rules"):
                    await talker.start(0.5)
            finally:
                await talker.link.close()

    asyncio.run(live())


def test_closing_while_connecting_takes_no_longer_than_it_may(silent_server: int) -> None:
    async def live() -> None:
        talker = Talker(silent_server, Patience(connect_s=3600.0, close_s=0.1))
        await talker.start()
        await asyncio.sleep(0.05)
        async with asyncio.timeout(DEADLINE_S):
            await talker.link.close()

    asyncio.run(live())


def test_a_links_sockets_are_closed_with_it_and_not_by_a_later_collection(mqtt_broker: Mosquitto) -> None:  # noqa: F811
    async def live() -> set[str]:
        before = sockets()
        async with talking(Talker(mqtt_broker.port)) as link:
            assert len(sockets()) > len(before)
            link.plug(False)
            link.plug(True)
            await eventually(lambda: link.connections == 2)
        return sockets() - before

    gc.disable()
    try:
        assert asyncio.run(live()) == set()
    finally:
        gc.enable()


def sockets() -> set[str]:
    """The sockets that this process holds open."""
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        try:
            found.add(str(each.readlink()))
        except OSError:  # closed meanwhile: it was the folder's own
            continue
    return {each for each in found if each.startswith("socket:")}


def test_nothing_goes_before_the_greeting(mqtt_broker: Mosquitto) -> None:  # noqa: F811
    async def live() -> list[bytes]:
        ear = Talker(mqtt_broker.port, QUICK, "n")
        ear._hello = Hello("ear", subscriptions=(("n", 1),))
        talker = Talker(mqtt_broker.port)
        link = talker.link

        async def greet() -> None:
            link.send(Message("n", b"greeting"))
            await link.drain()
            while not link.closing:
                await link.rest()

        async with talking(ear):
            await link.start(lambda: Hello("talker"), greet)
            async with asyncio.timeout(DEADLINE_S):
                while not link.up:
                    await asyncio.sleep(0)
            link.send(Message("n", b"state"))
            await eventually(lambda: len(ear.heard) == 2)
            await link.close()
        return ear.heard

    assert asyncio.run(live()) == [b"greeting", b"state"]


def test_of_a_flood_the_newest_hundred_messages_are_kept_and_none_that_is_large(mqtt_broker: Mosquitto) -> None:  # noqa: F811
    class Deaf(Talker):
        async def _live(self) -> None:
            while self.link.up and not self.link.closing:
                await self.link.rest()

    async def live() -> list[bytes]:
        deaf, talker = Deaf(mqtt_broker.port, QUICK, "n"), Talker(mqtt_broker.port)
        talker._hello = Hello("mouth")
        async with talking(deaf) as ear, talking(talker) as mouth:
            for number in range(150):
                mouth.send(Message("n", b"%d" % number, qos=1))
            mouth.send(Message("n", bytes(70_000), qos=1))
            mouth.send(Message("n", b"last", qos=1))
            await eventually(lambda: bool(ear.line._heard) and ear.line._heard[-1].payload == b"last")
            return [message.payload for message in ear.line.heard()]

    assert asyncio.run(live()) == [b"%d" % number for number in range(51, 150)] + [b"last"]


def test_three_hundred_bins_live_on_one_thread(mqtt_broker: Mosquitto) -> None:  # noqa: F811
    async def live() -> tuple[int, int, int]:
        broker = Broker("127.0.0.1", mqtt_broker.port)
        players = [NodePlayer(node, broker, lambda: AT) for node in nodes("homeassistant", 300)]
        before = threading.active_count()
        try:
            await asyncio.gather(*(player.start(DEADLINE_S) for player in players))
            up, more = sum(player.up for player in players), threading.active_count() - before
        finally:
            await asyncio.gather(*(player.close() for player in players))
        return up, more, sum(player.messages_lost for player in players)

    assert asyncio.run(live()) == (300, 0, 0)


@pytest.mark.parametrize("password", ["right", "wrong"])
def test_both_players_live_over_tls_with_a_password(password: str, tmp_path: Path) -> None:
    broker, ca_file = tls_broker(tmp_path)
    there = Broker("127.0.0.1", broker.port, tls=True, username="dock", password=password, ca_file=ca_file)
    said: list[str] = []

    async def read() -> int:
        reader = MqttReader(Impinj("dock-1", "events", delivery=Delivery(qos=1)), there, waits=QUICK, say=said.append)
        await reader.start()
        reader.feed(*(TagRead(AT, "dock-1", 1, f"{n:024X}", -50.0) for n in range(200)))
        await eventually(lambda: reader.tags_reported == 200 or bool(said))
        await reader.close()
        return reader.tags_reported

    async def tell() -> tuple[int, int]:
        (node,) = nodes("homeassistant")
        player = NodePlayer(node, there, lambda: AT)
        try:
            await player.start(3.0)
            player.tell([Reading(AT, "A-01-1", Sample(Quantity.MASS, 1.0))])
        finally:
            await player.close()
        return player.connections, player.messages_lost

    try:
        if password == "right":
            assert (asyncio.run(read()), asyncio.run(tell()), said) == (200, (1, 0), [])
        else:
            assert asyncio.run(read()) == 0
            assert "check user and password" in said[0]
            with pytest.raises(BrokerError, match="check user and password"):
                asyncio.run(tell())
    finally:
        broker.kill()


def tls_broker(folder: Path) -> tuple[Mosquitto, Path]:
    """A broker that speaks TLS and asks for a password, and the authority that it is known by."""
    cert, key, passwords = folder / "cert.pem", folder / "key.pem", folder / "passwords"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    try:
        subprocess.run([*request, *names], check=True, capture_output=True)
        subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "dock", "right"], check=True, capture_output=True)
    except FileNotFoundError as error:
        pytest.skip(f"no {error.filename} here; apt-get install openssl mosquitto runs this test")
    more = f"certfile {cert}\nkeyfile {key}\nallow_anonymous false\npassword_file {passwords}\n"
    return broker_with(folder, more), cert


def broker_with(folder: Path, more: str) -> Mosquitto:
    program = mosquitto_program()
    if program is None:
        pytest.skip("no mosquitto here; apt-get install mosquitto runs this test")
    return Mosquitto(program, folder, more)


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
