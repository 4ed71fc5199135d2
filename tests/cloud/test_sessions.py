"""Door sessions: what was expected and what was seen, in whatever order the news came."""

import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tagdock_cloud.ingest.admit import Accepted
from tagdock_cloud.ingest.rebuild import rebuild
from tagdock_cloud.ingest.record import Recorder
from tagdock_cloud.sessions.following import follow_goods
from tagdock_cloud.store import pool
from tagdock_cloud.store.queries import load_queries
from tagdock_contract import Batch, GatewayAddress, Movement

Sql = Callable[..., list[dict[str, Any]]]
Make = Callable[..., Movement]
NOW = datetime.now(UTC).replace(microsecond=0)
ORDERS = load_queries("tagdock_cloud.orders")
_seq = itertools.count()


def epc(number: int) -> str:
    """Name an item; those from 50 on are of no SKU that is known."""
    return f"urn:epc:id:sgtin:9521234.{'012345' if number < 50 else '099999'}.{number}"


@pytest.fixture
def recorder(database: str) -> Iterator[Recorder]:
    recorder = Recorder(database, client_id="test", is_open=True)
    yield recorder
    recorder.close()


@pytest.fixture
def site(sql: Sql) -> Sql:
    """A site with the SKU `BOX`, whose items 1 to 20 hold ten units each."""
    sql("insert into sites (site) values ('s1')")
    sql("insert into skus (sku, gtin) values ('BOX', '09521234123453')")
    sql(
        "insert into items (epc, gtin, sku, quantity, registered_at, registered_site, site, state, since) "
        "select 'urn:epc:id:sgtin:9521234.012345.' || n, '09521234123453', 'BOX', 10, now(), 's1', 's1', 'unknown', "
        "now() from generate_series(1, 20) n"
    )
    return sql


def order(
    sql: Sql, order_id: str, *lines: str | int, door: str | None = "D1", kind: str = "outbound", due_h: int = 1
) -> None:
    """Enter an order: a text is an EPC, a number so many units of BOX."""
    sql(
        "insert into orders (site, kind, order_id, door, due_at) values ('s1', %s, %s, %s, %s)",
        [kind, order_id, door, NOW + timedelta(hours=due_h)],
    )
    for number, line in enumerate(lines, 1):
        wanted = (line, None, None) if isinstance(line, str) else (None, "BOX", line)
        sql("insert into order_lines values ('s1', %s, %s, %s, %s, %s, %s)", [kind, order_id, number, *wanted])


def session(
    sql: Sql, order_id: str, door: str = "D1", kind: str = "outbound", at_s: float = 0, until_s: float | None = None
) -> UUID:
    until_at = "infinity" if until_s is None else NOW + timedelta(seconds=until_s)
    [row] = sql(
        "insert into door_sessions (site, kind, order_id, door, opened_at, opened_by, until_at, state) "
        "values ('s1', %s, %s, %s, %s, 'anna', %s, %s) returning session_id",
        [kind, order_id, door, NOW + timedelta(seconds=at_s), until_at, "open" if until_s is None else "closed"],
    )
    sql("select project_session('s1', %s, false)", [row["session_id"]])
    opened: UUID = row["session_id"]
    return opened


Passage = tuple[int, str, str, float]


def passages(movement: Make, *seen: Passage) -> list[Movement]:
    return [
        movement(epc(number), direction=way, door=door, observed_at=NOW + timedelta(seconds=at_s))
        for number, door, way, at_s in seen
    ]


def record(recorder: Recorder, *events: Movement, gateway: str = "g1") -> None:
    sent = Batch(epoch=UUID(int=7), seq=next(_seq), sent_at=NOW, events=events)
    recorder.record([Accepted(GatewayAddress("s1", gateway), sent, b"{}")], [], [])


def lines(sql: Sql, of: UUID) -> list[tuple[int, int]]:
    rows = sql("select seen, missing from session_lines_v1 where session_id = %s order by line", [of])
    return [(row["seen"], row["missing"]) for row in rows]


def goods(sql: Sql, of: UUID) -> dict[int, tuple[str, str, str | None]]:
    rows = sql("select epc, verdict, door, expected_door from session_goods_v1 where session_id = %s", [of])
    return {int(row.pop("epc").rpartition(".")[2]): tuple(row.values()) for row in rows}  # type: ignore[misc]


def state(sql: Sql, of: UUID) -> str:
    return str(sql("select state from door_sessions where session_id = %s", [of])[0]["state"])


def follow(database: str, times: int = 1) -> None:
    for _ in range(times):
        with pool.connect(database) as connection:
            follow_goods(connection)


