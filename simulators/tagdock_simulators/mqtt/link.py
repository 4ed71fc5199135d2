"""A product's link to its broker: keeps one client connected from `start` to `close`, whatever the broker does."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from tagdock_simulators.chance import Chance
from tagdock_simulators.mqtt.broker import Broker
from tagdock_simulators.mqtt.line import Line
from tagdock_simulators.mqtt.messages import BrokerError, Hello, Message, Patience


class Link:
    """Retries with a jittered pause that doubles. All of it lives on one event loop; nothing blocks."""

    def __init__(
        self, name: str, broker: Broker, patience: Patience, say: Callable[[str], None], *, resends: bool
    ) -> None:
        """Prepare; nothing is opened. `say` hears when the broker fails, and when it is back. Raises BrokerError."""
        self._name, self._broker, self._patience, self._say = name, broker, patience, say
        self._news, self._first = asyncio.Event(), asyncio.Event()
        self.line = Line(broker, patience, self._news.set, resends=resends)
        """What counts the messages."""
        self._task: asyncio.Task[None] | None = None
        self._close_by_s: float | None = None
        self._plugged, self._living = True, False
        self._complaint = ""
        self.connections = 0
        """How many connections have been made."""

    @property
    def up(self) -> bool:
        """Tell whether the broker has us."""
        return self._living and self.line.up

    @property
    def closing(self) -> bool:
        """Tell whether it is our wish to go."""
        return self._close_by_s is not None

    @property
    def late(self) -> bool:
        """Tell whether the time for closing is over."""
        return self.closing and self._left_s() <= 0

    async def start(
        self, hello: Callable[[], Hello], live: Callable[[], Awaitable[None]], within_s: float | None = None
    ) -> None:
        """Connect in the background; with `within_s`, wait so long for the first connection.

        `hello` is asked anew for every connection; `live` lives through one: it ends, in good order, when it wants
        another one, when the link is no longer `up` or when it is `closing`.

        Raises BrokerError, which says why, when there is none by then; it goes on trying all the same until closed.
        """
        self._task = asyncio.create_task(self._guarded(hello, live))
        if within_s is not None:
            try:
                await asyncio.wait_for(self._first.wait(), within_s)
            except TimeoutError as error:
                why = self._complaint or f"{self._broker} gave no answer; check that a broker listens there"
                raise BrokerError(why) from error

    def send(self, *messages: Message) -> None:
        """Send messages; without a connection they are lost. Never blocks."""
        for message in messages:
            self.line.send(message)

    def nudge(self) -> None:
        """End a `rest`: there is news."""
        self._news.set()

    async def rest(self, seconds: float | None = None) -> None:
        """Wait for news of the connection, for messages or for a nudge."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()

    async def drain(self) -> None:
        """Wait until everything has arrived, within the deadline for closing."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._left_s()):
                while self.up and not self.line.idle:
                    await self.rest()

    def plug(self, plugged: bool) -> None:
        """Pull the network plug, so that the broker sends the will, or plug it in again."""
        self._plugged = plugged
        if not plugged:
            self.line.drop()
        self.nudge()

    async def close(self) -> None:
        """Let `live` come to its end, within the deadline, and go; what is left then is lost."""
        self._close_by_s = asyncio.get_running_loop().time() + self._patience.close_s
        self.nudge()
        try:
            if self._task is not None:
                await asyncio.wait((self._task,), timeout=self._patience.close_s + 1.0)
                self._task.cancel()
                await asyncio.wait((self._task,))
                if not self._task.cancelled():
                    self._task.result()
        finally:
            self.line.drop()
            self.line.give_up()

    async def _guarded(self, hello: Callable[[], Hello], live: Callable[[], Awaitable[None]]) -> None:
        """Say at once when a mistake of ours ends the link; `close` raises it."""
        try:
            await self._run(hello, live)
        except Exception as error:
            self._say(f"{self._name}: stopped by a mistake in the simulator: {error!r}")
            raise

    async def _run(self, hello: Callable[[], Hello], live: Callable[[], Awaitable[None]]) -> None:
        """Connect, live, reconnect, until closed."""
        # The jitter keeps a house full of products from knocking all at once.
        loop, jitter = asyncio.get_running_loop(), Chance(0, "mqtt", self._name)
        pause_s = self._patience.retry_first_s
        while not self.closing:
            if not self._plugged:
                await self.rest()
                continue
            began_s = loop.time()
            try:
                await self.line.open(hello())
                await self._lived(live)
            except BrokerError as error:
                self._complain(str(error))
            if loop.time() - began_s >= self._patience.healthy_s:
                pause_s = self._patience.retry_first_s
            await self._pause(pause_s * jitter.between(0.5, 1.0))
            pause_s = min(pause_s * 2, self._patience.retry_longest_s)

    async def _lived(self, live: Callable[[], Awaitable[None]]) -> None:
        """Live through one connection. Raises BrokerError when it broke."""
        if self._complaint:
            self._say(f"{self._name}: connected again")
        self._complaint = ""
        self.connections += 1
        self._first.set()
        self._living = True
        try:
            await live()
        finally:
            self._living = False
        broke = not self.line.up
        await self.line.leave(max(0.1, self._left_s()))
        if broke and not self.closing and self._plugged:
            raise BrokerError(self.line.complaint or "the connection broke")

    def _left_s(self) -> float:
        """Return how long closing may still take."""
        if self._close_by_s is None:
            return self._patience.close_s
        return self._close_by_s - asyncio.get_running_loop().time()

    async def _pause(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        end_s = loop.time() + seconds
        while not self.closing and loop.time() < end_s:
            await self.rest(end_s - loop.time())

    def _complain(self, problem: str) -> None:
        """Say what is wrong once, not at every retry."""
        if problem != self._complaint:
            self._complaint = problem
            self._say(f"{self._name}: {problem}; trying again")
