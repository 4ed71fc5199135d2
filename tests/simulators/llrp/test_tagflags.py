"""A tag that was counted keeps quiet for as long as the session's flag lasts, and no longer."""

import pytest
from tagdock_simulators.llrp.tagflags import TagFlags, persistence_us

EPCS = [f"{number:024X}" for number in range(200)]
S = 1_000_000


@pytest.mark.parametrize(
    ("session", "least_s", "most_s"), [(0, 0.0, 0.0), (1, 0.5, 5.0), (2, 2.0, 20.0), (3, 2.0, 20.0)]
)
def test_a_flag_lasts_as_long_as_the_standard_allows(session: int, least_s: float, most_s: float) -> None:
    lasts_s = [persistence_us(session, epc) / S for epc in EPCS]
    assert least_s <= min(lasts_s) <= max(lasts_s) <= most_s
    assert max(lasts_s) - min(lasts_s) >= 0.9 * (most_s - least_s)


@pytest.mark.parametrize(
    ("held", "a"),
    [
        pytest.param(False, [False, True, True, True], id="it falls back"),
        pytest.param(True, [False, False, False, False], id="power holds it"),
    ],
)
def test_a_tag_that_is_seen_all_the_time(held: bool, a: list[bool]) -> None:
    flags, epc = TagFlags(), EPCS[1]
    step_us = persistence_us(2, epc) * 3 // 4
    flags.turn(2, epc, 0, to_a=False)
    assert [flags.is_a(2, epc, step_us * step, held) for step in range(1, 5)] == a


def test_a_tag_that_went_away_falls_back() -> None:
    flags, epc = TagFlags(), EPCS[1]
    flags.turn(2, epc, 0, to_a=False)
    assert flags.is_a(2, epc, persistence_us(2, epc), held=True)


def test_sessions_and_tags_have_flags_of_their_own() -> None:
    flags = TagFlags()
    flags.turn(2, EPCS[0], 0, to_a=False)
    assert not flags.is_a(2, EPCS[0], 1, held=False)
    assert flags.is_a(3, EPCS[0], 1, held=False)
    assert flags.is_a(2, EPCS[1], 1, held=False)


def test_a_flag_is_turned_back() -> None:
    flags = TagFlags()
    flags.turn(2, EPCS[0], 0, to_a=False)
    flags.turn(2, EPCS[0], 1, to_a=True)
    assert flags.is_a(2, EPCS[0], 2, held=False)


def test_beyond_the_bound_the_tag_seen_longest_ago_is_forgotten() -> None:
    flags = TagFlags(most=3)
    for epc in EPCS[:3]:
        flags.turn(2, epc, 0, to_a=False)
    assert not flags.is_a(2, EPCS[0], 1, held=True)
    flags.turn(2, EPCS[3], 2, to_a=False)
    assert [flags.is_a(2, epc, 3, held=False) for epc in EPCS[:4]] == [False, True, False, False]