def decide(sql: Sql, one: Movement, direction: str, door: str | None = None) -> None:
    key = {"site": "s1", "observed_at": one.observed_at.isoformat(), "event_id": str(one.event_id)}
    said = {"kind": "decided", "direction": direction, "door": door, "by": "anna"}
    sql("select correct_movements(%s::jsonb)", [json.dumps([{**key, **said}])])


EXPECTED, HERE = ("expected", "D1", "D1"), "D1"
CASES: dict[str, tuple[Sequence[str | int], Sequence[Passage], list[tuple[int, int]], dict[int, Any]]] = {
    "nothing passed yet": ([epc(1), 20], [], [(0, 1), (0, 20)], {}),
    "all that was expected": (
        [epc(1), 20],
        [(1, "D1", "out", 1), (2, "D1", "out", 2), (3, "D1", "out", 3)],
        [(1, 0), (20, 0)],
        {1: EXPECTED, 2: EXPECTED, 3: EXPECTED},
    ),
    "one carton too many": (
        [15],
        [(1, "D1", "out", 1), (2, "D1", "out", 2), (3, "D1", "out", 3)],
        [(30, 0)],
        {1: EXPECTED, 2: EXPECTED, 3: ("unexpected", "D1", None)},
    ),
    "goods that nobody asked for": ([epc(1)], [(50, "D1", "out", 1)], [(0, 1)], {50: ("unexpected", "D1", None)}),
    "the right item by the wrong door": ([epc(1)], [(1, "D5", "out", 1)], [(0, 1)], {1: ("wrong_door", "D5", "D1")}),
    "a carton of the SKU by a door where nobody waits for it": (
        [20],
        [(1, "D1", "out", 1), (2, "D5", "out", 2)],
        [(10, 10)],
        {1: EXPECTED, 2: ("wrong_door", "D5", "D1")},
    ),
    "another's goods by another door are none of ours": ([epc(1)], [(50, "D5", "out", 1)], [(0, 1)], {}),
    "unloaded again": ([epc(1)], [(1, "D1", "out", 1), (1, "D1", "in", 9)], [(0, 1)], {}),
    "unloaded and loaded": (
        [epc(1)],
        [(1, "D1", "out", 1), (1, "D1", "in", 5), (1, "D1", "out", 9)],
        [(1, 0)],
        {1: EXPECTED},
    ),
    "by the wrong door first": (
        [epc(1)],
        [(1, "D5", "out", 1), (1, "D5", "in", 4), (1, "D1", "out", 9)],
        [(1, 0)],
        {1: EXPECTED},
    ),
    "went by, or nobody knows": ([epc(1)], [(1, "D1", "pass", 1), (1, "D1", "uncertain", 2)], [(0, 1)], {}),
    "before the truck came": ([epc(1)], [(1, "D1", "out", -1)], [(0, 1)], {}),
}  # fmt: skip


def test_names_what_is_missing_unexpected_and_by_the_wrong_door_in_any_order(
    movement: Make, recorder: Recorder, site: Sql
) -> None:
    found: dict[str, Any] = {}
    for name, (wanted, seen, *_) in CASES.items():
        for manner, events in (
            ("in order", passages(movement, *seen)),
            ("reversed", passages(movement, *reversed(seen))),
        ):
            site("truncate movements, orders, order_lines, door_sessions, session_goods cascade")
            order(site, "A", *wanted)
            opened = session(site, "A")
            for one in events:
                record(recorder, one)
            found[name, manner] = lines(site, opened), goods(site, opened)
    told = {(name, manner): case[2:] for name, case in CASES.items() for manner in ("in order", "reversed")}
    assert found == told


def test_what_passed_before_the_session_was_entered_is_seen_too(movement: Make, recorder: Recorder, site: Sql) -> None:
    record(recorder, *passages(movement, (1, "D1", "out", 5), (2, "D5", "out", 6)))
    order(site, "A", epc(1), epc(2))
    opened = session(site, "A")
    assert goods(site, opened) == {1: EXPECTED, 2: ("wrong_door", "D5", "D1")}


def test_goods_of_another_door_are_told_where_they_belong(movement: Make, recorder: Recorder, site: Sql) -> None:
    order(site, "A", epc(1))
    order(site, "B", epc(2), door="D5")
    order(site, "C", 10, door="D7")
    opened = session(site, "A")
    record(recorder, *passages(movement, (2, "D1", "out", 1), (3, "D1", "out", 2)))
    assert goods(site, opened) == {2: ("wrong_door", "D1", "D5"), 3: ("wrong_door", "D1", "D7")}
    by = {row["expected_by"] for row in site("select expected_by from session_goods_v1")}
    assert by == {"B", "C"}


