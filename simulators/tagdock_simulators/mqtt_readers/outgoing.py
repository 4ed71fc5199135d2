"""What goes out next: records from the buffer, at the pace and in the batches that the product has."""

import time

from tagdock_contract import InputChange

from tagdock_simulators.mqtt.link import Link
from tagdock_simulators.mqtt.messages import Message
from tagdock_simulators.mqtt_readers.buffer import Buffer
from tagdock_simulators.mqtt_readers.format import Format
from tagdock_simulators.mqtt_readers.pace import Pace

_RECORDS_A_TURN = 500
"""So many records go before the loop's other tasks have their turn."""
_PACE_TICK_S = 0.02


class Outgoing:
    """Empties the buffer into the link while there is a connection. Times are the loop's, in seconds."""

    def __init__(self, speaks: Format, buffer: Buffer, link: Link) -> None:
        self._speaks, self._delivery, self._buffer, self._link = speaks, speaks.delivery, buffer, link
        self._pace = self._backlog_pace = Pace(0, 0.0)
        self._backlog = 0
        self._batch_at_s: float | None = None
        self._numbers = {True: 0, False: 0}

    def connected(self, now_s: float) -> None:
        """Begin anew: what waits now is the backlog of an outage."""
        per_s = self._delivery.per_s
        self._pace, self._backlog_pace = Pace(per_s, now_s), Pace(self._delivery.backlog_per_s or per_s, now_s)
        self._backlog = self._buffer.reads

    def number(self, *, of_management: bool) -> int:
        """Count one more event of a kind, from 1."""
        self._numbers[of_management] += 1
        return self._numbers[of_management]

    def send(self, now_s: float, *, at_once: bool) -> bool:
        """Send what may go now, batches too when it is urgent; return whether more may go right after."""
        now_ns = time.time_ns()
        self._buffer.expire(now_ns)
        if not len(self._buffer) or not (at_once or self._is_batch_due(now_s)):
            return False
        pace = self._backlog_pace if self._backlog else self._pace
        allowed = pace.allowed(now_s, min(len(self._buffer), _RECORDS_A_TURN))
        pace.took(self._send_records(allowed, now_ns))
        if not len(self._buffer):
            self._batch_at_s = None
        return bool(len(self._buffer)) and self._link.line.room and allowed == _RECORDS_A_TURN

    def due_s(self, now_s: float) -> float | None:
        """Return when something may go, None when nothing waits or the line is full."""
        if not len(self._buffer) or not self._link.line.room:
            return None
        return now_s + _PACE_TICK_S if self._batch_at_s is None else self._batch_at_s

    def _is_batch_due(self, now_s: float) -> bool:
        """Tell whether what waits may go: a batch has waited long enough, or nobody waits for one."""
        if not self._delivery.batch_s:
            return True
        if self._batch_at_s is None:
            self._batch_at_s = now_s + self._delivery.batch_s
        return now_s >= self._batch_at_s

    def _send_records(self, at_most: int, now_ns: int) -> int:
        """Send records in messages as large as they may be; return how many went."""
        sent, batch, batch_bytes, topic = 0, list[bytes](), 0, ""
        while sent < at_most and len(self._buffer) and self._link.up and self._link.line.room:
            record = self._buffer.pop()
            sent += 1
            is_input = isinstance(record, InputChange)
            event = self._speaks.event(record, self.number(of_management=is_input), now_ns)
            if batch and (is_input or batch_bytes + len(event) > self._delivery.batch_bytes):
                self._publish(topic, batch, now_ns)
                batch, batch_bytes = [], 0
            topic = self._speaks.topic(record)
            if is_input:
                self._link.line.send(Message(topic, event, self._delivery.qos))
                continue
            batch.append(event)
            batch_bytes += len(event) + 1
            self._backlog = max(0, self._backlog - 1)
            if not self._delivery.batch_s:
                self._publish(topic, batch, now_ns)
                batch, batch_bytes = [], 0
        if batch:
            self._publish(topic, batch, now_ns)
        return sent

    def _publish(self, topic: str, batch: list[bytes], now_ns: int) -> None:
        payload = self._speaks.bundle(batch, now_ns)
        self._link.line.send(Message(topic, payload, self._delivery.qos, tags=len(batch)))
