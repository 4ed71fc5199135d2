"""Which tasks a step opens, and which it ends. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tagdock_cloud.life.policy import Policy, Task
from tagdock_cloud.life.records import Entry, Life
from tagdock_cloud.tasks.kinds import DUE, ROLES


@dataclass(frozen=True, slots=True)
class Opened:
    """A task that a row of the record opens."""

    kind: Task
    opened_by: Entry
    why: str

    def row(self, epc: str, now: datetime) -> dict[str, Any]:
        """Write its row."""
        by = self.opened_by
        return {
            "site": by.site, "kind": self.kind, "role": ROLES[self.kind], "epc": epc, "case_ref": by.case_ref,
            "opened_by": by.step_id, "why": self.why, "due_at": now + DUE[self.kind],
        }  # fmt: skip


def opened(policy: Policy, entry: Entry) -> Opened | None:
    """Return the task that a row of the record opens; a contradiction opens one for a manager."""
    if entry.kind == "contradicted":
        return Opened("exception", entry, entry.reason)
    if entry.wish is None:
        return None
    task = policy.transition[entry.wish.transition].task
    return None if task is None else Opened(task, entry, entry.wish.transition.replace("_", " "))


def ends_tasks(policy: Policy, before: Life, entry: Entry) -> bool:
    """Tell whether a step ends the tasks that steps before it opened: something was found, asked for, or changed."""
    if entry.wish is None:
        return False
    transition = policy.transition[entry.wish.transition]
    was, is_ = policy.state.get(before.state), policy.state[transition.to]
    has_changed = was is None or was.disposition != is_.disposition
    return entry.wish.grade is not None or transition.task is not None or has_changed
