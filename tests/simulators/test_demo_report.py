"""The verdict: truth against record, one outcome for each crossing."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tagdock_simulators.demo.report import GatewayGap, Passed, Plan, Played, Report, Stored, as_json, as_text, judge

T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)
PLAYED = Played(seconds=60, order_lines=1, days=1, loads=1, unusable_lines={"zero quantity": 2})


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def passed(epc: str = "e1", when: float = 10.0) -> Passed:
    return Passed(epc, "D1", "out", at(when), at(when - 1), at(when + 1))


def stored(door: str = "D1", direction: str = "out", epc: str = "e1", after: float = 1.5, name: str = "m1") -> Stored:
    return Stored(name, epc, door, direction, at(10 + after), at(10 + after - 0.1))


def verdict(*record: Stored, gaps: tuple[GatewayGap, ...] = ()) -> Report:
    return judge([passed()], record, gaps, PLAYED)


@pytest.mark.parametrize(
    ("record", "outcome"),
    [
        ([stored()], "right"),
        ([stored(door="D2")], "wrong_door"),
        ([stored(direction="in")], "wrong_direction"),
        ([stored(direction="uncertain")], "uncertain"),
        ([stored(direction="pass")], "lost"),
        ([], "lost"),
        ([stored(direction="uncertain"), stored(name="m2")], "right"),
    ],
    ids=["right", "other door", "other way", "undecided", "went by", "nothing", "decided later"],
)
def test_each_crossing_has_one_outcome(record: list[Stored], outcome: str) -> None:
    report = verdict(*record)
    names = ("right", "wrong_door", "wrong_direction", "uncertain", "lost", "lost_in_memory")
    assert {name: getattr(report, name) for name in names if getattr(report, name)} == {outcome: ("e1",)}
    assert report.crossings == 1
    assert report.clean == (outcome in ("right", "uncertain"))


def test_every_further_decided_movement_of_a_crossing_is_a_double() -> None:
    report = verdict(stored(), stored(name="m2"), stored(name="m3", door="D2"))
    assert report.doubled == ("e1", "e1")
    assert report.right == ("e1",)
    assert not report.clean


def test_a_movement_that_nothing_explains_is_unexpected() -> None:
    report = verdict(stored(), stored(epc="ghost"))
    assert report.unexpected == ("ghost",)
    assert not report.clean


@pytest.mark.parametrize(
    ("killed_s", "back_s", "covered"),
    [(9.5, 12.0, True), (13.0, 14.0, True), (2.0, 9.5, True), (16.0, 20.0, False), (2.0, 8.0, False)],
    ids=["in the middle", "before the verdict", "back in the middle", "after the verdict", "back before"],
)
def test_what_a_killed_gateway_had_in_memory_only_is_named_apart(killed_s: float, back_s: float, covered: bool) -> None:
    report = verdict(gaps=(GatewayGap(at(killed_s), at(back_s)),))
    assert (report.lost_in_memory == ("e1",)) is covered
    assert (report.lost == ("e1",)) is not covered


def test_a_gap_excuses_no_double() -> None:
    assert not verdict(stored(), stored(name="m2"), gaps=(GatewayGap(at(9), at(11)),)).clean


def test_the_json_has_the_keys_of_the_design_and_times_from_the_door_line() -> None:
    report = judge([passed()], [stored()], (), PLAYED)
    written = as_json(report)
    assert {
        *("crossings", "stored", "lost", "doubled", "wrong_door", "wrong_direction", "uncertain", "order_lines"),
        *("latency_ms", "plan", "lost_in_memory", "unusable_lines", "killed", "hand_over_ms", "seconds"),
    } <= set(written)
    assert written["latency_ms"] == {"median": 1500.0, "p99": 1500.0}
    assert written["hand_over_ms"] == {"median": 100.0, "p99": 100.0}
    assert written["plan"]["current_m_per_day"] is None


def test_the_99th_percentile_is_the_nearest_rank() -> None:
    truth = [passed(f"e{n}") for n in range(200)]
    record = [stored(epc=f"e{n}", name=f"m{n}", after=1 + n) for n in range(200)]
    assert as_json(judge(truth, record, (), PLAYED))["latency_ms"] == {"median": 100_000.0, "p99": 198_000.0}


def test_the_text_says_what_is_wrong_and_what_was_left_out() -> None:
    plan = Plan("optimal", 1000.0, 600.0, 12)
    played = Played(60, 1, 1, 1, {"zero quantity": 2}, kills=(("gateway", T0),), plan=plan)
    text = as_text(judge([passed()], [], (), played))
    assert re.search(r"^  lost +1$", text, re.MULTILINE)
    for words in ("zero quantity 2", "gateway at 08:00:00", "40% less to walk", "Something went wrong"):
        assert words in text
    assert "Nothing was lost" in as_text(verdict(stored()))


@pytest.mark.parametrize(("longest_s", "is_told"), [(0.9, False), (1.0, True), (34.7, True)])
def test_that_loads_stood_still_for_long_as_the_box_was_busy_is_told(longest_s: float, is_told: bool) -> None:
    played = replace(PLAYED, feed_late_ms=(20.0, 30.0, longest_s * 1000))
    text = as_text(judge([passed()], [stored()], (), played))
    assert (f"99 % within {longest_s:.2f} s   (unread in their doors" in text) == is_told
    assert ("loads stood still" in text) == is_told


def test_weeks_of_the_past_count_for_the_verdict() -> None:
    record = [stored()]
    for past, is_clean in (
        (verdict(stored()), True),
        (verdict(), False),
        (verdict(stored(), stored(name="m2")), False),
    ):
        report = judge([passed()], record, [], replace(PLAYED, past=past))
        assert report.clean == is_clean
        told = as_json(report)
        assert told["clean"] == is_clean
        assert told["past"]["crossings"] == 1
        assert told["past"]["lost"] == len(past.lost)
        assert told["lost"] == told["doubled"] == 0
        assert "latency_ms" not in told["past"]
    assert "played as history by a clock set back: 1 doubled" in as_text(report)
    assert "each once on record" in as_text(judge([passed()], record, [], replace(PLAYED, past=verdict(stored()))))
    assert "past" not in as_json(verdict(stored()))
