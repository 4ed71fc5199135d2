"""Inventory rounds: sessions and targets quieten tags or let them flood, as the Gen2 tables say."""

from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from tagdock_contract import TagRead
from tagdock_simulators.doors import Crossing, WayPoint, two_row
from tagdock_simulators.radio import DENSE, FAST, Radio
from tagdock_simulators.reading import field_reads

DOORS = [two_row("D1", "dock-1", 0.0), two_row("D2", "dock-2", 3.0)]
Loads = Callable[..., Crossing]
STANDS_S = 30.0


def standing(load: Loads, tags: int = 20) -> Crossing:
    return load(tags, "park", way=(WayPoint(-1.0, 0.0, STANDS_S),))


def reads_by_tag(crossing: Crossing, **radio: Any) -> dict[str, list[TagRead]]:
    reads: dict[str, list[TagRead]] = defaultdict(list)
    for block in field_reads(DOORS, (crossing,), 1, Radio(**radio)):
        for read in block.reads():
            reads[read.epc].append(read)
    return reads


def gaps_s(reads: list[TagRead]) -> list[float]:
    return [(b.at - a.at).total_seconds() for a, b in pairwise(reads)]


def test_a_dual_target_floods(load: Loads) -> None:
    reads = reads_by_tag(standing(load))
    assert sum(map(len, reads.values())) > 500 * STANDS_S
    assert min(map(len, reads.values())) > 10 * STANDS_S


def test_session_0_counts_each_tag_once_a_turn_of_a_single_target(load: Loads) -> None:
    reads = reads_by_tag(standing(load), session=0, target="single")
    turns = STANDS_S / Radio().turn_s
    assert all(len(each) <= 2 * turns + 1 for each in reads.values())  # both readers' turns
    assert sum(map(len, reads.values())) > 5 * turns


@pytest.mark.parametrize("session", [1, 2, 3])
def test_a_single_target_quietens_a_parked_load(load: Loads, session: int) -> None:
    reads = reads_by_tag(standing(load), session=session, target="single")
    assert len(reads) == 20
    least_s, most = {1: (0.5, 2 * STANDS_S), 2: (2.0, 3.0), 3: (2.0, 3.0)}[session]
    assert all(gap >= least_s for each in reads.values() for gap in gaps_s(each))  # whichever reader counted it
    assert all(len(each) <= most for each in reads.values())


def test_session_1_forgets_within_five_seconds(load: Loads) -> None:
    reads = reads_by_tag(standing(load), session=1, target="single")
    assert all(len(each) >= STANDS_S / 5.2 for each in reads.values())
    assert max(gap for each in reads.values() for gap in gaps_s(each)) < 5.5


def test_a_tag_that_left_the_field_forgets_session_2(load: Loads) -> None:
    way = (WayPoint(-1.0, 0.0, 5.0), WayPoint(-60.0, 0.0, 20.0), WayPoint(-1.0, 0.0, 5.0))
    crossing = load(5, "park", way=way, speed_m_per_s=10.0)
    reads = reads_by_tag(crossing, session=2, target="single").values()
    assert sum(any(gap > 20.0 for gap in gaps_s(each)) for each in reads) >= 4


def test_a_slower_mode_counts_less_and_hears_more(load: Loads) -> None:
    crossing = load(60)
    fast, slow = (reads_by_tag(crossing, mode=mode, reader_sensitivity_dbm=-55.0) for mode in (FAST, DENSE))
    assert sum(map(len, slow.values())) < sum(map(len, fast.values()))
    assert min(read.rssi_dbm for each in slow.values() for read in each) < -57.0
    assert min(read.rssi_dbm for each in fast.values() for read in each) >= -57.0


def test_no_two_tags_of_one_antenna_are_counted_at_the_same_time(load: Loads) -> None:
    reads = [read for each in reads_by_tag(load(60)).values() for read in each]
    for reader in ("dock-1", "dock-2"):
        times = sorted(read.at for read in reads if read.reader == reader)
        least_s = min((b - a).total_seconds() for a, b in pairwise(times))
        assert least_s >= 0.99 * FAST.tag_s
