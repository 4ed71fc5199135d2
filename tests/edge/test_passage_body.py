"""A load is one body: its tags get one verdict, asked of all of them together, and that is not chosen tag by tag."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log10

import msgspec
import pytest
from tagdock_contract import TagRead
from tagdock_edge.clock import to_us
from tagdock_edge.config import AntennaConfig, DoorConfig, PassageConfig, Thresholds
from tagdock_edge.errors import SnapshotError
from tagdock_edge.passage import Detector
from tagdock_edge.passage.course import SPREAD_LOG, UNKNOWN, Course, Told, ways_of
from tagdock_edge.passage.eyes import PhotoEyes
from tagdock_edge.passage.judge import judge
from tagdock_edge.passage.kept import Moved, State, kept_witness, taken_up
from tagdock_edge.passage.layout import Layout
from tagdock_edge.passage.load import Load, alone, spoken
from tagdock_edge.passage.profile import Seen
from tagdock_edge.passage.witness import STAY, Site, Ways, Witness, likeliest

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
DOOR = DoorConfig("D1", (AntennaConfig("dock-1", 1, "outside"), AntennaConfig("dock-1", 2, "inside")))
LAYOUT = Layout.of([DOOR])
SITE = Site(LAYOUT, PhotoEyes(), Thresholds())
THROUGH: Ways = (8.0, 2.0, 5.0)
STAYED: Ways = (2.0, 2.0, 5.0)


def tag(number: int, doors: Ways, halting: Ways | None = None) -> Witness:
    """A tag before the first door that says so of a steady passage, and so of one with halts."""
    told = {} if halting is None else {0: halting}
    return Witness(f"{number:024X}", 0, 0, 1.0, UNKNOWN, False, {0: doors}, {}, halting=told)


def load_of(*tags: Witness) -> Load:
    load = Load()
    for one in tags:
        load.add(one)
    return load


def test_chance_does_not_choose_for_each_tag_how_it_went() -> None:
    steadily = [tag(n, THROUGH, STAYED) for n in range(20)]
    halting = [tag(n, STAYED, THROUGH) for n in range(20, 40)]
    seemed = load_of(*(replace(one, doors={0: (6.0, 2.0, 6.5)}) for one in steadily), *halting)
    assert likeliest(spoken(seemed))[1] == STAY
    assert likeliest(spoken(load_of(*halting)))[1] == likeliest(spoken(load_of(*steadily)))[1] == 0


def test_tags_that_were_there_briefly_say_the_same_of_a_load_that_halted() -> None:
    brief, long = [tag(n, THROUGH) for n in range(10)], [tag(n, STAYED, THROUGH) for n in range(10, 15)]
    assert likeliest(spoken(load_of(*brief, *long)))[1] == 0
    of_halts = spoken(load_of(*brief, *long))[0][0]
    assert of_halts == pytest.approx(15 * THROUGH[0] / (1 + 0.2 * 14))


@pytest.mark.parametrize("stray", [(3.0, 9.0, 5.0), STAYED], ids=["the other way", "to stay"])
def test_a_tag_whose_own_reads_say_otherwise_goes_with_its_load(stray: Ways) -> None:
    one = tag(99, stray)
    load = load_of(one, *(tag(n, THROUGH) for n in range(12)))
    verdicts = [judge([Seen(0, 0, -60.0)], each, load, SITE) for each in load.witnesses]
    assert {verdict.direction for verdict in verdicts} == {"in"}
    assert len({verdict.confidence for verdict in verdicts}) == 1
    assert judge([Seen(0, 0, -60.0)], one, alone(one), SITE).direction != "in"


def test_a_doorway_that_is_taken_is_no_place_to_stay_in_either() -> None:
    load = load_of(
        *(replace(tag(n, (3.0, 3.0, 6.0)), doors={0: (3.0, 3.0, 6.0), 1: (5.5, 2.0, 3.0)}) for n in range(6))
    )
    assert likeliest(spoken(load)) == (0, STAY)
    load.taken = {0: -3.0}
    assert likeliest(spoken(load)) == (1, 0)


def rows(between_s: float, tags: int, looks: float) -> Course:
    """Both rows heard so many tags for a second (standard deviation), one so much later; each had so many looks."""
    row = Told(0.0, tags * looks / (2 * 0.7**2))
    heard = Told(0.0, tags / (SPREAD_LOG**2 + 1 / looks))
    return Course(row, row._replace(value=between_s), Told(between_s, row.precision / 2), heard)


def test_looks_at_goods_that_stand_come_in_bursts_and_may_seem_to_be_in_the_order_of_rows() -> None:
    came_in, went_out = ways_of(rows(1.2, 4, 5), 4, 1.0)
    assert went_out < 0.0 < came_in < 2.5
    assert ways_of(rows(1.2, 40, 5), 40, 1.0)[0] > 4.0
    assert ways_of(rows(0.0, 40, 5), 40, 1.0)[0] < -2.0


def test_tags_that_a_reader_hears_but_once_have_no_bursts() -> None:
    once, often = ways_of(rows(1.2, 10, 2), 10, 1.0)[0], ways_of(rows(1.2, 4, 5), 4, 1.0)[0]
    assert once > often + 1.0


def parked_beside(seed: int) -> list[TagRead]:
    """Sixty tags are brought to the inside row, stand there for half a minute and are taken back, read with fades."""
    chance = random.Random(seed)
    found = []
    for number in range(60):
        y, beside = chance.uniform(1.0, 2.0), chance.gauss(0, 4)
        for step in range(900):
            second = step / 20
            x = max(3.5 - 1.2 * second, 0.9) if second < 35 else min(0.9 + 1.2 * (second - 35), 3.5)
            if chance.random() < 0.75:
                continue
            antenna, row_x = chance.choice(((1, -1.0), (2, 1.0)))
            rssi = round(
                -38 - 40 * log10(((x - row_x) ** 2 + y**2) ** 0.5) + beside * (antenna - 1.5) + chance.gauss(0, 5), 1
            )
            if rssi > -70:
                at = START + timedelta(seconds=second, microseconds=chance.randrange(40_000))
                found.append(TagRead(at, "dock-1", antenna, f"{number:024X}", rssi))
    return sorted(found, key=lambda read: read.at)


@pytest.mark.parametrize("seed", [2, 4])
def test_a_pallet_that_is_set_down_beside_a_door_and_taken_back_is_not_booked(seed: int) -> None:
    detector, verdicts = Detector([DOOR], PassageConfig()), []
    for read in parked_beside(seed):
        detector.add(read)
        verdicts += detector.advance(to_us(read.at))
    verdicts += detector.flush()
    assert len({verdict.epc_hex for verdict in verdicts}) == 60
    assert {verdict.direction for verdict in verdicts} == {"pass"}


def test_what_it_says_of_halts_is_kept_over_a_restart() -> None:
    one = tag(1, STAYED, THROUGH)
    state = taken_up(Detector([DOOR], PassageConfig()).snapshot())
    assert Moved(state, LAYOUT).witness(kept_witness(one)) == one


def test_a_snapshot_in_which_halts_are_of_other_doors_is_refused() -> None:
    detector = Detector([DOOR], PassageConfig())
    state: State = taken_up(detector.snapshot())
    state.witnesses = [kept_witness(replace(tag(1, STAYED), halting={5: THROUGH}))]
    with pytest.raises(SnapshotError, match="if it halted"):
        taken_up(msgspec.msgpack.encode(state))
