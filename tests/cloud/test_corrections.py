"""Corrections: the record stays as it was reported, and all that follows from it counts what was corrected."""

import itertools
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tagdock_cloud.ingest.admit import Accepted
from tagdock_cloud.ingest.rebuild import rebuild
from tagdock_cloud.ingest.record import Recorder
from tagdock_contract import Batch, Event, GatewayAddress, Movement

Sql = Callable[..., list[dict[str, Any]]]
Make = Callable[..., Movement]
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EPC = "urn:epc:id:sgtin:9521234.012345.1"
_seq = itertools.count()


@pytest.fixture
def recorder(database: str) -> Iterator[Recorder]:
    recorder = Recorder(database, client_id="test", is_open=True)
    yield recorder
    recorder.close()


def batch(*events: Event, gateway: str = "g1") -> Accepted:
    return Accepted(
        GatewayAddress("s1", gateway), Batch(epoch=UUID(int=7), seq=next(_seq), sent_at=NOON, events=events), b"{}"
    )


def wanted(
    movement: Movement, kind: str, direction: str | None, door: str | None = None, **more: Any
) -> dict[str, Any]:
    row = {"site": movement.site, "observed_at": movement.observed_at.isoformat(), "event_id": str(movement.event_id)}
    return {**row, "kind": kind, "direction": direction, "door": door, "by": "anna", "reason": "seen on video", **more}


def correct(sql: Sql, *rows: dict[str, Any]) -> int:
    told: int = sql("select correct_movements(%s::jsonb) as told", [json.dumps(rows)])[0]["told"]
    return told


def place(sql: Sql) -> tuple[Any, ...]:
    return tuple(sql("select door, state, since from items where epc = %s", [EPC])[0].values())


def flows(sql: Sql) -> dict[str, tuple[int, int]]:
    return {row["door"]: (row["in_count"], row["out_count"]) for row in sql("select * from flows")}


CASES = {
    "the uncertain went out": (("uncertain", "D1"), ("decided", "out", None), ("D1", "in_transit"), {"D1": (0, 1)}),
    "it came in by another door": (("uncertain", "D1"), ("decided", "in", "D2"), ("D2", "in_progress"), {"D2": (1, 0)}),
    "it went by": (("out", "D1"), ("decided", "pass", None), ("D1", "unknown"), {}),
    "it was not there": (("out", "D1"), ("decided", "none", None), ("D1", "unknown"), {}),
    "it went the other way": (("out", "D1"), ("decided", "in", None), ("D1", "in_progress"), {"D1": (1, 0)}),
    "another gateway knew better": (("in", "D1"), ("lost", "none", None), ("D1", "unknown"), {}),
}  # fmt: skip


def test_a_correction_moves_the_item_and_the_counts_and_leaves_the_record(
    movement: Make, recorder: Recorder, sql: Sql
) -> None:
    for name, ((direction, door), (kind, to, to_door), where, counted) in CASES.items():
        sql("truncate movements, corrections, items, flows")
        seen = movement(EPC, observed_at=NOON, direction=direction, door=door)
        recorder.record([batch(seen)], [], [])
        before = sql("select * from movements")
        assert correct(sql, wanted(seen, kind, to, to_door)) == 1
        assert (name, *place(sql)[:2]) == (name, *where)
        assert (name, flows(sql)) == (name, counted)
        assert sql("select * from movements") == before
        [shown] = sql("select direction, door, correction, settled_direction, settled_door from movements_v1")
        assert tuple(shown.values()) == (direction, door, kind, to, to_door or door)
        settled = sql("select direction, door from settled_movements")
        assert settled == ([] if to == "none" else [{"direction": to, "door": to_door or door}])


def test_what_was_corrected_no_longer_makes_a_later_arrival_a_return(
    movement: Make, recorder: Recorder, sql: Sql
) -> None:
    left = movement(EPC, observed_at=NOON, direction="out")
    back = movement(EPC, observed_at=NOON + timedelta(minutes=5), direction="in")
    recorder.record([batch(left, back)], [], [])
    assert place(sql)[1] == "returned"
    correct(sql, wanted(left, "decided", "none"))
    assert place(sql)[1] == "in_progress"


