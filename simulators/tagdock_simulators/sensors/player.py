"""Nodes on a broker: one connection each, readings told when they are due, what waits through an outage told late."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from tagdock_simulators.mqtt.broker import Broker
from tagdock_simulators.mqtt.link import Link
from tagdock_simulators.mqtt.messages import Hello, Patience
from tagdock_simulators.sensors.formats.node import Node
from tagdock_simulators.sensors.readings import Reading

log = logging.getLogger(__name__)

_TOGETHER_S = 0.02
"""Readings that are due within this time go out together: a node's own loop is no finer."""
_STORED = 10_000
_PATIENCE = Patience(retry_first_s=0.5, retry_longest_s=30.0)
Clock = Callable[[], datetime]


class NodePlayer:
    """One node on its connection. Belongs to one asyncio loop."""

    def __init__(self, node: Node, broker: Broker, clock: Clock, *, stored: int = _STORED) -> None:
        """Take the node; `clock` gives the simulated time, `stored` bounds what waits through an outage."""
        self._node, self._clock = node, clock
        self._stored: deque[Reading] = deque(maxlen=stored)
        self._link = Link(node.client_id, broker, _PATIENCE, log.warning, resends=False)
        self.readings_lost = 0
        """Readings that were overwritten while there was no connection."""

    @property
    def up(self) -> bool:
        """Say whether it is connected."""
        return self._link.up

    @property
    def connections(self) -> int:
        """Return how often it connected."""
        return self._link.connections

    @property
    def messages_sent(self) -> int:
        """Return how many messages went out (QoS 1, 2: arrived)."""
        return self._link.line.messages_delivered

    @property
    def messages_lost(self) -> int:
        """Return how many did not."""
        return self._link.line.messages_lost

    async def start(self, within_s: float | None = None) -> None:
        """Connect, in the background or within a time. Raises ConnectionError."""
        await self._link.start(self._hello, self._live, within_s)

    async def close(self) -> None:
        """Leave in good order."""
        await self._link.close()

    def tell(self, readings: Sequence[Reading]) -> None:
        """Publish readings now, or keep them for the next connection; never blocks."""
        if not self._link.up:
            self.readings_lost += max(0, len(self._stored) + len(readings) - (self._stored.maxlen or 0))
            self._stored.extend(readings)
            return
        self._link.send(*self._node.tell(readings))

    def _hello(self) -> Hello:
        """Introduce the node with a new will."""
        return Hello(self._node.client_id, self._node.connecting(self._clock()), self._node.subscriptions)

    async def _live(self) -> None:
        """Be born, tell what had to wait, answer; say good-bye when it is time to go, or to connect anew."""
        self._link.send(*self._node.born(self._clock()))
        if self._stored:
            self._link.send(*self._node.tell(tuple(self._stored), late=True))
            self._stored.clear()
        while self._link.up and not self._link.closing and self._answers():
            await self._link.rest()
        if self._link.up:
            self._link.send(*self._node.leaving(self._clock()))
            await self._link.drain()

    def _answers(self) -> bool:
        """Let the node answer what came; tell whether it stays."""
        for message in self._link.line.heard():
            self._link.send(*self._node.heard(message.topic, message.payload, self._clock()))
            if not self._node.stays:
                return False
        return True


def simulated_clock(begin: datetime, speed: float) -> Clock:
    """Return a clock that shows `begin` now and runs `speed` times as fast. Raises ValueError."""
    if speed <= 0:
        raise ValueError(f"speed is {speed}; it must be above 0")
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    return lambda: begin + timedelta(seconds=(loop.time() - began_s) * speed)


async def play(
    players: Mapping[str, NodePlayer], readings: Iterable[Reading], clock: Clock, speed: float, stop: asyncio.Event
) -> int:
    """Tell the readings when they are due, until they end or `stop` is set; returns how many were told."""
    told = 0
    for group in _due_together(readings, timedelta(seconds=_TOGETHER_S * speed)):
        wait_s = (group[0].at - clock()).total_seconds() / speed
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), max(0.0, wait_s))
        if stop.is_set():
            break
        for player, own in _by_player(players, group).items():
            player.tell(own)
        told += len(group)
    return told


def _due_together(readings: Iterable[Reading], span: timedelta) -> Iterator[list[Reading]]:
    group: list[Reading] = []
    for reading in readings:
        if group and reading.at - group[0].at > span:
            yield group
            group = []
        group.append(reading)
    if group:
        yield group


def _by_player(players: Mapping[str, NodePlayer], readings: Iterable[Reading]) -> dict[NodePlayer, list[Reading]]:
    own: dict[NodePlayer, list[Reading]] = {}
    for reading in readings:
        if reading.bin in players:
            own.setdefault(players[reading.bin], []).append(reading)
    return own


def utc_now() -> datetime:
    """Return the wall clock's time."""
    return datetime.now(UTC)
