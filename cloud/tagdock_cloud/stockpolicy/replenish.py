"""What is to be ordered: how much, when, and why in words. Pure.

A SKU is ordered when what is here and on its way, less what is promised, falls to the reorder point: what the lead time
is expected to take plus a safety stock (where none is set, one that lasts 19 times of 20), and never less than the
minimum. It is ordered up to the maximum, or where none is set to what four more weeks take.

Source: the order-up-to policy (s, S); Silver, Pyke, Thomas (2016), Inventory and Production Management in Supply
Chains, 4th ed., ch. 6 and 7.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta

from tagdock_cloud.stockpolicy.forecast import NORMAL_REACH

LOOK_AHEAD_DAYS = 7
"""What will have to be ordered within this time is proposed now: a person looks once a week at least."""
REVIEW_DAYS = 28
"""Where no maximum is set, an order lasts so long."""
LEAD_DAYS = 7.0
"""Where no lead time is set."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a policy says of a SKU, in units; None: nothing."""

    low: float | None = None
    high: float | None = None
    safety: float | None = None
    lead_days: float | None = None


@dataclass(frozen=True, slots=True)
class Stock:
    """Units in the house, promised to open orders, and announced to come."""

    units: float
    promised: float = 0.0
    announced: float = 0.0

    @property
    def position(self) -> float:
        """What can be counted on."""
        return self.units - self.promised + self.announced


@dataclass(frozen=True, slots=True)
class Rate:
    """Units expected a week, and their variance; `reach`: standard deviations up to where 19 of 20 totals lie.

    `low`, `high`: what nine of ten totals of four weeks lie between.
    """

    mean: float = 0.0
    variance: float = 0.0
    reach: float = NORMAL_REACH
    low: int = 0
    high: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """Order so many units by a day, so that they are here by another."""

    quantity: int
    order_on: date
    needed_on: date
    reorder_point: float
    up_to: float
    why: str


def propose(today: date, limits: Limits, stock: Stock, rate: Rate) -> Proposal | None:
    """Return what is to be ordered within a week, None where nothing is or no limit asks for it."""
    if limits.low is None and limits.safety is None:
        return None
    lead_days = LEAD_DAYS if limits.lead_days is None else limits.lead_days
    point, safety = reorder_point(limits, rate, lead_days)
    a_day = rate.mean / 7
    days = _days_until(stock.position, point, a_day)
    if days is None:
        return None
    left = stock.position - days * a_day
    up_to = point + REVIEW_DAYS * a_day if limits.high is None else limits.high
    quantity = math.ceil(round(up_to - left, 6))
    if quantity < 1:
        return None
    order_on = today + timedelta(days=days)
    needed_on = order_on + timedelta(days=math.ceil(lead_days))
    why = " ".join((_here(stock), _sells(rate), _asks(limits, point, safety, lead_days), _goal(limits, up_to)))
    return Proposal(quantity, order_on, needed_on, point, up_to, why)


def reorder_point(limits: Limits, rate: Rate, lead_days: float) -> tuple[float, float]:
    """Return the position at which is ordered, and the safety stock in it."""
    deviation = math.sqrt(rate.variance * lead_days / 7)
    safety = limits.safety if limits.safety is not None else rate.reach * deviation
    return max(limits.low or 0.0, rate.mean * lead_days / 7 + safety), safety


def _days_until(position: float, point: float, a_day: float) -> int | None:
    """Return in how many whole days the position has fallen to the point; None: not within what is looked ahead."""
    if position <= point:
        return 0
    if position - point >= (LOOK_AHEAD_DAYS + 1) * a_day:  # not divided yet: a rate may be as small as a float gets
        return None
    return math.floor((position - point) / a_day)


def _here(stock: Stock) -> str:
    return f"{_units(stock.units)} here, {stock.promised:g} promised, {stock.announced:g} announced."


def _sells(rate: Rate) -> str:
    if rate.mean <= 0:
        return "No demand is known."
    return f"{rate.mean:.1f} a week are expected ({rate.low} to {rate.high} in four weeks, nine times of ten)."


def _asks(limits: Limits, point: float, safety: float, lead_days: float) -> str:
    minimum = "" if limits.low is None else f" and the minimum of {limits.low:g}"
    return f"Reorder at {point:.1f}: {lead_days:g} days of lead time, a safety stock of {safety:.1f}{minimum}."


def _goal(limits: Limits, up_to: float) -> str:
    if limits.high is None:
        return f"Up to {up_to:.1f}, which lasts four weeks more."
    return f"Up to the maximum of {limits.high:g}."


def _units(units: float) -> str:
    return f"{units:g} unit{'' if units == 1 else 's'}"