def test_the_same_correction_again_is_nothing_new_and_another_replaces_it_visibly(
    movement: Make, recorder: Recorder, sql: Sql
) -> None:
    seen = movement(EPC, observed_at=NOON, direction="uncertain")
    recorder.record([batch(seen)], [], [])
    assert [correct(sql, wanted(seen, "decided", "out")) for _ in range(2)] == [1, 0]
    assert correct(sql, wanted(seen, "decided", "in", by="bert")) == 1
    events = sql("select corrected_by, direction from correction_events order by corrected_at")
    assert events == [
        {"corrected_by": "anna", "direction": "out"},
        {"corrected_by": "bert", "direction": "in"},
    ]
    assert flows(sql) == {"D1": (1, 0)}


def test_no_rule_overrules_a_person(movement: Make, recorder: Recorder, sql: Sql) -> None:
    seen = movement(EPC, observed_at=NOON, direction="out")
    recorder.record([batch(seen)], [], [])
    correct(sql, wanted(seen, "decided", "out"))
    assert correct(sql, wanted(seen, "lost", "none")) == 0
    assert correct(sql, wanted(seen, "withdrawn", None)) == 0
    assert flows(sql) == {"D1": (0, 1)}


def test_a_loss_taken_back_counts_as_it_was_reported(movement: Make, recorder: Recorder, sql: Sql) -> None:
    seen = movement(EPC, observed_at=NOON, direction="out")
    recorder.record([batch(seen)], [], [])
    correct(sql, wanted(seen, "lost", "none"))
    assert correct(sql, wanted(seen, "withdrawn", None)) == 1
    assert (place(sql)[1], flows(sql)) == ("in_transit", {"D1": (0, 1)})
    assert [row["kind"] for row in sql("select kind from correction_events order by corrected_at")] == [
        "lost",
        "withdrawn",
    ]


def test_a_movement_that_the_record_does_not_have_is_not_corrected(
    movement: Make, recorder: Recorder, sql: Sql
) -> None:
    assert correct(sql, wanted(movement(EPC), "decided", "out")) == 0
    assert sql("select * from correction_events") == []


# --- any order of arrival ---------------------------------------------------------------------------------------------

Corrected = tuple[str | None, str]


def naive(movements: Sequence[Movement], corrected: dict[UUID, Corrected]) -> tuple[dict[str, Any], Counter[Any]]:
    """Work items and flows out in the plainest way: walk through what counts, in its order."""
    items: dict[str, Any] = {}
    counts: Counter[Any] = Counter()
    left: dict[str, bool] = {}
    for one in sorted(movements, key=lambda m: (m.observed_at, m.event_id)):
        door, direction = one.door, one.direction
        if one.event_id in corrected:
            to_door, direction = corrected[one.event_id]  # type: ignore[assignment]
            door = to_door or door
        if direction not in ("in", "out"):
            items.setdefault(one.epc, ("unknown", door, one.bin, one.observed_at))
            continue
        if door is not None:
            counts[one.observed_at.date(), door, direction] += 1
        state = {(True, "out"): "in_transit", (False, "in"): "sellable_accessible"}.get(
            (door is not None, direction), "in_progress"
        )
        if (door is not None, direction) == (True, "in"):
            state = "returned" if left.get(one.epc, False) else "in_progress"
        else:
            left[one.epc] = door is not None
        items[one.epc] = (state, door, one.bin if direction == "in" else None, one.observed_at)
    return items, counts


def shown(sql: Sql) -> tuple[dict[str, Any], Counter[Any]]:
    items = {row.pop("epc"): tuple(row.values()) for row in sql("select epc, state, door, bin, since from items")}
    counts: Counter[Any] = Counter()
    for row in sql("select * from flows"):
        counts[row["day"], row["door"], "in"] += row["in_count"]
        counts[row["day"], row["door"], "out"] += row["out_count"]
    return items, +counts


