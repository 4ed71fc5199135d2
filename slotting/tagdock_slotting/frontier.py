"""What each number of relocations is worth: the best of some layouts for each number, from none to the plan's."""

from collections.abc import Callable, Iterable

from tagdock_slotting.model import Model, Units
from tagdock_slotting.plan import FrontierPoint
from tagdock_slotting.relocation import chains, wanted_steps
from tagdock_slotting.rules import is_legal
from tagdock_slotting.solvers.budget import with_steps
from tagdock_slotting.solvers.relaxation import relocations

PREFIXES = 12
"""Prefixes of the plan's moves that become points of the frontier."""


def frontier(
    model: Model, corners: Iterable[Units], units: Units, value: Callable[[Units], float]
) -> tuple[FrontierPoint, ...]:
    """List what each number of relocations is worth: corners, the plan, and prefixes of it; in metres a day.

    Points that cost no less than one with fewer relocations are left out, and so is all where nothing lies anywhere.
    """
    if not len(model.current):
        return ()
    layouts = [*corners, *_prefixes(model, units), units]
    points = sorted((relocations(model, layout), value(layout)) for layout in layouts if is_legal(model, layout))
    best: list[FrontierPoint] = []
    for count, cost in points:
        if not best or cost < best[-1].objective_m_per_day - 1e-9 * max(1.0, abs(cost)):
            best.append(FrontierPoint(count, cost))
    return tuple(best)


def _prefixes(model: Model, units: Units) -> list[Units]:
    """Return layouts on the way, after whole chains; none where new items need the bins that later moves make free."""
    if len(model.current) != len(units):
        return []
    groups = chains(model, wanted_steps(model, units))
    stride = max(1, len(groups) // PREFIXES)
    return [
        with_steps(model.current, [step for chain in groups[:stop] for step in chain])
        for stop in range(stride, len(groups), stride)
    ]
