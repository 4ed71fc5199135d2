"""Scenarios keep what they promise, from any seed."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from tagdock_simulators.scenarios import EPOCH, SCENARIOS, Scenario, in_order

ALL = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())


@ALL
@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_crossings_come_in_order_and_never_overlap_at_a_door(scenario: Scenario, seed: int) -> None:
    free: dict[str, datetime] = defaultdict(lambda: EPOCH)
    crossings = list(scenario.crossings(seed))
    assert len(crossings) == scenario.loads
    assert all(a.starts_at <= b.starts_at for a, b in pairwise(crossings))
    for crossing in crossings:
        assert crossing.starts_at >= free[crossing.door]
        free[crossing.door] = crossing.ends_at


@ALL
def test_no_tag_comes_twice(scenario: Scenario) -> None:
    epcs = Counter(epc for seed in (1, 2) for crossing in scenario.crossings(seed) for epc in crossing.epcs)
    assert max(epcs.values()) == 1


@ALL
def test_loads_do_what_the_scenario_is_about(scenario: Scenario) -> None:
    seen = {crossing.direction for seed in range(3) for crossing in scenario.crossings(seed)}
    assert seen == set(scenario.behaviours)


@ALL
def test_everything_can_be_moved_in_time(scenario: Scenario) -> None:
    later = EPOCH + timedelta(days=3)
    moved = [crossing.starts_at - timedelta(days=3) for crossing in scenario.crossings(4, later)]
    assert moved == [crossing.starts_at for crossing in scenario.crossings(4)]


def test_reads_of_overlapping_scenes_are_merged_into_the_order_of_time() -> None:
    scenario = Scenario("test", "", loads=12, tags=(1, 8), gap_s=(0.5, 1.0))
    scenes = list(scenario.scenes(3))
    assert any(a.crossing.ends_at > b.crossing.starts_at for a, b in pairwise(scenes))
    merged = list(in_order(iter(scenes)))
    assert all(a.at <= b.at for a, b in pairwise(merged))
    assert Counter(merged) == Counter(read for scene in scenes for read in scene.reads)


def test_every_tag_of_the_clean_scenario_is_read_by_both_rows_of_its_door() -> None:
    scenario = SCENARIOS["clean-two-row"]
    readers = {door.door: door.reader for door in scenario.geometry()}
    for scene in scenario.scenes(1):
        rows = Counter((read.epc, read.antenna) for read in scene.reads if read.reader == readers[scene.crossing.door])
        assert min(rows[epc, row] for epc in scene.crossing.epcs for row in (1, 2)) >= 3
