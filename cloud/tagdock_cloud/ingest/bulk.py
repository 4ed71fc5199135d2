"""paho, taught to read and to acknowledge by the bulk.

It reads a message in three system calls, hands it on through a dozen of its own, and writes each acknowledgement in one
more. Here all that has come is read in one, its plain messages are handed on together, and the acknowledgements of a
group are written in one. That takes four names that paho keeps for itself (decision 0081): its version is pinned to
those that have them. Everything else, and whatever is not a plain message, is paho's.
"""

import struct
import time
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import MessageType, MQTTErrorCode

CHUNK_BYTES = 256 * 1024
_PLAIN_BITS, _PLAIN = 0b11110110, 0b00110010
"""A publication of QoS 1, whatever the bits that say duplicate and retained (MQTT 3.1.1, section 3.3.1)."""
_RETAIN = 1
_SHORTEST = 5
"""Bytes of the smallest publication: a topic of one letter and a packet id."""
_LONGEST_LENGTH = 4
"""Bytes of the largest remaining length (MQTT 3.1.1, section 2.2.3)."""
_PUBACK = struct.Struct("!BBH")
"""That all is well: MQTT 3.1.1, section 3.4, and MQTT 5, section 3.4.2.1, where it may be as short."""

Message = tuple[bytes, bytes, bool, int]
"""Topic, payload, whether the broker had retained it, packet id."""


class BulkClient(mqtt.Client):
    """A paho client that reads ahead and acknowledges many messages at once.

    `take` gets the messages of QoS 1 on MQTT 3.1.1, those together that came together; all others come by `on_message`.
    """

    take: Callable[[Sequence[Message]], None] | None = None
    _ahead = b""
    _packet = b""
    _source: Any = None

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Acknowledge messages from any thread; those of QoS 0 have no id (0) and want none.

        Without a connection nothing happens.
        """
        packet = b"".join(_PUBACK.pack(MessageType.PUBACK, 2, number) for number in packet_ids if number)
        if packet and self.is_connected():
            self._packet_queue(MessageType.PUBACK, packet, packet_ids[0], 1)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read what has come and handle every packet that is whole."""
        if self._source is not self._sock:
            self._source, self._ahead = self._sock, b""
        try:
            chunk = super()._sock_recv(CHUNK_BYTES)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            chunk = b""
        if not chunk:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        return self._handle(self._ahead + chunk)

    def _handle(self, data: bytes) -> MQTTErrorCode:
        """Take plain messages out of what was read, give paho all other packets in their turn, and keep the rest."""
        at, size = 0, len(data)
        messages: list[Message] = []
        while (found := _packet_at(data, at, size)) is not None:
            body, end = found
            if (message := self._plain_message(data, at, body, end)) is not None:
                messages.append(message)
                at = end
                continue
            self._hand_on(messages)
            messages, self._packet, at = [], data[at:end], end
            if (result := super().loop_read()) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return result
        self._ahead = data[at:]
        self._hand_on(messages)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _plain_message(self, data: bytes, at: int, body: int, end: int) -> Message | None:
        """Read a publication of QoS 1 (MQTT 3.1.1, section 3.3.2: topic, packet id, payload); None where it is none."""
        is_plain = data[at] & _PLAIN_BITS == _PLAIN and end - body >= _SHORTEST
        if not is_plain or self.take is None or self._protocol == mqtt.MQTTv5:
            return None
        topic_end = body + 2 + (data[body] << 8 | data[body + 1])
        if topic_end + 2 > end:
            return None
        number = data[topic_end] << 8 | data[topic_end + 1]
        return data[body + 2 : topic_end], data[topic_end + 2 : end], bool(data[at] & _RETAIN), number

    def _hand_on(self, messages: Sequence[Message]) -> None:
        if messages and self.take is not None:
            self._last_bytes_received = time.monotonic()  # as paho notes it: the broker is there
            self.take(messages)

    def _sock_recv(self, bufsize: int) -> bytes:
        """Give paho the packet that it is to handle, and nothing of what stands behind it."""
        if not self._packet:
            raise BlockingIOError
        part, self._packet = self._packet[:bufsize], self._packet[bufsize:]
        return part


def _packet_at(data: bytes, at: int, size: int) -> tuple[int, int] | None:
    """Find where a packet's body begins and ends; None where it is not whole yet.

    A remaining length that is longer than MQTT allows counts as it stands: paho says what is wrong with it.
    """
    length = shift = 0
    for place in range(at + 1, min(at + 1 + _LONGEST_LENGTH, size)):
        length |= (data[place] & 127) << shift
        if data[place] < 128:
            end = place + 1 + length
            return (place + 1, end) if end <= size else None
        shift += 7
    return (size, size) if size - at > _LONGEST_LENGTH else None
