"""Which load a tag is on where goods hide it: what others leave of the doorways, and how loud each load's tags are."""

from collections.abc import Sequence

import pytest
from tagdock_edge.config import Thresholds
from tagdock_edge.passage.course import Course, Told, apart, course, louder
from tagdock_edge.passage.doorways import claims_of
from tagdock_edge.passage.load import Load
from tagdock_edge.passage.loads import loads
from tagdock_edge.passage.looks import Look
from tagdock_edge.passage.witness import Ways, Witness

UNTOLD = Told(0.0, 0.0)


def epcs(product: int, count: int) -> list[str]:
    return [f"{product:08X}{0x1000 * product + n:016X}" for n in range(count)]


def heard(epc: str, doors: dict[int, Ways], between_s: float = 0.8, loud_dbm: float | None = None) -> Witness:
    """A tag that passed at 1.5 s, well heard by both rows."""
    strength = UNTOLD if loud_dbm is None else Told(loud_dbm, 1.0 / 49.0)
    rows = Told(1.5 - between_s / 2, 10.0), Told(1.5 + between_s / 2, 10.0)
    passed = Course(*rows, Told(between_s, 20.0), Told(0.0, 5.0), strength)
    return Witness(epc, 0, 3_000_000, 1.5, passed, False, doors, {}, False)


def mates(witnesses: Sequence[Witness], epc: str) -> set[str]:
    (mine,) = (load for load in loads(witnesses, Thresholds()) if any(one.epc == epc for one in load.witnesses))
    return {one.epc for one in mine.witnesses}


FULL: list[Witness] = [heard(epc, {0: (10.0, 2.0, 6.0), 1: (4.0, 2.0, 3.0)}) for epc in epcs(1, 10)]
"""A load that comes in by the first door."""
SIDE: list[Witness] = [heard(epc, {0: (5.0, 2.0, 3.0), 1: (12.0, 3.0, 7.0)}) for epc in epcs(2, 6)]
"""Tags in step with it, that the second door hears better."""
OTHER: list[Witness] = [heard(epc, {1: (2.0, 14.0, 9.0), 0: (1.0, 2.0, 2.0)}, -0.8) for epc in epcs(3, 12)]
"""A load that goes out by the second door meanwhile."""


def test_tags_in_step_that_the_next_door_hears_better_are_a_load_of_their_own_where_its_doorway_is_free() -> None:
    assert mates([*FULL, *SIDE], SIDE[0].epc) == {one.epc for one in SIDE}


def test_they_are_on_the_load_beside_where_another_one_surely_passes_that_doorway() -> None:
    assert mates([*FULL, *SIDE, *OTHER], SIDE[0].epc) == {one.epc for one in [*FULL, *SIDE]}
    assert mates([*FULL, *SIDE, *OTHER], OTHER[0].epc) == {one.epc for one in OTHER}


def test_a_load_claims_a_doorway_from_those_that_meet_it_there_and_from_nobody_else() -> None:
    def load_of(tags: Sequence[Witness]) -> Load:
        load = Load()
        for one in tags:
            load.add(one)
        return load

    away = [heard(epc, {1: (12.0, 3.0, 7.0)}) for epc in epcs(4, 6)]
    for one in away:
        object.__setattr__(one, "middle_s", 60.0)
    claims = claims_of([load_of(OTHER), load_of(SIDE), load_of(away)])
    assert claims[1].keys() == {0}
    assert claims[1][0][1] < -2.5 < claims[1][0][0] <= 0.0
    assert claims[2] == {}


@pytest.mark.parametrize(
    ("loud_dbm", "belongs"), [(-63.0, False), (-42.0, True)], ids=["as loud as the others", "as loud as those there"]
)
def test_a_tag_is_on_the_load_whose_tags_are_about_as_loud(loud_dbm: float, belongs: bool) -> None:
    """Two loads in step, one of cans and one of cardboard; one tag that both doors hear, the second one better."""
    faint = [heard(epc, {0: (14.0, 3.0, 9.0), 1: (2.0, 1.0, 2.0)}, loud_dbm=-65.0) for epc in epcs(1, 10)]
    loud = [heard(epc, {0: (2.0, 1.0, 2.0), 1: (14.0, 3.0, 9.0)}, loud_dbm=-40.0) for epc in epcs(2, 10)]
    doubtful = heard(epcs(3, 1)[0], {0: (4.0, 1.0, 2.5), 1: (5.0, 1.0, 3.0)}, loud_dbm=loud_dbm)
    others = mates([*faint, *loud, doubtful], doubtful.epc) - {doubtful.epc}
    assert others == {one.epc for one in (loud if belongs else faint)}


def test_strength_is_no_time_and_a_tag_of_before_it_was_told_disagrees_with_nobody() -> None:
    faint, loud = (course({0: [Look(100_000, mw, -60.0)]}, {0: "outside"}, 0.0) for mw in (1e-7, 1e-4))
    assert faint.strength.value == pytest.approx(-70.0)
    assert apart(faint, loud) == pytest.approx(0.0)
    assert louder(faint, loud) == pytest.approx(30.0**2 / (4 * 49.0))
    assert louder(faint, Course(*loud[:4])) == 0.0
