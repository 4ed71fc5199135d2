"""Goods that were there before a load came are not on it; and what little evidence is worth."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log10

import pytest
from tagdock_contract import TagRead
from tagdock_edge.clock import to_us
from tagdock_edge.config import AntennaConfig, DoorConfig, PassageConfig, Thresholds
from tagdock_edge.passage import Detector
from tagdock_edge.passage.course import Course, Told
from tagdock_edge.passage.ends import Stay
from tagdock_edge.passage.eyes import PhotoEyes
from tagdock_edge.passage.judge import judge
from tagdock_edge.passage.layout import Layout
from tagdock_edge.passage.load import alone
from tagdock_edge.passage.loads import loads
from tagdock_edge.passage.order import Order
from tagdock_edge.passage.profile import Seen
from tagdock_edge.passage.two_rows import weighed
from tagdock_edge.passage.witness import Site, Ways, Witness

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
DOOR = DoorConfig("D1", (AntennaConfig("dock-1", 1, "outside"), AntennaConfig("dock-1", 2, "inside")))
CAME_IN: Ways = (8.0, 2.0, 5.0)
NOTHING: Ways = (3.0, 3.0, 3.0)
PASSES_S = 100.0


def epcs(product: int, count: int) -> list[str]:
    return [f"{product:08X}{0x1000 * product + n:016X}" for n in range(count)]


def heard(epc: str, ways: Ways, came_s: float, *, stood: bool = False) -> Witness:
    """A tag that both rows of the first door heard at `PASSES_S`, in the field since `came_s`."""
    rows = Told(PASSES_S - 0.4, 10.0), Told(PASSES_S + 0.4, 10.0)
    passed = Course(*rows, Told(0.8, 20.0), Told(0.0, 5.0), came=Told(came_s, 0.3))
    stay = Stay(round(came_s * 1e6), round((PASSES_S + 1) * 1e6), 3, (0.0,), round(came_s * 1e6))
    return Witness(epc, 0, 0, PASSES_S, passed, stood, {0: ways}, {}, True, stay)


def mates(witnesses: list[Witness], epc: str) -> set[str]:
    (mine,) = (load for load in loads(witnesses, Thresholds()) if any(one.epc == epc for one in load.witnesses))
    return {one.epc for one in mine.witnesses}


@pytest.mark.parametrize(("tags", "of"), [(1, 20), (4, 20), (1, 120)])
@pytest.mark.parametrize(("earlier_s", "one"), [(0.5, True), (12.0, False)], ids=["with it", "long before"])
def test_tags_that_were_there_before_a_load_came_are_not_on_it(tags: int, of: int, earlier_s: float, one: bool) -> None:
    passing = [heard(epc, CAME_IN, PASSES_S - 1.0) for epc in epcs(1, of)]
    others = [heard(epc, NOTHING, PASSES_S - 1.0 - earlier_s) for epc in epcs(2, tags)]
    assert (passing[0].epc in mates([*passing, *others], others[0].epc)) is one
    assert mates([*passing, *others], passing[0].epc) >= {each.epc for each in passing}


def test_tags_that_came_together_are_one_load_though_some_of_them_were_seen_to_stand() -> None:
    waited = [heard(epc, CAME_IN, PASSES_S - 30.0, stood=n % 2 == 0) for n, epc in enumerate(epcs(1, 12))]
    assert mates(waited, waited[0].epc) == {each.epc for each in waited}


def passing_reads(chance: random.Random) -> list[TagRead]:
    """A load of fifteen comes in by the middle of the lane within three seconds, from second 40 on."""
    found = []
    for epc in epcs(1, 15):
        ahead = chance.uniform(-0.5, 0.5)
        for step in range(60):
            x = -3.0 + 6.0 * step / 59 + ahead
            for antenna, row_x in ((1, -1.0), (2, 1.0)):
                rssi = round(-30 - 60 * log10(((x - row_x) ** 2 + 4) ** 0.5) + chance.gauss(0, 2), 1)
                if rssi > -72:
                    at = START + timedelta(seconds=40 + step / 20, microseconds=chance.randrange(40_000))
                    found.append(TagRead(at, "dock-1", antenna, epc, rssi))
    return found


def parked_reads(chance: random.Random, silent_s: float) -> list[TagRead]:
    """Two tags stand outside, hardly heard: twice long before, once as the load passes, by the row beside them."""
    seconds = (41.5 - 2 * silent_s, 41.5 - silent_s, 41.5)
    return [
        TagRead(START + timedelta(seconds=at + chance.uniform(0, 0.2)), "dock-1", 1, epc, -70.0 + chance.gauss(0, 1))
        for epc in epcs(2, 2)
        for at in seconds
    ]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("silent_s", [8.0, 18.0], ids=["silent for seconds", "silent for longer than goods wait"])
@pytest.mark.parametrize("restarts", [False, True])
def test_parked_goods_that_are_read_as_a_load_passes_do_not_go_with_it(
    seed: int, silent_s: float, restarts: bool
) -> None:
    chance = random.Random(seed)
    detector, told = Detector([DOOR], PassageConfig()), []
    for n, read in enumerate(sorted([*passing_reads(chance), *parked_reads(chance, silent_s)], key=lambda one: one.at)):
        if restarts and n < 6:
            kept = detector.snapshot()
            detector = Detector([DOOR], PassageConfig())
            detector.restore(kept)
        detector.add(read)
        told += detector.advance(to_us(read.at))
    told += detector.flush()
    parked = set(epcs(2, 2))
    assert not [one for one in told if one.epc_hex in parked and one.direction in ("in", "out")]
    assert Counter(one.direction for one in told if one.epc_hex not in parked) == {"in": 15}


def test_a_tag_that_was_hardly_read_need_not_show_the_change_of_one_that_was_read_all_the_way() -> None:
    order = Order(5.5, 4.0, 0.0, 4.0, -2.0, 3.0)
    hardly, well = (weighed(order, 1.0, shown, Thresholds()) for shown in (0.5, 1.0))
    assert hardly.came_in - hardly.stayed > well.came_in - well.stayed + 0.5
    assert hardly.went_out < hardly.stayed


@pytest.mark.parametrize(
    ("nats", "stood", "direction"),
    [(1.5, False, "uncertain"), (1.5, True, "in"), (4.0, False, "in"), (0.5, False, "pass")],
    ids=["little", "little, doubted before", "much", "hardly anything"],
)
def test_little_evidence_that_goods_went_through_is_not_enough(nats: float, stood: bool, direction: str) -> None:
    one = heard("30", (3.0 + nats, 0.0, 3.0), PASSES_S, stood=stood)
    site = Site(Layout.of([DOOR]), PhotoEyes(), Thresholds())
    assert judge([Seen(0, 0, -60.0)], one, alone(one), site).direction == direction


@pytest.mark.parametrize(("came_s", "one"), [(0.0, True), (30.0, False)], ids=["together", "at other times"])
def test_goods_that_waited_are_one_load_where_they_came_together(came_s: float, one: bool) -> None:
    """They are read in bursts, so that pieces of them seem to pass two seconds apart."""
    early = [heard(epc, NOTHING, PASSES_S - 60.0) for epc in epcs(1, 6)]
    late = [later(heard(epc, NOTHING, PASSES_S - 60.0 + came_s), 2.2) for epc in epcs(2, 6)]
    assert (late[0].epc in mates([*early, *late], early[0].epc)) is one


def test_goods_that_go_straight_through_are_not_one_load_because_they_came_when_they_passed() -> None:
    early = [heard(epc, NOTHING, PASSES_S - 1.0) for epc in epcs(1, 6)]
    late = [later(heard(epc, NOTHING, PASSES_S - 1.0), 2.2) for epc in epcs(2, 6)]
    assert late[0].epc not in mates([*early, *late], early[0].epc)


def later(one: Witness, seconds: float) -> Witness:
    """The same tag, heard by both rows so much later."""
    rows = (told._replace(value=told.value + seconds) for told in (one.course.outside, one.course.inside))
    outside, inside = rows
    passed = one.course._replace(outside=outside, inside=inside)
    return replace(one, middle_s=one.middle_s + seconds, course=passed)
