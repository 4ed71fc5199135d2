"""Between gateways: one passage that two of them told of counts once, in whatever order their reports came."""

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tagdock_cloud.corrections.settling import settle_news, tell_uncertain
from tagdock_cloud.ingest.admit import Accepted
from tagdock_cloud.ingest.rebuild import rebuild
from tagdock_cloud.ingest.record import Recorder
from tagdock_cloud.store import pool
from tagdock_contract import Batch, GatewayAddress, Movement

Sql = Callable[..., list[dict[str, Any]]]
Make = Callable[..., Movement]
Reports = Sequence[tuple[str, Movement]]
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EPC = "urn:epc:id:sgtin:9521234.012345.1"
_seq = itertools.count()


@pytest.fixture
def recorder(database: str) -> Iterator[Recorder]:
    recorder = Recorder(database, client_id="test", is_open=True)
    yield recorder
    recorder.close()


def record(recorder: Recorder, *reports: tuple[str, Movement]) -> None:
    group = [
        Accepted(
            GatewayAddress("s1", gateway), Batch(epoch=UUID(int=7), seq=next(_seq), sent_at=NOON, events=(one,)), b"{}"
        )
        for gateway, one in reports
    ]
    recorder.record(group, [], [])


def settle(database: str) -> None:
    with pool.connect(database) as connection:
        settle_news(connection)


def seen(
    movement: Make, gateway: str, door: str, direction: str, at_s: float, reads: int, epc: str = EPC
) -> tuple[str, Movement]:
    evidence = {"reads": reads, "antennas": [{"peak_rssi_dbm": -50.0}]}
    at = NOON + timedelta(seconds=at_s)
    return gateway, movement(epc, observed_at=at, door=door, direction=direction, evidence=evidence)


def counted(sql: Sql) -> list[tuple[str, str]]:
    return [
        (row["door"], row["direction"])
        for row in sql("select door, direction from settled_movements order by observed_at")
    ]


def test_three_reports_of_one_passage_in_all_orders_end_alike(
    movement: Make, recorder: Recorder, database: str, sql: Sql
) -> None:
    for number, order in enumerate(
        itertools.permutations([("g1", "D1", "out", 0, 30), ("g2", "D5", "in", 2, 8), ("g3", "D7", "uncertain", 3, 2)])
    ):
        epc = f"urn:epc:id:sgtin:9521234.012345.{number + 1}"
        for report in order:
            record(recorder, seen(movement, *report, epc=epc))
            settle(database)
    assert sql("select distinct door, direction from settled_movements") == [{"door": "D1", "direction": "out"}]
    assert sql("select distinct door, state from items") == [{"door": "D1", "state": "in_transit"}]
    assert sql("select door, in_count, out_count from flows") == [{"door": "D1", "in_count": 0, "out_count": 6}]
    assert sql("select count(*) as n from movements") == [{"n": 18}]
    lost = sql("select distinct door, correction from movements_v1 where correction is not null order by 1")
    assert lost == [{"door": "D5", "correction": "lost"}, {"door": "D7", "correction": "lost"}]


def test_goods_that_came_in_and_left_by_another_door_a_minute_later_did_both(
    movement: Make, recorder: Recorder, database: str, sql: Sql
) -> None:
    record(recorder, seen(movement, "g1", "D1", "in", 0, 30), seen(movement, "g2", "D5", "out", 60, 8))
    settle(database)
    assert counted(sql) == [("D1", "in"), ("D5", "out")]


def test_what_lost_stands_again_when_its_winner_turns_out_to_have_been_nothing(
    movement: Make, recorder: Recorder, database: str, sql: Sql
) -> None:
    strong, weak = seen(movement, "g1", "D1", "out", 0, 30), seen(movement, "g2", "D5", "out", 2, 8)
    record(recorder, strong, weak)
    settle(database)
    assert counted(sql) == [("D1", "out")]
    sql(
        "select correct_movements(jsonb_build_array(jsonb_build_object('site', 's1', 'observed_at', %s::timestamptz, "
        "'event_id', %s::uuid, 'kind', 'decided', 'direction', 'none', 'by', 'anna')))",
        [strong[1].observed_at, strong[1].event_id],
    )
    settle(database)
    assert counted(sql) == [("D5", "out")]
    kinds = [row["kind"] for row in sql("select kind from correction_events order by corrected_at")]
    assert kinds == ["lost", "decided", "withdrawn"]
    settle(database)
    assert len(sql("select * from correction_events")) == 3


def test_a_report_that_comes_days_late_is_settled_too(
    movement: Make, recorder: Recorder, database: str, sql: Sql
) -> None:
    record(recorder, seen(movement, "g2", "D5", "in", 2, 8))
    settle(database)
    record(recorder, seen(movement, "g1", "D1", "out", 3 * 86_400, 30))
    settle(database)
    record(recorder, seen(movement, "g1", "D1", "out", 0, 30))
    settle(database)
    assert counted(sql) == [("D1", "out"), ("D1", "out")]


