"""A simulated product's connection to an MQTT broker: will, reconnects, bounded queue. Only this knows paho.

MQTT 3.1.1 over TCP or TLS. One client a connection, because the will may differ from one connection to the next
(Sparkplug counts them). Everything is used from one asyncio loop; paho's thread only calls back into it.
"""

import asyncio
import logging
import random
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tagdock_simulators.broker import Broker

log = logging.getLogger(__name__)


class Message(Protocol):
    """What is published; any record with these fields will do."""

    @property
    def topic(self) -> str:
        """Where to."""

    @property
    def payload(self) -> bytes:
        """What."""

    @property
    def qos(self) -> int:
        """How surely: 0, 1 or 2."""

    @property
    def retained(self) -> bool:
        """Whether the broker keeps it for later subscribers."""


@dataclass(frozen=True, slots=True)
class Hello:
    """How a client introduces itself on one connection."""

    client_id: str
    will: Message | None = None
    subscriptions: tuple[tuple[str, int], ...] = ()
    """Topic filters with their QoS."""
    clean: bool = True
    keepalive_s: int = 30


@dataclass(frozen=True, slots=True)
class Patience:
    """Waits in seconds, and how many messages may wait or be on their way."""

    connect_s: float = 10.0
    close_s: float = 5.0
    retry_first_s: float = 0.5
    retry_longest_s: float = 30.0
    healthy_s: float = 10.0
    """A connection that held so long was a good one: the next retry is quick again."""
    queue: int = 10_000
    window: int = 200


class Client(Protocol):
    """Who speaks through a link. All calls come from the link's loop, none may block."""

    def hello(self) -> Hello:
        """Introduce yourself; asked anew for every connection."""

    def greeting(self) -> Sequence[Message]:
        """Say what is published first on a new connection, once the subscriptions stand."""

    def heard(self, topic: str, payload: bytes) -> Sequence[Message]:
        """Take a message; return the answers."""

    def farewell(self) -> Sequence[Message]:
        """Say what is published before going on purpose."""


