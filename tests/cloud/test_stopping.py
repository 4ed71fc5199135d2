"""SIGTERM: whatever it interrupts, however stuck database and broker are, programs end, and lose nothing."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tagdock_cloud.config import BrokerAddress, IngestConfig, ServeConfig
from tagdock_cloud.ingest import run
from tagdock_cloud.ingest.link import BrokerLink
from tagdock_cloud.ingest.record import Recorder
from tagdock_cloud.ingest.run import Ingest
from tagdock_cloud.ingest.shares import Share
from tagdock_cloud.serve import supervisor
from tagdock_cloud.serve.child import Child
from tagdock_cloud.serve.programs import Program
from tagdock_cloud.store.errors import DatabaseUnavailableError
from tagdock_contract import Movement

DEADLINE_S = 20.0

AT_EVERY_LINE = """
import faulthandler, os, signal, sys
from pathlib import Path
from tagdock_cloud.config import BrokerAddress, IngestConfig, ServeConfig
from tagdock_cloud.ingest import run
from tagdock_cloud.serve import supervisor

faulthandler.dump_traceback_later({deadline_s}, exit=True)
lines_to_go = 0

def count(frame, event, _argument):
    global lines_to_go
    lines_to_go -= event == "line"
    if lines_to_go == 0:
        sys.settrace(None)
        os.kill(os.getpid(), signal.SIGTERM)
    return count

def look(*_):
    sys.settrace(count if lines_to_go > 0 else None)
    return False

class Link:
    check, listen, stop = look, look, look

def ingest():
    one = run.Ingest(IngestConfig("postgresql://nobody@127.0.0.1:1/none", BrokerAddress("127.0.0.1", 1)))
    one._link = Link()
    return one.stop, lambda: one.run(lambda: None)

def served():
    one = supervisor.Supervisor(ServeConfig(data=Path(sys.argv[2]) / str(moment)))
    one._start, one._stop_all = dict, dict
    after = one._look_after
    one._look_after = lambda: (after(), look())
    return one.stop, lambda: one.run(lambda _: None)

run._BEAT_S = supervisor._LOOK_EVERY_S = 0.001
for moment in range(1, 40):
    lines_to_go = moment
    stop, until_stopped = {{"ingest": ingest, "serve": served}}[sys.argv[1]]()
    signal.signal(signal.SIGTERM, lambda *_: stop())
    until_stopped()
    assert lines_to_go <= 0, "it ended by itself"
"""
"""Ask a program's loop to stop in the middle of each of its lines in turn, those of `threading` among them."""


