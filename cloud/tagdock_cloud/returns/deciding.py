"""What becomes of what came back, and what the customer gets: only after the inspections that permit it."""

from typing import Any

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.life.policy import Task
from tagdock_cloud.life.rules import is_cleared
from tagdock_cloud.life.taking import Held, hold, life_of
from tagdock_cloud.life.working import item_of, open_work_order, propose_scrap
from tagdock_cloud.returns.cases import Case, open_task, set_state, tell
from tagdock_cloud.returns.records import OutcomeBody
from tagdock_cloud.returns.rules import OWN_ROUTE, Seen, against_outcome, against_remedy, against_reship, permitted
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem, not_found

_SQL = load_queries("tagdock_cloud.returns")
_TASKS: dict[str, tuple[Task, str]] = {
    "restock": ("put_away", "back into stock"),
    "repack": ("pack", "repack it, then back into stock"),
    "back_to_supplier": ("pack", "back to the supplier"),
    "back_to_customer": ("pack", "back to the customer"),
}

DECIDERS = ("admin", "manager", "inspector")
"""The roles that decide what becomes of an item."""


async def decide(transaction: Transaction, caller: Caller, case: Case, number: int, body: OutcomeBody) -> None:
    """Decide what becomes of an item, and open what is to do. Raises Problem: 403, 404, 409 where it may not be."""
    if caller.role not in DECIDERS:
        raise Problem(403, "outcomes are decided by inspectors and managers")
    lines = await transaction.all(_SQL["lines"], case)
    line = next((each for each in lines if each["line"] == number), None)
    if line is None:
        raise not_found("line", number)
    seen = Seen(None, is_cleared=False)
    if line["epc"] is not None and line["received_at"] is not None:
        seen = seen_of(await hold(transaction, await item_of(transaction, caller, line["epc"])), line)
    if why_not := against_outcome(case, line, body.outcome, seen):
        raise Problem(409, why_not)
    values = {
        "case_ref": case["case_ref"],
        "line": number,
        "grade": seen.grade,
        "outcome": body.outcome,
        "by": caller.id,
    }
    await transaction.run(_SQL["decide"], values)
    await transaction.run(_SQL["followed_up"], {"epc": line["epc"], "by": caller.id})
    goes = OWN_ROUTE[seen.grade] if body.outcome == "exchange" and seen.grade else body.outcome
    await _carry_out(transaction, caller, case, line["epc"], goes, body.reason)
    detail = {"line": number, "epc": line["epc"], "grade": seen.grade, "outcome": body.outcome, "note": body.reason}
    await tell(transaction, caller, case, "outcome", detail)
    await _all_decided(transaction, case)


def seen_of(held: Held, line: dict[str, Any]) -> Seen:
    """Return what inspections found of an item since it came back."""
    _, standing = life_of(held)
    policy = held.tables[held.tables.in_force(held.site, held.now)]
    grades = [
        entry.wish.grade
        for entry in held.story
        if entry.wish is not None and entry.wish.grade is not None and entry.at >= line["received_at"]
    ]
    return Seen(
        grades[-1] if grades else None,
        is_cleared=bool(grades) and (not standing.life.is_owed or is_cleared(policy, standing.life)),
    )


async def _carry_out(  # noqa: PLR0917
    transaction: Transaction, caller: Caller, case: Case, epc: str, outcome: str, reason: str
) -> None:
    if outcome == "repair":
        await open_work_order(transaction, caller, epc, case=case["case_ref"], reason=reason)
    elif outcome == "scrap":
        await propose_scrap(transaction, caller, epc, case=case["case_ref"], reason=reason)
    else:
        held = await hold(transaction, await item_of(transaction, caller, epc))
        kind, why = _TASKS[outcome]
        await open_task(transaction, case, kind, f"{why}: {reason}", epc, held.story[-1].step_id)


async def _all_decided(transaction: Transaction, case: Case) -> None:
    left = await transaction.one(_SQL["undecided"], case) or {}
    if left["undecided"] == 0 and case["state"] == "received":
        await set_state(transaction, case, "decided")
        await open_task(transaction, case, "follow_up", "tell the customer, then close the case", None)


async def remedy(transaction: Transaction, caller: Caller, case: Case, event: str, order: str | None) -> None:
    """Tell that a customer gets money or other goods. Raises Problem (409) before the inspections that permit it."""
    lines = await transaction.all(_SQL["lines"], case)
    if why_not := against_remedy(case, lines):
        raise Problem(409, why_not)
    names = ("line", "epc", "sku", "quantity", "grade", "outcome")
    told = [{name: line[name] for name in names} for line in permitted(case, lines)]
    await transaction.run(_SQL["set_remedy"], {"case_ref": case["case_ref"], "event": event, "order": order})
    await tell(transaction, caller, case, event, {"lines": told, **({"new_order": order} if order else {})})


async def reship(transaction: Transaction, caller: Caller, case: Case, order: str) -> None:
    """Send an undelivered parcel's goods again before it is back. Raises Problem (409)."""
    if why_not := against_reship(case):
        raise Problem(409, why_not)
    await transaction.run(_SQL["set_remedy"], {"case_ref": case["case_ref"], "event": "reship", "order": order})
    await tell(transaction, caller, case, "reship", {"new_order": order})
