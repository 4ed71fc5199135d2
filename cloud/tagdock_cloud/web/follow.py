"""Streams over HTTP: a feed's events for as long as the caller may hear them."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, aclosing
from inspect import cleandoc
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from starlette.responses import StreamingResponse

from tagdock_cloud.access.guard import is_still
from tagdock_cloud.access.roles import Caller
from tagdock_cloud.web import sse
from tagdock_cloud.web.access import Viewer
from tagdock_cloud.web.feed import Feed
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.streaming import Stream
from tagdock_cloud.web.topic import Topic

RECHECK_S = 30.0
"""How long a stream outlives its token or session at most, beside what a look-up is remembered."""
STREAMED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Server-sent events."}
}
LastEventId = Annotated[
    str | None,
    Header(max_length=1200, description="The id of the event that was heard last: it goes on there."),
]


def streams(topics: Iterable[Topic]) -> APIRouter:
    """Build the routes that stream topics; the app has a feed of each by its event (`app.state.feeds`)."""
    router = APIRouter(prefix="/api/v1/stream", tags=["streams"])
    for topic in topics:
        route = router.get(
            f"/{topic.path}",
            response_class=StreamingResponse,
            responses=STREAMED,
            name=f"stream_{topic.path}",
            description=cleandoc(topic.about),
        )
        route(_streaming(topic))
    return router


def _streaming(topic: Topic) -> Callable[..., Awaitable[Stream]]:
    async def stream(
        request: Request, caller: Viewer, site: Site | None = None, last_event_id: LastEventId = None
    ) -> Stream:
        return await follow(request, caller, request.app.state.feeds[topic.event], site, last_event_id)

    return stream


async def follow(request: Request, caller: Caller, feed: Feed, site: str | None, last_event_id: str | None) -> Stream:
    """Answer with a feed of one site, or of all that the caller has. Raises Problem: 403, 422, 503."""
    caller.check(site)
    sites = caller.listed if site is None else [site]
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
