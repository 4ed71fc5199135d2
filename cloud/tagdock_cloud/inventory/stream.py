"""The stream of movements over HTTP."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.responses import StreamingResponse

from tagdock_cloud.inventory import sse
from tagdock_cloud.inventory.feed import Feed
from tagdock_cloud.web.access import Viewer
from tagdock_cloud.web.names import Site

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
) -> StreamingResponse:
    """Stream movements as they are committed (without their evidence): events `movement`, `beat`, `gap`.

    A `beat` comes every second while the database answers. `Last-Event-ID` resumes after that movement; around a
    resume one may come twice, its `event_id` tells.
    """
    caller.check(site)
    sites = caller.listed if site is None else [site]
    feed: Feed = request.app.state.feed
    point = sse.resume_point(last_event_id)

    async def chunks() -> AsyncIterator[bytes]:
        with feed.listen(sites) as listener:
            yield sse.opening()
            if point is not None:
                async for chunk in feed.since(point, sites):
                    yield chunk
            async for chunk in listener.chunks():
                yield chunk

    return StreamingResponse(chunks(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
