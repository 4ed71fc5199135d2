"""The page Returns: which cases there are, and one of them: what came, where it stands, what is next and by whom."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import RedirectResponse, Response

from tagdock_cloud.console.frame import Frame, Framed, Typed
from tagdock_cloud.console.paging import Cursor, cut
from tagdock_cloud.console.return_words import STATES, history
from tagdock_cloud.console.ways import open_ways
from tagdock_cloud.inventory.epc import epc_candidates
from tagdock_cloud.inventory.record import recorded_forms
from tagdock_cloud.inventory.scans import read_scan
from tagdock_cloud.life.shapes import Case as CaseRef
from tagdock_cloud.life.taking import look_at
from tagdock_cloud.returns.cases import whole_case
from tagdock_cloud.returns.deciding import DECIDERS, seen_of
from tagdock_cloud.returns.rules import (
    CHANGED_IN,
    Outcome,
    ReturnState,
    Seen,
    against_outcome,
    against_remedy,
    against_reship,
)
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.paging import read_cursor
from tagdock_cloud.web.problems import Problem

MOST_SHOWN = 100
_SQL = load_queries("tagdock_cloud.console", "returns.sql")
_RETURNS = load_queries("tagdock_cloud.returns")
Row = dict[str, Any]
LineNumber = Annotated[int | None, Query(ge=1, le=1_000_000)]
_NOTHING: Row = {"ways": [], "outcomes": [], "is_inspected": False}
router = APIRouter()


@router.get("/returns")
async def returns(frame: Framed, scan: Typed = "", state: ReturnState | None = None, cursor: Cursor = None) -> Response:
    """List a site's cases, those that are not over where no state is named. What was scanned leads to its case."""
    text = scan.strip()
    cases = await _scanned(frame, text) if text else await _cases(frame, state, cursor)
    if text and len(cases) == 1:
        return RedirectResponse(_address(cases[0], text), 303)
    shown, more = cut(frame.request, cases, MOST_SHOWN, "applied_at", "case_ref")
    refs = [case["case_ref"] for case in shown]
    contents = {row["case_ref"]: row for row in await frame.db.all(_SQL["contents"], {"refs": refs})}
    counted = {row["state"]: row["cases"] for row in await frame.db.all(_SQL["tallies"], {"site": frame.site})}
    return frame.show(
        "returns.html",
        404 if text and not cases else 200,
        cases=[{**case, **contents.get(case["case_ref"], {})} for case in shown],
        more=more,
        states=[(name, counted.get(name, 0)) for name in STATES],
        chosen=state,
        typed=text,
        may_apply=frame.caller.may("supply"),
    )


@router.get("/returns/cases/{case_ref}")
async def one_return(
    frame: Framed, case_ref: CaseRef, line: LineNumber = None, scanned: Typed = "", done: bool = False
) -> Response:
    """Show one case. `line`: what of it is looked at; `scanned`: what led here; `done`: something was just changed."""
    return await case_page(frame, case_ref, line, scanned.strip(), is_done=done)


async def case_page(
    frame: Frame, case_ref: str, line: int | None, scanned: str = "", *, is_done: bool = False,
    problem: Problem | None = None,
) -> Response:  # fmt: skip
    """Show one case, with what stood against a change where there was one."""
    async with frame.db.transaction() as transaction:
        case = await whole_case(transaction, frame.caller, case_ref)
        places = {row["line"]: row for row in await transaction.all(_SQL["places"], case)}
        case["lines"] = [{**places[row["line"]], **row} for row in case["lines"]]
        epcs = [row["epc"] for row in case["lines"] if row["epc"]]
        tasks = await transaction.all(_SQL["tasks"], {"case_ref": case_ref, "epcs": epcs})
        forms = await recorded_forms(transaction, epc_candidates(read_scan(scanned).link or scanned))
        looked_at = _looked_at(case["lines"], line, forms)
        offered = await _offered(transaction, frame, case, looked_at) if looked_at else _NOTHING
    return frame.show(
        "return.html",
        problem.status if problem else 200,
        case=case,
        looked_at=looked_at["line"] if looked_at else None,
        **offered,
        tasks=tasks,
        manages=frame.caller.may("manage"),
        history=history(case),
        may=_may(frame, case),
        mistake=problem.detail if problem else "",
        is_done=is_done,
    )


