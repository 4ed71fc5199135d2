"""The wire between ingest and its database: cut in the middle of messages, and a black hole for seconds."""

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from tagdock_cloud.ingest.admit import Accepted
from tagdock_cloud.ingest.record import Recorder
from tagdock_cloud.store.errors import DatabaseUnavailableError
from tagdock_contract import Batch, GatewayAddress, Movement

CHUNK_BYTES = 4096


class Wire:
    """A TCP proxy on loopback, before the database."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cuts = 0
        self.to_server_bytes = 0
        self._cut_at: Iterator[int] = itertools.repeat(1 << 62)
        self._next_cut = 1 << 62
        self._open = threading.Event()
        self._open.set()
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def url_of(self, database: str) -> str:
        """Return the URL of a database as it is reached over this wire."""
        place = urlsplit(database)
        return place._replace(netloc=f"{place.username}:{place.password}@127.0.0.1:{self.port}").geturl()

    def cut_after(self, *sizes: int) -> None:
        """Cut whatever connection passes on so many bytes, then so many more, and so on."""
        self._cut_at = itertools.chain(itertools.accumulate(sizes, initial=self.to_server_bytes), [1 << 62])
        next(self._cut_at)
        self._next_cut = next(self._cut_at)

    @contextlib.contextmanager
    def black_hole(self) -> Iterator[None]:
        """Keep all bytes for the time of the `with`."""
        self._open.clear()
        yield
        self._open.set()

    def close(self) -> None:
        self._open.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for end in self._ends:
            _shut(end)
        for thread in self._threads:
            thread.join(20)
        for end in [self._listener, *self._ends]:
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                self._ends += [client, server]
                for way in ((client, server, True), (server, client, False)):
                    self._threads.append(threading.Thread(target=self._pass, args=way, daemon=True))
                    self._threads[-1].start()

    def _pass(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(CHUNK_BYTES):
                self._open.wait()
                let_through = self._let_through(len(chunk)) if counts else len(chunk)
                target.sendall(chunk[:let_through])
                if let_through < len(chunk):
                    break
        _shut(source)
        _shut(target)

    def _let_through(self, size_bytes: int) -> int:
        with self._lock:
            room = self._next_cut - self.to_server_bytes
            if room >= size_bytes:
                self.to_server_bytes += size_bytes
                return size_bytes
            self.to_server_bytes = self._next_cut
            self._next_cut = next(self._cut_at)
            self.cuts += 1
            return room


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wire(database: str) -> Iterator[Wire]:
    one = Wire(urlsplit(database).port or 5432)
    yield one
    one.close()


CUTS = (500, 3_000, 9_000, 10, 7_000, 4_000)
"""In a `copy`, between its messages and inside of them, and as a new connection begins."""


@pytest.mark.parametrize("fault", ["cut", "black hole"])
def test_what_happens_to_the_databases_wire_loses_and_doubles_nothing(
    fault: str, database: str, wire: Wire, mosquitto: Any, program: Any, wait_ready: Callable[..., None],
    gateway: Callable[..., Any], movement: Callable[..., Movement], sql: Callable[..., list[dict[str, Any]]],
) -> None:  # fmt: skip
    process = program("ingest", database=wire.url_of(database), broker=mosquitto.url, open="1", group_kib="4")
    wait_ready(process)
    sender = gateway(mosquitto.port)
    events = [movement(f"urn:epc:id:sgtin:9521234.012345.{number}") for number in range(150)]
    sender.send(events[0])
    sender.wait_for_all()
    if fault == "cut":
        wire.cut_after(*CUTS)
        for event in events[1:]:
            sender.send(event)
    else:
        with wire.black_hole():
            for event in events[1:]:
                sender.send(event)
            time.sleep(2.0)
            assert len(sender.committed) == 1, "who commits now, if not the database?"
    sender.wait_for_all(60)
    assert wire.cuts == (len(CUTS) if fault == "cut" else 0)
    assert sorted(str(row["event_id"]) for row in sql("select event_id from movements")) == sorted(
        str(event.event_id) for event in events
    )
    assert sender.committed == set(range(150))
    assert process.poll() is None
    with psycopg.connect(
        database
    ) as reader:  # what was half stored when the wire broke was rolled back with its counts
        counted = reader.execute("select sum(out_count) from flows").fetchone()
    assert counted == (150,)


@pytest.mark.parametrize("at_bytes", [10, 2_000, 6_000])
def test_a_recorder_closes_what_a_cut_wire_left_of_its_connection(
    at_bytes: int,
    database: str,
    wire: Wire,
    movement: Callable[..., Movement],
    sql: Callable[..., list[dict[str, Any]]],
) -> None:
    recorder = Recorder(wire.url_of(database), client_id="cut", is_open=True)
    events = [movement(f"urn:epc:id:sgtin:9521234.012345.{number}") for number in range(40)]
    about = {"epoch": uuid4(), "seq": 0, "sent_at": datetime.now(UTC)}
    batches = [Batch(events=tuple(some), **about) for some in (events[:1], events)]
    said = [Accepted(GatewayAddress("s1", "g1"), one, b"") for one in batches]
    recorder.record(said[:1], [], [])
    wire.cut_after(at_bytes)
    with pytest.raises(DatabaseUnavailableError):
        recorder.record(said[1:], [], [])
    for _ in range(2):
        recorder.close()
    assert recorder.record(said[1:], [], []).committed == said[1:]
    recorder.close()
    assert wire.cuts == 1 and sql("select count(*) as n from movements") == [{"n": 40}]
