"""Does a problem make sense? Every finding starts with the path of its field, and all of them are told at once."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from tagdock_slotting.errors import ProblemError
from tagdock_slotting.plan import CARRIED, Layout
from tagdock_slotting.problem import Aisles, Problem

SHARE_TOLERANCE = 1e-3
"""How far an item's door shares may sum from 1: shares are often written with three decimals."""

Finding = str


def check(problem: Problem) -> None:
    """Check what types alone can't say. Raises ProblemError with every finding."""
    findings = [finding for rule in _RULES for finding in rule(problem)]
    if findings:
        raise ProblemError(findings)


def check_layout(problem: Problem, layout: Layout, path: str) -> None:
    """Check that a layout names known SKUs and bins, each bin once a SKU. Raises ProblemError."""
    findings = list(_layout_findings(problem, layout, path))
    if findings:
        raise ProblemError(findings)


def _duplicates(problem: Problem) -> Iterator[Finding]:
    yield from _twice((door.id for door in problem.doors), "$.doors[{}].id", "door")
    yield from _twice((place.id for place in problem.bins), "$.bins[{}].id", "bin")
    yield from _twice((item.sku for item in problem.items), "$.items[{}].sku", "SKU")
    for index, place in enumerate(problem.bins):
        if place.id == CARRIED:
            yield f"$.bins[{index}].id: {CARRIED!r} stands for the truck in a plan's moves; name the bin otherwise"


def _twice(names: Iterable[str], path: str, kind: str) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in first:
            yield f"{path.format(index)}: {kind} {name!r} stands there twice, first at index {first[name]}"
        first.setdefault(name, index)


def _items(problem: Problem) -> Iterator[Finding]:
    doors = {door.id for door in problem.doors}
    for index, item in enumerate(problem.items):
        path = f"$.items[{index}]"
        for name in ("picks_per_day", "volume_m3", "mass_kg", "height_m"):
            yield from _finite(f"{path}.{name}", getattr(item, name))
        for door, share in item.door_share.items():
            if door not in doors:
                yield f"{path}.door_share: unknown door {door!r}"
            elif item.doors and share > 0 and door not in item.doors:
                yield f"{path}.door_share.{door}: {item.sku!r} may leave only by {_some(item.doors)} (`doors`)"
            yield from _finite(f"{path}.door_share.{door}", share)
        total = sum(item.door_share.values())
        if item.door_share and not abs(total - 1.0) <= SHARE_TOLERANCE:
            yield f"{path}.door_share: the shares of {item.sku!r} sum to {total:g}, not to 1"
        if item.bins_needed > len(problem.bins):
            yield f"{path}.bins_needed: {item.bins_needed} bins are needed and the problem has {len(problem.bins)}"


def _house(problem: Problem) -> Iterator[Finding]:
    """Check the rules that name bins, doors, families and areas."""
    bins, doors = {place.id for place in problem.bins}, {door.id for door in problem.doors}
    families = {item.family for item in problem.items}
    for index, item in enumerate(problem.items):
        for name, given, known in (("bins", item.bins, bins), ("doors", item.doors, doors)):
            yield from _twice(given, f"$.items[{index}].{name}[{{}}]", name.removesuffix("s"))
            if unknown := sorted(set(given) - known):
                yield f"$.items[{index}].{name}: unknown {_some(unknown)}"
    for number, rule in enumerate(problem.together):
        if rule.family not in families:
            yield f"$.together[{number}].family: no item is of family {rule.family!r}"
        if rule.within == "aisle":
            lost = [index for index, place in enumerate(problem.bins) if place.aisle is None]
            if lost:
                yield f"$.bins[{lost[0]}].aisle: is missing; $.together[{number}] keeps a family within an aisle"
    if len({(rule.family, rule.within) for rule in problem.together}) < len(problem.together):
        yield "$.together: holds the same rule twice"


def _finite(path: str, value: float) -> Iterator[Finding]:
    if not math.isfinite(value) or value < 0:
        yield f"{path}: must be a finite number of at least 0, not {value}"


def _aisles(problem: Problem) -> Iterator[Finding]:
    if problem.aisles is None:
        return
    cells = [cross.after_cell for cross in problem.aisles.cross_aisles]
    if cells != sorted(set(cells)):
        yield "$.aisles.cross_aisles: must be listed from front to back, each after_cell once"
    if cells and cells[-1] >= problem.aisles.cells - 1:
        yield f"$.aisles.cross_aisles: after_cell {cells[-1]} lies not between two of {problem.aisles.cells} cells"
    if len(cells) > 1:
        yield "$.aisles.cross_aisles: at most one middle cross-aisle (two blocks) is understood"
    for index, place in enumerate(problem.bins):
        yield from _in_aisles(f"$.bins[{index}]", place.aisle, problem.aisles)
        if place.cell is not None and place.cell >= problem.aisles.cells:
            yield f"$.bins[{index}].cell: cell {place.cell} of an aisle with cells 0 to {problem.aisles.cells - 1}"
    for index, door in enumerate(problem.doors):
        yield from _in_aisles(f"$.doors[{index}]", door.aisle, problem.aisles)


def _in_aisles(path: str, aisle: int | None, aisles: Aisles) -> Iterator[Finding]:
    if aisle is not None and aisle >= aisles.count:
        yield f"{path}.aisle: aisle {aisle} in a layout with aisles 0 to {aisles.count - 1}"