def some_movements(movement: Make, rng: random.Random) -> list[Movement]:
    made = []
    for n in range(60):
        direction = rng.choice(["in", "out", "in", "out", "pass", "uncertain"])
        at_bin = direction in ("in", "out") and rng.random() < 0.2
        where: dict[str, Any] = {"door": None, "bin": "A-1"} if at_bin else {"door": rng.choice(["D1", "D2"])}
        at = NOON + timedelta(minutes=n // 2, hours=rng.choice([0, 0, 24 * 31]))
        made.append(
            movement(
                f"urn:epc:id:sgtin:9521234.012345.{rng.randrange(4)}", observed_at=at, direction=direction, **where
            )
        )
    return list({one.event_id: one for one in made}.values())


@pytest.mark.parametrize("seed", range(4))
def test_any_arrival_with_any_corrections_ends_as_the_naive_model_and_as_a_rebuild(
    movement: Make, recorder: Recorder, database: str, sql: Sql, seed: int
) -> None:
    rng = random.Random(seed)
    movements = some_movements(movement, rng)
    waiting = [*movements, *rng.sample(movements, 15)]  # some come twice, from the other gateway at that
    rng.shuffle(waiting)
    arrived: list[Movement] = []
    corrected: dict[UUID, Corrected] = {}
    decided: set[UUID] = set()
    while waiting:
        size = rng.randrange(1, 12)
        group, waiting = waiting[:size], waiting[size:]
        recorder.record([batch(*group, gateway=rng.choice(["g1", "g2"]))], [], [])
        arrived += [one for one in group if one not in arrived]
        rows = []
        for one in rng.sample(arrived, rng.randrange(min(6, len(arrived)) + 1)):
            kind = rng.choice(["decided", "lost", "withdrawn"])
            to = (
                (rng.choice([None, "D1", "D3"]), rng.choice(["in", "out", "pass", "none"]))
                if one.door
                else (None, "none")
            )
            if kind == "decided":
                rows.append(wanted(one, kind, to[1], to[0], reason=str(rng.random())))
                corrected[one.event_id] = to
                decided.add(one.event_id)
            else:
                rows.append(wanted(one, kind, "none" if kind == "lost" else None))
                if one.event_id not in decided:
                    corrected.pop(one.event_id, None)
                    corrected.update({one.event_id: (None, "none")} if kind == "lost" else {})
        correct(sql, *rows)
    assert shown(sql) == naive(movements, corrected)
    moved = sql("select * from items order by epc"), sql("select * from flows order by site, day, sku, door")
    rebuild(database, progress=lambda done: None)
    rebuilt = sql("select * from items order by epc"), sql("select * from flows order by site, day, sku, door")
    assert rebuilt == moved


def test_a_rebuild_mends_the_counts_of_stock(movement: Make, recorder: Recorder, database: str, sql: Sql) -> None:
    recorder.record([batch(movement(EPC, direction="in"), movement(EPC + "2", direction="in"))], [], [])
    before = sql("select state, items from stock_v1")
    assert before == [{"state": "in_progress", "items": 2}]
    sql("update stock_deltas set items = items + 5")
    rebuild(database, progress=lambda done: None)
    assert sql("select state, items from stock_v1") == before


def test_corrections_and_ingest_at_once_never_wait_for_each_other_crosswise(
    movement: Make, recorder: Recorder, database: str, sql: Sql
) -> None:
    events = [
        movement(f"urn:epc:id:sgtin:9521234.012345.{n}", observed_at=NOON + timedelta(seconds=n), door=f"D{n % 5}")
        for n in range(40)
    ]
    recorder.record([batch(*events)], [], [])
    failed: list[BaseException] = []

    def correcting(seed: int) -> None:
        rng = random.Random(seed)
        try:
            with psycopg.connect(database, autocommit=True) as connection:
                for turn in range(15):
                    chosen = rng.sample(events, 10)
                    rows = [
                        wanted(one, "decided", rng.choice(["in", "out"]), f"D{rng.randrange(5)}", reason=str(turn))
                        for one in chosen
                    ]
                    connection.execute("select correct_movements(%s::jsonb)", [json.dumps(rows)])
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=correcting, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    rng = random.Random(9)
    for turn in range(15):
        chosen = rng.sample(events, 10)
        at = NOON + timedelta(minutes=1 + turn)
        recorder.record(
            [batch(*(movement(one.epc, observed_at=at, door=f"D{rng.randrange(5)}") for one in chosen))], [], []
        )
    for thread in threads:
        thread.join(60)
    assert not failed
    moved = sql("select * from items order by epc"), sql("select * from flows order by site, day, sku, door")
    rebuild(database, progress=lambda done: None)
    assert (sql("select * from items order by epc"), sql("select * from flows order by site, day, sku, door")) == moved
