"""One reader that speaks MQTT, whatever its format: takes reads, holds them back while it has to, delivers them.

Every read that is fed ends in exactly one count: fed = `tags_reported` + `tags_lost` + `tags_merged` +
`tags_waiting`. Reported means acknowledged by the broker (QoS 1, 2) or written to the line (QoS 0: what the line
swallows then is lost unseen, as with a real reader).
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tagdock_contract import InputChange, TagRead

from tagdock_simulators.broker import Broker
from tagdock_simulators.chance import Chance
from tagdock_simulators.mqtt_readers.buffer import Buffer
from tagdock_simulators.mqtt_readers.format import Format
from tagdock_simulators.mqtt_readers.link import BrokerError, Link
from tagdock_simulators.mqtt_readers.messages import (
    AntennaChanged,
    Beat,
    Command,
    Connected,
    Happening,
    InventoryChanged,
    Leaving,
)
from tagdock_simulators.mqtt_readers.outgoing import Outgoing
from tagdock_simulators.mqtt_readers.repeats import Repeats

log = logging.getLogger(__name__)

_TICK_S = 0.5
_PURGES_TOLD_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Waits:
    """The reader's deadlines and pauses in seconds."""

    connect_s: float = 5.0
    close_s: float = 5.0
    ack_s: float = 20.0
    """A broker that acknowledges nothing for so long is left; what is on the way goes again on the next connection."""
    retry_first_s: float = 1.0
    retry_longest_s: float = 60.0
    healthy_s: float = 10.0
    """A connection that held so long was a good one: the next retry is quick again."""


