"""Reading by the bulk: the same messages come out however the stream is cut, and paho gets all that is not plain."""

import socket
import struct
from collections.abc import Iterator

import pytest
from paho.mqtt.client import MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from tagdock_cloud.ingest.bulk import BulkClient, Message


def packet(head: int, body: bytes) -> bytes:
    """Build an MQTT packet (MQTT 3.1.1, section 2.2)."""
    length, size = len(body), bytearray()
    while length >= 128:
        size.append(length & 127 | 128)
        length >>= 7
    return bytes([head, *size, length]) + body


def publication(head: int, topic: bytes, payload: bytes, number: int | None) -> bytes:
    name = struct.pack("!H", len(topic)) + topic
    return packet(head, name + (b"" if number is None else struct.pack("!H", number)) + payload)


PLAIN = [(b"a/b", b"", 1), (b"a/b", b"x" * 100, 2), (b"t", b"y" * 20_000, 300), (b"a/b", b"z" * 300, 65_535)]
STREAM = b"".join(
    [
        publication(0x32, *PLAIN[0]),
        publication(0x3A, *PLAIN[1]),  # sent again
        publication(0x30, b"status", b"of QoS 0", None),
        publication(0x33, *PLAIN[2]),  # retained
        packet(0xD0, b""),  # an answer to a ping
        publication(0x32, *PLAIN[3]),
    ]
)
EXPECTED = [(*PLAIN[0], False), (*PLAIN[1], False), (*PLAIN[2], True), (*PLAIN[3], False)]


@pytest.fixture
def wire() -> Iterator[tuple[socket.socket, BulkClient]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    client = BulkClient(CallbackAPIVersion.VERSION2, client_id="test", protocol=MQTTv311)
    client._sock = ours  # as connect() leaves it
    with theirs, ours:
        yield theirs, client


@pytest.mark.parametrize("size", [1, 3, 7, 100, 4096, len(STREAM)])
def test_the_same_comes_out_however_the_stream_is_cut(size: int, wire: tuple[socket.socket, BulkClient]) -> None:
    theirs, client = wire
    taken: list[Message] = []
    others: list[tuple[int, str, bytes]] = []
    client.take = taken.extend
    client.on_message = lambda _client, _user, message: others.append((len(taken), message.topic, message.payload))
    for at in range(0, len(STREAM), size):
        theirs.sendall(STREAM[at : at + size])
        assert client.loop_read() == MQTTErrorCode.MQTT_ERR_SUCCESS
    found = [(topic, payload, number, retained) for topic, payload, retained, number in taken]
    assert found == EXPECTED
    assert others == [(2, "status", b"of QoS 0")]  # in its turn


def test_a_length_that_mqtt_does_not_know_ends_the_connection(wire: tuple[socket.socket, BulkClient]) -> None:
    theirs, client = wire
    client.take = lambda _: None
    theirs.sendall(b"\x32" + b"\xff" * 6)
    assert client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS


def test_a_broker_that_hangs_up_is_noticed(wire: tuple[socket.socket, BulkClient]) -> None:
    theirs, client = wire
    theirs.close()
    assert client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS
