"""Stock over HTTP: what is there, or what was there at a moment."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from tagdock_cloud.inventory.past import SLICES_A_PAGE, past_stock
from tagdock_cloud.inventory.records import StockPage, StockRecord
from tagdock_cloud.store.pool import DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Viewer
from tagdock_cloud.web.database import Database, Db
from tagdock_cloud.web.export import EXPORTED, Rows, asked_form, export
from tagdock_cloud.web.names import Instant, Label, Site, Sku
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor, short_page
from tagdock_cloud.web.problems import refused

_SQL = load_queries("tagdock_cloud.inventory")
COLUMNS: Final = tuple(StockRecord.model_fields)
_KEYS = ("site", "sku", "zone", "state")
_PAST_KEYS = ("sku", "site", "zone", "state")
StockState = Annotated[str, Query(pattern=r"^[a-z_]{1,64}$", description="A disposition of CBV 2.0.")]
router = APIRouter(prefix="/api/v1", tags=["inventory"])


@router.get("/stock", response_model=StockPage, responses=EXPORTED)
async def list_stock(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    sku: Sku | None = None,
    zone: Label | None = None,
    state: StockState | None = None,
    at: Annotated[Instant | None, Query(description="A moment of the past; left out: now.")] = None,
    limit: Limit = 100,
    cursor: CursorText = None,
    accept: Annotated[str, Header(max_length=1000)] = "",
) -> Response:
    """Count what is there by SKU, zone and state; without `state`, what has left or is unknown does not count.

    With `at`, what was there at that moment by the record as it is known (and corrected) today, SKU by SKU; zones are
    those in which the bins lie today. Pages may be short then: only the last has no link to a next.
    """
    caller.check(site)
    wanted = {"sites": caller.listed, "site": site, "sku": sku, "zone": zone, "state": state, "at": at}
    if at is not None:
        await _check_kept(db, wanted)
    form = asked_form(accept)
    if form is not None:
        slices = _all(db, wanted) if at is None else _all_past(db, wanted)
        return await export(request, form, "stock", COLUMNS, slices)
    after = read_cursor(cursor, str, str, str, str)
    if at is None:
        return page(request, await _page(db, wanted, after, limit + 1), limit, *_KEYS)
    rows, goes_on_at = await _past_page(db, wanted, after, limit + 1)
    if len(rows) > limit or goes_on_at is None:
        return page(request, rows, limit, *_PAST_KEYS)
    return short_page(request, rows, [goes_on_at, "", "", ""])


async def _page(db: Database, wanted: dict[str, Any], after: list[str | None], rows: int) -> list[DictRow]:
    """Return rows after a key. Unfiltered, only the items of the SKUs that the page shows are counted."""
    filtered = any(wanted[name] is not None for name in ("sku", "zone", "state"))
    values = {**wanted, **{f"after_{key}": value for key, value in zip(_KEYS, after, strict=True)}, "rows": rows}
    return await db.all(_SQL["stock" if filtered else "stock_by_sku"], values)


async def _past_page(
    db: Database, wanted: dict[str, Any], after: list[str | None], rows: int
) -> tuple[list[DictRow], str | None]:
    """Return rows after a key; and at which SKU to go on, where it takes too long to find as many."""
    found: list[DictRow] = []
    async with db.snapshot() as transaction, aclosing(past_stock(transaction, wanted, after)) as slices:
        looked_through = 0
        async for part, open_sku in slices:
            found += part
            looked_through += 1
            if len(found) >= rows:
                break
            if looked_through >= SLICES_A_PAGE and open_sku and open_sku != after[0]:
                return found, open_sku
    return found[:rows], None


async def _all(db: Database, wanted: dict[str, Any]) -> AsyncGenerator[Rows, None]:
    first = {**wanted, **dict.fromkeys([f"after_{key}" for key in _KEYS]), "rows": None}
    async with db.snapshot() as transaction, aclosing(transaction.slices(_SQL["stock"], first, COLUMNS)) as slices:
        async for rows in slices:
            yield rows


async def _all_past(db: Database, wanted: dict[str, Any]) -> AsyncGenerator[Rows, None]:
    async with db.snapshot() as transaction, aclosing(past_stock(transaction, wanted, [None] * 4)) as slices:
        async for rows, _ in slices:
            if rows:
                yield [tuple(row[column] for column in COLUMNS) for row in rows]


async def _check_kept(db: Database, wanted: dict[str, Any]) -> None:
    """Raise Problem (422) for a moment before which the record was dropped."""
    row = await db.one(_SQL["kept_since"], wanted)
    if row and row["begins_at"] is not None and wanted["at"] < row["begins_at"]:
        raise refused("at", f"the record is kept from {row['begins_at'].isoformat()} on; ask for a later moment")
