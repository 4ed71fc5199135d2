"""Users, roles and oneself over HTTP."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tagdock_cloud.access.lookup import Lookup
from tagdock_cloud.access.passwords import Checker
from tagdock_cloud.access.records import (
    Me,
    NewPassword,
    NewUser,
    OwnPassword,
    RoleList,
    UserName,
    UserPage,
    UserRecord,
    UserState,
)
from tagdock_cloud.access.roles import ALL_RIGHTS, RIGHTS, ROLES, Caller
from tagdock_cloud.access.rules import check_may_give, check_within
from tagdock_cloud.access.sessions import end_sessions_of
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Admin, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import Problem, not_found, refused
from tagdock_cloud.web.reply import reply
from tagdock_cloud.web.tags import IfMatch, check_unchanged, tagged

_SQL = load_queries("tagdock_cloud.access")
router = APIRouter(prefix="/api/v1", tags=["access"])


@router.get("/me", response_model=Me)
async def who_am_i(caller: Viewer) -> Response:
    """Tell who asks and what they may do."""
    rights = [right for right in ALL_RIGHTS if caller.may(right)]
    known = {"name": caller.name, "kind": caller.kind, "role": caller.role}
    return reply({**known, "sites": caller.listed, "rights": rights})


@router.put("/me/password", status_code=204)
async def change_own_password(request: Request, db: Db, caller: Viewer, body: OwnPassword) -> Response:
    """Give oneself a new password; one's browsers are logged out."""
    if caller.kind != "user":
        raise Problem(403, f"{caller.shown} has no password: it is no user")
    checker: Checker = request.app.state.passwords
    await request.app.state.logins.check(request, caller.name, body.old_password.get_secret_value())
    password_hash = await checker.hash_password(body.password.get_secret_value())
    async with db.transaction() as transaction:
        await _set_password(transaction, caller, caller.name, password_hash)
    _forget(request)
    return Response(status_code=204)


@router.get("/roles", response_model=RoleList)
async def list_roles(_: Viewer) -> Response:
    """List the roles and what each may do."""
    return reply({"items": [{"role": role, "rights": [r for r in ALL_RIGHTS if role in RIGHTS[r]]} for role in ROLES]})


@router.get("/users", response_model=UserPage)
async def list_users(
    request: Request, db: Db, caller: Admin, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """List users by name; an admin of some sites sees those who reach no further."""
    (after,) = read_cursor(cursor, str)
    rows = await db.all(_SQL["users_list"], {"after": after, "listed": caller.listed, "rows": limit + 1})
    return page(request, rows, limit, "name")


@router.post("/users", response_model=UserRecord, status_code=201)
async def add_user(request: Request, db: Db, caller: Admin, body: NewUser) -> Response:
    """Add a user. Sent again it answers 409, as the name is taken; no digest of a password is kept for a key."""
    check_may_give(caller, body.sites, None)
    checker: Checker = request.app.state.passwords
    password_hash = body.password and await checker.hash_password(body.password.get_secret_value())
    values = {"name": body.name, "role": body.role, "sites": body.sites, "password_hash": password_hash}
    async with db.transaction() as transaction:
        user = await transaction.one(_SQL["user_add"], values)
        if user is None:
            raise Problem(409, f"there is a user {body.name} already; change it, or choose another name")
        await audit(transaction, caller, "user.add", f"user/{body.name}", after=user)
    return reply(user, 201, {"Location": f"/api/v1/users/{body.name}"})


@router.get("/users/{name}", response_model=UserRecord)
async def get_user(request: Request, db: Db, caller: Admin, name: UserName) -> Response:
    """Return one user."""
    async with db.transaction() as transaction:
        return tagged(request, await _user(transaction, caller, name))


@router.put("/users/{name}", response_model=UserRecord)
async def put_user(
    *, request: Request, db: Db, caller: Admin, name: UserName, body: UserState, if_match: IfMatch = None
) -> Response:
    """Change a user's role and sites, or disable them: their browsers are logged out then."""
    check_may_give(caller, body.sites, None)
    async with db.transaction() as transaction:
        before = await _user(transaction, caller, name)
        check_unchanged(f"user {name}", before, if_match)
        after = await transaction.one(_SQL["user_change"], {"name": name, **body.model_dump()})
        if body.disabled or body.role != "admin" or body.sites is not None:
            await _check_admins_left(transaction, name, before)
        if body.disabled:
            await end_sessions_of(transaction, name)
        await audit(transaction, caller, "user.put", f"user/{name}", before=before, after=after)
    _forget(request)
    return tagged(request, after)


@router.put("/users/{name}/password", status_code=204)
async def set_password(request: Request, db: Db, caller: Admin, name: UserName, body: NewPassword) -> Response:
    """Give a user a new password; their browsers are logged out."""
    check_may_give(caller, caller.listed, None)
    checker: Checker = request.app.state.passwords
    password_hash = await checker.hash_password(body.password.get_secret_value())
    async with db.transaction() as transaction:
        await _user(transaction, caller, name)
        await _set_password(transaction, caller, name, password_hash)
    _forget(request)
    return Response(status_code=204)


@router.post("/users/{name}/logout", status_code=204)
async def log_out_user(once: Once, request: Request, caller: Admin, name: UserName) -> Response:
    """Log a user out everywhere."""

    async def work(transaction: Transaction) -> Response:
        await _user(transaction, caller, name)
        ended = await end_sessions_of(transaction, name)
        await audit(transaction, caller, "user.logout", f"user/{name}", after={"sessions_ended": ended})
        return Response(status_code=204)

    answer = await once(caller, work)
    _forget(request)
    return answer


async def _user(transaction: Transaction, caller: Caller, name: str) -> dict[str, Any]:
    user = await transaction.one(_SQL["user_one"], {"name": name})
    if user is None:
        raise not_found("user", name)
    check_within(caller, user["sites"])
    return user


async def _set_password(transaction: Transaction, caller: Caller, name: str, password_hash: str) -> None:
    await transaction.run(_SQL["user_password"], {"name": name, "password_hash": password_hash})
    await end_sessions_of(transaction, name)
    await audit(transaction, caller, "user.password", f"user/{name}")


async def _check_admins_left(transaction: Transaction, name: str, before: dict[str, Any]) -> None:
    """Raise Problem (422) where nobody could administer everything any more."""
    if before["role"] != "admin" or before["sites"] is not None:
        return
    left = await transaction.one(_SQL["admins_left"], {"name": name})
    if left is not None and left["admins"] == 0:
        raise refused("role", f"{name} is the last admin of all sites; make another one first")


def _forget(request: Request) -> None:
    lookup: Lookup = request.app.state.lookup
    lookup.forget()
