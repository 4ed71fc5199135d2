"""Scenarios keep what they promise, from any seed."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice, pairwise

import pytest
from tagdock_simulators.doors import Crossing, crossing_truth
from tagdock_simulators.scenarios import EPOCH, SCENARIOS, Scenario, crossings

ALL = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
FORKLIFT = "urn:epc:id:giai:"


def goods(crossing: Crossing) -> list[str]:
    return [truth.epc for truth in crossing_truth(crossing) if not truth.epc.startswith(FORKLIFT)]


@ALL
@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_crossings_come_in_order_and_only_parked_loads_and_cartons_share_a_door(scenario: Scenario, seed: int) -> None:
    free: dict[tuple[str, bool], datetime] = defaultdict(lambda: EPOCH)
    all_of_it = list(crossings(scenario, seed))
    assert len(all_of_it) == scenario.loads
    assert all(a.starts_at <= b.starts_at for a, b in pairwise(all_of_it))
    for crossing in all_of_it:
        place = crossing.door, crossing.direction == "park"
        assert crossing.starts_at >= free[place]
        belt = scenario.door_kind == "conveyor"
        free[place] = crossing.starts_at if belt else crossing.ends_at


@ALL
def test_every_lane_of_doors_gets_its_share_of_the_loads(scenario: Scenario) -> None:
    width = 2 if scenario.together else 1
    shares = Counter((int(crossing.door[1:]) - 1) // width for crossing in crossings(scenario, 1))
    assert len(shares) == scenario.doors // width
    assert max(shares.values()) - min(shares.values()) <= width


@ALL
def test_no_tag_but_a_forklifts_comes_twice(scenario: Scenario) -> None:
    epcs = Counter(epc for seed in (1, 2) for crossing in crossings(scenario, seed) for epc in goods(crossing))
    assert not epcs or max(epcs.values()) == 1


@ALL
def test_loads_do_what_the_scenario_is_about(scenario: Scenario) -> None:
    played = [crossing for seed in range(3) for crossing in crossings(scenario, seed)]
    assert {crossing.direction for crossing in played} == set(scenario.behaviours)
    assert len({crossing.carrier.name for crossing in played if crossing.direction != "park"}) == len(scenario.carriers)
    assert len({str(crossing.materials) for crossing in played}) == len(scenario.materials)
    silent = any(crossing.unreadable for crossing in played)
    assert silent == (scenario.unreadable > 0)


@ALL
def test_everything_can_be_moved_in_time(scenario: Scenario) -> None:
    later = EPOCH + timedelta(days=3)
    moved = [crossing.starts_at - timedelta(days=3) for crossing in crossings(scenario, 4, later)]
    assert moved == [crossing.starts_at for crossing in crossings(scenario, 4)]


def test_a_long_scenario_is_drawn_as_it_is_needed() -> None:
    endless = replace(SCENARIOS["rush-hour"], loads=1_000_000)
    assert len(list(islice(crossings(endless, 1), 50))) == 50


def test_parked_pallets_stand_for_minutes_while_others_pass_their_door() -> None:
    played = list(crossings(SCENARIOS["parked-pallets"], 1))
    parked = [crossing for crossing in played if crossing.direction == "park"]
    assert min((load.ends_at - load.starts_at).total_seconds() for load in parked) >= 60
    others = [
        sum(o.door == load.door and load.starts_at < o.starts_at and o.ends_at < load.ends_at for o in played)
        for load in parked
    ]
    assert max(others) >= 3


def test_pairs_of_loads_cross_in_neighbouring_doors_at_the_same_time() -> None:
    played = list(crossings(SCENARIOS["cross-talk"], 1))
    pairs = [
        (a, b) for a, b in pairwise(played) if a.door != b.door and (b.starts_at - a.starts_at).total_seconds() <= 0.6
    ]
    assert len(pairs) > len(played) / 4


def test_a_belt_carries_cartons_one_behind_the_other_at_one_speed() -> None:
    scenario = SCENARIOS["conveyor"]
    belts: dict[str, list[Crossing]] = defaultdict(list)
    for crossing in crossings(scenario, 1):
        belts[crossing.door].append(crossing)
    for cartons in belts.values():
        assert len({carton.speed_m_per_s for carton in cartons}) == 1
        gaps_m = [(b.starts_at - a.starts_at).total_seconds() * a.speed_m_per_s for a, b in pairwise(cartons)]
        assert scenario.spacing_m[0] - 0.001 <= min(gaps_m) <= max(gaps_m) <= scenario.spacing_m[1] + 0.001
        assert any(b.starts_at < a.ends_at for a, b in pairwise(cartons))


def test_a_forklift_goes_in_and_out_in_turn_with_its_own_tag() -> None:
    trips: dict[str, list[Crossing]] = defaultdict(list)
    for crossing in crossings(SCENARIOS["forklift"], 1):
        (tag,) = (truth.epc for truth in crossing_truth(crossing) if truth.epc.startswith(FORKLIFT))
        trips[tag].append(crossing)
    assert len(trips) == SCENARIOS["forklift"].doors
    for each in trips.values():
        assert [crossing.direction for crossing in each] == (["in", "out"] * len(each))[: len(each)]
        assert len({crossing.door for crossing in each}) == 1


def test_doors_share_readers_but_no_port_and_no_input() -> None:
    doors = SCENARIOS["everything-at-once"].geometry()
    ports = [(door.reader, antenna.port) for door in doors for antenna in door.antennas]
    inputs = [(door.reader, eye.gpi) for door in doors for eye in door.photo_eyes]
    assert len({door.reader for door in doors}) == len(doors) / 2
    assert len(set(ports)) == len(ports)
    assert len(set(inputs)) == len(inputs) == 2 * len(doors)
