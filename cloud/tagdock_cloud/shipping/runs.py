"""Runs of a site's own vehicles: asked for a day, approved into stops, each stop's end told as it comes."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.orders.records import OrderId
from tagdock_cloud.shipping.daily import MOST_STOPS, day, sheet, stops
from tagdock_cloud.shipping.parcels import StopEnd, StopList, StopRecord
from tagdock_cloud.shipping.questions import Asked, Questions
from tagdock_cloud.shipping.records import QuestionRecord, RunsRequest
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Operator, Planner, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.problems import Problem, not_found, refused
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.shipping", "runs.sql")
Row = dict[str, Any]


async def _carry(transaction: Transaction, _: Caller, question: Row) -> dict[str, Any]:
    """Put the stops on their runs. Raises Problem (409) where an order is on another one, or cancelled."""
    listed = stops(question["answer"])
    values = {"question_id": question["question_id"], "site": question["request"]["site"]}
    taken = await transaction.one(_SQL["insert"], {**values, "stops": to_json(listed).decode()})
    if taken is not None:
        raise Problem(409, f"order {taken['order_id']} was cancelled or is on another run meanwhile; ask anew")
    return {"stops": len(listed)}


RUNS = Questions("run", "runs", _carry, "plan")
router = APIRouter(tags=["shipping"])


@router.post("/api/v1/runs", response_model=QuestionRecord, status_code=201)
async def ask_runs(once: Once, caller: Planner, body: RunsRequest) -> Response:
    """Ask for the runs of a site's own vehicles on a day; approve the answer, and each order is a stop."""

    async def work(transaction: Transaction) -> Response:
        return await RUNS.ask(transaction, caller, await asked(transaction, caller, body))

    return await once(caller, work)


@router.get("/api/v1/runs/{question_id}/stops", response_model=StopList)
async def list_stops(db: Db, caller: Viewer, question_id: UUID) -> Response:
    """List the stops of approved runs, run by run."""
    await RUNS.find(db, caller, question_id)
    return reply({"items": await db.all(_SQL["stops"], {"question_id": question_id, "order_id": None})})


@router.get(
    "/api/v1/runs/{question_id}/sheet", response_class=Response, responses={200: {"content": {"text/plain": {}}}}
)
async def get_sheet(db: Db, caller: Viewer, question_id: UUID) -> Response:
    """Return the run sheets as plain text to print, a page a run."""
    question = await RUNS.find(db, caller, question_id)
    site = await db.one(_SQL["site"], {"site": question["request"]["site"]})
    listed = await db.all(_SQL["stops"], {"question_id": question_id, "order_id": None})
    if not listed:
        raise Problem(409, "nothing is on its way; approve the runs first")
    return Response(sheet(question, listed, (site and site["time_zone"]) or "UTC"), media_type="text/plain")


@router.post("/api/v1/runs/{question_id}/stops/{order}/end", response_model=StopRecord)
async def end_stop(once: Once, caller: Operator, question_id: UUID, order: OrderId, body: StopEnd) -> Response:
    """Tell how a stop ended. The same once more changes nothing; what was delivered cannot fail afterwards."""

    async def work(transaction: Transaction) -> Response:
        return reply(await end_one(transaction, caller, question_id, order, body))

    return await once(caller, work)


async def end_one(transaction: Transaction, caller: Caller, question_id: UUID, order: str, body: StopEnd) -> Row:
    """Do that, and return the stop. Raises Problem: 403, 404, 409 where it ended otherwise."""
    question = await RUNS.find(transaction, caller, question_id)
    key = {"question_id": question_id, "order_id": order}
    before = await transaction.one(_SQL["stops"], key)
    if before is None:
        raise not_found("stop for order", order)
    if before["state"] == body.state:
        return before
    if before["state"] != "planned":
        raise Problem(409, f"the stop is {before['state']} already, by {before['ended_by']}")
    await transaction.run(_SQL["end"], {**key, "state": body.state, "note": body.note, "by": caller.name})
    after = await transaction.one(_SQL["stops"], key)
    states = {"before": {"state": "planned"}, "after": {"state": body.state, "note": body.note}}
    subject = f"run/{question_id}/stop/{order}"
    await audit(transaction, caller, f"stop.{body.state}", subject, site=question["request"]["site"], **states)
    return after or before


async def asked(transaction: Transaction, caller: Caller, body: RunsRequest) -> Asked:
    """Return the question of a day's runs. Raises Problem: 403, 422 where something is missing, naming it."""
    caller.check(body.site)
    site = await transaction.one(_SQL["site"], {"site": body.site})
    if site is None or site["lat_deg"] is None:
        raise refused("site", f"{body.site} does not say where it lies (PUT /api/v1/sites/{body.site}/facts)")
    orders = await transaction.all(_SQL["deliverable"], {"site": body.site, "orders": body.orders, "rows": MOST_STOPS})
    there = {order["id"] for order in orders}
    for place, id_ in enumerate(body.orders or ()):
        if id_ not in there:
            raise refused(
                f"orders[{place}]", f"{id_} is no order of {body.site} with a destination that nobody delivers yet"
            )
    problem = day(body, site, orders)
    return Asked((body.site,), body.model_dump(mode="json", exclude_none=True), problem, body.time_limit_s, body.seed)


router.include_router(RUNS.router())