def test_a_transaction_that_began_first_and_commits_last_is_not_skipped(
    movement: Make, recorder: Recorder, database: str, sql: Sql
) -> None:
    record(recorder, seen(movement, "g1", "D1", "out", 0, 30), seen(movement, "g2", "D9", "out", 900, 3))
    settle(database)
    with psycopg.connect(database) as slow:
        slow.execute(
            "insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, door, direction, confidence) "
            "values ('s1', %s, gen_random_uuid(), 'g2', %s, '30', 'D5', 'in', 0.8)",
            [NOON + timedelta(seconds=1), EPC],
        )
        record(recorder, seen(movement, "g1", "D1", "in", 1800, 30))  # began later, is committed earlier
        settle(database)
    settle(database)
    assert ("D5", "in") not in counted(sql)


def test_more_news_than_a_stretch_holds_is_followed_in_stretches(
    movement: Make, recorder: Recorder, database: str, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagdock_cloud.corrections.tail.ROWS", 3)
    for n in range(8):
        epc = f"urn:epc:id:sgtin:9521234.012345.{n}"
        record(recorder, seen(movement, "g1", "D1", "out", n, 30, epc), seen(movement, "g2", "D5", "in", n + 1, 8, epc))
    settle(database)
    assert set(counted(sql)) == {("D1", "out")}


def test_a_site_may_set_its_window_or_do_without(movement: Make, recorder: Recorder, database: str, sql: Sql) -> None:
    record(recorder)
    sql("insert into sites (site, settle_window_s) values ('s1', 0)")
    record(recorder, seen(movement, "g1", "D1", "out", 0, 30), seen(movement, "g2", "D5", "in", 2, 8))
    settle(database)
    assert len(counted(sql)) == 2
    sql("update sites set settle_window_s = 20")
    record(recorder, seen(movement, "g2", "D5", "in", 18, 9))
    settle(database)
    assert counted(sql) == [("D1", "out")]


def test_a_chain_of_reports_longer_than_what_is_looked_at_first_is_settled_whole(
    movement: Make, recorder: Recorder, database: str, sql: Sql
) -> None:
    chain = [seen(movement, f"g{n % 2}", f"D{n % 2}", "in", 4 * n, 1 + n) for n in range(24)]  # each outweighs the last
    record(recorder, *chain[:-1])
    settle(database)
    record(recorder, chain[-1])  # turns all that stood before it over
    settle(database)
    assert counted(sql) == [("D1", "in")] * 12


def test_webhooks_hear_of_what_waits_for_a_person_and_not_of_what_lost(
    movement: Make, recorder: Recorder, database: str, sql: Sql
) -> None:
    sql("insert into webhooks (name, url, topics) values ('hook', 'https://x', '{passage.uncertain}')")
    record(recorder, seen(movement, "g1", "D1", "out", 0, 30), seen(movement, "g2", "D5", "uncertain", 1, 2))
    record(recorder, seen(movement, "g2", "D6", "uncertain", 60, 2))
    for _ in range(2):
        with pool.connect(database) as connection:
            settle_news(connection)
            tell_uncertain(connection)
    [told] = sql("select topic, site, body from deliveries")
    assert (told["topic"], told["site"], told["body"]["door"]) == ("passage.uncertain", "s1", "D6")


@pytest.mark.parametrize("seed", range(3))
def test_any_order_and_grouping_settles_alike_and_ends_as_a_rebuild_does(
    movement: Make, recorder: Recorder, database: str, sql: Sql, seed: int
) -> None:
    rng = random.Random(seed)
    at_s = 0.0
    reports = []
    for n in range(60):
        at_s += rng.choice([0.2, 0.5, 1.0, 3.0, 9.0])
        gateway = rng.choice(["g1", "g2", "g3"])
        epc = f"urn:epc:id:sgtin:9521234.01234{seed}.{n % 2}"
        way = rng.choice(["in", "out", "uncertain", "pass"])
        reports.append(seen(movement, gateway, f"D{gateway[1]}", way, at_s, rng.randrange(1, 5), epc))
    losers = []
    for turn in range(2):
        rng.shuffle(reports)
        waiting = list(reports)
        while waiting:
            size = rng.randrange(1, 9)
            group, waiting = waiting[:size], waiting[size:]
            record(recorder, *group)
            if rng.random() < 0.5:
                settle(database)
        settle(database)
        losers.append(sql("select event_id, lost_to from corrections order by event_id"))
        if turn == 0:
            moved = projections(sql)
            rebuild(database, progress=lambda done: None)
            assert projections(sql) == moved
            sql("truncate movements, items, flows, corrections, correction_events")
    assert losers[0] == losers[1] and len(losers[0]) > 3


def projections(sql: Sql) -> tuple[Any, Any]:
    return sql("select * from items order by epc"), sql("select * from flows order by site, day, sku, door")