class MqttReader:
    """A reader that can be fed. `start` and `close` it; all of it lives on one event loop."""

    def __init__(
        self, speaks: Format, broker: Broker, *, waits: Waits = Waits(), say: Callable[[str], None] = log.warning
    ) -> None:
        """Prepare; nothing is opened. `say` hears when the broker fails, and when it is back. Raises BrokerError."""
        self._speaks, self._waits, self._say = speaks, waits, say
        delivery = self._delivery = speaks.delivery
        self._news = asyncio.Event()
        self._link = Link(broker, speaks.session, delivery.window, waits.connect_s, self._news.set)
        self._buffer = Buffer(delivery.buffer_reads, delivery.keep_s)
        self._outgoing = Outgoing(speaks, self._buffer, self._link)
        self._repeats = Repeats(delivery.repeat_s, delivery.repeat_tags) if delivery.repeat_s else None
        self._task: asyncio.Task[None] | None = None
        self._close_by_s: float | None = None
        self._online = self._running = True
        self._complaint = ""
        self._unheard = self._fed = 0
        self._by_antenna: Counter[int] = Counter()
        self._inputs: dict[int, bool] = {}
        self._began_s = self._beat_at_s = self._purge_told_s = 0.0
        self.tags_merged = 0
        self.ever_connected = False

    @property
    def tags_reported(self) -> int:
        """Return how many reads arrived."""
        return self._link.tags_delivered

    @property
    def tags_lost(self) -> int:
        """Return how many reads went: buffer full, too old, inventory stopped, QoS 0 and the line cut, closed early."""
        return self._link.tags_lost + self._buffer.reads_lost + self._unheard

    @property
    def tags_waiting(self) -> int:
        """Return how many reads wait or are on their way."""
        return self._fed - self.tags_reported - self.tags_lost - self.tags_merged

    @property
    def messages_delivered(self) -> int:
        """Return how many messages arrived, status messages among them."""
        return self._link.messages_delivered

    @property
    def connected(self) -> bool:
        """Tell whether the broker has us."""
        return self._link.up

    @property
    def running(self) -> bool:
        """Tell whether the inventory runs."""
        return self._running

    def feed(self, *records: TagRead | InputChange) -> None:
        """Take what the antennas and inputs saw. Never blocks."""
        for record in records:
            if isinstance(record, InputChange):
                self._inputs[record.gpi] = record.state
                self._buffer.put(record)
            else:
                self._take(record)
        self._news.set()

    async def start(self) -> None:
        """Begin to connect, and to deliver what is fed; returns at once, connected or not."""
        self._began_s = asyncio.get_running_loop().time()
        self._task = asyncio.create_task(self._guarded())

    async def close(self) -> None:
        """Deliver what waits, within the deadline, say good-bye and disconnect; what is left then is lost."""
        self._close_by_s = asyncio.get_running_loop().time() + self._waits.close_s
        self._news.set()
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=self._waits.close_s + 1.0)
            self._task.cancel()
        try:
            if self._task is not None:
                with contextlib.suppress(asyncio.CancelledError):
                    await self._task
        finally:
            self._link.disconnect()
            self._buffer.clear()

    def set_running(self, running: bool) -> None:
        """Start or stop the inventory, as a person at the reader would; reads are not heard while it rests."""
        if running != self._running:
            self._running = running
            self._tell(InventoryChanged(running))

    def set_antenna(self, port: int, connected: bool) -> None:
        """Plug an antenna in, or pull it."""
        self._tell(AntennaChanged(port, connected))

    def set_online(self, online: bool) -> None:
        """Pull the network plug (the will is sent, reads are held back), or plug it in again."""
        self._online = online
        if not online:
            self._link.drop()
        self._news.set()

    def _take(self, read: TagRead) -> None:
        self._fed += 1
        if not self._running or self._close_by_s is not None:
            self._unheard += 1
            return
        self._by_antenna[read.antenna] += 1
        fresh = read if self._repeats is None else self._repeats.report(read)
        if fresh is None:
            self.tags_merged += 1
        else:
            self._buffer.put(fresh)

    async def _guarded(self) -> None:
        """Say at once when a mistake of ours ends the reader; `close` raises it."""
        try:
            await self._run()
        except Exception as error:
            self._say(f"{self._speaks.reader}: stopped by a mistake in the simulator: {error!r}")
            raise

    async def _run(self) -> None:
        """Connect, deliver, reconnect, until closed."""
        chance, pause_s = Chance(0, "mqtt", self._speaks.reader), self._waits.retry_first_s
        loop = asyncio.get_running_loop()
        while self._close_by_s is None:
            if not self._online:
                await self._rest(_TICK_S)
                continue
            began_s = loop.time()
            try:
                await self._link.connect()
                await self._session()
            except BrokerError as error:
                self._complain(str(error))
            if loop.time() - began_s >= self._waits.healthy_s:
                pause_s = self._waits.retry_first_s
            retry_at_s = loop.time() + pause_s * chance.between(0.5, 1.0)
            pause_s = min(pause_s * 2, self._waits.retry_longest_s)
            while self._close_by_s is None and loop.time() < retry_at_s:
                await self._rest(retry_at_s - loop.time())

    async def _session(self) -> None:
        """Live through one connection."""
        loop = asyncio.get_running_loop()
        if self._complaint:
            self._say(f"{self._speaks.reader}: connected again")
        self._complaint, self.ever_connected = "", True
        self._tell(Connected(self._running))
        self._beat_at_s = loop.time()
        self._outgoing.connected(loop.time())
        progress = self._link.messages_delivered, loop.time()
        while self._link.up and not self._is_done(loop.time()):
            self._link.tick()
            progress = self._progress(*progress)
            for payload in self._link.commands():
                self._tell(Command(payload))
            self._beat(loop.time())
            self._tell_purge(loop.time())
            more = self._outgoing.send(loop.time(), at_once=self._close_by_s is not None)
            await (asyncio.sleep(0) if more else self._rest(self._rest_s(loop.time())))
        await self._leave()
        if self._close_by_s is None and self._online:
            raise BrokerError("the connection broke")

    def _progress(self, delivered: int, since_s: float) -> tuple[int, float]:
        """Note how many messages arrived by when. Raises BrokerError when some are due and none arrives any more."""
        now_s = asyncio.get_running_loop().time()
        if self._link.idle or self._link.messages_delivered != delivered:
            return self._link.messages_delivered, now_s
        if now_s - since_s > self._waits.ack_s:
            self._link.drop()
            raise BrokerError(f"the broker has acknowledged nothing for {self._waits.ack_s:g} s")
        return delivered, since_s

    def _is_done(self, now_s: float) -> bool:
        """Tell whether a reader that is being closed has nothing more to do, or no time for it."""
        if self._close_by_s is None:
            return False
        return now_s >= self._close_by_s or (not len(self._buffer) and self._link.idle)

    async def _leave(self) -> None:
        """Say good-bye, when it is our wish to go and there is time."""
        if self._close_by_s is None or not self._link.up:
            return
        loop = asyncio.get_running_loop()
        self._tell(Leaving())
        while self._link.up and not self._link.idle and loop.time() < self._close_by_s:
            await self._rest(self._close_by_s - loop.time())

    def _tell_purge(self, now_s: float) -> None:
        if now_s - self._purge_told_s < _PURGES_TOLD_EVERY_S:
            return
        purge = self._buffer.purged()
        if purge is not None:
            self._purge_told_s = now_s
            self._tell(purge)

    def _tell(self, happening: Happening) -> None:
        """Say what befell the reader; without a connection nobody hears it."""
        answer = self._speaks.tell(happening, time.time_ns())
        if self._link.up:
            for message in answer.messages:
                self._link.publish(message)
        if answer.running is not None:
            self.set_running(answer.running)

    def _beat(self, now_s: float) -> None:
        if not self._delivery.heartbeat_s or now_s < self._beat_at_s:
            return
        self._beat_at_s = now_s + self._delivery.heartbeat_s
        beat = Beat(
            number=self._outgoing.number(of_management=True),
            up_s=now_s - self._began_s,
            running=self._running,
            tags=self._fed,
            messages=self.messages_delivered,
            waiting=self.tags_waiting,
            lost=self.tags_lost,
            by_antenna=dict(self._by_antenna),
            inputs=dict(self._inputs),
        )
        self._tell(beat)

    def _rest_s(self, now_s: float) -> float:
        """Return how long nothing needs us, unless there is news."""
        due_s = [now_s + _TICK_S]
        if self._delivery.heartbeat_s:
            due_s.append(self._beat_at_s)
        if (outgoing_s := self._outgoing.due_s(now_s)) is not None:
            due_s.append(outgoing_s)
        return max(0.001, min(due_s) - now_s)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0.001)):
                await self._news.wait()
        self._news.clear()

    def _complain(self, problem: str) -> None:
        """Say what is wrong once, not at every retry."""
        if problem != self._complaint:
            self._complaint = problem
            self._say(f"{self._speaks.reader}: {problem}; trying again")
