"""Reaching the database, or saying why not."""

import os
import signal
import socket

import psycopg
import pytest
from tagdock_dashboards.database import connect
from tagdock_dashboards.errors import DatabaseError


def test_kinds_of_columns(filled_url: str) -> None:
    with connect(filled_url, query_timeout_s=5) as database:
        answer = database.run("SELECT 1, 1.5, 1::float4, now(), current_date, 'x', '{}'::jsonb, true")
    assert [kind for _, kind in answer.columns] == ["number"] * 3 + ["time"] * 2 + ["text"] * 3


def test_a_connection_that_breaks_is_told_apart_from_a_bad_query(filled_url: str) -> None:
    with connect(filled_url, query_timeout_s=5) as database, pytest.raises(DatabaseError, match="went away"):
        database.run("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_server_that_stands_still_is_given_up(filled_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own time limit cannot help when it does not run; SIGSTOP is a full disk or a paused machine."""
    monkeypatch.setattr("tagdock_dashboards.database.GRACE_S", 0.3)
    with connect(filled_url, query_timeout_s=0.2) as database:
        (pid,) = database.run("SELECT pg_backend_pid()").rows[0]
        try:
            os.kill(pid, signal.SIGSTOP)
            with pytest.raises(DatabaseError, match="gave no answer"):
                database.run("SELECT 1")
        finally:
            os.kill(pid, signal.SIGCONT)


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://127.0.0.1:{taken.getsockname()[1]}/x"
        with pytest.raises(DatabaseError, match="check --database"), connect(url, query_timeout_s=1):
            pass


@pytest.mark.parametrize("url", ["nonsense", "postgresql://[", "mysql://h/x"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(DatabaseError, match="check --database"), connect(url, query_timeout_s=1):
        pass


def test_options_of_the_address_are_kept(filled_url: str) -> None:
    url = psycopg.conninfo.make_conninfo(filled_url, options="-c search_path=nowhere")
    with connect(url, query_timeout_s=5) as database:
        assert database.run("SELECT current_setting('search_path')").rows == [("nowhere",)]
        assert database.run("SELECT current_setting('default_transaction_read_only')").rows == [("on",)]


def test_a_database_without_timescaledb(filled_url: str) -> None:
    with connect(filled_url, query_timeout_s=5) as database:
        assert not database.has_timescaledb()
