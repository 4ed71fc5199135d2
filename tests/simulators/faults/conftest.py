"""A server and clients made of plain sockets, to see what the proxy does to them."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

DEADLINE_S = 30.0


class Echo:
    """A server that gives back what it gets, and notes how each connection went."""

    def __init__(self) -> None:
        self.connections: list[socket.socket] = []
        self.received: list[bytearray] = []
        self.endings: dict[int, str] = {}
        self.answers = True
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self.connections:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                each, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(each)
            self.received.append(bytearray())
            threading.Thread(target=self._talk, args=(each, len(self.connections) - 1), daemon=True).start()

    def _talk(self, each: socket.socket, number: int) -> None:
        try:
            while data := each.recv(65536):
                self.received[number] += data
                if self.answers:
                    each.sendall(data)
            self.endings[number] = "fin"
        except OSError:
            self.endings[number] = "reset"


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def connect() -> Iterator[Callable[[int], socket.socket]]:
    """Connect to a port; every wait has a deadline."""
    made: list[socket.socket] = []

    def to(port: int) -> socket.socket:
        made.append(socket.create_connection(("127.0.0.1", port), DEADLINE_S))
        return made[-1]

    yield to
    for each in made:
        each.close()


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], None]:
    """Wait for something to become true, not for ever."""

    def wait(done: Callable[[], Any]) -> None:
        end_s = time.monotonic() + DEADLINE_S
        while not done():
            assert time.monotonic() < end_s, "waited in vain"
            time.sleep(0.005)

    return wait
