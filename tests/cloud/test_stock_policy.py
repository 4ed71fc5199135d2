"""Classes, forecasts, proposals and comparisons of counts: pure, with properties that hold for whatever comes in."""

import csv
import gzip
import os
import random
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tagdock_cloud.stockpolicy.counts.records import EpcBody
from tagdock_cloud.stockpolicy.counts.rules import compare, differences_of_units, lines_of
from tagdock_cloud.stockpolicy.forecast import HORIZON_WEEKS, outlooks
from tagdock_cloud.stockpolicy.replenish import Limits, Rate, Stock, propose
from tagdock_cloud.stockpolicy.rules import WEEKS, Demand, first_week, outlook_rows, turnover
from tagdock_cloud.stockpolicy.sheet import read_rows
from tagdock_cloud.stockpolicy.smoothing import Level, Smoothing, levels
from tagdock_cloud.stockpolicy.velocity import classify
from tagdock_cloud.web.problems import Problem

TODAY = date(2026, 6, 10)
EPCS = st.frozensets(st.integers(0, 30).map(str))


def made(skus: int, weeks: int, seed: int = 7) -> dict[str, list[float]]:
    """Make demand as a gift retailer's: most SKUs rare, some steady, sizes of a few and now and then of many."""
    chance = random.Random(seed)
    shares = {f"S{n}": chance.betavariate(0.6, 1.2) for n in range(skus)}
    sizes = {sku: chance.lognormvariate(1.5, 0.8) for sku in shares}
    return {
        sku: [
            float(round(sizes[sku] * chance.lognormvariate(0, 0.5)) + 1) if chance.random() < share else 0.0
            for _ in range(weeks)
        ]
        for sku, share in shares.items()
    }


# ---- forecasts


def test_the_forecast_beats_the_naive_one_on_weeks_it_has_not_seen_and_its_interval_holds_nine_of_ten() -> None:
    weeks = made(240, 56)
    known = {sku: own[:-HORIZON_WEEKS] for sku, own in weeks.items() if any(own[: -2 * HORIZON_WEEKS])}
    told = outlooks(known)
    came = {sku: sum(weeks[sku][-HORIZON_WEEKS:]) for sku in told}
    squares = sum((told[sku].span.mean - units) ** 2 for sku, units in came.items())
    naive = sum((sum(known[sku][-HORIZON_WEEKS:]) - units) ** 2 for sku, units in came.items())
    assert (squares / naive) ** 0.5 < 0.85
    held = sum(told[sku].span.low <= units <= told[sku].span.high for sku, units in came.items()) / len(came)
    assert 0.86 <= held <= 0.99
    assert sum(one.squares for one in told.values()) < 0.8 * sum(one.naive_squares for one in told.values())


def test_where_nothing_can_lie_below_an_interval_a_tenth_may_lie_above_it_and_safety_keeps_a_twentieth() -> None:
    weeks = made(1000, 56)
    told = outlooks({sku: own[:-HORIZON_WEEKS] for sku, own in weeks.items() if any(own[: -2 * HORIZON_WEEKS])})
    rare = {sku: sum(weeks[sku][-HORIZON_WEEKS:]) for sku, one in told.items() if one.span.low == 0}
    above = sum(units > told[sku].span.high for sku, units in rare.items()) / len(rare)
    assert len(rare) > 500 and 0.06 < above < 0.13
    for sku in rare:
        mean, deviation = told[sku].span.mean, (told[sku].variance * HORIZON_WEEKS) ** 0.5
        assert mean + told[sku].reach * deviation > told[sku].span.high - 1, "safety stock is learnt at a twentieth"


def test_what_is_told_of_held_out_weeks_does_not_know_them() -> None:
    weeks = made(60, 40)
    other = {sku: [*own[:-HORIZON_WEEKS], *(0.0,) * HORIZON_WEEKS] for sku, own in weeks.items()}
    told, without = outlooks(weeks), outlooks(other)
    assert {sku: told[sku].held for sku in without} == {sku: one.held for sku, one in without.items()}
    assert any(told[sku].span != one.span for sku, one in without.items())


def test_what_nobody_asks_for_any_more_fades_and_what_is_steady_stays() -> None:
    died, steady = [4.0] * 30 + [0.0] * 40, [4.0] * 70
    path = levels(died, Smoothing(0.1, 0.1), Level(0.5, 3, 12))
    assert path[30].mean > 3 and path[-1].mean < 0.1 and path[-1].size > 3  # the chance fades, the size does not
    assert levels(steady, Smoothing(0.1, 0.1), Level(0.5, 3, 12))[-1].mean == pytest.approx(4, rel=0.02)


