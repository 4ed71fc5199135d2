"""Orders and advance notices over HTTP: the same routes twice, as the goods go out or come in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.inventory.epc import kept_form
from tagdock_cloud.orders.records import Kind, OrderId, OrderList, OrderPage, OrderRecord, OrderState, OrdersWritten
from tagdock_cloud.orders.rules import read_csv
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.names import Instant, Place, Site, Text
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import not_found, refused
from tagdock_cloud.web.reply import reply

MOST_BYTES = 16 * 2**20
_CSV = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}
_SQL = load_queries("tagdock_cloud.orders")
_CALLED: dict[Kind, str] = {"outbound": "order", "inbound": "notice"}


def build(kind: Kind) -> APIRouter:
    """Build the routes of one kind below `/api/v1`."""
    one = _CALLED[kind]
    path = f"{one}s"
    router = APIRouter(prefix="/api/v1", tags=[path])

    @router.get(f"/{path}", response_model=OrderPage, name=f"list_{path}")
    async def list_orders(
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
        values = {**asked, **_after(cursor), "kind": kind, "sites": caller.listed, "rows": limit + 1}
        return page(request, await db.all(_SQL["page"], values), limit, "due_at", "site", "id")

    @router.put(f"/{path}", response_model=OrdersWritten, max_body_size=MOST_BYTES, name=f"put_{path}")
    async def put_orders(db: Db, caller: Integrator, body: OrderList) -> Response:
        """Enter them, each whole, all or none. The same words again change nothing."""
        return reply(await _write(db, caller, kind, body))

    @router.post(
        f"/{path}/import",
        response_model=OrdersWritten,
        max_body_size=MOST_BYTES,
        openapi_extra=_CSV,
        name=f"import_{path}",
    )
    async def import_orders(request: Request, db: Db, caller: Integrator) -> Response:
        """Enter them from CSV, one row a line: site, order, partner, door, due_at, and epc or sku and quantity."""
        return reply(await _write(db, caller, kind, read_csv(await request.body())))

    @router.get(f"/sites/{{site}}/{path}/{{id}}", response_model=OrderRecord, name=f"get_{one}")
    async def get_order(db: Db, _: Viewer, site: Site, id: OrderId) -> Response:  # noqa: A002  # its name on the wire
        """Return one whole, with what was seen of each line."""
        return reply(await find_order(db, site, kind, id))

    @router.post(f"/sites/{{site}}/{path}/{{id}}/cancel", response_model=OrderRecord, name=f"cancel_{one}")
    async def cancel_order(db: Db, caller: Integrator, site: Site, id: OrderId) -> Response:  # noqa: A002
        """Cancel one: nothing is expected of it any more. Once more changes nothing."""
        values = {"site": site, "kind": kind, "id": id, "by": caller.id}
        async with db.transaction() as transaction:
            if await transaction.run(_SQL["cancel"], values):
                await audit(transaction, caller, f"{one}.cancel", f"{one}/{id}", site=site)
            return reply(await find_order(transaction, site, kind, id))

    return router


async def find_order(db: Database | Transaction, site: str, kind: Kind, id_: str) -> dict[str, Any]:
    """Return an order or notice whole. Raises Problem (404)."""
    order = await db.one(_SQL["one"], {"site": site, "kind": kind, "id": id_})
    if order is None:
        raise not_found("order" if kind == "outbound" else "advance notice", id_)
    return order


async def _write(db: Database, caller: Caller, kind: Kind, body: OrderList) -> dict[str, int]:
    orders = [_kept(order, f"items[{place}]") for place, order in enumerate(body.model_dump()["items"])]
    for site in sorted({order["site"] for order in orders}):
        caller.check(site)
    async with db.transaction() as transaction:
        values = {"kind": kind, "by": caller.id, "orders": to_json(orders).decode()}
        missing = await transaction.one(_SQL["sites_missing"], values)
        if missing:
            raise refused(f"items[{missing['place']}].site", f"there is no site {missing['site']!r}")
        await transaction.run(_SQL["lock"], values)
        changed = _changed(orders, await transaction.all(_SQL["whole"], values))
        if changed:
            await _enter(transaction, {**values, "orders": to_json(changed).decode()})
            for site in sorted({order["site"] for order in changed}):
                of_site = [order for order in changed if order["site"] == site]
                await audit(transaction, caller, f"{_CALLED[kind]}.put", f"{_CALLED[kind]}s", site=site, after=of_site)
    return {"written": len(orders), "changed": len(changed)}


async def _enter(transaction: Transaction, values: dict[str, Any]) -> None:
    for query in ("upsert", "forget_lines", "add_lines", "lock_sessions", "sessions_follow"):
        await transaction.run(_SQL[query], values)


def _changed(orders: Sequence[dict[str, Any]], known: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    there = {(order["site"], order["id"]): order for order in known}
    return [order for order in orders if there.get((order["site"], order["id"])) != order]


def _kept(order: dict[str, Any], where: str) -> dict[str, Any]:
    """Write each EPC in the one form under which it is kept. Raises Problem (422) naming the line at fault."""
    seen: dict[str, int] = {}
    for number, line in enumerate(order["lines"]):
        if line["epc"] is None:
            continue
        form = kept_form(line["epc"])
        if form is None:
            raise refused(
                f"{where}.lines[{number}].epc", "must be an EPC: urn:epc:id:... or hex of an SGTIN-96 or SSCC-96"
            )
        if seen.setdefault(form, number) != number:
            raise refused(f"{where}.lines[{number}].epc", f"is the same EPC as in line {seen[form]}")
        line["epc"] = form
    return order


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


orders = build("outbound")
notices = build("inbound")
