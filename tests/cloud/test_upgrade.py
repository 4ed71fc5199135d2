"""An upgrade while the service runs: the released code goes on working, before, during and after the migration.

`released/` holds the SQL of the released revision 0021 as that code sends it.
"""

import re
import threading
import time
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row
from tagdock_cloud.store import migrate as steps
from tagdock_cloud.store.migrate import migrate

RELEASED = Path(__file__).with_name("released")
TYPES = ("text", "timestamptz", "uuid", "text", "text", "text", "text", "text", "text", "text", "float4", "text")
NOW = datetime.now(UTC)
OTHERS = {"rows": 10, "before_at": None, "epc_hex": "30", "items": "[]", "epcs": [], "seen": []}


def released(subject: str) -> dict[str, Any]:
    """Return the released revision's queries of a subject by name."""
    text = (RELEASED / f"0021_{subject}.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


class ReleasedIngest:
    """The released ingest, as far as the database sees it: groups of movements, each in one transaction."""

    def __init__(self, url: str) -> None:
        self._sql = released("ingest")
        self._connection = psycopg.connect(url, row_factory=dict_row)
        self._connection.execute(self._sql["staging"])
        self._run("register", sites=["s1"], gateways=["g1"])
        self._run("count_started", client_id="old")
        self._connection.commit()
        self.stored = 0

    def __enter__(self) -> "ReleasedIngest":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def store(self, count: int, at: datetime) -> None:
        """Store so many movements, half of them twice."""
        rows = [self._row(n, at) for n in range(count)]
        for group in (rows, rows[: count // 2]):
            with self._connection.transaction():
                self.stored += self._store(group)

    def _row(self, n: int, at: datetime) -> tuple[Any, ...]:
        epc = f"urn:epc:id:sgtin:9521234.012345.{n % 5}"
        door, bin_, direction = [("D1", None, "in"), (None, f"B{n % 3}", "in"), ("D2", None, "out")][n % 3]
        return ("s1", at, uuid4(), "g1", epc, "30", "09521234012345", door, bin_, direction, 0.9, "{}")

    def _store(self, rows: list[tuple[Any, ...]]) -> int:
        with self._connection.cursor() as cursor, cursor.copy(self._sql["copy_movements"].encode()) as copy:
            copy.set_types(TYPES)
            for row in rows:
                copy.write_row(row)
        stored = self._run("store_movements").rowcount
        for name in ("items_appear", "items_lock"):
            self._run(name)
        late = self._run("items_late").fetchone()["epcs"]
        self._run("items_move", late=late)
        self._run("items_project", late=late)
        for name in ("flows_count", "announce"):
            self._run(name)
        self._run("gateways_stored", sites=["s1"], gateways=["g1"])
        counts = {"stored": stored, "doubled": len(rows) - stored, "batches": 1, "events": len(rows)}
        self._run("count_group", **counts, client_id="old", sent_at=NOW)
        return int(stored)

    def _run(self, name: str, **values: Any) -> Any:
        return self._connection.execute(self._sql[name].encode(), values or None)


def check_projections(url: str, stored: int) -> None:
    """See that what is counted as things change is what the record and the items say."""
    questions = {
        "select count(*) from movements": "select " + str(stored),
        'select door, sum("in"), sum("out") from throughput_v1 group by 1 order by 1': """
            select door, count(*) filter (where direction = 'in'), count(*) filter (where direction = 'out')
            from movements where door is not null group by 1 order by 1""",
        'select door, sum("in"), sum("out") from flows_v1 group by 1 order by 1': """
            select door, count(*) filter (where direction = 'in'), count(*) filter (where direction = 'out')
            from movements where door is not null group by 1 order by 1""",
        "select state, sum(items) from stock_v1 group by 1 order by 1": """
            select state, count(*) from items group by 1 order by 1""",
    }
    with psycopg.connect(url) as connection:
        for counted, afresh in questions.items():
            assert connection.execute(counted).fetchall() == connection.execute(afresh).fetchall(), counted


def test_the_released_ingest_works_on_the_newest_schema(database: str) -> None:
    with ReleasedIngest(database) as ingest:
        ingest.store(40, NOW)
        ingest.store(40, NOW - timedelta(hours=3))  # late: items are worked out from the record
        assert ingest.stored == 80
    check_projections(database, 80)


@pytest.mark.parametrize("subject", ["inventory", "doors"])
def test_the_released_questions_are_answered_by_the_newest_schema(subject: str, database: str) -> None:
    with ReleasedIngest(database) as ingest:
        ingest.store(20, NOW)
    with psycopg.connect(database, row_factory=dict_row) as connection:
        for name, statement in released(subject).items():
            values = defaultdict(lambda: None, OTHERS) | {"site": "s1"}
            for each in re.findall(r"%\((\w+)\)s", statement):
                values.setdefault(each, None)
            assert connection.execute(statement.encode(), values).description is not None or name == "register"


def test_the_schema_changes_while_the_released_ingest_goes_on(empty_database: str) -> None:
    migrate(empty_database, "0021")
    done, failed = threading.Event(), []

    def go_on() -> None:
        try:
            while not done.is_set():
                with suppress(psycopg.errors.DeadlockDetected):  # ingest tries again
                    ingest.store(20, datetime.now(UTC))
        except Exception as error:
            failed.append(error)

    with ReleasedIngest(empty_database) as ingest:
        ingest.store(200, NOW - timedelta(hours=1))
        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            applied = migrate(empty_database)
        finally:
            done.set()
            thread.join(60)
        assert not failed
        assert applied[0] == "0022"
        ingest.store(20, datetime.now(UTC))
        check_projections(empty_database, ingest.stored)


def test_a_step_that_cannot_have_its_lock_lets_others_pass_and_tries_again(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "_STEP_LOCK_TIMEOUT_S", 0.1)
    monkeypatch.setattr(steps, "_PAUSE_S", 0.1)
    migrate(empty_database, "0021")
    applied: list[list[str]] = []
    thread = threading.Thread(target=lambda: applied.append(migrate(empty_database)))
    with psycopg.connect(empty_database) as reader, psycopg.connect(empty_database, autocommit=True) as other:
        reader.execute("select from items")  # a long question: it holds its lock until the end of the transaction
        thread.start()
        until = time.monotonic() + 2.0
        while time.monotonic() < until:
            other.execute("set statement_timeout = '20s'")
            other.execute("select count(*) from items")
        assert not applied
    thread.join(60)
    assert applied and applied[0][-1] == steps.newest_revision()


def test_what_stays_in_the_way_is_told(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"_STEP_LOCK_TIMEOUT_S": 0.05, "_PAUSE_S": 0.05, "_GIVE_UP_S": 0.3}.items():
        monkeypatch.setattr(steps, name, value)
    migrate(empty_database, "0021")
    with psycopg.connect(empty_database) as reader:
        reader.execute("select from items")
        with pytest.raises(steps.DatabaseUnavailableError, match="lock"):
            migrate(empty_database)


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        pytest.param("select 1; select 2", ["select 1", "select 2"], id="two"),
        pytest.param("select ';'; -- a; b\nselect \"a;\"", ["select ';'", '-- a; b\nselect "a;"'], id="quoted"),
        pytest.param("do $$ begin; end $$; x", ["do $$ begin; end $$", "x"], id="dollars"),
        pytest.param("do $a$ x; $$ y; $$ $a$;", ["do $a$ x; $$ y; $$ $a$"], id="dollars-within-dollars"),
        pytest.param("/* ; */ -- only; comments\n;;", [], id="nothing"),
        pytest.param("select 'it''s;'", ["select 'it''s;'"], id="doubled-quote"),
    ],
)
def test_a_file_is_cut_into_statements(text: str, statements: list[str]) -> None:
    assert list(steps.split_statements(text)) == statements
