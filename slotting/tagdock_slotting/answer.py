"""What goes back with a plan: its savings on orders, its pictures and its walks. Pure."""

from contextlib import suppress
from typing import LiteralString

import msgspec
from msgspec import UNSET, UnsetType

from tagdock_slotting.errors import ProblemError
from tagdock_slotting.pictures import What, draw
from tagdock_slotting.plan import Plan, Tours
from tagdock_slotting.reading import decode_plan
from tagdock_slotting.views import Prepared
from tagdock_slotting.walks import walks
from tagdock_slotting.whatif import compare

_PICTURES: dict[What, LiteralString] = {
    "flow": "select plan_picture_v1(%(plan_id)s, 'flow', %(value)s)",
    "regret": "select plan_picture_v1(%(plan_id)s, 'regret', %(value)s)",
    "before-after": "select plan_picture_v1(%(plan_id)s, 'before-after', %(value)s)",
    "frontier": "select plan_picture_v1(%(plan_id)s, 'frontier', %(value)s)",
    "moves": "select plan_picture_v1(%(plan_id)s, 'moves', %(value)s)",
}

MOST_DRAWN = 20_000
"""Bins up to which pictures are drawn: more could not be told apart, and a picture takes 150 bytes a bin."""


def answered(prepared: Prepared, written: bytes, seed: int) -> tuple[str, list[tuple[LiteralString, str]]]:
    """Return a plan with its savings on orders, and its notes, each with the statement that stores it."""
    plan = decode_plan(written)
    if plan.objective_m_per_day is None:
        return written.decode(), []
    problem = prepared.problem
    plan = msgspec.structs.replace(plan, tours=_tours(prepared, plan, seed))
    walked = msgspec.json.encode(walks(problem, plan)).decode()
    notes: list[tuple[LiteralString, str]] = [("select plan_note_v1(%(plan_id)s, 'walks', %(value)s::jsonb)", walked)]
    if len(problem.bins) <= MOST_DRAWN:
        for what, statement in _PICTURES.items():
            with suppress(ProblemError):  # where nothing lies anywhere today there is nothing to draw moves from
                notes.append((statement, draw(problem, plan, what)))
    return msgspec.json.encode(plan).decode(), notes


def _tours(prepared: Prepared, plan: Plan, seed: int) -> Tours | UnsetType:
    """Compare the plan with today on the orders that it may have been made for, and on later ones."""
    problem = prepared.problem
    if not problem.orders or not problem.current:
        return UNSET
    found = compare(problem, {"today": problem.current, "plan": plan.assignment}, prepared.later_orders, seed)
    row = found.rows[-1]
    return Tours(found.training_orders, found.held_out_orders, row.training, row.held_out)
