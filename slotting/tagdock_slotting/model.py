"""A problem as arrays: what all later steps compute on. Items, bins and doors are indices here."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.distance import BinDistance, Indices, Metres, bin_distances, door_distances
from tagdock_slotting.ergonomics import effort_m
from tagdock_slotting.plan import Layout
from tagdock_slotting.problem import Item, Problem

Flags = NDArray[np.bool_]
Amounts = NDArray[np.float64]
Integers = NDArray[np.int64]


ALONE = ("zones", "volume_m3", "mass_kg", "height_m", "heavy_below", "use", "bins")
"""The rules that say by themselves which bins an item may lie in."""


@dataclass(frozen=True)
class Units:
    """A layout as pairs: unit `u` is stock of item `item[u]` in bin `bin[u]`."""

    item: Indices
    bin: Indices

    def __len__(self) -> int:
        return len(self.item)

    def sorted(self) -> "Units":
        """Return the same pairs ordered by item, then bin."""
        order = np.lexsort((self.bin, self.item))
        return Units(self.item[order], self.bin[order])


@dataclass(frozen=True)
class Model:
    """The arrays of one problem. Amounts of None are infinite; shapes are (items,), (bins,), (items, doors), ..."""

    problem: Problem
    picks: Amounts
    share: Amounts
    needed: Indices
    volume_m3: Amounts
    mass_kg: Amounts
    zones: Indices
    zone_allows: Flags
    bin_volume_m3: Amounts
    bin_mass_kg: Amounts
    slots: Indices
    height_m: Amounts
    reach_m: Amounts
    bin_height_m: Amounts
    z_m: Amounts
    open: Flags
    door_m: Metres
    effort_m: Metres
    between: BinDistance

    @property
    def items(self) -> int:
        """The number of items."""
        return len(self.picks)

    @property
    def bins(self) -> int:
        """The number of bins."""
        return len(self.slots)

    @cached_property
    def item_index(self) -> dict[str, int]:
        """SKU -> index."""
        return {item.sku: index for index, item in enumerate(self.problem.items)}

    @cached_property
    def bin_index(self) -> dict[str, int]:
        """Bin name -> index."""
        return {place.id: index for index, place in enumerate(self.problem.bins)}

    @cached_property
    def order_weight(self) -> Amounts:
        """How often each order counts, shape (orders,)."""
        given = self.problem.order_weights
        return np.array(given) if given else np.ones(len(self.problem.orders))

    @cached_property
    def current(self) -> Units:
        """Today's layout."""
        return self.units(self.problem.current)

    @cached_property
    def enemies(self) -> tuple[frozenset[int], ...]:
        """For each item the items that may not share a bin with it: `keep_apart` holds in both directions."""
        families: dict[str, set[int]] = {}
        for index, item in enumerate(self.problem.items):
            if item.family is not None:
                families.setdefault(item.family, set()).add(index)
        found: list[set[int]] = [set() for _ in self.problem.items]
        for index, item in enumerate(self.problem.items):
            for family in item.keep_apart:
                for other in families.get(family, set()) - {index}:
                    found[index].add(other)
                    found[other].add(index)
        return tuple(map(frozenset, found))

    @cached_property
    def held(self) -> Integers:
        """What must stay where it lies because its bin is under a task: sorted keys item * bins + bin."""
        in_task = np.array([place.use == "held" for place in self.problem.bins])
        return np.sort((self.current.item * self.bins + self.current.bin)[in_task[self.current.bin]])

    @cached_property
    def pinned(self) -> Flags:
        """Which items may lie in few bins only: those with `bins`, and those with all stock in place and some held."""
        found = np.array([bool(item.bins) for item in self.problem.items])
        held = np.zeros(self.items, dtype=np.bool_)
        held[self.held // self.bins] = True
        return np.asarray(found | (held & (np.bincount(self.current.item, minlength=self.items) == self.needed)))

    @cached_property
    def pinned_alone(self) -> Indices:
        """A number of its own for each pinned item, -1 for all others."""
        return np.where(self.pinned, np.arange(self.items), -1)

    @cached_property
    def pins(self) -> Integers:
        """Where pinned items may lie: sorted keys item * bins + bin."""
        fixed = [
            index * self.bins + self.bin_index[name]
            for index, item in enumerate(self.problem.items)
            for name in item.bins
        ]
        held = np.zeros(self.items, dtype=np.bool_)
        held[self.held // self.bins] = True
        stays = self.pinned[self.current.item] & held[self.current.item]
        keys = (self.current.item * self.bins + self.current.bin)[stays]
        return np.unique(np.concatenate([np.array(fixed, dtype=np.int64), keys]))

    def units(self, layout: Layout) -> Units:
        """Turn a layout into pairs, ordered by item, then bin."""
        pairs = [(self.item_index[sku], self.bin_index[place]) for sku, places in layout.items() for place in places]
        table = np.array(pairs, dtype=np.intp).reshape(len(pairs), 2)
        return Units(table[:, 0], table[:, 1]).sorted()

    def layout(self, units: Units) -> Layout:
        """Turn pairs into a layout whose SKUs stand in the problem's order."""
        places: dict[int, list[str]] = {}
        ordered = units.sorted()
        for item, place in zip(ordered.item.tolist(), ordered.bin.tolist(), strict=True):
            places.setdefault(item, []).append(self.problem.bins[place].id)
        return {self.problem.items[item].sku: tuple(names) for item, names in places.items()}

    def allowed(self, items: Indices, bins: Indices) -> Flags:
        """Return whether each item may lie in each bin by itself, whatever else lies there; arguments are broadcast."""
        fits = self.keeps("zones", items, bins)
        for rule in ALONE[1:]:
            fits = fits & self.keeps(rule, items, bins)
        return fits

    def keeps(self, rule: str, items: Indices, bins: Indices) -> Flags:
        """Return whether each item in each bin keeps one of the rules in ALONE; arguments are broadcast.

        What is held where it lies keeps them all: it can't be moved.
        """
        match rule:
            case "zones":
                fits = self.zone_allows[self.zones[items], bins]
            case "volume_m3":
                fits = self.volume_m3[items] <= self.bin_volume_m3[bins]
            case "mass_kg":
                fits = self.mass_kg[items] <= self.bin_mass_kg[bins]
            case "height_m":
                fits = self.height_m[items] <= self.bin_height_m[bins]
            case "heavy_below":
                fits = self.z_m[bins] <= self.reach_m[items]
            case "use":
                fits = self.open[bins]
            case _:
                pinned = self.pinned[items]
                fits = ~pinned | among(items * self.bins + bins, self.pins) if pinned.any() else ~pinned
        if len(self.held):
            fits = fits | among(items * self.bins + bins, self.held)
        return np.asarray(fits)

    def pick_costs(self, items: Indices, bins: Indices) -> Metres:
        """Return what one unit of each item costs in each bin, in metres a day: travel and ergonomics, weighted.

        `items` of shape (a,) and `bins` of shape (b,) give (a, b).
        """
        weights = self.problem.weights
        walked = weights.travel * (self.share[items] @ self.door_m[bins].T)
        lifted = weights.ergonomics * self.effort_m[bins]
        return np.asarray((self.picks[items] / self.needed[items])[:, None] * (walked + lifted[None, :]))

    def unit_costs(self, units: Units) -> Metres:
        """Return what each unit of a layout costs, in metres a day: travel and ergonomics, weighted."""
        weights = self.problem.weights
        walked = weights.travel * np.einsum("ud,ud->u", self.share[units.item], self.door_m[units.bin])
        lifted = weights.ergonomics * self.effort_m[units.bin]
        return np.asarray(self.picks[units.item] / self.needed[units.item] * (walked + lifted))


def build_model(problem: Problem) -> Model:
    """Turn a checked problem into arrays."""
    items, bins = problem.items, problem.bins
    zones, zone_allows = _zones(problem)
    return Model(
        problem=problem,
        picks=np.array([item.picks_per_day for item in items]),
        share=_shares(problem),
        needed=np.array([item.bins_needed for item in items], dtype=np.intp),
        volume_m3=np.array([item.volume_m3 for item in items]),
        mass_kg=np.array([item.mass_kg for item in items]),
        zones=zones,
        zone_allows=zone_allows,
        bin_volume_m3=np.array([np.inf if place.volume_m3 is None else place.volume_m3 for place in bins]),
        bin_mass_kg=np.array([np.inf if place.mass_kg is None else place.mass_kg for place in bins]),
        slots=np.array([min(place.items_at_most or len(items), len(items)) for place in bins], dtype=np.intp),
        height_m=np.array([item.height_m for item in items]),
        reach_m=_reach_m(problem),
        bin_height_m=np.array([np.inf if place.height_m is None else place.height_m for place in bins]),
        z_m=np.array([place.z_m for place in bins]),
        open=np.array([place.use == "open" for place in bins]),
        door_m=door_distances(problem),
        effort_m=effort_m(np.array([place.z_m for place in bins])),
        between=bin_distances(problem),
    )


def _shares(problem: Problem) -> Amounts:
    column = {door.id: index for index, door in enumerate(problem.doors)}
    shares = np.zeros((len(problem.items), len(problem.doors)))
    for row, item in enumerate(problem.items):
        for door, share in item.door_share.items():
            shares[row, column[door]] = share
        if not item.door_share:
            usable = item.doors or tuple(column)
            shares[row, [column[door] for door in usable]] = 1.0 / len(usable)
    return shares


def _reach_m(problem: Problem) -> Amounts:
    """Return how high each item may lie."""
    reach = np.full(len(problem.items), np.inf)
    mass_kg = np.array([item.mass_kg for item in problem.items])
    for rule in problem.heavy_below:
        reach[mass_kg > rule.over_kg] = np.minimum(reach[mass_kg > rule.over_kg], rule.z_m_at_most)
    return reach


def among(wanted: Integers | np.int64, known: Integers) -> Flags:
    """Return whether each number is in a sorted array."""
    if not len(known):
        return np.zeros(np.shape(wanted), dtype=np.bool_)
    found = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.asarray(known[found] == wanted)


def _zones(problem: Problem) -> tuple[Indices, Flags]:
    """Return each item's zone pattern and, for each pattern, which bins it admits."""
    patterns: dict[tuple[str, ...], int] = {}
    by_item = np.array([patterns.setdefault(_pattern(item), len(patterns)) for item in problem.items], dtype=np.intp)
    allows = [[not zones or place.zone in zones for place in problem.bins] for zones in patterns]
    return by_item, np.array(allows, dtype=np.bool_)


def _pattern(item: Item) -> tuple[str, ...]:
    return tuple(sorted(set(item.zones)))
