"""From the rows of cloud's views to a problem: pure, so that a plan can be worked out again from the same rows.

A SKU's rate is forecast from its order lines by day where four weeks were counted, else it is the lines over the days
that they stand for; its doors are those that it left by. SKUs that lie somewhere or moved are in the problem: with rate
0 where nothing moved, to be put away where they lie nowhere. Bins under an open task are held.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from tagdock_slotting.checks import check
from tagdock_slotting.errors import ProblemError
from tagdock_slotting.order_log import OrderLog, Orders, can_be_walked, order_log
from tagdock_slotting.problem import (
    Aisles,
    Bin,
    BinBinMatrix,
    BinDoorMatrix,
    Door,
    Item,
    MoveRules,
    NotNegative,
    Positive,
    Problem,
    Weights,
)
from tagdock_slotting.rates.notes import FEWEST_DAYS, MOST_DAYS, Counts, RatesNote, forecast_rates, mean_rates
from tagdock_slotting.whatif import Scenario, changed

SHORTEST_SPAN_DAYS = 1 / 24
"""A period counts for an hour at least: rates of a moment are no rates."""

_DAY, _TICK = timedelta(days=1), timedelta(microseconds=1)
_BEGINNING, _END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
"""The times that the record can hold: the contract's years 2000 to 2100."""

Row = Mapping[str, Any]


class Request(Struct, frozen=True):
    """What a planner asked for; fields that slotting does not need are ignored."""

    since: datetime | None = None
    until: datetime | None = None
    represents_days: Positive | None = None
    at_most: Annotated[int, Meta(ge=0)] | None = None
    weights: Weights = Weights()
    cost_m_per_move: NotNegative = 0.0
    horizon_days: Positive = 30.0
    time_limit_s: Annotated[float, Meta(ge=0.001, le=86_400)] = 60.0
    seed: Annotated[int, Meta(ge=0, lt=2**32)] = 0
    what_if: Scenario = Scenario()
    hold_tasks: bool = True


class Prepared(Struct, frozen=True):
    """A problem, the rates that it was built from, and orders after those of the problem."""

    problem: Problem
    rates: RatesNote
    later_orders: Orders = ()


class Span(Struct, frozen=True):
    """A period as whole UTC days, `first_day` to before `end_day`, and what is left of a day before and after them."""

    first_day: date
    end_day: date
    head_from: datetime
    head_until: datetime
    tail_from: datetime
    tail_until: datetime


def span(since: datetime | None, until: datetime | None) -> Span:
    """Cut a period, open where an end is None, into whole days and two rests; what is not there is empty."""
    since = (since or _BEGINNING).astimezone(UTC)
    until = (until or _END).astimezone(UTC)
    first = _midnight(since + _DAY - _TICK)
    end = _midnight(until)
    if first > end:  # the period lies within one day
        return Span(first.date(), first.date(), since, max(since, until), until, until)
    return Span(first.date(), end.date(), since, first, end, until)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


class Rows(Struct, frozen=True):
    """What the views say about one site: rows of bins_v1, doors_v1, skus_v1, flows_v1, layouts_v1, moves_v1.

    `flows` are sums by SKU and door, `daily` a row a SKU: `days` counted from the first whole day, and their `lines`.
    `orders` are what left together: `at` and `skus`.
    """

    bins: list[dict[str, Any]]
    doors: list[dict[str, Any]]
    skus: list[dict[str, Any]]
    flows: list[dict[str, Any]]
    layouts: list[dict[str, Any]]
    daily: list[dict[str, Any]] = []
    tasks: list[dict[str, Any]] = []
    orders: list[dict[str, Any]] = []


def read_request(request: object) -> Request:
    """Read a plan's request. Raises ProblemError naming the field that is wrong."""
    read: Request = _converted(request, Request, "$.request")
    return read


def problem_from_views(rows: Rows, request: Request, asked_at: datetime) -> Prepared:
    """Build and check the problem of a site. Raises ProblemError saying what is missing and where to mend it."""
    _check_layout(rows)
    current = _current(rows.bins)
    layout: Row = rows.layouts[0] if rows.layouts else {}
    rates = _rates(rows, request, asked_at, current)
    held = {name for row in rows.tasks for name in (row["from_bin"], row["to_bin"])} if request.hold_tasks else set()
    doors, bins = tuple(_door(row) for row in rows.doors), tuple(_bin(row, row["bin"] in held) for row in rows.bins)
    aisles = _converted(layout.get("aisles"), Aisles | None, "$.aisles")
    log = order_log(rows.orders, rates.items, rates) if can_be_walked(aisles, bins, doors) else OrderLog()
    problem = Problem(
        doors=doors,
        bins=bins,
        items=_items(rows, current, rates),
        aisles=aisles,
        orders=log.seen,
        order_weights=log.weights,
        orders_days=log.days,
        bin_door_m=_converted(layout.get("bin_door_m"), BinDoorMatrix | None, "$.bin_door_m"),
        bin_bin_m=_converted(layout.get("bin_bin_m"), BinBinMatrix | None, "$.bin_bin_m"),
        current=current,
        weights=request.weights,
        moves=MoveRules(
            cost_m_per_move=request.cost_m_per_move, at_most=request.at_most, horizon_days=request.horizon_days
        ),
    )
    checked: Problem = _converted(msgspec.to_builtins(problem), Problem, "$")
    check(checked)
    return Prepared(changed(checked, request.what_if), rates, log.later)