def test_demand_now_and_then_is_not_taken_for_nothing_after_weeks_without() -> None:
    rare = ([0.0] * 5 + [6.0]) * 10
    level = levels(rare, Smoothing(0.05, 0.1), Level(0.5, 3, 12))
    assert 0.6 < level[-6].mean < 1.5 and level[-6].size == pytest.approx(6, rel=0.1)


@pytest.mark.parametrize("weeks", [[], [0.0] * 30, [1.0, 2.0]], ids=["none", "never-asked", "two-weeks"])
def test_of_too_little_nothing_is_foretold(weeks: list[float]) -> None:
    assert outlooks({"X": weeks}) == {}


def test_real_weeks_are_foretold_better_than_by_the_naive_forecast() -> None:
    folder = os.environ.get("TAGDOCK_TEST_DATA")
    if not folder:
        pytest.skip("set TAGDOCK_TEST_DATA to the folder of the sample")
    sold: dict[str, Counter[int]] = {}
    with gzip.open(Path(folder) / "online_retail_sample.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if row["stock_code"][:3] == "227" and int(row["quantity"]) > 0:
                week = (date.fromisoformat(row["invoiced_at"][:10]) - date(2010, 11, 29)).days // 7
                sold.setdefault(row["stock_code"], Counter())[week] += int(row["quantity"])
    weeks = {sku: [float(own[week]) for week in range(min(own), 52)] for sku, own in sold.items()}
    told = outlooks({sku: own[:-4] for sku, own in weeks.items() if len(own) > 12})
    squares = sum((one.span.mean - sum(weeks[sku][-4:])) ** 2 for sku, one in told.items())
    naive = sum((sum(weeks[sku][-8:-4]) - sum(weeks[sku][-4:])) ** 2 for sku, one in told.items())
    assert len(told) > 50 and squares < naive


# ---- classes


def test_a_class_changes_only_clearly_beyond_its_border() -> None:
    def lines(of_b: float) -> dict[str, list[float]]:
        return {"a": [80.0], "b": [of_b], "c": [4.0], "d": [1.0]}

    weeks = {sku: own * 20 for sku, own in lines(20.0).items()}
    assert {sku: place.velocity for sku, place in classify(weeks).items()} == {"a": "A", "b": "A", "c": "C", "d": "C"}
    near = {sku: [*own, *lines(18.5)[sku] * 20] for sku, own in weeks.items()}  # 0.773 -> 0.784 of all ahead of b
    assert classify(near)["b"].velocity == "A" and classify(near)["b"].since == 0
    just_beyond = {sku: [*own, *lines(14.0)[sku] * 20] for sku, own in weeks.items()}  # 0.808: within the margin
    assert classify(just_beyond)["b"].velocity == "A"
    clearly = {sku: [*own, *lines(11.0)[sku] * 20] for sku, own in weeks.items()}  # 0.833
    assert classify(clearly)["b"].velocity == "B" and classify(clearly)["b"].since > 20
    fresh = {sku: own * 20 for sku, own in lines(14.0).items()}
    assert classify(fresh)["b"].velocity == "B"


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.integers(0, 9), min_size=6, max_size=6), min_size=1))
def test_faster_skus_are_never_in_a_slower_class_but_by_hysteresis(weeks: dict[str, list[float]]) -> None:
    places = classify({sku: own[-1:] for sku, own in weeks.items()})  # one week: nothing to hold on to
    ordered = sorted(places.values(), key=lambda place: -place.lines)
    assert [place.velocity for place in ordered] == sorted(place.velocity for place in ordered)
    assert all(place.velocity == "C" for place in places.values() if not place.lines)
    assert classify(weeks) == classify(dict(reversed(weeks.items())))


# ---- turnover and rows


def test_turnover_is_a_years_demand_by_the_mean_stock_of_its_weeks() -> None:
    length = WEEKS + 1
    sold = Demand((*(0.0,) * (length - 10), *(5.0,) * 10), (), (*(0.0,) * (length - 10), *(5.0,) * 10))
    stocks = [10 + 5 * n for n in range(10)]  # ten are left; each week before there were five more
    assert turnover(sold, 10.0) == pytest.approx(50 * 52 / 10 / (sum(stocks) / 10))
    nothing = (0.0,) * length
    assert turnover(Demand(nothing, nothing, nothing), 5.0) == 0.0
    assert turnover(Demand(nothing, nothing, nothing), 0.0) is None


def test_rows_are_of_all_that_is_kept_or_was_asked_for() -> None:
    row = {"weeks": [WEEKS - 2, WEEKS], "units": [3.0, 4.0], "lines": [1.0, 1.0], "nets": [0.0, 0.0],
           "asked_last_on": TODAY}  # fmt: skip
    rows = outlook_rows("s", TODAY, {"X": Demand.of(row, WEEKS + 1)}, {"Y": 3.0})
    assert [(one["sku"], one["velocity"], one["weeks"]) for one in rows] == [("X", "A", 2), ("Y", "C", 0)]
    assert first_week(TODAY).weekday() == 0


