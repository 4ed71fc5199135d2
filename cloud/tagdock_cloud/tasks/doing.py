"""What people do with tasks, each within the caller's transaction, which holds the task."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.inventory.epc import epc_candidates, gtin14
from tagdock_cloud.inventory.record import find_item, recorded_forms
from tagdock_cloud.inventory.rules import candidates
from tagdock_cloud.inventory.scans import read_scan
from tagdock_cloud.plans.moves import decide
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks.ending import check_endable, check_no_step_ends_it, result_of, whose
from tagdock_cloud.tasks.records import DoneBody, How
from tagdock_cloud.tasks.rules import excluded
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem, not_found, refused

_SQL = load_queries("tagdock_cloud.tasks")
_INVENTORY = load_queries("tagdock_cloud.inventory")
Task = dict[str, Any]


async def find(transaction: Transaction, caller: Caller, task_id: UUID, *, hold: bool = False) -> Task:
    """Return a task. Raises Problem: 404, 403 where it is of another site, or not the technician's who asks."""
    values = {"task_id": task_id}
    if hold:
        await transaction.one(_SQL["hold"], values)
    task = await transaction.one(_SQL["one"], values)
    if task is None:
        raise not_found("task", task_id)
    caller.check(task["site"])
    if caller.role == "technician" and caller.id not in (task["assignee"], task["done_by"]) and not _may_take(task):
        raise Problem(403, "a technician sees the work that is theirs")
    return task


def _may_take(task: Task) -> bool:
    return task["role"] == "technician" and task["assignee"] is None and task["state"] == "open"


async def take(transaction: Transaction, caller: Caller, task: Task) -> Task:
    """Take a task up: one's own, or one that nobody has. Once more changes nothing. Raises Problem (403, 409)."""
    check_open(task)
    if task["assignee"] == caller.id:
        if task["started_at"] is not None:
            return task
        await transaction.run(_SQL["start"], task)
    else:
        if task["assignee"] is not None:
            raise Problem(409, f"{task['assignee']} has this task: a manager may give it to you")
        await check_fits(transaction, task, caller.id)
        why = {"rule": "took_it"}
        await _give(transaction, task, caller.id, caller.id, why, is_started=True)
    return await _changed(transaction, caller, "task.take", task)


async def give(transaction: Transaction, caller: Caller, task: Task, person: str | None, reason: str) -> Task:
    """Give a task to somebody, or to whoever is next. Raises Problem: 409, 422 where they may not do it."""
    check_open(task)
    if person is not None:
        await check_fits(transaction, task, person, field="assignee")
    why = {"rule": "given", "reason": reason}
    await _give(transaction, task, person, caller.id if person else None, why if person else None)
    return await _changed(transaction, caller, "task.assign", task, reason=reason)


async def give_back(transaction: Transaction, caller: Caller, task: Task, reason: str) -> Task:
    """Give one's own task back: it goes to somebody else. Raises Problem (409)."""
    check_open(task)
    if task["assignee"] != caller.id:
        raise Problem(409, f"this task is {whose(task)}: only who has it gives it back")
    await _give(transaction, task, None, None, None, not_for=caller.id)
    return await _changed(transaction, caller, "task.give_back", task, reason=reason)


async def cancel(transaction: Transaction, caller: Caller, task: Task, reason: str) -> Task:
    """Call a task off. Once more changes nothing. Raises Problem (409) where it is done, or a move of a plan."""
    if task["state"] == "cancelled":
        return task
    check_open(task)
    check_no_step_ends_it(task)
    if task["plan_id"] is not None:
        await decide(transaction, caller, task["plan_id"], task["step"], "cancelled")
        return await _one(transaction, task)
    result = to_json({"note": reason}).decode()
    await transaction.run(
        _SQL["finish"], {**task, "state": "cancelled", "by": caller.id, "how": None, "result": result}
    )
    return await _changed(transaction, caller, "task.cancel", task, reason=reason)


async def finish(transaction: Transaction, caller: Caller, task: Task, body: DoneBody) -> Task:
    """End a task. By who did it already it changes nothing; of two people the second gets 409 naming the first.

    Raises Problem: 403 for other roles, 409 where somebody else has it or it ends otherwise, 422 for what does not fit.
    """
    if task["state"] == "done" and task["done_by"] == caller.id:
        return task
    check_open(task)
    if task["assignee"] != caller.id:
        if task["assignee"] is not None and not caller.may("manage"):
            raise Problem(409, f"{task['assignee']} has this task")
        await check_fits(transaction, task, caller.id)
    check_endable(task, body)
    how = await _shown(transaction, caller, task, body)
    if task["plan_id"] is not None:
        await decide(transaction, caller, task["plan_id"], task["step"], "done")
        return await _one(transaction, task)
    if body.bin is not None and task["epc"] is not None:
        await _place(transaction, caller, task, body.bin)
    await end(transaction, caller, task, body, how)
    return await _changed(transaction, caller, "task.done", task)


