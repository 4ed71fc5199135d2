"""One connection through the proxy: two directions, and how it comes to its end."""

import asyncio
import contextlib
import select
import socket
import struct
from collections.abc import Coroutine, Sequence
from enum import Enum
from typing import Any

from tagdock_simulators.faults.kinds import Kind, Towards
from tagdock_simulators.faults.schedule import Fault
from tagdock_simulators.faults.way import End, Way
from tagdock_simulators.faults.wrong import Wrong

GOODBYE_S = 1.0
"""How long a side that is told goodbye has to say it, too."""
_AT_ONCE = struct.pack("ii", 1, 0)


class Ending(Enum):
    """How a connection ends."""

    CLOSED = "closed"
    RESET = "reset"
    CLIENT_LEFT = "client left in the dark"
    SERVER_LEFT = "server left in the dark"


class Pipe:
    """A client and a server, connected."""

    def __init__(self, number: int, client: socket.socket, server: socket.socket, ways: tuple[Way, Way], wrong: Wrong):
        self.number = number
        self.to_client, self.to_server = ways
        self._sockets = {Towards.CLIENT: client, Towards.SERVER: server}
        self._wrong = wrong
        self._told: set[Towards] = set()
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    def order(self, fault: Fault) -> None:
        """Have a momentary fault done to the next message or chunk."""
        for side, way in ((Towards.CLIENT, self.to_client), (Towards.SERVER, self.to_server)):
            if fault.is_done_to(side):
                way.order(fault)

    def end(self, ending: Ending) -> None:
        """Bring it to its end; the first end counts."""
        if not self._ending.done():
            self._ending.set_result(ending)

    async def run(self) -> Ending:
        """Pass bytes on until the end, and leave no socket open."""
        steps = (self._passing(Towards.CLIENT), self._passing(Towards.SERVER), self._taking())
        tasks = [asyncio.ensure_future(self._guarded(step)) for step in steps]
        try:
            ending = await self._ending
            await _cancel(tasks)
            await self._say_goodbye(ending)
            return ending
        finally:
            await _cancel(tasks)
            for each in self._sockets.values():
                each.close()

    async def _taking(self) -> None:
        await asyncio.gather(self.to_client.take(), self.to_server.take())

    async def _passing(self, side: Towards) -> None:
        """Give bytes to a side until they end; a side is closed when both ways have ended."""
        way = self.to_client if side is Towards.CLIENT else self.to_server
        try:
            ended = await way.give()
        except OSError:
            self._gone(side)
            return
        if ended is End.CUT:
            self.end(Ending.RESET)
        elif ended is End.RESET or self._wrong.find(Kind.HALF_OPEN, side):
            self._gone(_other(side))
        else:
            self._fin(side)

    def _fin(self, side: Towards) -> None:
        with contextlib.suppress(OSError):
            self._sockets[side].shutdown(socket.SHUT_WR)
        self._told.add(side)
        if len(self._told) == len(self._sockets):
            self.end(Ending.CLOSED)

    def _gone(self, side: Towards) -> None:
        """Take note that a side is gone: the other is reset, or left in the dark where it shall not know."""
        if self._wrong.find(Kind.HALF_OPEN, _other(side)) is None:
            self.end(Ending.RESET)
        else:
            self.end(Ending.SERVER_LEFT if side is Towards.CLIENT else Ending.CLIENT_LEFT)

    async def _say_goodbye(self, ending: Ending) -> None:
        if ending is Ending.CLOSED:
            await asyncio.gather(*(_farewell(each) for each in self._sockets.values()))
        elif ending is Ending.RESET:
            for each in self._sockets.values():
                reset(each)
        else:
            left = Towards.CLIENT if ending is Ending.CLIENT_LEFT else Towards.SERVER
            reset(self._sockets[_other(left)])
            await self._keep_in_the_dark(left)
            reset(self._sockets[left])

    async def _keep_in_the_dark(self, side: Towards) -> None:
        """Take what a side sends, answer nothing, until the fault is over or the side goes by itself."""
        over = asyncio.ensure_future(self._wrong.until(lambda: self._wrong.find(Kind.HALF_OPEN, side) is None))
        taking = asyncio.ensure_future(_discard(self._sockets[side]))
        try:
            await asyncio.wait((over, taking), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel([over, taking])

    async def _guarded(self, step: Coroutine[Any, Any, None]) -> None:
        """Let a mistake of ours end the connection loudly, instead of waiting for ever."""
        try:
            await step
        except Exception as error:
            if not self._ending.done():
                self._ending.set_exception(error)


def reset(each: socket.socket) -> None:
    """Close a socket so that the other side is told with an RST."""
    with contextlib.suppress(OSError):
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    each.close()


def is_gone(each: socket.socket) -> bool:
    """Say whether the other side has closed or reset, though bytes of it may wait to be read."""
    if not hasattr(select, "poll") or not hasattr(select, "POLLRDHUP"):
        return False
    poll = select.poll()
    poll.register(each, select.POLLRDHUP)
    return bool(poll.poll(0))


async def close_with(each: socket.socket, last_words: bytes) -> None:
    """Send something and close in good order."""
    with contextlib.suppress(OSError, TimeoutError):
        await asyncio.wait_for(asyncio.get_running_loop().sock_sendall(each, last_words), GOODBYE_S)
    await _farewell(each)
    each.close()


async def _farewell(each: socket.socket) -> None:
    """Send a FIN and read to the end: closed with bytes unread, a socket would send an RST instead."""
    with contextlib.suppress(OSError, TimeoutError):
        each.shutdown(socket.SHUT_WR)
        await asyncio.wait_for(_discard(each), GOODBYE_S)


async def _discard(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while await asyncio.get_running_loop().sock_recv(each, 64 * 1024):
            pass


async def _cancel(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _other(side: Towards) -> Towards:
    return Towards.SERVER if side is Towards.CLIENT else Towards.CLIENT
