"""The page Live: what passes each door now."""

from fastapi import APIRouter
from starlette.responses import Response

from tagdock_cloud.console.frame import Framed
from tagdock_cloud.doors.routes import find_doors
from tagdock_cloud.health.routes import find_gateways
from tagdock_cloud.inventory.record import MovementFilter, find_movements

MOST_SHOWN = 40
router = APIRouter()


@router.get("/")
async def live(frame: Framed) -> Response:
    """Show the doors of a site, its gateways, and what passed last."""
    if frame.site is None:
        return frame.show("live.html")
    doors = await find_doors(frame.db, frame.site)
    gateways = await find_gateways(frame.db, frame.site, frame.caller.listed)
    movements = await find_movements(frame.db, MovementFilter(sites=frame.caller.listed, site=frame.site), MOST_SHOWN)
    return frame.show("live.html", doors=doors, gateways=gateways, movements=movements, most_shown=MOST_SHOWN)