# ---- proposals


@settings(max_examples=60, deadline=None)
@given(
    low=st.none() | st.integers(0, 50),
    room=st.integers(1, 80),
    units=st.integers(0, 200),
    promised=st.integers(0, 40),
    announced=st.integers(0, 60),
    mean=st.floats(0, 60),
    lead_days=st.none() | st.integers(0, 60),
)
def test_a_proposal_never_goes_beyond_the_maximum_and_none_leaves_the_stock_below_the_minimum(
    low: int | None, room: int, units: int, promised: int, announced: int, mean: float, lead_days: int | None
) -> None:
    limits = Limits(low, None if low is None else low + room, None, lead_days)
    stock = Stock(units, promised, announced)
    found = propose(TODAY, limits, stock, Rate(mean, mean * 2))
    if found is None:
        assert low is None or stock.position > low or low + room - stock.position < 1
        return
    assert found.quantity >= 1 and TODAY <= found.order_on <= found.needed_on
    if found.order_on == TODAY:
        assert stock.position + found.quantity < low + room + 1  # type: ignore[operator]  # no limits, no proposal
    assert all(word in found.why for word in ("here", "promised", "announced", "Reorder at"))


CASES = {
    "below the minimum": (Limits(10, 30), Stock(5), Rate(), 25, 0),
    "what is announced counts": (Limits(10, 30), Stock(5, 0, 20), Rate(), None, 0),
    "what is promised does not": (Limits(10, 30), Stock(20, 15), Rate(), 25, 0),
    "a rate as small as numbers get": (Limits(None, None, 0, 0), Stock(1), Rate(2.2e-311, 0), None, 0),
    "a week ahead": (Limits(10, 30, 0, 0), Stock(14), Rate(7, 7), 20, 4),
    "not two weeks ahead": (Limits(10, 30, 0, 0), Stock(24), Rate(7, 7), None, 0),
    "the lead time is covered": (Limits(0, 100, 5, 14), Stock(19), Rate(7, 7), 81, 0),
    "without a maximum four weeks": (Limits(10, None, 0, 0), Stock(10), Rate(7, 7), 28, 0),
    "no limits, nothing": (Limits(), Stock(0), Rate(7, 7), None, 0),
}


@pytest.mark.parametrize("name", CASES)
def test_how_much_and_when(name: str) -> None:
    limits, stock, rate, quantity, days = CASES[name]
    found = propose(TODAY, limits, stock, rate)
    assert (found.quantity if found else None) == quantity
    assert found is None or (found.order_on - TODAY).days == days


# ---- counts


@settings(max_examples=60, deadline=None)
@given(EPCS, EPCS, EPCS)
def test_found_missing_and_extra_part_what_was_expected_and_read(
    expected: frozenset[str], seen: frozenset[str], moved: frozenset[str]
) -> None:
    parts = compare(expected, seen, moved)
    assert parts.found | parts.missing == expected - moved and parts.found | parts.extra == seen - moved
    assert not (parts.found & parts.missing or parts.found & parts.extra or parts.missing & parts.extra)
    turned = compare(seen, expected, moved)
    assert (turned.found, turned.missing, turned.extra) == (parts.found, parts.extra, parts.missing)


PLACES = st.dictionaries(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), st.integers(0, 9))


@settings(max_examples=60, deadline=None)
@given(PLACES, PLACES)
def test_units_that_are_counted_are_those_expected_less_missing_plus_extra(
    expected: dict[tuple[str, str], int], counted: dict[tuple[str, str], int]
) -> None:
    differences = differences_of_units(expected, counted)
    lines = lines_of(expected, differences)
    assert all(one.units > 0 for one in differences)
    told = {(line.bin, line.sku): line.expected - line.missing + line.extra for line in lines}
    assert {place: units for place, units in told.items() if units} == {k: v for k, v in counted.items() if v}


# ---- CSV


@pytest.mark.parametrize(
    ("content", "place"),
    [(b"epc\n\xff", "line 2"), (b"epc,epc\n1,2", "line 1"), (b"sku\nA", "line 1"), (b"epc\na,b", "line 2"),
     (b'epc\n"a', "line 2"), (b"epc\na\na\na", "line 4"), (b"", "line 1")],
    ids=["no-utf8", "twice", "unknown", "too-many-cells", "open-quote", "too-many-rows", "empty"],
)  # fmt: skip
def test_a_sheet_is_refused_by_its_line(content: bytes, place: str) -> None:

    with pytest.raises(Problem) as caught:
        read_rows(content, EpcBody, ("epc",), most=2)
    assert caught.value.errors[0][0] == place