def test_a_carton_by_a_door_where_its_like_is_waited_for_is_not_missed_here(
    movement: Make, recorder: Recorder, site: Sql
) -> None:
    order(site, "A", 20)
    order(site, "B", 20, door="D5")
    opened, other = session(site, "A"), session(site, "B", "D5")
    record(recorder, *passages(movement, (1, "D5", "out", 1)))
    assert goods(site, opened) == {} and goods(site, other) == {1: ("expected", "D5", "D5")}


def test_an_inbound_session_holds_what_comes_in_against_the_notice(
    movement: Make, recorder: Recorder, site: Sql
) -> None:
    order(site, "N", epc(1), 10, kind="inbound")
    opened = session(site, "N", kind="inbound")
    record(recorder, *passages(movement, (1, "D1", "in", 1), (2, "D1", "in", 2), (2, "D5", "out", 60)))
    assert lines(site, opened) == [(1, 0), (10, 0)]  # that it left again by another door makes it no less received


def test_a_second_truck_takes_the_rest(movement: Make, recorder: Recorder, site: Sql) -> None:
    order(site, "A", epc(9), 20)
    first = session(site, "A", until_s=100)
    record(recorder, *passages(movement, (9, "D1", "out", 1), (1, "D1", "out", 2)))
    second = session(site, "A", at_s=200)
    assert lines(site, second) == [(0, 0), (0, 10)]
    record(recorder, *passages(movement, (2, "D1", "out", 201), (3, "D1", "out", 202)))
    assert lines(site, first) == [(1, 0), (10, 10)] and lines(site, second) == [(0, 0), (20, 0)]
    assert goods(site, second) == {2: EXPECTED, 3: ("unexpected", "D1", None)}


def test_a_correction_moves_what_a_session_saw(movement: Make, recorder: Recorder, site: Sql) -> None:
    order(site, "A", epc(1), epc(2))
    opened = session(site, "A")
    one, two = passages(movement, (1, "D1", "uncertain", 1), (2, "D1", "out", 2))
    record(recorder, one, two)
    decide(site, one, "out")
    assert goods(site, opened) == {1: EXPECTED, 2: EXPECTED}
    decide(site, one, "out", "D5")
    decide(site, two, "none")
    assert goods(site, opened) == {1: ("wrong_door", "D5", "D1")}


def test_something_late_reopens_a_closed_session_and_quiet_closes_it_again(
    movement: Make, recorder: Recorder, database: str, site: Sql
) -> None:
    order(site, "A", epc(1), epc(2))
    opened = session(site, "A", until_s=100)
    record(recorder, *passages(movement, (1, "D1", "out", 100)))  # the next truck's
    assert (state(site, opened), lines(site, opened)) == ("closed", [(0, 1), (0, 1)])
    late = passages(movement, (1, "D1", "out", 99))
    record(recorder, *late)
    assert (state(site, opened), lines(site, opened)) == ("reopened", [(1, 0), (0, 1)])
    site("update door_sessions set changed_at = now() - interval '1 minute'")
    record(recorder, *late)  # once more: nothing new
    follow(database)
    assert state(site, opened) == "closed"


def test_goods_that_are_expected_open_a_session_and_silence_closes_it(
    movement: Make, recorder: Recorder, database: str, site: Sql
) -> None:
    order(site, "LATER", 50, due_h=9)
    order(site, "A", epc(1), 20)
    order(site, "B", epc(2), door=None, due_h=2)
    seen = [
        (50, "D1", "out", -9),
        (3, "D1", "out", -8),
        (1, "D1", "out", -5),
        (2, "D7", "out", -4),
        (4, "D8", "out", -3),
    ]
    record(recorder, *passages(movement, *seen))  # type: ignore[arg-type]
    follow(database)
    rows = site("select door, order_id, opened_by, opened_at from door_sessions order by door")
    assert [(row["door"], row["order_id"], row["opened_by"]) for row in rows] == [
        ("D1", "A", "rule"),
        ("D7", "B", "rule"),
    ]
    assert all(row["opened_at"] < NOW - timedelta(seconds=60) for row in rows)
    assert site("select verdict, count(*) as n from session_goods_v1 group by 1 order by 1") == [
        {"verdict": "expected", "n": 3},
        {"verdict": "unexpected", "n": 1},
        {"verdict": "wrong_door", "n": 1},
    ]
    site("update door_sessions set changed_at = now() - interval '1 hour', opened_at = opened_at - interval '1 hour'")
    site("update session_goods set observed_at = observed_at - interval '1 hour'")
    follow(database)
    assert {row["closed_by"] for row in site("select closed_by from door_sessions")} == {"idle"}


