"""The door of the HTTP interface: `Require(right)` is a FastAPI dependency, the cookie a browser's session.

The app puts what this needs on `app.state`: `lookup`, `limits` and `is_open` (lab mode). `deny_undeclared` is a
dependency of the whole app: a route that declares neither a right nor that everybody may come in lets nobody in.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from tagdock_cloud.access.logins import address_of
from tagdock_cloud.access.lookup import Lookup
from tagdock_cloud.access.roles import LAB_READER, RIGHTS, Caller, Right
from tagdock_cloud.access.sessions import LIFETIME_S
from tagdock_cloud.store.errors import DatabaseUnavailableError
from tagdock_cloud.web.guard import too_many
from tagdock_cloud.web.limits import WRONG_TOKEN_COST, Limits
from tagdock_cloud.web.parameters import unknown_parameter
from tagdock_cloud.web.problems import Problem, refused

SESSION_COOKIE = "tagdock_session"
_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9_-]{1,200})")


@dataclass(frozen=True, slots=True)
class Require:
    """A dependency that lets in whoever has the right, and returns who it is.

    Answers 401 without a valid token, 429 to one that asks too often, 403 where the role or the token's scope does not
    suffice, or where the address names a site that is not the caller's; 422 where a parameter is none that the route
    knows. In lab mode reading needs no token.
    """

    right: Right

    async def __call__(self, request: Request) -> Caller:
        """Return who asks. Raises Problem (401, 403, 422, 429)."""
        caller = await caller_of(request)
        limits: Limits = request.app.state.limits
        now_s = time.monotonic()
        if caller is None:
            limits.addresses.take(address_of(request), now_s, WRONG_TOKEN_COST)
            challenge = {"WWW-Authenticate": 'Bearer realm="tagdock"'}
            raise Problem(401, "send a token: Authorization: Bearer ..., or log in at /login", headers=challenge)
        wait_s = limits.callers.take(caller.id, now_s)
        if wait_s > 0:
            raise too_many(wait_s)
        if not caller.may(self.right):
            needed = ", ".join(sorted(RIGHTS[self.right]))
            raise Problem(
                403, f"this needs the right {self.right} (roles {needed}); {caller.shown} has the role {caller.role}"
            )
        for site in (request.path_params.get("site"), *request.query_params.getlist("site")):
            caller.check(site)  # here, so that no route can forget it
        _check_parameters(request)
        return caller


@dataclass(frozen=True, slots=True)
class Everybody:
    """A dependency that says: this route is for everybody. Parameters that it does not know are refused anyway."""

    async def __call__(self, request: Request) -> None:
        """Let in whoever comes. Raises Problem (422)."""
        _check_parameters(request)


async def deny_undeclared(request: Request) -> None:
    """Refuse a route that says nothing of who may come in: forgetting to must not open a door. Raises Problem (403)."""
    if not declared(request.scope.get("route")):
        raise Problem(403, "this route does not say who may come in, so nobody may")


def _check_parameters(request: Request) -> None:
    """Refuse what the interface does not know; EPCIS has words of its own for it. Raises Problem (422)."""
    unknown = unknown_parameter(request) if request.url.path.startswith("/api/") else None
    if unknown is not None:
        raise refused(*unknown)


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
    lookup: Lookup = request.app.state.lookup
    header = request.headers.get("authorization")
    if header is not None:
        match = _BEARER.fullmatch(header)
        return await lookup.by_token(match[1]) if match else None
    cookie = request.cookies.get(SESSION_COOKIE)
    caller = await lookup.by_session(cookie[:200]) if cookie else None
    return caller or (LAB_READER if request.app.state.is_open else None)


async def is_still(request: Request, caller: Caller) -> bool:
    """Tell whether a caller may still do what it could when its request began; for answers that go on for long.

    While the database is away nothing is known to have changed, so it may.
    """
    try:
        return await caller_of(request) == caller
    except DatabaseUnavailableError:
        return True


def set_session_cookie(response: Response, cookie: str, *, secure: bool) -> None:
    """Log a browser in. The cookie is out of reach for scripts and for other sites' pages; the server ends it."""
    response.set_cookie(SESSION_COOKIE, cookie, max_age=LIFETIME_S, httponly=True, samesite="strict", secure=secure)


def clear_session_cookie(response: Response) -> None:
    """Log a browser out."""
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
