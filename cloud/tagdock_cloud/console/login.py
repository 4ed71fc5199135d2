"""Logging a browser in and out."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from tagdock_cloud.access.guard import clear_login_cookie, set_login_cookie
from tagdock_cloud.access.tokens import find_caller
from tagdock_cloud.console.templating import templates
from tagdock_cloud.web.access import Public

_Token = Annotated[str, Form(max_length=200)]
_Path = Annotated[str, Query(max_length=400)]
router = APIRouter()


@router.get("/login")
async def login_page(
    request: Request, _: Public, token: Annotated[str | None, Query(max_length=200)] = None, to: _Path = "/"
) -> Response:
    """Show the form, or log in at once with a token in the address."""
    if token is not None:
        return await _log_in(request, token, to)
    return templates.TemplateResponse(request, "login.html", {"to": _local(to), "is_wrong": False})


@router.post("/login")
async def login(
    request: Request, _: Public, token: _Token = "", to: Annotated[str, Form(max_length=400)] = "/"
) -> Response:
    """Log in with the token of the form."""
    return await _log_in(request, token, to)


@router.post("/logout")
async def logout(_: Public) -> Response:
    """Log out."""
    response = RedirectResponse("/login", 303)
    clear_login_cookie(response)
    return response


async def _log_in(request: Request, token: str, to: str) -> Response:
    if await find_caller(request.app.state.pool, token.strip()) is None:
        context = {"to": _local(to), "is_wrong": True}
        return templates.TemplateResponse(request, "login.html", context, status_code=401)
    response = RedirectResponse(_local(to), 303)
    set_login_cookie(response, token.strip(), secure=request.url.scheme == "https")
    return response


def _local(path: str) -> str:
    """Keep a redirect on this server, whatever the address said."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
