"""Terms of returns over HTTP: the house's, and those of sites."""

from fastapi import APIRouter
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.returns.records import TermsBody, TermsPage, TermsRecord
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Manager, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db
from tagdock_cloud.web.problems import not_found
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.returns")
router = APIRouter(prefix="/api/v1", tags=["returns"])


@router.get("/return-terms", response_model=TermsPage)
async def list_terms(db: Db, caller: Viewer) -> Response:
    """List the terms under which goods are taken back: the house's, and those of the caller's sites."""
    house, *sites = await db.all(_SQL["all_terms"], {"sites": caller.listed})
    return reply({"house": house, "sites": sites})


@router.put("/return-terms", response_model=TermsRecord)
async def put_terms(db: Db, caller: Manager, body: TermsBody) -> Response:
    """Set terms, whole; cases that were applied for keep what was found then, and are asked anew at the door."""
    caller.check_everywhere() if body.site is None else caller.check(body.site)
    values = {**body.model_dump(), "reasons": to_json(body.reasons).decode(), "by": caller.id}
    async with db.transaction() as transaction:
        if body.site is not None and await transaction.one(_SQL["is_site"], {"site": body.site}) is None:
            raise not_found("site", body.site)
        before = await transaction.one(_SQL["exact_terms"], values)
        await transaction.run(_SQL["put_terms"], values)
        after = await transaction.one(_SQL["exact_terms"], values)
        subject = f"return-terms/{body.site or ''}"
        await audit(transaction, caller, "returns.terms", subject, site=body.site, before=before, after=after)
    return reply(after)
