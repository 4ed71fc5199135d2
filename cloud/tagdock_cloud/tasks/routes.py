"""Tasks over HTTP: list, open, take, give, give back, call off, end; and who is on duty."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVarTuple
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks import doing
from tagdock_cloud.tasks.kinds import TaskKind, TaskRole
from tagdock_cloud.tasks.opening import open_task
from tagdock_cloud.tasks.records import (
    Case,
    DoneBody,
    DutyBody,
    DutyPage,
    GiveBody,
    MyDuty,
    OrderId,
    ReasonBody,
    TaskBody,
    TaskPage,
    TaskRecord,
    TaskState,
)
from tagdock_cloud.tasks.rules import without_names
from tagdock_cloud.tasks.shifts import come, go
from tagdock_cloud.web.access import Handler, Integrator, Manager, Viewer
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import EpcText, Label, Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.tasks")
Assignee = Annotated[Label | None, Query(description="`user:NAME`, `token:NAME`, or `me`.")]
Told = TypeVarTuple("Told")
router = APIRouter(prefix="/api/v1", tags=["tasks"])


@router.get("/tasks", response_model=TaskPage)
async def list_tasks(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    kind: TaskKind | None = None,
    role: TaskRole | None = None,
    state: TaskState | None = None,
    assignee: Assignee = None,
    is_assigned: bool | None = None,
    is_overdue: bool | None = None,
    epc: EpcText | None = None,
    order: OrderId | None = None,
    case: Case | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List tasks, the oldest first. A technician sees their own."""
    caller.check(site)
    after_at, after_id = read_cursor(cursor, datetime, UUID)
    values = {
        "sites": caller.listed, "site": site, "kind": kind, "role": role, "state": state,
        "assignee": caller.id if assignee == "me" else assignee, "is_assigned": is_assigned, "is_overdue": is_overdue,
        "epc": epc, "order": order, "case": case, "own": caller.id if caller.role == "technician" else None,
        "after_at": after_at, "after_id": after_id, "rows": limit + 1,
    }  # fmt: skip
    tasks = [_shown(caller, task) for task in await db.all(_SQL["page"], values)]
    return page(request, tasks, limit, "opened_at", "task_id")


@router.post("/tasks", response_model=TaskRecord, status_code=201)
async def add_task(once: Once, caller: Integrator, body: TaskBody) -> Response:
    """Open a task for the floor: what neither a step of an item's life nor a plan opens."""

    async def work(transaction: Transaction) -> Response:
        task = await open_task(transaction, caller, body, datetime.now(UTC))
        return reply(task, 201, {"Location": f"/api/v1/tasks/{task['task_id']}"})

    return await once(caller, work)


@router.get("/tasks/{task_id}", response_model=TaskRecord)
async def get_task(db: Db, caller: Viewer, task_id: UUID) -> Response:
    """Return one task."""
    async with db.transaction() as transaction:
        return reply(_shown(caller, await doing.find(transaction, caller, task_id)))


@router.post("/tasks/{task_id}/take", response_model=TaskRecord)
async def take_task(once: Once, caller: Handler, task_id: UUID) -> Response:
    """Begin with a task: one's own, or one that nobody has. Of two at once one gets it, the other 409."""
    return await _change(once, caller, task_id, doing.take)


@router.post("/tasks/{task_id}/assign", response_model=TaskRecord)
async def assign_task(once: Once, caller: Manager, task_id: UUID, body: GiveBody) -> Response:
    """Give a task to somebody, whatever the rule said; null: to whoever is next. It stays theirs when they go."""
    return await _change(once, caller, task_id, doing.give, body.assignee, body.reason)


@router.post("/tasks/{task_id}/give-back", response_model=TaskRecord)
async def give_task_back(once: Once, caller: Handler, task_id: UUID, body: ReasonBody) -> Response:
    """Give one's own task back; it is dealt to somebody else."""
    return await _change(once, caller, task_id, doing.give_back, body.reason)


@router.post("/tasks/{task_id}/done", response_model=TaskRecord)
async def finish_task(once: Once, caller: Handler, task_id: UUID, body: DoneBody) -> Response:
    """Say that a task is done. By the same once more changes nothing; by somebody else is 409 and names the first."""
    return await _change(once, caller, task_id, doing.finish, body)


@router.post("/tasks/{task_id}/cancel", response_model=TaskRecord)
async def cancel_task(once: Once, caller: Manager, task_id: UUID, body: ReasonBody) -> Response:
    """Call a task off. Once more changes nothing."""
    return await _change(once, caller, task_id, doing.cancel, body.reason)


@router.get("/on-duty", response_model=DutyPage)
async def list_on_duty(
    *, request: Request, db: Db, caller: Viewer, site: Site | None = None, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """List who is on duty, and how many tasks each has open."""
    (after,) = read_cursor(cursor, str)
    values = {"sites": caller.listed, "site": site, "after": after, "rows": limit + 1}
    return page(request, await db.all(_SQL["on_duty"], values), limit, "person")


@router.get("/on-duty/me", response_model=MyDuty)
async def my_duty(db: Db, caller: Viewer) -> Response:
    """Tell whether the caller is on duty, and where."""
    return reply({"duty": await db.one(_SQL["duty_of"], {"person": caller.id})})


@router.put("/on-duty/me", response_model=MyDuty)
async def come_on_duty(db: Db, caller: Handler, body: DutyBody) -> Response:
    """Come on duty at a site: from now on tasks are dealt to the caller. Once more changes nothing."""
    async with db.transaction() as transaction:
        return reply({"duty": await come(transaction, caller, body.site)})


@router.delete("/on-duty/me", response_model=MyDuty)
async def go_off_duty(db: Db, caller: Handler) -> Response:
    """Go off duty: what was dealt and not begun is for others. Once more changes nothing."""
    async with db.transaction() as transaction:
        await go(transaction, caller)
    return reply({"duty": None})


def _shown(caller: Caller, task: doing.Task) -> doing.Task:
    """Return a task as a caller may see it: why somebody has it names colleagues to managers alone."""
    return task if caller.may("manage") else without_names(task)


async def _change(
    once: Once,
    caller: Caller,
    task_id: UUID,
    change: Callable[[Transaction, Caller, doing.Task, *Told], Awaitable[doing.Task]],
    *told: *Told,
) -> Response:
    """Hold a task and change it as told."""

    async def work(transaction: Transaction) -> Response:
        task = await doing.find(transaction, caller, task_id, hold=True)
        return reply(_shown(caller, await change(transaction, caller, task, *told)))

    return await once(caller, work)
