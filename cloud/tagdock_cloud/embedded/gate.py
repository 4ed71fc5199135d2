"""The gate before the embedded broker: nobody reaches it who has not said who they are.

amqtt takes over a session, will and all, before it asks for the password; so the password is asked for here, on the
first packet, and only then is the connection handed on. Packets are bounded here too.
"""

import asyncio
import hmac
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from amqtt.adapters import BufferReader, StreamReaderAdapter
from amqtt.errors import AMQTTError, MQTTError, NoDataError
from amqtt.mqtt.connack import ConnackPacket
from amqtt.mqtt.connect import ConnectPacket
from tagdock_contract import MAX_PAYLOAD_BYTES, ContractError, GatewayAddress

from tagdock_cloud.access.acl import CLOUD_USER, may, may_in_lab
from tagdock_cloud.access.secrets import is_secret
from tagdock_cloud.store.errors import StoreError

CONNECT_TIMEOUT_S = 10.0
MAX_CONNECT_BYTES = 64 * 1024
MAX_PACKET_BYTES = MAX_PAYLOAD_BYTES + 1024

ACCEPTED, BAD_PROTOCOL, BAD_CLIENT_ID, UNAVAILABLE, BAD_PASSWORD, FORBIDDEN = range(6)
"""Return codes of CONNACK (MQTT 3.1.1, table 3.1)."""

FindSecret = Callable[[GatewayAddress], Awaitable[str | None]]
_CONNECT = 0x10
_BROKEN = (AMQTTError, MQTTError, NoDataError, ValueError, IndexError, struct.error)


@dataclass(frozen=True, slots=True)
class Gate:
    """Who is let in: ingest by its password, gateways by their secret; in lab mode anybody else too."""

    cloud_password: str = field(repr=False)
    is_open: bool
    find_secret: FindSecret

    async def decide(self, connect: ConnectPacket) -> int:
        """Return the CONNACK code for a CONNECT."""
        if connect.proto_level != 4:  # MQTT 3.1.1, section 3.1.2.2
            return BAD_PROTOCOL
        user = connect.username
        if user_of(connect.client_id) == CLOUD_USER or user == CLOUD_USER:
            return self._decide_cloud(connect)
        if self.is_open:
            return FORBIDDEN if connect.will_flag and not may_in_lab("publish", connect.will_topic) else ACCEPTED
        return await self._decide_gateway(connect)

    def _decide_cloud(self, connect: ConnectPacket) -> int:
        """Let ingest in, in lab mode too only with its password: nobody else may acknowledge."""
        if connect.username != CLOUD_USER or user_of(connect.client_id) != CLOUD_USER:
            return BAD_CLIENT_ID
        if connect.will_flag and not may(CLOUD_USER, "publish", connect.will_topic):
            return FORBIDDEN
        is_right = hmac.compare_digest((connect.password or "").encode(), self.cloud_password.encode())
        return ACCEPTED if is_right else BAD_PASSWORD

    async def _decide_gateway(self, connect: ConnectPacket) -> int:
        """Let a registered gateway in, under its own name and with its secret."""
        user = connect.username or ""
        try:
            address = GatewayAddress(*user.split(".", 1))
            secret_hash = await self.find_secret(address)
        except (ContractError, TypeError):
            return BAD_CLIENT_ID
        except StoreError:
            return UNAVAILABLE
        if connect.client_id != user:
            return BAD_CLIENT_ID
        if secret_hash is None or not is_secret(connect.password or "", secret_hash):
            return BAD_PASSWORD
        return FORBIDDEN if connect.will_flag and not may(user, "publish", connect.will_topic) else ACCEPTED


def user_of(client_id: str) -> str:
    """Return the user that a client id belongs to: a gateway is called as its client, ingest has a name of its own."""
    return CLOUD_USER if client_id.startswith(CLOUD_USER) else client_id


async def read_connect(reader: asyncio.StreamReader) -> tuple[bytes, ConnectPacket]:
    """Read the first packet, as bytes and decoded. Raises ValueError on anything but a CONNECT of sensible size."""
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        raw = await reader.readexactly(1)
        if raw[0] != _CONNECT:
            raise ValueError("the first packet is no CONNECT")
        length, raw = await _read_length(reader, raw)
        if length > MAX_CONNECT_BYTES:
            raise ValueError("the CONNECT is too long")
        raw += await reader.readexactly(length)
    try:
        return raw, await ConnectPacket.from_stream(BufferReader(raw))
    except _BROKEN as error:
        raise ValueError(f"the CONNECT cannot be read: {error}") from error


def connack(code: int) -> bytes:
    """Write a CONNACK that refuses."""
    return bytes(ConnackPacket.build(0, code).to_bytes())


class BoundedReader(StreamReaderAdapter):  # type: ignore[misc]  # amqtt has no types
    """What the broker reads from: first the CONNECT again, then the stream, no packet longer than is sensible."""

    def __init__(self, reader: asyncio.StreamReader, connect: bytes) -> None:
        super().__init__(reader)
        self._head = connect

    async def read(self, n: int = -1) -> bytes:
        """Read `n` bytes; none where so many cannot be right, which ends the connection."""
        if self._head:
            head, self._head = self._head[:n], self._head[n:]
            return head
        if not 0 <= n <= MAX_PACKET_BYTES:
            self.feed_eof()
            return b""
        return bytes(await super().read(n))


async def _read_length(reader: asyncio.StreamReader, raw: bytes) -> tuple[int, bytes]:
    """Read MQTT's variable-length number (MQTT 3.1.1, section 2.2.3)."""
    value = 0
    for shift in (0, 7, 14, 21):
        byte = await reader.readexactly(1)
        raw += byte
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:  # the continuation bit
            return value, raw
    raise ValueError("the length has more than four bytes")
