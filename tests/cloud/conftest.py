"""A real PostgreSQL and real brokers for the cloud's tests: embedded ones, and mosquitto where it is installed."""

import fcntl
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from psycopg.rows import dict_row
from tagdock_cloud.embedded.database import EmbeddedDatabase
from tagdock_cloud.serve.ports import choose_port
from tagdock_cloud.store.migrate import migrate
from tagdock_contract import Ack, Batch, Event, GatewayAddress, Movement, content_uuid7, decode_ack, encode

_names = itertools.count()
DEADLINE_S = 20.0


def wait_until(condition: Callable[[], Any], timeout_s: float = DEADLINE_S) -> Any:
    """Wait for something to become true, and return it."""
    deadline = time.monotonic() + timeout_s
    while not (result := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return result


@dataclass
class Postgres:
    """A running embedded PostgreSQL."""

    database: EmbeddedDatabase
    process: subprocess.Popen[bytes]
    pattern: str = ""

    @property
    def url(self) -> str:
        return self.database.url

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def start(self) -> None:
        self.process = _postmaster(self.database)


_UNSAFE = ("fsync=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0", "scram_iterations=1")
"""A killed process loses nothing by these, only a lost machine would; and no password of the tests is worth hashing."""


def _postmaster(database: EmbeddedDatabase) -> subprocess.Popen[bytes]:
    def restart_if_dead() -> None:  # after a kill, the old backends may hold on for a moment
        nonlocal process
        if process.poll() is not None:
            process = start()

    def start() -> subprocess.Popen[bytes]:
        settings = [part for setting in _UNSAFE for part in ("-c", setting)]
        return subprocess.Popen(
            [*database.command, *settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
        )

    process = start()
    try:
        database.wait(30.0, while_waiting=restart_if_dead)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process


@contextmanager
def running_postgres(folder: Path) -> Iterator[Postgres]:
    database = EmbeddedDatabase(folder, choose_port("127.0.0.1", 0, ""), "only for tests")
    database.prepare()
    postgres = Postgres(database, _postmaster(database))
    try:
        yield postgres
    finally:
        postgres.process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            postgres.process.wait(30)
        postgres.process.kill()
        postgres.process.wait()


_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 6 << 30
"""A whole run was seen to take 1.7 GB, from four workers."""


@contextmanager
def _quick_folder(otherwise: Path) -> Iterator[Path]:
    """A folder in memory where that has room: what each test gets is copied there in a quarter of the time."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _ROOM_BYTES:
        yield otherwise
        return
    for left in _MEMORY.glob("tagdock-tests-*"):
        with suppress(OSError), _held(left):  # nobody holds what a killed run has left
            shutil.rmtree(left)
    folder = Path(tempfile.mkdtemp(prefix=".tagdock-tests-", dir=_MEMORY))
    with _held(folder):
        folder = folder.rename(_MEMORY / folder.name[1:])
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder; raises OSError where somebody else does."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL for the whole run, with a migrated database to copy from."""
    with (
        _quick_folder(tmp_path_factory.mktemp("postgres")) as folder,
        running_postgres(folder / "data") as server,
        _database(server) as pattern,
    ):
        migrate(pattern)
        server.pattern = pattern.rsplit("/", 1)[1]
        yield server


@contextmanager
def _database(postgres: Postgres, template: str = "template0") -> Iterator[str]:
    name = f"t{os.getpid()}_{next(_names)}"
    admin = postgres.url.replace("//tagdock:", "//postgres:").rsplit("/", 1)[0] + "/postgres"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"create database {name} template {template} strategy file_copy owner tagdock")
        try:
            yield postgres.url.rsplit("/", 1)[0] + f"/{name}"
        finally:
            connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def empty_database(postgres: Postgres) -> Iterator[str]:
    """The URL of a fresh database without a schema."""
    with _database(postgres) as url:
        yield url


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The URL of a fresh, migrated database."""
    with _database(postgres, postgres.pattern) as url:
        yield url


@pytest.fixture(scope="module")
def shared_database(postgres: Postgres) -> Iterator[str]:
    """The URL of a migrated database for a whole module, whose tests leave nothing behind in it."""
    with _database(postgres, postgres.pattern) as url:
        yield url


@pytest.fixture(scope="session")
def fresh_database(postgres: Postgres) -> Callable[[], Any]:
    """A context manager that gives the URL of a fresh, migrated database, for tests that share one."""
    return lambda: _database(postgres, postgres.pattern)


@pytest.fixture
def sql(database: str) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """A function that runs one statement on the fresh database and returns its rows."""
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:

        def run(statement: str, values: Any = None) -> list[dict[str, Any]]:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

        yield run


def _program(*arguments: str, **settings: str) -> subprocess.Popen[bytes]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TAGDOCK_")}
    return subprocess.Popen(
        [sys.executable, "-m", "tagdock_cloud", *arguments],
        env={**inherited, **{f"TAGDOCK_{name.upper()}": value for name, value in settings.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.fixture
def program() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """A function that runs tagdock-cloud with arguments and TAGDOCK_ settings; killed at the end at the latest."""
    with ExitStack() as stack:

        def run(*arguments: str, **settings: str) -> subprocess.Popen[bytes]:
            process = _program(*arguments, **settings)
            stack.callback(_end, process)
            return process

        yield run


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def read_ready(process: subprocess.Popen[bytes]) -> None:
    """Wait for the line that a program prints when it is ready."""
    assert process.stdout is not None and process.stderr is not None
    line = process.stdout.readline()
    assert line == b"ready\n", (line, process.stderr.read().decode() if not line else "")


BROKER_PASSWORD = "only for tests"


@dataclass(frozen=True)
class TestBroker:
    """A running MQTT broker."""

    __test__ = False
    port: int
    is_embedded: bool

    @property
    def url(self) -> str:
        login = f"tagdock-cloud:{BROKER_PASSWORD.replace(' ', '%20')}@" if self.is_embedded else ""
        return f"mqtt://{login}127.0.0.1:{self.port}"


@pytest.fixture
def embedded_broker_port() -> int:
    """The port of the embedded broker."""
    return choose_port("127.0.0.1", 0, "")


@pytest.fixture
def run_broker(
    database: str, program: Callable[..., subprocess.Popen[bytes]], embedded_broker_port: int
) -> Callable[..., subprocess.Popen[bytes]]:
    """A function that runs the embedded broker, in lab mode unless told otherwise."""

    def run(*, is_open: bool = True) -> subprocess.Popen[bytes]:
        settings = {"broker_password": BROKER_PASSWORD, "broker_port": str(embedded_broker_port)}
        process = program("broker", database=database, open=str(int(is_open)), **settings)
        read_ready(process)
        return process

    return run


@pytest.fixture
def broker_process(run_broker: Callable[..., subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """The process of the embedded broker in lab mode."""
    return run_broker()


@pytest.fixture
def embedded_broker(broker_process: subprocess.Popen[bytes], embedded_broker_port: int) -> TestBroker:
    """The embedded broker in lab mode."""
    return TestBroker(embedded_broker_port, is_embedded=True)


@pytest.fixture(scope="module")
def lab_broker(postgres: Postgres) -> Iterator[Callable[[], TestBroker]]:
    """A function that runs an embedded broker in lab mode for a whole module."""
    with ExitStack() as stack:

        def run() -> TestBroker:
            port = choose_port("127.0.0.1", 0, "")
            settings = {"broker_password": BROKER_PASSWORD, "broker_port": str(port), "open": "1"}
            process = _program("broker", database=postgres.url, **settings)
            stack.callback(_end, process)
            read_ready(process)
            return TestBroker(port, is_embedded=True)

        yield run


@pytest.fixture
def restart_broker(
    broker_process: subprocess.Popen[bytes], run_broker: Callable[..., subprocess.Popen[bytes]]
) -> Callable[[], None]:
    """A function that kills the embedded broker and starts it anew."""

    def restart() -> None:
        broker_process.kill()
        broker_process.wait()
        run_broker()

    return restart


@pytest.fixture
def run_postgres() -> Callable[[Path], Any]:
    """A context manager that runs a PostgreSQL in a folder."""
    return running_postgres


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[Postgres]:
    """A PostgreSQL that a test may kill, with a migrated database."""
    with running_postgres(tmp_path / "postgres") as server:
        migrate(server.url)
        yield server


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[TestBroker]:
    """A mosquitto that lets anybody in."""
    with running_mosquitto(tmp_path, "allow_anonymous true") as port:
        yield TestBroker(port, is_embedded=False)


@pytest.fixture
def run_mosquitto(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """A function that runs mosquitto with settings and returns its port."""
    with ExitStack() as stack:
        yield lambda *settings: stack.enter_context(running_mosquitto(tmp_path, *settings))


@contextmanager
def running_mosquitto(folder: Path, *settings: str) -> Iterator[int]:
    found = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    port = choose_port("127.0.0.1", 0, "")
    lines = [f"listener {port} 127.0.0.1", "max_inflight_messages 1000", "max_queued_messages 100000", *settings]
    with tempfile.TemporaryDirectory() as open_folder:  # mosquitto leaves root, and could not enter pytest's folders
        Path(open_folder).chmod(0o755)
        for file in folder.glob("mosquitto-*"):
            shutil.copy(file, open_folder)
        config = Path(open_folder) / "mosquitto.conf"
        config.write_text("\n".join(lines).replace(str(folder), open_folder) + "\n")
        process = subprocess.Popen([found, "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: _listens(port))
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@pytest.fixture(params=["embedded_broker", "mosquitto"])
def any_broker(request: pytest.FixtureRequest) -> TestBroker:
    """Each broker in turn."""
    broker: TestBroker = request.getfixturevalue(request.param)
    return broker


@dataclass
class Gateway:
    """A gateway as far as the cloud sees one: it publishes batches, listens to acks, sends again what stays unacked."""

    port: int
    address: GatewayAddress = field(default_factory=lambda: GatewayAddress("s1", "g1"))
    password: str = "any"
    will: bytes | None = None
    epoch: UUID = field(default_factory=uuid4)
    committed: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    acks: list[Ack] = field(default_factory=list)
    unacked: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.when_acked: Callable[[Ack], None] = lambda ack: None
        self._seq = itertools.count()
        self._ready = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.address.client_id,
            protocol=mqtt.MQTTv311,
            clean_session=False,
            reconnect_on_failure=True,
        )
        self._client.username_pw_set(self.address.client_id, self.password)
        if self.will is not None:
            self._client.will_set(self.address.topic("status"), self.will, qos=1, retain=True)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda *_: self._client.subscribe(self.address.topic("ack"), 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message

    def __enter__(self) -> "Gateway":
        self._client.connect("127.0.0.1", self.port)
        self._client.loop_start()
        assert self._ready.wait(DEADLINE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def send(self, *events: Event, seq: int | None = None, qos: int = 1) -> int:
        """Publish a batch and return its number."""
        number = next(self._seq) if seq is None else seq
        batch = Batch(epoch=self.epoch, seq=number, sent_at=datetime.now(UTC), events=events)
        self.unacked[number] = encode(batch)
        self._client.publish(self.address.topic("events"), self.unacked[number], qos=qos)
        return number

    def send_bytes(self, payload: bytes) -> None:
        """Publish what is no batch, without waiting."""
        self._client.publish(self.address.topic("events"), payload, qos=1)

    def vanish(self) -> None:
        """Go without a word, as a lost gateway does."""
        self._client.loop_stop()
        connection = self._client.socket()
        assert connection is not None
        connection.shutdown(socket.SHUT_RDWR)

    def publish(self, payload: bytes, channel: Any = "events", *, retain: bool = False) -> None:
        """Publish anything."""
        self._client.publish(self.address.topic(channel), payload, qos=1, retain=retain).wait_for_publish(DEADLINE_S)

    def send_again(self) -> None:
        """Publish all that nobody acked."""
        for payload in list(self.unacked.values()):
            self._client.publish(self.address.topic("events"), payload, qos=1)

    def wait_for_all(self, timeout_s: float = DEADLINE_S) -> None:
        """Wait until every batch is committed or refused."""
        wait_until(lambda: not self.unacked, timeout_s)

    def _on_message(self, _client: Any, _user: Any, message: mqtt.MQTTMessage) -> None:
        ack = decode_ack(bytes(message.payload))
        if ack.epoch != self.epoch:
            return
        self.acks.append(ack)
        self.when_acked(ack)
        self.committed.update(ack.committed)
        self.refused.update({refusal.seq: refusal.reason for refusal in ack.refused})
        for number in [*ack.committed, *self.refused]:
            self.unacked.pop(number, None)


def _movement(epc: str = "urn:epc:id:sgtin:9521234.012345.1", **changes: Any) -> Movement:
    values: dict[str, Any] = {
        "observed_at": datetime.now(UTC), "site": "s1", "epc": epc, "epc_hex": "3034257BF7194E4000001A85",
        "direction": "out", "confidence": 0.98, "door": "D1", "evidence": {"reads": 12},
    }  # fmt: skip
    values.update(changes)
    said = [str(values[name]) for name in ("site", "epc", "observed_at", "direction", "door") if name in values]
    values.setdefault("event_id", content_uuid7(int(values["observed_at"].timestamp() * 1000), *said))
    return Movement(**values)


@pytest.fixture
def movement() -> Callable[..., Movement]:
    """A function that builds a movement out by door D1, now, with the changes given."""
    return _movement


@pytest.fixture(name="wait_ready")
def _wait_ready() -> Callable[[subprocess.Popen[bytes]], None]:
    """A function that waits for the line that a program prints when it is ready."""
    return read_ready


@pytest.fixture(name="wait_until")
def _wait_until() -> Callable[..., Any]:
    """A function that waits for something to become true, and returns it."""
    return wait_until


class Talker:
    """An MQTT client that says and hears what it is told to, whether it may or not."""

    def __init__(
        self,
        port: int,
        client_id: str,
        user: str | None,
        password: str | None,
        will_topic: str | None = None,
        is_kept: bool = False,
    ) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, not is_kept, protocol=mqtt.MQTTv311)
        if user is not None:
            self._client.username_pw_set(user, password)
        if will_topic is not None:
            self._client.will_set(will_topic, b"last words", qos=1)
        self._connected, self._lost = threading.Event(), threading.Event()
        self._client.on_disconnect = lambda *_: self._lost.set()
        self.code: str | None = None
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _c, _u, message: self.heard.append((message.topic, bytes(message.payload)))
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._connected.wait(DEADLINE_S)

    def listen(self, *topics: str) -> None:
        self._subscribed.clear()
        self._client.subscribe([(topic, 1) for topic in topics])
        assert self._subscribed.wait(DEADLINE_S)

    def say(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1).wait_for_publish(DEADLINE_S)

    def leave(self, topic: str, payload: bytes) -> None:
        """Say it so that the broker retains it."""
        self._client.publish(topic, payload, qos=1, retain=True).wait_for_publish(DEADLINE_S)

    def shout(self, raw: bytes) -> None:
        connection = self._client.socket()
        assert connection is not None
        connection.sendall(raw)

    @property
    def is_lost(self) -> bool:
        return self._lost.is_set()

    def is_cut_off(self) -> None:
        assert self._lost.wait(DEADLINE_S)

    def hears(self, payload: bytes) -> None:
        wait_until(lambda: any(heard == payload for _, heard in self.heard))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, _client: Any, _user: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.code = str(reason)
        self._connected.set()


@pytest.fixture
def talk() -> Iterator[Callable[..., Talker]]:
    """A function that connects an MQTT client as `(port, client_id, user, password)`; its `code` says how that went."""
    with ExitStack() as stack:

        def connect(*arguments: Any) -> Talker:
            talker = Talker(*arguments)
            stack.callback(talker.close)
            return talker

        yield connect


@pytest.fixture
def gateway() -> Iterator[Callable[..., Gateway]]:
    """A function that connects a gateway to a broker's port."""
    with ExitStack() as stack:
        yield lambda port, **settings: stack.enter_context(Gateway(port, **settings))