async def end(transaction: Transaction, caller: Caller, task: Task, body: DoneBody, how: How) -> None:
    """End a task for a room that asked already whether it may, and that leaves the line in the audit."""
    result = to_json(result_of(body)).decode()
    await transaction.run(_SQL["finish"], {**task, "state": "done", "by": caller.id, "how": how, "result": result})


def check_open(task: Mapping[str, Any]) -> None:
    """Raise Problem (409) for a task that has ended, saying by whom and when."""
    if task["state"] != "open":
        done_at = task["done_at"].isoformat(timespec="seconds")
        raise Problem(409, f"this task is {task['state']} already, by {task['done_by'] or 'nobody known'}, {done_at}")


async def check_fits(transaction: Transaction, task: Task, person: str, field: str | None = None) -> None:
    """Check that somebody may do a task. Raises Problem: 403, or 422 naming the field that names them."""
    found = await transaction.one(_SQL["person"], {"person": person})
    why_not = await _why_not(transaction, task, person, found)
    if why_not:
        raise refused(field, why_not) if field else Problem(403, why_not)


async def _why_not(transaction: Transaction, task: Task, person: str, found: Mapping[str, Any] | None) -> str | None:
    if found is None:
        return f"{person} is nobody who works on the floor"
    if found["role"] != task["role"]:
        return f"this task is for the role {task['role']}; {person} has the role {found['role']}"
    if found["sites"] is not None and task["site"] not in found["sites"]:
        return f"{person} does not work at {task['site']}"
    row = await transaction.one(_SQL["excluded"], {"task_id": task["task_id"]})
    told = excluded({**(row or {}), "not_for": ()})  # who gave it back may be given it again
    return f"{person} {told[person].replace('_', ' ')} already: this is for somebody else" if person in told else None


async def _shown(transaction: Transaction, caller: Caller, task: Task, body: DoneBody) -> How:
    if body.scanned is None:
        return "said"
    if not await shows(transaction, caller, task, body.scanned):
        wanted = task["epc"] or " or ".join(task[name] for name in ("sku", "bin", "to_bin", "order") if task[name])
        raise refused("scanned", f"is not {wanted}, which this task is about")
    return "scan"


async def shows(transaction: Transaction, caller: Caller, task: Task, scanned: str) -> bool:
    """Tell whether something scanned is what a task is about: its item; or its goods, bin, order, one of its items."""
    scan = read_scan(scanned)
    forms = await recorded_forms(transaction, epc_candidates(scan.link or scanned))
    if task["epc"] is not None:
        return task["epc"] in forms
    if scanned.strip() in (task["sku"], task["bin"], task["to_bin"], task["order"]):
        return True
    if scan.gtin is not None and await transaction.one(_SQL["is_gtin_of"], {"sku": task["sku"], "gtin": scan.gtin}):
        return True
    item = await find_item(transaction, caller.listed, forms) if forms else None
    return item is not None and item["sku"] == task["sku"] and task["sku"] is not None


async def _place(transaction: Transaction, caller: Caller, task: Task, bin_: str) -> None:
    """Say that an item lies in a bin from now on, as somebody who registers it does."""
    if not await transaction.all(_SQL["places"], {"site": task["site"], "bins": [bin_]}):
        raise refused("bin", f"site {task['site']} has no bin {bin_}")
    item = await find_item(transaction, caller.listed, [task["epc"]])
    if item is None:
        raise not_found("item", task["epc"])
    row = {
        "epc": task["epc"],
        "gtin": gtin14(task["epc"]),
        "sku": item["sku"],
        "quantity": item["quantity"],
        "site": task["site"],
    }
    await transaction.run(_INVENTORY["register"], {"items": to_json([{**row, "bin": bin_}]).decode()})
    await transaction.run(_INVENTORY["project"], {"epcs": [task["epc"]]})


async def settled_epc(transaction: Transaction, caller: Caller, site: str, epc: str) -> str:
    """Return the form under which an item is on record at a site. Raises Problem (422)."""
    item = await find_item(transaction, caller.listed, await recorded_forms(transaction, candidates(epc)))
    if item is None or item["site"] != site:
        raise refused("epc", f"site {site} has no such item")
    return str(item["epc"])


async def _give(
    transaction: Transaction, task: Task, person: str | None, by: str | None, why: Mapping[str, Any] | None,
    *, is_started: bool = False, not_for: str | None = None,
) -> None:  # fmt: skip
    told = to_json(why).decode() if why else None
    values = {"task_id": task["task_id"], "person": person, "by": by, "why": told, "not_for": not_for}
    await transaction.run(_SQL["give"], {**values, "is_started": is_started})


async def _one(transaction: Transaction, task: Task) -> Task:
    return await transaction.one(_SQL["one"], task) or task


async def _changed(
    transaction: Transaction, caller: Caller, action: str, before: Task, reason: str | None = None
) -> Task:
    """Record what changed, and return the task as it is now."""
    after = await _one(transaction, before)
    names = ("state", "assignee", "started_at", "done_by", "done_how", "result")
    was, is_ = ({name: row[name] for name in names} for row in (before, after))
    told = {**is_, "reason": reason} if reason else is_
    await audit(transaction, caller, action, f"task/{before['task_id']}", site=before["site"], before=was, after=told)
    return after
