"""What is true of goods that come back, held against what is on record of each."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest
from tagdock_simulators.demo.cancelled import cancelled_lines, without_cancelled
from tagdock_simulators.demo.fates import (
    DECK,
    EXCHANGED,
    FITTED,
    KEPT,
    MOVED,
    REFUSED,
    REPAIRED,
    SCRAPPED,
    SENT_BACK,
    UNDELIVERED,
    Comeback,
    Returned,
    difference,
    fates,
    returned_json,
    returned_row,
    standing,
)
from tagdock_simulators.demo.report import Played, as_json, judge
from tagdock_simulators.demo.settings import site_names
from tagdock_simulators.warehouse.orders import OrderLine

MENDED = Comeback("e1", "demo-2", REPAIRED, is_announced=True)
LIFE: Mapping[str, Any] = {
    "site": "demo-2",
    "state": "stored",
    "condition": "repaired",
    "grade": "B",
    "is_sellable": True,
    "contradictions": 0,
    "work_orders_open": 0,
}
CASE: Mapping[str, Any] = {
    "state": "closed",
    "refunded_at": "2026-03-02T08:00:00Z",
    "exchanged_at": None,
    "reshipped_order": None,
    "lines": [{"epc": "e0"}, {"epc": "e1", "outcome": "repack"}],
}


def line(sku: str, invoice: str, *, is_return: bool) -> OrderLine:
    return OrderLine(datetime(2011, 1, 4, tzinfo=UTC), invoice, sku, "A thing", 1, is_return)


def test_an_item_that_stands_where_it_has_to_agrees() -> None:
    assert difference(MENDED, standing(LIFE, CASE, "e1")) is None


@pytest.mark.parametrize(
    ("life", "case", "name"),
    [
        ({"site": "demo"}, {}, "site"),
        ({"state": "repacking"}, {}, "state"),
        ({"condition": "opened"}, {}, "condition"),
        ({"grade": "C"}, {}, "grade"),
        ({"is_sellable": False}, {}, "is_sellable"),
        ({"contradictions": 1}, {}, "is_held"),
        ({"work_orders_open": 1}, {}, "is_held"),
        ({}, {"state": "decided"}, "case"),
        ({}, {"lines": [{"epc": "e1", "outcome": "scrap"}]}, "outcome"),
        ({}, {"refunded_at": None}, "is_refunded"),
        ({}, {"exchanged_at": "2026-03-02T08:00:00Z"}, "is_exchanged"),
        ({}, {"reshipped_order": "O-2"}, "is_reshipped"),
    ],
    ids=[
        *("elsewhere", "on its way", "another condition", "another grade", "not for sale", "contradicted", "in work"),
        *("open case", "another outcome", "no refund", "an exchange", "shipped again"),
    ],
)
def test_each_fact_that_differs_is_named(life: dict[str, Any], case: dict[str, Any], name: str) -> None:
    found = difference(MENDED, standing({**LIFE, **life}, {**CASE, **case}, "e1"))
    assert found is not None
    assert list(found.expected) == list(found.found) == [name]


def test_an_item_without_life_and_case_differs_unless_it_never_came() -> None:
    found = difference(MENDED, standing(None, None, "e1"))
    assert found is not None
    assert (found.expected["state"], found.found["state"]) == ("stored", None)
    kept = replace(MENDED, fate=KEPT)
    announced = {**CASE, "state": "announced", "refunded_at": None, "lines": [{"epc": "e1", "outcome": None}]}
    assert difference(kept, standing(None, announced, "e1")) is None
    assert difference(kept, standing(LIFE, announced, "e1")) is not None


@pytest.mark.parametrize(
    ("comeback", "is_due"),
    [
        (MENDED, True),
        (replace(MENDED, fate=SENT_BACK), False),
        (replace(MENDED, fate=SCRAPPED), True),
        (replace(MENDED, fate=SCRAPPED, is_announced=False), False),
        (replace(MENDED, fate=KEPT), False),
        (replace(MENDED, fate=REFUSED), True),
        (replace(MENDED, fate=EXCHANGED), False),
        (replace(MENDED, fate=UNDELIVERED), False),
    ],
    ids=[
        *("repaired", "sent back", "scrapped", "nobody says whose fault", "never came", "refused", "exchanged"),
        "shipped again",
    ],
)
def test_money_is_due_for_what_stays_and_is_not_the_customers_fault(comeback: Comeback, is_due: bool) -> None:
    assert comeback.is_refund_due is is_due


def test_a_repair_with_a_part_takes_it_out_of_stock() -> None:
    fitted = replace(MENDED, fate=FITTED, spare="e2")
    assert difference(fitted, standing(LIFE, CASE, "e1", 1)) is None
    for parts in (0, 2):
        found = difference(fitted, standing(LIFE, CASE, "e1", parts))
        assert found is not None and (found.expected, found.found) == ({"parts": 1}, {"parts": parts})


def test_what_is_sent_on_has_to_be_for_sale_at_the_other_site() -> None:
    life = {**LIFE, "condition": "new", "grade": "A"}
    case = {**CASE, "lines": [{"epc": "e1", "outcome": "restock"}]}
    moved = replace(MENDED, fate=MOVED, goal="demo-3")
    found = difference(moved, standing(life, case, "e1"))
    assert found is not None and found.expected == {"site": "demo-3"}
    assert difference(moved, standing({**life, "site": "demo-3"}, case, "e1")) is None
    assert difference(replace(moved, goal=None), standing(life, case, "e1")) is None, "with one site it stays"


def test_only_what_is_for_sale_has_to_be_sellable() -> None:
    for fate in DECK:
        expected = replace(MENDED, fate=fate).expected
        assert expected.is_sellable == (expected.state == "stored")


def test_each_deck_holds_every_fate_and_a_seed_gives_the_same_again() -> None:
    drawn = list(islice(fates(1, "demo"), 3 * len(DECK)))
    assert drawn == list(islice(fates(1, "demo"), 3 * len(DECK)))
    assert drawn != list(islice(fates(1, "demo-2"), 3 * len(DECK)))
    for start in range(0, len(drawn), len(DECK)):
        names = [fate.name for fate, _ in drawn[start : start + len(DECK)]]
        assert sorted(names) == sorted(fate.name for fate in DECK)
    assert all(is_announced for fate, is_announced in drawn if fate is KEPT or fate.kind != "self_return")
    assert {fate.kind for fate in DECK} == {"self_return", "undelivered", "refused", "exchange"}
    assert {is_announced for _, is_announced in drawn} == {True, False}


def test_cancelled_lines_come_back_under_the_invoice_that_sold_them_at_sites_by_turns() -> None:
    lines = [
        line("A", "1", is_return=False),
        line("A", "C2", is_return=True),
        line("B", "C3", is_return=True),
        line("A", "4", is_return=False),
        line("A", "C5", is_return=True),
    ]
    told = [(site, one.line.invoice, one.order) for site, one in cancelled_lines(lines, site_names(2))]
    assert told == [("demo", "C2", "1"), ("demo-2", "C3", "C3"), ("demo", "C5", "4")]
    assert [each.invoice for each in without_cancelled(lines)] == ["1", "4"]


def test_a_difference_makes_a_report_unclean() -> None:
    wrong = difference(MENDED, standing(None, None, "e1"))
    assert wrong is not None
    right = Returned(["demo-2"], [MENDED], [])
    played = Played(seconds=1, order_lines=0, days=0, loads=0, unusable_lines={}, returned=right)
    assert judge([], [], (), played).clean
    report = judge([], [], (), replace(played, returned=replace(right, differences=[wrong])))
    assert not report.clean
    told = as_json(report)["returns"]
    assert (told["expected"], told["agreed"]) == (1, 0)
    assert [each["epc"] for each in told["differences"]] == ["e1"]
    assert returned_json(right)["agreed"] == 1
    assert "1 at 1 sites (1 repaired); each as it is on record" in returned_row(right)[1]
