"""Two at once: nobody overwrites what another stored meanwhile, and who needs several locks takes them in order."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from tagdock_cloud.ingest.admit import Accepted
from tagdock_cloud.ingest.projections import CAREFUL, QUICK, WARY, Step
from tagdock_cloud.ingest.record import Recorder
from tagdock_cloud.store.queries import load_queries
from tagdock_contract import Batch, GatewayAddress, Movement

Sql = Callable[..., list[dict[str, Any]]]
Wait = Callable[..., Any]
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EPCS = ("urn:epc:raw:96.x01", "urn:epc:raw:96.x02")
SESSIONS = (UUID(int=1), UUID(int=2))
ORDERS = load_queries("tagdock_cloud.orders")
INGEST = load_queries("tagdock_cloud.ingest")
PASSED_D9 = (
    "insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, door, direction, confidence, evidence) "
    "values ('s1', %s, gen_random_uuid(), 'g2', %s, '30', 'D9', 'out', 1, '{}')"
)
WAITING = "select 1 from pg_locks where not granted and pid in (select pid from pg_stat_activity where datname = current_database())"  # noqa: E501


def record(recorder: Recorder, *events: Movement) -> None:
    sent = Batch(epoch=UUID(int=7), seq=int(events[0].observed_at.timestamp()), sent_at=NOON, events=events)
    recorder.record([Accepted(GatewayAddress("s1", "g1"), sent, b"{}")], [], [])


@pytest.fixture
def recorder(database: str) -> Iterator[Recorder]:
    recorder = Recorder(database, client_id="test", is_open=True)
    yield recorder
    recorder.close()


@contextmanager
def at_once(work: Callable[[], Any], sql: Sql, wait_until: Wait) -> Iterator[None]:
    """Let some work come to a lock that somebody holds; the body ends with letting go of it."""
    threads = ThreadPoolExecutor(1)
    doing = threads.submit(work)
    try:
        wait_until(lambda: doing.done() or sql(WAITING))
        assert not doing.done(), doing.exception()
        yield
        doing.result(20)
    finally:
        threads.shutdown(wait=False)  # where it went wrong, the lock is let go after us


@pytest.mark.parametrize("after", ["in", "out", "in and out"])
def test_what_another_program_stored_meanwhile_is_not_turned_back(
    after: str, movement: Callable[..., Movement], recorder: Recorder, database: str, sql: Sql, wait_until: Wait
) -> None:
    """It holds the item when the group comes; what the group knows of it is old by the time that it may write."""
    earlier, ours, theirs = (NOON + timedelta(minutes=minute) for minute in (0, 1, 2))
    record(recorder, movement(EPCS[0], observed_at=earlier, direction="in"))
    said = [movement(EPCS[0], observed_at=ours, direction=way, door="D2") for way in after.split(" and ")]
    with psycopg.connect(database) as other:
        other.execute(PASSED_D9, [theirs, EPCS[0]])
        other.execute(
            "update items set door = 'D9', state = 'in_transit', since = %s where epc = %s", [theirs, EPCS[0]]
        )
        with at_once(lambda: record(recorder, *said), sql, wait_until):
            other.commit()
    found = sql("select door, state, since from items where epc = %s", [EPCS[0]])
    assert found == [{"door": "D9", "state": "in_transit", "since": theirs}]


MEANWHILE = {
    "moves it on": (2, "update items set door = 'D9', state = 'in_transit', since = %s", ("D9", "in_transit")),
    "finds that it had left before": (-1, "update items set state = 'returned' where since > %s", ("D2", "returned")),
}
"""What another program does once we looked the item up: minutes from then, how it changes, and what must follow."""


@pytest.mark.parametrize(("minute", "change", "expected"), MEANWHILE.values(), ids=MEANWHILE)
def test_an_item_that_appeared_after_ours_were_held_and_changes_again_is_worked_out_anew(
    minute: int, change: LiteralString, expected: tuple[str, str], movement: Callable[..., Movement],
    recorder: Recorder, database: str, sql: Sql, wait_until: Wait,
) -> None:  # fmt: skip
    """Nobody holds it for us, so what was looked up counts only while time and state are as they were."""
    theirs = NOON + timedelta(minutes=minute)
    with psycopg.connect(database) as ours, psycopg.connect(database) as other:
        ours.execute(INGEST["staging"])
        ours.execute(
            "insert into staged_movements values ('s1', %s, gen_random_uuid()::text, 'g1', %s, '30', null, 'D2', null, "
            "'in', 1, '{}', true)",
            [NOON + timedelta(minutes=1), EPCS[0]],
        )
        for step in CAREFUL:
            if step.name == "look_up":
                record(recorder, movement(EPCS[0], observed_at=NOON, direction="in"))
            if step.name == "items_move":
                other.execute(PASSED_D9, [theirs, EPCS[0]])
                other.execute(change, [theirs])
                with at_once(partial(ours.execute, step.statement), sql, wait_until):
                    other.commit()
            else:
                ours.execute(step.statement)
    found = sql("select door, state from items where epc = %s", [EPCS[0]])
    assert [tuple(row.values()) for row in found] == [expected]


@pytest.fixture
def sessions(sql: Sql) -> Sql:
    """Two open sessions and two items; the later ones of each lie first in their tables."""
    sql("insert into sites (site) values ('s1')")
    for number in (1, 0):
        sql(
            "insert into orders (site, kind, order_id, door) values ('s1', 'outbound', %s, %s)",
            [f"O{number}", f"D{number}"],
        )
        sql(
            "insert into door_sessions (site, session_id, kind, order_id, door, opened_at, opened_by) "
            "values ('s1', %s, 'outbound', %s, %s, %s, 'anna')",
            [SESSIONS[number], f"O{number}", f"D{number}", NOON],
        )
        sql(
            "insert into items (epc, site, state, since) values (%s, 's1', 'unknown', %s)",
            [EPCS[number], NOON - timedelta(days=1)],
        )
    return sql


def project(database: str) -> None:
    pairs = [{"site": "s1", "session_id": str(one), "epc": EPCS[0]} for one in reversed(SESSIONS)]
    with psycopg.connect(database) as connection:
        connection.execute("select project_session_goods(%s::jsonb, true)", [json.dumps(pairs)])


def hold_for_orders(database: str) -> None:
    orders = [{"site": "s1", "id": f"O{number}"} for number in (1, 0)]
    with psycopg.connect(database) as connection:
        connection.execute(ORDERS["lock_sessions"], {"kind": "outbound", "orders": json.dumps(orders)})


HOLD_SESSION = "select from door_sessions where session_id = %s for update"
HOLD_ITEM = "select from items where epc = %s for update"


def is_free(database: str, statement: str, key: Any) -> bool:
    with psycopg.connect(database) as connection:
        try:
            connection.execute(f"{statement} nowait", [key])
        except psycopg.errors.LockNotAvailable:
            return False
    return True


@pytest.mark.parametrize("work", [project, hold_for_orders], ids=["goods", "orders"])
def test_sessions_are_held_in_the_order_of_their_keys(
    work: Callable[[str], None], sessions: Sql, database: str, wait_until: Wait
) -> None:
    """Whoever waits for the first holds none of the others: two that do so never wait for each other."""
    with psycopg.connect(database) as other:
        other.execute(HOLD_SESSION, [SESSIONS[0]])
        with at_once(lambda: work(database), sessions, wait_until):
            assert is_free(database, HOLD_SESSION, SESSIONS[1])
            other.rollback()


@pytest.mark.parametrize("second", ["unknown", "sellable_accessible"], ids=["neither steps", "the second one steps"])
def test_ingest_holds_items_in_the_order_of_their_epcs(
    second: str, sessions: Sql, movement: Callable[..., Movement], recorder: Recorder, database: str, wait_until: Wait
) -> None:
    sessions("update items set state = %s where epc = %s", [second, EPCS[1]])
    later = [movement(epc, observed_at=NOON, direction="in") for epc in reversed(EPCS)]
    with psycopg.connect(database) as other:
        other.execute(HOLD_ITEM, [EPCS[0]])
        with at_once(lambda: record(recorder, *later), sessions, wait_until):
            assert is_free(database, HOLD_ITEM, EPCS[1])
            other.rollback()


@pytest.mark.parametrize("way", [QUICK, CAREFUL, WARY], ids=["quick", "careful", "wary"])
def test_a_transaction_stores_movements_in_one_statement(way: tuple[Step, ...]) -> None:
    """A trigger counts them by hour in the order of its keys; twice in one transaction would be in no order."""
    assert ["insert into movements" in step.statement for step in way].count(True) == 1


def test_writers_of_one_program_do_not_wait_for_each_other_where_passages_are_counted_by_hour(
    movement: Callable[..., Movement], database: str, sql: Sql
) -> None:
    """What is counted is held until the commit: each counts apart, and who asks gets the sum."""
    with (
        closing(Recorder(database, client_id="test", is_open=True, writer=1)) as recorder,
        psycopg.connect(database) as other,
    ):
        record(recorder, movement(EPCS[0], observed_at=NOON, direction="in", door="D9"))
        other.execute(PASSED_D9, [NOON, EPCS[1]])  # as number 0, and the end of its transaction is not in sight
        work = ThreadPoolExecutor(1)
        waiting = work.submit(record, recorder, movement(EPCS[0], observed_at=NOON, direction="out", door="D9"))
        try:
            waiting.result(30)
        finally:
            other.commit()
            work.shutdown()
    assert sql('select "in", "out" from throughput_v1 where door = \'D9\'') == [{"in": 1, "out": 2}]


def test_a_group_that_waited_in_a_circle_for_what_is_counted_is_stored_once(
    movement: Callable[..., Movement], recorder: Recorder, database: str, sql: Sql, wait_until: Wait
) -> None:
    """We hold an item and want a count, somebody else the other way round; whoever is chosen, all is stored."""
    record(recorder, movement(EPCS[0], observed_at=NOON, direction="in"))
    with psycopg.connect(database) as other:
        other.execute("select from flows for update")
        said = movement(EPCS[0], observed_at=NOON + timedelta(minutes=1), direction="in")
        with at_once(lambda: record(recorder, said), sql, wait_until):
            with suppress(psycopg.errors.DeadlockDetected):
                other.execute(HOLD_ITEM, [EPCS[0]])
            other.rollback()
    assert sql("select count(*) as n from movements") == [{"n": 2}]
    assert sql("select sum(in_count) as n from flows") == [{"n": 2}]
