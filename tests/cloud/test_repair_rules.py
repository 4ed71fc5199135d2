"""Which cartons parts come from, and who may write a work order."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tagdock_cloud.access.roles import Caller
from tagdock_cloud.repairs.rules import check_closable, check_theirs, check_visible, taken_from
from tagdock_cloud.web.problems import Problem

ORDER = {"closed_at": None, "closed_by": None, "technician": "user:bo", "test_passed": None, "state": "open"}


@settings(max_examples=50, deadline=None)
@given(some.lists(some.integers(0, 9), max_size=6), some.integers(1, 20))
def test_units_come_from_the_first_cartons_and_no_carton_gives_more_than_it_has(held: list[int], wanted: int) -> None:
    cartons = [{"epc": str(place), "quantity": units} for place, units in enumerate(held)]
    if sum(held) < wanted:
        with pytest.raises(Problem):
            taken_from(cartons, wanted)
        return
    taken = taken_from(cartons, wanted)
    assert sum(one.quantity for one in taken) == wanted
    assert all(one.quantity > 0 and one.left == held[int(one.epc)] - one.quantity >= 0 for one in taken)
    places = [int(one.epc) for one in taken]
    assert places == sorted(places)
    assert all(held[place] == 0 or place in places[:-1] for place in range(places[-1]))
    assert all(one.left == 0 for one in taken[:-1])


@pytest.mark.parametrize(
    ("name", "role", "sees", "writes"),
    [("bo", "technician", True, True), ("li", "technician", False, False), ("li", "inspector", True, False),
     ("li", "operator", True, False), ("li", "manager", True, True), ("li", "admin", True, True)],
)  # fmt: skip
def test_a_work_order_is_its_technicians(name: str, role: Any, sees: bool, writes: bool) -> None:
    caller = Caller(name, role, kind="user")
    for check, may in ((check_visible, sees), (check_theirs, writes)):
        if may:
            check(ORDER, caller)
            continue
        with pytest.raises(Problem) as told:
            check(ORDER, caller)
        assert told.value.status == 403


@pytest.mark.parametrize(("passed", "may"), [(None, False), (False, False), (True, True)])
def test_nothing_is_repaired_without_a_test_that_was_passed(passed: bool | None, may: bool) -> None:
    check_closable({**ORDER, "test_passed": passed}, "irreparable")
    if may:
        check_closable({**ORDER, "test_passed": passed}, "repaired")
        return
    with pytest.raises(Problem):
        check_closable({**ORDER, "test_passed": passed}, "repaired")
