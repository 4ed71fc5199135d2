"""The demo as a user starts it, and real servers beside it: mosquitto and Debian's PostgreSQL."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = Path(sys.executable).parent
POSTGRES = Path("/usr/lib/postgresql/15/bin")


@dataclass(frozen=True)
class Ended:
    """How a demo ended: its exit status, what it wrote, and its report where it wrote one."""

    status: int
    out: str
    err: str
    report: dict[str, Any]


def environment() -> dict[str, str]:
    """Return our environment without settings of Tagdock."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TAGDOCK_")}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert time.monotonic() < deadline, f"nobody listens at {port}"
        time.sleep(0.05)


def demo_command(data: Path, *arguments: str) -> list[str]:
    return [str(PROGRAMS / "tagdock-sim"), "demo", "--data", str(data), *arguments]


def run_demo(data: Path, *arguments: str, within_s: float = 150.0) -> Ended:
    """Run a demo to its end."""
    file = data.parent / f"{data.name}-report.json"
    file.unlink(missing_ok=True)
    command = demo_command(data, "--report", str(file), *arguments)
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=within_s, env=environment())
    report = json.loads(file.read_text()) if file.exists() else {}
    return Ended(done.returncode, done.stdout, done.stderr, report)


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of all living processes that name a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if str(folder) in command:
                    found.append(command)
    return found


@pytest.fixture
def demo() -> Callable[..., Ended]:
    """Run a demo to its end."""
    return run_demo


@pytest.fixture
def start() -> Iterator[Callable[[Path], "subprocess.Popen[str]"]]:
    """Start a demo that runs until somebody stops it."""
    started: list[subprocess.Popen[str]] = []

    def begin(data: Path) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            demo_command(data), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def alive() -> Callable[[Path], list[str]]:
    """Return the command lines of all living processes that name a folder."""
    return processes_of


@pytest.fixture
def programs() -> Path:
    """Where the programs of all parts are."""
    return PROGRAMS


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[str]:
    """A mosquitto of our own; its address."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("needs mosquitto: apt-get install mosquitto")
    port = free_port()
    file = tmp_path / "mosquitto.conf"
    file.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 100000\n"
        + ("user root\n" if os.geteuid() == 0 else "")
    )
    with _running([program, "-c", str(file)], port):
        yield f"mqtt://127.0.0.1:{port}"


@pytest.fixture
def postgresql() -> Iterator[str]:
    """Debian's PostgreSQL with an empty database of our own; its address."""
    if not (POSTGRES / "postgres").exists():
        pytest.skip("needs PostgreSQL 15: apt-get install postgresql-15")
    user = _other_user()
    folder = Path(tempfile.mkdtemp(prefix="tagdock-postgres-", dir="/tmp"))
    try:
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        port = free_port()
        data = str(folder / "data")
        make = [str(POSTGRES / "initdb"), "-D", data, "-U", "tagdock", "--auth=trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(make, check=True, capture_output=True, user=user, cwd="/", env={"LC_ALL": "C.UTF-8"})
        serve = [str(POSTGRES / "postgres"), "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", str(folder)]
        with _running(serve, port, user=user, stop=signal.SIGINT):
            _create_database(port, user)
            yield f"postgresql://tagdock@127.0.0.1:{port}/tagdock_demo"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _create_database(port: int, user: str | None) -> None:
    """Make the database once the server takes requests."""
    make = [str(POSTGRES / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "tagdock", "tagdock_demo"]
    deadline = time.monotonic() + 20
    while subprocess.run(make, check=False, capture_output=True, user=user, cwd="/").returncode != 0:
        assert time.monotonic() < deadline, "the database could not be made"
        time.sleep(0.1)


def _other_user() -> str | None:
    """PostgreSQL refuses to run as root; find somebody it runs as."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    pytest.skip("needs a user named postgres or nobody to run PostgreSQL as")


@contextlib.contextmanager
def _running(
    command: Sequence[str], port: int, *, user: str | None = None, stop: signal.Signals = signal.SIGTERM
) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user, cwd="/")
    try:
        wait_for_port(port)
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
