"""A simulated reader on the network: any LLRP client can connect to it, as to a real one."""

import asyncio
import time
from dataclasses import replace
from functools import partial

from tagdock_contract import Record

from tagdock_simulators.llrp.codec import encode_message
from tagdock_simulators.llrp.device import Device
from tagdock_simulators.llrp.errors import LlrpError
from tagdock_simulators.llrp.messages import ErrorMessage
from tagdock_simulators.llrp.outbound import Outgoing
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.profiles import DEFAULT
from tagdock_simulators.llrp.reporting import Reporting
from tagdock_simulators.llrp.states import Connection
from tagdock_simulators.llrp.status import status_of
from tagdock_simulators.llrp.stream import Framer

SEND_BUFFER_BYTES = 256 * 1024
"""What waits for a client that does not read, at most; reports on top of it are lost, and it is told."""
MAX_OWED_BYTES = 1024 * 1024
"""A client that asks on and on without reading is cut off here."""
PARTIAL_MESSAGE_S = 10.0
"""How long half a message may stay without its end."""
GOODBYE_S = 1.0
"""How long a client has to read what was sent before the connection was closed."""
_IDENTITY = bytes((0x00, 0x16, 0x25, 0xFF, 0xFF, 0x00, 0x00, 0x01))


class LlrpReader:
    """An LLRP reader that reports the reads it is fed. Belongs to one event loop."""

    def __init__(self, profile: Profile = DEFAULT, reporting: Reporting | None = None) -> None:
        """Play a product (`profiles.PROFILES`); `reporting` are its habits where they differ from the product's."""
        self._device = Device(profile, _IDENTITY, _now_us(), reporting)
        self._server: asyncio.Server | None = None
        self._client: _Connection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_us = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen, and return the port (0 chooses a free one). Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(partial(_Connection, self), host, port)
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
        out: list[Outgoing] = []
        for record in records:
            out += self._device.feed(record, _now_us())
        self._send(out)

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

    # -- for the connection

    def adopt(self, connection: "_Connection") -> bool:
        """Make a connection the reader's client; False, with both told, when there is one already."""
        if self._client is not None:
            refusal, notice = self._device.refuse(_now_us())
            connection.send(refusal)
            self._send(notice)
            return False
        self._client = connection
        self._send(self._device.accept(_now_us()))
        return True

    def abandon(self, connection: "_Connection") -> None:
        """Forget a client that is gone."""
        if self._client is connection:
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


class _Connection(asyncio.Protocol):
    """One TCP connection: cuts the stream, keeps the send buffer bounded, ends what takes too long."""

    def __init__(self, reader: LlrpReader) -> None:
        self._reader = reader
        self._framer = Framer()
        self._transport: asyncio.Transport | None = None
        self._partial: asyncio.TimerHandle | None = None
        self._gone = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the client, or turn it away."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a TCP server makes no other
        self._transport = transport
        # Below the bound at which reports are dropped: whoever lost some is then sure to be told when it reads on.
        transport.set_write_buffer_limits(high=SEND_BUFFER_BYTES // 2, low=SEND_BUFFER_BYTES // 4)
        if not self._reader.adopt(self):
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the reader know."""
        if self._partial is not None:
            self._partial.cancel()
        self._transport = None
        self._reader.abandon(self)
        if not self._gone.done():
            self._gone.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Answer each whole message, in order."""
        frames: list[bytes] = []
        try:
            frames = self._framer.feed(data)
        except LlrpError as error:
            self.send([Outgoing(encode_message(ErrorMessage(status_of(error)), 0))])
            self._close()
        for frame in frames:
            if self._transport is None or self._transport.is_closing():
                return
            if not self._reader.receive(frame):
                self._close()
        self._watch_partial(started_anew=bool(frames))

    def pause_writing(self) -> None:
        """Take no more requests of a client that does not read the answers."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self._reader.room_again()

    def send(self, out: list[Outgoing]) -> None:
        """Send what fits: reports that do not are dropped and counted; a client that owes too much is cut off."""
        if self._transport is None or self._transport.is_closing():
            self._reader.dropped(sum(frame.tags for frame in out))
            return
        room = SEND_BUFFER_BYTES - self._transport.get_write_buffer_size()
        fitting: list[bytes] = []
        full = False
        for frame in out:
            # Once one report has found no room, none after it goes: it may leave out what the lost one said.
            full = full or (frame.tags > 0 and room < len(frame.data))
            if frame.tags and full:
                self._reader.dropped(frame.tags)
                continue
            fitting.append(frame.data)
            room -= len(frame.data)
        if room < SEND_BUFFER_BYTES - MAX_OWED_BYTES:
            self._transport.abort()
        elif fitting:
            self._transport.write(b"".join(fitting))

    async def hang_up(self) -> None:
        """Close, and wait until the client has what was sent, but not for long."""
        self._close()
        await asyncio.wait([self._gone], timeout=GOODBYE_S)
        if self._transport is not None:
            self._transport.abort()
            await asyncio.wait([self._gone], timeout=GOODBYE_S)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._abort_after(GOODBYE_S)

    def _watch_partial(self, *, started_anew: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._partial is not None and (started_anew or not self._framer.waiting):
            self._partial.cancel()
            self._partial = None
        if self._partial is None and self._framer.waiting:
            self._abort_after(PARTIAL_MESSAGE_S)

    def _abort_after(self, seconds: float) -> None:
        if self._partial is not None:
            self._partial.cancel()
        if self._transport is not None:
            self._partial = asyncio.get_running_loop().call_later(seconds, self._transport.abort)


def _now_us() -> int:
    return time.time_ns() // 1000
