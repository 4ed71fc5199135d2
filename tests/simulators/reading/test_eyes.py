"""Photo-eyes see bodies: when, which, and once for what follows closely."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from tagdock_contract import InputChange
from tagdock_simulators.doors import FORKLIFT, PALLET, PERSON, Carrier, Crossing, two_row
from tagdock_simulators.reading import field_reads

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
DOOR = two_row("D2", "dock-2", 4.0, eyes=True)
Loads = Callable[..., Crossing]
OUTSIDE, INSIDE = 1, 2


def changes(crossings: Iterable[Crossing]) -> list[Any]:
    """Return (seconds, input, broken) of each change."""
    found: list[InputChange] = [each for block in field_reads([DOOR], crossings, 1) for each in block.inputs]
    return [(round((each.at - AT).total_seconds(), 3), each.gpi, each.state) for each in found]


@pytest.mark.parametrize("carrier", [PALLET, PERSON, FORKLIFT], ids=lambda each: each.name)
def test_a_body_breaks_the_beams_one_after_the_other_for_as_long_as_it_is_there(load: Loads, carrier: Carrier) -> None:
    """At 2 m/s, from 3 m: the nose is at the outside beam, 1 m before the door, after (2 - ahead) / 2 seconds."""
    found = changes([load(0, reach_m=5.0, carrier=carrier)])
    first_s, long_s = (4.0 - carrier.ahead_m) / 2.0, (carrier.ahead_m + carrier.behind_m) / 2.0
    expected = [
        (first_s, OUTSIDE, True),
        (first_s + long_s, OUTSIDE, False),
        (first_s + 1.0, INSIDE, True),
        (first_s + 1.0 + long_s, INSIDE, False),
    ]
    assert sorted(found) == [(pytest.approx(at, abs=0.005), gpi, state) for at, gpi, state in sorted(expected)]
    assert [at for at, _, _ in found] == sorted(at for at, _, _ in found)


def test_what_goes_out_breaks_the_inside_beam_first(load: Loads) -> None:
    assert [gpi for _, gpi, state in changes([load(0, "out", reach_m=5.0)]) if state] == [INSIDE, OUTSIDE]


def test_loads_that_follow_closely_break_a_beam_once(load: Loads) -> None:
    close = [load(0, reach_m=5.0), load(0, reach_m=5.0, after_s=1.0, number=1)]
    assert [(gpi, state) for _, gpi, state in changes(close)].count((OUTSIDE, True)) == 1
    apart = [load(0, reach_m=5.0), load(0, reach_m=5.0, after_s=4.0, number=1)]
    assert [(gpi, state) for _, gpi, state in changes(apart)].count((OUTSIDE, True)) == 2


def test_edges_alternate_however_loads_overlap(load: Loads) -> None:
    loads = [load(0, "out" if n % 3 else "in", after_s=0.4 * n, number=n, reach_m=4.0) for n in range(30)]
    for gpi in (OUTSIDE, INSIDE):
        states = [state for _, which, state in changes(loads) if which == gpi]
        assert states == [True, False] * (len(states) // 2)


def test_a_turning_load_breaks_the_outside_beam_once_while_it_stands_in_it(load: Loads) -> None:
    found = changes([load(0, "turn", reach_m=5.0, stay_s=3.0)])
    assert [(gpi, state) for _, gpi, state in found] == [(OUTSIDE, True), (OUTSIDE, False)]
    assert found[1][0] - found[0][0] > 3.0


def test_what_passes_along_the_wall_breaks_a_beam_only_if_it_comes_close(load: Loads) -> None:
    assert changes([load(0, "pass", reach_m=5.0)]) == []
    assert changes([load(0, "pass", reach_m=5.0, where_m=-1.2)]) == [
        (pytest.approx((5.0 - 1.3 - 0.6) / 2, abs=0.005), OUTSIDE, True),  # the nose comes to the doorway's edge
        (pytest.approx((5.0 + 1.3 + 1.9) / 2, abs=0.005), OUTSIDE, False),  # the truck's tail leaves its other edge
    ]
