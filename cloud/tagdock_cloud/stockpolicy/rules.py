"""From weeks of demand to the rows of `sku_outlooks`: class, outlook, turnover. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tagdock_cloud.stockpolicy.forecast import HORIZON_WEEKS, Outlook, outlooks
from tagdock_cloud.stockpolicy.velocity import WINDOW_WEEKS, Place, classify

WEEKS = 78
"""A year and a half: a year's turnover, and what smoothing still remembers."""
WARM_UP_WEEKS = 2 * WINDOW_WEEKS
"""Weeks of classes that are worked out ahead of the present one, so that hysteresis has something to hold on to."""
A_YEAR = 52


@dataclass(frozen=True, slots=True)
class Demand:
    """A SKU's weeks: units and lines asked for, and units that left less those that came; the last week is not over."""

    units: tuple[float, ...]
    lines: tuple[float, ...]
    nets: tuple[float, ...]
    last_on: date | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any], length: int) -> "Demand":
        """Spread a row of weeks (numbers, units, lines, nets) over `length` weeks."""
        wide = [[0.0] * length for _ in range(3)]
        for place, week in enumerate(row["weeks"]):
            if 0 <= week < length:
                for out, name in zip(wide, ("units", "lines", "nets"), strict=True):
                    out[week] += row[name][place]
        units, lines, nets = map(tuple, wide)
        return cls(units, lines, nets, row["asked_last_on"])


def first_week(today: date) -> date:
    """Return the Monday that the weeks begin with."""
    return today - timedelta(days=today.weekday(), weeks=WEEKS)


def outlook_rows(
    site: str, today: date, demands: Mapping[str, Demand], stock: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return the rows of all SKUs that a site keeps or was asked for. `stock`: units now, of those that it keeps."""
    length = WEEKS + 1
    nothing = (0.0,) * length
    none = Demand(nothing, nothing, nothing)
    whole = {sku: demands.get(sku, none) for sku in sorted({*demands, *stock})}
    told = outlooks({sku: _since_first(demand.units[:-1]) for sku, demand in whole.items()})
    start = length - WARM_UP_WEEKS
    classes = classify({sku: demand.lines[start:] for sku, demand in whole.items()})
    weeks_on = first_week(today) + timedelta(weeks=start)
    return [
        {
            "site": site, "sku": sku, **_class_of(classes[sku], weeks_on), "asked_last_on": demand.last_on,
            "weeks": len(_since_first(demand.units[:-1])), **_foretold(told.get(sku)),
            "turnover": turnover(demand, stock.get(sku, 0.0)),
        }
        for sku, demand in whole.items()
    ]  # fmt: skip


def turnover(demand: Demand, units: float) -> float | None:
    """Return a year's demand by the mean stock of its weeks; None where there was neither.

    The stock of past weeks is that of today less what came since and more what left since.
    """
    moved = next((at for at, net in enumerate(demand.nets) if net or demand.units[at]), len(demand.nets))
    start = max(moved, len(demand.nets) - A_YEAR)
    weeks = len(demand.nets) - start
    if weeks == 0:
        return 0.0 if units > 0 else None
    held, stocks = units, []
    for net in reversed(demand.nets[start:]):
        stocks.append(max(held, 0.0))
        held += net
    mean = sum(stocks) / weeks
    return sum(demand.units[start:]) * A_YEAR / weeks / mean if mean > 0 else None


def _since_first(units: Sequence[float]) -> Sequence[float]:
    first = next((at for at, one in enumerate(units) if one > 0), len(units))
    return units[first:]


def _class_of(place: Place, weeks_on: date) -> dict[str, Any]:
    since = weeks_on + timedelta(weeks=place.since)
    return {
        "velocity": place.velocity, "velocity_since": since, "lines": place.lines, "lines_share": place.share,
    }  # fmt: skip


def _foretold(outlook: Outlook | None) -> dict[str, Any]:
    if outlook is None:
        return {"weeks_judged": 0, "squares": 0.0, "naive_squares": 0.0}
    held = outlook.held
    return {
        "units_per_week": outlook.mean, "variance": outlook.variance, "reach": outlook.reach,
        "horizon_weeks": HORIZON_WEEKS, "expected": outlook.span.mean, "low": outlook.span.low,
        "high": outlook.span.high, "held_expected": held.mean if held else None,
        "held_low": held.low if held else None, "held_high": held.high if held else None, "came": outlook.came,
        "weeks_judged": outlook.weeks_judged, "squares": outlook.squares, "naive_squares": outlook.naive_squares,
    }  # fmt: skip
