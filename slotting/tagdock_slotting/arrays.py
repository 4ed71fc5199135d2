"""A problem as the annealing loop wants it: flat arrays of costs, rules, ways and orders."""

import numpy as np

from tagdock_slotting.bounds import LinearBound
from tagdock_slotting.distance import Indices, Metres, cross_positions
from tagdock_slotting.kernels import annealing as loop
from tagdock_slotting.kernels.tours import Grid
from tagdock_slotting.model import Model, Units, among
from tagdock_slotting.neighbourhood import UnitPairs
from tagdock_slotting.objective import Objective
from tagdock_slotting.routing import Router, endpoints
from tagdock_slotting.routing.tables import ladder
from tagdock_slotting.rules import TOLERANCE

EMPTY: Metres = np.zeros((1, 1))
NOTHING: Indices = np.zeros(0, dtype=np.intp)


def lists(owner: Indices, member: Indices, owners: int) -> tuple[Indices, Indices]:
    """Return the members of each owner one after the other, and where each owner's start (and the end of all)."""
    order = np.argsort(owner, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=owners))])
    return start.astype(np.intp), member[order].astype(np.intp)


def floor_of(
    objective: Objective, bound: LinearBound, units: Units, pairs: UnitPairs, at_most: int | None
) -> loop.Floor:
    """Gather rules and costs; `units` are ordered by item."""
    model, moves = objective.model, objective.model.problem.moves
    still = among(units.item * model.bins + units.bin, model.held)
    home_start, home = lists(model.current.item, model.current.bin, model.items)
    enemies = [(item, other) for item, others in enumerate(model.enemies) for other in sorted(others)]
    table = np.array(enemies, dtype=np.intp).reshape(len(enemies), 2)
    enemy_start, enemy = lists(table[:, 0], table[:, 1], model.items)
    item_factor, bin_factor = _factors(model, bound, routed=objective.router is not None)
    pair_start, pair, pair_out, pair_back = _pairs(pairs, len(units))
    near = _orders_of_bins(objective, item_factor, bin_factor)
    return loop.Floor(
        item=units.item.astype(np.intp),
        movable=np.flatnonzero(~still),
        still=still.astype(np.uint8),
        may=_may(model),
        slots=model.slots.astype(np.intp),
        room_m3=model.bin_volume_m3 * (1 + TOLERANCE),
        room_kg=model.bin_mass_kg * (1 + TOLERANCE),
        volume_m3=model.volume_m3,
        mass_kg=model.mass_kg,
        enemy_start=enemy_start,
        enemy=enemy,
        item_factor=item_factor,
        bin_factor=bin_factor,
        home_start=home_start,
        home=home,
        price=moves.cost_m_per_move / moves.horizon_days if moves.model == "per_move" else 0.0,
        at_most=-1 if at_most is None else at_most,
        pair_start=pair_start,
        pair=pair,
        pair_out=pair_out,
        pair_back=pair_back,
        near=near,
        rank=np.argsort(near, axis=1),
        trips_m=np.ascontiguousarray(objective.trips_m) if objective.router is not None else np.zeros(model.bins),
        unit_start=np.searchsorted(units.item, np.arange(model.items + 1)).astype(np.intp),
    )


def _may(model: Model) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    everywhere = np.arange(model.bins)
    rows = [model.allowed(np.array([item]), everywhere).astype(np.uint8) for item in range(model.items)]
    return np.array(rows).reshape(model.items, model.bins)


def _factors(model: Model, bound: LinearBound, *, routed: bool) -> tuple[Metres, Metres]:
    """Return thin tables whose product is what a unit costs by itself; measured tours replace their linear share."""
    weights, rate = model.problem.weights, model.picks / model.needed
    items = [weights.travel * rate[:, None] * model.share, (weights.ergonomics * rate)[:, None]]
    bins = [model.door_m, model.effort_m[:, None]]
    if not routed:
        items, bins = [*items, bound.pull[:, None]], [*bins, bound.trip_m[:, None]]
    return np.ascontiguousarray(np.hstack(items)), np.ascontiguousarray(np.hstack(bins))


def _orders_of_bins(objective: Objective, item_factor: Metres, bin_factor: Metres) -> Indices:
    """Order bins by place (aisle by aisle, or nearest next to nearest along one axis), and by what they cost."""
    model = objective.model
    places = [(place.aisle or 0, place.cell or 0, place.x_m or 0.0, place.y_m or 0.0) for place in model.problem.bins]
    by_place = np.lexsort(np.array(places).T[::-1])
    cost = bin_factor @ item_factor.mean(axis=0)
    if objective.router is not None:
        cost = cost + objective.trips_m * max(1e-9, float(np.ptp(cost)))
    return np.array([by_place, np.argsort(cost, kind="stable")], dtype=np.intp)


def _pairs(pairs: UnitPairs, units: int) -> tuple[Indices, Indices, Metres, Metres]:
    one, other = np.concatenate([pairs.one, pairs.other]), np.concatenate([pairs.other, pairs.one])
    order = np.argsort(one, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(one, minlength=units))]).astype(np.intp)
    nothing = np.zeros(len(pairs.value))
    out, back = np.concatenate([pairs.value, nothing]), np.concatenate([nothing, pairs.value])
    return start, other[order].astype(np.intp), out[order], back[order]


