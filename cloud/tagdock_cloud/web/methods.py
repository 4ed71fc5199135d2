"""What may be done at an address: HEAD wherever GET may, and which methods there are where another one was tried.

Source: RFC 9110, sections 9.1 (every server answers GET and HEAD), 9.3.2 (HEAD), 10.2.1 (Allow), 15.5.6 (405).
"""

from collections.abc import Iterable

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")


class Heads:
    """ASGI middleware that answers HEAD as GET would be answered, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        is_begun = False

        async def send_head(message: Message) -> None:
            nonlocal is_begun
            if message["type"] == "http.response.start":
                is_begun = True
                await send(message)

        async def receive_or_leave() -> Message:  # a stream or an export ends where its caller is gone
            return {"type": "http.disconnect"} if is_begun else await receive()

        await self._app({**scope, "method": "GET"}, receive_or_leave, send_head)
        if is_begun:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def allowed(routes: Iterable[BaseRoute], scope: Scope) -> list[str]:
    """Return the methods that something answers to at a request's address, by name."""
    routes = list(routes)
    found = [
        method
        for method in _METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    return sorted([*found, "HEAD"]) if "GET" in found else found
