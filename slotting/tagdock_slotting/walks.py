"""What each move of a plan changes, in metres from both its bins to every door: what savings are measured by later."""

from msgspec import Struct

from tagdock_slotting.distance import door_distances
from tagdock_slotting.plan import CARRIED, Plan
from tagdock_slotting.problem import Problem


class Walk(Struct, frozen=True):
    """A move: its goods' share of the SKU is one of `bins`; `doors` holds metres before and after it by door."""

    step: int
    sku: str
    bins: int
    doors: dict[str, tuple[float, float]]


def walks(problem: Problem, plan: Plan) -> list[Walk]:
    """List the walks of a plan's moves. Goods on the truck count as lying where they came from."""
    metres = door_distances(problem)
    place = {bin_.id: number for number, bin_ in enumerate(problem.bins)}
    needed = {item.sku: item.bins_needed for item in problem.items}
    names = [door.id for door in problem.doors]
    carried: dict[str, str] = {}
    found = []
    for move in plan.moves:
        start = carried.pop(move.sku, move.from_bin) if move.from_bin == CARRIED else move.from_bin
        goal = start if move.to_bin == CARRIED else move.to_bin
        if move.to_bin == CARRIED:
            carried[move.sku] = start
        ends = zip(metres[place[start]].tolist(), metres[place[goal]].tolist(), strict=True)
        found.append(Walk(move.step, move.sku, needed[move.sku], dict(zip(names, ends, strict=True))))
    return found
