"""The fault injector for the wire: a TCP proxy that stands before a server, an LLRP reader, a broker or a database.

Inside a connection bytes keep their order; a fault holds them, ends the stream early, or, where the proxy is told to
understand LLRP, leaves whole messages out, puts some in or passes them on twice.
"""

import asyncio
import contextlib
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from tagdock_simulators.chance import Chance
from tagdock_simulators.faults.kinds import KINDS, Kind, Place, Towards
from tagdock_simulators.faults.log import FaultLog
from tagdock_simulators.faults.pipe import Ending, Pipe, close_with, is_gone, reset
from tagdock_simulators.faults.port import ListeningPort
from tagdock_simulators.faults.schedule import Fault
from tagdock_simulators.faults.taps import LlrpTap, PlainTap, refusal
from tagdock_simulators.faults.way import Way
from tagdock_simulators.faults.wrong import Wrong

MAX_CONNECTIONS = 256
"""More are reset as they come."""
CONNECT_S = 5.0
"""How long the server has to take a connection."""
_CLOSE_S = 5.0
_COUNTED_AS_DONE = (Kind.RESET_NEW, Kind.REORDER, Kind.REFUSE_CLIENT, Kind.MUTE, Kind.DUPLICATE_REPORTS)


class Protocol(StrEnum):
    """What the proxy understands of the bytes."""

    TCP = "tcp"
    LLRP = "llrp"

    @property
    def places(self) -> tuple[Place, ...]:
        """Return where the faults that it can do belong."""
        return (Place.WIRE, Place.LLRP) if self is Protocol.LLRP else (Place.WIRE,)


@dataclass(slots=True)
class Counts:
    """What happened, since the start."""

    connections: int = 0
    turned_away: int = 0
    unreachable: int = 0
    bytes_to_client: int = 0
    bytes_to_server: int = 0
    faults: Counter[Kind] = field(default_factory=Counter)
    """How often each was done to a connection or message; one that holds all bytes counts as it begins."""


