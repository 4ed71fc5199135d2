"""From the rows of cloud's views to a problem: pure, so that a plan can be worked out again from the same rows.

A SKU's rate is its order lines over the days that they stand for; its doors are those that it left by. SKUs that lie
somewhere or moved are in the problem: with rate 0 where nothing moved, to be put away where they lie nowhere.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from tagdock_slotting.checks import check
from tagdock_slotting.errors import ProblemError
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
    """What the views say about one site: rows of bins_v1, doors_v1, skus_v1, flows_v1 (summed), layouts_v1."""

    bins: list[dict[str, Any]]
    doors: list[dict[str, Any]]
    skus: list[dict[str, Any]]
    flows: list[dict[str, Any]]
    layouts: list[dict[str, Any]]


def read_request(request: object) -> Request:
    """Read a plan's request. Raises ProblemError naming the field that is wrong."""
    read: Request = _converted(request, Request, "$.request")
    return read


def problem_from_views(rows: Rows, request: Request, asked_at: datetime) -> Problem:
    """Build and check the problem of a site. Raises ProblemError saying what is missing and where to mend it."""
    _check_layout(rows)
    current = _current(rows.bins)
    layout: Row = rows.layouts[0] if rows.layouts else {}
    problem = Problem(
        doors=tuple(_door(row) for row in rows.doors),
        bins=tuple(_bin(row) for row in rows.bins),
        items=_items(rows, current, _represents_days(request, asked_at)),
        aisles=_converted(layout.get("aisles"), Aisles | None, "$.aisles"),
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
    return checked


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


def _items(rows: Rows, current: Mapping[str, tuple[str, ...]], days: float) -> tuple[Item, ...]:
    doors = {row["door"] for row in rows.doors}
    lines: dict[str, dict[str, float]] = {}
    for row in rows.flows:
        if row["sku"] is not None:
            lines.setdefault(row["sku"], {})[row["door"]] = float(row["order_lines"])
    kinds = {row["sku"]: row for row in rows.skus}
    moved = {sku for sku, by_door in lines.items() if sum(by_door.values()) > 0}
    return tuple(
        _item(
            sku,
            kinds.get(sku, {}),
            len(current.get(sku, ())),
            sum(lines.get(sku, {}).values()) / days,
            _door_share(lines.get(sku, {}), doors),
        )
        for sku in sorted(set(current) | moved)
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


def _bin(row: Row) -> Bin:
    names = ("x_m", "y_m", "aisle", "cell", "zone", "volume_m3", "mass_kg", "items_at_most")
    return Bin(id=row["bin"], z_m=row["z_m"] or 0.0, **{name: row[name] for name in names})


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
