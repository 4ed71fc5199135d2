"""The record: what is committed, once, and what moves with it."""

import contextlib
import itertools
import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from tagdock_cloud.ingest.admit import Accepted, Refused, Reported
from tagdock_cloud.ingest.rebuild import rebuild
from tagdock_cloud.ingest.record import REFUSED_OF_GATEWAY, Recorder
from tagdock_cloud.store.errors import DatabaseUnavailableError, StoreError
from tagdock_contract import Batch, BinReading, Event, GatewayAddress, Movement, ReaderEvent, ReaderStatus, Status

Sql = Callable[..., list[dict[str, Any]]]
Make = Callable[..., Movement]
GATEWAY = GatewayAddress("s1", "g1")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EPOCH = UUID(int=7)
_seq = itertools.count()


def batch(*events: Event, address: GatewayAddress = GATEWAY) -> Accepted:
    return Accepted(address, Batch(epoch=EPOCH, seq=next(_seq), sent_at=NOON, events=events), b"{}")


@pytest.fixture
def recorder(database: str) -> Iterator[Recorder]:
    recorder = Recorder(database, client_id="test", is_open=True)
    yield recorder
    recorder.close()


def place(sql: Sql, epc: str = "urn:epc:id:sgtin:9521234.012345.1") -> tuple[Any, ...]:
    row = sql("select site, door, bin, state, since from items where epc = %s", [epc])[0]
    return tuple(row.values())


def projections(sql: Sql) -> tuple[Any, Any]:
    items = sql("select epc, gtin, sku, site, door, bin, state, since from items order by epc")
    return items, sql("select * from flows order by site, day, sku, door")


def test_stores_every_kind_of_event_with_all_it_says(movement: Make, recorder: Recorder, sql: Sql) -> None:
    key = {"observed_at": NOON, "site": "s1"}
    reading = BinReading(event_id=uuid4(), bin="A-01", quantity="mass_kg", value=12.5, **key)
    event = ReaderEvent(event_id=uuid4(), reader="dock-1", state="antenna_down", antenna=2, detail="cable", **key)
    recorder.record([batch(movement(observed_at=NOON, direction="in"), reading, event)], [], [])
    [moved] = sql("select * from movements_v1")
    assert (moved["door"], moved["direction"], moved["gateway"], moved["observed_at"]) == ("D1", "in", "g1", NOON)
    assert moved["confidence"] == pytest.approx(0.98)
    assert sql("select evidence from settled_movements") == [{"evidence": {"reads": 12}}]
    [read] = sql("select bin, quantity, value, quality from bin_readings_v1")
    assert tuple(read.values()) == ("A-01", "mass_kg", 12.5, "good")
    [happened] = sql("select reader, antenna, state, detail from reader_events_v1")
    assert tuple(happened.values()) == ("dock-1", 2, "antenna_down", "cable")


def test_a_second_delivery_changes_nothing_but_the_count_of_doubles(
    movement: Make, recorder: Recorder, sql: Sql
) -> None:
    one = batch(*(movement(f"urn:epc:id:sgtin:9521234.012345.{n}", observed_at=NOON) for n in range(5)))
    recorder.record([one], [], [])
    before = projections(sql)
    again = recorder.record([one, one], [], [])
    assert again.committed == [one, one]
    assert projections(sql) == before
    assert sql("select events_stored, events_doubled from ingests") == [{"events_stored": 5, "events_doubled": 10}]


def test_the_same_event_from_two_gateways_is_stored_once(movement: Make, recorder: Recorder, sql: Sql) -> None:
    seen = movement(observed_at=NOON)
    recorder.record([batch(seen), batch(seen, address=GatewayAddress("s1", "g2"))], [], [])
    assert sql("select count(*) as n from movements") == [{"n": 1}]
    assert sql("select sum(out_count) as n from flows") == [{"n": 1}]


