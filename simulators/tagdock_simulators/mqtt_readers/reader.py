"""One reader that speaks MQTT, whatever its format: takes reads, holds them back while it has to, delivers them.

Every read that is fed ends in exactly one count: fed = `tags_reported` + `tags_lost` + `tags_merged` +
`tags_waiting`. Reported means acknowledged by the broker (QoS 1, 2) or written to the line (QoS 0: what the line
swallows then is lost unseen, as with a real reader).
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from tagdock_contract import InputChange, TagRead

from tagdock_simulators.mqtt.broker import Broker
from tagdock_simulators.mqtt.link import Link
from tagdock_simulators.mqtt.messages import Patience
from tagdock_simulators.mqtt_readers.buffer import Buffer
from tagdock_simulators.mqtt_readers.format import Format
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
_WAITS = Patience()


class MqttReader:
    """A reader that can be fed. `start` and `close` it; all of it lives on one event loop."""

    def __init__(
        self, speaks: Format, broker: Broker, *, waits: Patience = _WAITS, say: Callable[[str], None] = log.warning
    ) -> None:
        """Prepare; nothing is opened. `say` hears when the broker fails, and when it is back. Raises BrokerError."""
        self._speaks = speaks
        delivery = self._delivery = speaks.delivery
        waits = replace(waits, window=delivery.window)
        self._link = Link(speaks.reader, broker, waits, say, resends=True)
        self._buffer = Buffer(delivery.buffer_reads, delivery.keep_s)
        self._outgoing = Outgoing(speaks, self._buffer, self._link)
        self._repeats = Repeats(delivery.repeat_s, delivery.repeat_tags) if delivery.repeat_s else None
        self._running = True
        self._unheard = self._fed = 0
        self._by_antenna: Counter[int] = Counter()
        self._inputs: dict[int, bool] = {}
        self._began_s = self._beat_at_s = self._purge_told_s = 0.0
        self.tags_merged = 0

    @property
    def tags_reported(self) -> int:
        """Return how many reads arrived."""
        return self._link.line.tags_delivered

    @property
    def tags_lost(self) -> int:
        """Return how many reads went: buffer full, too old, inventory stopped, QoS 0 and the line cut, closed early."""
        return self._link.line.tags_lost + self._buffer.reads_lost + self._unheard

    @property
    def tags_waiting(self) -> int:
        """Return how many reads wait or are on their way."""
        return self._fed - self.tags_reported - self.tags_lost - self.tags_merged

    @property
    def messages_delivered(self) -> int:
        """Return how many messages arrived, status messages among them."""
        return self._link.line.messages_delivered

    @property
    def connected(self) -> bool:
        """Tell whether the broker has us."""
        return self._link.up

    @property
    def ever_connected(self) -> bool:
        """Tell whether the broker had us at least once."""
        return self._link.connections > 0

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
        self._link.nudge()

    async def start(self) -> None:
        """Begin to connect, and to deliver what is fed; returns at once, connected or not."""
        self._began_s = asyncio.get_running_loop().time()
        await self._link.start(lambda: self._speaks.session, self._live)

    async def close(self) -> None:
        """Deliver what waits, within the deadline, say good-bye and disconnect; what is left then is lost."""
        try:
            await self._link.close()
        finally:
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
        self._link.plug(online)

    def _take(self, read: TagRead) -> None:
        self._fed += 1
        if not self._running or self._link.closing:
            self._unheard += 1
            return
        self._by_antenna[read.antenna] += 1
        fresh = read if self._repeats is None else self._repeats.report(read)
        if fresh is None:
            self.tags_merged += 1
        else:
            self._buffer.put(fresh)

    async def _live(self) -> None:
        """Live through one connection."""
        loop, link = asyncio.get_running_loop(), self._link
        self._tell(Connected(self._running))
        self._beat_at_s = loop.time()
        self._outgoing.connected(loop.time())
        while link.up and not self._is_done():
            for message in link.line.heard():
                if not message.retained:  # an old command, which the broker kept
                    self._tell(Command(message.payload))
            self._beat(loop.time())
            self._tell_purge(loop.time())
            more = self._outgoing.send(loop.time(), at_once=link.closing)
            await (asyncio.sleep(0) if more else link.rest(self._rest_s(loop.time())))
        if link.closing:
            self._tell(Leaving())
            await link.drain()

    def _is_done(self) -> bool:
        """Tell whether a reader that is being closed has nothing more to do, or no time for it."""
        return self._link.late or (self._link.closing and not len(self._buffer) and self._link.line.idle)

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
            self._link.send(*answer.messages)
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
