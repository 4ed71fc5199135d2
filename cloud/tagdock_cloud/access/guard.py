"""The door of the HTTP interface: `Require(right)` is a FastAPI dependency, the login cookie a token in a browser.

The app puts what this needs on `app.state`: `pool` (AsyncPool) and `is_open` (lab mode). `deny_undeclared` is a
dependency of the whole app: a route that declares neither a right nor that everybody may come in lets nobody in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from tagdock_cloud.access.roles import LAB_READER, RIGHTS, Caller, Right
from tagdock_cloud.access.tokens import find_caller
from tagdock_cloud.web.problems import Problem

COOKIE = "tagdock_token"
COOKIE_MAX_AGE_S = 30 * 24 * 3600
_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9_-]{1,200})")


@dataclass(frozen=True, slots=True)
class Require:
    """A dependency that lets in whoever has the right, and returns who it is.

    Answers 401 without a valid token, 403 where the role or the token's scope does not suffice, or where the address
    names a site that is not the caller's. In lab mode reading needs no token.
    """

    right: Right

    async def __call__(self, request: Request) -> Caller:
        """Return who asks. Raises Problem (401, 403)."""
        caller = await caller_of(request)
        if caller is None:
            challenge = {"WWW-Authenticate": 'Bearer realm="tagdock"'}
            raise Problem(401, "send a token: Authorization: Bearer ..., or log in at /login", headers=challenge)
        if not caller.may(self.right):
            needed = ", ".join(sorted(RIGHTS[self.right]))
            raise Problem(
                403, f"this needs the right {self.right} (roles {needed}); {caller.shown} has the role {caller.role}"
            )
        for site in (request.path_params.get("site"), *request.query_params.getlist("site")):
            caller.check(site)  # here, so that no route can forget it
        return caller


@dataclass(frozen=True, slots=True)
class Everybody:
    """A dependency that says: this route is for everybody."""

    async def __call__(self) -> None:
        """Let in whoever comes."""


async def deny_undeclared(request: Request) -> None:
    """Refuse a route that says nothing of who may come in: forgetting to must not open a door. Raises Problem (403)."""
    if not declared(request.scope.get("route")):
        raise Problem(403, "this route does not say who may come in, so nobody may")


def declared(route: Any) -> tuple[Require | Everybody, ...]:
    """Return what a route declares, all of which holds; empty where it declares nothing."""
    return tuple(_declarations(getattr(route, "dependant", None)))


def _declarations(dependant: Any) -> Iterator[Require | Everybody]:
    for inner in getattr(dependant, "dependencies", ()):
        if isinstance(inner.call, Require | Everybody):
            yield inner.call
        yield from _declarations(inner)


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
