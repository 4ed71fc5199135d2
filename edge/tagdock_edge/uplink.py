"""The uplink: batches from the outbox to the broker, acks from the cloud back to the outbox.

The broker's PUBACK promises nothing: a batch stays in the outbox until an ack names it, and is sent again when a
connection is new or no ack came for a while.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from tagdock_contract import Ack, Batch, ContractError, GatewayAddress, Status, decode_ack, encode

from tagdock_edge.backoff import Backoff
from tagdock_edge.config import BrokerConfig
from tagdock_edge.errors import BrokerError, OutboxFullError
from tagdock_edge.mqtt import Link, Will
from tagdock_edge.outbox import EVENTS_A_BATCH, Outbox, StoredBatch, printable

log = logging.getLogger(__name__)

_PATIENCE_AT_MOST_S = 60.0
_ACKS_AT_MOST = 1000
"""Acks that wait to be booked; thirty times the window."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The uplink's waits in seconds and its window in batches."""

    fill_s: float = 0.1
    """How long a batch that is not full waits for more events."""
    window: int = 32
    """Batches on the way without an ack."""
    ack_s: float = 15.0
    """Patience for an ack before everything unacked is sent again; doubles while none comes, up to a minute."""
    connect_s: float = 10.0
    keepalive_s: int = 20
    status_s: float = 30.0
    retry_first_s: float = 1.0
    retry_longest_s: float = 60.0
    healthy_s: float = 10.0
    """A connection that held so long was a good one: the next retry is quick again."""


