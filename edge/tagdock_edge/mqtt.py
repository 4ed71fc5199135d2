"""MQTT: one connection as an object that is used once, and a listener that keeps one alive. Only this knows paho."""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tagdock_edge.backoff import Backoff
from tagdock_edge.config import BrokerConfig
from tagdock_edge.errors import BrokerError
from tagdock_edge.tls import CERTIFICATE_WANTED, context_of, explain_tls

log = logging.getLogger(__name__)

CONNECT_S = 10.0
KEEPALIVE_S = 20
FLUSH_S = 1.0
HEALTHY_S = 10.0
"""A connection that held so long was a good one: the next retry is quick again."""
_WRONG_CREDENTIALS = (134, 135)
"""Bad user name or password; not authorized (paho gives MQTT 5's codes for 3.1.1, too)."""
_FOR_EVER = 0xFFFFFFFF
_TAKEN = 0x80
"""A subscription's answer from here on is a refusal (MQTT 3.1.1, 3.9.3)."""

OnMessage = Callable[[str, bytes, bool], None]
"""Topic, payload, retained (it was published before we came). Called on paho's thread: be quick, raise nothing."""


class Will(NamedTuple):
    """What the broker says, retained, when the connection breaks without a goodbye."""

    topic: str
    payload: bytes


class Link:
    """One connection: a new paho client, opened, used and thrown away. Its session outlives it at the broker."""

    def __init__(
        self,
        broker: BrokerConfig,
        client_id: str,
        *,
        will: Will | None = None,
        subscriptions: Sequence[str] = (),
        on_message: OnMessage | None = None,
        clean: bool = False,
        connect_s: float = CONNECT_S,
        keepalive_s: int = KEEPALIVE_S,
        window: int = 20,
        wake: threading.Condition | None = None,
    ) -> None:
        """Prepare; nothing is opened yet. `wake` is notified whenever the connection's state changes."""
        self.name = f"{broker.host}:{broker.port}"
        self._broker, self._client_id = broker, client_id
        self._subscriptions, self._on_payload = tuple(subscriptions), on_message
        self._connect_s, self._keepalive_s = connect_s, keepalive_s
        self._wake = wake or threading.Condition()
        self._refusal: str | None = None
        self._connected = self._subscribed = self._closed = False
        self._topics = frozenset(subscriptions)
        self._asked: dict[int, tuple[str, ...]] = {}
        self._sent: mqtt.MQTTMessageInfo | None = None
        self._client = self._build(clean, window)
        if will is not None:
            self._client.will_set(will.topic, will.payload, qos=1, retain=True)

    @property
    def up(self) -> bool:
        """Tell whether the connection stands."""
        return self._connected and not self._closed

    @property
    def refusal(self) -> str | None:
        """Say why the broker ended it, where it said so."""
        return self._refusal

    def open(self, *, subscribed: bool = False) -> None:
        """Connect and wait for the broker's word; with `subscribed`, for its word on the subscriptions as well.

        Raises BrokerError with the remedy.
        """
        deadline = time.monotonic() + self._connect_s
        try:
            self._client.connect(self._broker.host, self._broker.port, self._keepalive_s)
        except (OSError, ValueError) as error:
            told = explain_tls(error) if isinstance(error, OSError) else None
            told = told or f"can't be reached ({error}); check that it runs and the address is right"
            raise BrokerError(f"broker {self.name}: {told}") from error
        self._client.loop_start()
        with self._wake:
            ready = (
                (lambda: self._subscribed or self._closed) if subscribed else (lambda: self._connected or self._closed)
            )
            self._wake.wait_for(ready, max(deadline - time.monotonic(), 0.0))
        if self._refusal is not None:
            raise BrokerError(f"broker {self.name}: {self._refusal}")
        if not self.up:
            remedy = "is it an MQTT broker?" if self._broker.tls is None or not self._closed else CERTIFICATE_WANTED
            raise BrokerError(f"broker {self.name}: took the connection but gave no answer; {remedy}")

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, qos: int = 1) -> None:
        """Hand a message to paho; if the connection breaks, the session's end tells."""
        self._sent = self._client.publish(topic, payload, qos=qos, retain=retain)

    def flush(self, within_s: float = FLUSH_S) -> None:
        """Wait until the broker has what was sent last: what comes in while we close would take our goodbye along."""
        with contextlib.suppress(ValueError, RuntimeError):  # the connection broke meanwhile
            if self._sent is not None:
                self._sent.wait_for_publish(within_s)

    def listen_to(self, topics: Collection[str]) -> None:
        """Hear exactly these topics from now on. What the broker refuses now is told in the log and ends nothing."""
        wanted = frozenset(topics)
        more, less = sorted(wanted - self._topics), sorted(self._topics - wanted)
        if more:
            with self._wake:  # so that the answer can't come before we know what it answers
                _, number = self._client.subscribe([(topic, 1) for topic in more])
                self._asked[number or 0] = tuple(more)
        self._topics = wanted  # last: who sees a topic here and nothing asked may count on hearing it
        if less:
            self._client.unsubscribe(less)

    def close(self) -> None:
        """Disconnect and end paho's thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def _build(self, clean: bool, window: int) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=clean,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._connect_s
        client.max_inflight_messages_set(window)
        _introduce(client, self._broker, self._client_id)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            remedy = (
                "check the user's name and password" if code.value in _WRONG_CREDENTIALS else "see the broker's log"
            )
            self._end(f"refused {self._client_id} ({code}); {remedy}")
            return
        if self._subscriptions:
            client.subscribe([(topic, 1) for topic in self._subscriptions])
        with self._wake:
            self._connected = True
            self._wake.notify_all()

    def _on_subscribe(self, _client: mqtt.Client, _data: Any, number: int, codes: Any, _properties: Any) -> None:
        with self._wake:
            later = self._asked.pop(number, None)
        asked = self._subscriptions if later is None else later
        refused = [topic for topic, code in zip(asked, codes, strict=False) if code.value >= _TAKEN]
        if refused and later is not None:
            log.warning("broker %s: refused %d topics, the first is %r", self.name, len(refused), refused[0])
            return
        if refused:
            self._end(f"refused the subscription of {', '.join(refused)}; allow {self._client_id} to read it")
        with self._wake:
            self._subscribed = True
            self._wake.notify_all()

    def _on_disconnect(self, *_: Any) -> None:
        self._end(None)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if self._on_payload is not None:
            self._on_payload(message.topic, bytes(message.payload), message.retain)

    def _end(self, refusal: str | None) -> None:
        with self._wake:
            self._refusal = self._refusal or refusal
            self._closed = True
            self._wake.notify_all()


def _introduce(client: mqtt.Client, broker: BrokerConfig, client_id: str) -> None:
    """Give a client what the broker knows us by, and what we know it by."""
    if broker.password is not None or broker.username is not None:
        client.username_pw_set(broker.username or client_id, broker.password)
    if broker.tls is not None:
        client.tls_set_context(context_of(broker.tls))


def publish_refusal(broker: BrokerConfig, client_id: str, topic: str, payload: bytes, within_s: float) -> str | None:
    """Publish one retained message, and return why the broker refused it, or None where it took it.

    Only MQTT 5 has an answer that says so (5.0, 3.4.2.1); 3.1.1 takes and drops. Raises BrokerError where none came.
    """
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv5, reconnect_on_failure=False)
    client.connect_timeout = within_s
    _introduce(client, broker, client_id)
    keep = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's properties have no types
    keep.SessionExpiryInterval = _FOR_EVER  # the session is the uplink's, and stays
    client.on_connect = lambda *event: answers.put(event[3])
    client.on_publish = lambda *event: answers.put(event[3])
    client.on_disconnect = lambda *event: answers.put(None)
    try:
        client.connect(broker.host, broker.port, clean_start=False, properties=keep)
        client.loop_start()
        _answer(answers, within_s)
        client.publish(topic, payload, qos=1, retain=True)
        code = answers.get(timeout=within_s)
    except (OSError, ValueError, queue.Empty) as error:
        raise BrokerError(f"gave no answer in MQTT 5 ({error or 'too late'})") from error
    finally:
        client.disconnect()
        client.loop_stop()
    return "it cut the connection" if code is None else str(code) if code.is_failure else None


def _answer(answers: "queue.SimpleQueue[Any]", within_s: float) -> None:
    code = answers.get(timeout=within_s)
    if code is None or code.is_failure:
        raise BrokerError(f"does not take us in MQTT 5 ({code})")


class Listener:
    """Keep one connection that listens: connect, subscribe, and again with growing pauses. `run` blocks until stopped.

    `on_up` is called when a connection stands, `on_leaving` before we end it ourselves, `on_down(problem)` when it
    broke or could not be had; all on the thread of `run`, as is `will`, which is asked before each connection.
    """

    def __init__(
        self,
        broker: BrokerConfig,
        client_id: str,
        subscriptions: Sequence[str],
        on_message: OnMessage,
        *,
        on_up: Callable[[], None] = lambda: None,
        on_down: Callable[[str], None] = lambda problem: None,
        clean: bool = True,
        will: Callable[[], Will | None] = lambda: None,
        on_leaving: Callable[[], None] = lambda: None,
        retry: Backoff | None = None,
    ) -> None:
        """Prepare; nothing is opened yet."""
        self._new_link = partial(Link, broker, client_id, on_message=on_message, clean=clean)
        self._topics = frozenset(subscriptions)
        self._on_up, self._on_down, self._on_leaving, self._will = on_up, on_down, on_leaving, will
        self._retry = retry or Backoff()
        self._wake = threading.Condition()
        self._link: Link | None = None

    def run(self, stop: threading.Event) -> None:
        """Listen until stopped."""
        while not stop.is_set():
            began_s = time.monotonic()
            problem = self._connection(stop)
            if stop.is_set():
                return
            if time.monotonic() - began_s >= HEALTHY_S:
                self._retry.reset()
            self._on_down(problem)
            stop.wait(self._retry.next_s())

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, qos: int = 1) -> bool:
        """Send a message; False where there is no connection now."""
        link = self._link
        if link is None or not link.up:
            return False
        link.publish(topic, payload, retain=retain, qos=qos)
        return True

    def listen_to(self, topics: Collection[str]) -> None:
        """Want exactly these topics, now and in the connections to come. Call it from one thread, again and again.

        A connection that is being made has the topics of before; it is put right by the next call.
        """
        self._topics = frozenset(topics)
        link = self._link
        if link is not None and link.up:
            link.listen_to(topics)

    def _connection(self, stop: threading.Event) -> str:
        """Live through one connection; returns why it ended."""
        link: Link | None = None
        try:
            link = self._new_link(wake=self._wake, subscriptions=sorted(self._topics), will=self._will())
            self._link = link
            link.open()
            self._on_up()
            while link.up and not stop.is_set():
                with self._wake:
                    self._wake.wait_for(lambda: not link.up, 0.1)
            if link.up:
                self._on_leaving()
                link.flush()
            return f"broker {link.name}: {link.refusal or 'the connection broke'}"
        except BrokerError as error:
            return str(error)
        finally:
            self._link = None
            if link is not None:
                link.close()