@pytest.mark.parametrize("program", ["ingest", "serve"])
def test_a_signal_ends_it_whatever_line_of_its_loop_it_interrupts(program: str, tmp_path: Any) -> None:
    script = AT_EVERY_LINE.format(deadline_s=DEADLINE_S)
    done = subprocess.run(
        [sys.executable, "-c", script, program, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def started(config: IngestConfig) -> Ingest:
    """Start ingest, again where it starves: threads that an earlier one left stuck live on in this process."""
    deadline_s = time.monotonic() + DEADLINE_S
    while True:
        ingest = Ingest(config)
        try:
            ingest.start()
        except DatabaseUnavailableError:
            if time.monotonic() > deadline_s:
                raise
        else:
            return ingest


@contextmanager
def ingesting(database: str, port: int, **settings: Any) -> Iterator[threading.Thread]:
    """Ingest on a thread; told to stop at the end, at which it may be stuck."""
    config = IngestConfig(database, BrokerAddress("127.0.0.1", port), is_open=True, group_bytes=4096, **settings)
    ingest, is_ready = started(config), threading.Event()
    thread = threading.Thread(target=ingest.run, args=(is_ready.set,), daemon=True)
    thread.start()
    assert is_ready.wait(DEADLINE_S)
    try:
        yield thread
    finally:
        ingest.stop()


@pytest.mark.parametrize("share", [None, Share(1, 1)], ids=["all", "a share"])
def test_it_ends_while_the_database_is_stuck_and_loses_nothing(
    own_database: Callable[[], Any], mosquitto: Any, gateway: Any, movement: Callable[..., Movement],
    monkeypatch: pytest.MonkeyPatch, share: Share | None,
) -> None:  # fmt: skip
    monkeypatch.setattr(run, "LEAVE_WITHIN_S", 1.5)
    monkeypatch.setattr(run, "SITES_EVERY_S", 0.05)
    events = [movement(f"urn:epc:id:sgtin:9521234.012345.{number}") for number in range(120)]
    with own_database() as database, psycopg.connect(database) as holder:
        holder.execute("insert into sites (site) values ('s1')")
        holder.commit()
        with ingesting(database, mosquitto.port, share=share) as thread:
            sender = gateway(mosquitto.port)
            sender.send(events[0])
            sender.wait_for_all()
            holder.execute("lock table movements, gateways, sites in access exclusive mode")
            for event in events[1:]:
                sender.send(event)
            thread.join(0.5)  # until its queue is full and its hands are, too
        thread.join(DEADLINE_S)
        assert not thread.is_alive(), "it waited for the database"
        holder.rollback()
        with ingesting(database, mosquitto.port, share=share) as thread:
            sender.send_again()
            sender.wait_for_all()
        thread.join(DEADLINE_S)
        stored = [str(row[0]) for row in holder.execute("select event_id from movements")]
    assert sorted(stored) == sorted(str(event.event_id) for event in events)


def test_nobody_closes_a_connection_on_which_another_thread_waits(
    own_database: Callable[[], Any], mosquitto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What libpq has freed it would read as soon as the database answers: the whole program falls."""
    asking: set[Recorder] = set()
    closed_then: list[Recorder] = []

    class Watched(Recorder):
        def sites(self) -> Any:
            asking.add(self)
            try:
                return super().sites()
            finally:
                asking.discard(self)

        def close(self) -> None:
            if self in asking:
                closed_then.append(self)
            super().close()

    monkeypatch.setattr(run, "Recorder", Watched)
    monkeypatch.setattr(run, "LEAVE_WITHIN_S", 1.5)
    monkeypatch.setattr(run, "SITES_EVERY_S", 0.05)
    with own_database() as database, psycopg.connect(database) as holder:
        with ingesting(database, mosquitto.port, share=Share(1, 1)) as thread:
            holder.execute("lock table sites in access exclusive mode")
            ends_s = time.monotonic() + DEADLINE_S
            while not waits_for_a_lock(database):
                assert time.monotonic() < ends_s
                time.sleep(0.05)
        thread.join(DEADLINE_S)
        assert not thread.is_alive() and asking, "it ends while the database is stuck"
        assert not closed_then
        holder.rollback()
        while asking:
            assert time.monotonic() < ends_s
            time.sleep(0.05)


def waits_for_a_lock(database: str) -> bool:
    with psycopg.connect(database, autocommit=True) as connection:
        found = connection.execute(
            "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        return found.fetchone() is not None


@pytest.fixture
def own_database(fresh_database: Callable[[], Any]) -> Callable[[], Any]:
    return fresh_database


class DeafBroker:
    """Takes a connection and a subscription, and not a byte more."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(bytes((0x20, 2, 0, 0)))  # CONNACK: MQTT 3.1.1, section 3.2
            self._over.wait(120)

    def close(self) -> None:
        self._over.set()
        self._listener.close()


def test_it_leaves_a_broker_that_takes_not_even_a_goodbye() -> None:
    broker = DeafBroker()
    link = BrokerLink(BrokerAddress("127.0.0.1", broker.port), "c", lambda _: None)
    link.start(["a/b"])
    for _ in range(40):
        link.publish("a/b", bytes(1 << 20))
    stopping = threading.Thread(target=link.stop, args=(0.2,), daemon=True)
    stopping.start()
    stopping.join(DEADLINE_S)
    try:
        assert not stopping.is_alive()
    finally:
        broker.close()


def test_a_program_that_is_still_starting_is_stopped_without_a_word(tmp_path: Path, capfd: Any) -> None:
    program = Program("api", [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"])
    served = supervisor.Supervisor(ServeConfig(data=tmp_path))
    with (tmp_path / "lock").open("w") as lock:
        child = Child(program, lock.fileno())
        served._children.append(child)
        child.start()
        child.wait_ready(DEADLINE_S)
        served._stop_all()
    assert child.pid is None and capfd.readouterr().err == ""
