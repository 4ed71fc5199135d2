"""Layouts over HTTP: import and export, whole."""

from typing import Any

from fastapi import APIRouter, Request
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
from tagdock_cloud.web.problems import not_found
from tagdock_cloud.web.tags import IfMatch, check_unchanged, tagged

_SQL = load_queries("tagdock_cloud.layout")
router = APIRouter(prefix="/api/v1", tags=["layout"])


@router.get("/sites/{site}/layout", response_model=Layout)
async def get_layout(request: Request, db: Db, caller: Viewer, site: Site) -> Response:
    """Export a site's layout."""
    caller.check(site)
    present = await find_layout(db, site)
    if present is None:
        raise not_found("layout of site", site)
    return tagged(request, present)


@router.put("/sites/{site}/layout", response_model=Layout, max_body_size=32 * 2**20)
async def put_layout(
    *, request: Request, db: Db, caller: Integrator, site: Site, body: Layout, if_match: IfMatch = None
) -> Response:
    """Replace a site's layout in one transaction; an equal layout changes nothing.

    `If-Match` may be left out: an import says how the floor is, whatever it was before.
    """
    caller.check(site)
    document = await run_in_threadpool(_checked, body)
    await replace_layout(db, caller, site, document, if_match)
    return tagged(request, document)


async def find_layout(db: Database, site: str) -> bytes | None:
    """Return a site's layout in its one form; None where it has none."""
    row = await db.one(_SQL["export"], {"site": site})
    return None if row is None else await run_in_threadpool(_export, row)


async def replace_layout(db: Database, caller: Caller, site: str, document: bytes, if_match: str | None) -> None:
    """Put a checked layout in the place of the present one. Raises Problem (412)."""
    async with db.transaction() as transaction:
        await transaction.run(_SQL["lock"], {"site": site})
        row = await transaction.one(_SQL["export"], {"site": site})
        present = None if row is None else await run_in_threadpool(_export, row)
        if if_match is not None:
            check_unchanged(f"the layout of {site}", present, if_match)
        if present == document:
            return
        await _fill(transaction, {"site": site, "layout": document.decode()})
        after = Layout.model_validate_json(document)
        await audit(transaction, caller, "layout.put", f"layout/{site}", site=site, before=row, after=after)


async def _fill(transaction: Transaction, values: dict[str, Any]) -> None:
    for step in ("clear_bins", "clear_doors", "fill_doors", "fill_bins", "fill_bin_skus", "finish"):
        await transaction.run(_SQL[step], values)


def _checked(layout: Layout) -> bytes:
    """Check a layout whole and write it in its one form."""
    check_layout(layout)
    return canonical(layout)


def _export(row: dict[str, Any]) -> bytes:
    """Write a stored layout exactly as it was imported: through the same types."""
    return canonical(Layout.model_validate({key: row[key] for key in row if key != "version"}))
