"""Cases: applied for, accepted, changed, closed, each in a transaction that holds the case."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.inventory.record import all_recorded_forms
from tagdock_cloud.inventory.rules import candidates
from tagdock_cloud.life.policy import Task
from tagdock_cloud.returns.records import FactsBody, LineBody, ReturnBody
from tagdock_cloud.returns.rules import UNANNOUNCED, Finding, against_application, freight_payer, new_ref, terms_of
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks.kinds import DUE, ROLES
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem, not_found, refused

Case = dict[str, Any]
_SQL = load_queries("tagdock_cloud.returns")
_ENDED = ("closed", "cancelled")


def text_of(content: Any) -> str:
    """Write JSON."""
    return to_json(content).decode()


def found(findings: Sequence[Finding]) -> str:
    """Write what stands against a case."""
    return text_of([asdict(finding) for finding in findings])


async def hold_case(transaction: Transaction, caller: Caller, case_ref: str, *states: str) -> Case:
    """Hold a case. Raises Problem: 404 where none of the caller's sites has it, 409 in another state."""
    case = await transaction.one(_SQL["hold"], {"case_ref": case_ref})
    if case is None or (caller.sites is not None and case["site"] not in caller.sites):
        raise not_found("return", case_ref)
    if states and case["state"] not in states:
        raise Problem(
            409, f"the case is {case['state'].replace('_', ' ')}, not {' or '.join(states).replace('_', ' ')}"
        )
    return case


async def whole_case(transaction: Transaction, caller: Caller, case_ref: str) -> Case:
    """Return a case whole: its lines, what people found, what became of it.

    Raises Problem (404) where none of the caller's sites has it.
    """
    values = {"case_ref": case_ref}
    case = await transaction.one(_SQL["one"], values)
    if case is None or (caller.sites is not None and case["site"] not in caller.sites):
        raise not_found("return", case_ref)
    parts = {name: await transaction.all(_SQL[name], values) for name in ("lines", "inspections", "news")}
    return {**case, **parts}


async def tell(transaction: Transaction, caller: Caller, case: Mapping[str, Any], event: str, detail: Any) -> None:
    """Note what became of a case, for its story, for webhooks and in the audit."""
    values = {"case_ref": case["case_ref"], "site": case["site"], "event": event, "by": caller.id}
    await transaction.run(_SQL["tell"], {**values, "detail": text_of(detail)})
    before = {"state": case["state"]} if event != "applied" else None
    subject = f"return/{case['case_ref']}"
    await audit(transaction, caller, f"return.{event}", subject, site=case["site"], before=before, after=detail)


async def open_task(  # noqa: PLR0917
    transaction: Transaction,
    case: Mapping[str, Any],
    kind: Task,
    why: str,
    epc: str | None,
    opened_by: UUID | None = None,
) -> None:
    """Open a task for a case. `opened_by`: the last step of the item's life, with the next one of which it ends."""
    values = {"site": case["site"], "kind": kind, "role": ROLES[kind], "epc": epc, "case_ref": case["case_ref"]}
    told = {"why": why[:1000], "due_at": case["now"] + DUE[kind], "opened_by": opened_by}
    await transaction.run(_SQL["open_task"], {**values, **told})


async def set_state(
    transaction: Transaction,
    case: Mapping[str, Any],
    state: str,
    findings: Sequence[Finding] | None = None,
    overruled: list[str] | None = None,
) -> None:
    """Let a case go on."""
    told = None if findings is None else found(findings)
    values = {"case_ref": case["case_ref"], "state": state, "findings": told, "overruled": overruled}
    await transaction.run(_SQL["set_state"], values)


async def apply(transaction: Transaction, caller: Caller, body: ReturnBody) -> str:
    """Enter an application and return its reference. What the terms refuse is kept as declined, with what stands
    against it.

    Raises Problem: 403 for another site, 404 without the site, 409 for a reference or items that a case has, 422 for a
    reason that the terms don't know.
    """
    caller.check(body.site)
    there = await transaction.one(_SQL["is_site"], {"site": body.site})
    if there is None:
        raise not_found("site", body.site)
    now: datetime = there["now"]
    terms = terms_of(await transaction.one(_SQL["terms"], {"site": body.site}) or {})
    if body.reason not in terms.reasons:
        raise refused("reason", f"is none of the terms' at {body.site}: {', '.join(sorted(terms.reasons))}")
    liability = body.liability or terms.reasons[body.reason]["liability"]
    case = {
        **body.model_dump(exclude={"case", "items", "order"}), "case_ref": body.case or new_ref(now),
        "order_id": body.order,
        "liability": liability, "freight_payer": body.freight_payer or freight_payer(liability), "applied_at": now,
        "by": caller.id, "now": now,
    }  # fmt: skip
    findings = against_application(terms, case, now)
    case |= {"state": "declined" if findings else "announced", "findings": found(findings)}
    lines = await _lines(transaction, body.items)
    early = await _early(transaction, [line["epc"] for line in lines if line["epc"]])
    if await transaction.one(_SQL["add"], case) is None:
        raise Problem(409, f"there is a case {case['case_ref']}")
    await transaction.run(_SQL["add_lines"], {"case_ref": case["case_ref"], "lines": text_of(lines)})
    await tell(
        transaction, caller, case, "applied", {"state": case["state"], "items": lines, "findings": _texts(findings)}
    )
    await _take_over(transaction, caller, case, early, findings)
    return str(case["case_ref"])