STEPS = {
    "in by a door": (["in@D1"], ("s1", "D1", None, "in_progress")),
    "out by a door": (["in@D1", "out@D2"], ("s1", "D2", None, "in_transit")),
    "back after it left": (["out@D1", "in@D2"], ("s1", "D2", None, "returned")),
    "back, then seen by the next door inside": (["out@D1", "in@D2", "in@D3"], ("s1", "D3", None, "returned")),
    "put into a bin": (["in@D1", "in#A-1"], ("s1", None, "A-1", "sellable_accessible")),
    "taken out of a bin": (["in#A-1", "out#A-1"], ("s1", None, None, "in_progress")),
    "back, put away, then in again": (["out@D1", "in@D1", "in#A-1", "in@D2"], ("s1", "D2", None, "in_progress")),
    "only passed by": (["pass@D1", "pass@D2"], ("s1", "D1", None, "unknown")),
    "passing by moves nothing": (["out@D1", "pass@D2", "uncertain@D3"], ("s1", "D1", None, "in_transit")),
}


def steps(movement: Make, words: Sequence[str], epc: str = "urn:epc:id:sgtin:9521234.012345.1") -> list[Event]:
    events = []
    for minute, word in enumerate(words):
        direction, at_bin, where = word.partition("#") if "#" in word else (*word.partition("@")[::2], "")
        at = NOON + timedelta(minutes=minute)
        if "#" in word:
            events.append(movement(epc, observed_at=at, direction=direction, door=None, bin=where))
        else:
            events.append(movement(epc, observed_at=at, direction=direction, door=at_bin))
    return events


def test_an_item_stands_where_its_last_step_left_it(movement: Make, recorder: Recorder, sql: Sql) -> None:
    ended, expected = {}, {}
    for number, (name, (words, where)) in enumerate(STEPS.items()):
        for manner in ("one by one", "in one group"):
            epc = f"urn:epc:raw:96.x{number}{len(manner)}"
            events = steps(movement, words, epc)
            for group in [[event] for event in events] if manner == "one by one" else [events]:
                recorder.record([batch(*group)], [], [])
            ended[name, manner], expected[name, manner] = place(sql, epc)[:4], where
    assert ended == expected


def test_a_late_event_never_turns_an_item_back(movement: Make, recorder: Recorder, sql: Sql) -> None:
    recorder.record([batch(movement(observed_at=NOON, direction="out"))], [], [])
    recorder.record([batch(movement(observed_at=NOON - timedelta(hours=1), direction="in", door="D9"))], [], [])
    assert place(sql) == ("s1", "D1", None, "in_transit", NOON)


