"""The page Health: gateways, readers, queues, refused batches, and what to do about each."""

from fastapi import APIRouter
from starlette.responses import Response

from tagdock_cloud.console.frame import Framed
from tagdock_cloud.health.routes import find_gateways, find_plan_queue, find_refused

router = APIRouter()


@router.get("/health")
async def health(frame: Framed) -> Response:
    """Show what is alive and what is not."""
    return frame.show(
        "health.html",
        gateways=await find_gateways(frame.db, frame.site, frame.caller.listed),
        refused=await find_refused(frame.db, frame.site, frame.caller.listed),
        queue=await find_plan_queue(frame.db, frame.site, frame.caller.listed),
    )
