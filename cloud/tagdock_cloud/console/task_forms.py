"""What the page Tasks sends: coming and going, taking, giving back, ending, taking a step."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.console.frame import Frame, Framed
from tagdock_cloud.console.trying import Work, try_work
from tagdock_cloud.console.ways import step_body
from tagdock_cloud.life.records import Grade
from tagdock_cloud.life.shapes import Code, Word
from tagdock_cloud.life.working import take_step
from tagdock_cloud.repairs import working
from tagdock_cloud.repairs.records import CloseBody, PartBody, ProgressBody, TestBody
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks import doing
from tagdock_cloud.tasks.records import DoneBody, Scanned, Units
from tagdock_cloud.tasks.shifts import come, go
from tagdock_cloud.web.access import Handler
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.names import EpcText, Place, Text
from tagdock_cloud.web.problems import Problem, not_found, refused

_SQL = load_queries("tagdock_cloud.console", "tasks.sql")
router = APIRouter()


@router.post("/tasks/duty")
async def change_duty(frame: Framed, caller: Handler, on: Annotated[bool, Form()]) -> Response:
    """Come on duty at the site that is shown, or go."""
    async with frame.db.transaction() as transaction:
        await (come(transaction, caller, frame.site or "") if on else go(transaction, caller))
    return RedirectResponse(f"/tasks?{urlencode({'site': frame.site})}", 303)


@router.post("/tasks/{task_id}/take")
async def take_here(frame: Framed, caller: Handler, task_id: UUID) -> Response:
    """Begin with a task."""

    async def work(transaction: Transaction) -> None:
        await doing.take(transaction, caller, await doing.find(transaction, caller, task_id, hold=True))

    return await tried(frame, task_id, work, _path(task_id, frame.site))


@router.post("/tasks/{task_id}/give-back")
async def give_back_here(
    frame: Framed, caller: Handler, task_id: UUID, reason: Annotated[Text, Form(min_length=1)]
) -> Response:
    """Give a task back."""

    async def work(transaction: Transaction) -> None:
        task = await doing.find(transaction, caller, task_id, hold=True)
        await doing.give_back(transaction, caller, task, reason)

    return await tried(frame, task_id, work, f"/tasks?{urlencode({'site': frame.site})}")


@router.post("/tasks/{task_id}/done")
async def done_here(
    *,
    frame: Framed,
    caller: Handler,
    task_id: UUID,
    scanned: Annotated[Scanned | None, Form()] = None,
    bin: Annotated[Place | None, Form()] = None,  # noqa: A002  # the field's word
    quantity: Annotated[Units | None, Form()] = None,
    note: Annotated[Text, Form()] = "",
) -> Response:
    """End a task, and show what comes next."""
    body = DoneBody(scanned=scanned, bin=bin, quantity=quantity, note=note)

    async def work(transaction: Transaction) -> None:
        task = await doing.find(transaction, caller, task_id, hold=True)
        await doing.finish(transaction, caller, task, body)

    return await tried(frame, task_id, work, after(task_id, frame.site), scanned)


@router.post("/tasks/{task_id}/step")
async def step_here(
    *,
    frame: Framed,
    caller: Handler,
    task_id: UUID,
    transition: Annotated[Word, Form()],
    grade: Annotated[Grade | None, Form()] = None,
    defect: Annotated[Code | None, Form()] = None,
    reason: Annotated[Text | None, Form()] = None,
) -> Response:
    """Take the step of the item's life that ends the task."""
    body = step_body(transition, grade, defect, reason)

    async def work(transaction: Transaction) -> None:
        task = await doing.find(transaction, caller, task_id)
        doing.check_open(task)
        await check_theirs(transaction, caller, task)
        await take_step(transaction, caller, task["epc"] or "", body)

    return await tried(frame, task_id, work, after(task_id, frame.site))


@router.post("/tasks/{task_id}/repair")
async def repair_here(
    *,
    frame: Framed,
    caller: Handler,
    task_id: UUID,
    what: Annotated[Literal["part", "wait", "repaired", "irreparable"], Form()],
    part: Annotated[EpcText | None, Form()] = None,
    note: Annotated[Text, Form()] = "",
) -> Response:
    """Repair: a part goes in, it waits for parts, it was tested and is repaired, or it cannot be."""

    async def work(transaction: Transaction) -> None:
        row = await transaction.one(_SQL["work_order"], {"task_id": task_id})
        if row is None:
            raise not_found("work order of the task", task_id)
        if what == "part" and part is None:
            raise refused("part", "scan it")
        order = await working.find(transaction, caller, row["work_order_id"], hold=True)
        match what:
            case "part":
                await working.add_part(transaction, caller, order, PartBody(way="installed", epc=part))
            case "wait":
                await working.note_progress(transaction, caller, order, ProgressBody(state="waiting_parts"))
            case "repaired":
                tested = await working.note_test(transaction, caller, order, TestBody(passed=True, note=note))
                await working.close(transaction, caller, tested, CloseBody(outcome="repaired", note=note))
            case _:
                await working.close(transaction, caller, order, CloseBody(outcome="irreparable", note=note))

    then = after if what in ("repaired", "irreparable") else _path
    return await tried(frame, task_id, work, then(task_id, frame.site))


async def check_theirs(transaction: Transaction, caller: Caller, task: dict[str, Any]) -> None:
    """Check that a task is the caller's, or that they may take it. Raises Problem (403, 409)."""
    if task["assignee"] not in (None, caller.id) and not caller.may("manage"):
        raise Problem(409, f"{task['assignee']} has this task")
    if task["assignee"] is None:
        await doing.check_fits(transaction, task, caller.id)


async def tried(frame: Frame, task_id: UUID, work: Work, then: str, scanned: str | None = None) -> Response:
    """Do it and go on; what stands against it is shown on the task's page, where what was scanned still counts."""

    async def again(problem: Problem) -> Response:
        told = {"site": frame.site, "scanned": scanned or "", "mistake": problem.detail[:400]}
        return RedirectResponse(f"/tasks/{task_id}?{urlencode(told)}", 303)

    return await try_work(frame, work, then, again)


def _path(task_id: UUID, site: str | None) -> str:
    return f"/tasks/{task_id}?{urlencode({'site': site})}"


def after(task_id: UUID, site: str | None) -> str:
    """Return where one goes when a task is done."""
    return f"/tasks?{urlencode({'site': site, 'done': task_id})}"
