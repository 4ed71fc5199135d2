"""Alert rules over HTTP: data that a manager writes; a worker follows them from its next look on."""

from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.alerts.records import MOST_RULES, RuleBody, RuleKind, RulePage, RuleRecord
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Manager, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import Problem, not_found
from tagdock_cloud.web.reply import reply
from tagdock_cloud.web.tags import IfMatch, check_unchanged, tagged

_SQL = load_queries("tagdock_cloud.alerts")
router = APIRouter(prefix="/api/v1", tags=["alerts"])


@router.get("/alert-rules", response_model=RulePage)
async def list_rules(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    kind: RuleKind | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List rules by name: those of the caller's sites, and those of every site."""
    caller.check(site)
    after_name, after_id = read_cursor(cursor, str, UUID)
    values = {"sites": caller.listed, "site": site, "kind": kind, "after_name": after_name, "after_id": after_id}
    return page(request, await db.all(_SQL["rules"], {**values, "rows": limit + 1}), limit, "name", "rule_id")


@router.post("/alert-rules", response_model=RuleRecord, status_code=201)
async def add_rule(once: Once, caller: Manager, body: RuleBody) -> Response:
    """Add a rule."""
    _check_site(caller, body.site)

    async def work(transaction: Transaction) -> Response:
        count = await transaction.one(_SQL["count_rules"])
        if count is not None and count["rules"] >= MOST_RULES:
            raise Problem(409, f"there are {MOST_RULES} rules already; remove one, or let one speak of every SKU")
        rule_id = uuid4()
        await transaction.run(_SQL["insert_rule"], {**body.columns(), "rule_id": rule_id, "created_by": caller.name})
        rule = await _find(transaction, caller, rule_id)
        await audit(transaction, caller, "alert_rule.add", f"alert-rule/{rule_id}", site=body.site, after=rule)
        return reply(rule, 201, {"Location": f"/api/v1/alert-rules/{rule_id}"})

    return await once(caller, work)


@router.get("/alert-rules/{rule_id}", response_model=RuleRecord)
async def get_rule(request: Request, db: Db, caller: Viewer, rule_id: UUID) -> Response:
    """Return one rule."""
    return tagged(request, await _find(db, caller, rule_id))


@router.put("/alert-rules/{rule_id}", response_model=RuleRecord)
async def replace_rule(
    *, request: Request, db: Db, caller: Manager, rule_id: UUID, body: RuleBody, if_match: IfMatch = None
) -> Response:
    """Replace a rule whole; what it raised stays open while the new words find it."""
    _check_site(caller, body.site)
    async with db.transaction() as transaction:
        before = await _find(transaction, caller, rule_id)
        _check_site(caller, before["site"])
        check_unchanged("the rule", before, if_match)
        await transaction.run(_SQL["replace_rule"], {**body.columns(), "rule_id": rule_id})
        after = await _find(transaction, caller, rule_id)
        change = {"before": before, "after": after}
        await audit(transaction, caller, "alert_rule.change", f"alert-rule/{rule_id}", site=body.site, **change)
    return tagged(request, after)


@router.delete("/alert-rules/{rule_id}", status_code=204)
async def delete_rule(db: Db, caller: Manager, rule_id: UUID, if_match: IfMatch = None) -> Response:
    """Delete a rule; what it raised is cleared, as nothing finds it any more."""
    async with db.transaction() as transaction:
        before = await _find(transaction, caller, rule_id)
        _check_site(caller, before["site"])
        check_unchanged("the rule", before, if_match)
        await transaction.run(_SQL["delete_rule"], {"rule_id": rule_id})
        subject = f"alert-rule/{rule_id}"
        await audit(transaction, caller, "alert_rule.delete", subject, site=before["site"], before=before)
    return Response(status_code=204)


def _check_site(caller: Caller, site: str | None) -> None:
    """A rule of every site is written by those who have every site."""
    if site is None:
        caller.check_everywhere()
    caller.check(site)


async def _find(db: Database | Transaction, caller: Caller, rule_id: UUID) -> dict[str, Any]:
    """Return a rule. Raises Problem: 404, or 403 where it is of another site."""
    row = await db.one(_SQL["rule"], {"rule_id": rule_id})
    if row is None:
        raise not_found("alert rule", rule_id)
    caller.check(row["site"])
    return row
