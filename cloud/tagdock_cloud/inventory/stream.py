"""The stream of movements over HTTP."""

import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.responses import StreamingResponse

from tagdock_cloud.access.guard import is_still
from tagdock_cloud.access.roles import Caller
from tagdock_cloud.inventory import sse
from tagdock_cloud.inventory.feed import Feed
from tagdock_cloud.web.access import Viewer
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.streaming import Stream

RECHECK_S = 30.0
"""How long a stream outlives its token or session at most, beside what a look-up is remembered."""
router = APIRouter(prefix="/api/v1", tags=["inventory"])
_STREAM = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Server-sent events."}
}


@router.get("/stream/movements", response_class=StreamingResponse, responses=_STREAM)  # type: ignore[arg-type]
async def stream_movements(
    request: Request,
    caller: Viewer,
    site: Site | None = None,
    last_event_id: Annotated[str | None, Header(max_length=1200)] = None,
) -> Stream:
    """Stream movements as they are committed (without their evidence): events `movement`, `beat`, `gap`.

    A `beat` comes every second while the database answers. `Last-Event-ID` resumes after that movement, up to a day
    later; around a resume one may come twice, its `event_id` tells.
    """
    caller.check(site)
    sites = caller.listed if site is None else [site]
    feed: Feed = request.app.state.feed
    point = sse.resume_point(last_event_id)
    async with AsyncExitStack() as held:
        held.enter_context(feed.place())
        chunks = _while_let_in(request, caller, feed.follow(sites, point))
        return Stream(chunks, held.pop_all(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _while_let_in(
    request: Request, caller: Caller, chunks: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    """Yield chunks as long as the caller may still do what it could at the beginning; a beat comes every second."""
    checked_at = time.monotonic()
    async with aclosing(chunks):
        async for chunk in chunks:
            if time.monotonic() - checked_at > RECHECK_S:
                if not await is_still(request, caller):
                    return
                checked_at = time.monotonic()
            yield chunk
