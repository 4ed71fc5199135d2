"""Which report stands where two gateways told of one passage."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tagdock_cloud.corrections.rules import UNTOLD_PEAK_DBM, Report, bouts, peak_dbm_of, reads_of, settle

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WINDOW = timedelta(seconds=5)


def report(number: int, gateway: str, at_s: float = 0.0, **changes: Any) -> Report:
    values: dict[str, Any] = {"confidence": 0.95, "reads": 20, "peak_dbm": -50.0, **changes}
    return Report(UUID(int=number), NOON + timedelta(seconds=at_s), gateway, **values)


def lost(*reports: Report, window: timedelta = WINDOW) -> dict[int, int]:
    return {loser.int: winner.int for loser, winner in settle(reports, window).items()}


CASES = {
    "the stronger power stands": ([report(1, "a"), report(2, "b", peak_dbm=-62.0)], {2: 1}),
    "the surer way stands": ([report(1, "a", confidence=0.72), report(2, "b")], {1: 2}),
    "more reads stand": ([report(1, "a", reads=3), report(2, "b", reads=90)], {1: 2}),
    "loud and unsure beats faint and sure": (
        [report(1, "a", confidence=0.8, peak_dbm=-45.0), report(2, "b", confidence=0.999, peak_dbm=-68.0)],
        {2: 1},
    ),
    "alike in all: the earlier stands": ([report(2, "a"), report(1, "b", 0.5)], {1: 2}),
    "alike in all and at once: the lower id stands": ([report(2, "a"), report(1, "b")], {2: 1}),
    "one gateway never loses against itself": ([report(1, "a"), report(2, "a", 1, reads=3)], {}),
    "as far apart as the window": ([report(1, "a"), report(2, "b", 5.0, reads=3)], {2: 1}),
    "further apart than the window": ([report(1, "a"), report(2, "b", 5.01, reads=3)], {}),
    "in by one door, out by another a minute later": ([report(1, "a"), report(2, "b", 60)], {}),
    "three gateways, one passage": (
        [report(1, "a", reads=5), report(2, "b", 1), report(3, "c", 2, reads=7)],
        {1: 2, 3: 2},
    ),
    "what lost beats nobody": (
        [report(1, "a", 0, peak_dbm=-40.0), report(2, "b", 4, peak_dbm=-50.0), report(3, "c", 8, peak_dbm=-60.0)],
        {2: 1},
    ),
    "a person's word beats any evidence": (
        [report(1, "a", confidence=0.5, reads=1, peak_dbm=-80.0, decided="out"), report(2, "b")],
        {2: 1},
    ),
    "two that persons confirmed both stand": ([report(1, "a", decided="in"), report(2, "b", decided="out")], {}),
    "what a person took for nothing takes part no more": (
        [report(1, "a", decided="none"), report(2, "b", reads=1)],
        {},
    ),
    "what a person took for going by neither": ([report(1, "a", decided="pass"), report(2, "b", reads=1)], {}),
}


@pytest.mark.parametrize("name", CASES)
def test_settles(name: str) -> None:
    reports, expected = CASES[name]
    for order in itertools.permutations(reports):
        assert lost(*order) == expected


def test_no_two_that_stand_are_rivals_and_every_loser_has_a_winner_that_stands() -> None:
    for seed in range(200):
        rng = random.Random(seed)
        reports = [
            report(
                n,
                rng.choice("abc"),
                rng.uniform(0, 30),
                reads=rng.randrange(1, 5),
                peak_dbm=rng.choice([-50.0, -60.0]),
                decided=rng.choice([None, None, None, "in", "none"]),
            )
            for n in range(12)
        ]
        settled = settle(reports, WINDOW)
        taking_part = [one for one in reports if one.decided != "none"]
        standing = {one.event_id: one for one in taking_part if one.event_id not in settled}
        for one, other in itertools.combinations(standing.values(), 2):
            rivals = one.gateway != other.gateway and abs(one.observed_at - other.observed_at) <= WINDOW
            assert not rivals or (one.decided and other.decided)
        assert set(settled.values()) <= set(standing)
        apart = [settle(bout, WINDOW) for bout in bouts(sorted(reports, key=lambda one: one.observed_at), WINDOW)]
        assert {loser: winner for one in apart for loser, winner in one.items()} == settled


@pytest.mark.parametrize(
    ("evidence", "reads", "peak_dbm"),
    [
        pytest.param(
            {"reads": 12, "antennas": [{"peak_rssi_dbm": -61.5}, {"peak_rssi_dbm": -48}]}, 12, -48.0, id="ours"
        ),
        pytest.param({}, 0, UNTOLD_PEAK_DBM, id="nothing"),
        pytest.param({"reads": "many", "antennas": "all"}, 0, UNTOLD_PEAK_DBM, id="other words"),
        pytest.param({"reads": -3, "antennas": [7, {"peak_rssi_dbm": 1e300}, {}]}, 0, UNTOLD_PEAK_DBM, id="made up"),
        pytest.param({"reads": 10**18}, 10**6, UNTOLD_PEAK_DBM, id="boundless"),
    ],
)
def test_reads_evidence_of_any_gateway(evidence: dict[str, Any], reads: int, peak_dbm: float) -> None:
    assert (reads_of(evidence), peak_dbm_of(evidence)) == (reads, peak_dbm)
