"""Who sites, doors and bins are: GLNs and addresses of their own, given over /api/v1."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from tagdock_cloud.epcis.links import canonical
from tagdock_cloud.epcis.naming import Naming
from tagdock_cloud.epcis.records import (
    PlaceIdentity,
    PlaceIdentityPage,
    PlaceIdentityRecord,
    SiteIdentity,
    SiteIdentityRecord,
)
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.names import Place, Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import Problem, not_found
from tagdock_cloud.web.tags import IfMatch, check_unchanged, tagged

_SQL = load_queries("tagdock_cloud.epcis")


def _place_path(kind: Literal["door", "bin"], name: Place) -> str:
    """Return a place as the log names it."""
    return f"{kind}/{name}"


PlacePath = Annotated[str, Depends(_place_path)]
_UNKNOWN = dict.fromkeys(SiteIdentity.model_fields)
router = APIRouter(prefix="/api/v1/sites/{site}/epcis", tags=["epcis"])


@router.get("", response_model=SiteIdentityRecord)
async def get_site_identity(request: Request, db: Db, caller: Viewer, site: Site) -> Response:
    """Say who a site is in EPCIS events."""
    caller.check(site)
    async with db.transaction() as transaction:
        return tagged(request, await _site(transaction, site))


@router.put("", response_model=SiteIdentityRecord)
async def put_site_identity(
    *, request: Request, db: Db, caller: Integrator, site: Site, body: SiteIdentity, if_match: IfMatch = None
) -> Response:
    """Give a site its GLN, a prefix for the addresses of its places, and the GLN of the company that runs it."""
    caller.check(site)
    async with db.transaction() as transaction:
        before = await _site(transaction, site)
        check_unchanged(f"the identity of site {site}", before, if_match)
        values = {"site": site, **body.model_dump()}
        await transaction.run(_SQL["put_site_named"], values)
        after = await _site(transaction, site)
        if body.gln is not None:
            await _keep_name(transaction, after["uri"], site, "")
        if body.uri_prefix is not None:
            await _keep_prefix(transaction, body.uri_prefix, site)
        if after != before:
            await audit(transaction, caller, "epcis.site.put", f"site/{site}", site=site, before=before, after=after)
    return tagged(request, after)


@router.get("/places", response_model=PlaceIdentityPage)
async def list_place_identities(
    *, request: Request, db: Db, caller: Viewer, site: Site, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """List the doors and bins of a site that have a GLN."""
    caller.check(site)
    (after,) = read_cursor(cursor, str)
    rows = await db.all(_SQL["places_of_site"], {"site": site, "after": after, "rows": limit + 1})
    return page(request, [_shown(row) for row in rows], limit, "place")


@router.get("/places/{kind}/{name:path}", response_model=PlaceIdentityRecord)
async def get_place_identity(request: Request, db: Db, caller: Viewer, site: Site, place: PlacePath) -> Response:
    """Say who a door or bin is in EPCIS events."""
    caller.check(site)
    if (row := await _place(db, site, place)) is None:
        raise not_found("GLN of place", place)
    return tagged(request, row)


@router.put(
    "/places/{kind}/{name:path}", response_model=PlaceIdentityRecord, responses={201: {"model": PlaceIdentityRecord}}
)
async def put_place_identity(
    *,
    request: Request,
    db: Db,
    caller: Integrator,
    site: Site,
    place: PlacePath,
    body: PlaceIdentity,
    if_match: IfMatch = None,
) -> Response:
    """Give a door or bin its GLN (201), or another one."""
    caller.check(site)
    async with db.transaction() as transaction:
        await _hold(transaction, site)
        before = await _place(transaction, site, place)
        check_unchanged(f"GLN of {place}", before, if_match)
        await transaction.run(_SQL["put_place_named"], {"site": site, "place": place, **body.model_dump()})
        after = await _place(transaction, site, place)
        await _keep_name(transaction, (after or {})["uri"], site, place)
        if after != before:
            subject = f"place/{site}/{place}"
            await audit(transaction, caller, "epcis.place.put", subject, site=site, before=before, after=after)
    return tagged(request, after, 200 if before else 201)


@router.delete("/places/{kind}/{name:path}", status_code=204)
async def delete_place_identity(
    db: Db, caller: Integrator, site: Site, place: PlacePath, if_match: IfMatch = None
) -> Response:
    """Take a GLN away: the place is told as its site says again, and goes on answering to the GLN."""
    caller.check(site)
    async with db.transaction() as transaction:
        before = await _place(transaction, site, place)
        if before is None:
            raise not_found("GLN of place", place)
        check_unchanged(f"GLN of {place}", before, if_match)
        await transaction.run(_SQL["forget_place_named"], {"site": site, "place": place})
        subject = f"place/{site}/{place}"
        await audit(transaction, caller, "epcis.place.delete", subject, site=site, before=before)
    return Response(status_code=204)


async def _hold(transaction: Transaction, site: str) -> None:
    if await transaction.one(_SQL["is_site"], {"site": site}) is None:
        raise not_found("site", site)


async def _site(transaction: Transaction, site: str) -> dict[str, Any]:
    await _hold(transaction, site)
    row = await transaction.one(_SQL["site_named"], {"site": site}) or {"site": site, **_UNKNOWN}
    return {**row, "uri": Naming(site, row).uri(None)}


async def _place(db: Database | Transaction, site: str, place: str) -> dict[str, Any] | None:
    row = await db.one(_SQL["places_named"], {"site": site, "places": [place]})
    return None if row is None else _shown(row)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "uri": Naming(row["site"], places={row["place"]: row}).uri(row["place"])}


async def _keep_name(transaction: Transaction, uri: str, site: str, place: str) -> None:
    values = {"uri": canonical(uri), "site": site, "place": place}
    if await transaction.one(_SQL["keep_name"], values) is None:
        raise Problem(409, "gln: is or was another place's; a GLN is never given to a second place")


async def _keep_prefix(transaction: Transaction, prefix: str, site: str) -> None:
    await transaction.run(_SQL["lock_prefixes"])
    if await transaction.one(_SQL["keep_prefix"], {"prefix": prefix, "site": site}) is None:
        raise Problem(409, "uri_prefix: begins as another site's, or another site's begins so")