def ways_of(model: Model, *, paired: bool) -> loop.Ways:
    """Tell how far it is between bins; a matrix that is given is taken over."""
    problem, everywhere = model.problem, np.arange(model.bins)
    if not paired:
        return loop.Ways(loop.NO_WAY, EMPTY, NOTHING.astype(float), NOTHING.astype(float))
    if problem.bin_bin_m is not None:
        matrix = np.ascontiguousarray(model.between(everywhere[:, None], everywhere[None, :]))
        return loop.Ways(loop.BY_MATRIX, matrix, NOTHING.astype(float), NOTHING.astype(float))
    if problem.aisles is not None:
        return loop.Ways(loop.BY_AISLES, EMPTY, NOTHING.astype(float), NOTHING.astype(float))
    points = np.array([(place.x_m or 0.0, place.y_m or 0.0) for place in problem.bins])
    return loop.Ways(loop.BY_POINTS, EMPTY, points[:, 0].copy(), points[:, 1].copy())


def grid_of(model: Model) -> Grid:
    """Gather the aisles and the tour programme's tables; a grid of nothing where there are no aisles."""
    problem, router = model.problem, Router.of(model.problem, measured=False)
    if problem.aisles is None or router is None:
        return _no_grid()
    cross, ends = cross_positions(problem.aisles), endpoints(problem)
    blocks = len(cross) - 1
    sides = tuple(0 if door.end == "front" else blocks for door in (ends.start, ends.end))
    tables = ladder(blocks, (sides[0], sides[1]))
    by_serial = np.lexsort((router.along_m, router.aisle)).astype(np.intp)
    return Grid(
        aisle=router.aisle,
        along_m=router.along_m,
        serial=np.argsort(by_serial).astype(np.intp),
        by_serial=by_serial,
        cross_m=cross,
        pitch_m=problem.aisles.pitch_m,
        gaps_m=ends.gaps_m,
        ends=np.array([ends.start.aisle or 0, ends.end.aisle or 0], dtype=np.intp),
        across=tables.across,
        first=tables.blocks[0],
        second=tables.blocks[-1],
        doors=tables.doors,
        tours=tables.tours,
        states=tables.states,
    )


def _no_grid() -> Grid:
    rows, flat = np.zeros((1, 3), dtype=np.intp), np.zeros(1, dtype=np.intp)
    ends = np.zeros(2, dtype=np.intp)
    return Grid(flat, np.zeros(1), flat, flat, np.zeros(2), 0.0, 0.0, ends, rows, rows, rows, rows[:2], flat, 1)


def orders_of(objective: Objective) -> loop.Orders:
    """Gather the orders whose tours count."""
    problem, model = objective.model.problem, objective.model
    if problem.weights.routes == 0 or objective.router is None:
        nothing = np.zeros(model.items + 1, dtype=np.intp)
        return loop.Orders(np.zeros(0), np.zeros(1, dtype=np.intp), NOTHING, nothing, NOTHING)
    order, item = objective.order_lines
    start, items = lists(order, item, len(problem.orders))
    of_start, of = lists(item, order, model.items)
    return loop.Orders(model.order_weight * problem.weights.routes / problem.orders_days, start, items, of_start, of)


def layout_of(floor: loop.Floor, grid: Grid, orders: loop.Orders, units: Units, relocated: int) -> loop.Layout:
    """Set up what the loop changes."""
    count, longest = len(orders.start) - 1, int(np.diff(orders.start).max(initial=1))
    item, bins = units.item, len(floor.slots)
    head, after = _chains(units, bins)
    return loop.Layout(
        place=units.bin.astype(np.intp),
        counts=np.bincount(units.bin, minlength=bins).astype(np.intp),
        load_m3=np.bincount(units.bin, floor.volume_m3[item], bins).astype(np.float64),
        load_kg=np.bincount(units.bin, floor.mass_kg[item], bins).astype(np.float64),
        head=head,
        after=after,
        tours=np.zeros(count),
        seen=np.zeros(count, dtype=np.intp),
        fresh=np.zeros(count),
        touched=np.zeros(count, dtype=np.intp),
        room=np.zeros(max(longest, 1), dtype=np.intp),
        state=np.zeros(grid.states),
        reached=np.zeros(grid.states),
        costs=np.zeros(8),
        value=np.array([0.0, float(relocated)]),
        stamp=np.zeros(2, dtype=np.intp),
    )


def _chains(units: Units, bins: int) -> tuple[Indices, Indices]:
    """Chain the units of each bin: its first, and after each the next, -1 at the end."""
    head, after = np.full(bins, -1, dtype=np.intp), np.full(len(units), -1, dtype=np.intp)
    by_bin = np.argsort(units.bin, kind="stable")
    follows = units.bin[by_bin[1:]] == units.bin[by_bin[:-1]]
    after[by_bin[:-1][follows]] = by_bin[1:][follows]
    first = by_bin[np.concatenate([np.ones(min(len(by_bin), 1), dtype=np.bool_), ~follows])]
    head[units.bin[first]] = first
    return head, after
