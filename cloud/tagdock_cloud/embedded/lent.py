"""The database of a data directory, whether `serve` runs on it or not."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tagdock_cloud.embedded.database import EmbeddedDatabase
from tagdock_cloud.errors import CloudError
from tagdock_cloud.options import served_database
from tagdock_cloud.serve.data import DataDirectory
from tagdock_cloud.serve.ports import choose_port

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0


@contextmanager
def lent_database(folder: Path, *, is_new: bool = False) -> Iterator[str]:
    """Yield the URL of the database in a data directory; where no `serve` runs on it, it is started for that long.

    A folder without a database is refused, unless `is_new` lets one be made. Raises CloudError.
    """
    if not is_new and not (folder / "database" / "PG_VERSION").exists():
        yield served_database(folder)
        return
    data = DataDirectory(folder)
    try:
        data.acquire()
    except CloudError:
        yield served_database(folder)
        return
    database = EmbeddedDatabase(data.folder / "database", choose_port("127.0.0.1", 0, ""), data.secret("database"))
    database.prepare()
    talk = data.folder / "database.log"
    with talk.open("ab") as said:
        process = subprocess.Popen(
            database.command, stdout=said, stderr=said, stdin=subprocess.DEVNULL, cwd="/", pass_fds=[data.lock]
        )
        try:
            database.wait(START_TIMEOUT_S, while_waiting=lambda: _check_alive(process, talk))
            yield database.url
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _check_alive(process: subprocess.Popen[bytes], talk: Path) -> None:
    if process.poll() is not None:
        raise CloudError(f"the embedded database ended while it started: see {talk}")
