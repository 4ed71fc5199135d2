"""Gateways for measuring the cloud: MQTT 3.1.1 on bare sockets, prepared packets, so they take little of the cores.

A client library would cost more a message than what is measured. They keep the protocol: QoS 1, PUBACK for each ack.
"""

import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Sequence

from tagdock_contract import Ack, GatewayAddress, decode_ack

_CONNACK, _PUBLISH, _PUBACK, _SUBACK = 2, 3, 4, 9
_ANSWER_TIMEOUT_S = 60.0


class Gateway:
    """One gateway's connection; `poll` does what there is to do without waiting."""

    def __init__(self, port: int, address: GatewayAddress, password: str) -> None:
        self.address = address
        self._unsent: deque[bytes] = deque()
        self._received = bytearray()
        self._packet_id = 0
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(_connect(address.client_id, password))
        self._expect(_CONNACK)
        self.socket.sendall(_packet(0x82, struct.pack("!H", 1) + _text(address.topic("ack")) + b"\x01"))
        self._expect(_SUBACK)
        self.socket.setblocking(False)

    def publish(self, payload: bytes) -> None:
        """Queue a batch for sending."""
        self._packet_id = self._packet_id % 65535 + 1
        head = _text(self.address.topic("events")) + struct.pack("!H", self._packet_id)
        self._unsent.append(_packet(0x32, head + payload))

    @property
    def has_unsent(self) -> bool:
        """Whether anything waits to be sent."""
        return bool(self._unsent)

    def write(self) -> None:
        """Send as much as the socket takes."""
        chunk = b"".join(self._unsent)
        self._unsent.clear()
        try:
            sent = self.socket.send(chunk)
        except BlockingIOError:
            sent = 0
        if sent < len(chunk):
            self._unsent.append(chunk[sent:])

    def read(self) -> list[Ack]:
        """Take what has come and return the acks in it."""
        try:
            chunk = self.socket.recv(1 << 20)
        except BlockingIOError:
            return []
        if not chunk:
            raise ConnectionError("the broker hung up")
        self._received += chunk
        acks = []
        for kind, body in _split(self._received):
            if kind == _PUBLISH:
                topic = int.from_bytes(body[:2], "big")
                self._unsent.append(_packet(0x40, body[2 + topic : 4 + topic]))
                acks.append(decode_ack(bytes(body[4 + topic :])))
        return acks

    def _expect(self, kind: int) -> None:
        while not (packets := list(_split(self._received))):
            self._received += self.socket.recv(4096)
        if packets[0][0] != kind:
            raise ConnectionError(f"the broker answered with packet {packets[0][0]}, not {kind}")


def drive(
    gateways: Sequence[Gateway], feed: Callable[[], tuple[int, bytes] | None], on_ack: Callable[[Ack], bool]
) -> None:
    """Publish what `feed` gives (gateway's number and batch; None: nothing now) until `on_ack` says it is done."""
    selector = selectors.DefaultSelector()
    for gateway in gateways:
        selector.register(gateway.socket, selectors.EVENT_READ, gateway)
    last_s = time.monotonic()
    while True:
        while (item := feed()) is not None:
            gateways[item[0]].publish(item[1])
        for gateway in gateways:
            if gateway.has_unsent:
                gateway.write()
        for key, _ in selector.select(0.002):
            for ack in key.data.read():
                last_s = time.monotonic()
                if on_ack(ack):
                    return
        if time.monotonic() - last_s > _ANSWER_TIMEOUT_S:
            raise TimeoutError("no ack for a minute")


def _connect(client_id: str, password: str) -> bytes:
    login = _text(client_id) + _text(client_id) + _text(password)
    return _packet(0x10, _text("MQTT") + bytes([4, 0b11000010]) + struct.pack("!H", 0) + login)


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text)) + text.encode()


def _packet(head: int, body: bytes | bytearray) -> bytes:
    length, size = len(body), bytearray()
    while True:
        length, digit = length >> 7, length & 127
        size.append(digit | 128 if length else digit)
        if not length:
            return bytes([head]) + size + body


def _split(received: bytearray) -> list[tuple[int, bytearray]]:
    """Cut whole packets off the front; return each one's type and body."""
    packets, at = [], 0
    while True:
        size, shift, place = 0, 0, at + 1
        while place < len(received) and received[place] & 128:
            size |= (received[place] & 127) << shift
            shift, place = shift + 7, place + 1
        if place >= len(received):
            break
        size |= received[place] << shift
        if place + 1 + size > len(received):
            break
        packets.append((received[at] >> 4, received[place + 1 : place + 1 + size]))
        at = place + 1 + size
    del received[:at]
    return packets
