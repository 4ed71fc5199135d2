"""MQTT: one connection as an object that is used once, and a listener that keeps one alive. Only this knows paho."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tagdock_edge.backoff import Backoff
from tagdock_edge.config import BrokerConfig
from tagdock_edge.errors import BrokerError

log = logging.getLogger(__name__)

CONNECT_S = 10.0
KEEPALIVE_S = 20
HEALTHY_S = 10.0
"""A connection that held so long was a good one: the next retry is quick again."""
_WRONG_CREDENTIALS = (134, 135)
"""Bad user name or password; not authorized (paho gives MQTT 5's codes for 3.1.1, too)."""
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
        self._connected = self._closed = False
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

    def open(self) -> None:
        """Connect and wait for the broker's word. Raises BrokerError with the remedy."""
        deadline = time.monotonic() + self._connect_s
        try:
            self._client.connect(self._broker.host, self._broker.port, self._keepalive_s)
        except (OSError, ValueError) as error:
            raise BrokerError(
                f"broker {self.name}: can't be reached ({error}); check that it runs and the address is right"
            ) from error
        self._client.loop_start()
        with self._wake:
            self._wake.wait_for(lambda: self._connected or self._closed, max(deadline - time.monotonic(), 0.0))
        if self._refusal is not None:
            raise BrokerError(f"broker {self.name}: {self._refusal}")
        if not self.up:
            raise BrokerError(f"broker {self.name}: took the connection but gave no answer; is it an MQTT broker?")

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hand a message to paho at QoS 1; if the connection breaks, the session's end tells."""
        self._client.publish(topic, payload, qos=1, retain=retain)

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
        if self._broker.password is not None:
            client.username_pw_set(self._broker.username or self._client_id, self._broker.password)
        if self._broker.tls is not None:
            self._use_tls(client)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
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

    def _on_subscribe(self, _client: mqtt.Client, _data: Any, _mid: int, codes: Any, _properties: Any) -> None:
        refused = [topic for topic, code in zip(self._subscriptions, codes, strict=False) if code.value >= _TAKEN]
        if refused:
            self._end(f"refused the subscription of {', '.join(refused)}; allow {self._client_id} to read it")

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


class Listener:
    """Keep one connection that listens: connect, subscribe, and again with growing pauses. `run` blocks until stopped.

    `on_up` is called when a connection stands, `on_down(problem)` when it broke or could not be had; both on the
    thread of `run`.
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
        will: Will | None = None,
        retry: Backoff | None = None,
    ) -> None:
        """Prepare; nothing is opened yet."""
        self._new_link = partial(
            Link, broker, client_id, will=will, subscriptions=subscriptions, on_message=on_message, clean=clean
        )
        self._on_up, self._on_down = on_up, on_down
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

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """Send a message at QoS 1; False where there is no connection now."""
        link = self._link
        if link is None or not link.up:
            return False
        link.publish(topic, payload, retain=retain)
        return True

    def _connection(self, stop: threading.Event) -> str:
        """Live through one connection; returns why it ended."""
        link: Link | None = None
        try:
            link = self._link = self._new_link(wake=self._wake)
            link.open()
            self._on_up()
            while link.up and not stop.is_set():
                with self._wake:
                    self._wake.wait_for(lambda: not link.up, 0.1)
            return f"broker {link.name}: {link.refusal or 'the connection broke'}"
        except BrokerError as error:
            return str(error)
        finally:
            self._link = None
            if link is not None:
                link.close()