class Uplink:
    """Keep one session with the broker. `run` blocks until `stop`; `notify` says that there are new events."""

    def __init__(
        self,
        address: GatewayAddress,
        broker: BrokerConfig,
        outbox: Outbox,
        status: Callable[[bool], Status],
        pace: Pace = Pace(),
    ) -> None:
        """Prepare; nothing is opened yet. `status(online)` builds the health message."""
        self._address, self._broker, self._outbox, self._status, self._pace = address, broker, outbox, status, pace
        self._wake = threading.Condition()
        self._stopped = False
        self._news = False
        self._exchanged = False
        self._on_the_way: dict[int, float] = {}
        self._acks: list[Ack] = []
        self._highest_seq = outbox.last_seq_at_start
        self._patience_s = pace.ack_s
        self._complaint = ""
        self.connected = False
        """Whether the connection to the broker stands."""

    def notify(self) -> None:
        """Say that the outbox has new events."""
        with self._wake:
            self._news = True
            self._wake.notify_all()

    def use(self, broker: BrokerConfig) -> None:
        """Go over to another broker, or to the same by another name; nothing happens where it is the one already."""
        with self._wake:
            if broker != self._broker:
                self._broker, self._exchanged, self._news = broker, True, True
                self._wake.notify_all()

    def stop(self) -> None:
        """End `run` soon; what is unacked stays in the outbox."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()

    def run(self) -> None:
        """Connect, send, reconnect, until stopped."""
        retry = Backoff(self._pace.retry_first_s, self._pace.retry_longest_s)
        while not self._stopped:
            began = time.monotonic()
            try:
                self._session()
            except BrokerError as error:
                self._complain(str(error))
            if time.monotonic() - began >= self._pace.healthy_s:
                retry.reset()
            with self._wake:
                self._wake.wait_for(lambda: self._stopped or self._exchanged, retry.next_s())
                self._exchanged = False

    def _session(self) -> None:
        """Live through one connection, from a new client object to its end."""
        link = Link(
            self._broker,
            self._address.client_id,
            will=Will(self._address.topic("status"), encode(self._status(False))),
            subscriptions=(self._address.topic("ack"),),
            on_message=self._on_message,
            connect_s=self._pace.connect_s,
            keepalive_s=self._pace.keepalive_s,
            window=self._pace.window + 8,
            wake=self._wake,
        )
        try:
            link.open()
            self.connected, began_s = True, time.monotonic()
            if self._complaint:
                log.warning("broker %s: connected again", link.name)
                self._complaint = ""
            self._send_while(link)
            if link.up:
                self._publish_status(link, online=False)
            elif not self._stopped:
                raise BrokerError(f"broker {link.name}: {self._cut(link, time.monotonic() - began_s)}")
        finally:
            self.connected = False
            link.close()

    def _cut(self, link: Link, held_s: float) -> str:
        """Say how a connection ended. A broker ends that of whoever came before by the same client id (3.1.4)."""
        problem = link.refusal or f"the connection broke after {held_s:.0f} s"
        if held_s >= self._pace.healthy_s:
            return problem
        return f"{problem}; if it goes on so, look for another gateway with the id {self._address.gateway}"

    def _send_while(self, link: Link) -> None:
        """Send what is unacked, then what is new, as long as the connection holds and nobody stops us."""
        self._patience_s, sent_seq, status_at = self._pace.ack_s, 0, 0.0
        self._on_the_way.clear()
        while link.up and not self._stopped and not self._exchanged:
            self._book_acks()
            now = time.monotonic()
            if now >= status_at:
                self._publish_status(link, online=True)
                status_at = now + self._pace.status_s
                sent_seq = min(sent_seq, self._first_left_behind() - 1)
            oldest = min(self._on_the_way.values(), default=now)
            if now - oldest >= self._patience_s:
                log.warning("no ack for %.0f s: sending %d batches again", now - oldest, len(self._on_the_way))
                sent_seq, self._patience_s = 0, min(self._patience_s * 2, _PATIENCE_AT_MOST_S)
                self._on_the_way.clear()
            batches = self._next(sent_seq)
            for batch in batches:
                self._send(link, batch)
                sent_seq = batch.seq
            if not batches and (self._on_the_way or not self._outbox.give_back()):
                self._rest(min(status_at, oldest + self._patience_s) - time.monotonic())

    def _send(self, link: Link, batch: StoredBatch) -> None:
        if batch.seq in self._on_the_way:
            return
        self._on_the_way[batch.seq] = time.monotonic()
        self._highest_seq = max(self._highest_seq, batch.seq)
        link.publish(self._address.topic("events"), self._payload(batch))

    def _first_left_behind(self) -> int:
        """Return the first batch that waits though it is not on the way: an operator had it sent again."""
        waiting = (seq for seq in self._outbox.unacked_seqs() if seq not in self._on_the_way)
        return next(waiting, self._highest_seq + 1)

    def _next(self, sent_seq: int) -> list[StoredBatch]:
        """Return the next batches to send: those formed before, else new ones once they are full or waited enough."""
        room = self._pace.window - len(self._on_the_way)
        if room <= 0:
            return []
        try:
            known = self._outbox.unacked(sent_seq, room)
            if known:
                return known
            waiting = self._outbox.unsent()
            if 0 < waiting < EVENTS_A_BATCH:
                with self._wake:
                    self._wake.wait_for(lambda: self._stopped, self._pace.fill_s)
            return self._outbox.form(room) if waiting else []
        except OutboxFullError as error:
            self._complain(str(error))
            return []

    def _rest(self, seconds: float) -> None:
        with self._wake:
            self._wake.wait_for(lambda: self._stopped or self._news, max(seconds, 0.01))
            self._news = False

    def _payload(self, batch: StoredBatch) -> bytes:
        """Build the batch's message around the events' stored bytes: what is sent again is what was sent before.

        They were checked when they were stored; to check them again would cost as much as all else here.
        """
        events: Any = tuple(msgspec.Raw(body) for body in batch.bodies)
        message = Batch(epoch=self._outbox.epoch, seq=batch.seq, sent_at=datetime.now(UTC), events=events)
        return msgspec.json.encode(message)

    def _publish_status(self, link: Link, *, online: bool) -> None:
        link.publish(self._address.topic("status"), encode(self._status(online)), retain=True)

    def _on_message(self, topic: str, payload: bytes, _retained: bool) -> None:
        """Take an ack, on paho's thread. Beyond the bound it is left out: what is sent again is acked again."""
        if topic != self._address.topic("ack"):  # amqtt hands everybody's retained messages to whoever connects
            return
        try:
            ack: Ack = decode_ack(payload)
        except ContractError as error:
            log.warning("an ack was refused: %s", error)
            return
        with self._wake:
            if len(self._acks) < _ACKS_AT_MOST:
                self._acks.append(ack)
            self._news = True
            self._wake.notify_all()

    def _book_acks(self) -> None:
        """Book all acks that came in one transaction."""
        with self._wake:
            acks, self._acks = self._acks, []
        try:
            settled = self._outbox.settle([self._believable(ack) for ack in acks])
        except OutboxFullError as error:
            log.error("acks could not be booked, their batches will be sent again: %s", error)
            return
        for refusal in (refusal for ack in acks for refusal in ack.refused):
            if refusal.seq in settled:
                reason = printable(refusal.reason)
                log.error("batch %d was refused and is parked (%s); see: outbox list", refusal.seq, reason)
        if settled:
            self._patience_s = self._pace.ack_s
        for seq in settled:
            self._on_the_way.pop(seq, None)

    def _believable(self, ack: Ack) -> Ack:
        """Leave out what an ack says of batches that nobody has sent yet."""
        known = self._highest_seq
        return msgspec.structs.replace(
            ack,
            committed=tuple(seq for seq in ack.committed if seq <= known),
            refused=tuple(refusal for refusal in ack.refused if refusal.seq <= known),
        )

    def _complain(self, problem: str) -> None:
        """Say what is wrong once, not at every retry."""
        if problem != self._complaint:
            self._complaint = problem
            log.warning("%s; events stay in the outbox, trying again", problem)


def check_broker(address: GatewayAddress, broker: BrokerConfig, within_s: float) -> None:
    """Connect once to see whether the broker takes us. Raises BrokerError with the remedy."""
    link = Link(broker, address.client_id, connect_s=within_s)
    try:
        link.open()
    finally:
        link.close()
