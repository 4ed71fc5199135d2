"""How much a pick face is to get: never above what it may hold, nor more than there is to bring; and it says why."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tagdock_cloud.stockpolicy.refill import Face, refill
from tagdock_cloud.stockpolicy.replenish import Limits

TODAY = date(2026, 6, 10)
UNITS = st.integers(0, 10_000).map(float)


@pytest.mark.parametrize(
    ("limits", "face", "quantity"),
    [
        pytest.param(Limits(10, 30), Face("pick", 4, 0, 100), 26, id="to-the-maximum"),
        pytest.param(Limits(10), Face("pick", 4, 0, 100, 7.5), 14, id="a-week-above-the-minimum"),
        pytest.param(Limits(10), Face("pick", 4, 0, 100), 6, id="to-the-minimum-where-nothing-is-known"),
        pytest.param(Limits(10, 30), Face("pick", 10, 0, 100), None, id="holds-its-minimum"),
        pytest.param(Limits(10, 30), Face("pick", 4, 6, 100), None, id="is-on-its-way"),
        pytest.param(Limits(10, 30), Face("pick", 4, 5, 100), 21, id="too-little-is-on-its-way"),
        pytest.param(Limits(10, 30), Face("pick", 4, 0, 9), 9, id="as-much-as-there-is"),
        pytest.param(Limits(10, 30), Face("pick", 4, 0, 0), None, id="nothing-to-bring"),
        pytest.param(Limits(None, 30), Face("pick", 0, 0, 100), None, id="no-minimum"),
    ],
)
def test_a_face_gets_what_it_lacks(limits: Limits, face: Face, quantity: int | None) -> None:
    found = refill(TODAY, limits, face)
    assert (found and found.quantity) == quantity
    if found is not None:
        assert (found.order_on, found.needed_on, found.reorder_point) == (TODAY, TODAY, limits.low)


@settings(deadline=None)
@given(low=st.integers(1, 5_000), room=st.integers(1, 5_000), units=UNITS, coming=UNITS, elsewhere=UNITS)
def test_a_refill_never_overfills_nor_asks_for_more_than_there_is(
    low: int, room: int, units: float, coming: float, elsewhere: float
) -> None:
    high = float(low + room)
    found = refill(TODAY, Limits(float(low), high), Face("pick", units, coming, elsewhere))
    if found is None:
        assert units + coming >= low or elsewhere < 1
    else:
        assert units + coming < low and 1 <= found.quantity <= elsewhere
        assert units + coming + found.quantity <= high


def test_it_says_why() -> None:
    found = refill(TODAY, Limits(10, 30), Face("pick", 4, 1, 9))
    assert found is not None
    assert found.why == (
        "4 in pick, 1 on the way there; the minimum is 10. Up to the maximum of 30. 9 lie in other zones: all of it."
    )
