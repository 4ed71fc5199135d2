"""A simulated reader on the network: any LLRP client can connect to it, as to a real one."""

import asyncio
import time
from dataclasses import replace
from functools import partial

from tagdock_contract import Record

from tagdock_simulators.llrp.device import Device
from tagdock_simulators.llrp.line import Line
from tagdock_simulators.llrp.outbound import Outgoing
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.profiles import DEFAULT
from tagdock_simulators.llrp.reporting import Reporting
from tagdock_simulators.llrp.states import Connection

MAX_BLOCK = 1000
"""Records that are taken in at a time: what comes of them is sent, or dropped, before the next ones."""
_IDENTITY = bytes((0x00, 0x16, 0x25, 0xFF, 0xFF, 0x00, 0x00, 0x01))


class LlrpReader:
    """An LLRP reader that reports the reads it is fed. Belongs to one event loop."""

    def __init__(self, profile: Profile = DEFAULT, reporting: Reporting | None = None) -> None:
        """Play a product (`profiles.PROFILES`); `reporting` are its habits where they differ from the product's."""
        self._device = Device(profile, _IDENTITY, _now_us(), reporting)
        self._server: asyncio.Server | None = None
        self._client: Line | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_us = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen, and return the port (0 chooses a free one). Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(partial(Line, self), host, port)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Say goodbye to the client and stop listening. May be called twice."""
        if self._timer is not None:
            self._timer.cancel()
        if self._server is not None:
            self._server.close()
        if self._client is not None:
            client = self._client
            if self._device.outbound.connection is not Connection.CLOSING:
                client.send(self._device.close(_now_us()))
            await client.hang_up()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def feed(self, *records: Record) -> None:
        """Let tags answer and inputs change, now: what the client asked for goes out at once. Never waits."""
        now_us = _now_us()
        for start in range(0, len(records), MAX_BLOCK):
            self._send(self._device.feed(records[start : start + MAX_BLOCK], now_us))

    def antenna(self, port: int, connected: bool) -> None:
        """Connect an antenna, or let it fall off: it reads nothing then, and a client that asked is told."""
        self._send(self._device.antenna(port, connected, _now_us()))

    def exception(self, text: str) -> None:
        """Let something go wrong inside of the reader, and tell a client that asked."""
        self._send(self._device.exception(text, _now_us()))

    @property
    def profile(self) -> Profile:
        """Return the product that is played."""
        return self._device.profile

    @property
    def reporting(self) -> Reporting:
        """Return how reports are stamped and packed at present."""
        return self._device.clock.reporting

    def set_reporting(self, reporting: Reporting) -> None:
        """Change how reports are stamped and packed, at once; reports that wait already are sent the new way."""
        self._device.set_reporting(reporting)

    def set_clock_offset_us(self, offset_us: int) -> None:
        """Put the reader's clock so far ahead of the true time; events and reads are stamped by it."""
        self.set_reporting(replace(self.reporting, clock_offset_us=offset_us))

    @property
    def is_connected(self) -> bool:
        """Say whether a client is connected."""
        return self._client is not None

    @property
    def is_reporting(self) -> bool:
        """Say whether a client is connected and has a ROSpec running, so that reads are reported."""
        return self.is_connected and self._device.inventorying

    @property
    def tags_reported(self) -> int:
        """Return how many tag reports were handed to the client's connection."""
        return self._device.outbound.tags_reported

    @property
    def tags_lost(self) -> int:
        """Return how many tag reports nobody took: the client was gone, or it did not read."""
        return self._device.outbound.tags_lost

    # -- for the client's line

    @property
    def version(self) -> int:
        """Return the protocol version that the client speaks."""
        return self._device.outbound.version

    def adopt(self, line: Line) -> bool:
        """Make a line the reader's client; False, with both told, when there is one already."""
        if self._client is not None:
            refusal, notice = self._device.refuse(_now_us())
            line.send(refusal)
            self._send(notice)
            return False
        self._client = line
        self._send(self._device.accept(_now_us()))
        return True

    def abandon(self, line: Line) -> None:
        """Forget a client that is gone."""
        if self._client is line:
            self._client = None
            self._device.lose()
            self._plan()

    def receive(self, frame: bytes) -> bool:
        """Answer the client; False when it asked to be closed."""
        self._send(self._device.receive(frame, _now_us()))
        return self._device.outbound.connection is not Connection.CLOSING

    def dropped(self, tags: int) -> None:
        """Take note that reports found no room."""
        self._device.dropped(tags)

    def room_again(self) -> None:
        """Tell the client what it missed."""
        self._send(self._device.room_again(_now_us()))

    def _send(self, out: list[Outgoing]) -> None:
        if self._client is not None and out:
            self._client.send(out)
        self._plan()

    def _plan(self) -> None:
        """Wake up when something is due, and not later than planned before."""
        due_us = self._device.due_us
        if self._timer is not None and (due_us is None or due_us < self._timer_due_us):
            self._timer.cancel()
            self._timer = None
        if self._timer is None and due_us is not None:
            self._timer_due_us = due_us
            wait_s = max(0, due_us - _now_us()) / 1e6
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._send(self._device.tick(_now_us()))
        if self._client is not None and self._device.outbound.connection is Connection.CLOSING:
            self._client.close()  # it did not answer the keepalives


def _now_us() -> int:
    return time.time_ns() // 1000
