"""paho, taught to read and to acknowledge by the bulk.

It reads a message in three system calls, hands it on through a dozen of its own, and writes each acknowledgement in one
more. Here it reads what has come in one, hands a plain message on directly, and writes the acknowledgements of a group
in one. That takes three methods that paho keeps for itself (decision 0081): its version is pinned to those that have
them. Everything else, and whatever is not a plain message, is paho's.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import MessageType, MQTTErrorCode

CHUNK_BYTES = 256 * 1024
_QOS, _QOS_1, _RETAIN = 0b0110, 0b0010, 0b0001
_SHORTEST = 5
"""Bytes of the smallest publication: a topic of one letter and a packet id."""
_PUBACK = struct.Struct("!BBH")
"""That all is well: MQTT 3.1.1, section 3.4, and MQTT 5, section 3.4.2.1, where it may be as short."""


class BulkClient(mqtt.Client):
    """A paho client that reads ahead and acknowledges many messages at once.

    `take` gets topic, payload, whether the broker had retained it, and packet id of each message of QoS 1 on MQTT
    3.1.1; all others come by `on_message`.
    """

    take: Callable[[bytes, bytes, bool, int], None] | None = None
    _ahead = b""
    _at = 0
    _source: Any = None

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Acknowledge messages from any thread; those of QoS 0 have no id (0) and want none.

        Without a connection nothing happens.
        """
        packet = b"".join(_PUBACK.pack(MessageType.PUBACK, 2, number) for number in packet_ids if number)
        if packet and self.is_connected():
            self._packet_queue(MessageType.PUBACK, packet, packet_ids[0], 1)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Handle all that was read ahead: nobody will tell that there is more of it."""
        while True:
            result = super().loop_read(max_packets)
            has_more = self._source is self._sock and self._at < len(self._ahead)
            if result != MQTTErrorCode.MQTT_ERR_SUCCESS or not has_more:
                return result

    def _sock_recv(self, bufsize: int) -> bytes:
        if self._source is not self._sock:
            self._source, self._ahead, self._at = self._sock, b"", 0
        if self._at >= len(self._ahead):
            if bufsize >= CHUNK_BYTES:
                return super()._sock_recv(bufsize)
            self._at, self._ahead = 0, b""
            self._ahead = super()._sock_recv(CHUNK_BYTES)
        part = self._ahead[self._at : self._at + bufsize]
        self._at += len(part)
        return part

    def _handle_publish(self) -> MQTTErrorCode:
        head, packet = self._in_packet["command"], self._in_packet["packet"]
        if self.take is None or head & _QOS != _QOS_1 or self._protocol == mqtt.MQTTv5 or len(packet) < _SHORTEST:
            return super()._handle_publish()
        at = 2 + (packet[0] << 8 | packet[1])  # MQTT 3.1.1, section 3.3.2: topic, packet id, payload
        if at + 2 > len(packet):
            return super()._handle_publish()
        number = packet[at] << 8 | packet[at + 1]
        self.take(bytes(packet[2:at]), bytes(packet[at + 2 :]), bool(head & _RETAIN), number)
        return MQTTErrorCode.MQTT_ERR_SUCCESS
