"""All readers and all loads of a row of doors: shared rounds, time order, bounded memory, nothing heard is left out."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, count, pairwise

import numpy as np
import pytest
from tagdock_contract import Record, TagRead, decode_record, encode
from tagdock_simulators.doors import CAGE, LIQUID, METAL, PERSON, Carrier, Crossing, Material, WayPoint, two_row
from tagdock_simulators.radio import FCC, Radio, Region
from tagdock_simulators.reading import field_reads, links, sights
from tagdock_simulators.reading.hall import Hall, Schedule, Turns

DOORS = [two_row(f"D{n}", f"dock-{n}", y_m=4.0 * n, eyes=True) for n in (1, 2, 3)]
Loads = Callable[..., Crossing]


def reads_of(*crossings: Crossing, radio: Radio | None = None, seed: int = 1) -> list[TagRead]:
    blocks = field_reads(DOORS, crossings, seed, radio or Radio())
    return [read for block in blocks for read in block.reads()]


def own(reads: list[TagRead], crossing: Crossing) -> list[TagRead]:
    return [read for read in reads if read.epc in crossing.epcs]


def test_a_parked_load_takes_rounds_from_one_that_passes_the_same_door(load: Loads) -> None:
    passing = load(20, after_s=30.0, number=1)
    parked = load(60, "park", stay_s=60.0, where_m=-1.5)
    alone, shared = own(reads_of(passing), passing), own(reads_of(parked, passing), passing)
    assert 0 < len(shared) < 0.6 * len(alone)
    assert {read.epc for read in shared} == set(passing.epcs)


def test_loads_at_doors_far_from_each_other_do_not_disturb_each_other(load: Loads) -> None:
    far = [two_row("D1", "dock-1"), two_row("D9", "dock-9", y_m=60.0)]
    first, second = load(10, door="D1"), load(10, door="D9", number=1)
    together = [read for block in field_reads(far, (first, second), 1) for read in block.reads()]
    alone = [read for block in field_reads(far, (first,), 1) for read in block.reads()]
    assert own(together, first) == alone
    assert {read.reader for read in own(together, second)} == {"dock-9"}


def test_records_come_in_the_order_of_time_over_blocks_and_doors_and_keep_the_contract(load: Loads) -> None:
    crossings = [load(5, "out" if n % 2 else "in", f"D{1 + n % 3}", 0.7 * n, n) for n in range(9)]
    records: list[Record] = [record for block in field_reads(DOORS, crossings, 1) for record in block.records()]
    assert all(a.at <= b.at for a, b in pairwise(records))
    assert {type(record).__name__ for record in records} == {"TagRead", "InputChange"}
    assert [decode_record(encode(record)) for record in records] == records
    for each in crossings:
        assert all(each.starts_at <= read.at < each.ends_at for read in own(list(filter_reads(records)), each))


def filter_reads(records: list[Record]) -> Iterator[TagRead]:
    return (record for record in records if isinstance(record, TagRead))


def test_no_more_loads_are_drawn_than_time_has_reached(load: Loads) -> None:
    drawn = 0

    def without_end() -> Iterator[Crossing]:
        nonlocal drawn
        for number in count():
            drawn += 1
            yield load(3, after_s=5.0 * number, number=number)

    blocks = field_reads(DOORS, without_end(), 1)
    for _ in range(20):
        next(blocks)
    assert drawn < 20


def test_hours_without_loads_cost_nothing(load: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
    worked_out: list[int] = []
    between = Schedule.between

    def counted(schedule: Schedule, first: int, until: int) -> Turns:
        worked_out.append(first)
        return between(schedule, first, until)

    monkeypatch.setattr(Schedule, "between", counted)
    late = load(3, after_s=1e6, number=1)
    blocks = list(field_reads(DOORS, (load(3), late), 1))
    assert len(worked_out) < 10
    assert own([read for block in blocks for read in block.reads()], late)


@pytest.mark.parametrize(
    ("crossings", "reason"),
    [
        (lambda load: (load(1, after_s=1.0), load(1)), "order of their start"),
        (lambda load: (load(1, door="D7"),), "no door 'D7' among 'D1', 'D2', 'D3'"),
    ],
    ids=["order", "door"],
)
def test_loads_that_cannot_be_are_refused(load: Loads, crossings: Callable[..., object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        list(field_reads(DOORS, crossings(load), 1))  # type: ignore[arg-type]  # made by the table above


def test_two_doors_of_one_reader_need_ports_of_their_own(load: Loads) -> None:
    with pytest.raises(ValueError, match="port of its own"):
        list(field_reads([two_row("D1", "dock"), two_row("D2", "dock", y_m=4.0)], (load(1),), 1))


def test_a_reader_of_two_doors_halves_the_turns_of_each(load: Loads) -> None:
    shared = [two_row("D1", "dock", 4.0), two_row("D2", "dock", 8.0, first_port=3)]
    counts = [sum(len(block) for block in field_reads(doors, (load(10),), 1)) for doors in ([DOORS[1]], shared)]
    assert counts[1] < 0.75 * counts[0]
    ports = Counter(read.antenna for block in field_reads(shared, (load(10),), 1) for read in block.reads())
    assert ports[3] + ports[4] > 3 * (ports[1] + ports[2])


def test_a_ports_own_power_is_used(load: Loads) -> None:
    weak = tuple(replace(one, transmit_dbm=15.0) for one in DOORS[1].antennas)
    strong, faint = (
        sum(len(block) for block in field_reads([door], (load(10),), 1))
        for door in (DOORS[1], replace(DOORS[1], antennas=weak))
    )
    assert faint < 0.5 * strong


def test_a_port_may_get_more_turns_than_the_others_and_a_mode_of_its_own(load: Loads) -> None:
    outside, inside = DOORS[1].antennas
    patient = replace(DOORS[1], antennas=(replace(outside, turns=3), replace(inside, mode="dense")))
    still = load(5, "park", way=(WayPoint(0.0, 0.0, 4.0), WayPoint(0.0, 0.0)))
    counts = Counter(read.antenna for block in field_reads([patient], (still,), 1) for read in block.reads())
    even = Counter(read.antenna for block in field_reads([DOORS[1]], (still,), 1) for read in block.reads())
    assert counts[1] == pytest.approx(1.5 * even[1], rel=0.1)  # three turns of four instead of one of two
    assert counts[2] < 0.25 * even[2]


def test_a_mode_that_no_reader_has_is_refused(load: Loads) -> None:
    odd = replace(DOORS[1], antennas=(replace(DOORS[1].antennas[0], mode="warp"),))
    with pytest.raises(ValueError, match="take one of fast, hybrid, dense, thorough"):
        list(field_reads([odd], (load(1),), 1))


@pytest.mark.parametrize(("material", "share"), [(LIQUID, 0.9), (METAL, 0.8)], ids=lambda each: str(each)[:20])
def test_what_goods_are_made_of_swallows_reads_of_tags_deep_in_them(
    load: Loads, material: Material, share: float
) -> None:
    paper = Counter(read.epc for read in reads_of(load(40)))
    wet = Counter(read.epc for read in reads_of(load(40, materials=material)))
    crossing = load(40)
    assert sum(wet[epc] > 0 for epc in crossing.epcs) <= sum(paper[epc] > 0 for epc in crossing.epcs)
    strongest = {read.epc: read.rssi_dbm for read in sorted(reads_of(load(40)), key=lambda read: read.rssi_dbm)}
    weaker = {
        read.epc: read.rssi_dbm
        for read in sorted(reads_of(load(40, materials=material)), key=lambda read: read.rssi_dbm)
    }
    both = [strongest[epc] - weaker[epc] for epc in strongest if epc in weaker]
    assert np.median(both) > 8.0
    assert len(weaker) <= 40 * (1 + share)


def test_each_tag_may_have_a_material_of_its_own_and_some_never_answer(load: Loads) -> None:
    crossing = load(10)
    mixed = replace(crossing, unreadable=frozenset(crossing.epcs[:3]))
    assert {read.epc for read in reads_of(mixed)} == set(crossing.epcs[3:])


def test_who_carries_an_item_hides_it_from_what_is_behind(load: Loads) -> None:
    open_back = replace(PERSON, behind_db=0.0)
    hidden, seen = (centre_s(reads_of(load(1, carrier=carrier))) for carrier in (PERSON, open_back))
    assert hidden < seen  # what is read before the door line faces the carrier's chest


def centre_s(reads: list[TagRead]) -> float:
    seconds = [(read.at.hour * 60 + read.at.minute) * 60 + read.at.second + read.at.microsecond / 1e6 for read in reads]
    return float(np.mean(seconds))


def test_a_cages_wires_weaken_what_is_in_it(load: Loads) -> None:
    bare: Carrier = replace(CAGE, frame_db=0.0)
    caged, free = (np.mean([r.rssi_dbm for r in reads_of(load(10, carrier=each))]) for each in (CAGE, bare))
    assert caged < free


def test_a_tag_that_stands_keeps_its_power_one_that_moves_does_not(load: Loads) -> None:
    standing = reads_of(load(1, "park", stay_s=2.0, where_m=-1.0, way=(WayPoint(-1.0, 0.0, 2.0),)))
    by_antenna = defaultdict(list)
    for read in standing:
        if read.reader == "dock-2":
            by_antenna[read.antenna, read.channel].append(read.rssi_dbm)
    assert all(np.std(powers) < 1.2 for powers in by_antenna.values() if len(powers) > 20)
    moving = [read.rssi_dbm for read in reads_of(load(1)) if read.antenna == 1 and read.reader == "dock-2"]
    steps = np.abs(np.diff(moving))
    assert np.std(moving) > 5.0
    assert np.median(steps) < 2.0  # neighbouring reads are alike: the fade is the place's, not the read's


def test_a_reader_stays_on_a_channel_as_long_as_its_region_allows(load: Loads) -> None:
    parked = load(2, "park", stay_s=20.0, where_m=-1.0)
    for radio, most_changes in ((Radio(), 7), (Radio(region=FCC), 70)):
        channels = [read.channel for read in reads_of(parked, radio=radio) if read.reader == "dock-2"]
        changes = sum(a != b for a, b in pairwise(channels))
        assert most_changes / 3 < changes <= most_changes
        assert {channel or 0 for channel in channels} <= set(range(1, len(radio.region.channels_mhz) + 1))


def test_phases_tell_the_way_once_half_turns_are_left_out(load: Loads) -> None:
    """A tag that comes nearer by half a wavelength turns the phase back by a whole turn (4 pi d / wavelength)."""
    one_channel = Region("one channel", (865.7,), 4.0)
    steady = Radio(region=one_channel, phase_flips=False, phase_noise_deg=0.1, rician_k_db=40.0)
    reads = [
        read
        for read in reads_of(load(1, speed_m_per_s=0.3, reach_m=3.0), radio=steady)
        if read.reader == "dock-2" and read.antenna == 2
    ]
    turns = np.unwrap(np.radians([read.phase_deg or 0.0 for read in reads])) / (2 * np.pi)
    nearest = int(np.argmax([read.rssi_dbm for read in reads]))
    assert turns[0] - turns[nearest] > 2.0
    assert turns[-1] - turns[nearest] > 2.0


def test_half_turns_are_as_likely_as_not(load: Loads) -> None:
    quiet = Radio(phase_noise_deg=0.1)
    still = load(1, "park", way=(WayPoint(-1.0, 0.0, 3.0),))
    phases = [r.phase_deg for r in reads_of(still, radio=quiet) if (r.reader, r.antenna) == ("dock-2", 1)]
    first = np.array([abs(((phase or 0.0) - (phases[0] or 0.0) + 90.0) % 360.0 - 90.0) < 45.0 for phase in phases])
    assert 0.3 < first.mean() < 0.7


@pytest.mark.parametrize("luck_db", [4.0, 0.01], ids=str)
@pytest.mark.parametrize("transmit_dbm", [30.0, 12.0, 10.5], ids=str)
def test_nothing_that_would_be_heard_is_left_out_to_save_time(
    load: Loads, monkeypatch: pytest.MonkeyPatch, transmit_dbm: float, luck_db: float
) -> None:
    crossings = [load(10, "in", "D1"), load(10, "pass", "D2", 0.5, 1), load(5, "out", "D3", 1.0, 2)]
    radio = Radio(
        transmit_dbm=transmit_dbm, rician_k_db=12.0 / luck_db**0.5, shadowing_db=luck_db, tag_spread_db=luck_db
    )
    quick = reads_of(*crossings, radio=radio)

    def everything(_: Hall, antenna: np.ndarray, *__: object) -> np.ndarray:
        return np.ones(len(antenna), dtype=bool)

    monkeypatch.setattr(sights, "could_answer", everything)
    monkeypatch.setattr(links, "could_answer", everything)
    assert reads_of(*crossings, radio=radio) == quick
    assert quick


def test_a_crossing_of_no_tags_still_breaks_the_beams(load: Loads) -> None:
    records = list(chain.from_iterable(block.records() for block in field_reads(DOORS, (load(0),), 1)))
    assert [type(record).__name__ for record in records] == ["InputChange"] * 4
