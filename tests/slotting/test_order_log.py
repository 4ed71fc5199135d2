"""A site's orders: the first ones to plan on, recent ones counting more, the later ones to measure the plan."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from tagdock_slotting.order_log import OrderLog, can_be_walked, order_log
from tagdock_slotting.problem import Aisles, Bin, Door
from tagdock_slotting.rates.notes import RatesNote

START = datetime(2026, 1, 5, tzinfo=UTC)
FORECAST = RatesNote("forecast", {}, date(2026, 1, 5), date(2026, 3, 2), 0.8, 4.0)


def rows(count: int, days_apart: float = 1.0) -> list[dict[str, Any]]:
    return [{"at": START + timedelta(days=n * days_apart), "skus": [f"S{n}", "gone"]} for n in range(count)]


def test_orders_are_cut_by_time_and_know_only_the_problems_skus() -> None:
    found = order_log(rows(20)[::-1], {f"S{n}" for n in range(1, 20)}, FORECAST)
    assert found.seen == tuple((f"S{n}",) for n in range(1, 14))
    assert found.later == tuple((f"S{n}",) for n in range(14, 20))
    assert found.days == 12.0


def test_recent_orders_count_more_where_rates_are_forecast() -> None:
    skus = {f"S{n}" for n in range(60)}
    found = order_log(rows(60), skus, FORECAST)
    assert list(found.weights) == sorted(found.weights) and found.weights[0] < 0.8 < 1.3 < found.weights[-1]
    assert order_log(rows(60), skus, RatesNote("mean", {})).weights == ()


def test_a_few_orders_say_nothing() -> None:
    assert order_log(rows(9), {f"S{n}" for n in range(9)}, FORECAST) == OrderLog()
    assert order_log(rows(20), set(), FORECAST) == OrderLog()


def test_tours_need_everything_in_its_aisle() -> None:
    aisles = Aisles(count=1, pitch_m=3.0, cells=2, cell_m=1.0)
    bins, doors = (Bin(id="B", aisle=0, cell=1),), (Door(id="D", aisle=0),)
    assert can_be_walked(aisles, bins, doors)
    assert not can_be_walked(None, bins, doors)
    assert not can_be_walked(aisles, (*bins, Bin(id="C", x_m=1.0, y_m=1.0)), doors)
    assert not can_be_walked(aisles, bins, (*doors, Door(id="E", x_m=1.0, y_m=1.0)))
