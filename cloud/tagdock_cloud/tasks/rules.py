"""Who gets which task, and why. Pure.

Tasks go out in the order of their urgency, each to the person on duty at its site with its role who has the least open
work; of several, to the one who has waited longest for a task. Nobody gets more at a time than a hand holds: the rest
waits where whoever comes on duty next finds it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

HAND: Final = 5
"""Tasks that a person is dealt at a time: as many as a phone shows at once (390 x 844, one card 120 px high)."""
MOST_NAMED: Final = 10
"""People whom a reason names one by one."""
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that nobody has. `not_for`: who may not do it, each with the reason."""

    task_id: str
    site: str
    role: str
    priority: int
    due_at: datetime | None
    opened_at: datetime
    not_for: Mapping[str, str] = field(default_factory=dict)

    @property
    def urgency(self) -> tuple[int, bool, datetime, datetime, str]:
        """Sort by priority, then by when it is due (those that never are come last), then by age."""
        return self.priority, self.due_at is None, self.due_at or self.opened_at, self.opened_at, self.task_id


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on duty, with how many tasks they have open."""

    person: str
    site: str
    role: str
    open_tasks: int
    dealt_at: datetime | None = None

    @property
    def turn(self) -> tuple[int, datetime, str]:
        """Sort by open work, then by who waited longest."""
        return self.open_tasks, self.dealt_at or _NEVER, self.person


@dataclass(frozen=True, slots=True)
class Dealt:
    """A task and who gets it. `why` is kept with the task."""

    task_id: str
    person: str
    why: Mapping[str, Any]


def deal(waiting: Iterable[Waiting], people: Iterable[Person], now: datetime) -> list[Dealt]:
    """Deal tasks out. The order in which tasks and people are given changes nothing."""
    hands: dict[str, Person] = {one.person: one for one in people}
    dealt = []
    for task in sorted(waiting, key=lambda one: one.urgency):
        there = [one for one in hands.values() if (one.site, one.role) == (task.site, task.role)]
        free = [one for one in there if one.person not in task.not_for and one.open_tasks < HAND]
        if not free:
            continue
        chosen = min(free, key=lambda one: one.turn)
        dealt.append(Dealt(task.task_id, chosen.person, reason(task, chosen, there)))
        hands[chosen.person] = replace(chosen, open_tasks=chosen.open_tasks + 1, dealt_at=now)
    return dealt


def reason(task: Waiting, chosen: Person, there: Sequence[Person]) -> dict[str, Any]:
    """Say why somebody gets a task: their open work, that of the others, and who could not have it."""
    others = sorted((one for one in there if one.person != chosen.person), key=lambda one: one.turn)
    may = [one for one in others if one.person not in task.not_for and one.open_tasks < HAND]
    cannot = {one.person: task.not_for.get(one.person, "full") for one in others if one not in may}
    return {
        "rule": "least_open_work",
        "role": task.role,
        "open_tasks": chosen.open_tasks,
        "others": {one.person: one.open_tasks for one in may[:MOST_NAMED]},
        "left_out": dict(list(cannot.items())[:MOST_NAMED]),
        "on_duty": len(there),
    }


def without_names(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task whose reason tells of colleagues in numbers: who does how much is for those who deal it out."""
    why = task["assigned_why"]
    if why is None or "others" not in why:
        return dict(task)
    numbers = {"others": sorted(why["others"].values()), "left_out": dict(Counter(why["left_out"].values()))}
    return {**task, "assigned_why": {**why, **numbers}}


def excluded(row: Mapping[str, Any]) -> dict[str, str]:
    """Return who may not do a task: who inspected the item, who asked to scrap it, who gave the task back."""
    told: dict[str, str] = {}
    if row["kind"] == "inspect":
        told |= dict.fromkeys(row["inspected_by"] or (), "inspected_it")
    if row["kind"] == "exception" and row["scrap_asked_by"]:
        told[row["scrap_asked_by"]] = "asked_to_scrap_it"
    return told | dict.fromkeys(row["not_for"], "gave_it_back")
