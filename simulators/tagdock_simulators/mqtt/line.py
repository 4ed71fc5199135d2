"""A client's line to a broker: connects when it is told to, books what becomes of each message. Only this knows paho.

paho writes and reads MQTT 3.1.1; it has no thread and no socket here, its bytes go through a `Pipe` on the event loop.
"""

import asyncio
import contextlib
import functools
import ssl
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from tagdock_simulators.mqtt.broker import Broker
from tagdock_simulators.mqtt.messages import BrokerError, Hello, Message, Patience
from tagdock_simulators.mqtt.pipe import Pipe

_HEARD_AT_MOST = 100
_HEARD_BYTES_AT_MOST = 65_536
_TICK_S = 1.0
_WRITTEN = (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_AGAIN)
_BAD_USER = (134, 135)  # bad user name or password, not authorized


class _Client(paho.Client):
    """paho on a pipe: `_create_socket` is where paho opens its own, be it TCP, a Unix socket or a web socket."""

    pipe: Any = None

    def _create_socket(self) -> Any:
        return self.pipe


class Line:
    """One line, made again at every `open`. `news` is called when something changed.

    What was not acknowledged when it broke goes again on the next one, marked as a duplicate (MQTT 3.1.1, section
    4.4), if the line `resends`; if not, it is lost: of a sensor, the next state makes the last one worthless.
    """

    def __init__(self, broker: Broker, patience: Patience, news: Callable[[], None], *, resends: bool) -> None:
        """Prepare; nothing is opened yet. Raises BrokerError when the authority's file can't be used."""
        self._broker, self._patience, self._news, self._resends = broker, patience, news, resends
        self._tls = _trusting(broker.ca_file) if broker.tls else None
        self._client: _Client | None = None
        self._pipe = Pipe(self._work)
        self._word: asyncio.Future[None] | None = None
        self._waiting: deque[Message] = deque()
        self._on_the_way: deque[tuple[Message, paho.MQTTMessageInfo]] = deque()
        self._heard: deque[Message] = deque(maxlen=_HEARD_AT_MOST)
        self._hello = Hello("")
        self._progress_at_s = 0.0
        self._ticking: asyncio.TimerHandle | None = None
        self.up = self._leaving = False
        self.complaint = ""
        """Why the line broke, where that is known."""
        self.messages_delivered = self.messages_lost = self.tags_delivered = self.tags_lost = 0

    @property
    def room(self) -> bool:
        """Tell whether another message would go on its way at once."""
        return len(self._on_the_way) + len(self._waiting) < self._patience.window

    @property
    def idle(self) -> bool:
        """Tell whether everything that was sent has arrived."""
        return not self._on_the_way and not self._waiting

    async def open(self, hello: Hello) -> None:
        """Connect, be taken, subscribe, all within the deadline. Raises BrokerError with the remedy."""
        self._hello, self.complaint, self._leaving = hello, "", False
        self._word, before = asyncio.get_running_loop().create_future(), self._pipe
        try:
            async with asyncio.timeout(self._patience.connect_s):
                await self._connect()
                self._introduced().reconnect()
                await self._word
        except TimeoutError as error:
            what = "took the connection but gave no answer; is it an MQTT broker?"
            if self._pipe is before:
                what = f"can't be reached (no answer in {self._patience.connect_s:g} s)"
            raise BrokerError(f"{self._broker} {what}") from error
        finally:
            self._word = None
            if not self.up:
                self.drop()
        self._progress_at_s = asyncio.get_running_loop().time()
        self._tick()

    def send(self, message: Message) -> None:
        """Send a message, or queue it while the window is full; without a line it is lost."""
        if not self.up:
            self._lose(message)
        elif self.room:
            self._publish(message)
        else:
            if len(self._waiting) >= self._patience.queue:
                self._lose(self._waiting.popleft())
            self._waiting.append(message)

    def heard(self) -> list[Message]:
        """Hand over what came in; of a flood, the newest hundred."""
        came = list(self._heard)
        self._heard.clear()
        return came

    def drop(self, complaint: str = "") -> None:
        """Cut the line without a word, as a product does that loses its power: the broker sends the will."""
        self.complaint = self.complaint or complaint
        self._pipe.abort()
        self._down()

    async def leave(self, within_s: float) -> None:
        """Say good-bye and hang up; a line that takes no more by then is cut."""
        if self._client is not None and self.up:
            self._leaving = True
            self._client.disconnect()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._pipe.ended.wait()
        self.drop()

    def give_up(self) -> None:
        """Count what has not arrived as lost."""
        for message in (*(message for message, _ in self._on_the_way), *self._waiting):
            self._lose(message)
        self._on_the_way.clear()
        self._waiting.clear()

    async def _connect(self) -> None:
        loop, broker = asyncio.get_running_loop(), self._broker
        try:
            _, self._pipe = await loop.create_connection(
                lambda: Pipe(self._work), broker.host, broker.port, ssl=self._tls
            )
        except (OSError, ValueError) as error:
            raise BrokerError(f"{broker} can't be reached ({error}); check that a broker listens there") from error

    def _introduced(self) -> _Client:
        """Return the client with its will: the last one's, which knows what is on the way, or a new one."""
        if self._client is None or not self._resends:
            self._client = self._built()
        client, will = self._client, self._hello.will
        client.pipe = self._pipe
        client.will_clear()
        if will is not None:
            client.will_set(will.topic, will.payload, will.qos, will.retained)
        return client

    def _built(self) -> _Client:
        hello, broker = self._hello, self._broker
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=hello.client_id,
            clean_session=hello.clean,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(self._patience.window)
        client.connect_async(broker.host, broker.port, hello.keepalive_s)
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_subscribe, client.on_message = self._on_subscribe, self._on_message
        return client

    def _pump(self) -> None:
        """Send what waits, as far as the window goes."""
        self._settle()
        while self._waiting and len(self._on_the_way) < self._patience.window and self.up:
            self._publish(self._waiting.popleft())

    def _publish(self, message: Message) -> None:
        assert self._client is not None  # noqa: S101  # for the type checker: the line is up
        if not self._on_the_way:
            self._progress_at_s = asyncio.get_running_loop().time()
        info = self._client.publish(message.topic, message.payload, message.qos, message.retained)
        if info.rc not in _WRITTEN and not (message.qos and self._resends):
            self._lose(message)
            return
        info.rc = MQTTErrorCode.MQTT_ERR_SUCCESS  # should the line break just now, it goes with the next one
        self._on_the_way.append((message, info))
        if not message.qos:
            self._settle()  # most often it is written by now

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
            self._progress_at_s = asyncio.get_running_loop().time()
            self._news()

    def _lose(self, message: Message) -> None:
        self.messages_lost += 1
        self.tags_lost += message.tags

    def _work(self) -> None:
        """Let paho read and write what it can."""
        client = self._client
        if client is None or client.pipe is not self._pipe:
            return
        while (self._pipe.unread or self._pipe.ended.is_set()) and client.socket() is not None:
            client.loop_read()
        if client.want_write():
            client.loop_write()
        self._pump()

    def _tick(self) -> None:
        """Look after the keepalive and the acknowledgements, every second while the line is up."""
        if not self.up or self._client is None:
            return
        loop, ack_s = asyncio.get_running_loop(), self._patience.ack_s
        self._client.loop_misc()
        if self._on_the_way and loop.time() - self._progress_at_s > ack_s:
            self.drop(f"the broker has acknowledged nothing for {ack_s:g} s")
        self._ticking = loop.call_later(min(_TICK_S, ack_s), self._tick)

    def _down(self) -> None:
        """Book what is not sent again."""
        if self._ticking is not None:
            self._ticking.cancel()
        self.up = False
        lost = [each for each in self._on_the_way if not (each[0].qos and self._resends)]
        self._on_the_way = deque(each for each in self._on_the_way if each[0].qos and self._resends)
        for message, _ in lost:
            self._lose(message)
        if not self._resends:
            self.give_up()
        self._news()

    def _answer(self, refusal: str = "") -> None:
        """Take the broker's word for the line."""
        if self._word is None or self._word.done():
            return
        if refusal:
            self._word.set_exception(BrokerError(f"{self._broker}: {refusal}"))
        else:
            self.up = True
            self._word.set_result(None)

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            remedy = "check user and password" if code.value in _BAD_USER else "see the broker's log"
            self._answer(f"refused {self._hello.client_id} ({code}); {remedy}")
        elif self._hello.subscriptions:
            client.subscribe(list(self._hello.subscriptions))
        else:
            self._answer()

    def _on_subscribe(self, _client: paho.Client, _data: Any, _mid: int, codes: Any, _properties: Any) -> None:
        refused = any(code.is_failure for code in codes)
        self._answer("refused a subscription; check the broker's access rules" if refused else "")

    def _on_disconnect(self, *_: Any) -> None:
        self._answer("hung up without a word; is it an MQTT broker, is TLS right?")
        if not self._leaving:
            self.drop()

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        if len(message.payload) <= _HEARD_BYTES_AT_MOST:
            self._heard.append(Message(message.topic, bytes(message.payload), retained=bool(message.retain)))
            self._news()


@functools.lru_cache(maxsize=8)
def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Return what checks brokers by their authority: one for all lines, it is large. Raises BrokerError."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise BrokerError(
            f"{ca_file}: can't be used as an authority's file ({error}); it must be a PEM file"
        ) from error