def test_what_passed_yesterday_or_is_not_expected_opens_nothing(
    movement: Make, recorder: Recorder, database: str, site: Sql
) -> None:
    order(site, "A", epc(1), epc(2), epc(3))
    order(site, "DONE", epc(4))
    site("update orders set completed_at = now() where order_id = 'DONE'")
    session(site, "A", "D9", at_s=-9, until_s=0)
    seen = [(1, "D1", "out", -90_000), (2, "D1", "in", -2), (4, "D1", "out", -2), (3, "D5", "out", -2)]
    record(recorder, *passages(movement, *seen))  # type: ignore[arg-type]
    follow(database)
    assert len(site("select * from door_sessions")) == 1


def test_a_movement_stored_by_whoever_began_before_the_session_is_seen_in_the_end(
    movement: Make, recorder: Recorder, database: str, site: Sql
) -> None:
    order(site, "A", epc(1), epc(2), door="D2")
    record(recorder, *passages(movement, (9, "D1", "in", 0)))
    with psycopg.connect(database) as slow:
        slow.execute(
            "insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, door, direction, confidence) "
            "values ('s1', %s, gen_random_uuid(), 'g1', %s, '30', 'D1', 'out', 1)",
            [NOW + timedelta(seconds=3), epc(1)],
        )
        opened = session(site, "A")
        follow(database, 2)
        assert goods(site, opened) == {}
    follow(database, 2)
    assert goods(site, opened) == {1: EXPECTED}
    site("delete from session_goods")
    follow(database, 3)
    assert goods(site, opened) == {}, "it is looked at again no more than it has to be"


def test_a_session_that_ended_with_differences_is_told_once_and_one_without_completes_its_order(
    movement: Make, recorder: Recorder, database: str, site: Sql
) -> None:
    site("insert into webhooks (name, url, topics) values ('hook', 'https://x', '{session.differences}')")
    order(site, "A", epc(1))
    order(site, "B", epc(2), epc(3), door="D5")
    session(site, "A", until_s=100)
    short = session(site, "B", "D5", until_s=100)
    record(recorder, *passages(movement, (1, "D1", "out", 1), (2, "D5", "out", 2), (50, "D5", "out", 3)))
    site("update door_sessions set state = 'closed'")
    follow(database, 4)
    [told] = site("select topic, site, body from deliveries")
    body = told["body"]
    assert (told["topic"], told["site"], body["session_id"], body["lines_missing"]) == (
        "session.differences",
        "s1",
        str(short),
        1,
    )
    assert [line["epc"] for line in body["lines"]] == [epc(3)]
    assert [(good["epc"], good["verdict"]) for good in body["goods"]] == [(epc(50), "unexpected")]
    assert [row["state"] for row in site("select state from orders_v1 order by order_id")] == ["complete", "open"]


def test_who_listens_hears_that_a_session_changed(movement: Make, recorder: Recorder, database: str, site: Sql) -> None:
    order(site, "A", epc(1))
    session(site, "A")
    with psycopg.connect(database, autocommit=True) as listener:
        listener.execute("listen tagdock_sessions")
        record(recorder, *passages(movement, (1, "D1", "out", 1)))
        assert [notice.payload for notice in listener.notifies(timeout=20, stop_after=1)] == ["s1"]


# --- any order of arrival ---------------------------------------------------------------------------------------------


def naive(events: Sequence[Movement], decided: dict[UUID, tuple[str | None, str]], wanted: set[str]) -> dict[str, str]:
    """Say where an outbound session at D1 saw each item, walking through what counts in its order."""
    here: dict[str, str] = {}
    there: dict[str, str] = {}
    for one in sorted(events, key=lambda one: (one.observed_at, one.event_id)):
        door, way = decided.get(one.event_id, (None, one.direction))
        door = door or one.door
        if not NOW <= one.observed_at < NOW + timedelta(seconds=50) or way not in ("in", "out"):
            continue
        if door == "D1":
            here[one.epc] = way
        elif way == "out" and one.epc in wanted:
            there[one.epc] = str(door)
    return {**there, **{tag: "D1" for tag, way in here.items() if way == "out"}}


