"""Sites, zones and bins over HTTP, one by one."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.layout.records import (
    BinChange,
    BinPage,
    BinRecord,
    SiteBody,
    SiteRecord,
    ZoneBody,
    ZonePage,
    ZoneRecord,
)
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator, Manager, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.names import Label, Place, Site, Sku
from tagdock_cloud.web.paging import CursorText, FewLimit, Limit, page, page_of_few, read_cursor
from tagdock_cloud.web.problems import Problem, not_found
from tagdock_cloud.web.tags import IfMatch, check_unchanged, tagged

_SQL = load_queries("tagdock_cloud.layout")
router = APIRouter(prefix="/api/v1", tags=["layout"])


@router.get("/sites/{site}", response_model=SiteRecord)
async def get_site(request: Request, db: Db, caller: Viewer, site: Site) -> Response:
    """Return one site."""
    caller.check(site)
    return tagged(request, await _find(db, "site", {"site": site}))


@router.put("/sites/{site}", response_model=SiteRecord, responses={201: {"model": SiteRecord}})
async def put_site(
    *, request: Request, db: Db, caller: Integrator, site: Site, body: SiteBody, if_match: IfMatch = None
) -> Response:
    """Lay a site down (201), or call it by another name."""
    caller.check(site)
    values = {"site": site, "name": body.name}
    async with db.transaction() as transaction:
        before, after = await _put(transaction, caller, "site", values, if_match)
    return tagged(request, after, 200 if before else 201)


async def lay_down_site(db: Database, caller: Caller, site: str) -> None:
    """Lay a site down that is not there yet; one that is stays as it is."""
    caller.check(site)
    async with db.transaction() as transaction:
        if await transaction.one(_SQL["site"], {"site": site}) is None:
            await _put(transaction, caller, "site", {"site": site, "name": ""}, None)


@router.get("/sites/{site}/zones", response_model=ZonePage)
async def list_zones(
    *, request: Request, db: Db, caller: Viewer, site: Site, limit: FewLimit = 1000, cursor: CursorText = None
) -> Response:
    """List a site's zones."""
    caller.check(site)
    await _find(db, "site", {"site": site})
    return page_of_few(request, await db.all(_SQL["zones"], {"site": site}), limit, cursor, "zone")


@router.get("/sites/{site}/zones/{zone:path}", response_model=ZoneRecord)
async def get_zone(request: Request, db: Db, caller: Viewer, site: Site, zone: Label) -> Response:
    """Return one zone."""
    caller.check(site)
    return tagged(request, await _find(db, "zone", {"site": site, "zone": zone}))


@router.put("/sites/{site}/zones/{zone:path}", response_model=ZoneRecord, responses={201: {"model": ZoneRecord}})
async def put_zone(
    *, request: Request, db: Db, caller: Manager, site: Site, zone: Label, body: ZoneBody, if_match: IfMatch = None
) -> Response:
    """Add a zone (201), or overwrite it whole."""
    caller.check(site)
    values = {"site": site, "zone": zone, **body.model_dump()}
    async with db.transaction() as transaction:
        await _lock(transaction, site)
        before, after = await _put(transaction, caller, "zone", values, if_match)
    return tagged(request, after, 200 if before else 201)


@router.delete("/sites/{site}/zones/{zone:path}", status_code=204)
async def delete_zone(db: Db, caller: Manager, site: Site, zone: Label, if_match: IfMatch = None) -> Response:
    """Take a zone out; 409 while bins lie in it."""
    caller.check(site)
    values = {"site": site, "zone": zone}
    async with db.transaction() as transaction:
        await _lock(transaction, site)
        before = await _find(transaction, "zone", values)
        check_unchanged(f"zone {zone}", before, if_match)
        if before["bins"]:
            raise Problem(409, f"{before['bins']} bins lie in zone {zone}; move them to another zone first")
        await transaction.run(_SQL["delete_zone"], values)
        await audit(transaction, caller, "zone.delete", f"zone/{site}/{zone}", site=site, before=before)
    return Response(status_code=204)


@router.get("/sites/{site}/bins", response_model=BinPage)
async def list_bins(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site,
    zone: Label | None = None,
    sku: Sku | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List a site's bins by name."""
    caller.check(site)
    (after,) = read_cursor(cursor, str)
    await _find(db, "site", {"site": site})
    values = {"site": site, "zone": zone, "sku": sku, "after": after, "rows": limit + 1}
    return page(request, await db.all(_SQL["bins"], values), limit, "bin")


@router.get("/sites/{site}/bins/{bin:path}", response_model=BinRecord)
async def get_bin(request: Request, db: Db, caller: Viewer, site: Site, bin: Place) -> Response:  # noqa: A002
    """Return one bin."""
    caller.check(site)
    return tagged(request, await _find(db, "bin", {"site": site, "bin": bin}))


@router.patch("/sites/{site}/bins/{bin:path}", response_model=BinRecord)
async def change_bin(
    *,
    request: Request,
    db: Db,
    caller: Integrator,
    site: Site,
    bin: Place,  # noqa: A002
    body: BinChange,
    if_match: IfMatch = None,
) -> Response:
    """Change a bin's zone, what it takes, and which SKUs are kept in it. Where it lies is the layout's to say."""
    caller.check(site)
    values = {"site": site, "bin": bin}
    async with db.transaction() as transaction:
        await _lock(transaction, site)
        before = await _find(transaction, "bin", values)
        check_unchanged(f"bin {bin}", before, if_match)
        changed = {**before, **body.model_dump(exclude_unset=True)}
        if changed == before:
            return tagged(request, before)
        for step in ("change_bin", "clear_bin_skus", "put_bin_skus", "touch"):
            await transaction.run(_SQL[step], changed)
        after = await _find(transaction, "bin", values)
        await audit(transaction, caller, "bin.change", f"bin/{site}/{bin}", site=site, before=before, after=after)
    return tagged(request, after)


async def _put(
    transaction: Transaction, caller: Caller, kind: str, values: dict[str, Any], if_match: str | None
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Write a site or a zone where the caller saw what is there; return what was there and what is there now."""
    before = await transaction.one(_SQL[kind], values)
    check_unchanged(f"{kind} {values[kind]}", before, if_match)
    await transaction.run(_SQL[f"put_{kind}"], values)
    after = await _find(transaction, kind, values)
    if after != before:
        subject = f"{kind}/{values[kind]}" if kind == "site" else f"{kind}/{values['site']}/{values[kind]}"
        await audit(transaction, caller, f"{kind}.put", subject, site=values["site"], before=before, after=after)
    return before, after


async def _lock(transaction: Transaction, site: str) -> None:
    """Hold a site that is there: one change of its floor at a time. Raises Problem (404)."""
    await _find(transaction, "site", {"site": site})
    await transaction.run(_SQL["lock"], {"site": site})


async def _find(db: Database | Transaction, kind: str, values: dict[str, Any]) -> dict[str, Any]:
    row = await db.one(_SQL[kind], values)
    if row is None:
        raise not_found(kind, values[kind])
    return row
