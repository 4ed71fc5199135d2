"""Steps as other rooms take them, each audited: `take_step`, `settle_passage`, work orders, `propose_scrap`.

All of them work in the caller's transaction: what a room keeps of its own, and the step, are there together or not at
all. Each holds the item's life until the transaction ends.
"""

from typing import Any
from uuid import UUID

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.inventory.record import find_item, recorded_forms
from tagdock_cloud.inventory.rules import candidates
from tagdock_cloud.life.policy import Transition
from tagdock_cloud.life.records import Entry, Wish
from tagdock_cloud.life.rules import GONE, RefusedError, step
from tagdock_cloud.life.shapes import SettlementBody, StepBody
from tagdock_cloud.life.taking import Held, hold, life_of, roles_of, settle, take
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem, not_found


async def item_of(transaction: Transaction, caller: Caller, epc: str) -> dict[str, Any]:
    """Return where an item is, by any form of its EPC. Raises Problem (404) where none of the caller's sites has it."""
    item = await find_item(transaction, caller.listed, await recorded_forms(transaction, candidates(epc)))
    if item is None:
        raise not_found("item", epc)
    return item


async def take_step(transaction: Transaction, caller: Caller, epc: str, body: StepBody) -> tuple[Held, Entry]:
    """Take an item through a transition. Raises Problem: 404, 403 other roles, 422 without details, 409 not now."""
    held = await hold(transaction, await item_of(transaction, caller, epc))
    return held, await _taken(transaction, caller, held, body)


async def settle_passage(
    transaction: Transaction, caller: Caller, epc: str, step_id: UUID, body: SettlementBody
) -> Held:
    """Settle a contradiction in an item's life. Raises Problem: 404, 409 where the passage leads nowhere."""
    held = await hold(transaction, await item_of(transaction, caller, epc))
    _, before = life_of(held)
    entry = await settle(transaction, held, caller, step_id, body)
    was, is_ = {"state": before.life.state}, {**body.model_dump(), "state": entry.to_state}
    await audit(transaction, caller, "life.settle", f"item/{held.epc}", site=held.site, before=was, after=is_)
    return held


async def open_work_order(
    transaction: Transaction, caller: Caller, epc: str, *, case: str, reason: str | None = None
) -> Entry:
    """Take whatever transition opens a work order from where the item is. Raises Problem as `take_step` does."""
    held = await hold(transaction, await item_of(transaction, caller, epc))
    name = _way(held, caller, lambda each: each.work_order == "opens", reason)
    return await _taken(transaction, caller, held, StepBody(transition=name, case=case, reason=reason))


async def close_work_order(
    transaction: Transaction, caller: Caller, epc: str, *, case: str, is_mended: bool, reason: str | None = None
) -> Entry:
    """Take the transition that closes a work order: as mended, or given up. Raises Problem as `take_step` does."""

    def closes(each: Transition) -> bool:
        return each.work_order == "closes" and (each.condition in {"repaired", "refurbished"}) == is_mended

    held = await hold(transaction, await item_of(transaction, caller, epc))
    name = _way(held, caller, closes, reason)
    return await _taken(transaction, caller, held, StepBody(transition=name, case=case, reason=reason))


async def propose_scrap(transaction: Transaction, caller: Caller, epc: str, *, case: str, reason: str) -> Entry:
    """Take whatever transition asks for scrapping from where the item is. Raises Problem as `take_step` does."""
    held = await hold(transaction, await item_of(transaction, caller, epc))
    policy = held.tables[held.tables.in_force(held.site, held.now)]
    gone = [each for each in policy.transition.values() if policy.state[each.to].disposition in GONE]
    asked = {state for each in gone for state in each.from_}
    name = _way(held, caller, lambda each: each.to in asked and each.work_order is None, reason)
    return await _taken(transaction, caller, held, StepBody(transition=name, case=case, reason=reason))


def _way(held: Held, caller: Caller, is_wanted: Any, reason: str | None) -> str:
    """Return the first such transition that the caller may take now; else the first, so that its refusal says why."""
    _, standing = life_of(held)
    policy = held.tables[held.tables.in_force(held.site, held.now)]
    wanted = [name for name, each in policy.transition.items() if is_wanted(each)]
    here = [name for name in wanted if standing.life.state in policy.transition[name].from_]
    for name in here:
        try:
            step(policy, standing.life, Wish(name, caller.id, roles_of(caller), held.now, reason=reason))
        except RefusedError:
            continue
        return name
    if not wanted:
        raise Problem(409, "the table of lives has no such transition: publish one that has")
    return (here or wanted)[0]


async def _taken(transaction: Transaction, caller: Caller, held: Held, body: StepBody) -> Entry:
    _, before = life_of(held)
    entry = await take(transaction, held, caller, body)
    after = {**body.model_dump(exclude_none=True), "state": entry.to_state}
    subject = f"item/{held.epc}"
    await audit(
        transaction, caller, "life.step", subject, site=held.site, before={"state": before.life.state}, after=after
    )
    return entry
