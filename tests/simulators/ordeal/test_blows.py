"""The blows of an ordeal: all kinds, each in its share of the time, the same for the same seed."""

import itertools
from collections import Counter

import pytest
from tagdock_simulators.ordeal.blows import CLOUD_WIRE, GATEWAY_WIRE, VICTIMS, WIRE_FAULTS, deal


def test_the_same_seed_deals_the_same_blows_and_another_one_others() -> None:
    assert deal(7, 180.0) == deal(7, 180.0)
    assert [(blow.what, blow.on) for blow in deal(7, 180.0)] != [(blow.what, blow.on) for blow in deal(8, 180.0)]


@pytest.mark.parametrize("each", [1, 2, 3])
def test_everything_is_struck_as_often_as_asked(each: int) -> None:
    counts = Counter((blow.what, blow.on) for blow in deal(3, 180.0, each))
    assert {counts["kill", victim] for victim in VICTIMS} == {each}
    for kind in WIRE_FAULTS:
        assert counts[kind.value, GATEWAY_WIRE] + counts[kind.value, CLOUD_WIRE] == each
    assert counts["fill", "disk"] == 1


@pytest.mark.parametrize("seed", range(20))
def test_no_blow_falls_while_another_lasts(seed: int) -> None:
    blows = deal(seed, 180.0)
    assert all(one.at_s + one.for_s < next_.at_s for one, next_ in itertools.pairwise(blows))
    assert blows[0].at_s > 0.0
    assert blows[-1].at_s + blows[-1].for_s < 180.0


@pytest.mark.parametrize("seed", range(20))
def test_gateways_die_early_as_they_begin_anew(seed: int) -> None:
    assert max(blow.at_s for blow in deal(seed, 180.0) if blow.on == "gateway") < 90.0
