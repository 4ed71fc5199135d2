"""Logging a browser in and out: by name and password, by an API token, or at the OpenID provider (`oidc.py`)."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from tagdock_cloud.access.guard import SESSION_COOKIE, caller_of, clear_session_cookie, set_session_cookie
from tagdock_cloud.access.logins import Logins, address_of, forgive
from tagdock_cloud.access.roles import Caller
from tagdock_cloud.access.secrets import hash_token
from tagdock_cloud.access.sessions import end_session, end_sessions_beside, start_session
from tagdock_cloud.console.templating import templates
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Public
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.problems import Problem

_SQL = load_queries("tagdock_cloud.access")
_Secret = Annotated[str, Form(max_length=200)]
_Path = Annotated[str, Query(max_length=400)]
router = APIRouter()


@router.get("/login")
async def login_page(
    request: Request,
    db: Db,
    _: Public,
    token: Annotated[str | None, Query(max_length=200)] = None,
    to: _Path = "/",
    ended: bool = False,
) -> Response:
    """Show the form, or log in at once with a token in the address. `ended`: somebody was logged in until now."""
    if token is not None:
        return await _log_in(request, db, "", token, to)
    return await _form(request, to, has_ended=ended)


@router.post("/login")
async def login(
    *,
    request: Request,
    db: Db,
    _: Public,
    name: Annotated[str, Form(max_length=100)] = "",
    password: _Secret = "",
    token: _Secret = "",
    to: Annotated[str, Form(max_length=400)] = "/",
) -> Response:
    """Log in with the name and password, or the token, of the form."""
    return await _log_in(request, db, name.strip(), token.strip() or password, to)


@router.post("/logout")
async def logout(request: Request, db: Db, _: Public, everywhere: Annotated[bool, Form()] = False) -> Response:
    """Log out here, or wherever the same user or token is logged in."""
    cookie = request.cookies.get(SESSION_COOKIE, "")[:200]
    if cookie:
        async with db.transaction() as transaction:
            await (end_sessions_beside if everywhere else end_session)(transaction, cookie)
        request.app.state.lookup.forget()
    response = RedirectResponse("/login", 303)
    clear_session_cookie(response)
    return response


async def _log_in(request: Request, db: Database, name: str, secret: str, to: str) -> Response:
    """Check what was typed and start a session. Without a name the secret is a token."""
    try:
        cookie = await (_by_password(request, db, name, secret) if name else _by_token(request, db, secret))
    except Problem as problem:
        if problem.status not in (401, 429):
            raise
        return await _form(request, to, problem)
    response = RedirectResponse(local(to), 303)
    set_session_cookie(response, cookie, secure=request.url.scheme == "https")
    return response


async def _by_password(request: Request, db: Database, name: str, password: str) -> str:
    logins: Logins = request.app.state.logins
    user = await logins.check(request, name, password)
    async with db.transaction() as transaction:
        return await start_session_of(transaction, user)


async def start_session_of(transaction: Transaction, user: str) -> str:
    """Start a user's session and record that they logged in."""
    row = await transaction.one(_SQL["user_one"], {"name": user}) or {}
    await audit(transaction, Caller(user, row["role"], kind="user"), "user.login", f"user/{user}")
    return await start_session(transaction, user=user)


async def _by_token(request: Request, db: Database, token: str) -> str:
    logins: Logins = request.app.state.logins
    address = address_of(request)
    await logins.count(address, None)
    async with db.transaction() as transaction:
        row = await transaction.one(_SQL["token_in_force"], {"digest": hash_token(token)})
        if row is None:
            raise Problem(401, "This token is not in force. Check that it was copied whole.")
        await forgive(transaction, address, "")
        await audit(transaction, Caller(row["name"], row["role"]), "token.login", f"token/{row['name']}")
        return await start_session(transaction, token_hash=hash_token(token))


async def _form(request: Request, to: str, problem: Problem | None = None, *, has_ended: bool = False) -> Response:
    me = await caller_of(request) if request.cookies.get(SESSION_COOKIE) else None
    has_oidc = request.app.state.oidc is not None
    context = {
        "to": local(to),
        "mistake": problem and problem.detail,
        "has_oidc": has_oidc,
        "me": me and me.name,
        "has_ended": has_ended and me is None,
    }
    status = problem.status if problem else 200
    headers = problem.headers if problem else {}
    return templates.TemplateResponse(request, "login.html", context, status_code=status, headers=headers)


def local(path: str) -> str:
    """Keep a redirect on this server, whatever the address said."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
