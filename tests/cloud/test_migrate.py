"""Migrations: one road to the schema, in one go or step by step, failed or called twice."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from tagdock_cloud.store import migrate as steps
from tagdock_cloud.store.errors import DatabaseUnavailableError, DatabaseUrlError, StoreError
from tagdock_cloud.store.migrate import MIGRATIONS, migrate, newest_revision, pending

SCHEMA = """
select c.relkind::text as kind, c.relname as name, a.attname as part, format_type(a.atttypid, a.atttypmod) as says
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'public'::regnamespace
union all select 'function', p.proname, pg_get_function_identity_arguments(p.oid), md5(p.prosrc)
from pg_proc p where p.pronamespace = 'public'::regnamespace
union all select 'view', v.viewname, '', md5(v.definition) from pg_views v where v.schemaname = 'public'
union all select 'index', i.indexname, i.tablename, i.indexdef from pg_indexes i where i.schemaname = 'public'
union all select 'constraint', c.conname, c.conrelid::regclass::text, pg_get_constraintdef(c.oid)
from pg_constraint c where c.connamespace = 'public'::regnamespace
union all select 'trigger', t.tgname, t.tgrelid::regclass::text, pg_get_triggerdef(t.oid)
from pg_trigger t where not t.tgisinternal
order by 1, 2, 3, 4
"""


def schema_of(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(SCHEMA).fetchall()


def test_brings_an_empty_database_to_the_newest_revision_and_then_has_nothing_to_do(empty_database: str) -> None:
    assert pending(empty_database)[-1] == newest_revision()
    assert migrate(empty_database)[-1] == newest_revision()
    assert pending(empty_database) == []
    assert migrate(empty_database) == []


def test_step_by_step_gives_the_same_schema_as_all_at_once(empty_database: str, database: str) -> None:
    for revision in pending(empty_database):
        assert migrate(empty_database, revision) == [revision]
    assert schema_of(empty_database) == schema_of(database)


def test_every_sql_file_is_run_by_a_step() -> None:
    assert {file.stem for file in MIGRATIONS.glob("*.sql")} <= {file.stem for file in MIGRATIONS.glob("*.py")}


def test_a_step_that_fails_leaves_nothing_behind(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(empty_database, "0002")
    before = schema_of(empty_database)
    run_sql = steps.run_sql
    monkeypatch.setattr(steps, "run_sql", lambda statements: run_sql(statements + "; select 1 / 0"))
    with pytest.raises(StoreError, match="division by zero"):
        migrate(empty_database, "0003")
    assert schema_of(empty_database) == before
    monkeypatch.undo()
    assert migrate(empty_database)[0] == "0003"


def test_two_at_once_apply_each_step_once(empty_database: str) -> None:
    applied: list[list[str]] = []
    threads = [threading.Thread(target=lambda: applied.append(migrate(empty_database))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, applied)) == [0, len(applied[0]) + len(applied[1])]
    assert pending(empty_database) == []


def test_a_lock_that_another_holds_too_long_is_reported(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_LOCK_TIMEOUT_S", 0.2)
    with psycopg.connect(empty_database) as other:
        other.execute("select pg_advisory_lock(%s)", [steps._LOCK])
        with pytest.raises(DatabaseUnavailableError, match="another migration"):
            migrate(empty_database)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        pytest.param("postgresql://nobody:geheim@127.0.0.1:1/none", DatabaseUnavailableError, id="nobody-listens"),
        pytest.param("mysql://root:geheim@127.0.0.1/none", DatabaseUrlError, id="another-database"),
        pytest.param("postgresql://x:geheim@[::1/none", DatabaseUrlError, id="unparsable"),
        pytest.param("postgresql://x:geheim@h/none?nonsense=1", DatabaseUrlError, id="unknown-option"),
    ],
)
def test_a_wrong_url_is_reported_without_its_password(url: str, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        migrate(url)
    assert "geheim" not in str(raised.value)


def test_partitions_are_cut_at_months_of_utc_whatever_the_session_thinks(sql: Callable[..., Any]) -> None:
    sql("set timezone = 'Asia/Shanghai'")
    sql("select ensure_partitions('2031-05-31T23:59:59Z', '2031-06-01T00:00:00Z')")
    sql(
        "insert into bin_readings (site, observed_at, event_id, gateway, bin, quantity, value, quality) values "
        "('s', '2031-05-31T23:59:59.999Z', gen_random_uuid(), 'g', 'b', 'count', 1, 'good'), "
        "('s', '2031-06-01T00:00:00Z', gen_random_uuid(), 'g', 'b', 'count', 1, 'good')"
    )
    names = [
        row["name"] for row in sql("select tableoid::regclass::text as name from bin_readings order by observed_at")
    ]
    assert names == ["bin_readings_2031_05", "bin_readings_2031_06"]
