"""What holds between the parts of a layout, and the one way to write it down. Pure.

Types and bounds of single fields are the records' business; here stands what no field can see alone.
"""

from collections.abc import Iterator, Sequence

from pydantic_core import to_json

from tagdock_cloud.layout.records import MOST_CELLS, Aisles, Bin, BinBinMatrix, BinDoorMatrix, Door, Layout
from tagdock_cloud.web.problems import Problem

Fault = tuple[str, str]
"""A field and what is wrong with it."""


def check_layout(layout: Layout) -> None:
    """Check a layout whole. Raises Problem (422) naming the fields at fault, the first twenty at most."""
    faults = list(_first(_faults(layout), 20))
    if faults:
        field, reason = faults[0]
        raise Problem(422, f"{field}: {reason}", errors=faults)


def canonical(layout: Layout) -> bytes:
    """Write a layout in its one form: doors, bins and stored SKUs by name; of doors and bins only what is known."""
    document = layout.model_dump(exclude={"doors", "bins"})
    document["doors"] = [door.model_dump(exclude_none=True) for door in sorted(layout.doors, key=lambda door: door.id)]
    document["bins"] = [
        bin_.model_dump(exclude_none=True) | {"skus": sorted(bin_.skus)}
        for bin_ in sorted(layout.bins, key=lambda bin_: bin_.id)
    ]
    return to_json(document)


def _faults(layout: Layout) -> Iterator[Fault]:
    yield from _doubles("doors", layout.doors)
    yield from _doubles("bins", layout.bins)
    for place, bin_ in enumerate(layout.bins):
        if len(set(bin_.skus)) != len(bin_.skus):
            yield f"bins[{place}].skus", "names a SKU twice"
    yield from _unplaced(layout)
    bins, doors = {bin_.id for bin_ in layout.bins}, {door.id for door in layout.doors}
    if layout.bin_door_m:
        yield from _matrix_faults("bin_door_m", layout.bin_door_m, layout.bin_door_m.doors, bins)
        yield from _names("bin_door_m.doors", layout.bin_door_m.doors, doors)
    if layout.bin_bin_m:
        yield from _matrix_faults("bin_bin_m", layout.bin_bin_m, layout.bin_bin_m.bins, bins)


def _doubles(field: str, places: Sequence[Door | Bin]) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for index, place in enumerate(places):
        if first.setdefault(place.id, index) != index:
            yield f"{field}[{index}].id", f"{place.id!r} stands already at {field}[{first[place.id]}]"


def _unplaced(layout: Layout) -> Iterator[Fault]:
    """Without a matrix that names it, each place needs coordinates, or a seat in the aisles."""
    matrix = layout.bin_door_m
    bins_known, doors_known = (set(matrix.bins), set(matrix.doors)) if matrix else (set[str](), set[str]())
    for index, door in enumerate(layout.doors):
        seat = None if door.end is None else door.aisle
        yield from _seat_faults(f"doors[{index}]", door, seat, layout.aisles, door.id in doors_known)
    for index, bin_ in enumerate(layout.bins):
        seat = None if bin_.cell is None else bin_.aisle
        yield from _seat_faults(f"bins[{index}]", bin_, seat, layout.aisles, bin_.id in bins_known)
        if layout.aisles and bin_.cell is not None and bin_.cell >= layout.aisles.cells:
            yield f"bins[{index}].cell", f"the aisles have cells 0 to {layout.aisles.cells - 1}"


def _seat_faults(
    field: str, place: Door | Bin, seat: int | None, aisles: Aisles | None, known: bool
) -> Iterator[Fault]:
    if aisles and place.aisle is not None and place.aisle >= aisles.count:
        yield f"{field}.aisle", f"there are aisles 0 to {aisles.count - 1}"
    if (place.x_m is None) != (place.y_m is None):
        yield f"{field}.{'x_m' if place.x_m is None else 'y_m'}", "x_m and y_m go together"
    elif place.x_m is None and not known and (aisles is None or seat is None):
        remedy = "aisle and end" if isinstance(place, Door) else "aisle and cell"
        yield field, f"has no place: give x_m and y_m, or `aisles` with {remedy}, or name it in bin_door_m"


def _matrix_faults(
    field: str, matrix: BinDoorMatrix | BinBinMatrix, columns: list[str], bins: set[str]
) -> Iterator[Fault]:
    yield from _names(f"{field}.bins", matrix.bins, bins)
    if len(matrix.bins) * len(columns) > MOST_CELLS:
        yield f"{field}.rows", f"at most {MOST_CELLS:,} distances are taken"
    if len(matrix.rows) != len(matrix.bins):
        yield f"{field}.rows", f"has {len(matrix.rows)} rows for {len(matrix.bins)} bins"
    for index, row in enumerate(matrix.rows):
        if len(row) != len(columns):
            yield f"{field}.rows[{index}]", f"has {len(row)} distances for {len(columns)} columns"


def _names(field: str, names: Sequence[str], known: set[str]) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name not in known:
            yield f"{field}[{index}]", f"{name!r} is not in this layout"
        elif first.setdefault(name, index) != index:
            yield f"{field}[{index}]", f"{name!r} stands already at {field}[{first[name]}]"


def _first(faults: Iterator[Fault], most: int) -> Iterator[Fault]:
    for _, fault in zip(range(most), faults, strict=False):
        yield fault