class MqttLink:
    """Keeps one client connected, from `start` to `close`; retries with a jittered pause that doubles."""

    def __init__(self, broker: Broker, client: Client, patience: Patience = Patience()) -> None:
        """Prepare; nothing is opened yet."""
        self._broker, self._client, self._patience = broker, client, patience
        self._connection: _Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._first = asyncio.Event()
        self._renewed = asyncio.Event()
        self._complaint = ""
        self.connections = 0
        """How many connections have been made."""
        self.sent = 0
        """Messages that went to the network."""
        self.lost = 0
        """Messages that did not: the queue was full, or the connection broke."""

    @property
    def up(self) -> bool:
        """Say whether the connection stands."""
        return self._connection is not None and self._connection.up

    async def start(self, within_s: float | None = None) -> None:
        """Connect in the background; with `within_s`, wait so long for the first connection.

        Raises ConnectionError, which says why, when there is none by then; it goes on trying all the same until closed.
        """
        self._task = asyncio.create_task(self._run())
        if within_s is not None:
            try:
                await asyncio.wait_for(self._first.wait(), within_s)
            except TimeoutError as error:
                why = self._complaint or "no answer"
                raise ConnectionError(f"{self._broker}: {why}; check that a broker listens there") from error

    def send(self, message: Message) -> bool:
        """Publish when there is a connection; never blocks. Says whether the message was taken."""
        if self._connection is None or not self._connection.up:
            self.lost += 1
            return False
        self._connection.send(message)
        return True

    def renew(self) -> None:
        """Say farewell, end this connection in good order and make another."""
        self._renewed.set()

    async def close(self) -> None:
        """Say farewell and go; what still waits gets a moment."""
        self._stop.set()
        if self._task is not None:
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        pause_s, clock = self._patience.retry_first_s, asyncio.get_running_loop().time
        while not self._stop.is_set():
            began_s = clock()
            try:
                await self._session()
            except ConnectionError as error:
                self._complain(str(error))
            if clock() - began_s >= self._patience.healthy_s:
                pause_s = self._patience.retry_first_s
            with suppress(TimeoutError):
                # The jitter keeps a house full of sensors from knocking all at once; no secret hangs on it.
                await asyncio.wait_for(self._stop.wait(), pause_s * random.uniform(0.5, 1.0))  # noqa: S311
            pause_s = min(pause_s * 2, self._patience.retry_longest_s)

    async def _session(self) -> None:
        """Live through one connection."""
        connection = _Connection(self._broker, self._client.hello(), self._patience, self._on_message)
        try:
            self._renewed.clear()
            await connection.open()
            self.connections += 1
            self._complaint = ""
            self._connection = connection
            self._send_all(self._client.greeting())
            self._first.set()
            await _first_of(connection.ended.wait(), self._renewed.wait(), self._stop.wait())
            if connection.up:
                self._send_all(self._client.farewell())
                await connection.drain(self._patience.close_s)
        finally:
            self._connection = None
            await connection.close()
            self.sent += connection.sent
            self.lost += connection.lost

    def _on_message(self, topic: str, payload: bytes) -> None:
        self._send_all(self._client.heard(topic, payload))

    def _send_all(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.send(message)

    def _complain(self, complaint: str) -> None:
        """Say once what is wrong, not at every retry."""
        if complaint != self._complaint:
            log.warning("%s: %s; trying again", self._broker, complaint)
        self._complaint = complaint


class _Connection:
    """One paho client, opened, used and thrown away."""

    def __init__(self, broker: Broker, hello: Hello, patience: Patience, heard: Callable[[str, bytes], None]) -> None:
        self._broker, self._hello, self._patience, self._heard = broker, hello, patience, heard
        self._loop = asyncio.get_running_loop()
        self._connected, self.ended = asyncio.Event(), asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._refusal = ""
        self._waiting: deque[Message] = deque()
        self._under_way = 0
        self.sent = self.lost = 0
        self._paho = self._built()

    @property
    def up(self) -> bool:
        return self._connected.is_set() and not self.ended.is_set()

    async def open(self) -> None:
        """Connect, be accepted, subscribe. Raises ConnectionError."""
        connect = asyncio.to_thread(self._paho.connect, self._broker.host, self._broker.port, self._hello.keepalive_s)
        try:
            await asyncio.wait_for(connect, self._patience.connect_s + 1.0)
        except (OSError, ValueError, ssl.SSLError) as error:
            raise ConnectionError(f"cannot be reached ({error or 'no answer'})") from error
        self._paho.loop_start()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience.connect_s):
                await _first_of(self._connected.wait(), self.ended.wait())
        if not self.up:
            raise ConnectionError(self._refusal or "took the connection but gave no answer; is it an MQTT broker?")

    def send(self, message: Message) -> None:
        """Queue a message; when the queue is full the oldest goes."""
        if len(self._waiting) >= self._patience.queue:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(message)
        self._idle.clear()
        self._pump()

    async def drain(self, within_s: float) -> None:
        """Wait until all has been written, as long as it may take."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await _first_of(self._idle.wait(), self.ended.wait())

    async def close(self) -> None:
        """Disconnect and end paho's thread."""
        self.lost += len(self._waiting)
        self._waiting.clear()
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        client = self._paho
        client.disconnect()
        client.loop_stop()
        # The client and its callbacks hold each other; apart, its sockets close now, not at some later collection.
        client.on_connect = client.on_disconnect = client.on_subscribe = client.on_message = client.on_publish = None

    def _pump(self) -> None:
        while self._waiting and self._under_way < self._patience.window and not self.ended.is_set():
            message = self._waiting.popleft()
            self._under_way += 1
            self._paho.publish(message.topic, message.payload, message.qos, message.retained)

    def _on_written(self) -> None:
        self._under_way -= 1
        self.sent += 1
        self._pump()
        if not self._waiting and self._under_way == 0:
            self._idle.set()

    def _built(self) -> paho.Client:
        hello = self._hello
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=hello.client_id,
            clean_session=hello.clean,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._patience.connect_s
        client.max_inflight_messages_set(self._patience.window)
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password)
        if self._broker.tls:
            client.tls_set(str(self._broker.ca_file) if self._broker.ca_file else None)
        if hello.will is not None:
            will = hello.will
            client.will_set(will.topic, will.payload, will.qos, will.retained)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_subscribe, client.on_message = self._on_subscribe, self._on_message
        client.on_publish = lambda *_: self._call(self._on_written)
        return client

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self._call(self._end, f"refused {self._hello.client_id} ({code}); check the address's user and password")
        elif self._hello.subscriptions:
            client.subscribe(list(self._hello.subscriptions))
        else:
            self._call(self._connected.set)

    def _on_subscribe(self, _client: paho.Client, _data: Any, _mid: int, codes: Any, _properties: Any) -> None:
        if any(code.is_failure for code in codes):
            self._call(self._end, "refused a subscription; check the broker's access rules")
        else:
            self._call(self._connected.set)

    def _on_disconnect(self, *_: Any) -> None:
        self._call(self._end, "")

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self._call(self._heard, message.topic, bytes(message.payload))

    def _end(self, refusal: str) -> None:
        self._refusal = self._refusal or refusal
        self.ended.set()

    def _call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Go from paho's thread to the loop; a loop that is closed needs no more news."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)


async def _first_of(*waits: Any) -> None:
    """Wait for whichever comes first; end the others."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
