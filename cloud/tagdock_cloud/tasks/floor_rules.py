"""What a site's floor is asked to do by itself, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from tagdock_cloud.store.pool import DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Manager, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.problems import not_found
from tagdock_cloud.web.tags import IfMatch, check_unchanged, tagged

_SQL = load_queries("tagdock_cloud.tasks", "floor_rules.sql")
router = APIRouter(prefix="/api/v1", tags=["tasks"])


class FloorRule(BaseModel):
    """What a site's floor is asked to do by itself. As long as nobody says anything: nothing."""

    model_config = ConfigDict(extra="forbid")

    put_away: bool = Field(False, description="What comes in by a door from now on, is known, and lies in no bin.")
    pick_ahead_h: Annotated[float, Field(ge=0, le=744, allow_inf_nan=False)] | None = Field(
        None,
        description="Pick the lines of orders that are due within so many hours, or at no told time; null: none.",
    )
    pack: bool = Field(False, description="Pack an order when all of it is picked.")


@router.get("/sites/{site}/floor-rule", response_model=FloorRule)
async def get_floor_rule(request: Request, db: Db, caller: Viewer, site: Site) -> Response:
    """Return what a site's floor is asked to do by itself."""
    caller.check(site)
    return tagged(request, _told(await db.one(_SQL["rule"], {"site": site})))


@router.put("/sites/{site}/floor-rule", response_model=FloorRule)
async def put_floor_rule(
    *, request: Request, db: Db, caller: Manager, site: Site, body: FloorRule, if_match: IfMatch = None
) -> Response:
    """Say what a site's floor is asked to do by itself. Tasks that are open stay so."""
    caller.check(site)
    values: dict[str, Any] = {"site": site, **body.model_dump()}
    async with db.transaction() as transaction:
        if await transaction.one(_SQL["site"], values) is None:
            raise not_found("site", site)
        before = _told(await transaction.one(_SQL["rule"], values))
        check_unchanged(f"the floor's rule of site {site}", before, if_match)
        if body.model_dump() != before:
            await transaction.run(_SQL["put_rule"], values)
            after = _told(await transaction.one(_SQL["rule"], values))
            await audit(transaction, caller, "site.floor_rule", f"site/{site}", site=site, before=before, after=after)
    return tagged(request, body.model_dump())


def _told(row: DictRow | None) -> dict[str, Any]:
    return FloorRule.model_validate({name: row[name] for name in FloorRule.model_fields} if row else {}).model_dump()
