"""What arrives late never turns an item back: a case for each comparison of `items_step` and `items_move`.

But for those that only spare work: what is left to the whole record (`project_items`) comes to the same.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from tagdock_cloud.ingest.admit import Accepted
from tagdock_cloud.ingest.projections import CAREFUL
from tagdock_cloud.ingest.record import Recorder
from tagdock_cloud.store.queries import load_queries
from tagdock_contract import Batch, GatewayAddress, Movement

Sql = Callable[..., list[dict[str, Any]]]
Make = Callable[..., Movement]
EPC = "urn:epc:raw:96.x01"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
INGEST = load_queries("tagdock_cloud.ingest")
_seq = count()


def record(recorder: Recorder, events: Sequence[Movement]) -> None:
    sent = Batch(epoch=UUID(int=7), seq=next(_seq), sent_at=NOON, events=tuple(events))
    recorder.record([Accepted(GatewayAddress("s1", "g1"), sent, b"{}")], [], [])


def place(sql: Sql, epc: str = EPC) -> tuple[Any, ...]:
    [row] = sql("select door, bin, state from items where epc = %s", [epc])
    return tuple(row.values())


Said = tuple[int, str, str, int]
"""A step: minutes from noon, direction, door (D...) or bin, and the number that its identifier is."""

LATE: dict[str, tuple[Said, list[Said], tuple[Any, ...]]] = {
    "one that is older": ((0, "out", "D1", 5), [(-1, "in", "D9", 6)], ("D1", None, "in_transit")),
    "one of the same moment, before it by its identifier": (
        (0, "out", "D1", 5), [(0, "in", "D9", 4)], ("D1", None, "in_transit")),
    "one of the same moment, after it by its identifier": (
        (0, "out", "D1", 5), [(0, "in", "D9", 6)], ("D9", None, "returned")),
    "one older and one newer, between which it left": (
        (0, "out", "D1", 5), [(-1, "in", "A-1", 6), (1, "in", "D9", 7)], ("D9", None, "returned")),
    "two newer, the later one said first": (
        (0, "out", "D1", 5), [(2, "out", "D3", 7), (1, "in", "D9", 6)], ("D3", None, "in_transit")),
    "two newer of the same moment, the later one said first": (
        (0, "in", "D1", 5), [(1, "out", "D3", 7), (1, "in", "D9", 6)], ("D3", None, "in_transit")),
    "two newer, between which it was put away": (
        (0, "out", "D1", 5), [(1, "in", "A-1", 6), (2, "in", "D9", 7)], ("D9", None, "in_progress")),
    "two newer, between which it left": (
        (0, "in", "D1", 5), [(1, "out", "D2", 6), (2, "in", "D9", 7)], ("D9", None, "returned")),
    "three newer: it left, was put away, and came in again": (
        (0, "in", "D1", 5), [(1, "out", "D2", 6), (2, "in", "A-1", 7), (3, "in", "D9", 8)],
        ("D9", None, "in_progress")),
    "one that is older than its being sighted": (
        (0, "pass", "D1", 5), [(-1, "in", "D9", 6)], ("D9", None, "in_progress")),
}  # fmt: skip
"""Where an item was, what then came in one group, and where that leaves it."""


def step(movement: Make, said: Said, epc: str = EPC) -> Movement:
    minute, direction, where, number = said
    at: dict[str, Any] = {"door": where} if where.startswith("D") else {"door": None, "bin": where}
    moment = NOON + timedelta(minutes=minute)
    return movement(epc, event_id=UUID(int=number), observed_at=moment, direction=direction, **at)


def test_an_item_stands_where_its_last_step_by_time_and_identifier_left_it(
    movement: Make, database: str, sql: Sql
) -> None:
    """Each comes to an ingest that has not learnt to be careful yet."""
    ended = {}
    for number, (name, (before, group, _)) in enumerate(LATE.items()):
        epc, apart = f"urn:epc:raw:96.x{number}", 100 * number
        with closing(Recorder(database, client_id="test", is_open=True)) as recorder:
            for said in ([before], group):
                record(recorder, [step(movement, (*one[:3], one[3] + apart), epc) for one in said])
        ended[name] = place(sql, epc)
    assert ended == {name: expected for name, (_, _, expected) in LATE.items()}


CHANGED: dict[str, tuple[Said, LiteralString, tuple[Any, ...]]] = {
    "it has moved on, and its state is the same":
        ((2, "in", "D9", 6), "update items set door = 'D9', since = %(at)s", ("D9", None, "in_progress")),
    "it is found to have left before, and its time is the same":
        ((-1, "out", "D9", 6), "update items set state = 'returned' where since > %(at)s", ("D2", None, "returned")),
}  # fmt: skip
"""What another program stored of an item once we had looked it up, how it changed the item, and what must follow."""


@pytest.mark.parametrize(("theirs", "change", "expected"), CHANGED.values(), ids=CHANGED)
def test_what_was_looked_up_counts_only_while_time_and_state_are_as_they_were(
    theirs: Said, change: LiteralString, expected: tuple[Any, ...],
    movement: Make, database: str, sql: Sql,
) -> None:  # fmt: skip
    """PostgreSQL before the end of 2025 follows a row that it waited for, and does not ask for `ctid` again.

    Newer ones ask, and hide what the other comparisons are for: the row is followed here by hand.
    """
    with closing(Recorder(database, client_id="test", is_open=True)) as recorder:
        record(recorder, [step(movement, (0, "in", "D1", 5))])
    came = step(movement, theirs)
    with psycopg.connect(database) as ours:
        ours.execute(INGEST["staging"])
        ours.execute(
            "insert into staged_movements values ('s1', %s, %s, 'g1', %s, '30', null, 'D2', null, 'in', 1, '{}', true)",
            [NOON + timedelta(minutes=1), str(UUID(int=7)), EPC],
        )
        for one in CAREFUL:
            ours.execute(one.statement)
            if one.name == "look_up":
                ours.execute(
                    "insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, door, direction, "
                    "confidence, evidence) values ('s1', %s, %s, 'g2', %s, '30', %s, %s, 1, '{}')",
                    [came.observed_at, came.event_id, EPC, came.door, came.direction],
                )
                ours.execute(change, {"at": came.observed_at})
                ours.execute("update moved m set item = i.ctid from items i where i.epc = m.epc")
    assert place(sql) == expected
