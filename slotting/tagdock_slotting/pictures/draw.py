"""One picture of a problem and its plan."""

from collections.abc import Callable
from typing import Literal, get_args

from tagdock_slotting.errors import ProblemError
from tagdock_slotting.model import build_model
from tagdock_slotting.pictures.arrows import draw_moves
from tagdock_slotting.pictures.colours import bounds
from tagdock_slotting.pictures.floor import Floor, lay_out
from tagdock_slotting.pictures.graph import Savings, draw_frontier
from tagdock_slotting.pictures.heat import draw_flow, draw_regret, flow_a_day, flow_legend, regret_m_per_day
from tagdock_slotting.pictures.sheet import SMALL, Sheet
from tagdock_slotting.plan import Plan
from tagdock_slotting.problem import Problem

What = Literal["flow", "regret", "before-after", "frontier", "moves"]
WHATS: tuple[What, ...] = get_args(What)


def draw(problem: Problem, plan: Plan | None, what: What) -> str:
    """Draw a picture as SVG. Raises ProblemError where it needs a plan that is not given or not there."""
    if what != "flow" and plan is None:
        raise ProblemError([f"$: the picture {what} shows a plan; give one with --plan"])
    if plan is not None and plan.status == "infeasible":
        raise ProblemError(["$.status: an infeasible plan has no layout to draw"])
    sheet = Sheet(_TITLES[what])
    sheet.say(_TITLES[what], kind="title")
    _DRAWN[what](sheet, problem, plan)
    return sheet.svg()


def _flow(sheet: Sheet, problem: Problem, plan: Plan | None) -> None:
    model, floor = build_model(problem), lay_out(problem)
    flow = flow_a_day(model, model.current if plan is None else model.units(plan.assignment))
    limits = bounds(flow.tolist())
    draw_flow(sheet, model, floor, flow, limits)
    flow_legend(sheet, limits)
    _not_to_scale(sheet, floor)


def _before_after(sheet: Sheet, problem: Problem, plan: Plan | None) -> None:
    model, floor = build_model(problem), lay_out(problem)
    flows = [flow_a_day(model, units) for units in (model.current, model.units(_given(plan).assignment))]
    limits = bounds([value for flow in flows for value in flow.tolist()])
    for name, flow, metres in zip(
        ("Today", "With the plan"),
        flows,
        (_given(plan).current_m_per_day, _given(plan).objective_m_per_day),
        strict=True,
    ):
        told = "" if metres is None else f": {metres:,.0f} m a day"
        sheet.say(name + told, kind="soft", size=SMALL)
        draw_flow(sheet, model, floor, flow, limits)
        sheet.down += 6
    flow_legend(sheet, limits)
    _not_to_scale(sheet, floor)


def _regret(sheet: Sheet, problem: Problem, plan: Plan | None) -> None:
    model, floor = build_model(problem), lay_out(problem)
    regret = regret_m_per_day(model, model.current, model.units(_given(plan).assignment))
    draw_regret(sheet, model, floor, regret)
    _not_to_scale(sheet, floor)


def _frontier(sheet: Sheet, problem: Problem, plan: Plan | None) -> None:
    given = _given(plan)
    today, chosen, bound = given.current_m_per_day, given.objective_m_per_day, given.lower_bound_m_per_day
    if today is None or chosen is None:
        raise ProblemError(["$.current_m_per_day: without a layout of today nothing is saved, so there is no frontier"])
    sheet.say(f"Metres a day saved of {today:,.0f}", kind="soft", size=SMALL)
    known = [(point.moves, today - point.objective_m_per_day) for point in given.frontier]
    plan_saves = (len(given.moves), today - chosen)
    draw_frontier(sheet, Savings(known, plan_saves, today - (chosen if bound is None else bound)))


def _moves(sheet: Sheet, problem: Problem, plan: Plan | None) -> None:
    floor = lay_out(problem)
    draw_moves(sheet, problem, floor, _given(plan))
    _not_to_scale(sheet, floor)


def _given(plan: Plan | None) -> Plan:
    if plan is None:
        raise ProblemError(["$: this picture shows a plan; give one with --plan"])
    return plan


def _not_to_scale(sheet: Sheet, floor: Floor) -> None:
    if not floor.is_to_scale:
        sheet.say("Bins have no coordinates: they stand by name, not by place.", kind="soft", size=SMALL)


_TITLES: dict[What, str] = {
    "flow": "What is picked where",
    "regret": "What lies in the wrong place",
    "before-after": "What is picked where, before and after",
    "frontier": "How many moves are worth making",
    "moves": "The moves on the map",
}
_DRAWN: dict[What, Callable[[Sheet, Problem, Plan | None], None]] = {
    "flow": _flow,
    "regret": _regret,
    "before-after": _before_after,
    "frontier": _frontier,
    "moves": _moves,
}