async def _cases(frame: Frame, state: str | None, cursor: str | None) -> list[Row]:
    before_at, before_ref = read_cursor(cursor, datetime, str)
    key = {"before_at": before_at, "before_ref": before_ref}
    asked = _asked(frame, site=frame.site, state=state, is_open=state is None, **key)
    return await frame.db.all(_RETURNS["page"], asked)


async def _scanned(frame: Frame, text: str) -> list[Row]:
    """Return the cases that a scan means: by reference, by an item of theirs (open ones first), by order."""
    case = await frame.db.one(_RETURNS["one"], {"case_ref": text})
    if case is not None and (frame.caller.sites is None or case["site"] in frame.caller.sites):
        return [case]
    scan = read_scan(text)
    epcs = await recorded_forms(frame.db, epc_candidates(scan.link or text))
    if not epcs:
        return await frame.db.all(_RETURNS["page"], _asked(frame, order=scan.order or text))
    found = await frame.db.all(_RETURNS["page"], _asked(frame, epcs=epcs))
    return [case for case in found if case["closed_at"] is None][:1] or found


def _asked(frame: Frame, *, is_open: bool = False, **asked: Any) -> Row:
    names = ("site", "state", "kind", "reason", "order", "epcs", "before_at", "before_ref")
    sites = {"sites": frame.caller.listed, "archived": False if is_open else None, "rows": MOST_SHOWN + 1}
    return {**dict.fromkeys(names), **sites, **asked}


def _looked_at(lines: list[Row], number: int | None, forms: list[str]) -> Row | None:
    """Return the line that was asked for or scanned; where there is but one, that one."""
    wanted = [row for row in lines if row["line"] == number] or [row for row in lines if row["epc"] in forms]
    return next(iter(wanted or (lines if len(lines) == 1 else [])), None)


async def _offered(transaction: Transaction, frame: Frame, case: Row, line: Row) -> Row:
    """Return what the caller may do with an item of a case now: steps of its life, or outcomes to choose from."""
    is_theirs = frame.caller.sites is None or line["site"] in frame.caller.sites
    if line["epc"] is None or line["site"] is None or not is_theirs:
        return _NOTHING
    held = await look_at(transaction, {"epc": line["epc"], "site": line["site"], "state": line["tells"]})
    seen = seen_of(held, line) if line["received_at"] is not None else Seen(None, is_cleared=False)
    outcomes = [each for each in get_args(Outcome) if against_outcome(case, line, each, seen) is None]
    decides = frame.caller.may("handle") and frame.caller.role in DECIDERS
    # what is inspected waits for its outcome: a step past that decision is the API's to take, not a thumb's
    waits = bool(outcomes) and seen.is_cleared
    ways = open_ways(held, frame.caller) if frame.caller.may("handle") and not waits else []
    for way in ways:  # what carries a decision out is for hands; what would undo it stands aside
        way["is_aside"] = line["outcome"] is not None and not set(way["by"]) <= {"operator", "technician"}
    return {"ways": ways, "outcomes": outcomes if decides else [], "is_inspected": seen.is_cleared}


def _may(frame: Frame, case: Row) -> dict[str, bool]:
    """Tell which changes of a case are the caller's to make now."""
    manages, state = frame.caller.may("manage"), case["state"]
    held = {**case, "order_id": case["order"]}
    remedy = manages and against_remedy(held, case["lines"]) is None
    return {
        **{name: manages and state in states for name, states in CHANGED_IN.items()},
        "cancel": frame.caller.may("supply") and state in CHANGED_IN["cancel"],
        "refund": remedy,
        "exchange": remedy,
        "reship": manages and against_reship(held) is None,
        "facts": manages and state not in ("closed", "cancelled"),
        "apply": frame.caller.may("supply") and case["reason"] == "unannounced" and state == "on_hold",
    }


def _address(case: Mapping[str, Any], scanned: str) -> str:
    return f"/returns/cases/{case['case_ref']}?{urlencode({'site': case['site'], 'scanned': scanned})}"
