"""The line to the MQTT broker: the only module that knows paho."""

import logging
import random
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode
from tagdock_contract import subscription

from tagdock_cloud.config import BrokerAddress
from tagdock_cloud.ingest.admit import Delivery
from tagdock_cloud.ingest.errors import BrokerUnavailableError

logger = logging.getLogger(__name__)

KEEPALIVE_S = 30
CONNECT_TIMEOUT_S = 10.0
LONGEST_BACK_OFF_S = 30
MOST_ACKS_WAITING = 20_000
"""Acks to gateways that the broker has not taken yet; more are dropped, and the gateways ask again by sending again."""


class BrokerLink:
    """A persistent MQTT 3.1.1 session with manual acknowledgement.

    `deliver` is called on the link's own thread and may block: the broker then gets no further acknowledgement and
    stops sending. A lost connection is taken up again with jittered back-off.
    """

    def __init__(self, broker: BrokerAddress, client_id: str, deliver: Callable[[Delivery], None]) -> None:
        self._broker = broker
        self._deliver = deliver
        self._connection = 0
        self._refusal: str | None = None
        self._is_subscribed = False
        self._answered = threading.Event()
        self._client = self._make_client(client_id)

    def start(self) -> None:
        """Connect; once connected it goes on trying by itself.

        The subscription is settled later: a broker may first hand over what it kept for this session.
        Raises BrokerUnavailableError when there is no first connection.
        """
        try:
            self._client.connect(self._broker.host, self._broker.port, KEEPALIVE_S)
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

    def stop(self) -> None:
        """Say goodbye; the session stays at the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> None:
        """Send an ack to a gateway, QoS 1. When the broker is away for long it is dropped: gateways send again."""
        if self._client.publish(topic, payload, qos=1).rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            logger.warning("too many acks wait for the broker: one was dropped, its gateway will send again")

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge messages to the broker; packet ids of an older connection mean something else by now."""
        for delivery in deliveries:
            if delivery.connection == self._connection:
                self._client.ack(delivery.packet_id, 1)

    def _make_client(self, client_id: str) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=mqtt.MQTTv311,
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
        return client

    def _on_connect(self, client: mqtt.Client, _user: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            self._refuse(f"it refuses: {reason}; check user and password")
            return
        self._connection += 1
        logger.info("connected to %s", self._broker.shown)
        self._answered.set()
        client.subscribe([(subscription("events"), 1), (subscription("status"), 1)])

    def _on_subscribe(self, _client: Any, _user: Any, _mid: int, reasons: list[ReasonCode], _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refuse("it does not let this user subscribe; see `tagdock-cloud gateways acl`")
        else:
            self._is_subscribed = True

    def _on_disconnect(self, _client: Any, _user: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            logger.warning("lost the broker at %s (%s); trying again", self._broker.shown, reason)

    def _on_message(self, _client: Any, _user: Any, message: mqtt.MQTTMessage) -> None:
        self._deliver(Delivery(message.topic, bytes(message.payload), message.retain, message.mid, self._connection))

    def _refuse(self, reason: str) -> None:
        logger.warning("the broker at %s: %s", self._broker.shown, reason)
        if not self._is_subscribed:
            self._refusal = reason
            self._answered.set()

    def _unavailable(self, reason: str) -> BrokerUnavailableError:
        return BrokerUnavailableError(
            f"the broker at {self._broker.shown} is not available: {reason}. Is --broker right, and is it up?"
        )
