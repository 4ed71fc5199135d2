"""A plan's three figures as bars and in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tagdock_cloud.console.language import gettext as _
from tagdock_cloud.console.words import number, percent

PROVEN = 1e-6
"""Relative gap below which the bound and the plan are the same number, written twice."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. `share` of the longest, 0..1."""

    kind: str
    label: str
    metres: float
    share: float


def plan_bars(plan: Mapping[str, Any]) -> list[Bar]:
    """Return the bars today, with this plan, and the bound below which no layout can go; those that are known."""
    figures = [
        ("today", _("today"), plan["current_m_per_day"]),
        ("plan", _("with this plan"), plan["objective_m_per_day"]),
        ("bound", _("no layout can go below"), plan["lower_bound_m_per_day"]),
    ]
    known = [(kind, label, metres) for kind, label, metres in figures if metres is not None]
    longest = max((metres for _, _, metres in known), default=0.0)
    return [Bar(kind, label, metres, metres / longest if longest > 0 else 0.0) for kind, label, metres in known]


MOST_CHOICES = 12
"""Numbers of moves that one can choose from at a glance."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One point of the frontier: so many moves save so much, which is a share of what all of them save."""

    moves: int
    saves: float
    share: float
    is_plan: bool


def choices(plan: Mapping[str, Any]) -> list[Choice]:
    """Return the points of a plan's frontier that are worth choosing, a dozen at most, the plan's own among them."""
    today, mine = plan["current_m_per_day"], plan["objective_m_per_day"]
    points = {int(point["moves"]): point["objective_m_per_day"] for point in (plan["plan"] or {}).get("frontier") or ()}
    if today is None or mine is None or not points:
        return []
    most = max(today - min(points.values()), today - mine)
    if most <= PROVEN * max(today, 1.0):
        return []
    saved = {count: today - metres for count, metres in points.items() if count > 0} | {plan["moves"]: today - mine}
    counts = sorted(saved)
    stride = max(1, -(-len(counts) // MOST_CHOICES))
    shown = {*counts[::stride], counts[-1], plan["moves"]}
    return [
        Choice(count, saved[count], saved[count] / most, count == plan["moves"]) for count in sorted(shown) if count
    ]


@dataclass(frozen=True, slots=True)
class Done:
    """How far the tasks of an approved plan are."""

    done: int
    flagged: int
    left: int
    share: float
    confirmed: int


def how_far(moves: Sequence[Mapping[str, Any]]) -> Done:
    """Count a plan's tasks; what was called off counts for nothing."""
    done = [move for move in moves if move["state"] == "done"]
    flagged = sum(move["status"] == "flagged" for move in moves)
    left = sum(move["state"] == "open" for move in moves)
    share = len(done) / max(1, len(done) + left)
    return Done(len(done), flagged, left, share, sum(move["confirmed_at"] is not None for move in done))


def plan_verdict(plan: Mapping[str, Any]) -> str:
    """Say in one or two sentences what a plan is worth."""
    current, objective, bound = (
        plan[key] for key in ("current_m_per_day", "objective_m_per_day", "lower_bound_m_per_day")
    )
    if current is None or objective is None:
        return ""
    if current <= 0:
        return _("Nothing was picked in the measured time, so there is nothing to shorten.")
    saved = current - objective
    if saved <= PROVEN * current:
        return _("The present layout cannot be bettered under these rules: leave everything where it is.")
    values = {"current": number(current), "planned": number(objective), "share": percent(saved / current)}
    less = _("From %(current)s to %(planned)s m a day: %(share)s less to walk.") % values
    return f"{less} {_how_good(objective, bound)}"


def _how_good(objective: float, bound: float | None) -> str:
    if bound is None:
        return _("How much better a layout could be is not known.")
    gap = (objective - bound) / objective if objective > 0 else 0.0
    if gap <= PROVEN:
        return _("Proven: no layout does better under these rules.")
    return _("No layout can do better by more than %(share)s under these rules.") % {"share": percent(gap, 1)}
