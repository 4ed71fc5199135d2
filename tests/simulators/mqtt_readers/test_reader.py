"""Readers against a real broker: delivery, counted loss, wills, commands, cuts, and a close that ends in time."""

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tagdock_simulators.fixtures.mosquitto import Mosquitto
from tagdock_simulators.mqtt.broker import Broker
from tagdock_simulators.mqtt.messages import BrokerError
from tagdock_simulators.mqtt.mosquitto import mosquitto_program
from tagdock_simulators.mqtt_readers.format import Format
from tagdock_simulators.mqtt_readers.impinj import FIELDS, Impinj
from tagdock_simulators.mqtt_readers.mapped import Mapped
from tagdock_simulators.mqtt_readers.messages import Delivery
from tagdock_simulators.mqtt_readers.reader import MqttReader
from tagdock_simulators.mqtt_readers.zebra import Zebra

SCHEMAS = {
    file.stem: Draft202012Validator(json.loads(file.read_text()))
    for file in (Path(__file__).parent / "schemas").glob("*.json")
}
Listen = Callable[[int], Any]
Proxy = Callable[..., Any]


def impinj(**more: Any) -> Impinj:
    delivery = Delivery(**{"qos": 1, **more})
    return Impinj("dock-1", "events", "status", fields=FIELDS, delivery=delivery)


def zebra(**more: Any) -> Zebra:
    return Zebra("dock-1", "data", "events", "ctrl/cmd", "ctrl/res", delivery=Delivery(**{"qos": 1, **more}))


def mapped(**more: Any) -> Mapped:
    return Mapped("dock-1", delivery=Delivery(**{"qos": 1, **more}))


def tags(payloads: list[bytes]) -> list[str]:
    """The EPCs in order, whatever the format."""
    found: list[str] = []
    for payload in payloads:
        message = json.loads(payload)
        for event in message if isinstance(message, list) else [message]:
            if "tagInventoryEvent" in event:
                found.append(event["tagInventoryEvent"]["epcHex"])
            elif "data" in event and "reads" in event["data"] and isinstance(event["data"]["reads"], list):
                found += [each["tag"].upper() for each in event["data"]["reads"]]
            elif "idHex" in event.get("data", {}):
                found.append(event["data"]["idHex"].upper())
    return found


def fed(reader: MqttReader, reads: list[Any]) -> None:
    for read in reads:
        reader.feed(read)


def adds_up(reader: MqttReader, count: int) -> bool:
    return reader.tags_reported + reader.tags_lost + reader.tags_merged + reader.tags_waiting == count


@pytest.mark.parametrize(
    ("make", "topic", "qos"),
    [
        (impinj, "events", 0),
        (impinj, "events", 1),
        (impinj, "events", 2),
        (zebra, "data", 0),
        (mapped, "warehouse/dock-1/reads", 1),
    ],
    ids=["impinj 0", "impinj 1", "impinj 2", "zebra 0", "mapped 1"],
)
def test_what_is_fed_arrives_once_in_order_and_is_counted(
    make: Callable[..., Format], topic: str, qos: int, mqtt_broker: Mosquitto, listen: Listen, mq: SimpleNamespace
) -> None:
    async def scene() -> MqttReader:
        async with mq.playing(make(qos=qos), mqtt_broker.port) as reader:
            await mq.until(lambda: reader.connected)
            for start in range(0, 500, 50):
                fed(reader, reads[start : start + 50])
                await asyncio.sleep(0.001)
            await mq.until(lambda: len(tags(listener.on(topic))) == 500)
        assert isinstance(reader, MqttReader)
        return reader

    reads = [mq.read(number) for number in range(500)]
    listener = listen(mqtt_broker.port)
    reader = asyncio.run(scene())
    assert tags(listener.on(topic)) == [read.epc for read in reads]
    assert (reader.tags_reported, reader.tags_lost, reader.tags_waiting) == (500, 0, 0)


