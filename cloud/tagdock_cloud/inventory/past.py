"""What stood where at a moment of the past, exact from the record.

An item that has not moved since stands where it stood, so only the others are looked up, each by its own last step
up to that moment. SKU by SKU and a few thousand items at a time: memory and each statement stay small.
"""

from collections.abc import AsyncGenerator, Iterable
from typing import Any

from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Transaction

ITEMS_A_SLICE = 2_000
SLICES_A_PAGE = 10
"""What a page looks through at most, about a second of the database's time; the next page goes on from there."""
_SQL = load_queries("tagdock_cloud.inventory")
Row = dict[str, Any]
Slice = tuple[list[Row], str | None]


async def past_stock(
    transaction: Transaction, wanted: dict[str, Any], after: list[str | None]
) -> AsyncGenerator[Slice, None]:
    """Yield stock rows by SKU, site, zone and state, after a key of these four; what has no SKU comes first.

    With each slice of items comes the SKU that is not whole yet: from its beginning one may go on another time.

    `wanted`: sites, site, sku, zone, state, at.
    """
    after_sku = after[0]
    if not after_sku and wanted["sku"] is None:
        async for rows, _ in _of_items(transaction, "items_unnamed", {**wanted, "after_sku": None}):
            yield _after(rows, after), None
    async for rows, open_sku in _of_items(transaction, "items_named", {**wanted, "after_sku": after_sku or ""}):
        yield _after(rows, after), open_sku


async def _of_items(transaction: Transaction, query: str, wanted: dict[str, Any]) -> AsyncGenerator[Slice, None]:
    """Walk items by SKU and EPC, and yield the stock of each SKU once all its items were seen."""
    key = {"after_epc": "", "items": ITEMS_A_SLICE}
    open_: dict[tuple[str, ...], Row] = {}
    while items := await transaction.all(_SQL[query], {**wanted, **key}):
        last = items[-1]
        epcs = [item["epc"] for item in items]
        counted = await transaction.all(_SQL["stock_at"], {**wanted, "epcs": epcs})
        _add(open_, counted)
        order = {item["sku"]: place for place, item in enumerate(items)}
        done = [row for row in open_.values() if row["sku"] != last["sku"]]
        open_ = {_key(row): row for row in open_.values() if row["sku"] == last["sku"]}
        wanted = {**wanted, "after_sku": last["sku"]}
        key["after_epc"] = last["epc"]
        yield (
            sorted(done, key=lambda row: (order.get(row["sku"], -1), _key(row))),
            last["sku"],
        )  # SKUs as the database orders them
        if len(items) < ITEMS_A_SLICE:
            break
    yield sorted(open_.values(), key=_key), None


def _add(sums: dict[tuple[str, ...], Row], rows: Iterable[Row]) -> None:
    for row in rows:
        whole = sums.setdefault(_key(row), {**row, "items": 0, "quantity": 0})
        whole["items"] += row["items"]
        whole["quantity"] += row["quantity"]


def _key(row: Row) -> tuple[str, ...]:
    return tuple(row[name] or "" for name in ("sku", "site", "zone", "state"))


def _after(rows: list[Row], after: list[str | None]) -> list[Row]:
    if after[0] is None:
        return rows
    key = tuple(part or "" for part in after)
    return [row for row in rows if _key(row)[0] != key[0] or _key(row) > key]
