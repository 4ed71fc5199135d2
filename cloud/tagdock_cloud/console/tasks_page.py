"""The page Tasks, for one hand and a scanner: what is mine, scan, do."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from tagdock_cloud.console.frame import Frame, Framed, Typed
from tagdock_cloud.console.managing import people_for
from tagdock_cloud.console.ways import open_ways
from tagdock_cloud.inventory.epc import epc_candidates
from tagdock_cloud.inventory.record import recorded_forms
from tagdock_cloud.inventory.scans import read_scan
from tagdock_cloud.life.taking import look_at
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks.doing import find as find_task

_SQL = load_queries("tagdock_cloud.console", "tasks.sql")
_TASKS = load_queries("tagdock_cloud.tasks")
_RETURNS = load_queries("tagdock_cloud.returns")
_COUNTS = load_queries("tagdock_cloud.stockpolicy.counts")
router = APIRouter()


@router.get("/tasks")
async def my_tasks(frame: Framed, scan: Typed = "", done: UUID | None = None) -> Response:
    """Show what the caller has to do; what was scanned leads to its task. `done`: what was just ended."""
    text, shown = scan.strip(), await _mine(frame)
    if text and frame.site:
        task, item = await _scanned(frame, text)
        if task is not None:
            return RedirectResponse(f"/tasks/{task['task_id']}?{_query(frame.site, text)}", 303)
        shown |= {"missed": text, "item": item}
    ended = await frame.db.one(_SQL["one"], {"task_id": done}) if done else None
    if ended is not None:
        frame.caller.check(ended["site"])
    return frame.show("tasks.html", 404 if text else 200, **{"missed": "", "item": None, "ended": ended, **shown})


@router.get("/tasks/now")
async def my_tasks_now(frame: Framed) -> Response:
    """Show the part of the page that changes by itself: the list."""
    return frame.show("tasks_now.html", **await _mine(frame))


@router.get("/tasks/{task_id}")
async def one_task(frame: Framed, task_id: UUID, scanned: Typed = "", mistake: Typed = "") -> Response:
    """Show one task with what is to be done for it. `scanned`: what led here."""
    async with frame.db.transaction() as transaction:
        await find_task(transaction, frame.caller, task_id)
        task = await transaction.one(_SQL["one"], {"task_id": task_id}) or {}
        is_step = task["opened_by"] and task["epc"] and task["kind"] != "repair"
        item = {"epc": task["epc"], "site": task["site"], "state": task["item_state"]}
        ways = open_ways(await look_at(transaction, item), frame.caller) if is_step else []
        order = await transaction.one(_SQL["work_order"], task) if task["kind"] == "repair" else None
        is_count = task["kind"] == "count" and task["opened_by"]
        count = await transaction.one(_COUNTS["one"], {"count_id": task["opened_by"]}) if is_count else None
        case = await transaction.one(_RETURNS["one"], {"case_ref": task["case_ref"]}) if task["case_ref"] else None
    shown: dict[str, Any] = {"task": task, "ways": ways, "order": order, "count": count, "me": frame.caller.id}
    shown |= {"people": await people_for(frame, task), "is_return": case is not None}
    shown["may_settle"] = frame.caller.may("decide")
    return frame.show("task.html", **shown, scanned=scanned.strip(), mistake=mistake)


async def _mine(frame: Frame) -> dict[str, Any]:
    """Return what the list shows."""
    me = {"person": frame.caller.id, "site": frame.site}
    person = await frame.db.one(_TASKS["person"], me)
    if person is None:
        return {"person": None, "duty": None, "tasks": [], "free": 0}
    free = await frame.db.one(_SQL["free"], {**me, "role": person["role"]}) or {}
    return {
        "person": person,
        "duty": await frame.db.one(_TASKS["duty_of"], me),
        "tasks": await frame.db.all(_SQL["mine"], me),
        "free": free.get("tasks", 0),
    }


async def _scanned(frame: Frame, text: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the task that a scan means, and the item where it is one."""
    scan = read_scan(text)
    epcs = await recorded_forms(frame.db, epc_candidates(scan.link or text))
    me = {"person": frame.caller.id, "site": frame.site}
    person = await frame.db.one(_TASKS["person"], me) or {"role": ""}
    values = {**me, "role": person["role"], "epcs": epcs, "text": text, "gtin": scan.gtin}
    item = await frame.db.one(_SQL["item"], values) if epcs else None
    is_theirs = item is not None and (frame.caller.sites is None or item["site"] in frame.caller.sites)
    return await frame.db.one(_SQL["scanned"], values), item if is_theirs else None


def _query(site: str, scanned: str) -> str:
    return urlencode({"site": site, "scanned": scanned})
