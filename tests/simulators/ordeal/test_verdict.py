"""The verdict of an ordeal: each promise that is broken is counted."""

from dataclasses import replace
from typing import Any

import pytest
from tagdock_simulators.ordeal.verdict import Facts, Struck, judge

ITEM = {"epc": "a", "bin": None, "state": "in_progress"}
HIT = Struck(1.0, "kill", "broker", "ended 17", True)
KEPT = Facts(frozenset("ab"), frozenset("a"), ("a", "b"), 0, (ITEM,), (ITEM,), (HIT,), 30.4)


def test_all_promises_kept_is_clean() -> None:
    assert judge(KEPT).clean


@pytest.mark.parametrize(
    ("changed", "counted"),
    [
        ({"stored": ("a",)}, {"lost": 1}),
        ({"stored": ("a", "b", "b")}, {"doubled": 1}),
        ({"stored": ("a", "b", "c")}, {"strange": 1}),
        ({"stored": ("b",)}, {"lost": 1, "acked_not_stored": 1}),
        ({"least_stock": -1}, {"least_stock": -1}),
        ({"rebuilt": ({**ITEM, "state": "in_transit"},)}, {"rebuild_differs": 2}),
        ({"rebuilt": ()}, {"rebuild_differs": 1}),
        ({"struck": (HIT, replace(HIT, hit=False))}, {"missed": 1}),
        ({"acked": frozenset()}, {"acked": 0}),
    ],
    ids=["lost", "doubled", "strange", "acked", "stock", "place", "item", "missed", "nothing acknowledged"],
)
def test_a_broken_promise_is_counted(changed: dict[str, Any], counted: dict[str, int]) -> None:
    verdict = judge(replace(KEPT, **changed))
    assert {name: getattr(verdict, name) for name in counted} == counted
    assert not verdict.clean