def _check_layout(rows: Rows) -> None:
    for name, found in (("bins", rows.bins), ("doors", rows.doors)):
        if not found:
            raise ProblemError([f"$.{name}: this site has no {name}; import its layout first"])
    if not any(row["skus"] for row in rows.bins) and not rows.flows:
        raise ProblemError(["$.items: no SKU lies in this site's bins and none moved; import what lies where first"])


def _represents_days(request: Request, asked_at: datetime) -> float:
    """Return how many days the counted order lines stand for."""
    if request.represents_days is not None:
        return request.represents_days
    until = request.until or asked_at
    span_days = (until - (request.since or until)).total_seconds() / 86_400
    return max(span_days, SHORTEST_SPAN_DAYS)


def _current(bins: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    places: dict[str, list[str]] = {}
    for row in bins:
        for sku in row["skus"]:
            places.setdefault(sku, []).append(row["bin"])
    return {sku: tuple(sorted(names)) for sku, names in sorted(places.items())}


def _rates(rows: Rows, request: Request, asked_at: datetime, current: Mapping[str, tuple[str, ...]]) -> RatesNote:
    """Return the rate of every SKU that is in the problem, a business day: as many as the period stands for."""
    lines: dict[str, float] = {}
    for row in rows.flows:
        if row["sku"] is not None:
            lines[row["sku"]] = lines.get(row["sku"], 0.0) + float(row["order_lines"])
    skus = sorted(set(current) | {sku for sku, count in lines.items() if count > 0})
    days = _represents_days(request, asked_at)
    whole = span(request.since, request.until)
    counted = (whole.end_day - whole.first_day).days
    if not rows.daily or not FEWEST_DAYS <= counted <= MOST_DAYS:
        return mean_rates({sku: lines.get(sku, 0.0) for sku in skus}, days)
    per_day = counted / days if request.represents_days is not None else 1.0
    families = {row["sku"]: row.get("family") for row in rows.skus}
    daily = {row["sku"]: (row["days"], row["lines"]) for row in rows.daily}
    counts = Counts(whole.first_day, counted, daily, {sku: families.get(sku) for sku in skus})
    return forecast_rates(counts, request.horizon_days, per_day)


def _items(rows: Rows, current: Mapping[str, tuple[str, ...]], rates: RatesNote) -> tuple[Item, ...]:
    doors = {row["door"] for row in rows.doors}
    lines: dict[str, dict[str, float]] = {}
    for row in rows.flows:
        if row["sku"] is not None:
            lines.setdefault(row["sku"], {})[row["door"]] = float(row["order_lines"])
    kinds = {row["sku"]: row for row in rows.skus}
    return tuple(
        _item(
            sku,
            kinds.get(sku, {}),
            len(current.get(sku, ())),
            rate,
            _door_share(lines.get(sku, {}), doors),
        )
        for sku, (rate, _, _) in rates.items.items()
    )


def _door_share(lines: Mapping[str, float], doors: set[str]) -> dict[str, float]:
    """Share out order lines over doors; lines through a door that the layout lacks go by the other doors' shares."""
    known = {door: count for door, count in sorted(lines.items()) if door in doors and count > 0}
    total = sum(known.values())
    return {door: count / total for door, count in known.items()}


def _item(sku: str, kind: Row, lies_in: int, picks_per_day: float, door_share: dict[str, float]) -> Item:
    return Item(
        sku=sku,
        picks_per_day=picks_per_day,
        door_share=door_share,
        volume_m3=kind.get("volume_m3") or 0.0,
        mass_kg=kind.get("mass_kg") or 0.0,
        bins_needed=max(kind.get("bins_needed") or 1, lies_in),
        zones=tuple(kind.get("zones") or ()),
        family=kind.get("family"),
        keep_apart=tuple(kind.get("keep_apart") or ()),
    )


def _bin(row: Row, is_held: bool) -> Bin:
    names = ("x_m", "y_m", "aisle", "cell", "zone", "volume_m3", "mass_kg", "items_at_most")
    return Bin(
        id=row["bin"], z_m=row["z_m"] or 0.0, use="held" if is_held else "open", **{name: row[name] for name in names}
    )


def _door(row: Row) -> Door:
    return Door(
        id=row["door"],
        x_m=row["x_m"],
        y_m=row["y_m"],
        aisle=row["aisle"],
        end=row["aisle_end"] or "front",
        gap_m=row["gap_m"] or 0.0,
    )


def _converted(value: object, kind: Any, path: str) -> Any:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$")
        raise ProblemError([f"{path}{where.rstrip('`')}: {reason}"]) from None
