"""The uplink: batches from the outbox to the broker, acks from the cloud back to the outbox. Only this knows paho.

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
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import Ack, Batch, ContractError, GatewayAddress, Status, decode_ack, encode

from tagdock_edge.backoff import Backoff
from tagdock_edge.config import BrokerConfig
from tagdock_edge.errors import BrokerError, OutboxError
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
        will = self._status(False)
        link = _Link(self._address, self._broker, self._pace, will=will, on_payload=self._on_payload, wake=self._wake)
        try:
            link.open()
            if self._complaint:
                log.warning("broker %s: connected again", link.name)
                self._complaint = ""
            self._send_while(link)
            if link.up:
                link.publish("status", encode(self._status(False)), retain=True)
        finally:
            link.close()

    def _send_while(self, link: "_Link") -> None:
        """Send what is unacked, then what is new, as long as the connection holds and nobody stops us."""
        patience_s, sent_seq, status_at = self._pace.ack_s, 0, 0.0
        self._on_the_way.clear()
        while link.up and not self._stopped:
            now = time.monotonic()
            if now >= status_at:
                link.publish("status", encode(self._status(True)), retain=True)
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
            link.publish("events", self._payload(batch))
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

    def _on_payload(self, payload: bytes) -> None:
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
    link = _Link(address, broker, Pace(connect_s=within_s))
    try:
        link.open()
    finally:
        link.close()


class _Link:
    """One connection: a new paho client, opened, used and thrown away."""

    def __init__(
        self,
        address: GatewayAddress,
        broker: BrokerConfig,
        pace: Pace,
        *,
        will: Status | None = None,
        on_payload: Callable[[bytes], None] | None = None,
        wake: threading.Condition | None = None,
    ) -> None:
        self.name = f"{broker.host}:{broker.port}"
        self._address, self._broker, self._pace = address, broker, pace
        self._on_payload, self._wake = on_payload, wake or threading.Condition()
        self._refusal: str | None = None
        self._connected = self._closed = False
        self._client = self._build(will)

    @property
    def up(self) -> bool:
        """Tell whether the connection stands."""
        return self._connected and not self._closed

    def open(self) -> None:
        """Connect and wait for the broker's word. Raises BrokerError with the remedy."""
        deadline = time.monotonic() + self._pace.connect_s
        try:
            self._client.connect(self._broker.host, self._broker.port, self._pace.keepalive_s)
        except (OSError, ValueError) as error:
            raise BrokerError(
                f"broker {self.name}: can't be reached ({error}); check that it runs and [gateway] broker is right"
            ) from error
        self._client.loop_start()
        with self._wake:
            self._wake.wait_for(lambda: self._connected or self._closed, max(deadline - time.monotonic(), 0.0))
        if self._refusal is not None:
            raise BrokerError(f"broker {self.name}: {self._refusal}")
        if not self.up:
            raise BrokerError(f"broker {self.name}: took the connection but gave no answer; is it an MQTT broker?")

    def publish(self, channel: Any, payload: bytes, *, retain: bool = False) -> None:
        """Hand a message to paho; if the connection breaks, the session's end tells."""
        self._client.publish(self._address.topic(channel), payload, qos=1, retain=retain)

    def close(self) -> None:
        """Disconnect and end paho's thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def _build(self, will: Status | None) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._address.client_id,
            clean_session=False,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._pace.connect_s
        client.max_inflight_messages_set(self._pace.window + 8)
        if self._broker.password is not None:
            client.username_pw_set(self._address.client_id, self._broker.password)
        if will is not None:
            client.will_set(self._address.topic("status"), encode(will), qos=1, retain=True)
        if self._broker.tls is not None:
            self._use_tls(client)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _use_tls(self, client: mqtt.Client) -> None:
        tls = self._broker.tls
        assert tls is not None  # noqa: S101  # the caller asked
        ca, cert, key = (str(file) if file else None for file in (tls.ca_file, tls.cert_file, tls.key_file))
        try:
            client.tls_set(ca, cert, key)
        except (OSError, ValueError) as error:
            raise BrokerError(f"[gateway.tls]: a file can't be used ({error}); check the three paths") from error

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            remedy = "check the gateway's name and its password" if code.value in (134, 135) else "see the broker's log"
            self._end(f"refused {self._address.client_id} ({code}); {remedy}")
            return
        if self._on_payload is not None:
            client.subscribe(self._address.topic("ack"), qos=1)
        with self._wake:
            self._connected = True
            self._wake.notify_all()

    def _on_disconnect(self, *_: Any) -> None:
        self._end(None)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if self._on_payload is not None:
            self._on_payload(bytes(message.payload))

    def _end(self, refusal: str | None) -> None:
        with self._wake:
            self._refusal = self._refusal or refusal
            self._closed = True
            self._wake.notify_all()
