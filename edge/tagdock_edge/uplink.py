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
from tagdock_edge.errors import BrokerError, OutboxError
from tagdock_edge.mqtt import Link, Will
from tagdock_edge.outbox import EVENTS_A_BATCH, Outbox, StoredBatch

log = logging.getLogger(__name__)


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
        self._on_the_way: dict[int, float] = {}
        self._complaint = ""
        self.connected = False
        """Whether the connection to the broker stands."""

    def notify(self) -> None:
        """Say that the outbox has new events."""
        with self._wake:
            self._news = True
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
                self._wake.wait_for(lambda: self._stopped, retry.next_s())

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
            self.connected = True
            if self._complaint:
                log.warning("broker %s: connected again", link.name)
                self._complaint = ""
            self._send_while(link)
            if link.up:
                self._publish_status(link, online=False)
        finally:
            self.connected = False
            link.close()

    def _send_while(self, link: Link) -> None:
        """Send what is unacked, then what is new, as long as the connection holds and nobody stops us."""
        patience_s, sent_seq, status_at = self._pace.ack_s, 0, 0.0
        self._on_the_way.clear()
        while link.up and not self._stopped:
            now = time.monotonic()
            if now >= status_at:
                self._publish_status(link, online=True)
                status_at = now + self._pace.status_s
            oldest = min(self._on_the_way.values(), default=now)
            if now - oldest >= patience_s:
                log.warning("no ack for %.0f s: sending %d batches again", now - oldest, len(self._on_the_way))
                sent_seq, patience_s = 0, min(patience_s * 2, 60.0)
                self._on_the_way.clear()
            batch = self._next(sent_seq) if len(self._on_the_way) < self._pace.window else None
            if batch is None:
                self._rest(min(status_at, oldest + patience_s) - time.monotonic())
                continue
            self._on_the_way[batch.seq] = now
            link.publish(self._address.topic("events"), self._payload(batch))
            sent_seq = batch.seq

    def _next(self, sent_seq: int) -> StoredBatch | None:
        """Return the next batch to send: one that was formed before, or a new one once it is full or waited enough."""
        known = self._outbox.next_unacked(sent_seq)
        if known is not None:
            return known
        waiting = self._outbox.unsent()
        if 0 < waiting < EVENTS_A_BATCH:
            with self._wake:
                self._wake.wait_for(lambda: self._stopped, self._pace.fill_s)
        return self._outbox.form() if waiting else None

    def _rest(self, seconds: float) -> None:
        with self._wake:
            self._wake.wait_for(lambda: self._stopped or self._news, max(seconds, 0.01))
            self._news = False

    def _payload(self, batch: StoredBatch) -> bytes:
        """Build the batch's message around the events' stored bytes: what is sent again is what was sent before."""
        events: Any = tuple(msgspec.Raw(body) for body in batch.bodies)
        return encode(Batch(epoch=self._outbox.epoch, seq=batch.seq, sent_at=datetime.now(UTC), events=events))

    def _publish_status(self, link: Link, *, online: bool) -> None:
        link.publish(self._address.topic("status"), encode(self._status(online)), retain=True)

    def _on_message(self, _topic: str, payload: bytes, _retained: bool) -> None:
        """Take an ack, on paho's thread."""
        try:
            ack: Ack = decode_ack(payload)
            settled = self._outbox.settle(ack)
        except ContractError as error:
            log.warning("an ack was refused: %s", error)
            return
        except OutboxError as error:
            log.error("an ack could not be booked: %s", error)
            return
        for refusal in ack.refused:
            if refusal.seq in settled:
                log.error("batch %d was refused and is parked (%s); see: outbox list", refusal.seq, refusal.reason)
        with self._wake:
            for seq in settled:
                self._on_the_way.pop(seq, None)
            self._news = True
            self._wake.notify_all()

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
