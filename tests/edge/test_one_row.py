"""One row of antennas: hand-made reads of tags that go past it, and what it may say of them."""

import random
from collections.abc import Callable, Sequence
from math import cos, hypot, log10, radians, sin

import pytest
from tagdock_contract import Side
from tagdock_edge.config import Thresholds
from tagdock_edge.passage import one_row
from tagdock_edge.passage.layout import Door
from tagdock_edge.passage.opinion import Opinion, Way
from tagdock_edge.passage.profile import NOT_TOLD, Seen
from tagdock_edge.passage.radial import passed

WAVELENGTH_M = 0.346
POSTS = ((0, 1.5), (1, -1.5))
"""Each antenna's number and its place across the lane, in metres; all stand at x = 0 and look to the inside."""
THRESHOLDS = Thresholds()

Place = Callable[[float], float]


def door(side: Side = "inside") -> Door:
    return Door("D1", {number: side for number, _ in POSTS}, two_rows=False, eyes=())


def reads(
    place_m: Place,
    lasts_s: float,
    *,
    turned_deg: float = 45.0,
    every_s: float = 0.009,
    phase: float = 1.0,
    doppler: bool = False,
    stamp_us: int = 1,
    seed: int = 1,
) -> list[Seen]:
    """Read a tag on its way: each antenna has the word for 40 ms; noisy powers, phases that may be half a turn off.

    `phase` is +1 where it grows with the distance, -1 where it falls, 0 where it is not told.
    """
    chance, look = random.Random(seed), radians(turned_deg)
    found, at_s = [], 0.0
    while at_s < lasts_s:
        number, across_m = POSTS[int(at_s / 0.04) % 2]
        x = place_m(at_s)
        distance = hypot(x, across_m - 0.1)
        off = max((x * sin(look) + abs(across_m) * cos(look)) / distance, 0.1)
        rssi_dbm = -40.0 - 40.0 * log10(distance) + 80.0 * log10(off) + chance.gauss(0.0, 2.0)
        speed = (place_m(at_s + 1e-4) - place_m(at_s - 1e-4)) / 2e-4
        turns = phase * 2.0 * distance / WAVELENGTH_M + 0.3 + chance.gauss(0.0, 0.02) + chance.choice((0.0, 0.5))
        shift_hz = -2.0 * speed * x / distance / WAVELENGTH_M + chance.gauss(0.0, 8.0)
        if rssi_dbm > -75.0:
            at_us = round(at_s * 1e6) // stamp_us * stamp_us
            told = turns % 1.0 * 360.0 if phase else NOT_TOLD, shift_hz if doppler else NOT_TOLD
            found.append(Seen(at_us, number, round(rssi_dbm, 1), *told, 1 + int(at_s / 0.4) % 4))
        at_s += every_s * chance.uniform(0.7, 1.3)
    return found


def steady(from_m: float, to_m: float, speed: float) -> tuple[Place, float]:
    sign = 1.0 if to_m > from_m else -1.0
    return (lambda at_s: from_m + sign * speed * at_s), abs(to_m - from_m) / speed


def told(found: Sequence[Seen], side: Side = "inside") -> Way | None:
    """Return the way that an opinion is clear about."""
    return clear(one_row.opinion(door(side), found, THRESHOLDS))


def clear(opinion: Opinion) -> Way | None:
    shares = opinion.shares()
    best = max(shares, key=lambda way: shares[way])
    return best if shares[best] >= THRESHOLDS.clear else None


IN, OUT = (-3.0, 3.5), (3.5, -3.0)


@pytest.mark.parametrize("phase", [1.0, -1.0], ids=["phase grows", "phase falls"])
@pytest.mark.parametrize("speed", [0.7, 1.0, 2.0, 3.0])
@pytest.mark.parametrize(("ends", "way"), [(IN, "in"), (OUT, "out")], ids=["in", "out"])
def test_a_turned_row_tells_the_way_from_phases(
    ends: tuple[float, float], way: Way, speed: float, phase: float
) -> None:
    assert told(reads(*steady(*ends, speed), phase=phase)) == way


