"""The door of the HTTP interface: `require(role)` is a FastAPI dependency, the login cookie a token in a browser.

The app puts what this needs on `app.state`: `pool` (AsyncPool) and `is_open` (lab mode).
"""

import re
from collections.abc import Awaitable, Callable

from fastapi import Request, Response

from tagdock_cloud.access.roles import LAB_READER, Caller, Role, is_allowed
from tagdock_cloud.access.tokens import find_caller
from tagdock_cloud.web.problems import Problem

COOKIE = "tagdock_token"
COOKIE_MAX_AGE_S = 30 * 24 * 3600
_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9_-]{1,200})")


def require(role: Role) -> Callable[[Request], Awaitable[Caller]]:
    """Build a dependency that lets in whoever has the role, and returns who it is.

    Answers 401 without a valid token, 403 where its role does not suffice. In lab mode reading needs no token.
    """

    async def caller_with_role(request: Request) -> Caller:
        caller = await caller_of(request)
        if caller is None:
            challenge = {"WWW-Authenticate": 'Bearer realm="tagdock"'}
            raise Problem(401, "send a token: Authorization: Bearer ..., or log in at /login", headers=challenge)
        if not is_allowed(caller.role, role):
            raise Problem(403, f"this needs the role {role}; the token {caller.name!r} has {caller.role}")
        return caller

    return caller_with_role


async def caller_of(request: Request) -> Caller | None:
    """Return who asks, by header or else by cookie; in lab mode anybody reads who brings no token."""
    header = request.headers.get("authorization")
    if header is not None:
        match = _BEARER.fullmatch(header)
        return await find_caller(request.app.state.pool, match[1]) if match else None
    cookie = request.cookies.get(COOKIE)
    caller = await find_caller(request.app.state.pool, cookie[:200]) if cookie else None
    return caller or (LAB_READER if request.app.state.is_open else None)


def set_login_cookie(response: Response, token: str, *, secure: bool) -> None:
    """Log a browser in. The cookie is out of reach for scripts and for other sites' pages."""
    response.set_cookie(COOKIE, token, max_age=COOKIE_MAX_AGE_S, httponly=True, samesite="strict", secure=secure)


def clear_login_cookie(response: Response) -> None:
    """Log a browser out."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