def test_every_message_on_the_wire_obeys_its_schema(
    mqtt_broker: Mosquitto, listen: Listen, mq: SimpleNamespace
) -> None:
    async def scene() -> None:
        async with (
            mq.playing(impinj(), mqtt_broker.port) as one,
            mq.playing(zebra(heartbeat_s=0.05), mqtt_broker.port) as two,
        ):
            await mq.until(lambda: one.connected and two.connected)
            for reader in (one, two):
                fed(reader, [mq.read(1), mq.change(), mq.read(2)])
            one.set_antenna(2, connected=False)
            listener.publish("ctrl/cmd", '{"command": "stop", "command_id": "7", "payload": {}}')
            await mq.until(lambda: [len(listener.on(name)) for name in ("ctrl/res", "data")] == [1, 2])
            await mq.until(lambda: len(listener.on("events")) >= 9)

    listener = listen(mqtt_broker.port)
    asyncio.run(scene())
    for payload in listener.on("events"):
        SCHEMAS["zebra_management" if b'"component"' in payload else "impinj"].validate(json.loads(payload))
    for topic, schema in (("data", "zebra_tag"), ("ctrl/res", "zebra_response")):
        for payload in listener.on(topic):
            SCHEMAS[schema].validate(json.loads(payload))
    assert len(listener.on("data")) == 2


