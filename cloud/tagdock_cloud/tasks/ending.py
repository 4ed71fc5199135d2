"""When a task may be said to be done, and what a scan shows. Pure."""

from collections.abc import Mapping
from typing import Any

from tagdock_cloud.tasks.records import DoneBody
from tagdock_cloud.web.problems import Problem, refused

Task = Mapping[str, Any]


def check_endable(task: Task, body: DoneBody) -> None:
    """Check that a task can end by what was said. Raises Problem: 409 where a step ends it, 422 where details miss."""
    check_no_step_ends_it(task)
    if task["kind"] == "count" and body.quantity is None:
        raise refused("quantity", "a count ends with how many units were found")
    if task["kind"] == "put_away" and body.bin is None:
        raise refused("bin", "say where it lies now")
    if task["kind"] in ("follow_up", "exception") and not body.note:
        raise refused("note", "say what came of it")
    if body.bin is not None and task["to_bin"] is not None and body.bin != task["to_bin"]:
        raise refused("bin", f"it goes to {task['to_bin']}")


def check_no_step_ends_it(task: Task) -> None:
    """Raise Problem (409) for a task that is the item's next step, however that turns out."""
    if task["opened_by"] is not None and task["kind"] != "follow_up":
        raise Problem(
            409,
            "this task ends with the item's next step: take it at /api/v1/items/{epc}/life/steps, close its work order "
            "at /api/v1/repairs, or settle what contradicts its life",
        )


def result_of(body: DoneBody) -> dict[str, Any]:
    """Return what is kept of what was said."""
    told = {"bin": body.bin, "quantity": body.quantity, "note": body.note or None, "scanned": body.scanned}
    return {name: value for name, value in told.items() if value is not None}


def whose(task: Task) -> str:
    """Say in words who has a task."""
    return f"{task['assignee']}'s" if task["assignee"] else "nobody's"