def _distances(problem: Problem) -> Iterator[Finding]:
    needs_doors = problem.bin_door_m is None
    needs_bins = problem.bin_bin_m is None and bool(problem.affinity or problem.moves.model == "tour")
    needs_aisles = problem.aisles is not None and bool(problem.orders)
    if not (needs_doors or needs_bins or needs_aisles):
        return
    in_aisles = problem.aisles is not None
    for index, place in enumerate(problem.bins):
        located: tuple[float | None, ...] = (place.aisle, place.cell) if in_aisles else (place.x_m, place.y_m)
        yield from _located(f"$.bins[{index}]: {place.id!r}", located, "aisle and cell" if in_aisles else "x_m and y_m")
    for index, door in enumerate(problem.doors if needs_doors or needs_aisles else ()):
        stands: tuple[float | None, ...] = (door.aisle,) if in_aisles else (door.x_m, door.y_m)
        yield from _located(f"$.doors[{index}]: {door.id!r}", stands, "aisle" if in_aisles else "x_m and y_m")


def _located(path: str, located: tuple[float | None, ...], wanted: str) -> Iterator[Finding]:
    if None in located:
        yield f"{path} is nobody knows how far away; give {wanted}, or the distances as a matrix"


def _matrices(problem: Problem) -> Iterator[Finding]:
    bins = [place.id for place in problem.bins]
    if (to_doors := problem.bin_door_m) is not None:
        yield from _names("$.bin_door_m.bins", to_doors.bins, bins)
        yield from _names("$.bin_door_m.doors", to_doors.doors, [door.id for door in problem.doors])
        yield from _shape("$.bin_door_m.rows", to_doors.rows, len(to_doors.bins), len(to_doors.doors))
    if (to_bins := problem.bin_bin_m) is not None:
        yield from _names("$.bin_bin_m.bins", to_bins.bins, bins)
        yield from _shape("$.bin_bin_m.rows", to_bins.rows, len(to_bins.bins), len(to_bins.bins))


def _names(path: str, given: Sequence[str], wanted: Sequence[str]) -> Iterator[Finding]:
    yield from _twice(given, path + "[{}]", "name")
    if missing := sorted(set(wanted) - set(given)):
        yield f"{path}: lacks {_some(missing)}"
    if unknown := sorted(set(given) - set(wanted)):
        yield f"{path}: unknown {_some(unknown)}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _shape(path: str, rows: Sequence[Sequence[float]], height: int, width: int) -> Iterator[Finding]:
    if len(rows) != height:
        yield f"{path}: has {len(rows)} rows for {height} names"
    for index, row in enumerate(rows):
        if len(row) != width:
            yield f"{path}[{index}]: has {len(row)} columns for {width} names"
        elif not all(map(math.isfinite, row)):
            yield f"{path}[{index}]: must hold finite numbers only"


def _references(problem: Problem) -> Iterator[Finding]:
    skus = {item.sku for item in problem.items}
    for index, (one, other, value) in enumerate(problem.affinity):
        for sku in sorted({one, other} - skus):
            yield f"$.affinity[{index}]: unknown SKU {sku!r}"
        yield from _finite(f"$.affinity[{index}][2]", value)
    for index, order in enumerate(problem.orders):
        for sku in sorted(set(order) - skus):
            yield f"$.orders[{index}]: unknown SKU {sku!r}"
    yield from _order_weights(problem)
    doors = {door.id for door in problem.doors}
    for name in ("door", "end_door"):
        door = getattr(problem.routing, name)
        if door is not None and door not in doors:
            yield f"$.routing.{name}: unknown door {door!r}"


def _order_weights(problem: Problem) -> Iterator[Finding]:
    weights = problem.order_weights
    if weights and len(weights) != len(problem.orders):
        yield f"$.order_weights: has {len(weights)} numbers for {len(problem.orders)} orders; give one each, or none"
    for index, weight in enumerate(weights):
        yield from _finite(f"$.order_weights[{index}]", weight)


def _current(problem: Problem) -> Iterator[Finding]:
    yield from _layout_findings(problem, problem.current, "$.current")
    needed = {item.sku: item.bins_needed for item in problem.items}
    for sku, bins in problem.current.items():
        if len(bins) > needed.get(sku, len(bins)):
            yield f"$.current.{sku}: lies in {len(bins)} bins with bins_needed {needed[sku]}; raise that or mend this"


def _layout_findings(problem: Problem, layout: Layout, path: str) -> Iterator[Finding]:
    skus = {item.sku for item in problem.items}
    bins = {place.id for place in problem.bins}
    for sku, places in layout.items():
        if sku not in skus:
            yield f"{path}.{sku}: unknown SKU"
        for place in sorted(set(places) - bins):
            yield f"{path}.{sku}: unknown bin {place!r}"
        yield from _twice(places, f"{path}.{sku}[{{}}]", "bin")


def _routes(problem: Problem) -> Iterator[Finding]:
    routing, aisles = problem.routing, problem.aisles
    if not problem.orders:
        if problem.weights.routes > 0:
            yield "$.weights.routes: is above 0 but there are no `orders` to route; give orders or set it to 0"
        return
    if aisles is None:
        if problem.weights.routes > 0:
            yield "$.weights.routes: tours need an aisle layout; give `aisles` or set the weight to 0"
        return
    if routing.policy == "exact":
        return
    if aisles.cross_aisles:
        yield f"$.routing.policy: {routing.policy!r} is defined on one block only; on two blocks use 'exact'"
    ends = {door.end for door in problem.doors if door.id in (routing.door or problem.doors[0].id, routing.end_door)}
    if len(ends) > 1:
        yield f"$.routing.end_door: {routing.policy!r} starts and ends at the same side of the block; use 'exact'"


_RULES: tuple[Callable[[Problem], Iterator[Finding]], ...] = (
    _duplicates,
    _items,
    _house,
    _aisles,
    _distances,
    _matrices,
    _references,
    _current,
    _routes,
)
