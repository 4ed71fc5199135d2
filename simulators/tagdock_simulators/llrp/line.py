"""A reader's end of one TCP connection: cuts the stream, keeps every buffer bounded, ends what takes too long."""

import asyncio
from collections import deque
from typing import Protocol

from tagdock_simulators.llrp.codec import encode_message
from tagdock_simulators.llrp.errors import LlrpError
from tagdock_simulators.llrp.messages import ErrorMessage
from tagdock_simulators.llrp.outbound import Outgoing
from tagdock_simulators.llrp.status import status_of
from tagdock_simulators.llrp.stream import Framer

SEND_BUFFER_BYTES = 256 * 1024
"""What waits for a client that does not read, at most; reports on top of it are lost, and it is told."""
MAX_OWED_BYTES = 1024 * 1024
"""A client that does not even read its events is cut off here."""
STALLED_S = 60.0
"""A client that reads nothing for so long, while much waits for it, is cut off: its place may be another's."""
PARTIAL_MESSAGE_S = 10.0
"""How long half a message may stay without its end."""
GOODBYE_S = 1.0
"""How long a client has to read what was sent before the connection was closed."""
MAX_AT_ONCE = 50
"""Requests that are answered in one turn: other readers in the process have theirs in between."""


class Host(Protocol):
    """What a line needs of the reader that it belongs to."""

    @property
    def version(self) -> int:
        """Return the protocol version that the client speaks."""

    def adopt(self, line: "Line") -> bool:
        """Make a line the reader's client; False when there is one already."""

    def abandon(self, line: "Line") -> None:
        """Forget a client that is gone."""

    def receive(self, frame: bytes) -> bool:
        """Answer the client; False when it asked to be closed."""

    def dropped(self, tags: int) -> None:
        """Take note that reports found no room."""

    def room_again(self) -> None:
        """Tell the client what it missed."""


class Line(asyncio.Protocol):
    """A client's connection, or that of one who came second and is turned away."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._framer = Framer()
        self._inbox: deque[bytes] = deque()
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._client_reads = True
        self._stalled: asyncio.TimerHandle | None = None
        self._gone = asyncio.get_running_loop().create_future()

    @property
    def owed_bytes(self) -> int:
        """Return how much the client has not yet taken."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    @property
    def unanswered(self) -> int:
        """Return how many requests wait for their turn."""
        return len(self._inbox)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the client, or turn it away."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a TCP server makes no other
        self._transport = transport
        # Below the bound at which reports are dropped: whoever lost some is then sure to be told when it reads on.
        transport.set_write_buffer_limits(high=SEND_BUFFER_BYTES // 2, low=SEND_BUFFER_BYTES // 4)
        if not self._host.adopt(self):
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the reader know."""
        for timer in (self._deadline, self._stalled):
            if timer is not None:
                timer.cancel()
        self._transport = None
        self._inbox.clear()
        self._host.abandon(self)
        if not self._gone.done():
            self._gone.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Take whole messages in, and answer what there is time for."""
        try:
            frames = self._framer.feed(data)
        except LlrpError as error:
            self.send([Outgoing(encode_message(ErrorMessage(status_of(error)), 0, self._host.version))])
            self.close()
            return
        self._inbox.extend(frames)
        self._watch_partial(started_anew=bool(frames))
        self._answer()

    def pause_writing(self) -> None:
        """Take no more requests of a client that does not read the answers."""
        self._client_reads = False
        if self._transport is not None:
            self._stalled = asyncio.get_running_loop().call_later(STALLED_S, self._transport.abort)
        self._choose_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._client_reads = True
        if self._stalled is not None:
            self._stalled.cancel()
        if self._is_open:
            self._host.room_again()
            self._answer()

    def send(self, out: list[Outgoing]) -> None:
        """Send what fits: reports that do not are dropped and counted; a client that owes too much is cut off."""
        transport = self._transport
        if transport is None or transport.is_closing():
            self._host.dropped(sum(frame.tags for frame in out))
            return
        room = SEND_BUFFER_BYTES - transport.get_write_buffer_size()
        fitting: list[bytes] = []
        full = lost = False
        for data, tags in out:
            # Once one report has found no room, none after it goes: it may leave out what the lost one said.
            full = full or (tags > 0 and room < len(data))
            if tags and full:
                self._host.dropped(tags)
                lost = True
                continue
            fitting.append(data)
            room -= len(data)
        if room < SEND_BUFFER_BYTES - MAX_OWED_BYTES:
            transport.abort()
        elif fitting:
            transport.write(b"".join(fitting))
        if lost and self._client_reads:
            # The system took so much at once that writing never paused: nothing else would tell of the loss.
            asyncio.get_running_loop().call_soon(self._tell_of_loss)

    def _tell_of_loss(self) -> None:
        if self._is_open and self._client_reads:
            self._host.room_again()

    async def hang_up(self) -> None:
        """Close, and wait until the client has what was sent, but not for long."""
        self.close()
        await asyncio.wait([self._gone], timeout=GOODBYE_S)
        if self._transport is not None:
            self._transport.abort()
            await asyncio.wait([self._gone], timeout=GOODBYE_S)

    def close(self) -> None:
        """Hang up when everything is sent, or soon."""
        self._inbox.clear()
        if self._transport is not None:
            self._transport.close()
            self._abort_after(GOODBYE_S)

    @property
    def _is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def _answer(self) -> None:
        """Answer some requests, in order; the rest when others had their turn, or when the client reads."""
        for _ in range(MAX_AT_ONCE):
            if not self._inbox or not self._client_reads or not self._is_open:
                break
            if not self._host.receive(self._inbox.popleft()):
                self.close()
        if self._inbox and self._client_reads:
            asyncio.get_running_loop().call_soon(self._answer)
        self._choose_reading()

    def _choose_reading(self) -> None:
        """Read on only when every request is answered and the client reads the answers: so nothing piles up."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._client_reads and not self._inbox:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _watch_partial(self, *, started_anew: bool) -> None:
        if not self._is_open:
            return
        if self._deadline is not None and (started_anew or not self._framer.waiting):
            self._deadline.cancel()
            self._deadline = None
        if self._deadline is None and self._framer.waiting:
            self._abort_after(PARTIAL_MESSAGE_S)

    def _abort_after(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        if self._transport is not None:
            self._deadline = asyncio.get_running_loop().call_later(seconds, self._transport.abort)
