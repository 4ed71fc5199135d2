"""What the page Returns sends: steps of items, outcomes, and what managers decide of a case."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path
from starlette.responses import Response

from tagdock_cloud.console.frame import Frame, Framed
from tagdock_cloud.console.returns_page import case_page
from tagdock_cloud.console.trying import Work, read_form, try_work
from tagdock_cloud.console.ways import step_body
from tagdock_cloud.life.records import Grade
from tagdock_cloud.life.shapes import Case as CaseRef
from tagdock_cloud.life.shapes import Code, Word
from tagdock_cloud.life.working import take_step
from tagdock_cloud.returns import cases, deciding
from tagdock_cloud.returns.cases import hold_case, whole_case
from tagdock_cloud.returns.records import ClaimState, FactsBody, OrderBody, OutcomeBody, ReasonBody
from tagdock_cloud.returns.rules import CHANGED_IN, Liable, Outcome, Payer
from tagdock_cloud.web.access import Handler, Integrator, Manager
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.names import Label, Text
from tagdock_cloud.web.problems import not_found

_Line = Annotated[int, Path(ge=1, le=1_000_000)]
_Reason = Annotated[Text, Form()]
router = APIRouter()


@router.post("/returns/cases/{case_ref}/lines/{line}/step")
async def step_line(
    *,
    frame: Framed,
    caller: Handler,
    case_ref: CaseRef,
    line: _Line,
    transition: Annotated[Word, Form()],
    grade: Annotated[Grade | None, Form()] = None,
    defect: Annotated[Code | None, Form()] = None,
    package: Annotated[Label | None, Form()] = None,
    reason: Annotated[Text | None, Form()] = None,
) -> Response:
    """Take an item of a case through the next step of its life."""

    async def work(transaction: Transaction) -> None:
        case = await whole_case(transaction, caller, case_ref)
        epc = next((row["epc"] for row in case["lines"] if row["line"] == line), None)
        if epc is None:
            raise not_found("item of line", line)
        await take_step(transaction, caller, epc, step_body(transition, grade, defect, reason, package))

    return await _tried(frame, case_ref, line, work)


@router.post("/returns/cases/{case_ref}/lines/{line}/outcome")
async def decide_line(
    *, frame: Framed, caller: Handler, case_ref: CaseRef, line: _Line, outcome: Annotated[Outcome, Form()],
    reason: _Reason = "",
) -> Response:  # fmt: skip
    """Decide what becomes of an item."""

    async def work(transaction: Transaction) -> None:
        body = read_form(OutcomeBody, outcome=outcome, reason=reason)
        await deciding.decide(transaction, caller, await hold_case(transaction, caller, case_ref), line, body)

    return await _tried(frame, case_ref, line, work)


@router.post("/returns/cases/{case_ref}/cancel")
async def cancel_case(frame: Framed, caller: Integrator, case_ref: CaseRef, reason: _Reason = "") -> Response:
    """Call a case off: nothing comes."""

    async def work(transaction: Transaction) -> None:
        body = read_form(ReasonBody, reason=reason)
        case = await hold_case(transaction, caller, case_ref, *CHANGED_IN["cancel"])
        await cases.end(transaction, caller, case, "cancelled", body.reason)

    return await _tried(frame, case_ref, None, work)


@router.post("/returns/cases/{case_ref}/facts")
async def note_facts(
    *,
    frame: Framed,
    caller: Manager,
    case_ref: CaseRef,
    liability: Annotated[Liable | None, Form()] = None,
    freight_payer: Annotated[Payer | None, Form()] = None,
    claim_state: Annotated[ClaimState | None, Form()] = None,
    claim_ref: Annotated[Label | None, Form()] = None,
) -> Response:
    """Note who is liable, who pays the freight, and how a claim stands; what is left as it is stays."""

    async def work(transaction: Transaction) -> None:
        told = FactsBody(liability=liability, freight_payer=freight_payer, claim_state=claim_state, claim_ref=claim_ref)
        await cases.set_facts(transaction, caller, await hold_case(transaction, caller, case_ref), told)

    return await _tried(frame, case_ref, None, work)


@router.post("/returns/cases/{case_ref}/{change}")
async def change_case(
    *,
    frame: Framed,
    caller: Manager,
    case_ref: CaseRef,
    change: Literal["accept", "decline", "close", "refund", "exchange", "reship"],
    reason: _Reason = "",
    order: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Change a case as a manager does."""

    async def work(transaction: Transaction) -> None:
        case = await hold_case(transaction, caller, case_ref, *CHANGED_IN.get(change, ()))
        match change:
            case "accept":
                await cases.accept(transaction, caller, case, read_form(ReasonBody, reason=reason).reason)
            case "decline":
                await cases.end(transaction, caller, case, "declined", read_form(ReasonBody, reason=reason).reason)
            case "close":
                await cases.end(transaction, caller, case, "closed", reason)
            case "refund":
                await deciding.remedy(transaction, caller, case, "refund", None)
            case "exchange":
                await deciding.remedy(transaction, caller, case, "exchange", read_form(OrderBody, order=order).order)
            case _:
                await deciding.reship(transaction, caller, case, read_form(OrderBody, order=order).order)

    return await _tried(frame, case_ref, None, work)


async def _tried(frame: Frame, case_ref: str, line: int | None, work: Work) -> Response:
    """Do it and show the case; what stands against it is told there."""
    shown = {"site": frame.site, "done": "true", **({"line": line} if line else {})}
    then = f"/returns/cases/{case_ref}?{urlencode(shown)}"
    return await try_work(frame, work, then, lambda problem: case_page(frame, case_ref, line, problem=problem))
