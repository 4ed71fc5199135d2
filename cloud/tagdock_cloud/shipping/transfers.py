"""Transfers between sites: an order at the one and a notice at the other, confirmed by the doors of both."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.orders.entry import write
from tagdock_cloud.orders.records import OrderId
from tagdock_cloud.shipping.allocations import check_and_write, check_new
from tagdock_cloud.shipping.records import TransferBody, TransferPage, TransferRecord, TransferState
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Manager, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import Problem, not_found, refused
from tagdock_cloud.web.reply import reply

SQL = load_queries("tagdock_cloud.shipping", "transfers.sql")
_ALONE = load_queries("tagdock_cloud.shipping", "allocations.sql")["alone"]
_CANCEL = load_queries("tagdock_cloud.orders")["cancel"]
Row = dict[str, Any]
router = APIRouter(prefix="/api/v1/transfers", tags=["shipping"])


@router.get("", response_model=TransferPage)
async def list_transfers(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    state: TransferState | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List transfers from and to the caller's sites, newest first."""
    caller.check(site)
    before_at, before_id = read_cursor(cursor, datetime, str)
    values = {"listed": caller.listed, "site": site, "state": state, "before_at": before_at, "before_id": before_id}
    return page(request, await db.all(SQL["page"], {**values, "rows": limit + 1}), limit, "planned_at", "id")


@router.post("", response_model=TransferRecord, status_code=201)
async def plan_transfer(once: Once, caller: Manager, body: TransferBody) -> Response:
    """Plan a transfer: the one site is to ship it, the other one to expect it. Its goods are promised from now on."""

    async def work(transaction: Transaction) -> Response:
        planned = await plan_one(transaction, caller, body)
        return reply(planned, 201, {"Location": f"/api/v1/transfers/{body.id}"})

    return await once(caller, work)


@router.get("/{id}", response_model=TransferRecord)
async def get_transfer(db: Db, caller: Viewer, id: OrderId) -> Response:  # noqa: A002
    """Return one transfer as the doors of both sites tell it."""
    return reply(await _find(db, caller, id))


@router.post("/{id}/cancel", response_model=TransferRecord)
async def cancel_transfer(once: Once, caller: Manager, id: OrderId) -> Response:  # noqa: A002
    """Call a transfer off of which nothing has left. Once more changes nothing."""

    async def work(transaction: Transaction) -> Response:
        return reply(await call_off(transaction, caller, id))

    return await once(caller, work)


async def plan_one(transaction: Transaction, caller: Caller, body: TransferBody) -> Row:
    """Do that, and return the transfer. Raises Problem: 403, 409 where its goods are not free, 422."""
    for site in (body.start_site, body.goal_site):
        caller.check(site)
    await check_sites(transaction, {"start_site": body.start_site, "goal_site": body.goal_site})
    await plan_all(transaction, caller, [body.model_dump()], None)
    return await _find(transaction, caller, body.id)


async def call_off(transaction: Transaction, caller: Caller, id_: str) -> Row:
    """Call a transfer off of which nothing has left. Raises Problem: 403, 404, 409 where something has."""
    await transaction.run(SQL["lock"], {"id": id_})
    before = await _find(transaction, caller, id_)
    for site in (before["start_site"], before["goal_site"]):
        caller.check(site)
    if before["state"] == "cancelled":
        return before
    if before["state"] != "planned":
        raise Problem(409, f"transfer {id_} is {before['state']} already: what has left has to arrive")
    for site, kind in ((before["start_site"], "outbound"), (before["goal_site"], "inbound")):
        await transaction.run(_CANCEL, {"site": site, "kind": kind, "id": id_, "by": caller.id})
    after = await _find(transaction, caller, id_)
    states = {"before": {"state": before["state"]}, "after": {"state": after["state"]}}
    await audit(transaction, caller, "transfer.cancel", f"transfer/{id_}", site=before["start_site"], **states)
    return after


async def check_sites(transaction: Transaction, named: dict[str, str]) -> list[Row]:
    """Return the sites by name, with where they lie. Raises Problem (422) naming the field of one that is not there."""
    known = await transaction.all(SQL["known"], {"sites": sorted(set(named.values()))})
    there = {row["site"] for row in known}
    for field, site in named.items():
        if site not in there:
            raise refused(field, f"there is no site {site!r}")
    return known


async def plan_all(transaction: Transaction, caller: Caller, planned: list[Row], question_id: UUID | None) -> None:
    """Plan transfers whose goods are free. Raises Problem (409)."""
    await transaction.run(_ALONE)
    for one in planned:
        if await transaction.one(SQL["one"], {"id": one["id"]}) is not None:
            raise Problem(409, f"there is a transfer {one['id']} already; take another name")
    await check_and_write(transaction, caller, [_paper(one, "start") for one in planned])
    notices = [_paper(one, "goal") for one in planned]
    await check_new(transaction, "inbound", notices)
    await write(transaction, caller, "inbound", notices)
    for one in planned:
        values = {name: one[name] for name in ("id", "start_site", "goal_site")}
        await transaction.run(SQL["insert"], {**values, "question_id": question_id, "by": caller.name})
        subject = f"transfer/{one['id']}"
        await audit(transaction, caller, "transfer.plan", subject, site=one["start_site"], after=one)


def _paper(one: Row, end: Literal["start", "goal"]) -> Row:
    """Return the order of the one end, or the notice of the other."""
    other = one["goal_site"] if end == "start" else one["start_site"]
    door, due_at = one.get(f"{end}_door"), one.get("due_at")
    return paper(one[f"{end}_site"], one["id"], other, one["lines"], door=door, due_at=due_at)


def paper(site: str, id_: str, partner: str, lines: list[Row], *, door: str | None = None, due_at: Any = None) -> Row:
    """Return an order or notice as it is kept, of SKUs alone."""
    unsaid = dict.fromkeys(("destination", "deliver_from", "promised_at", "value", "mass_kg", "volume_m3"))
    head = {"site": site, "id": id_, "partner": partner, "door": door, "due_at": due_at, "urgent": False}
    return {
        **head,
        **unsaid,
        "lines": [{"epc": None, "sku": line["sku"], "quantity": line["quantity"]} for line in lines],
    }


async def _find(db: Database | Transaction, caller: Caller, id_: str) -> Row:
    """Return a transfer. Raises Problem: 404, or 403 where neither site is the caller's."""
    found = await db.one(SQL["one"], {"id": id_})
    if found is None:
        raise not_found("transfer", id_)
    if caller.sites is None or found["goal_site"] not in caller.sites:
        caller.check(found["start_site"])
    return found
