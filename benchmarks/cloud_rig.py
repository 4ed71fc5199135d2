"""The programs that the cloud's ingest is measured with, each a process of its own, and what they take of the cores."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tagdock_cloud.embedded.database import EmbeddedDatabase
from tagdock_cloud.serve.ports import choose_port, is_free
from tagdock_cloud.store.migrate import migrate

PASSWORD = "benchmark"
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Programs:
    """What runs, by name."""

    def __init__(self) -> None:
        self._pids: dict[str, int] = {"gateways": os.getpid()}

    def add(self, name: str, pid: int) -> None:
        """Watch a program and its children."""
        self._pids[name] = pid

    def cpu_s(self) -> dict[str, float]:
        """Seconds of processor time that each program has taken, with its children; the gateways without theirs."""
        stats = _stats()
        found = {}
        for name, pid in self._pids.items():
            family = (
                [pid]
                if name == "gateways"
                else [pid, *(child for child, (parent, _) in stats.items() if parent == pid)]
            )
            found[name] = sum(stats[one][1] for one in family if one in stats)
        return found

    def memory_mb(self, name: str) -> float:
        """Megabytes of memory that a program holds itself."""
        resident = Path(f"/proc/{self._pids[name]}/statm").read_text().split()[1]
        return int(resident) * _PAGE_BYTES / 1e6


def _stats() -> dict[int, tuple[int, float]]:
    """Read parent and processor seconds of every process; those of children that ended count with their parent."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            found[int(entry.name)] = int(fields[1]), sum(map(int, fields[11:15])) / _TICKS_A_SECOND
    return found


@contextmanager
def running_database(folder: Path, programs: Programs) -> Iterator[str]:
    """Run the embedded PostgreSQL as `serve` would; yield its URL."""
    database = EmbeddedDatabase(folder / "database", choose_port("127.0.0.1", 0, ""), PASSWORD)
    database.prepare()
    with running(database.command, stop=signal.SIGINT) as process:
        programs.add("database", process.pid)
        database.wait(30, while_waiting=lambda: None)
        migrate(database.url)
        yield database.url


@contextmanager
def running_broker(folder: Path, database: str, programs: Programs) -> Iterator[tuple[str, int]]:
    """Run mosquitto where it is installed, else the embedded broker; yield its URL and port."""
    port = choose_port("127.0.0.1", 0, "")
    mosquitto = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if mosquitto is not None:
        config = folder / "mosquitto.conf"
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 100000\n"
        )
        with running([mosquitto, "-c", str(config)]) as process:
            programs.add("broker", process.pid)
            while is_free("127.0.0.1", port):
                time.sleep(0.05)
            yield f"mqtt://127.0.0.1:{port}", port
        return
    settings = {"BROKER_PASSWORD": PASSWORD, "BROKER_PORT": str(port), "OPEN": "1", "DATABASE": database}
    with running_cloud("broker", settings) as process:
        programs.add("broker", process.pid)
        yield f"mqtt://tagdock-cloud:{PASSWORD}@127.0.0.1:{port}", port


@contextmanager
def running_cloud(command: str, settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of tagdock-cloud's programs until it says that it is ready, and on."""
    environment = {f"TAGDOCK_{name}": value for name, value in settings.items()}
    with running([sys.executable, "-m", "tagdock_cloud", command], environment) as process:
        process.stdout.readline()
        yield process


@contextmanager
def running(
    command: list[str], settings: dict[str, str] | None = None, stop: int = signal.SIGTERM, cwd: str = "/"
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program and stop it at the end."""
    process = subprocess.Popen(
        command, env={**os.environ, **(settings or {})}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=cwd
    )
    try:
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
