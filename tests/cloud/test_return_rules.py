"""What stands against a return, an outcome and a remedy: a table of each, without a database."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, get_args

import pytest
from tagdock_cloud.life.records import Grade
from tagdock_cloud.returns.rules import (
    OWN_ROUTE,
    ROUTES,
    UNANNOUNCED,
    Liable,
    Outcome,
    Seen,
    Terms,
    against_application,
    against_arrival,
    against_outcome,
    against_remedy,
    freight_payer,
    permitted,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
REASONS = {
    "late": {"liability": "carrier", "own_fault": False},
    "misused": {"liability": "customer", "own_fault": True},
}
TERMS = Terms(14, 10, 730, ["order"], refuses_own_fault=True, reasons=REASONS)


def case(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "self_return", "state": "received", "reason": "late", "order_id": "O-1", "bought_at": NOW,
        "overruled": [], "applied_at": NOW, "liability": "carrier", "refunded_at": None, "exchanged_at": None,
        "reshipped_order": None,
        **changes,
    }  # fmt: skip


def line(**changes: Any) -> dict[str, Any]:
    return {"epc": "e", "received_at": NOW, "grade": "A", "outcome": "restock", "done_at": None, **changes}


def days(number: float) -> timedelta:
    return timedelta(days=number)


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({}, []),
        ({"order_id": None}, ["detail_missing"]),
        ({"bought_at": NOW - days(14)}, []),
        ({"bought_at": NOW - days(14.01)}, ["past_deadline"]),
        ({"bought_at": NOW - days(15), "kind": "exchange"}, ["past_deadline"]),
        ({"bought_at": NOW - days(15), "kind": "refused"}, []),
        ({"bought_at": NOW - days(15), "kind": "undelivered"}, []),
        ({"bought_at": NOW - days(730), "kind": "repair"}, []),
        ({"bought_at": NOW - days(731), "kind": "repair"}, ["past_deadline"]),
        ({"bought_at": None}, []),
        ({"reason": "misused"}, ["own_fault"]),
        ({"reason": "misused", "order_id": "", "bought_at": NOW - days(99)},
         ["detail_missing", "past_deadline", "own_fault"]),
    ],
    ids=str,
)  # fmt: skip
def test_what_stands_against_an_application(changes: dict[str, Any], rules: list[str]) -> None:
    assert [finding.rule for finding in against_application(TERMS, case(**changes), NOW)] == rules


@pytest.mark.parametrize(
    ("changes", "after", "rules"),
    [
        ({}, 10, []),
        ({}, 10.01, ["past_deadline"]),
        ({"kind": "undelivered"}, 99, []),
        ({"state": "declined"}, 1, ["declined"]),
        ({"reason": UNANNOUNCED, "order_id": None}, 0, ["no_application"]),
        ({"overruled": ["past_deadline"]}, 99, []),
        ({"overruled": ["past_deadline"], "reason": "misused"}, 99, ["own_fault"]),
    ],
    ids=str,
)
def test_what_stands_against_an_arrival(changes: dict[str, Any], after: float, rules: list[str]) -> None:
    assert [finding.rule for finding in against_arrival(TERMS, case(**changes), NOW + days(after))] == rules


def test_an_outcome_needs_inspections_and_a_grade_that_leads_there() -> None:
    waiting = line(grade=None, outcome=None)
    for outcome, grade, is_cleared in product(get_args(Outcome), get_args(Grade), (False, True)):
        why_not = against_outcome(case(), waiting, outcome, Seen(grade, is_cleared))
        assert (why_not is None) == (is_cleared and outcome in ROUTES[grade]), (outcome, grade, is_cleared)
        assert against_outcome(case(), waiting, outcome, Seen(None, is_cleared)) is not None
    assert all(OWN_ROUTE[grade] in ROUTES[grade] for grade in get_args(Grade))


@pytest.mark.parametrize(
    ("of_case", "of_line", "outcome", "is_open"),
    [
        ({}, {"outcome": "repair"}, "restock", True),
        ({}, {"outcome": "restock"}, "repack", False),
        ({}, {"outcome": "repair", "done_at": NOW}, "restock", False),
        ({}, {"outcome": None, "received_at": None}, "restock", False),
        ({}, {"outcome": None, "epc": None}, "restock", False),
        ({"state": "on_hold"}, {"outcome": None}, "restock", False),
        ({"state": "on_hold"}, {"outcome": None}, "back_to_customer", True),
        ({"state": "announced"}, {"outcome": None}, "back_to_customer", False),
        ({"state": "closed"}, {"outcome": None}, "restock", False),
    ],
    ids=str,
)
def test_an_outcome_is_decided_once_of_what_came_with_an_accepted_case(
    of_case: Any, of_line: Any, outcome: Outcome, is_open: bool
) -> None:
    assert (against_outcome(case(**of_case), line(**of_line), outcome, Seen("A", is_cleared=True)) is None) == is_open


@pytest.mark.parametrize(
    ("of_case", "lines", "is_open"),
    [
        ({}, [line()], True),
        ({}, [line(), line(received_at=None, grade=None, outcome=None)], True),
        ({}, [line(), line(grade=None, outcome=None)], False),
        ({}, [line(received_at=None, grade=None, outcome=None)], False),
        ({}, [line(grade="C", outcome="scrap")], True),
        ({"liability": "customer"}, [line(grade="C", outcome="scrap")], False),
        ({"liability": None}, [line(grade="C", outcome="scrap")], False),
        ({"liability": "customer"}, [line(grade="B", outcome="repack")], True),
        ({}, [line(outcome="back_to_customer")], False),
        ({}, [line(outcome="repair")], False),
        ({"state": "on_hold"}, [line()], False),
        ({"refunded_at": NOW}, [line()], False),
        ({"exchanged_at": NOW}, [line()], False),
        ({"reshipped_order": "O-2"}, [line()], False),
    ],
    ids=str,
)
def test_a_remedy_is_told_once_after_everything_that_came_was_decided(of_case: Any, lines: Any, is_open: bool) -> None:
    assert (against_remedy(case(**of_case), lines) is None) == is_open


def test_a_remedy_names_only_the_lines_that_permit_it() -> None:
    sound, faulty = line(epc="sound"), line(epc="faulty", grade="C", outcome="scrap")
    assert permitted(case(liability="customer"), [sound, faulty]) == [sound]


def test_who_is_liable_pays_the_freight_and_the_house_for_its_goods_and_work() -> None:
    assert {liable: freight_payer(liable) for liable in get_args(Liable)} == {
        "customer": "customer", "carrier": "carrier", "product": "house", "warehouse": "house",
    }  # fmt: skip
    assert freight_payer(None) is None