def test_a_late_departure_makes_what_came_after_it_a_return(movement: Make, recorder: Recorder, sql: Sql) -> None:
    recorder.record([batch(movement(observed_at=NOON, direction="in"))], [], [])
    recorder.record([batch(movement(observed_at=NOON - timedelta(hours=1), direction="out"))], [], [])
    assert place(sql) == ("s1", "D1", None, "returned", NOON)


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_arrival_ends_as_a_rebuild_from_the_record_does(
    movement: Make, recorder: Recorder, database: str, sql: Sql, seed: int
) -> None:
    rng = random.Random(seed)
    sql("insert into skus (sku, gtin) values ('KNOWN', '09521234123453')")
    for n in range(3):
        sql(
            "insert into items (epc, sku, registered_at, registered_site, registered_bin, site, bin, state, since) "
            "values (%(e)s, 'REG', %(t)s, 's1', 'R-1', 's1', 'R-1', 'sellable_accessible', %(t)s)",
            {"e": f"urn:epc:id:sgtin:9521234.012345.{n}", "t": NOON + timedelta(minutes=rng.randrange(20))},
        )
    events = []
    for minute in range(120):
        direction = rng.choice(["in", "out", "in", "out", "pass", "uncertain"])
        at_bin = direction in ("in", "out") and rng.random() < 0.3
        where: dict[str, Any] = {"door": None, "bin": "A-1"} if at_bin else {"door": rng.choice(["D1", "D2"])}
        epc = f"urn:epc:id:sgtin:9521234.012345.{rng.randrange(6)}"
        at = NOON + timedelta(minutes=minute // 2, hours=rng.choice([0, 0, 0, 24 * 31]))
        events.append(movement(epc, observed_at=at, direction=direction, **where))
    rng.shuffle(events)
    while events:
        size = rng.randrange(1, 25)
        group, events = events[:size], events[size:]
        recorder.record([batch(*group)], [], [])
    moved = projections(sql)
    assert len(moved[0]) == 6 and {"REG", "KNOWN"} >= {row["sku"] for row in moved[0]}
    rebuild(database, progress=lambda done: None)
    assert projections(sql) == moved


def test_two_programs_at_once_end_as_a_rebuild_does(movement: Make, database: str, sql: Sql) -> None:
    rng = random.Random(11)
    groups: list[list[Accepted]] = [[], []]
    for number in range(240):
        direction = rng.choice(["in", "out", "in", "out", "pass"])
        epc, at = f"urn:epc:raw:96.x{rng.randrange(12)}", NOON + timedelta(seconds=rng.randrange(400))
        one = batch(movement(epc, observed_at=at, direction=direction, door=rng.choice(["D1", "D2"])))
        for group in groups if number % 5 == 0 else [rng.choice(groups)]:
            group.append(one)
    for group in groups:
        rng.shuffle(group)

    def work(group: list[Accepted]) -> None:
        recorder = Recorder(database, client_id="test", is_open=True)
        while group:
            taken = [group.pop() for _ in range(min(len(group), 6))]
            recorder.record(taken, [], [])
        recorder.close()

    distinct = {event.event_id for group in groups for one in group for event in one.batch.events}
    with ThreadPoolExecutor(2) as both:
        list(both.map(work, groups))
    assert sql("select count(*) as n from movements") == [{"n": len(distinct)}]
    assert sql("select events_stored as n from ingests") == [{"n": len(distinct)}]
    moved = projections(sql)
    rebuild(database, progress=lambda done: None)
    assert projections(sql) == moved


def test_a_group_that_waits_for_somebody_who_waits_for_it_is_stored_all_the_same(
    movement: Make, recorder: Recorder, sql: Sql, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    waiting = (
        "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    )
    touched = "update items set quantity = 1 where epc = %s"
    rounds = 0
    while "storing a group once more" not in caplog.text:  # who waited first is sent away, if nothing is in the way
        rounds += 1
        assert rounds < 10, "it was never us who was sent away"
        first, second = (f"urn:epc:raw:96.x{rounds}{which}" for which in "12")
        for epc in (first, second):
            recorder.record([batch(movement(epc, observed_at=NOON, direction="in", door="D1"))], [], [])
        later = NOON + timedelta(hours=1)
        left = batch(*(movement(epc, observed_at=later, direction="out", door="D1") for epc in (first, second)))
        with psycopg.connect(database) as other, ThreadPoolExecutor(1) as thread:
            other.execute(touched, [second])
            stored = thread.submit(recorder.record, [left], [], [])
            deadline = time.monotonic() + 20
            while sql(waiting) != [{"n": 1}] and time.monotonic() < deadline:
                time.sleep(0.005)
            with contextlib.suppress(psycopg.errors.DeadlockDetected):
                other.execute(touched, [first])  # the group holds it, and waits for the second one
            other.rollback()
            assert stored.result(30).committed == [left]
    assert sql("select count(*) as n from items where state = 'in_transit'") == [{"n": 2 * rounds}]


def test_an_item_changed_by_somebody_else_meanwhile_is_worked_out_anew(
    movement: Make, recorder: Recorder, sql: Sql, database: str
) -> None:
    recorder.record([batch(movement(observed_at=NOON, direction="in", door="D1"))], [], [])
    later = batch(movement(observed_at=NOON + timedelta(hours=2), direction="out", door="D2"))
    earlier = batch(movement(observed_at=NOON + timedelta(hours=1), direction="in", door="D9"))
    other = Recorder(database, client_id="other", is_open=True)
    with psycopg.connect(database) as blocker, ThreadPoolExecutor(2) as both:
        blocker.execute("select from items for update")  # both have looked the item up before either of them moves it
        waiting = [both.submit(one.record, [what], [], []) for one, what in ((recorder, later), (other, earlier))]
        with psycopg.connect(database, autocommit=True) as watcher:
            blocked = (
                "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            )
            deadline = time.monotonic() + 20
            while watcher.execute(blocked).fetchone() != (2,):
                assert time.monotonic() < deadline
                time.sleep(0.02)
        blocker.rollback()
        for one in waiting:
            one.result(20)
    other.close()
    assert place(sql) == ("s1", "D2", None, "in_transit", NOON + timedelta(hours=2))


def test_items_that_just_step_on_are_held_in_the_order_of_their_epcs(
    movement: Make, recorder: Recorder, database: str, wait_until: Callable[..., Any]
) -> None:
    """Whoever waits for the first holds none of the others, so ingest and corrections never wait for each other."""
    epcs = [f"urn:epc:raw:96.x{number:02}" for number in range(20)]
    recorder.record([batch(*(movement(epc, observed_at=NOON) for epc in epcs))], [], [])
    quick = Recorder(database, client_id="other", is_open=True)  # it has met nothing that makes it careful
    later = batch(*(movement(epc, observed_at=NOON + timedelta(hours=1)) for epc in reversed(epcs)))
    held = "select from items where epc = %s for update nowait"
    with psycopg.connect(database) as blocker, psycopg.connect(database, autocommit=True) as watcher:
        blocker.execute(held, [epcs[0]])
        with ThreadPoolExecutor(1) as beside:
            waiting = beside.submit(quick.record, [later], [], [])
            waits = "select 1 from pg_locks where not granted"
            wait_until(lambda: waiting.done() or watcher.execute(waits).fetchone())
            for epc in epcs[1:]:
                watcher.execute(held, [epc])
            blocker.rollback()
            waiting.result(20)
    quick.close()


def test_a_group_whose_items_do_not_all_step_on_is_stored_whole_and_once(
    movement: Make, recorder: Recorder, database: str, sql: Sql
) -> None:
    recorder.record([batch(movement(f"urn:epc:raw:96.x{n}", observed_at=NOON)) for n in range(5)], [], [])
    later = NOON + timedelta(hours=1)
    quick = Recorder(database, client_id="test", is_open=True)  # it has met nothing that makes it careful
    quick.record([batch(movement(f"urn:epc:raw:96.x{n}", observed_at=later)) for n in range(4, 8)], [], [])
    quick.close()
    assert sql("select count(*) as n, count(distinct epc) as items from movements") == [{"n": 9, "items": 8}]
    assert sql("select count(*) as n, min(state) as state from items") == [{"n": 8, "state": "in_transit"}]
    assert sql("select events_stored, events_doubled from ingests") == [{"events_stored": 9, "events_doubled": 0}]


def test_replaying_a_day_that_is_known_in_part_adds_what_was_missing_and_no_more(
    movement: Make, recorder: Recorder, sql: Sql
) -> None:
    day = [batch(movement(f"urn:epc:raw:96.x{n}", observed_at=NOON + timedelta(minutes=n))) for n in range(60)]
    recorder.record(day[::2], [], [])
    outcome = recorder.record(day, [], [])
    assert (len(outcome.committed), outcome.refused) == (60, [])
    assert sql("select count(*) as n from movements") == [{"n": 60}]
    assert sql("select sum(out_count) as n from flows") == [{"n": 60}]
    assert sql("select events_stored, events_doubled from ingests") == [{"events_stored": 60, "events_doubled": 30}]


def test_an_item_that_moves_through_doors_touches_no_index(
    movement: Make, recorder: Recorder, sql: Sql, wait_until: Callable[..., Any]
) -> None:
    epcs = [f"urn:epc:raw:96.x{number}" for number in range(20)]
    for minute in range(11):
        moved = (
            movement(epc, observed_at=NOON + timedelta(minutes=minute), direction="in" if minute % 2 else "out")
            for epc in epcs
        )
        recorder.record([batch(*moved)], [], [])
    recorder.close()  # a session tells its statistics at its end
    counted = "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'items'"
    found = wait_until(lambda: [row for row in sql(counted) if row["n_tup_upd"] == 200])[0]
    assert found["n_tup_hot_upd"] >= 190  # an index that holds state, since or door would make it none


def test_a_rebuild_mends_what_was_lost_or_bent(movement: Make, recorder: Recorder, database: str, sql: Sql) -> None:
    sql("insert into skus (sku, gtin) values ('KNOWN', '09521234123453')")
    recorder.record(
        [batch(*steps(movement, ["out@D1", "in@D2"]), movement("urn:epc:id:sgtin:9521234.012345.2"))], [], []
    )
    moved = projections(sql)
    sql("delete from items where epc like '%.2'")
    sql("update items set state = 'unknown', door = 'nowhere', since = now()")
    sql("update flows set in_count = 99")
    rebuild(database, progress=lambda done: None)
    assert projections(sql) == moved


def test_the_sku_is_the_registered_one_else_the_one_of_the_tags_gtin(
    movement: Make, recorder: Recorder, sql: Sql
) -> None:
    sql("insert into skus (sku, gtin) values ('BY-GTIN', '09521234123453')")
    registered, by_gtin = "urn:epc:id:sgtin:9521234.012345.1", "urn:epc:id:sgtin:9521234.012345.2"
    sql(
        "insert into items (epc, sku, registered_at, site, state, since) "
        "values (%s, 'BY-HAND', now(), 's1', 'unknown', now())",
        [registered],
    )
    recorder.record([batch(movement(registered), movement(by_gtin), movement("urn:epc:raw:96.x30"))], [], [])
    found = {row["epc"]: row["sku"] for row in sql("select epc, sku from movements_v1")}
    assert found == {registered: "BY-HAND", by_gtin: "BY-GTIN", "urn:epc:raw:96.x30": None}
    assert {row["sku"] for row in sql("select sku from items_v1")} == {"BY-HAND", "BY-GTIN", None}
    assert {row["sku"] for row in sql("select sku from flows_v1")} == {"BY-HAND", "BY-GTIN", None}


@pytest.mark.parametrize(
    "epc",
    [
        pytest.param("https://id.gs1.org/01/79521141123453/21/1.5", id="SGTIN+"),
        pytest.param("https://id.example.com/8006/795211411234530102/21/32a%2Fb", id="ITIP++"),
        pytest.param("urn:epc:id:itip:9521141.712345.01.02.981", id="ITIP-110"),
        pytest.param("urn:epc:id:sgtin:9521141.712345.a.b%2Fc", id="SGTIN-198"),
    ],
)
def test_goods_of_every_scheme_with_a_gtin_get_its_sku(
    movement: Make, recorder: Recorder, sql: Sql, database: str, epc: str
) -> None:
    sql("insert into skus (sku, gtin) values ('BY-GTIN', '79521141123453')")
    recorder.record([batch(movement(epc, epc_hex="F7" * 14))], [], [])
    assert sql("select epc, sku from movements_v1") == [{"epc": epc, "sku": "BY-GTIN"}]
    sql("delete from items")
    rebuild(database, progress=lambda done: None)
    assert sql("select epc, sku from items_v1") == [{"epc": epc, "sku": "BY-GTIN"}]


def test_a_sku_that_learns_its_gtin_late_names_the_items_seen_before(
    movement: Make, recorder: Recorder, sql: Sql
) -> None:
    recorder.record([batch(movement())], [], [])
    assert sql("select sku from items_v1") == [{"sku": None}]
    sql("insert into skus (sku, gtin) values ('LATE', '09521234123453')")
    assert sql("select sku from items_v1") == [{"sku": "LATE"}]


def test_poison_is_refused_and_the_others_of_its_group_are_committed(
    movement: Make, recorder: Recorder, sql: Sql
) -> None:
    sql("alter table movements add check (epc not like '%poison%')")
    good = [batch(movement(f"urn:epc:id:sgtin:9521234.012345.{n}")) for n in range(6)]
    poison = batch(movement("urn:epc:raw:96.x30.poison"), movement())
    outcome = recorder.record([*good[:3], poison, *good[3:]], [], [])
    assert outcome.committed == good
    [refused] = outcome.refused
    assert (refused.seq, refused.address) == (poison.batch.seq, GATEWAY)
    assert "check constraint" in refused.reason
    assert sql("select count(*) as n from movements") == [{"n": 6}]
    assert sql("select seq, reason from refused_batches") == [{"seq": poison.batch.seq, "reason": refused.reason}]


def test_a_partition_that_was_dropped_is_made_again_and_nothing_is_refused(
    movement: Make, recorder: Recorder, sql: Sql
) -> None:
    recorder.record([batch(movement(observed_at=NOON))], [], [])
    sql("drop table movements_2026_03")
    outcome = recorder.record([batch(movement(observed_at=NOON))], [], [])
    assert not outcome.refused
    assert sql("select count(*) as n from movements") == [{"n": 1}]


def test_a_refusal_is_kept_once_and_only_the_newest_of_a_gateway_are(recorder: Recorder, sql: Sql) -> None:
    refusals = [Refused(GATEWAY, EPOCH, seq, "bad", b"x") for seq in range(REFUSED_OF_GATEWAY + 5)]
    recorder.record([], refusals[:-5], [])
    recorder.record([], refusals[10:], [])
    kept = [row["seq"] for row in sql("select seq from refused_batches order by seq")]
    assert kept == list(range(5, REFUSED_OF_GATEWAY + 5))


def test_without_lab_mode_a_stranger_is_refused_with_the_remedy(movement: Make, database: str, sql: Sql) -> None:
    recorder = Recorder(database, client_id="test", is_open=False)
    sql("insert into gateways (site, gateway) values ('s1', 'known')")
    known, stranger = batch(movement(), address=GatewayAddress("s1", "known")), batch(movement())
    outcome = recorder.record([stranger, known], [], [])
    recorder.close()
    assert outcome.committed == [known]
    assert "tagdock-cloud gateways add s1/g1" in outcome.refused[0].reason
    assert sql("select gateway from gateways_v1") == [{"gateway": "known"}]


def status(state: Any = "online", **changes: Any) -> Status:
    return Status(site="s1", gateway="g1", state=state, at=NOON, **changes)


def test_a_gateways_status_is_shown_as_it_said_it(movement: Make, recorder: Recorder, sql: Sql) -> None:
    recorder.record([batch(movement())], [], [])
    readers = (ReaderStatus(name="dock-1", state="up", reads=5),)
    recorder.record([], [], [Reported(GATEWAY, status(outbox_events=7, readers=readers), is_retained=False)])
    [seen] = sql("select * from gateways_v1")
    assert (seen["state"], seen["outbox_events"], seen["readers"][0]["name"]) == ("online", 7, "dock-1")
    assert seen["last_seen_at"] > NOON + timedelta(days=1) and seen["last_event_stored_at"] is not None


def test_a_retained_status_does_not_make_a_dead_gateway_look_alive(
    movement: Make, recorder: Recorder, sql: Sql
) -> None:
    recorder.record([batch(movement())], [], [])
    recorder.record([], [], [Reported(GATEWAY, status(), is_retained=True)])
    assert sql("select last_seen_at from gateways_v1") == [{"last_seen_at": NOON}]


def test_whoever_follows_hears_of_a_site_when_its_movements_are_committed(
    movement: Make, recorder: Recorder, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as follower:
        follower.execute("listen tagdock_movements")
        recorder.record([batch(movement(), movement("urn:epc:raw:96.x31"))], [], [])
        heard = [notice.payload for notice in follower.notifies(timeout=5, stop_after=1)]
    assert heard == ["s1"]


def test_a_lost_connection_is_reported_and_the_next_call_connects_anew(
    movement: Make, recorder: Recorder, sql: Sql
) -> None:
    recorder.record([batch(movement())], [], [])
    sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test'")
    with pytest.raises(DatabaseUnavailableError):
        recorder.record([batch(movement("urn:epc:raw:96.x32"))], [], [])
    recorder.record([batch(movement("urn:epc:raw:96.x32"))], [], [])
    assert sql("select count(*) as n from movements") == [{"n": 2}]


def test_after_a_failure_nothing_is_left_of_its_session(
    movement: Make, recorder: Recorder, sql: Sql, database: str, wait_until: Callable[..., Any]
) -> None:
    """Whatever state it was in when its statement was ended, the next group is stored by a session in none."""
    recorder.record([batch(movement(observed_at=NOON))], [], [])
    later = batch(movement(observed_at=NOON + timedelta(hours=1)))
    ours = "from pg_stat_activity where application_name = 'test'"
    with psycopg.connect(database) as blocker, ThreadPoolExecutor(1) as beside:
        blocker.execute("select from items for update")
        waiting = beside.submit(recorder.record, [later], [], [])
        wait_until(lambda: sql(f"select pid {ours} and wait_event_type = 'Lock'"))
        sql(f"select pg_cancel_backend(pid) {ours}")
        with pytest.raises(StoreError):
            waiting.result(20)
        wait_until(lambda: not sql(f"select pid {ours}"))
    recorder.record([later], [], [])
    assert sql("select count(*) as n from movements") == [{"n": 2}]
    assert sql("select events_stored, events_doubled from ingests") == [{"events_stored": 2, "events_doubled": 0}]
