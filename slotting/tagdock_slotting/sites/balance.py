"""Stock that lies where it is not needed, and the transfers that would pay, as frozen records."""

from math import ceil
from typing import Annotated, Literal

from msgspec import Meta

from tagdock_slotting.errors import ProblemError
from tagdock_slotting.problem import Id, NotNegative, Record
from tagdock_slotting.sites.records import Units

Days = Annotated[float, Meta(ge=0, le=3650)]


class Level(Record, frozen=True):
    """A SKU at a site: what it has, what it sells a day, and how far its stock should reach.

    It is short below `low_days` of demand and may give what is above `high_days`. `price` is the margin of one unit;
    what is `announced` to it is on its way: it may be sold there and not be given away.
    """

    site: Id
    sku: Id
    quantity: Units
    demand_per_day: NotNegative
    low_days: Days = 7.0
    high_days: Days = 21.0
    price: NotNegative = 1.0
    announced: Units = 0


class Lane(Record, frozen=True):
    """A way from one site to another: money for a unit, and how long it takes."""

    start: Id
    goal: Id
    cost_per_unit: NotNegative
    lead_days: Days


class Levels(Record, frozen=True, kw_only=True):
    """All levels of some sites, and the lanes between them."""

    v: Literal[1] = 1
    levels: Annotated[tuple[Level, ...], Meta(max_length=1_000_000)]
    lanes: Annotated[tuple[Lane, ...], Meta(max_length=100_000)]


class Transfer(Record, frozen=True):
    """Units of a SKU worth moving: `gains` is margin saved less what moving costs."""

    sku: Id
    start: Id
    goal: Id
    quantity: int
    gains: float
    why: str


class Balance(Record, frozen=True, kw_only=True):
    """The transfers that gain most together, and what stays short after them."""

    v: Literal[1] = 1
    transfers: tuple[Transfer, ...]
    gains: float
    short_before: int
    short_after: int


def check_levels(levels: Levels) -> None:
    """Check what types alone can't say. Raises ProblemError with every finding."""
    first: dict[tuple[str, str], int] = {}
    findings = []
    for index, level in enumerate(levels.levels):
        if first.setdefault((level.site, level.sku), index) != index:
            findings.append(f"$.levels[{index}]: {level.sku!r} at {level.site!r} stands there twice")
        if level.high_days < level.low_days:
            findings.append(f"$.levels[{index}].high_days: is less than low_days")
    for index, lane in enumerate(levels.lanes):
        if lane.start == lane.goal:
            findings.append(f"$.lanes[{index}].goal: is where the lane starts")
    if findings:
        raise ProblemError(findings)


def surplus(level: Level) -> int:
    """Return the units that a site may give away."""
    return max(0, int(level.quantity - level.high_days * level.demand_per_day))


def shortage(level: Level) -> int:
    """Return the units that a site lacks."""
    return max(0, ceil(level.low_days * level.demand_per_day) - level.quantity - level.announced)


def useful(level: Level, lead_days: float) -> int:
    """Return how many units of its shortage are still wanted when a transfer arrives.

    What is on hand reaches for some days; what would have been sold between them and the arrival is lost.
    """
    if level.demand_per_day == 0:
        return 0
    reaches_days = level.quantity / level.demand_per_day
    lost = max(0.0, min(lead_days, level.low_days) - reaches_days) * level.demand_per_day
    return max(0, shortage(level) - ceil(lost))
