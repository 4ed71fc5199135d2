"""A plan's three figures as bars and in words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
        ("today", "today", plan["current_m_per_day"]),
        ("plan", "with this plan", plan["objective_m_per_day"]),
        ("bound", "no layout can go below", plan["lower_bound_m_per_day"]),
    ]
    known = [(kind, label, metres) for kind, label, metres in figures if metres is not None]
    longest = max((metres for _, _, metres in known), default=0.0)
    return [Bar(kind, label, metres, metres / longest if longest > 0 else 0.0) for kind, label, metres in known]


def plan_verdict(plan: Mapping[str, Any]) -> str:
    """Say in one or two sentences what a plan is worth."""
    current, objective, bound = (
        plan[key] for key in ("current_m_per_day", "objective_m_per_day", "lower_bound_m_per_day")
    )
    if current is None or objective is None:
        return ""
    if current <= 0:
        return "Nothing was picked in the measured time, so there is nothing to shorten."
    saved = current - objective
    if saved <= PROVEN * current:
        return "The present layout cannot be bettered under these rules: leave everything where it is."
    words = f"From {number(current)} to {number(objective)} m a day: {percent(saved / current)} less to walk."
    return f"{words} {_how_good(objective, bound)}"


def _how_good(objective: float, bound: float | None) -> str:
    if bound is None:
        return "How much better a layout could be is not known."
    gap = (objective - bound) / objective if objective > 0 else 0.0
    if gap <= PROVEN:
        return "Proven: no layout does better under these rules."
    return f"No layout can do better by more than {percent(gap, 1)} under these rules."
