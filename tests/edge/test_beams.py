"""Photo-eyes: bodies in two light beams, and whose body a tag was on; worked out from how things move."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import hypot, log10

import msgspec
import pytest
from tagdock_contract import Side
from tagdock_edge.config import Thresholds
from tagdock_edge.passage import beams
from tagdock_edge.passage.bodies import bodies
from tagdock_edge.passage.eyes import BREAKS_A_DOOR, SILENT_AFTER, STUCK_US, Beams, Break, Kept, PhotoEyes
from tagdock_edge.passage.layout import Door
from tagdock_edge.passage.opinion import NONE, Opinion, Way
from tagdock_edge.passage.profile import Seen

SIDES: tuple[Side, Side] = ("outside", "inside")
BEAM_M = {"outside": -0.8, "inside": 0.8}
DOOR = Door("D1", {0: "inside"}, two_rows=False, eyes=SIDES)
STEP_US = 10_000
PALLET, PERSON = (1.9, 0.6), (0.35, 0.35)
"""How far a body reaches behind its tags and ahead of them, in metres."""

Place = Callable[[float], float]


def along(*points: tuple[float, float]) -> Place:
    """Go from place to place: (seconds, metres), at rest before the first and after the last."""

    def place(at_s: float) -> float:
        for (begin_s, begin_m), (end_s, end_m) in pairwise(points):
            if begin_s <= at_s < end_s:
                return begin_m + (end_m - begin_m) * (at_s - begin_s) / (end_s - begin_s)
        return points[0][1] if at_s < points[0][0] else points[-1][1]

    return place


def seen(moving: Iterable[tuple[Place, tuple[float, float]]], lasts_s: float) -> list[tuple[int, Side, bool]]:
    """Say what two eyes tell while bodies move: (microseconds, side, broken). A body faces the way it first goes."""
    faced = [(place, body, 1.0 if place(lasts_s) >= place(0.0) else -1.0) for place, body in moving]
    told, state = [], dict.fromkeys(SIDES, False)
    for at_us in range(0, int(lasts_s * 1e6), STEP_US):
        for side in SIDES:
            x = BEAM_M[side]
            broken = any(
                min(-back * face, ahead * face) <= x - place(at_us / 1e6) <= max(-back * face, ahead * face)
                for place, (back, ahead), face in faced
            )
            if broken != state[side]:
                state[side] = broken
                told.append((at_us, side, broken))
    return told


def eyes(told: Iterable[tuple[int, Side, bool]]) -> PhotoEyes:
    found = PhotoEyes()
    for at_us, side, broken in told:
        found.add("D1", side, at_us, broken)
    return found


def reads(place: Place, lasts_s: float, from_s: float = 0.0) -> list[Seen]:
    """Read one tag every 50 ms while it is in reach of the row at x = 0.3."""
    found = []
    for n in range(int(from_s * 20), int(lasts_s * 20)):
        rssi_dbm = -35.0 - 60.0 * log10(hypot(place(n / 20) - 0.3, 1.5))
        if rssi_dbm > -72.0:
            found.append(Seen(n * 50_000, 0, round(rssi_dbm, 1)))
    return found


def opinion(found: Sequence[Seen], told: PhotoEyes, door: Door = DOOR) -> Opinion:
    return beams.opinion(door, found, told.about("D1", found[0].at_us, found[-1].at_us), Thresholds())


def clear(said: Opinion) -> Way | None:
    shares = said.shares()
    best = max(shares, key=lambda way: shares[way])
    return best if shares[best] >= 0.9 else None


WAYS: dict[str, tuple[Place, tuple[float, float], Way]] = {
    "a pallet comes in": (along((1, -4), (5, 4)), PALLET, "in"),
    "a pallet goes out": (along((1, 4), (5, -4)), PALLET, "out"),
    "a person comes in": (along((1, -4), (7, 4)), PERSON, "in"),
    "a person goes out": (along((1, 4), (7, -4)), PERSON, "out"),
    "a pallet stops half-way and goes on": (along((1, -4), (3, 0), (8, 0), (10, 4)), PALLET, "in"),
    "a pallet stops in the first beam and goes on": (along((1, -4), (2.5, -1), (5, -1), (7.5, 4)), PALLET, "in"),
    "turns back in the outer beam": (along((1, -4), (3, -0.6), (5, -0.6), (7, -4.01)), PALLET, "stay"),
    "turns back in both beams": (along((1, -4), (3, 0.5), (5, 0.5), (7, -3.99)), PALLET, "stay"),
    "turns back, from inside": (along((1, 4), (3, 0.4), (4, 0.4), (6, 3.99)), PALLET, "stay"),
}


@pytest.mark.parametrize(("place", "body", "way"), WAYS.values(), ids=WAYS)
def test_the_way_of_a_body_is_its_tags_way(place: Place, body: tuple[float, float], way: Way) -> None:
    told = eyes(seen([(place, body)], 12.0))
    assert clear(opinion(reads(place, 12.0), told)) == way


def test_loads_that_follow_each_other_each_have_their_own_way() -> None:
    came, went, again = along((1, -4), (5, 4)), along((7, 4), (11, -4)), along((13, -4), (17, 4))
    told = eyes(seen([(came, PALLET), (went, PALLET), (again, PALLET)], 20.0))
    assert clear(opinion(reads(came, 6.0), told)) == "in"
    assert clear(opinion(reads(went, 12.0, 6.0), told)) == "out"
    assert clear(opinion(reads(again, 18.0, 12.0), told)) == "in"


def test_goods_that_stand_beside_the_lane_do_not_go_with_a_load_that_passes() -> None:
    told = eyes(seen([(along((4, -4), (8, 4)), PALLET)], 12.0))
    parked = [read._replace(rssi_dbm=-52.0 + n % 3 * 5.0) for n, read in enumerate(reads(lambda _: 0.3, 12.0))]
    assert clear(opinion(parked, told)) is None or clear(opinion(parked, told)) == "stay"
    assert opinion(parked, told).stayed > opinion(parked, told).came_in


def test_goods_that_pass_along_the_wall_belong_to_nobody_in_the_beams() -> None:
    told = eyes(seen([(along((1, -4), (5, 4)), PALLET)], 20.0))
    assert clear(opinion(reads(along((13, 4), (17, -4)), 20.0, 12.0), told)) is None
    assert opinion(reads(along((13, 4), (17, -4)), 20.0, 12.0), told).stayed > -0.5


def test_a_tag_that_is_only_overheard_has_no_body() -> None:
    told = eyes(seen([(along((1, -4), (5, 4)), PALLET)], 8.0))
    assert opinion([Seen(3_000_000, 0, -70.0)], told) == NONE


def test_light_that_flickers_through_a_load_changes_nothing() -> None:
    place = along((1, -4), (5, 4))
    told = seen([(place, PALLET)], 8.0)
    begun = next(at_us for at_us, side, broken in told if side == "inside" and broken)
    gaps = [(begun + 300_000, False), (begun + 360_000, True), (begun + 700_000, False), (begun + 790_000, True)]
    told = sorted([*told, *((at_us, SIDES[1], broken) for at_us, broken in gaps)])
    assert clear(opinion(reads(place, 8.0), eyes(told))) == "in"


def test_a_beam_that_is_still_broken_when_the_tag_has_left_is_enough() -> None:
    place = along((1, 4), (3, 0), (30, 0))
    told = eyes([each for each in seen([(along((1, 4), (5, -4)), PALLET)], 8.0) if each[0] < 4_300_000])
    assert [one.cleared_us is None for one in told.during("D1", 0, 10**7)] == [False, True]
    assert clear(opinion(reads(place, 3.5), told)) == "out"


@pytest.mark.parametrize("gap_m", [0.2, 0.5, 1.2])
@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["in", "out"])
def test_cartons_on_a_belt_are_never_told_the_wrong_way(gap_m: float, sign: float) -> None:
    """Alike, and closer to each other than the beams: where the beams cannot tell, they say so."""
    every_m = 0.6 + gap_m
    cartons = [along((0, sign * (-4 - n * every_m)), (20, sign * (36 - n * every_m))) for n in range(8)]
    told = seen([(place, (0.3, 0.3)) for place in cartons], 9.0)
    for n, place in enumerate(cartons):
        found = reads(place, 9.0)
        assert clear(opinion(found, eyes(told))) in (None, "in" if sign > 0 else "out"), n


def test_one_eye_says_that_somebody_was_there_and_not_which_way() -> None:
    place = along((1, -4), (5, 4))
    told = eyes(each for each in seen([(place, PALLET)], 8.0) if each[1] == "inside")
    said = opinion(reads(place, 8.0), told, Door("D1", {0: "inside"}, two_rows=False, eyes=("inside",)))
    assert said.came_in == said.went_out > said.stayed


def test_an_eye_that_never_sees_anybody_is_not_asked() -> None:
    """Else all that passes would have turned back in the other beam."""
    ways = [along((1 + 6 * n, -4), (5 + 6 * n, 4)) for n in range(SILENT_AFTER + 1)]
    told = eyes(each for each in seen([(place, PALLET) for place in ways], 60.0) if each[1] == "outside")
    said = opinion(reads(ways[-1], 60.0, 6.0 * SILENT_AFTER), told)
    assert said.came_in == said.went_out > said.stayed
    assert told.about("D1", 0, 60_000_000).mute == {"inside"}


def test_an_eye_that_stays_broken_is_not_asked() -> None:
    place = along((101, -4), (105, 4))
    told = seen([(place, PALLET)], 110.0)
    stuck = eyes([(5_000_000, "inside", True), *(each for each in told if each[1] == "outside")])
    found = reads(place, 110.0, 100.0)
    assert found[-1].at_us > 5_000_000 + STUCK_US
    said = opinion(found, stuck)
    assert said.came_in == said.went_out > said.stayed


def test_without_a_broken_beam_eyes_have_nothing_to_say() -> None:
    """They may not be wired at all: silence since the start is no proof that nobody passed."""
    assert opinion(reads(along((1, -4), (5, 4)), 6.0), PhotoEyes()) == NONE


def test_beams_remembered_are_bounded_however_long_a_door_is_busy() -> None:
    told = PhotoEyes()
    for n in range(3 * BREAKS_A_DOOR):
        told.add("D1", SIDES[n % 2], 2_000_000 * n, True)
        told.add("D1", SIDES[n % 2], 2_000_000 * n + 1_000_000, False)
    assert len(told.during("D1", 0, 10**12)) == BREAKS_A_DOOR


def test_an_eye_that_repeats_itself_changes_nothing() -> None:
    told = eyes([(1, "outside", True), (2, "outside", True), (3, "outside", False), (4, "outside", False)])
    assert told.during("D1", 0, 10) == [Break("outside", 1, 3)]


def test_eyes_that_were_kept_go_on_as_if_nothing_had_been() -> None:
    place = along((1, -4), (5, 4))
    told = seen([(place, PALLET)], 8.0)
    whole, first = eyes(told), eyes(told[:2])
    assert [one.cleared_us for one in first.during("D1", 0, 10**7)] == [None, None]
    after = PhotoEyes()
    after.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(first.kept()), type=dict[str, Kept]))
    for at_us, side, broken in told[2:]:
        after.add("D1", side, at_us, broken)
    assert after.kept() == whole.kept()
    assert opinion(reads(place, 8.0), after) == opinion(reads(place, 8.0), whole)


PAIRS = {
    "overlapping, outside first": ([("outside", 0, 20), ("inside", 8, 28)], ["in"]),
    "overlapping, inside first": ([("inside", 0, 20), ("outside", 8, 28)], ["out"]),
    "one after the other": ([("outside", 0, 7), ("inside", 15, 22)], ["in"]),
    "one within the other": ([("outside", 0, 40), ("inside", 10, 20)], ["stay", "stay"]),
    "light shines through one": ([("outside", 0, 20), ("inside", 8, 14), ("inside", 15, 28)], ["in"]),
    "one alone": ([("outside", 0, 20)], ["stay"]),
    "too far apart": ([("outside", 0, 20), ("inside", 80, 100)], ["stay", "stay"]),
    "at once": ([("outside", 0, 20), ("inside", 0, 20)], ["stay", "stay"]),
    "fits both ways": ([("outside", 0, 6), ("inside", 8, 14), ("outside", 16, 22)], [None, None]),
    "an hour in the beam": ([("inside", 0, 36_000), ("outside", 100, 120)], ["stay"]),
}


@pytest.mark.parametrize(("spans", "ways"), PAIRS.values(), ids=PAIRS)
def test_breaks_are_paired_by_how_they_begin_and_end(
    spans: list[tuple[Side, int, int]], ways: list[Way | None]
) -> None:
    """Times in tenths of a second."""
    breaks = [Break(side, begin * 100_000, end * 100_000) for side, begin, end in spans]
    assert [body.way for body in bodies(breaks, SIDES)] == ways


def test_a_mute_eye_leaves_the_other_one_alone() -> None:
    breaks = (Break("outside", 0, 2_000_000), Break("inside", 800_000, 2_800_000))
    found = [Seen(at_us, 0, -50.0 if 900_000 < at_us < 1_900_000 else -70.0) for at_us in range(0, 3_000_000, 50_000)]
    both = beams.opinion(DOOR, found, Beams(breaks), Thresholds())
    one = beams.opinion(DOOR, found, Beams(breaks, frozenset({"inside"})), Thresholds())
    assert (clear(both), clear(one)) == ("in", None)
