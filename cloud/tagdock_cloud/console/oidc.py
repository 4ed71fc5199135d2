"""Logging in at the OpenID provider: there and back. Who comes back is a user here, with what their groups grant."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from tagdock_cloud.access.guard import set_session_cookie
from tagdock_cloud.access.oidc import CALLBACK, Identity, Provider
from tagdock_cloud.access.roles import Caller
from tagdock_cloud.access.secrets import hash_token
from tagdock_cloud.console.login import local, start_session_of
from tagdock_cloud.console.templating import templates
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Public
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.problems import Problem

LOGIN_COOKIE = "tagdock_login"
LOGIN_S = 600
"""How long somebody may take at the provider."""

_SQL = load_queries("tagdock_cloud.access")
_Word = Annotated[str, Query(max_length=2000)]
router = APIRouter()


@router.get("/login/oidc")
async def leave(request: Request, db: Db, _: Public, to: Annotated[str, Query(max_length=400)] = "/") -> Response:
    """Send the browser to the provider."""
    departure = await _provider(request).depart()
    values = {"state": hash_token(departure.state), "nonce": departure.nonce, "verifier": departure.code_verifier}
    async with db.transaction() as transaction:
        await transaction.run(_SQL["oidc_forget"])
        await transaction.run(_SQL["oidc_leave"], {**values, "to": local(to), "seconds": LOGIN_S})
    response = RedirectResponse(departure.url, 303)
    # Lax: the provider's page leads back here, and a strict cookie would stay behind
    is_secure = request.url.scheme == "https"
    response.set_cookie(
        LOGIN_COOKIE, departure.state, max_age=LOGIN_S, path="/login", httponly=True, samesite="lax", secure=is_secure
    )
    return response


@router.get(CALLBACK)
async def come_back(
    *, request: Request, db: Db, _: Public, state: _Word = "", code: _Word = "", error: _Word = ""
) -> Response:
    """Let in whom the provider vouches for: the same browser that left, once."""
    cookie = request.cookies.get(LOGIN_COOKIE, "")
    if not state or not hmac.compare_digest(cookie.encode(), state.encode()):
        raise Problem(403, "this login was not begun in this browser; begin again at /login")
    left = await db.one(_SQL["oidc_return"], {"state": hash_token(state)})
    if left is None:
        raise Problem(403, "this login is over or too old; begin again at /login")
    if error or not code:
        raise Problem(403, "the OpenID provider did not let you in; begin again at /login")
    identity = await _provider(request).arrive(code, left["code_verifier"], left["nonce"])
    async with db.transaction() as transaction:
        name = await _admit(transaction, identity)
        session = await start_session_of(transaction, name)
    request.app.state.lookup.forget()
    # a page of our own that goes on by itself: on a redirect from another site a strict cookie would not be sent
    response = templates.TemplateResponse(request, "welcome.html", {"to": left["go_to"]})
    set_session_cookie(response, session, secure=request.url.scheme == "https")
    response.delete_cookie(LOGIN_COOKIE, path="/login", httponly=True, samesite="lax")
    return response


async def _admit(transaction: Transaction, identity: Identity) -> str:
    """Make the person a user here, or give them what their groups grant today. Raises Problem (403)."""
    sites = None if identity.grant.sites is None else sorted(identity.grant.sites)
    granted = {"role": identity.grant.role, "sites": sites}
    known = await transaction.one(_SQL["oidc_user"], {"subject": identity.subject})
    if known is None:
        values = {"name": identity.name, "subject": identity.subject, **granted}
        made = await transaction.one(_SQL["oidc_add"], values)
        if made is None:
            raise Problem(403, f"a user {identity.name} is here already and not from the provider; ask an admin")
        await _record(transaction, identity, identity.name, None, made)
        return identity.name
    if known["disabled_at"] is not None:
        raise Problem(403, "an admin has disabled this user")
    name = str(known["name"])
    if (known["role"], known["sites"]) != (granted["role"], sites):
        after = await transaction.one(_SQL["user_change"], {"name": name, "disabled": False, **granted})
        await _record(transaction, identity, name, known, after)
    return name


async def _record(transaction: Transaction, identity: Identity, name: str, before: object, after: object) -> None:
    caller = Caller(name, identity.grant.role, kind="user")
    await audit(transaction, caller, "user.oidc", f"user/{name}", before=before, after=after)


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.oidc
    if provider is None:
        raise Problem(404, "this service knows no OpenID provider (--oidc-issuer)")
    return provider