class TcpProxy:
    """Stands before one server. Belongs to one event loop."""

    def __init__(
        self,
        name: str,
        server: tuple[str, int],
        protocol: Protocol = Protocol.TCP,
        *,
        log: FaultLog | None = None,
        seed: int = 1,
    ) -> None:
        """Prepare; `name` is what faults call it, `server` host and port of whom it stands before."""
        self.name, self.protocol, self.counts = name, protocol, Counts()
        self.server, self._log, self._seed = server, log or FaultLog(), seed
        self._wrong = Wrong()
        self._port = ListeningPort(self._accept)
        self._pipes: set[Pipe] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: asyncio.Event | None = None
        self._let_after: dict[int, asyncio.Event] = {}
        """Connections that are held until one that came later, the key, has reached the server."""
        self._failure: BaseException | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; returns the port (0 chooses a free one). Raises OSError when it is taken."""
        return await self._port.open(host, port)

    async def close(self) -> None:
        """End all connections and give the port back. Raises what went wrong inside, where something did."""
        self._port.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSE_S)
        if self._failure is not None:
            raise self._failure

    @property
    def open_connections(self) -> int:
        """Return how many connections reach the server now."""
        return len(self._pipes)

    def begin(self, fault: Fault) -> None:
        """Do a momentary fault, or let a lasting one begin. Raises ValueError for one that cannot be done here."""
        meaning = KINDS[fault.kind]
        if set(meaning.places).isdisjoint(self.protocol.places):
            raise ValueError(f"{fault.kind} is not done by a proxy for {self.protocol}")
        if not meaning.lasts:
            self._do_now(fault)
            return
        self._wrong.begin(fault)
        if fault.kind not in _COUNTED_AS_DONE:
            self.counts.faults[fault.kind] += 1
        if fault.kind is Kind.REFUSE:
            self._port.refuse()
        if fault.kind is Kind.HALF_OPEN:
            left = Ending.CLIENT_LEFT if fault.is_done_to(Towards.CLIENT) else Ending.SERVER_LEFT
            self._end_all(left)

    def end(self, fault: Fault) -> None:
        """Let a lasting fault be over; it may be already."""
        self._wrong.end(fault)
        if self._wrong.find(Kind.REFUSE) is None:
            self._port.listen()

    def heal(self) -> None:
        """Let everything be over."""
        for fault in self._wrong.all:
            self.end(fault)

    def _do_now(self, fault: Fault) -> None:
        if fault.kind is Kind.CUT:
            self._end_all(Ending.RESET)
        elif fault.kind is Kind.CLOSE:
            self._end_all(Ending.CLOSED)
        else:
            for pipe in self._pipes:
                pipe.order(fault)
        self._log.did("order", self.name, fault.kind, connections=sorted(pipe.number for pipe in self._pipes))
        if fault.kind in (Kind.CUT, Kind.CLOSE) and self._pipes:
            self.counts.faults[fault.kind] += len(self._pipes)

    def _end_all(self, ending: Ending) -> None:
        for pipe in self._pipes:
            pipe.end(ending)

    # -- connections

    def _accept(self, client: socket.socket) -> None:
        self.counts.connections += 1
        task = asyncio.create_task(self._serve(client, self.counts.connections))
        self._tasks.add(task)
        # Not a `finally` in the task: whoever is cancelled before the first step never comes to one.
        task.add_done_callback(lambda task: self._served(task, client))

    def _served(self, task: asyncio.Task[None], client: socket.socket) -> None:
        self._tasks.discard(task)
        client.close()
        if not task.cancelled() and task.exception() is not None:
            self._failure = self._failure or task.exception()

    async def _serve(self, client: socket.socket, number: int) -> None:
        """Bring a connection to the server, and to its end."""
        try:
            if await self._is_welcome(client, number):
                server = await self._connect(number)
                self._let_go(number)
                if server is None:
                    reset(client)
                else:
                    await self._pass(Pipe(number, client, server, self._ways(client, server, number), self._wrong))
        finally:
            self._let_go(number)

    async def _is_welcome(self, client: socket.socket, number: int) -> bool:
        """Do the faults of new connections; False when it went no further."""
        refusing = self._wrong.find(Kind.REFUSE_CLIENT)
        if self._wrong.find(Kind.RESET_NEW) or len(self._tasks) > MAX_CONNECTIONS:
            reset(client)
            return self._turn_away(Kind.RESET_NEW, number)
        if refusing is not None:
            await close_with(client, refusal(int(refusing.value), time.time_ns() // 1000))
            return self._turn_away(Kind.REFUSE_CLIENT, number)
        await self._queue(number)
        await self._wrong.until(lambda: self._wrong.find(Kind.BLACK_HOLE) is None)
        if is_gone(client):
            self._log.did("gone before it was served", self.name, connection=number)
            return False
        return True

    def _turn_away(self, kind: Kind, number: int) -> bool:
        self.counts.turned_away += 1
        self.counts.faults[kind] += 1
        self._log.did("turned away", self.name, kind, connection=number)
        return False

    async def _queue(self, number: int) -> None:
        """Hold a connection until the next one has reached the server, or for so long."""
        fault = self._wrong.find(Kind.REORDER)
        if fault is None:
            return
        if self._held is not None:
            self._let_after[number], self._held = self._held, None
            return
        self._held = mine = asyncio.Event()
        self.counts.faults[Kind.REORDER] += 1
        self._log.did("held back", self.name, Kind.REORDER, connection=number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(mine.wait(), fault.value)
        if self._held is mine:
            self._held = None

    def _let_go(self, number: int) -> None:
        held = self._let_after.pop(number, None)
        if held is not None:
            held.set()

    async def _connect(self, number: int) -> socket.socket | None:
        """Connect to the server; None when it cannot be reached."""
        try:
            async with asyncio.timeout(CONNECT_S):
                return await _connected(*self.server)
        except OSError as error:
            self.counts.unreachable += 1
            self._log.did("server not reached", self.name, connection=number, why=str(error))
            return None

    def _ways(self, client: socket.socket, server: socket.socket, number: int) -> tuple[Way, Way]:
        tap = LlrpTap() if self.protocol is Protocol.LLRP else PlainTap()
        own = [Chance(self._seed, "jitter", self.name, str(number), side) for side in ("client", "server")]
        return (
            Way(server, client, Towards.CLIENT, tap=tap, wrong=self._wrong, chance=own[0]),
            Way(client, server, Towards.SERVER, tap=PlainTap(), wrong=self._wrong, chance=own[1]),
        )

    async def _pass(self, pipe: Pipe) -> None:
        self._pipes.add(pipe)
        try:
            ending = await pipe.run()
            sent, received = pipe.to_client.passed_bytes, pipe.to_server.passed_bytes
            self._log.did(
                ending.value, self.name, connection=pipe.number, bytes_to_client=sent, bytes_to_server=received
            )
        finally:
            self._pipes.discard(pipe)
            self.counts.bytes_to_client += pipe.to_client.passed_bytes
            self.counts.bytes_to_server += pipe.to_server.passed_bytes
            self.counts.faults.update(pipe.to_client.done)
            self.counts.faults.update(pipe.to_server.done)


async def _connected(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    family, _, _, _, address = (await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))[0]
    each = socket.socket(family, socket.SOCK_STREAM)
    try:
        each.setblocking(False)
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(each, address)
    except BaseException:  # also when the proxy is closed meanwhile
        each.close()
        raise
    return each
