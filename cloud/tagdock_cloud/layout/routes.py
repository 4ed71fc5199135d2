"""Layouts over HTTP: import and export, whole."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.layout.records import Layout
from tagdock_cloud.layout.rules import canonical, check_layout
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.problems import Problem, not_found

_SQL = load_queries("tagdock_cloud.layout")
_Tags = Annotated[str | None, Header(max_length=1000)]
router = APIRouter(prefix="/api/v1", tags=["layout"])


@router.get("/sites/{site}/layout", response_model=Layout)
async def get_layout(db: Db, caller: Viewer, site: Site, if_none_match: _Tags = None) -> Response:
    """Export a site's layout; the ETag counts its imports."""
    caller.check(site)
    row = await db.one(_SQL["export"], {"site": site})
    if row is None:
        raise not_found("layout of site", site)
    headers = {"ETag": _etag(row["version"]), "Cache-Control": "no-cache"}
    if if_none_match is not None and _matches(if_none_match, row["version"]):
        return Response(status_code=304, headers=headers)
    return Response(await run_in_threadpool(_export, row), headers=headers, media_type="application/json")


@router.put("/sites/{site}/layout", response_model=Layout, max_body_size=32 * 2**20)
async def put_layout(db: Db, caller: Integrator, site: Site, body: Layout, if_match: _Tags = None) -> Response:
    """Replace a site's layout in one transaction.

    With `If-Match` only where nobody else replaced it meanwhile (412); an equal layout changes nothing.
    """
    caller.check(site)
    document = await run_in_threadpool(_checked, body)
    version = await replace_layout(db, caller, site, document, if_match)
    return Response(document, headers={"ETag": _etag(version)}, media_type="application/json")


async def replace_layout(db: Database, caller: Caller, site: str, document: bytes, if_match: str | None) -> int:
    """Put a checked layout in the place of the present one and return its version. Raises Problem (412)."""
    async with db.transaction() as transaction:
        await transaction.run(_SQL["lock"], {"site": site})
        row = await transaction.one(_SQL["export"], {"site": site})
        if if_match is not None and (row is None or not _matches(if_match, row["version"])):
            now = f"it is at {_etag(row['version'])} now" if row else "there is none yet"
            raise Problem(
                412, f"If-Match: the layout of {site} was replaced meanwhile ({now}); export it and look again"
            )
        if row is not None and await run_in_threadpool(_export, row) == document:
            return int(row["version"])
        version = await _fill(transaction, {"site": site, "layout": document.decode()})
        after = Layout.model_validate_json(document)
        await audit(transaction, caller, "layout.put", f"layout/{site}", site=site, before=row, after=after)
        return version


async def _fill(transaction: Transaction, values: dict[str, Any]) -> int:
    for step in ("clear_bins", "clear_doors", "fill_doors", "fill_bins", "fill_bin_skus"):
        await transaction.run(_SQL[step], values)
    row = await transaction.one(_SQL["finish"], values)
    return int(row["version"]) if row else 0


def _checked(layout: Layout) -> bytes:
    """Check a layout whole and write it in its one form."""
    check_layout(layout)
    return canonical(layout)


def _export(row: dict[str, Any]) -> bytes:
    """Write a stored layout exactly as it was imported: through the same types."""
    return canonical(Layout.model_validate({key: row[key] for key in row if key != "version"}))


def _etag(version: int) -> str:
    return f'"{version}"'


def _matches(tags: str, version: int) -> bool:
    return tags.strip() == "*" or _etag(version) in [tag.strip().removeprefix("W/") for tag in tags.split(",")]