def test_mosquittos_own_client_hears_the_same(mqtt_broker: Mosquitto, mq: SimpleNamespace) -> None:
    async def scene() -> str:
        command = ("mosquitto_sub", "-p", str(mqtt_broker.port), "-t", "events", "-q", "1", "-C", "4", "-W", "10")
        heard = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        async with mq.playing(impinj(), mqtt_broker.port) as reader:
            for number in range(3000):
                reader.feed(mq.read(number))
                if number % 10 == 0:
                    await asyncio.sleep(0.002)
                if heard.returncode is not None:
                    break
            out, _ = await asyncio.wait_for(heard.communicate(), 15)
        return out.decode()

    try:
        subprocess.run(["mosquitto_sub", "--help"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mosquitto_sub here; apt-get install mosquitto-clients runs this test")
    lines = asyncio.run(scene()).splitlines()
    assert len(lines) == 4
    for line in lines:
        SCHEMAS["impinj"].validate(json.loads(line))


def test_a_broker_that_is_killed_loses_nothing_that_the_buffer_holds(
    mqtt_broker: Mosquitto, listen: Listen, mq: SimpleNamespace
) -> None:
    async def scene() -> MqttReader:
        async with mq.playing(impinj(), mqtt_broker.port) as reader:
            await mq.until(lambda: reader.connected)
            fed(reader, reads[:1000])
            await mq.until(lambda: reader.tags_reported > 100)
            mqtt_broker.kill()
            await mq.until(lambda: not reader.connected)
            fed(reader, reads[1000:])
            assert adds_up(reader, 2000)
            await asyncio.to_thread(mqtt_broker.start)
            await asyncio.to_thread(lambda: heard.append(listen(mqtt_broker.port)))
            await mq.until(lambda: reader.tags_waiting == 0)
        return reader  # type: ignore[no-any-return]

    reads = [mq.read(number) for number in range(2000)]
    heard = [listen(mqtt_broker.port)]
    reader = asyncio.run(scene())
    assert (reader.tags_reported, reader.tags_lost) == (2000, 0)
    said: list[str] = reader.said  # type: ignore[attr-defined]
    assert said[0].endswith("; trying again")
    assert said[-1] == "dock-1: connected again"


def test_what_the_buffer_cannot_hold_is_lost_oldest_first_and_told(
    mqtt_broker: Mosquitto, listen: Listen, mq: SimpleNamespace
) -> None:
    async def scene() -> MqttReader:
        async with mq.playing(impinj(buffer_reads=100), mqtt_broker.port) as reader:
            await mq.until(lambda: reader.connected)
            reader.set_online(False)
            fed(reader, reads)
            assert (reader.tags_lost, reader.tags_waiting) == (150, 100)
            reader.set_online(True)
            await mq.until(lambda: len(tags(listener.on("events"))) == 100)
        return reader  # type: ignore[no-any-return]

    reads = [mq.read(number) for number in range(250)]
    listener = listen(mqtt_broker.port)
    reader = asyncio.run(scene())
    assert tags(listener.on("events")) == [read.epc for read in reads[150:]]
    assert (reader.tags_reported, reader.tags_lost) == (100, 150)
    (overflow,) = [event for event in map(json.loads, listener.on("events")) if event["eventType"] == "overflow"]
    assert (overflow["overflowEvent"]["eventsPurged"], overflow["overflowEvent"]["eventsRemaining"]) == (150, 100)


def test_a_reader_that_loses_its_power_leaves_its_will_and_one_that_goes_says_so(
    mqtt_broker: Mosquitto, listen: Listen, mq: SimpleNamespace
) -> None:
    async def scene() -> None:
        async with mq.playing(impinj(), mqtt_broker.port) as reader:
            await mq.until(lambda: listener.on("status") == [b"connected"])
            reader.set_online(False)
            await mq.until(lambda: len(listener.on("status")) == 2)
            reader.set_online(True)
            await mq.until(lambda: len(listener.on("status")) == 3)

    listener = listen(mqtt_broker.port)
    asyncio.run(scene())
    late = listen(mqtt_broker.port)
    asyncio.run(mq.until(lambda: late.messages))
    assert listener.on("status") == [b"connected", b"connection lost", b"connected", b"disconnected"]
    assert [(each.payload, each.retained) for each in late.messages] == [(b"disconnected", True)]


def test_start_and_stop_come_over_the_command_topic(
    mqtt_broker: Mosquitto, listen: Listen, mq: SimpleNamespace
) -> None:
    async def scene() -> None:
        async with mq.playing(zebra(), mqtt_broker.port) as reader:
            await mq.until(lambda: reader.connected)
            for place, command in enumerate(("stop", "start")):
                listener.publish("ctrl/cmd", json.dumps({"command": command, "command_id": command}))
                await mq.until(lambda place=place: len(listener.on("ctrl/res")) == place + 1)
                await mq.until(lambda command=command: reader.running is (command == "start"))
                reader.feed(mq.read(place))
            await mq.until(lambda: reader.tags_reported == 1 and len(listener.on("data")) == 1)
            assert reader.tags_lost == 1  # nobody listens to the antennas while the inventory rests

    listener = listen(mqtt_broker.port)
    asyncio.run(scene())
    assert tags(listener.on("data")) == [mq.read(1).epc]


def test_a_flood_of_commands_neither_breaks_nor_stops_a_reader(
    mqtt_broker: Mosquitto, listen: Listen, mq: SimpleNamespace
) -> None:
    async def scene() -> None:
        async with mq.playing(zebra(), mqtt_broker.port) as reader:
            await mq.until(lambda: reader.connected)
            for payload in (b"", b"\xff\xfe", b"[" * 60_000, b"x" * 70_000, b'{"command": {}}') * 8:
                listener.publish("ctrl/cmd", payload)
            reader.feed(mq.read())
            await mq.until(lambda: reader.tags_reported == 1)

    listener = listen(mqtt_broker.port)
    asyncio.run(scene())
    assert listener.on("ctrl/res") == []


@pytest.mark.parametrize(("batch_bytes", "at_least", "at_most"), [(256_000, 1, 12), (1_000, 40, 80)])
def test_batches_gather_events_up_to_a_time_and_a_size(
    batch_bytes: int, at_least: int, at_most: int, mqtt_broker: Mosquitto, listen: Listen, mq: SimpleNamespace
) -> None:
    async def scene() -> None:
        async with mq.playing(zebra(batch_s=0.05, batch_bytes=batch_bytes), mqtt_broker.port) as reader:
            await mq.until(lambda: reader.connected)
            for number in range(300):
                reader.feed(mq.read(number))
                await asyncio.sleep(0)
            await mq.until(lambda: len(tags(listener.on("data"))) == 300)

    listener = listen(mqtt_broker.port)
    asyncio.run(scene())
    payloads = listener.on("data")
    assert at_least <= len(payloads) <= at_most
    assert all(len(payload) <= batch_bytes + 2 for payload in payloads)
    numbers = [event["data"]["eventNum"] for payload in payloads for event in json.loads(payload)]
    assert numbers == list(range(1, 301))


def test_a_tag_that_stays_is_not_reported_at_every_read(
    mqtt_broker: Mosquitto, listen: Listen, mq: SimpleNamespace
) -> None:
    async def scene() -> MqttReader:
        async with mq.playing(zebra(repeat_s=1.0), mqtt_broker.port) as reader:
            await mq.until(lambda: reader.connected)
            for number in range(0, 2100, 10):  # 210 reads in 2.1 s of one tag at one antenna
                reader.feed(mq.read(number, epc="3034257BF7194E4000001A85", antenna=1))
            await mq.until(lambda: len(listener.on("data")) == 3)
        return reader  # type: ignore[no-any-return]

    listener = listen(mqtt_broker.port)
    reader = asyncio.run(scene())
    assert [json.loads(payload)["data"]["reads"] for payload in listener.on("data")] == [1, 100, 100]
    assert (reader.tags_merged, reader.tags_lost) == (207, 0)


def test_after_an_outage_the_backlog_comes_at_its_own_pace(mqtt_broker: Mosquitto, mq: SimpleNamespace) -> None:
    async def scene() -> float:
        async with mq.playing(zebra(backlog_per_s=200), mqtt_broker.port) as reader:
            fed(reader, [mq.read(number) for number in range(140)])
            await mq.until(lambda: reader.connected)
            began_s = time.monotonic()
            await mq.until(lambda: reader.tags_reported == 140)
            return time.monotonic() - began_s

    assert asyncio.run(scene()) > 0.4  # 40 at once, 100 at 200 a second


def test_a_connection_cut_inside_a_message_loses_nothing(
    mqtt_broker: Mosquitto, listen: Listen, tcp_proxy: Proxy, mq: SimpleNamespace
) -> None:
    async def scene() -> MqttReader:
        async with mq.playing(impinj(), proxy.port) as reader:
            await mq.until(lambda: reader.connected)
            for start in range(0, 400, 100):
                fed(reader, reads[start : start + 100])
                await asyncio.sleep(0.02)
                await asyncio.to_thread(proxy.cut_inside, 30, "server")
                reader.feed(*reads[start : start + 1])
                await mq.until(lambda: not reader.connected)
                await asyncio.to_thread(proxy.heal)
                await mq.until(lambda: reader.connected)
            await mq.until(lambda: reader.tags_waiting == 0 and len(set(tags(listener.on("events")))) >= 400)
        return reader  # type: ignore[no-any-return]

    reads = [mq.read(number) for number in range(400)]
    proxy = tcp_proxy(mqtt_broker.port)
    listener = listen(mqtt_broker.port)
    reader = asyncio.run(scene())
    assert set(tags(listener.on("events"))) == {read.epc for read in reads}
    assert (reader.tags_reported, reader.tags_lost) == (404, 0)


def test_what_was_not_acknowledged_is_sent_again(
    mqtt_broker: Mosquitto, listen: Listen, tcp_proxy: Proxy, mq: SimpleNamespace
) -> None:
    async def scene() -> MqttReader:
        async with mq.playing(impinj(window=20), proxy.port) as reader:
            await mq.until(lambda: reader.connected)
            await asyncio.to_thread(proxy.do, "delay", 60.0, "client")  # the broker's acknowledgements come too late
            fed(reader, [mq.read(number) for number in range(10)])
            await mq.until(lambda: len(tags(listener.on("events"))) == 10)
            assert (reader.tags_reported, reader.tags_waiting) == (0, 10)
            await asyncio.to_thread(proxy.cut)
            await asyncio.to_thread(proxy.heal)
            await mq.until(lambda: reader.tags_reported == 10 and len(tags(listener.on("events"))) >= 20)
        return reader  # type: ignore[no-any-return]

    proxy = tcp_proxy(mqtt_broker.port)
    listener = listen(mqtt_broker.port)
    reader = asyncio.run(scene())
    assert (reader.tags_reported, reader.tags_lost) == (10, 0)
    assert tags(listener.on("events")) == [mq.read(number).epc for number in range(10)] * 2


def test_a_broker_that_acknowledges_nothing_any_more_is_left(
    mqtt_broker: Mosquitto, tcp_proxy: Proxy, mq: SimpleNamespace
) -> None:
    async def scene() -> list[str]:
        async with mq.playing(impinj(), proxy.port, replace(mq.QUICK, ack_s=0.2)) as reader:
            await mq.until(lambda: reader.connected)
            await asyncio.to_thread(proxy.do, "black_hole")
            fed(reader, [mq.read(number) for number in range(30)])
            await mq.until(lambda: reader.said)
            await asyncio.to_thread(proxy.heal)
            await mq.until(lambda: reader.tags_reported == 30)
            return list(reader.said)

    proxy = tcp_proxy(mqtt_broker.port)
    assert "the broker has acknowledged nothing for 0.2 s; trying again" in asyncio.run(scene())[0]


def test_a_broker_that_stops_reading_holds_nobody_up(
    mqtt_broker: Mosquitto, tcp_proxy: Proxy, mq: SimpleNamespace
) -> None:
    async def scene() -> MqttReader:
        waits = replace(mq.QUICK, close_s=0.5)
        async with mq.playing(mapped(window=5, buffer_reads=1000, batch_bytes=500_000), proxy.port, waits) as reader:
            await mq.until(lambda: reader.connected)
            await asyncio.to_thread(proxy.do, "black_hole")
            for number in range(3000):
                began_s = time.monotonic()
                reader.feed(mq.read(number))
                assert time.monotonic() - began_s < 0.5
                if number % 100 == 0:
                    await asyncio.sleep(0)
            await asyncio.sleep(0.2)
            assert (reader.tags_reported, adds_up(reader, 3000)) == (0, True)
            assert reader.tags_lost >= 3000 - 1000 - 5
            began_s = time.monotonic()
        assert time.monotonic() - began_s < 5.0
        return reader  # type: ignore[no-any-return]

    proxy = tcp_proxy(mqtt_broker.port)
    reader = asyncio.run(scene())
    assert (reader.tags_reported, reader.tags_lost, reader.tags_waiting) == (0, 3000, 0)


def test_at_qos_0_what_is_on_the_line_is_lost_and_not_sent_again(
    mqtt_broker: Mosquitto, listen: Listen, tcp_proxy: Proxy, mq: SimpleNamespace
) -> None:
    async def scene() -> MqttReader:
        async with mq.playing(impinj(qos=0), proxy.port) as reader:
            await mq.until(lambda: reader.connected)
            await asyncio.to_thread(proxy.do, "stop_reading", None, "server")
            count = 0
            while not reader.tags_waiting:  # until the line is full and a message stays half written
                assert count < 200_000, "the line takes more than a line can hold"
                for _ in range(500):
                    reader.feed(mq.read(count))
                    count += 1
                await asyncio.sleep(0.02)
            await asyncio.to_thread(proxy.cut)
            await asyncio.to_thread(proxy.heal)
            await mq.until(lambda: reader.tags_waiting == 0)
            assert adds_up(reader, count)
        return reader  # type: ignore[no-any-return]

    proxy = tcp_proxy(mqtt_broker.port)
    listener = listen(mqtt_broker.port)
    reader = asyncio.run(scene())
    assert reader.tags_lost >= 1
    heard = tags(listener.on("events"))
    assert len(heard) == len(set(heard))


def test_a_server_that_is_no_broker_is_told_from_one_that_is_gone(mq: SimpleNamespace) -> None:
    async def scene(port: int) -> list[str]:
        async with mq.playing(impinj(), port, replace(mq.QUICK, connect_s=0.3)) as reader:
            await mq.until(lambda: reader.said)
            return list(reader.said)

    with socket.create_server(("127.0.0.1", 0)) as mute:
        (said,) = asyncio.run(scene(mute.getsockname()[1]))
        assert "took the connection but gave no answer; is it an MQTT broker?; trying again" in said
        gone = mute.getsockname()[1]
    (said,) = asyncio.run(scene(gone))
    assert "can't be reached" in said


def test_closing_while_the_broker_is_unreachable_takes_no_longer_than_it_may(mq: SimpleNamespace) -> None:
    async def scene() -> MqttReader:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            async with mq.playing(impinj(), mute.getsockname()[1], replace(mq.QUICK, close_s=0.2)) as reader:
                reader.feed(mq.read())
                await asyncio.sleep(0.05)
                began_s = time.monotonic()
            assert time.monotonic() - began_s < 5.0
        return reader  # type: ignore[no-any-return]

    reader = asyncio.run(scene())
    assert (reader.tags_lost, reader.ever_connected) == (1, False)
    reader.feed(mq.read())
    assert (reader.tags_lost, reader.tags_waiting) == (2, 0)


def broker_with(tmp_path: Path, more: str) -> Mosquitto:
    program = mosquitto_program()
    if program is None:
        pytest.skip("no mosquitto here; apt-get install mosquitto runs this test")
    return Mosquitto(program, tmp_path, more)


def test_a_wrong_password_is_told_with_its_remedy_and_the_right_one_is_taken(
    tmp_path: Path, mq: SimpleNamespace
) -> None:
    async def scene(password: str) -> MqttReader:
        async with mq.playing(impinj(), broker.port, username="reader", password=password) as reader:
            await mq.until(lambda: reader.connected or reader.said)
            return reader  # type: ignore[no-any-return]

    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "reader", "right"], check=True, capture_output=True)
    passwords.chmod(0o644)
    broker = broker_with(tmp_path, f"allow_anonymous false\npassword_file {passwords}\n")
    try:
        wrong, right = asyncio.run(scene("wrong")), asyncio.run(scene("right"))
    finally:
        broker.kill()
    assert "check user and password; trying again" in wrong.said[0]  # type: ignore[attr-defined]
    assert right.ever_connected
    assert not wrong.ever_connected


