"""A port that can stop listening and listen again without anybody taking it meanwhile."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

_BACKLOG = 128


class ListeningPort:
    """A TCP port that is ours, whether it listens or not. Belongs to one event loop."""

    def __init__(self, on_connection: Callable[[socket.socket], None]) -> None:
        self._on_connection = on_connection
        self._family = socket.AF_INET
        self._address: tuple[str, int] = ("", 0)
        self._holder: socket.socket | None = None
        self._listener: socket.socket | None = None

    async def open(self, host: str, port: int) -> int:
        """Take a port (0: any free one) and listen. Raises OSError when it is taken."""
        found = (await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM))[0]
        self._family = found[0]
        # Bound but not listening, it refuses connections, and keeps the port while the listener is closed.
        self._holder = self._bound((host, port), shared=port == 0)
        self._address = (host, self._holder.getsockname()[1])
        if port != 0:
            self._holder.close()
            self._holder = self._bound(self._address, shared=True)
        self.listen()
        return self._address[1]

    def listen(self) -> None:
        """Take connections; one that waits already is taken at once."""
        if self._listener is None and self._holder is not None:
            self._listener = self._bound(self._address, shared=True)
            self._listener.listen(_BACKLOG)
            asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def refuse(self) -> None:
        """Listen no more: the system answers new connections with an RST."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def close(self) -> None:
        """Give the port back."""
        self.refuse()
        if self._holder is not None:
            self._holder.close()
            self._holder = None

    def _accept(self) -> None:
        if self._listener is None:
            return
        with contextlib.suppress(OSError):  # the client was quicker to leave
            each, _ = self._listener.accept()
            each.setblocking(False)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._on_connection(each)

    def _bound(self, address: tuple[str, int], *, shared: bool) -> socket.socket:
        each = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            each.setblocking(False)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            each.bind(address)
        except OSError:
            each.close()
            raise
        return each
