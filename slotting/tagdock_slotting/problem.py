"""What is to be solved, as frozen records: doors, bins, items, distances, weights, today's layout.

The JSON of a problem is these records, key by key. `decode_problem` checks types and ranges, `checks.check` the sense.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=200)]
Finite = Annotated[float, Meta(ge=-1e9, le=1e9)]
Positive = Annotated[float, Meta(gt=0, le=1e9)]
NotNegative = Annotated[float, Meta(ge=0, le=1e9)]
Index = Annotated[int, Meta(ge=0, le=100_000)]
Count = Annotated[int, Meta(ge=1, le=100_000)]
End = Literal["front", "back"]
Policy = Literal["exact", "s_shape", "return", "midpoint", "largest_gap", "combined"]


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """A record whose unknown fields are refused: a misspelt option would silently change the plan."""


class Door(Record, frozen=True):
    """A door: a point, and (in an aisle layout) the end of one aisle, `gap_m` away from it."""

    id: Id
    x_m: Finite | None = None
    y_m: Finite | None = None
    aisle: Index | None = None
    end: End = "front"
    gap_m: NotNegative = 0.0


class Bin(Record, frozen=True):
    """A storage location. What is None is not limited; `zone` None is a zone that only items without zones use.

    `height_m` is its clear height. A `blocked` bin takes nothing; a `held` one (under an open task) keeps what it holds
    and takes nothing else.
    """

    id: Id
    x_m: Finite | None = None
    y_m: Finite | None = None
    z_m: Finite = 0.0
    aisle: Index | None = None
    cell: Index | None = None
    zone: Id | None = None
    volume_m3: NotNegative | None = None
    mass_kg: NotNegative | None = None
    items_at_most: Count | None = None
    height_m: NotNegative | None = None
    use: Literal["open", "blocked", "held"] = "open"


class Item(Record, frozen=True):
    """A SKU: its measured flow, what its stock takes in one bin, and where it may lie.

    `picks_per_day` is spread evenly over its `bins_needed` bins; without `door_share` evenly over all doors;
    no `zones` means any; it shares no bin with an item whose family is in `keep_apart`. `bins` are the only ones that
    it may lie in, `doors` the only ones that it may leave by; empty means any.
    """

    sku: Id
    picks_per_day: NotNegative = 0.0
    door_share: dict[Id, NotNegative] = {}
    volume_m3: NotNegative = 0.0
    mass_kg: NotNegative = 0.0
    bins_needed: Annotated[int, Meta(ge=1, le=1000)] = 1
    zones: tuple[Id, ...] = ()
    family: Id | None = None
    keep_apart: tuple[Id, ...] = ()
    height_m: NotNegative = 0.0
    bins: tuple[Id, ...] = ()
    doors: tuple[Id, ...] = ()


class HeavyBelow(Record, frozen=True):
    """What takes more than `over_kg` in a bin lies no higher than `z_m_at_most`."""

    over_kg: NotNegative
    z_m_at_most: Finite


class Together(Record, frozen=True):
    """All items of a family lie in bins of one zone, or of one aisle."""

    family: Id
    within: Literal["zone", "aisle"] = "zone"


class CrossAisle(Record, frozen=True):
    """A middle cross-aisle behind the cell `after_cell`, `width_m` wide."""

    after_cell: Index
    width_m: NotNegative


class Aisles(Record, frozen=True):
    """Parallel aisles numbered from 0; cells counted from the front."""

    count: Count
    pitch_m: Positive
    cells: Count
    cell_m: Positive
    front_gap_m: NotNegative = 0.0
    back_gap_m: NotNegative = 0.0
    cross_aisles: tuple[CrossAisle, ...] = ()


class BinDoorMatrix(Record, frozen=True):
    """Distances in metres, one row a bin and one column a door."""

    bins: tuple[Id, ...]
    doors: tuple[Id, ...]
    rows: tuple[tuple[NotNegative, ...], ...]


class BinBinMatrix(Record, frozen=True):
    """Distances in metres from the row's bin to the column's; it need not be symmetric."""

    bins: tuple[Id, ...]
    rows: tuple[tuple[NotNegative, ...], ...]


class Routing(Record, frozen=True):
    """How pickers walk: from `door` (default: the first) through an order's bins to `end_door` (default: `door`)."""

    policy: Policy = "exact"
    door: Id | None = None
    end_door: Id | None = None


class Weights(Record, frozen=True):
    """What counts how much in the objective."""

    travel: NotNegative = 1.0
    affinity: NotNegative = 1.0
    routes: NotNegative = 0.0
    ergonomics: NotNegative = 0.0


class MoveRules(Record, frozen=True):
    """What relocating costs and how much of it is wanted."""

    model: Literal["per_move", "tour"] = "per_move"
    cost_m_per_move: NotNegative = 0.0
    at_most: Annotated[int, Meta(ge=0)] | None = None
    horizon_days: Positive = 30.0


class Problem(Record, frozen=True, kw_only=True):
    """One layout problem, whole.

    `order_weights` says how often each order counts (left out: once each), so that recent ones can count more.
    """

    v: Literal[1] = 1
    doors: Annotated[tuple[Door, ...], Meta(min_length=1, max_length=1000)]
    bins: Annotated[tuple[Bin, ...], Meta(min_length=1, max_length=200_000)]
    items: Annotated[tuple[Item, ...], Meta(min_length=1, max_length=200_000)]
    aisles: Aisles | None = None
    bin_door_m: BinDoorMatrix | None = None
    bin_bin_m: BinBinMatrix | None = None
    affinity: tuple[tuple[Id, Id, NotNegative], ...] = ()
    orders: tuple[tuple[Id, ...], ...] = ()
    order_weights: tuple[NotNegative, ...] = ()
    orders_days: Positive = 30.0
    routing: Routing = Routing()
    current: dict[Id, tuple[Id, ...]] = {}
    weights: Weights = Weights()
    moves: MoveRules = MoveRules()
    heavy_below: tuple[HeavyBelow, ...] = ()
    together: tuple[Together, ...] = ()