def test_tls_brokers_are_trusted_by_their_authority_only(tmp_path: Path, mq: SimpleNamespace) -> None:
    async def scene(ca_file: Path | None) -> MqttReader:
        async with mq.playing(impinj(), broker.port, tls=True, ca_file=ca_file) as reader:
            reader.feed(*(mq.read(number) for number in range(300)))
            await mq.until(lambda: reader.tags_reported == 300 or reader.said)
            return reader  # type: ignore[no-any-return]

    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    try:
        subprocess.run([*request, *names], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl here; apt-get install openssl runs this test")
    key.chmod(0o644)
    broker = broker_with(tmp_path, f"certfile {cert}\nkeyfile {key}\n")
    try:
        trusted, unknown = asyncio.run(scene(cert)), asyncio.run(scene(None))
    finally:
        broker.kill()
    assert trusted.tags_reported == 300
    assert "can't be reached" in unknown.said[0]  # type: ignore[attr-defined]
    assert "certificate" in unknown.said[0]  # type: ignore[attr-defined]


def test_an_authority_file_that_cannot_be_used_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")

    async def scene() -> None:
        MqttReader(impinj(), Broker("127.0.0.1", 8883, tls=True, ca_file=tmp_path / "ca.pem"))

    with pytest.raises(BrokerError, match="must be a PEM file"):
        asyncio.run(scene())


def test_a_command_that_the_broker_kept_is_not_obeyed_again(
    mqtt_broker: Mosquitto, listen: Listen, mq: SimpleNamespace
) -> None:
    async def scene() -> bool:
        async with mq.playing(zebra(), mqtt_broker.port) as reader:
            await mq.until(lambda: reader.connected)
            listener.publish("ctrl/cmd", '{"command": "get_mode", "command_id": "1"}')
            await mq.until(lambda: listener.on("ctrl/res"))
            return bool(reader.running)

    listener = listen(mqtt_broker.port)
    listener.publish("ctrl/cmd", '{"command": "stop", "command_id": "0"}', retain=True)
    assert asyncio.run(scene())


def test_a_mistake_of_ours_is_told_at_once_and_raised_when_the_reader_is_closed(
    mqtt_broker: Mosquitto, mq: SimpleNamespace
) -> None:
    class Broken(Impinj):
        def event(self, record: Any, number: int, at_ns: int) -> bytes:
            raise ZeroDivisionError

    async def scene() -> None:
        async with mq.playing(Broken("dock-1", "events"), mqtt_broker.port) as reader:
            reader.feed(mq.read())
            await mq.until(lambda: reader.said)
            assert reader.said == ["dock-1: stopped by a mistake in the simulator: ZeroDivisionError()"]

    with pytest.raises(ZeroDivisionError):
        asyncio.run(scene())


def test_a_late_subscriber_learns_from_the_broker_that_the_reader_is_there(
    mqtt_broker: Mosquitto, listen: Listen, mq: SimpleNamespace
) -> None:
    async def scene() -> list[Any]:
        async with mq.playing(impinj(), mqtt_broker.port) as reader:
            await mq.until(lambda: reader.messages_delivered >= 2)
            late = await asyncio.to_thread(listen, mqtt_broker.port)
            await mq.until(lambda: late.messages)
            return [(each.topic, each.payload, each.retained) for each in late.messages]

    assert asyncio.run(scene()) == [("status", b"connected", True)]


def test_reconnecting_waits_longer_each_time_and_not_in_step(mq: SimpleNamespace) -> None:
    async def scene() -> list[float]:
        waits = replace(mq.QUICK, retry_first_s=0.05, retry_longest_s=0.4, connect_s=0.2)
        tries: list[float] = []
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            async with mq.playing(impinj(), server.getsockname()[1], waits):
                while len(tries) < 6:
                    client, _ = await asyncio.wait_for(asyncio.get_running_loop().sock_accept(server), 10)
                    tries.append(time.monotonic())
                    client.close()
        return [late - early for early, late in pairwise(tries)]

    pauses_s = asyncio.run(scene())
    for pause_s, at_least_s in zip(pauses_s, (0.025, 0.05, 0.1, 0.2, 0.2), strict=True):
        assert pause_s >= at_least_s