async def _lines(transaction: Transaction, items: Sequence[LineBody]) -> list[dict[str, Any]]:
    asked = [line.epc for line in items if line.epc is not None]
    forms = await all_recorded_forms(transaction, [candidates(epc) for epc in asked])
    every = [form for one in forms for form in one]
    known = {row["epc"] for row in await transaction.all(_SQL["known"], {"epcs": every})}
    named = {epc: next((form for form in one if form in known), one[0]) for epc, one in zip(asked, forms, strict=True)}
    return [
        {"line": number, "epc": named[line.epc] if line.epc else None, "sku": line.sku, "quantity": line.quantity}
        for number, line in enumerate(items, 1)
    ]


async def _early(transaction: Transaction, epcs: list[str]) -> list[Case]:
    """Return the cases that doors opened for these items. Raises Problem (409) where somebody applied already."""
    taken = await transaction.all(_SQL["open_lines_of"], {"epcs": epcs}) if epcs else []
    for line in taken:
        if line["reason"] != UNANNOUNCED:
            raise Problem(409, f"items: {line['epc']} is in the case {line['case_ref']}")
    return taken


async def _take_over(
    transaction: Transaction, caller: Caller, case: Case, early: Sequence[Case], findings: Sequence[Finding]
) -> None:
    """Give an application what came before it; where nothing stands against it, it is received."""
    for line in early:
        values = {"case_ref": case["case_ref"], "epc": line["epc"], "received_at": line["received_at"]}
        await transaction.run(_SQL["take_over"], values)
        await transaction.run(_SQL["call_off"], line)
        await transaction.run(_SQL["end_tasks"], {**line, "by": caller.id, "epc": None, "kinds": None})
        detail = {"case_ref": line["case_ref"], "site": line["site"], "event": "taken_over", "by": caller.id}
        await transaction.run(_SQL["tell"], {**detail, "detail": text_of({"by_case": case["case_ref"]})})
    if early:
        await set_state(transaction, case, "on_hold" if findings else "received", findings)
        if findings:
            await open_task(transaction, case, "exception", "; ".join(_texts(findings)), early[0]["epc"])


async def accept(transaction: Transaction, caller: Caller, case: Case, reason: str) -> None:
    """Set aside what stands against a case."""
    rules = sorted({*case["overruled"], *(finding["rule"] for finding in case["findings"])})
    state = "received" if case["received_at"] is not None else "announced"
    await set_state(transaction, case, state, [], rules)
    await transaction.run(_SQL["end_tasks"], {**case, "by": caller.id, "epc": None, "kinds": ["exception"]})
    await tell(transaction, caller, case, "accepted", {"state": state, "reason": reason, "set_aside": rules})


async def end(transaction: Transaction, caller: Caller, case: Case, state: str, note: str) -> None:
    """Close, cancel or decline a case."""
    await set_state(transaction, case, state)
    if state in _ENDED:  # goods that are still on their way go on
        kinds = ["follow_up", "exception"]
        await transaction.run(_SQL["end_tasks"], {**case, "by": caller.id, "epc": None, "kinds": kinds})
    await tell(transaction, caller, case, state, {"state": state, "note": note})


async def set_facts(transaction: Transaction, caller: Caller, case: Case, body: FactsBody) -> None:
    """Note who is liable, who pays, how a claim stands. Raises Problem (409): a claim is on a liable carrier."""
    told = body.model_dump(exclude_none=True)
    if (body.claim_state or body.claim_ref) and (body.liability or case["liability"]) != "carrier":
        raise Problem(409, "a claim is made on a carrier: set liability to carrier first")
    if body.liability is not None and body.freight_payer is None:
        told["freight_payer"] = freight_payer(body.liability)
    await transaction.run(_SQL["set_facts"], {**body.model_dump(), **told, "case_ref": case["case_ref"]})
    await tell(transaction, caller, case, "facts", told)


def _texts(findings: Sequence[Finding]) -> list[str]:
    return [finding.text for finding in findings]
