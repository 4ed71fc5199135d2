"""What is done with work orders, each within the caller's transaction, which holds the order."""

from typing import Any
from uuid import UUID

from pydantic_core import to_json

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.inventory.epc import gtin14
from tagdock_cloud.inventory.record import find_item, recorded_forms
from tagdock_cloud.inventory.rules import candidates
from tagdock_cloud.life.working import close_work_order, item_of, open_work_order
from tagdock_cloud.repairs import rules
from tagdock_cloud.repairs.records import MOST_PARTS, CloseBody, OrderBody, PartBody, ProgressBody, TestBody
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem, not_found, refused

_SQL = load_queries("tagdock_cloud.repairs")
_INVENTORY = load_queries("tagdock_cloud.inventory")
Order = dict[str, Any]


async def find(transaction: Transaction, caller: Caller, work_order_id: UUID, *, hold: bool = False) -> Order:
    """Return a work order whole. Raises Problem: 404, 403 for another site's or another technician's."""
    values = {"work_order_id": work_order_id}
    if hold:
        await transaction.one(_SQL["hold"], values)
    order = await transaction.one(_SQL["one"], values)
    if order is None:
        raise not_found("work order", work_order_id)
    caller.check(order["site"])
    rules.check_visible(order, caller)
    return order


async def open_order(transaction: Transaction, caller: Caller, body: OrderBody) -> Order:
    """Open a work order: the item's life steps into repair, and nobody sells it. Raises Problem as the step does."""
    item = await find_item(transaction, caller.listed, await recorded_forms(transaction, candidates(body.epc)))
    if item is None:
        raise refused("epc", "is no item on record")
    case = body.case or f"repair-{item['epc'].rsplit(':', 1)[-1]}"[:64]
    entry = await open_work_order(transaction, caller, item["epc"], case=_named(case), reason=body.fault)
    row = await transaction.one(_SQL["of_step"], {"step_id": entry.step_id})
    if row is None:
        raise Problem(409, 'the table of lives opens no task to repair with this step: add `task = "repair"` to it')
    values = {**row, **body.model_dump(), "by": caller.id}
    await transaction.run(_SQL["describe"], values)
    await transaction.run(_SQL["rank"], values)
    return await transaction.one(_SQL["one"], row) or {}


def _named(case: str) -> str:
    return "".join(letter if (letter.isalnum() and letter.isascii()) or letter in "._-" else "-" for letter in case)


async def add_part(transaction: Transaction, caller: Caller, order: Order, body: PartBody) -> Order:
    """Note a part. What is put in is taken from stock, which never holds less than nothing. Raises Problem."""
    rules.check_theirs(order, caller)
    counted = await transaction.one(_SQL["count_parts"], order)
    if counted is not None and counted["parts"] >= MOST_PARTS:
        raise Problem(409, f"a work order has {MOST_PARTS} lines of parts at most")
    epc = (await item_of(transaction, caller, body.epc))["epc"] if body.epc else None
    if epc is not None:
        rules.check_other(order, epc)
    values = {**order, **body.model_dump(), "epc": epc, "by": caller.id}
    for line in await _lines(transaction, order, values) if body.way == "installed" else [values]:
        await transaction.run(_SQL["add_part"], line)
    await transaction.run(_SQL["forget_test"], order)
    return await _changed(transaction, caller, "repair.part", order, body.model_dump(exclude_none=True))


async def _lines(transaction: Transaction, order: Order, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Take units out of the cartons that they come from, and return a line for each."""
    cartons = {row["epc"]: row for row in await transaction.all(_SQL["cartons"], wanted)}
    lines = []
    for taken in rules.taken_from(list(cartons.values()), wanted["quantity"]):
        carton = cartons[taken.epc]
        row = {"epc": taken.epc, "gtin": gtin14(taken.epc), "sku": carton["sku"], "quantity": taken.left, "bin": None}
        await transaction.run(_INVENTORY["register"], {"items": to_json([{**row, "site": order["site"]}]).decode()})
        line = {**wanted, "epc": taken.epc, "sku": carton["sku"], "bin": carton["bin"], "quantity": taken.quantity}
        lines.append(line)
    await transaction.run(_INVENTORY["project"], {"epcs": sorted(line["epc"] for line in lines)})
    return lines


async def note_progress(transaction: Transaction, caller: Caller, order: Order, body: ProgressBody) -> Order:
    """Say where the work stands. Raises Problem (403, 409)."""
    rules.check_theirs(order, caller)
    await transaction.run(_SQL["progress"], {**order, **body.model_dump()})
    return await _changed(transaction, caller, "repair.progress", order, body.model_dump(exclude_none=True))


async def note_test(transaction: Transaction, caller: Caller, order: Order, body: TestBody) -> Order:
    """Note what the test showed. Raises Problem (403, 409)."""
    rules.check_theirs(order, caller)
    await transaction.run(_SQL["test"], {**order, **body.model_dump(), "by": caller.id})
    return await _changed(transaction, caller, "repair.test", order, body.model_dump())


async def close(transaction: Transaction, caller: Caller, order: Order, body: CloseBody) -> Order:
    """Close a work order by the step of the item's life that does. Once more changes nothing. Raises Problem."""
    if order["state"] == body.outcome and order["closed_by"] == caller.id:
        return order
    rules.check_theirs(order, caller)
    rules.check_closable(order, body.outcome)
    case = _named(order["case"] or "repair")
    is_mended = body.outcome == "repaired"
    await transaction.run(_SQL["outcome"], {**order, "note": body.note})
    await close_work_order(transaction, caller, order["epc"], case=case, is_mended=is_mended, reason=body.note or None)
    return await transaction.one(_SQL["one"], order) or order


async def _changed(transaction: Transaction, caller: Caller, action: str, before: Order, told: dict[str, Any]) -> Order:
    subject = f"work_order/{before['work_order_id']}"
    was = {"state": before["state"], "test_passed": before["test_passed"]}
    await audit(transaction, caller, action, subject, site=before["site"], before=was, after=told)
    return await transaction.one(_SQL["one"], before) or before
