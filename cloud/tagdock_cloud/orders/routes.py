"""Orders and advance notices over HTTP: the same routes twice, as the goods go out or come in."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tagdock_cloud.orders.entry import CALLED, enter_all, hold, kept, write
from tagdock_cloud.orders.records import (
    Kind,
    OrderId,
    OrderList,
    OrderPage,
    OrderRecord,
    OrderState,
    OrdersWritten,
    OrderWords,
    WaitingOrder,
    WaitingOrders,
    WaitingState,
)
from tagdock_cloud.orders.rules import read_csv
from tagdock_cloud.orders.waiting import cancel_one
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Instant, Place, Site, Text
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import check_media_type, not_found, refused
from tagdock_cloud.web.reply import reply
from tagdock_cloud.web.tags import IfMatch, check_unchanged, versioned

MOST_BYTES = 16 * 2**20
_CSV = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}
_SQL = load_queries("tagdock_cloud.orders")
_WAITING = load_queries("tagdock_cloud.orders", "waiting.sql")
Order = dict[str, Any]


class Papers:
    """The routes of one kind: its methods are what they do."""

    def __init__(self, kind: Kind) -> None:
        self._kind: Kind = kind
        self._one = CALLED[kind]

    def router(self) -> APIRouter:
        """Build the routes below `/api/v1`."""
        one = self._one
        many = f"{one}s"
        router = APIRouter(prefix="/api/v1", tags=[many])
        large: Any = {"max_body_size": MOST_BYTES}
        written: Any = {"response_model": OrdersWritten, **large}
        whole: Any = {"response_model": OrderRecord}
        address = f"/sites/{{site}}/{many}/{{id}}"
        router.get(f"/{many}", response_model=OrderPage, name=f"list_{many}")(self.list_all)
        router.put(f"/{many}", **written, name=f"put_{many}")(self.put_all)
        router.post(f"/{many}/import", **written, openapi_extra=_CSV, name=f"import_{many}")(self.import_csv)
        router.get(address, **whole, name=f"get_{one}")(self.get)
        entered: Any = {"responses": {201: {"model": OrderRecord}}}
        router.put(address, **whole, **large, **entered, name=f"put_{one}")(self.put)
        router.post(f"{address}/cancel", **whole, name=f"cancel_{one}")(self.cancel)
        return router

    async def list_all(
        self,
        *,
        request: Request,
        db: Db,
        caller: Viewer,
        site: Site | None = None,
        state: OrderState | None = None,
        door: Place | None = None,
        partner: Text | None = None,
        since: Instant | None = None,
        until: Instant | None = None,
        limit: Limit = 100,
        cursor: CursorText = None,
    ) -> Response:
        """List by when they are due; the period is half open: since <= due_at < until."""
        asked = {"site": site, "state": state, "door": door, "partner": partner, "since": since, "until": until}
        values = {**asked, **_after(cursor), "kind": self._kind, "sites": caller.listed, "rows": limit + 1}
        return page(request, await db.all(_SQL["page"], values), limit, "due_at", "site", "id")

    async def put_all(self, db: Db, caller: Integrator, body: OrderList) -> Response:
        """Enter them, each whole, all or none. The same words again change nothing."""
        async with db.transaction() as transaction:
            changed = await enter_all(transaction, caller, self._kind, body.items)
        return reply({"written": len(body.items), "changed": changed})

    async def import_csv(self, once: Once, request: Request, caller: Integrator) -> Response:
        """Enter them from CSV, one row a line: site, order, partner, due_at and so on, and epc or sku and quantity."""
        check_media_type(request.headers.get("content-type"), "text/csv")
        bodies = read_csv(await request.body()).items

        async def work(transaction: Transaction) -> Response:
            changed = await enter_all(transaction, caller, self._kind, bodies)
            return reply({"written": len(bodies), "changed": changed})

        return await once(caller, work)

    async def get(
        self,
        db: Db,
        _: Viewer,
        site: Site,
        id: OrderId,  # noqa: A002  # its name on the wire
    ) -> Response:
        """Return one whole, with what was seen of each line."""
        order = await find_order(db, site, self._kind, id)
        return versioned(order, _words(order))

    async def put(
        self,
        *,
        db: Db,
        caller: Integrator,
        site: Site,
        id: OrderId,  # noqa: A002
        body: OrderWords,
        if_match: IfMatch = None,
    ) -> Response:
        """Enter one (201), or overwrite it whole."""
        async with db.transaction() as transaction:
            order = await kept(transaction, self._kind, site, id, body)
            await hold(transaction, self._kind, [order], ["site"])
            before = await transaction.one(_SQL["one"], {"site": site, "kind": self._kind, "id": id})
            check_unchanged(f"{self._one} {id}", before and _words(before), if_match)
            await write(transaction, caller, self._kind, [order])
            after = await find_order(transaction, site, self._kind, id)
        return versioned(after, _words(after), 200 if before else 201)

    async def cancel(self, once: Once, caller: Integrator, site: Site, id: OrderId) -> Response:  # noqa: A002
        """Cancel one: nothing is expected of it any more. Once more changes nothing."""
        values = {"site": site, "kind": self._kind, "id": id, "by": caller.id}

        async def work(transaction: Transaction) -> Response:
            before = await find_order(transaction, site, self._kind, id)
            if await transaction.run(_SQL["cancel"], values):
                change = {"before": {"state": before["state"]}, "after": {"state": "cancelled"}}
                await audit(transaction, caller, f"{self._one}.cancel", f"{self._one}/{id}", site=site, **change)
            return reply(await find_order(transaction, site, self._kind, id))

        return await once(caller, work)


async def find_order(db: Database | Transaction, site: str, kind: Kind, id_: str) -> dict[str, Any]:
    """Return an order or notice whole. Raises Problem (404)."""
    order = await db.one(_SQL["one"], {"site": site, "kind": kind, "id": id_})
    if order is None:
        raise not_found("order" if kind == "outbound" else "advance notice", id_)
    return order


def _words(order: Order) -> Order:
    """Return what was said of an order; what is seen of it moves while it is loaded."""
    lines = [{name: line[name] for name in ("line", "epc", "sku", "expected")} for line in order["lines"] or ()]
    return {**order, "state": order["state"] == "cancelled", "lines": lines}


def _after(cursor: str | None) -> dict[str, Any]:
    """Read where the page before ended."""
    due, site, id_ = read_cursor(cursor, str, str, str)
    return {"after_due": _due(due), "after_site": site, "after_id": id_}


def _due(text: str | None) -> str | None:
    """Check the time in a cursor. Raises Problem (422) on a made-up one."""
    if not text:
        return "infinity" if text == "" else None  # those without a time come last
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        raise refused("cursor", "is none of ours; start without one and follow the Link header") from None


async def list_waiting(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    state: WaitingState | None = "waiting",
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List orders without a site, in the order of their names."""
    caller.check_everywhere()
    (after,) = read_cursor(cursor, str)
    rows = await db.all(_WAITING["page"], {"state": state, "after": after, "rows": limit + 1})
    return page(request, rows, limit, "id")


async def cancel_waiting(once: Once, caller: Integrator, id: OrderId) -> Response:  # noqa: A002
    """Cancel one that no site ships yet. Once more changes nothing."""

    async def work(transaction: Transaction) -> Response:
        return reply(await cancel_one(transaction, caller, id))

    return await once(caller, work)


waiting = APIRouter(prefix="/api/v1/waiting-orders", tags=["orders"])
waiting.get("", response_model=WaitingOrders)(list_waiting)
waiting.post("/{id}/cancel", response_model=WaitingOrder)(cancel_waiting)
orders = Papers("outbound").router()
notices = Papers("inbound").router()
