"""A reader's line to the broker, which delivers each message or says that it did not.

The link of the other products (`mqtt`) forgets what is under way when a connection breaks, because the next state
makes the last one worthless. A read is worth keeping: here one paho client lives as long as its reader, and what was
sent but not acknowledged is sent again on the next connection, marked as a duplicate (MQTT 3.1.1, section 4.4). Its
socket hangs on the event loop, without a thread, so that one process plays many readers.
"""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from tagdock_simulators.broker import Broker
from tagdock_simulators.mqtt_readers.messages import Message, Session

_COMMANDS_AT_MOST = 100
_COMMAND_BYTES_AT_MOST = 65_536
_BAD_USER = (134, 135)  # bad user name or password, not authorized


class BrokerError(ConnectionError):
    """The broker can't be reached, can't be used as configured, or refuses us; says what to do."""


class Link:
    """A client that connects when it is told to, on one event loop. `news` is called when something changed."""

    def __init__(
        self, broker: Broker, session: Session, window: int, connect_s: float, news: Callable[[], None]
    ) -> None:
        """Prepare; nothing is opened yet. Raises BrokerError when the authority's file can't be used."""
        self._broker, self._session, self._news = broker, session, news
        self._window, self._connect_s = window, connect_s
        self._on_the_way: deque[tuple[Message, mqtt.MQTTMessageInfo]] = deque()
        self._commands: deque[bytes] = deque(maxlen=_COMMANDS_AT_MOST)
        self._watched: Any = None
        self._writing = self._up = self._given_up = False
        self._refusal = ""
        self.tags_delivered = self.tags_lost = self.messages_delivered = 0
        self._client = self._build()

    @property
    def up(self) -> bool:
        """Tell whether the broker took us and the connection stands."""
        return self._up

    @property
    def room(self) -> bool:
        """Tell whether another message may go on its way."""
        return len(self._on_the_way) < self._window

    @property
    def idle(self) -> bool:
        """Tell whether everything that was sent has arrived."""
        return not self._on_the_way

    async def connect(self) -> None:
        """Connect and wait for the broker's word, both with a deadline. Raises BrokerError with the remedy."""
        self._refusal = ""
        try:
            await asyncio.to_thread(self._open)
        except asyncio.CancelledError:
            self._given_up = True  # the thread can't be stopped: what it opens it closes
            raise
        except (OSError, ValueError) as error:
            raise BrokerError(f"{self._broker} can't be reached ({error}); check that it runs there") from error
        self._watch()
        await self._word_of_the_broker(asyncio.get_running_loop().time() + self._connect_s)
        if self._refusal:
            self.drop()
            raise BrokerError(f"{self._broker}: {self._refusal}")

    async def _word_of_the_broker(self, by_s: float) -> None:
        """Wait until the broker took or refused us. Raises BrokerError when it does neither."""
        while not self._up and not self._refusal:
            if self._watched is None:
                raise BrokerError(f"{self._broker} hung up without a word; is it an MQTT broker, is TLS right?")
            if asyncio.get_running_loop().time() > by_s:
                self.drop()
                raise BrokerError(f"{self._broker} took the connection but gave no answer; is it an MQTT broker?")
            await asyncio.sleep(0.005)

    def publish(self, message: Message) -> None:
        """Send a message; without a connection it waits for the next one (QoS 1, 2) or is lost (QoS 0)."""
        info = self._client.publish(message.topic, message.payload, message.qos, message.retained)
        if message.qos == 0 and info.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_AGAIN):
            self.tags_lost += message.tags
        else:
            info.rc = MQTTErrorCode.MQTT_ERR_SUCCESS  # should the line break just now, it goes with the next one
            self._on_the_way.append((message, info))
            self._settle()
        self._watch_writing()

    def commands(self) -> list[bytes]:
        """Hand over the commands that came in."""
        came = list(self._commands)
        self._commands.clear()
        return came

    def tick(self) -> None:
        """Look after the keepalive; wants to be called every second."""
        self._client.loop_misc()

    def drop(self) -> None:
        """Cut the connection without a word, as a reader does that loses its power: the broker sends the will."""
        sock = self._watched
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            self._client.loop_read()
        if self._watched is not None:  # a TLS socket may take it calmly
            self._client.loop_write()
            self._unwatch()
        self._down()

    def disconnect(self) -> None:
        """Say good-bye and hang up; what is on the way counts as lost."""
        self._client.disconnect()
        self.drop()
        self.tags_lost += sum(message.tags for message, _ in self._on_the_way)
        self._on_the_way.clear()

    def _open(self) -> None:
        self._client.reconnect()
        if self._given_up:
            self._client.disconnect()

    def _build(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._session.client_id,
            clean_session=self._session.clean,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._connect_s
        client.max_inflight_messages_set(self._window + 8)
        client.connect_async(self._broker.host, self._broker.port, self._session.keepalive_s)
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password)
        will = self._session.will
        if will is not None:
            client.will_set(will.topic, will.payload, will.qos, will.retained)
        if self._broker.tls:
            self._use_tls(client)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_socket_close = self._on_socket_close
        return client

    def _use_tls(self, client: mqtt.Client) -> None:
        ca_file = self._broker.ca_file
        try:
            client.tls_set(str(ca_file) if ca_file else None)
        except (OSError, ValueError) as error:
            raise BrokerError(
                f"{ca_file}: can't be used as an authority's file ({error}); it must be a PEM file"
            ) from error

    def _watch(self) -> None:
        self._watched = self._client.socket()
        if self._watched is not None:
            asyncio.get_running_loop().add_reader(self._watched, self._readable)
            self._watch_writing()

    def _unwatch(self) -> None:
        if self._watched is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._watched)
            loop.remove_writer(self._watched)
        self._watched, self._writing = None, False

    def _readable(self) -> None:
        self._client.loop_read()
        while self._watched is not None and self._broker.tls and self._watched.pending():
            self._client.loop_read()
        self._settle()
        self._watch_writing()

    def _writable(self) -> None:
        self._client.loop_write()
        if self._watched is not None and not self._client.want_write():
            asyncio.get_running_loop().remove_writer(self._watched)
            self._writing = False
        self._settle()

    def _watch_writing(self) -> None:
        if self._watched is not None and not self._writing and self._client.want_write():
            asyncio.get_running_loop().add_writer(self._watched, self._writable)
            self._writing = True

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            remedy = "check user and password" if code.value in _BAD_USER else "see the broker's log"
            self._refusal = f"refused {self._session.client_id} ({code}); {remedy}"
            return
        for topic in self._session.listens_to:
            client.subscribe(topic, qos=1)
        self._up = True
        self._news()

    def _on_disconnect(self, *_: Any) -> None:
        self._down()

    def _on_socket_close(self, _client: mqtt.Client, _data: Any, _sock: Any) -> None:
        self._unwatch()

    def _down(self) -> None:
        """Book what QoS 0 does not send again."""
        self._up = False
        self.tags_lost += sum(message.tags for message, _ in self._on_the_way if message.qos == 0)
        self._on_the_way = deque(each for each in self._on_the_way if each[0].qos)
        self._news()

    def _settle(self) -> None:
        """Book what has arrived, in the order in which it was sent: so brokers acknowledge (MQTT 3.1.1, section 4.6).

        paho could call us back for each message, which costs as much again as sending it.
        """
        settled = 0
        while self._on_the_way and self._on_the_way[0][1].is_published():
            self.tags_delivered += self._on_the_way.popleft()[0].tags
            settled += 1
        if settled:
            self.messages_delivered += settled
            self._news()

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if len(message.payload) <= _COMMAND_BYTES_AT_MOST and not message.retain:
            self._commands.append(bytes(message.payload))
            self._news()