@pytest.mark.parametrize(("ends", "way"), [(IN, "out"), (OUT, "in")], ids=["in", "out"])
def test_a_row_that_looks_outside_hears_it_the_other_way_round(ends: tuple[float, float], way: Way) -> None:
    """The same reads: only the side that the installer gave the antennas differs."""
    assert told(reads(*steady(*ends, 1.5)), "outside") == way


@pytest.mark.parametrize(("ends", "way"), [(IN, "in"), (OUT, "out")], ids=["in", "out"])
def test_doppler_shifts_alone_tell_it_too(ends: tuple[float, float], way: Way) -> None:
    assert told(reads(*steady(*ends, 1.5), phase=0.0, doppler=True)) == way


@pytest.mark.parametrize(("ends", "way"), [(IN, "in"), (OUT, "out")], ids=["in", "out"])
def test_one_read_a_turn_of_an_antenna_is_too_few_but_two_are_enough(ends: tuple[float, float], way: Way) -> None:
    found = reads(*steady(*ends, 1.5), every_s=0.021)
    assert told(found) == way
    alone = [read for n, read in enumerate(found) if not n or read.antenna != found[n - 1].antenna]
    assert told(alone) is None


@pytest.mark.parametrize("ends", [IN, OUT], ids=["in", "out"])
@pytest.mark.parametrize("seed", range(4))
def test_a_row_that_looks_straight_across_never_claims_a_way(ends: tuple[float, float], seed: int) -> None:
    opinion = one_row.opinion(door(), reads(*steady(*ends, 1.5), turned_deg=0.0, seed=seed, doppler=True), THRESHOLDS)
    assert clear(opinion) is None
    assert max(opinion.came_in, opinion.went_out) > opinion.stayed + 0.5  # nor does it say that nobody passed


@pytest.mark.parametrize(("ends", "way"), [(IN, "in"), (OUT, "out")], ids=["in", "out"])
def test_goods_that_creep_are_told_by_a_few_tags(ends: tuple[float, float], way: Way) -> None:
    opinions = [
        one_row.opinion(door(), reads(*steady(*ends, 0.3), every_s=0.015, seed=seed), THRESHOLDS) for seed in range(3)
    ]
    load = Opinion(*(sum(getattr(one, name) for one in opinions) for name in ("came_in", "went_out", "stayed")))
    assert clear(load) == way


def test_goods_that_turn_back_before_the_row_are_no_passage() -> None:
    def place(at_s: float) -> float:
        return 0.3 - abs(at_s - 2.0) * 1.5

    assert told(reads(place, 4.0)) not in ("in", "out")


def test_goods_that_stand_stay() -> None:
    opinion = one_row.opinion(door(), reads(lambda at_s: 1.0 + 0.002 * at_s, 4.0), THRESHOLDS)
    assert opinion.stayed > max(opinion.came_in, opinion.went_out) + 1.0


def test_goods_that_are_just_heard_kept_away() -> None:
    """As from along the wall outside: all reads are near the weakest that there can be."""
    found = [Seen(at_us * 300_000, 0, -71.0 - at_us % 2) for at_us in range(6)]
    assert told(found) == "stay"


def test_without_phase_and_doppler_one_tag_alone_claims_nothing_and_the_reason_says_so() -> None:
    opinion = one_row.opinion(door(), reads(*steady(*IN, 1.5), phase=0.0), THRESHOLDS)
    assert clear(opinion) is None
    assert min(opinion.came_in, opinion.went_out) > opinion.stayed
    assert "no phase or Doppler shift" in opinion.reason


