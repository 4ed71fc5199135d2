"""What new rows of the record change, as statements of `queries.sql` with their values, in their order. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from tagdock_cloud.life.opening import Opened, ends_tasks, opened
from tagdock_cloud.life.records import Entry, Life
from tagdock_cloud.life.story import fold, standing_at
from tagdock_cloud.life.tables import Tables
from tagdock_cloud.life.written import life_row, rows_of

Statement = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Grown:
    """The record of one item with what was added to it."""

    epc: str
    before: Sequence[Entry]
    new: Sequence[Entry]

    @property
    def story(self) -> list[Entry]:
        """All of it."""
        return [*self.before, *self.new]


def statements(tables: Tables, grown: Iterable[Grown], by: str, now: datetime) -> list[Statement]:
    """Return what to run; nothing where nothing was added."""
    changed = sorted((one for one in grown if one.new), key=lambda one: one.epc)
    if not changed:
        return []
    steps = [row for one in changed for row in rows_of(tables, one.epc, one.story, one.new)]
    lives = [life_row(tables, one.epc, standing) for one in changed if (standing := fold(tables, one.story))]
    return [
        ("add_steps", {"rows": to_json(steps).decode()}),
        ("put_lives", {"rows": to_json(lives).decode()}),
        *_tasks(tables, changed, by, now),
    ]


def _tasks(tables: Tables, changed: Sequence[Grown], by: str, now: datetime) -> list[Statement]:
    """End what is done, then open what is to do. What was done long ago, and told late, opens nothing any more."""
    ended: list[str] = []
    to_do: list[dict[str, Any]] = []
    for one in changed:
        is_ended, tasks = _tasks_of(tables, one)
        ended += [one.epc] if is_ended else []
        to_do += [task.row(one.epc, now) for task in tasks]
    closed = [entry.closes for one in changed for entry in one.new if entry.closes is not None]
    return [
        *([("end_tasks", {"epcs": ended, "by": by})] if ended else []),
        *([("end_tasks_of", {"step_ids": closed, "by": by})] if closed else []),
        *([("open_tasks", {"rows": to_json(to_do).decode()})] if to_do else []),
    ]


def _tasks_of(tables: Tables, one: Grown) -> tuple[bool, list[Opened]]:
    closed = {entry.closes for entry in one.story}
    is_ended, last, others = False, None, []
    for entry in one.new:
        if entry.step_id in closed:
            continue
        policy = tables[entry.policy_id]
        before = standing_at(tables, [other for other in one.story if other is not entry], entry.at)
        task = opened(policy, entry)
        if entry.kind == "taken" and ends_tasks(policy, before.life if before else Life(""), entry):
            is_ended, last = True, None
        if task is not None and entry.kind == "taken":
            last = task
        elif task is not None:
            others.append(task)
    return is_ended, [*others, *([last] if last else [])]
