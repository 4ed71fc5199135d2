"""What managers do beside the page Tasks: who has what, and who is to; what differs or contradicts, settled."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Path, Query
from starlette.responses import Response

from tagdock_cloud.console.frame import Frame, Framed
from tagdock_cloud.console.task_forms import tried
from tagdock_cloud.console.trying import Work, try_work
from tagdock_cloud.life.shapes import SettlementBody as PassageBody
from tagdock_cloud.life.story import open_contradictions
from tagdock_cloud.life.working import settle_passage
from tagdock_cloud.life.written import entry_of
from tagdock_cloud.stockpolicy.counts.records import SettlementBody, Verdict
from tagdock_cloud.stockpolicy.counts.rules import verdicts_on
from tagdock_cloud.stockpolicy.counts.settling import settle
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks import doing
from tagdock_cloud.tasks.kinds import TaskRole
from tagdock_cloud.tasks.records import Person
from tagdock_cloud.web.access import Manager, Operator
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.names import EpcText, Text
from tagdock_cloud.web.problems import Problem

MOST_SHOWN = 200
MOST_CONTRADICTED = 50
_SQL = load_queries("tagdock_cloud.console", "settling.sql")
_LIFE = load_queries("tagdock_cloud.life")
_After = Annotated[int, Query(ge=0, le=20_000)]
_Reason = Annotated[Text, Form(min_length=1)]
Row = dict[str, Any]
router = APIRouter()


@router.get("/tasks/all")
async def all_tasks(
    frame: Framed, caller: Manager, role: TaskRole | None = None, free: bool | None = None, after: _After = 0
) -> Response:
    """Show what is to be done at the site, and who has it. `free`: what nobody has, or what somebody has."""
    asked = {"site": frame.site, "role": role, "free": free, "rows": MOST_SHOWN + 1, "skipped": after}
    tasks = await frame.db.all(_SQL["open_tasks"], asked)
    more = _after(frame, after) if len(tasks) > MOST_SHOWN else None
    return frame.show(
        "tasks_all.html", tasks=tasks[:MOST_SHOWN], more=more, role=role, free=free,
        me=caller.id,
    )  # fmt: skip


@router.post("/tasks/{task_id}/assign")
async def assign_here(
    *,
    frame: Framed,
    caller: Manager,
    task_id: UUID,
    reason: _Reason,
    assignee: Annotated[Person | Literal[""], Form()] = "",
) -> Response:
    """Give a task to somebody, or to whoever is next."""

    async def work(transaction: Transaction) -> None:
        task = await doing.find(transaction, caller, task_id, hold=True)
        await doing.give(transaction, caller, task, assignee or None, reason)

    return await tried(frame, task_id, work, f"/tasks/{task_id}?{urlencode({'site': frame.site})}")


@router.get("/tasks/settle")
async def to_settle(frame: Framed, caller: Operator, done: bool = False) -> Response:
    """Show what counts found otherwise than the record, and passages that contradict lives."""
    return await _settling(frame, is_done=done)


@router.post("/tasks/settle/counts/{count_id}/{number}")
async def settle_count_here(
    *,
    frame: Framed,
    caller: Operator,
    count_id: UUID,
    number: Annotated[int, Path(ge=1, le=1_000_000)],
    verdict: Annotated[Verdict, Form()],
    reason: Annotated[Text, Form()] = "",
) -> Response:
    """Say what became of a difference; the record follows."""
    body = SettlementBody(verdict=verdict, reason=reason)
    return await _settled(frame, lambda transaction: settle(transaction, caller, count_id, number, body))


@router.post("/tasks/settle/contradictions/{step_id}")
async def settle_passage_here(
    *,
    frame: Framed,
    caller: Manager,
    step_id: UUID,
    epc: Annotated[EpcText, Form()],
    stands: Annotated[Literal["record", "passage"], Form()],
    reason: _Reason,
) -> Response:
    """Say which is right: the record of an item's life, or the passage that contradicts it."""
    body = PassageBody(stands=stands, reason=reason)
    return await _settled(frame, lambda transaction: settle_passage(transaction, caller, epc, step_id, body))


def _after(frame: Frame, before: int) -> str:
    """Return the address of the tasks behind those that are shown."""
    kept = [(key, value) for key, value in frame.request.query_params.multi_items() if key != "after"]
    return f"/tasks/all?{urlencode([*kept, ('after', before + MOST_SHOWN)])}"


async def people_for(frame: Frame, task: Row) -> list[Row]:
    """Return who may be given a task by the caller; nobody where they give none."""
    is_theirs = frame.caller.may("manage") and task["state"] == "open"
    return await frame.db.all(_SQL["people"], task) if is_theirs else []


async def _settling(frame: Frame, problem: Problem | None = None, *, is_done: bool = False) -> Response:
    differences = await frame.db.all(_SQL["differences"], {"site": frame.site, "rows": MOST_SHOWN})
    for row in differences:
        row["verdicts"] = verdicts_on(row)
    return frame.show(
        "tasks_settle.html",
        problem.status if problem else 200,
        differences=differences,
        contradictions=await _contradictions(frame),
        manages=frame.caller.may("manage"),
        mistake=problem.detail if problem else "",
        is_done=is_done,
    )


async def _contradictions(frame: Frame) -> list[Row]:
    """Return the passages at a site that contradict lives, each with its item."""
    items = await frame.db.all(_SQL["contradicted"], {"site": frame.site, "rows": MOST_CONTRADICTED})
    by_epc = {item["epc"]: item for item in items}
    stories: dict[str, list[Row]] = {epc: [] for epc in by_epc}
    for row in await frame.db.all(_LIFE["story"], {"epcs": list(by_epc)}):
        stories[row["epc"]].append(row)
    return [
        {**by_epc[epc], "step_id": entry.step_id, "at": entry.at, "way": entry.way, "seen_at": entry.door,
         "told": entry.reason}
        for epc, rows in stories.items()
        for entry in open_contradictions([entry_of(row) for row in rows])
    ]  # fmt: skip


async def _settled(frame: Frame, work: Work) -> Response:
    """Do it and show what is left to settle; what stands against it is told there."""
    then = f"/tasks/settle?{urlencode({'site': frame.site, 'done': 'true'})}"
    return await try_work(frame, work, then, lambda problem: _settling(frame, problem))
