"""What stands where paho expects a socket: it never blocks; asyncio does the connecting, the TLS and the waiting."""

import asyncio
from collections.abc import Callable

_TOGETHER_BYTES = 16_384


class Pipe(asyncio.Protocol):
    """One connection. `work` is called when there is something to read, room to write, or an end."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._transport: asyncio.Transport | None = None
        self._came, self._going = bytearray(), bytearray()
        self._full = False
        self.ended = asyncio.Event()

    @property
    def unread(self) -> bool:
        """Tell whether something came that has not been read."""
        return bool(self._came)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take asyncio's end, and hear of anything that it could not write at once."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # for the type checker: TCP and TLS make these
        transport.set_write_buffer_limits(high=1)  # 0 would stop TLS for ever: it says >= where TCP says >
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep what came and have it read."""
        self._came += data
        self._work()

    def pause_writing(self) -> None:
        """Take no more."""
        self._full = True

    def resume_writing(self) -> None:
        """Take more."""
        self._full = False
        self._work()

    def connection_lost(self, _error: Exception | None) -> None:
        """Note the end."""
        self.ended.set()
        self._work()

    def recv(self, size: int) -> bytes:
        """Read what came, nothing at the end. Raises BlockingIOError when there is nothing yet."""
        if not self._came and not self.ended.is_set():
            raise BlockingIOError
        data = bytes(self._came[:size])
        del self._came[:size]
        return data

    def send(self, data: bytes | bytearray) -> int:
        """Write: what is sent in one turn of the loop goes together, for each write to a socket costs.

        Raises BlockingIOError when the line is full, ConnectionResetError when it is gone.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError
        if self._full:
            raise BlockingIOError
        if not self._going:
            asyncio.get_running_loop().call_soon(self._flush)
        self._going += data
        if len(self._going) >= _TOGETHER_BYTES:
            self._flush()
        return len(data)

    def close(self) -> None:
        """Hang up once all is written."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        if self._going and self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._going)
        self._going = bytearray()

    def fileno(self) -> int:
        """Return no number: nobody waits for this with select."""
        return -1

    def setblocking(self, flag: bool) -> None:
        """Do nothing: it never blocks."""
