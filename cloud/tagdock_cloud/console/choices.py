"""What a person chooses for all pages: the language."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tagdock_cloud.console.language import choose, speak
from tagdock_cloud.console.login import local
from tagdock_cloud.console.sayings import told
from tagdock_cloud.web.access import Public

COOKIE = "tagdock_language"
KEPT_S = 365 * 24 * 3600
"""A year: a choice that is forgotten sooner has to be made again and again."""
router = APIRouter()


class Spoken:
    """ASGI middleware: what a request's pages are written in. Pure, because streams pass through it unbuffered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request in its person's language."""
        if scope["type"] == "http":
            request = HTTPConnection(scope)
            speak(choose(request.cookies.get(COOKIE, ""), request.headers.get("accept-language", "")))
        await self._app(scope, receive, send)


@router.post("/language")
async def choose_language(
    request: Request,
    _: Public,
    language: Annotated[Literal["en", "zh"], Form()],
    to: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Keep the language of this browser, and show the page that it was chosen on."""
    response = RedirectResponse(local(to), 303)
    response.set_cookie(
        COOKIE, language, max_age=KEPT_S, secure=request.url.scheme == "https", httponly=True, samesite="lax"
    )
    return response


@router.get("/told")
async def tell(_: Public, text: Annotated[str, Query(max_length=2000)]) -> dict[str, str]:
    """Say what the interface answered to a script in the reader's language, where that is known."""
    return {"text": told(text) or text}
