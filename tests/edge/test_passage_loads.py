"""Loads of tags: what they say for each other, when they are better not asked; and snapshots of all that is open."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from math import log10

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tagdock_contract import GatewayAddress, InputChange, Record, TagRead
from tagdock_edge.clock import to_us
from tagdock_edge.config import AntennaConfig, DoorConfig, PassageConfig, PhotoEyesConfig, Thresholds
from tagdock_edge.errors import SnapshotError
from tagdock_edge.passage import Detector, Verdict, movement
from tagdock_edge.passage.course import Course, Told, apart, course
from tagdock_edge.passage.doorways import leave_doorways
from tagdock_edge.passage.ends import Stay
from tagdock_edge.passage.kept import State
from tagdock_edge.passage.kinship import Numbering
from tagdock_edge.passage.load import Load, spoken
from tagdock_edge.passage.loads import loads
from tagdock_edge.passage.looks import Look
from tagdock_edge.passage.witness import STAY, Ways, Witness, likeliest

GATEWAY = GatewayAddress("s1", "gw-1")
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
DOORS = tuple(
    DoorConfig(
        f"D{n}",
        (AntennaConfig(f"dock-{n}", 1, "outside"), AntennaConfig(f"dock-{n}", 2, "inside")),
        PhotoEyesConfig(f"dock-{n}", 1, 2),
    )
    for n in (1, 2)
)
STEP_S = 0.05


def line(begin: float, end: float, steps: int = 60) -> list[float]:
    """Walk evenly: places in metres through the door, outside negative, one a twentieth of a second."""
    return [begin + (end - begin) * step / (steps - 1) for step in range(steps)]


def epcs(load: int, tags: int) -> list[str]:
    return [f"30{load:010X}{tag:012X}" for tag in range(tags)]


def load_reads(
    tags: Sequence[str],
    xs: Sequence[float],
    *,
    y_m: float = 0.0,
    begin_s: float = 0.0,
    seed: int = 1,
    weak_db: float = 0.0,
    keep: float = 1.0,
) -> list[TagRead]:
    """Read a load's tags on a way along the middle of door 1 (`y_m` 0), of door 2 (4), or beside them.

    Each tag has its place on the load and its loss; an antenna 3 m high hears what comes back above -75 dBm, and of
    that the share `keep`.
    """
    chance = random.Random(seed)
    reads = []
    for epc in tags:
        ahead, beside, loss = chance.uniform(-0.5, 0.5), chance.uniform(-0.4, 0.4), chance.uniform(0, 4) + weak_db
        for step, x in enumerate(xs):
            for door in (1, 2):
                for antenna, row_x in ((1, -0.8), (2, 0.8)):
                    across = y_m + beside - 4.0 * (door - 1)
                    metres = ((x + ahead - row_x) ** 2 + across**2 + 2.0**2) ** 0.5
                    rssi = -22 - 40 * log10(metres) + 80 * log10(2.0 / metres) + chance.gauss(0, 2) - loss
                    if rssi > -75 and chance.random() < keep:
                        at = START + timedelta(seconds=begin_s + step * STEP_S, microseconds=chance.randrange(40_000))
                        reads.append(TagRead(at, f"dock-{door}", antenna, epc, round(rssi * 2) / 2))
    return reads


def played(*loads: Iterable[TagRead]) -> list[TagRead]:
    """Put the reads of several loads in the order of time."""
    return sorted((read for load in loads for read in load), key=lambda read: read.at)


def told(reads: Iterable[TagRead], detector: Detector | None = None) -> list[Verdict]:
    """Play reads, and flush at the end."""
    detector = detector or Detector(DOORS, PassageConfig())
    verdicts = []
    for read in reads:
        detector.add(read)
        verdicts += detector.advance(to_us(read.at))
    return verdicts + detector.flush()


IN, OUT = line(-3, 3), line(3, -3)


def said(verdicts: list[Verdict], tags: list[str]) -> Counter[tuple[str, str]]:
    return Counter((verdict.door, verdict.direction) for verdict in verdicts if verdict.epc_hex in tags)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("other", "begin_s", "expected"),
    [(IN, 0.0, "in"), (IN, 0.4, "in"), (OUT, 0.0, "out")],
    ids=["side by side", "a step behind", "the other way"],
)
def test_two_loads_at_neighbouring_doors_are_not_one(
    seed: int, other: list[float], begin_s: float, expected: str
) -> None:
    one, two = epcs(1, 12), epcs(2, 9)
    verdicts = told(
        played(load_reads(one, IN, seed=seed), load_reads(two, other, y_m=4.0, begin_s=begin_s, seed=seed + 100))
    )
    assert said(verdicts, one) == {("D1", "in"): 12}
    assert said(verdicts, two) == {("D2", expected): 9}


@pytest.mark.parametrize("seed", range(4))
def test_a_tag_read_twice_takes_the_verdict_of_its_pallet(seed: int) -> None:
    many, (few,) = epcs(1, 30), epcs(2, 1)
    whole = load_reads([few], IN, seed=seed + 7)
    twice = [read for read in whole if read.reader == "dock-1" and read.antenna == 1][20:60:30]
    assert len(twice) == 2
    verdicts = told(played(load_reads(many, IN, seed=seed), twice))
    assert said(verdicts, [few]) == {("D1", "in"): 1}
    (verdict,) = (verdict for verdict in verdicts if verdict.epc_hex == few)
    assert "30 other tags" in verdict.evidence.reason
    assert verdict.evidence.reads == 2


def test_a_tag_read_twice_alone_is_no_crossing() -> None:
    (few,) = epcs(2, 1)
    reads = [read for read in load_reads([few], IN) if read.reader == "dock-1" and read.antenna == 1][20:60:30]
    assert told(reads)[0].direction in ("pass", "uncertain")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("parked_x", [-1.8, 1.8], ids=["outside", "inside"])
def test_a_parked_load_is_not_dragged_along_by_one_that_passes(seed: int, parked_x: float) -> None:
    parked, passing = epcs(1, 8), epcs(2, 20)
    stands = [parked_x] * int(40 / STEP_S)
    verdicts = told(
        played(
            load_reads(parked, stands, y_m=1.4, seed=seed, keep=0.3),
            load_reads(passing, IN, begin_s=22.0, seed=seed + 100),
        )
    )
    assert said(verdicts, parked) == {("D1", "pass"): 8}
    assert said(verdicts, passing) == {("D1", "in"): 20}


@pytest.mark.parametrize("seed", range(4))
def test_a_load_that_turns_round_beside_one_that_passes_is_told_apart(seed: int) -> None:
    turning, passing = epcs(1, 10), epcs(2, 10)
    turns = line(-3, 0.2, 35) + [0.2] * 30 + line(0.2, -3, 35)
    verdicts = told(
        played(load_reads(turning, turns, seed=seed), load_reads(passing, OUT, y_m=4.0, begin_s=1.0, seed=seed + 9))
    )
    assert said(verdicts, turning) == {("D1", "pass"): 10}
    assert said(verdicts, passing) == {("D2", "out"): 10}


@pytest.mark.parametrize("seed", range(3))
def test_weak_tags_go_where_their_load_goes(seed: int) -> None:
    strong, weak = epcs(1, 10), epcs(2, 20)
    verdicts = told(
        played(load_reads(strong, OUT, seed=seed), load_reads(weak, OUT, seed=seed + 9, weak_db=27.0, keep=0.4))
    )
    heard = {verdict.epc_hex for verdict in verdicts} & set(weak)
    assert len(heard) > 10
    assert said(verdicts, weak) == {("D1", "out"): len(heard)}


def course_about(at_s: float, between_s: float = 0.8, precision: float = 10.0) -> Course:
    """A tag that goes in about this time, as well known as one that is heard for a second."""
    rows = Told(at_s - between_s / 2, precision), Told(at_s + between_s / 2, precision)
    return Course(*rows, Told(between_s, 2 * precision), Told(0.0, 5.0))


def grouped(witnesses: Iterable[Witness]) -> set[frozenset[str]]:
    return {frozenset(one.epc for one in load.witnesses) for load in loads(witnesses, Thresholds())}


def heard(epc: str, at_s: float, between_s: float, doors: dict[int, Ways], few: bool = False) -> Witness:
    """A witness of a passage, as the rows heard it; `few` reads may mean that goods hid it."""
    return Witness(epc, 0, 3_000_000, at_s, course_about(at_s, between_s), False, doors, {}, few)


CAME_IN: Ways = (10.0, 2.0, 6.0)
SEEMED_TO_STAY: Ways = (4.0, 2.0, 6.0)


def test_tags_of_one_moment_and_doorway_are_one_load_whatever_way_each_seems_to_go() -> None:
    most = [heard(epc, 1.5 + n / 200, 0.8, {0: CAME_IN}) for n, epc in enumerate(epcs(1, 60))]
    noisy = [heard(epc, 1.5 + n / 60, 0.8, {0: SEEMED_TO_STAY}) for n, epc in enumerate(epcs(2, 17))]
    assert grouped(most + noisy) == {frozenset(epcs(1, 60) + epcs(2, 17))}


OVERHEARD: Ways = (0.5, 0.5, 0.5)
HIDDEN = {
    "hardly read, at a door that hears the others too": (OVERHEARD, True, True),
    "well read": (OVERHEARD, False, False),
    "at a door that hears nothing of the others": (None, True, False),
}


@pytest.mark.parametrize(("overheard", "few", "belongs"), HIDDEN.values(), ids=HIDDEN)
def test_a_tag_that_only_the_neighbour_heard_belongs_to_the_load_of_its_moment_if_goods_could_hide_it(
    overheard: Ways | None, few: bool, belongs: bool
) -> None:
    doors = {0: CAME_IN} if overheard is None else {0: CAME_IN, 1: overheard}
    here = [heard(epc, 5.0 + n / 60, 0.8, doors) for n, epc in enumerate(epcs(1, 12))]
    before = [heard(epc, 2.5 + n / 60, 0.8, {1: CAME_IN}) for n, epc in enumerate(epcs(2, 12))]
    hidden = heard(epcs(3, 1)[0], 5.1, 0.8, {1: (10.0, 6.0, 6.0)}, few)
    found = grouped([*here, *before, hidden])
    assert (frozenset([*epcs(1, 12), hidden.epc]) in found) is belongs


def test_a_tag_read_for_a_moment_knows_little_of_when_it_passed() -> None:
    whole = course({0: [Look(at_us, 1e-6, -60.0) for at_us in range(0, 2_000_000, 100_000)]}, {0: "outside"}, 0.0)
    moment = course({0: [Look(1_600_000, 1e-6, -60.0)]}, {0: "outside"}, 0.0)
    assert moment.outside.precision < whole.outside.precision / 2
    assert moment.between.precision == 0.0
    assert apart(whole, moment) < 3.0


@pytest.mark.parametrize(
    ("at_s", "between_s", "doors"),
    [(4.0, 0.8, {0: CAME_IN}), (1.5, -0.8, {1: (2.0, 10.0, 6.0)}), (1.5, 2.8, {1: CAME_IN})],
    ids=["a moment later through the same door", "the other way beside it", "slower beside it"],
)
def test_loads_that_take_another_course_are_not_one(at_s: float, between_s: float, doors: dict[int, Ways]) -> None:
    one = [heard(epc, 1.5 + n / 60, 0.8, {0: CAME_IN}) for n, epc in enumerate(epcs(1, 12))]
    other = [heard(epc, at_s + n / 60, between_s, doors) for n, epc in enumerate(epcs(2, 9))]
    assert grouped(one + other) == {frozenset(epcs(1, 12)), frozenset(epcs(2, 9))}


THERE: Ways = (4.0, 1.0, 3.0)


@pytest.mark.parametrize(("apart_s", "one"), [(3.9, True), (4.1, False)], ids=["as the slowest goods", "farther"])
def test_loads_farther_apart_than_the_slowest_goods_take_are_never_one(apart_s: float, one: bool) -> None:
    early, late = epcs(1, 1), epcs(2, 1)
    told = [
        Witness(epc, 0, 3_000_000, at_s, course_about(at_s, 0.8, 0.01), False, {0: CAME_IN}, {})
        for epc, at_s in ((early[0], 0.0), (late[0], apart_s))
    ]
    assert grouped(told) == ({frozenset(early + late)} if one else {frozenset(early), frozenset(late)})


@pytest.mark.parametrize(("apart_s", "changes"), [(3.9, True), (4.1, False)], ids=["as the slowest goods", "farther"])
def test_a_tag_changes_to_no_load_farther_away_than_the_slowest_goods_take(apart_s: float, changes: bool) -> None:
    def witness_at(epc: str, at_s: float, precision: float, doors: dict[int, Ways]) -> Witness:
        return Witness(epc, 0, 3_000_000, at_s, course_about(at_s, 0.8, precision), False, doors, {}, True)

    own, others, doubtful = epcs(1, 2), epcs(2, 9), epcs(3, 1)
    told = [witness_at(own[0], -0.01, 10.0, {0: CAME_IN}), witness_at(own[1], 0.01, 10.0, {0: CAME_IN})]
    told += [witness_at(epc, apart_s, 10.0, {1: CAME_IN}) for epc in others]
    told.append(witness_at(doubtful[0], 0.0, 0.01, {0: (5.0, 1.0, 3.0), 1: (4.5, 1.0, 2.6)}))
    mates = next(load for load in grouped(told) if doubtful[0] in load)
    assert (others[0] in mates) == changes


def test_goods_that_follow_each_other_are_one_load_where_numbers_told_so_before() -> None:
    """The tags of one pallet, spread by chance over two doors in step: only their numbers tell that they are one."""
    here = [heard(epc, 1.5 + n / 60, 0.8, {0: THERE, 1: OVERHEARD}) for n, epc in enumerate(epcs(1, 20)[::2])]
    there = [heard(epc, 1.5 + n / 60, 0.8, {0: OVERHEARD, 1: THERE}) for n, epc in enumerate(epcs(1, 20)[1::2])]
    found = {share: len(loads(here + there, Thresholds(), share)) for share in (0.0, 0.9)}
    assert found == {0.0: 2, 0.9: 1}


def test_two_pallets_in_step_stay_two_where_each_has_numbers_of_its_own() -> None:
    weakly: Ways = (2.5, 1.5, 2.0)
    here = [heard(epc, 1.5 + n / 60, 0.8, {0: weakly, 1: OVERHEARD}) for n, epc in enumerate(epcs(1, 8))]
    there = [heard(epc, 1.5 + n / 60, 0.8, {0: OVERHEARD, 1: weakly}) for n, epc in enumerate(epcs(2, 8))]
    found = {share: len(loads(here + there, Thresholds(), share)) for share in (0.0, 0.9)}
    assert found == {0.0: 1, 0.9: 2}


@pytest.mark.parametrize(
    ("tags", "least", "most"),
    [([epcs(1, 30), epcs(2, 30)], 0.85, 1.0), ([epcs(1, 60)[::2], epcs(1, 60)[1::2]], 0.0, 0.05)],
    ids=["packed together", "mixed stock"],
)
def test_numbers_are_believed_as_far_as_tags_that_are_sure_of_their_door_bear_them_out(
    tags: list[list[str]], least: float, most: float
) -> None:
    numbering = Numbering()
    assert 0.3 < numbering.share < 0.7
    numbering.learn(heard(epc, 1.5, 0.8, {door: CAME_IN, 1 - door: OVERHEARD}) for door in (0, 1) for epc in tags[door])
    assert least <= numbering.share <= most


def test_tags_that_are_not_sure_of_their_door_teach_nothing_about_numbers() -> None:
    numbering = Numbering()
    numbering.learn(heard(epc, 1.5, 0.8, {0: OVERHEARD, 1: (0.6, 0.6, 0.6)}) for epc in epcs(1, 30))
    assert numbering.share == Numbering().share


def load_of(tags: list[str], at_s: float, doors: dict[int, Ways]) -> Load:
    load = Load()
    for epc in tags:
        load.add(heard(epc, at_s, 0.8, doors))
    return load


@pytest.mark.parametrize(("at_s", "free"), [(1.6, False), (9.0, True)], ids=["at once", "later"])
def test_a_load_leaves_a_doorway_to_the_one_that_surely_passes_it(at_s: float, free: bool) -> None:
    sure = load_of(epcs(1, 20), 1.5, {0: CAME_IN, 1: OVERHEARD})
    unsure = load_of(epcs(2, 3), at_s, {0: (3.0, 1.0, 1.0), 1: (2.5, 1.0, 1.0)})
    leave_doorways([sure, unsure])
    door, _ = likeliest(spoken(unsure))
    assert door == (0 if free else 1)
    assert likeliest(spoken(sure)) == (0, 0)


@pytest.mark.parametrize(("between_s", "way"), [(1.2, 0), (-1.2, 1), (0.0, STAY)], ids=["in", "out", "neither"])
def test_the_time_between_all_outside_and_all_inside_rows_tells_the_way_of_a_load(between_s: float, way: int) -> None:
    load = Load()
    for epc in epcs(1, 12):
        load.add(heard(epc, 1.5, between_s, {0: (1.0, 1.0, 1.0)}))
    assert likeliest(spoken(load))[1] == way


def test_the_order_of_witnesses_changes_no_load() -> None:
    ways: list[Ways] = [(10.0, 2.0, 6.0), (9.0, 6.0, 6.0), (6.0, 6.0, 6.0), (2.0, 9.0, 6.0)]
    witnesses = [
        Witness(f"{n:024X}", 0, 3_000_000, at_s, course_about(at_s), False, {n % 2: ways[n % 4]}, {})
        for n, at_s in ((n, 1.5 + n % 5 / 20) for n in range(24))
    ]
    groups = [
        {frozenset(one.epc for one in load.witnesses) for load in loads(given, Thresholds())}
        for given in (witnesses, witnesses[::-1], witnesses[7:] + witnesses[:7])
    ]
    assert groups[0] == groups[1] == groups[2]
    assert sum(map(len, groups[0])) == 24


def test_a_load_costs_no_more_a_tag_when_it_is_large() -> None:
    """Grouping looks at pairs of loads, not at pairs of tags: six times the tags are less than 36 times the work."""
    calls = Counter[int]()

    class Counted(dict[int, Ways]):
        def items(self):  # type: ignore[no-untyped-def]
            calls[size] += 1
            return super().items()

    for size in (50, 300):
        witnesses = [
            Witness(f"{n:024X}", 0, 3_000_000, at_s, course_about(at_s), False, Counted({0: (10.0, 2.0, 6.0)}), {})
            for n, at_s in ((n, 1.5 + n / size / 3) for n in range(size))
        ]
        assert len(loads(witnesses, Thresholds())) == 1
    assert calls[300] <= 8 * calls[50]


def test_reads_that_come_late_or_twice_change_no_verdict_of_a_load() -> None:
    tags = epcs(1, 15)
    reads = played(load_reads(tags, IN, seed=5))
    untidy: list[TagRead] = []
    for n in range(0, len(reads), 40):
        part = reads[n : n + 40]
        untidy += [*part[1::2], *part[::2], part[3]] if len(part) > 3 else part
    assert sorted(told(reads)) == sorted(told(untidy))


@cache
def records() -> tuple[Record, ...]:
    """Two loads pass, a third stands for a while beside them, the beams are broken."""
    reads = played(
        load_reads(epcs(1, 3), line(-3, 3), begin_s=1.0, keep=0.5),
        load_reads(epcs(2, 3), line(3, -3), y_m=4.0, begin_s=1.3, seed=2, keep=0.5),
        load_reads(epcs(3, 2), [-1.8] * 400, y_m=1.4, seed=3, keep=0.05),
        load_reads(epcs(4, 2), line(-3, 3), begin_s=19.0, seed=4, keep=0.5),
    )
    beams = [
        InputChange(START + timedelta(seconds=s), "dock-1", gpi, on) for s, gpi, on in ((2, 1, True), (3, 1, False))
    ]
    return tuple(sorted([*reads, *beams], key=lambda record: record.at))


def play(detector: Detector, some: tuple[Record, ...]) -> list[bytes]:
    verdicts = []
    for record in some:
        if isinstance(record, TagRead):
            detector.add(record)
        else:
            detector.add_input(record)
        verdicts += detector.advance(to_us(record.at))
    return [msgspec.json.encode(movement(verdict, GATEWAY)) for verdict in verdicts]


def last(detector: Detector) -> list[bytes]:
    return [msgspec.json.encode(movement(verdict, GATEWAY)) for verdict in detector.flush()]


@cache
def uncut() -> tuple[list[bytes], int]:
    detector = Detector(DOORS, PassageConfig())
    return play(detector, records()) + last(detector), detector.counts.told_before


@settings(max_examples=25, deadline=None)
@given(share=st.floats(0, 1))
def test_cut_anywhere_and_taken_up_gives_the_very_same_verdicts(share: float) -> None:
    cut = round(share * len(records()))
    first, second = Detector(DOORS, PassageConfig()), Detector(DOORS, PassageConfig())
    verdicts = play(first, records()[:cut])
    second.restore(first.snapshot())
    assert second.snapshot() == first.snapshot()
    assert (second.open_tags, second.open_reads) == (first.open_tags, first.open_reads)
    verdicts += play(second, records()[cut:]) + last(second)
    assert (verdicts, second.counts.told_before) == uncut()
    assert len(verdicts) == 10


def test_another_layout_takes_what_it_knows() -> None:
    first = Detector(DOORS, PassageConfig())
    play(first, records()[: len(records()) // 3])
    renumbered = Detector(DOORS[::-1], PassageConfig())
    renumbered.restore(first.snapshot())
    assert renumbered.open_reads == first.open_reads
    smaller = Detector(DOORS[:1], PassageConfig())
    smaller.restore(first.snapshot())
    assert 0 < smaller.open_reads < first.open_reads
    assert {verdict.door for verdict in smaller.flush()} == {"D1"}


def state() -> State:
    detector = Detector(DOORS, PassageConfig())
    play(detector, records()[: 2 * len(records()) // 3])
    return msgspec.msgpack.decode(detector.snapshot(), type=State)


def broken(change: str) -> bytes:
    kept = state()
    if change == "version":
        kept.version = 99
    elif change == "antennas":
        kept.antennas = kept.antennas[:1]
    elif change == "doors":
        kept.doors = []
    elif change == "course":
        kept.witnesses[0].course = kept.witnesses[0].course._replace(between=Told(float("nan"), -1.0))
    elif change == "length":
        course = kept.witnesses[0].course
        kept.witnesses[0].course = course._replace(heard=Told(1000.0, course.heard.precision))
    elif change == "read":
        kept.tracks[0].reads[0] = kept.tracks[0].reads[0]._replace(antenna=len(kept.antennas))
    elif change == "numbers":
        kept.numbering.seen = -1.0
    elif change == "stay":
        kept.stays["30"] = Stay(0, 0, 1, (float("nan"),))
    elif change == "slots":
        kept.witnesses[0].stay = Stay(0, 0, 1, (1.0, 2.0))
    elif change == "came":
        kept.stays["30"] = Stay(0, 0, 1, (1.0,), 2**62)
    elif change == "tag":
        kept.witnesses[0].epc = "no number"
    return msgspec.msgpack.encode(kept)


@pytest.mark.parametrize(
    "change", ["version", "antennas", "doors", "course", "length", "read", "numbers", "stay", "slots", "came", "tag"]
)
def test_a_snapshot_that_does_not_fit_together_is_refused(change: str) -> None:
    detector = Detector(DOORS, PassageConfig())
    before = detector.snapshot()
    with pytest.raises(SnapshotError, match="begin anew"):
        detector.restore(broken(change))
    assert detector.snapshot() == before


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200), at=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_hostile_bytes_are_refused_or_harmless(data: bytes, at: int, flip: int) -> None:
    with pytest.raises(SnapshotError):
        Detector(DOORS, PassageConfig()).restore(data)
    whole = bytearray(msgspec.msgpack.encode(state()))
    whole[at % len(whole)] ^= flip
    detector = Detector(DOORS, PassageConfig())
    try:
        detector.restore(bytes(whole))
    except SnapshotError:
        return
    detector.advance(to_us(START))
