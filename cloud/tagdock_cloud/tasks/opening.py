"""A task is opened: checked whole, and due when its kind usually is."""

from datetime import datetime
from typing import Any

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks.doing import Task, settled_epc
from tagdock_cloud.tasks.kinds import DUE, MOST_OPEN, ROLES
from tagdock_cloud.tasks.records import TaskBody
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem, refused

_SQL = load_queries("tagdock_cloud.tasks")


async def open_task(transaction: Transaction, caller: Caller, body: TaskBody, now: datetime) -> Task:
    """Open a task. Raises Problem: 403, 409 where too many are open, 422 for places and items that are not there."""
    caller.check(body.site)
    if not await transaction.one(_SQL["site"], {"site": body.site}):
        raise refused("site", f"there is no site {body.site}")
    counted = await transaction.one(_SQL["count_open"], {"site": body.site})
    if counted is not None and counted["tasks"] >= MOST_OPEN:
        raise Problem(409, f"{counted['tasks']} tasks are open at {body.site}: end or cancel some first")
    await _check_places(transaction, body)
    if body.due_at is not None and body.due_at <= now:
        raise refused("due_at", "must lie in the future")
    epc = await settled_epc(transaction, caller, body.site, body.epc) if body.epc else None
    values: dict[str, Any] = {
        **body.model_dump(), "epc": epc, "role": ROLES[body.kind], "due_at": body.due_at or now + DUE[body.kind],
    }  # fmt: skip
    row = await transaction.one(_SQL["open"], values)
    assert row is not None  # noqa: S101  # it was just written
    task = await transaction.one(_SQL["one"], row) or {}
    told = {name: task[name] for name in ("kind", "epc", "sku", "bin", "to_bin", "order", "due_at")}
    await audit(transaction, caller, "task.open", f"task/{task['task_id']}", site=body.site, after=told)
    return task


async def _check_places(transaction: Transaction, body: TaskBody) -> None:
    named = {field: bin_ for field, bin_ in (("bin", body.bin), ("to_bin", body.to_bin)) if bin_}
    if not named:
        return
    values = {"site": body.site, "bins": list(named.values())}
    there = {row["bin"] for row in await transaction.all(_SQL["places"], values)}
    for field, bin_ in named.items():
        if bin_ not in there:
            raise refused(field, f"site {body.site} has no bin {bin_}")
