"""What became of differences: a person says so, and the record follows."""

from typing import Any
from uuid import UUID

from pydantic_core import to_json

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.inventory.epc import gtin14
from tagdock_cloud.inventory.record import find_item
from tagdock_cloud.life.taking import hold, tell_presence
from tagdock_cloud.stockpolicy.counts.records import SettlementBody
from tagdock_cloud.stockpolicy.counts.rules import check_verdict
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Transaction
from tagdock_cloud.web.problems import Problem, not_found

_SQL = load_queries("tagdock_cloud.stockpolicy.counts")
_ITEMS = load_queries("tagdock_cloud.inventory")
Row = dict[str, Any]


async def hold_count(transaction: Transaction, caller: Caller, count_id: UUID) -> Row:
    """Return a count that nobody else tells or settles meanwhile. Raises Problem: 404, or 403 of another site."""
    await transaction.run(_SQL["hold"], {"count_id": count_id})
    return await find_count(transaction, caller, count_id)


async def find_count(db: Database | Transaction, caller: Caller, count_id: UUID) -> Row:
    """Return a count. Raises Problem: 404, or 403 where its site is not the caller's."""
    count = await db.one(_SQL["one"], {"count_id": count_id})
    if count is None:
        raise not_found("count", count_id)
    caller.check(count["site"])
    return count


async def settle(transaction: Transaction, caller: Caller, count_id: UUID, number: int, body: SettlementBody) -> None:
    """Settle one difference of a count, with its line in the audit. Raises Problem: 403, 404, 409."""
    count = await hold_count(transaction, caller, count_id)
    before = await settle_difference(transaction, caller, count, number, body)
    if before is not None:
        subject = f"count/{count_id}/{number}"
        await audit(transaction, caller, "count.settle", subject, site=count["site"], before=before, after=body)


async def settle_difference(
    transaction: Transaction, caller: Caller, count: Row, number: int, body: SettlementBody
) -> Row | None:
    """Settle one difference; None where the same was said before. Raises Problem: 404, 409.

    missing and found are noted in the item's life; here registers it in the bin that was counted.
    """
    values = {"count_id": count["count_id"], "site": count["site"], "by": caller.name, "number": number}
    rows = await transaction.all(_SQL["differences"], values)
    difference = next((row for row in rows if row["number"] == number), None)
    if difference is None:
        raise not_found("difference", number)
    if difference["verdict"] == body.verdict:
        return None
    if difference["verdict"] is not None:
        raise Problem(409, f"it is settled already, as {difference['verdict']} by {difference['settled_by']}")
    check_verdict(difference, body.verdict)
    await _follow(transaction, caller, count, difference, body)
    await transaction.run(_SQL["settle"], {**values, "verdict": body.verdict, "reason": body.reason})
    if await transaction.run(_SQL["finish"], values):
        await transaction.one(_SQL["tell"], values)
    return difference


async def _follow(transaction: Transaction, caller: Caller, count: Row, difference: Row, body: SettlementBody) -> None:
    """Make the record say what the person says."""
    reason = body.reason or f"count {count['count_id']}"
    epc = difference["epc"]
    if body.verdict == "recount":
        scope = {name: count[name] for name in ("site", "bin", "zone", "sku", "velocity", "due_at")}
        asked = {**scope, "method": "epcs", "why": f"again: {reason}"[:1000], "by": caller.name}
        await transaction.one(_SQL["ask"], asked)
    elif body.verdict == "missing":
        await _tell(transaction, caller, epc, is_missing=True, reason=reason)
    elif body.verdict == "here":
        await _place(transaction, caller, count, difference)
        await _tell(transaction, caller, epc, is_missing=False, reason=reason)


async def _tell(transaction: Transaction, caller: Caller, epc: str, *, is_missing: bool, reason: str) -> None:
    item = await find_item(transaction, caller.listed, [epc])
    if item is not None:
        await tell_presence(transaction, await hold(transaction, item), caller, is_missing=is_missing, reason=reason)


async def _place(transaction: Transaction, caller: Caller, count: Row, difference: Row) -> None:
    """Register an item in the bin that was counted. Raises Problem: 409 where no one bin was, 403 for others' items."""
    if count["bin"] is None:
        raise Problem(409, "only a count of a bin says where it stands; count the bin, or register the item there")
    epc = difference["epc"]
    known = await transaction.all(_ITEMS["registered"], {"epcs": [epc]})
    for item in known:  # what stands at another site is not to be claimed by this one
        caller.check(item["site"])
    head = {"epc": epc, "gtin": gtin14(epc), "site": count["site"], "bin": count["bin"]}
    told = {"sku": known[0]["sku"], "quantity": known[0]["quantity"]} if known else {"sku": None, "quantity": 1}
    await transaction.run(_ITEMS["register"], {"items": to_json([{**head, **told}]).decode()})
    await transaction.run(_ITEMS["project"], {"epcs": [epc]})
