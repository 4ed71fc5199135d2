"""The form that applies for a return: what comes, why, and what the terms of the site ask for."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Annotated, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from pydantic import ValidationError
from starlette.responses import Response

from tagdock_cloud.console.frame import Frame, Framed, Typed
from tagdock_cloud.console.goods_typed import MOST_CHARACTERS, sku_of, tag_of, tallied
from tagdock_cloud.console.trying import first_mistake, try_work
from tagdock_cloud.returns import cases
from tagdock_cloud.returns.records import LineBody, ReturnBody
from tagdock_cloud.returns.rules import ReturnKind, new_ref
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem, refused

DETAILS = ("order", "customer", "bought_at", "carrier", "tracking", "photo", "note")
_RETURNS = load_queries("tagdock_cloud.returns")
_Field = Annotated[str, Form(max_length=1000)]
router = APIRouter()


@router.get("/returns/new")
async def new_return(frame: Framed, caller: Integrator, scan: Typed = "") -> Response:
    """Show the form. `scan`: an item that is here already, and that nobody applied for."""
    return await _form(frame, {"items": scan.strip()})


@router.post("/returns/new")
async def apply_here(
    *,
    frame: Framed,
    caller: Integrator,
    case: _Field = "",
    kind: _Field = "",
    reason: _Field = "",
    items: Annotated[str, Form(max_length=MOST_CHARACTERS)] = "",
    order: _Field = "",
    customer: _Field = "",
    bought_at: _Field = "",
    carrier: _Field = "",
    tracking: _Field = "",
    photo: _Field = "",
    note: _Field = "",
) -> Response:
    """Enter the application, and show its case; what does not fit is told with all that was typed."""
    details = dict(zip(DETAILS, (order, customer, bought_at, carrier, tracking, photo, note), strict=True))
    case_ref = case.strip() or new_ref(datetime.now(UTC))
    told = {"case": case_ref, "kind": kind, "reason": reason, "items": items, **details}

    async def work(transaction: Transaction) -> None:
        await cases.apply(transaction, caller, await _body(transaction, frame, told))

    then = f"/returns/cases/{case_ref}?{urlencode({'site': frame.site, 'done': 'true'})}"
    return await try_work(frame, work, then, lambda problem: _form(frame, told, problem))


async def _form(frame: Frame, typed: Mapping[str, str], problem: Problem | None = None) -> Response:
    terms = await frame.db.one(_RETURNS["terms"], {"site": frame.site}) or {"reasons": {}, "needs": []}
    return frame.show(
        "return_new.html",
        problem.status if problem else 200,
        typed={**dict.fromkeys(("case", "kind", "reason", "items", *DETAILS), ""), "case": new_ref(datetime.now(UTC)),
               **typed},
        kinds=get_args(ReturnKind),
        reasons=list(terms["reasons"]),
        needs=terms["needs"],
        mistake=problem.detail if problem else "",
    )  # fmt: skip


async def _body(transaction: Transaction, frame: Frame, told: Mapping[str, str]) -> ReturnBody:
    """Read what the form says. Raises Problem (422)."""
    try:
        lines = [await _line(transaction, text, units) for text, units in tallied(told["items"])]
        given = {name: told[name].strip() or None for name in ("case", *DETAILS) if name not in ("note", "bought_at")}
        return ReturnBody.model_validate(
            {"site": frame.site, "kind": told["kind"], "reason": told["reason"], "items": lines, **given,
             "note": told["note"], "bought_at": _bought(told["bought_at"])}
        )  # fmt: skip
    except ValidationError as error:
        raise first_mistake(error) from None


async def _line(transaction: Transaction, text: str, units: int) -> LineBody:
    """Read one line: a tag, or goods by name or barcode. Raises Problem (422)."""
    epc = tag_of(text)
    return LineBody(sku=await sku_of(transaction, text), quantity=units) if epc is None else LineBody(epc=epc)


def _bought(text: str) -> datetime | None:
    """Read the day on which it was bought, as its midnight (UTC). Raises Problem (422)."""
    try:
        return datetime.combine(datetime.fromisoformat(text).date(), time(), UTC) if text.strip() else None
    except ValueError:
        raise refused("bought_at", "write the day as 2026-01-31") from None