@pytest.mark.parametrize(("side", "way"), [("inside", "in"), ("outside", "out")])
@pytest.mark.parametrize("sign", [1, -1], ids=["lingers", "the other way round"])
def test_without_phases_a_load_that_lingers_goes_the_way_the_row_looks(side: Side, way: Way, sign: int) -> None:
    """Loud soon after it was first heard, then fainter and fainter: a row hears farther to its own side."""
    powers = [-62.0, -50.0, -42.0, -40.0, *(-42.0 - n for n in range(26))]
    found = [Seen(n * 100_000, 0, power) for n, power in enumerate(powers[::sign])]
    chance = random.Random(3)
    anyhow = [read._replace(phase_deg=chance.uniform(0, 360), at_us=read.at_us * 4 // 10) for read in found]
    for each in (found, anyhow):
        one = one_row.opinion(door(side), each, THRESHOLDS)
        load = Opinion(4 * one.came_in, 4 * one.went_out, 4 * one.stayed)
        assert clear(load) == (way if sign > 0 else {"in": "out", "out": "in"}[way])


def test_phases_are_believed_where_they_follow_a_rule() -> None:
    """Only where they don't, lingering is asked instead."""
    chance = random.Random(1)
    found = reads(*steady(*IN, 1.5), turned_deg=0.0)
    told, random_ones = passed(found), passed([read._replace(phase_deg=chance.uniform(0, 360)) for read in found])
    assert told is not None
    assert random_ones is not None
    assert told.told > 0.99
    assert random_ones.told < 0.2


@pytest.mark.parametrize("ends", [IN, OUT], ids=["in", "out"])
@pytest.mark.parametrize("seed", range(4))
def test_reads_stamped_when_their_report_left_do_not_tell_a_wrong_way(ends: tuple[float, float], seed: int) -> None:
    way = told(reads(*steady(*ends, 1.5), stamp_us=50_000, seed=seed))
    assert way in (None, "in" if ends == IN else "out")


@pytest.mark.parametrize("seed", range(6))
def test_phases_that_follow_no_rule_tell_nothing(seed: int) -> None:
    """A dozen reads too far apart in time, or stamped anyhow: some speed always happens to fit them a little."""
    chance = random.Random(seed)
    found = [read._replace(phase_deg=chance.uniform(0, 360)) for read in reads(*steady(*IN, 1.5), every_s=0.02)]
    assert told(found) is None


def test_a_doppler_shift_that_is_always_zero_is_none() -> None:
    found = [read._replace(doppler_hz=0.0) for read in reads(*steady(*IN, 1.5), phase=0.0)]
    assert passed(found) is None


@pytest.mark.parametrize("speed", [0.5, 1.5, 3.0])
def test_the_time_of_passing_is_found(speed: float) -> None:
    found = passed(reads(*steady(-3.0, 3.0, speed), turned_deg=0.0))
    assert found is not None
    best_us, _ = max(found.times, key=lambda time: time[1])
    assert best_us / 1e6 == pytest.approx(3.0 / speed, abs=0.35 / speed)
    assert sum(likely for _, likely in found.times) + found.still == pytest.approx(1.0)


def test_the_mirror_image_of_a_straight_row_is_the_same_row() -> None:
    """Why no rule can tell: distances and angles are the same for goods that come in and goods that go out."""
    came, went = (reads(*steady(*ends, 1.5), turned_deg=0.0) for ends in ((-3.0, 3.0), (3.0, -3.0)))
    assert [read[:3] for read in came] == [read[:3] for read in went]
    assert [read.phase_deg for read in came] == pytest.approx([read.phase_deg for read in went])


def test_the_opinion_does_not_hang_on_the_order_of_antennas() -> None:
    found = reads(*steady(*IN, 1.5))
    swapped = sorted(read._replace(antenna=1 - read.antenna) for read in found)
    one, other = (one_row.opinion(door(), each, THRESHOLDS) for each in (found, swapped))
    assert (one.came_in, one.went_out) == pytest.approx((other.came_in, other.went_out))
