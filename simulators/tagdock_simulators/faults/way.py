"""One direction of a connection through the proxy: bytes wait here, in their order, until the faults let them go on."""

import asyncio
import socket
from collections import Counter, deque
from enum import Enum
from typing import NamedTuple

from tagdock_simulators.chance import Chance
from tagdock_simulators.faults.kinds import Kind, Towards
from tagdock_simulators.faults.schedule import Fault
from tagdock_simulators.faults.taps import Piece, Tap
from tagdock_simulators.faults.wrong import Wrong

CHUNK_BYTES = 64 * 1024
HELD_BYTES = 256 * 1024
"""What waits in one direction at most (and one message or chunk more); its sender has to wait then."""
_TRICKLE_S = 0.05
"""The time that one drop of a trickle takes, at least a byte each."""


class End(Enum):
    """How a direction ended."""

    FIN = "fin"
    RESET = "reset"
    CUT = "cut"


class _Waiting(NamedTuple):
    piece: Piece | End
    came_s: float
    chance: float


class Way:
    """Takes bytes from `source` and gives them to `sink`, which stands on `side`."""

    def __init__(
        self, source: socket.socket, sink: socket.socket, side: Towards, *, tap: Tap, wrong: Wrong, chance: Chance
    ) -> None:
        self._source, self._sink, self._side, self._tap, self._wrong = source, sink, side, tap, wrong
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Waiting] = deque()
        self._held_bytes = 0
        self._moved = asyncio.Event()
        self.passed_bytes = 0
        self.done: Counter[Kind] = Counter()
        """How often each fault was done to a message or chunk on this way."""

    def order(self, fault: Fault) -> None:
        """Have a momentary fault done at the next message or chunk."""
        for piece in self._tap.order(fault):
            self._put(piece)

    async def take(self) -> None:
        """Take bytes from the source until it ends."""
        while True:
            await self._until_room()
            try:
                data = await self._loop.sock_recv(self._source, CHUNK_BYTES)
            except OSError:
                self._put(End.RESET)
                return
            await self._wrong.until(lambda: not self._stopped)
            if not data:
                self._put(Piece(self._tap.end()))
                self._put(End.FIN)
                return
            for piece in self._tap.feed(data, self._wrong.towards(self._side)):
                self._put(piece)

    async def give(self) -> End:
        """Give bytes to the sink as they become due, until the end. Raises OSError when the sink is gone."""
        while True:
            while not self._waiting:
                self._moved.clear()
                await self._moved.wait()
            await self._until_due(self._waiting[0])
            piece = self._waiting.popleft().piece
            if isinstance(piece, End):
                return piece
            await self._send(piece.data)
            self._held_bytes -= len(piece.data)
            self.done.update(piece.done)
            self._moved.set()
            if piece.cut:
                return End.CUT

    @property
    def _stopped(self) -> bool:
        return self._wrong.find(Kind.STOP_READING, self._side) is not None

    def _put(self, piece: Piece | End) -> None:
        chance = self._chance.between(0.0, 1.0) if self._wrong.find(Kind.JITTER, self._side) else 0.0
        self._waiting.append(_Waiting(piece, self._loop.time(), chance))
        self._held_bytes += 0 if isinstance(piece, End) else len(piece.data)
        self._moved.set()

    async def _until_room(self) -> None:
        await self._wrong.until(lambda: not self._stopped)
        while self._held_bytes >= HELD_BYTES:
            self._moved.clear()
            await self._moved.wait()

    async def _until_due(self, waiting: _Waiting) -> None:
        """Wait as long as the faults of the moment want; whatever changes with them counts at once."""
        while (left_s := self._left_s(waiting)) is None or left_s > 0:
            await self._wrong.change(left_s)

    def _left_s(self, waiting: _Waiting) -> float | None:
        """Return how long something still has to wait, None for as long as nothing changes."""
        if self._wrong.find(Kind.BLACK_HOLE):
            return None
        delay, jitter = (self._wrong.find(kind, self._side) for kind in (Kind.DELAY, Kind.JITTER))
        late_s = (delay.value if delay else 0.0) + (jitter.value * waiting.chance if jitter else 0.0)
        return waiting.came_s + late_s - self._loop.time()

    async def _send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            await self._wrong.until(lambda: self._wrong.find(Kind.BLACK_HOLE) is None)
            slow = self._wrong.find(Kind.TRICKLE, self._side)
            drop = len(rest) if slow is None else max(1, int(slow.value * _TRICKLE_S))
            await self._loop.sock_sendall(self._sink, rest[:drop])
            self.passed_bytes += len(rest[:drop])
            if slow is not None:
                await self._wrong.until(lambda: self._wrong.find(Kind.TRICKLE, self._side) is None, drop / slow.value)
            rest = rest[drop:]
