"""What the page Tasks sends of a count: all that was scanned in the bin, held against the record at once."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import Response

from tagdock_cloud.console.frame import Framed
from tagdock_cloud.console.tallies import tally
from tagdock_cloud.console.task_forms import after, check_theirs, tried
from tagdock_cloud.inventory.epc import epc_candidates
from tagdock_cloud.inventory.record import recorded_forms
from tagdock_cloud.inventory.scans import read_scan
from tagdock_cloud.stockpolicy.counts.records import LineBody, ResultBody
from tagdock_cloud.stockpolicy.counts.taking import take_count
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks import doing
from tagdock_cloud.web.access import Handler
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import not_found, refused

MOST_BYTES = 1024 * 1024
"""Of what was scanned: some twenty thousand tags, as many as a count takes."""
_SQL = load_queries("tagdock_cloud.console", "tasks.sql")
_COUNTS = load_queries("tagdock_cloud.stockpolicy.counts")
router = APIRouter()


@router.post("/tasks/{task_id}/count", max_body_size=2 * MOST_BYTES)
async def count_here(
    frame: Framed, caller: Handler, task_id: UUID, scans: Annotated[str, Form(max_length=MOST_BYTES)] = ""
) -> Response:
    """Tell a count; its task ends, and what differs is looked into."""

    async def work(transaction: Transaction) -> None:
        task = await doing.find(transaction, caller, task_id, hold=True)
        doing.check_open(task)
        await check_theirs(transaction, caller, task)
        values = {"count_id": task["opened_by"]}
        await transaction.run(_COUNTS["hold"], values)
        count = await transaction.one(_COUNTS["one"], values)
        if count is None:
            raise not_found("count of the task", task_id)
        body = await _result(transaction, count, scans)
        await take_count(transaction, caller, count, body, datetime.now(UTC))
        told = await transaction.one(_COUNTS["one"], values)
        await audit(
            transaction,
            caller,
            "count.tell",
            f"count/{count['count_id']}",
            site=count["site"],
            before=count,
            after=told,
        )

    return await tried(frame, task_id, work, after(task_id, frame.site))


async def _result(transaction: Transaction, count: dict[str, Any], scans: str) -> ResultBody:
    """Read what was scanned: tags, or goods by barcode, name or tag. Raises Problem (422)."""
    try:
        scanned = tally(scans)
    except ValueError as error:
        raise refused("scans", str(error)) from None
    if count["method"] == "epcs":
        links = [read_scan(text).link or text for text, _ in scanned]
        return ResultBody(epcs=links, lines=None, counted_at=None)
    units: dict[str, int] = {}
    for text, quantity in scanned:
        sku = await _sku(transaction, text)
        units[sku] = units.get(sku, 0) + quantity
    lines = [LineBody(sku=sku, quantity=quantity) for sku, quantity in units.items()]
    return ResultBody(epcs=None, lines=lines, counted_at=None)


async def _sku(transaction: Transaction, text: str) -> str:
    scan = read_scan(text)
    forms = await recorded_forms(transaction, epc_candidates(scan.link or text))
    row = await transaction.one(_SQL["sku_of"], {"text": text, "gtin": scan.gtin, "epcs": forms})
    if row is None:
        raise refused("scans", f"{text[:100]}: no goods go by this")
    return str(row["sku"])
