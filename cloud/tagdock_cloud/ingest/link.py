"""The line to the MQTT broker: with `bulk`, the only module that knows paho."""

import logging
import random
import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tagdock_cloud.config import BrokerAddress
from tagdock_cloud.ingest.admit import Delivery
from tagdock_cloud.ingest.bulk import BulkClient, Message
from tagdock_cloud.ingest.errors import BrokerUnavailableError

logger = logging.getLogger(__name__)

KEEPALIVE_S = 30
CONNECT_TIMEOUT_S = 10.0
LONGEST_BACK_OFF_S = 30
MOST_ACKS_WAITING = 20_000
"""Acks to gateways that the broker has not taken yet; more are dropped, and the gateways ask again by sending again."""
SESSION_EXPIRY_S = 0xFFFFFFFF
"""MQTT 5's word for a session that never expires (section 3.1.2.11.2); 3.1.1's sessions never do."""
RECEIVE_MAXIMUM = 5_000
"""Messages that an MQTT 5 broker sends ahead of acknowledgements: about a group's worth."""


class BrokerLink:
    """A persistent MQTT session with manual acknowledgement, of MQTT 3.1.1 unless told otherwise.

    `deliver` is called on the link's own thread and may block: the broker then gets no further acknowledgement and
    stops sending. A lost connection is taken up again with jittered back-off.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        client_id: str,
        deliver: Callable[[Sequence[Delivery]], None],
        *,
        is_mqtt5: bool = False,
    ) -> None:
        self._broker = broker
        self._deliver = deliver
        self._is_mqtt5 = is_mqtt5
        self._connection = 0
        self._filters: tuple[str, ...] = ()
        self._refusal: str | None = None
        self._is_subscribed = False
        self._answered = threading.Event()
        self._client = self._make_client(client_id)

    def start(self, filters: Iterable[str]) -> None:
        """Connect and listen to these topics; once connected it goes on trying by itself.

        The subscription is settled later: a broker may first hand over what it kept for this session.
        Raises BrokerUnavailableError when there is no first connection.
        """
        self._filters = tuple(filters)
        settings: dict[str, Any] = {}
        if self._is_mqtt5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_EXPIRY_S
            properties.ReceiveMaximum = RECEIVE_MAXIMUM
            settings = {"clean_start": False, "properties": properties}
        try:
            self._client.connect(self._broker.host, self._broker.port, KEEPALIVE_S, **settings)
        except (OSError, ValueError) as error:
            raise self._unavailable(str(error)) from error
        self._client.loop_start()
        if not self._answered.wait(CONNECT_TIMEOUT_S):
            self._refusal = f"no answer within {CONNECT_TIMEOUT_S:.0f} s"
        try:
            self.check()
        except BrokerUnavailableError:
            self.stop()
            raise

    def check(self) -> bool:
        """Tell whether the subscription stands. Raises BrokerUnavailableError when the broker turned us away."""
        if self._refusal is not None:
            raise self._unavailable(self._refusal)
        return self._is_subscribed

    def listen(self, filters: Iterable[str]) -> None:
        """Listen to these topics from now on, and to no others; nothing happens where they are the same."""
        before, self._filters = self._filters, tuple(filters)
        if new := [name for name in self._filters if name not in before]:
            self._subscribe(new)
        if old := [name for name in before if name not in self._filters]:
            self._client.unsubscribe(old)

    def stop(self, within_s: float = CONNECT_TIMEOUT_S) -> None:
        """Say goodbye; the session stays at the broker. One that takes nothing is left after `within_s`."""
        self._client.disconnect()
        leaving = threading.Thread(target=self._client.loop_stop, daemon=True)  # it waits for as long as it takes
        leaving.start()
        leaving.join(within_s)

    def publish(self, topic: str, payload: bytes) -> None:
        """Send an ack to a gateway, QoS 1. When the broker is away for long it is dropped: gateways send again."""
        if self._client.publish(topic, payload, qos=1).rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            logger.warning("too many acks wait for the broker: one was dropped, its gateway will send again")

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge messages to the broker; packet ids of an older connection mean something else by now."""
        self._client.acknowledge([one.packet_id for one in deliveries if one.connection == self._connection])

    def _make_client(self, client_id: str) -> BulkClient:
        client = BulkClient(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if self._is_mqtt5 else False,
            protocol=mqtt.MQTTv5 if self._is_mqtt5 else mqtt.MQTTv311,
            manual_ack=True,
        )
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        if self._broker.has_tls:
            client.tls_set_context(ssl.create_default_context(cafile=self._broker.ca_file))
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(1000)
        client.max_queued_messages_set(MOST_ACKS_WAITING)
        client.reconnect_delay_set(random.uniform(0.3, 1.0), LONGEST_BACK_OFF_S)  # type: ignore[arg-type]  # noqa: S311
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.take = self._take
        return client

    def _subscribe(self, filters: Sequence[str]) -> None:
        self._client.subscribe([(name, 1) for name in filters])

    def _on_connect(self, client: mqtt.Client, _user: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            self._refuse(f"it refuses: {reason}; check user and password")
            return
        self._connection += 1
        logger.log(logging.DEBUG if self._connection == 1 else logging.INFO, "connected to %s", self._broker.shown)
        self._answered.set()
        if self._filters:
            self._subscribe(self._filters)
        else:
            self._is_subscribed = True  # to nothing yet: no site of ours is registered

    def _on_subscribe(self, _client: Any, _user: Any, _mid: int, reasons: list[ReasonCode], _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refuse("it does not let this user subscribe; see `tagdock-cloud gateways acl`")
        else:
            self._is_subscribed = True

    def _on_disconnect(self, _client: Any, _user: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            logger.warning("lost the broker at %s (%s); trying again", self._broker.shown, reason)

    def _on_message(self, _client: Any, _user: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        self._deliver([Delivery(topic, bytes(message.payload), message.retain, message.mid, self._connection)])

    def _take(self, messages: Sequence[Message]) -> None:
        number = self._connection
        self._deliver([
            Delivery(_decode_topic(topic), payload, is_retained, packet_id, number)
            for topic, payload, is_retained, packet_id in messages
        ])  # fmt: skip

    def _refuse(self, reason: str) -> None:
        logger.warning("the broker at %s: %s", self._broker.shown, reason)
        if not self._is_subscribed:
            self._refusal = reason
            self._answered.set()

    def _unavailable(self, reason: str) -> BrokerUnavailableError:
        return BrokerUnavailableError(
            f"the broker at {self._broker.shown} is not available: {reason}. Is --broker right, and is it up?"
        )


@lru_cache(maxsize=10_000)
def _decode_topic(topic: bytes) -> str:
    return topic.decode("utf-8", "replace")