@pytest.mark.parametrize("seed", range(3))
def test_any_arrival_with_any_corrections_ends_as_the_naive_model_and_as_a_rebuild(
    movement: Make, recorder: Recorder, database: str, site: Sql, seed: int
) -> None:
    rng = random.Random(seed)
    order(site, "A", *(epc(n) for n in range(50, 54)))
    events = passages(
        movement,
        *((rng.randrange(50, 56), rng.choice(["D1", "D1", "D5"]), rng.choice(["in", "out", "out", "pass"]), float(n))
          for n in range(-5, 60)),
    )  # fmt: skip
    rng.shuffle(events)
    opening = rng.randrange(len(events))
    decided: dict[UUID, tuple[str | None, str]] = {}
    opened = None
    for place, one in enumerate(events):
        if place == opening:
            opened = session(site, "A", until_s=50)
        record(recorder, *rng.sample(events[: place + 1], 1), one, gateway=rng.choice(["g1", "g2"]))
        if rng.random() < 0.3:
            chosen = rng.choice(events[: place + 1])
            decided[chosen.event_id] = rng.choice(
                [(None, "out"), ("D1", "out"), ("D5", "out"), (None, "in"), (None, "none")]
            )
            decide(site, chosen, decided[chosen.event_id][1], decided[chosen.event_id][0])
    seen = site("select epc, door from session_goods where session_id = %s", [opened])
    assert {row["epc"]: row["door"] for row in seen} == naive(events, decided, {epc(n) for n in range(50, 54)})
    before = site("select * from session_goods order by epc")
    rebuild(database, progress=lambda done: None)
    assert site("select * from session_goods order by epc") == before


def test_ingest_duties_persons_and_orders_at_once_never_wait_for_each_other_crosswise(
    movement: Make, recorder: Recorder, database: str, site: Sql
) -> None:
    tags = [epc(n) for n in range(50, 60)]
    order(site, "A", *tags[:5])
    order(site, "B", *tags[5:], door="D2")
    first = passages(movement, *((n, f"D{n % 3}", "out", -30 - n) for n in range(50, 60)))
    record(recorder, *first)
    failed: list[BaseException] = []
    ended = threading.Event()

    def repeat(work: Callable[[random.Random], None], seed: int) -> None:
        rng = random.Random(seed)
        try:
            while not ended.is_set():
                work(rng)
        except BaseException as error:
            failed.append(error)

    def at_once(statement: Any, values: Any = None) -> None:
        with psycopg.connect(database) as connection:
            connection.execute(statement, values)

    def decide_some(rng: random.Random) -> None:
        rows = []
        for one in rng.sample(first, 3):
            key = {"site": "s1", "observed_at": one.observed_at.isoformat(), "event_id": str(one.event_id)}
            said = {"kind": "decided", "direction": rng.choice(["in", "out"]), "reason": str(rng.random())}
            rows.append({**key, **said, "by": "anna"})
        at_once("select correct_movements(%s::jsonb)", [json.dumps(rows)])

    def enter_orders(rng: random.Random) -> None:
        entered = [
            {"site": "s1", "id": order_id, "partner": "", "door": "D1", "urgent": False}
            for order_id in rng.sample("AB", rng.randrange(1, 3))
        ]
        values = {"kind": "outbound", "by": "x", "orders": json.dumps(entered)}
        with psycopg.connect(database) as connection:
            for query in ("lock", "upsert", "lock_sessions", "sessions_follow"):
                connection.execute(ORDERS[query], values)

    def end_session(rng: random.Random) -> None:
        with psycopg.connect(database) as connection:
            held = connection.execute(
                "select session_id from door_sessions where until_at = 'infinity' or state = 'reopened' "
                "order by random() limit 1 for update"
            ).fetchone()
            connection.execute(
                "update door_sessions set until_at = least(until_at, now()), state = 'closed', is_watched = true, "
                "watched_from = null, told_at = null where session_id = %s", held or [None]
            )  # fmt: skip

    others = [decide_some, enter_orders, end_session, lambda rng: follow(database)]
    threads = [threading.Thread(target=repeat, args=(work, seed)) for seed, work in enumerate(others)]
    for thread in threads:
        thread.start()
    rng = random.Random(9)
    for turn in range(25):
        seen = [
            (rng.randrange(50, 60), f"D{rng.randrange(3)}", rng.choice(["in", "out"]), -20 + turn / 2) for _ in range(6)
        ]
        record(recorder, *passages(movement, *seen))
    ended.set()
    for thread in threads:
        thread.join(60)
    assert not failed
    follow(database, 4)
    before = site("select * from session_goods order by session_id, epc")
    rebuild(database, progress=lambda done: None)
    assert site("select * from session_goods order by session_id, epc") == before and before
