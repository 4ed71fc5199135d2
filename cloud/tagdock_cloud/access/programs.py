"""Tokens and gateways over HTTP: who is no person. What is made is shown once, in the answer that made it.

An `Idempotency-Key` makes each once; the answer is kept without its secret, null when it is sent again.
"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response
from tagdock_contract import GatewayAddress

from tagdock_cloud.access.gateways import gateway_values
from tagdock_cloud.access.records import MadeGateway, MadeToken, NewGateway, NewToken, TokenPage
from tagdock_cloud.access.rules import check_expiry, check_may_give, check_within
from tagdock_cloud.access.secrets import new_secret, new_token
from tagdock_cloud.access.tokens import token_values
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Admin
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import Problem, not_found
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.access")
_TokenName = Annotated[str, Path(max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
router = APIRouter(prefix="/api/v1", tags=["access"])


@router.get("/tokens", response_model=TokenPage)
async def list_tokens(
    request: Request, db: Db, caller: Admin, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """List tokens, the newest first; an admin of some sites sees those that reach no further."""
    before_at, before_name = read_cursor(cursor, datetime, str)
    values = {"before_at": before_at, "before_name": before_name, "listed": caller.listed, "rows": limit + 1}
    return page(request, await db.all(_SQL["tokens_page"], values), limit, "created_at", "name")


@router.post("/tokens", response_model=MadeToken, status_code=201)
async def add_token(once: Once, caller: Admin, body: NewToken) -> Response:
    """Make a token and show it: this is the only time."""
    check_may_give(caller, body.sites, body.rights)
    check_expiry(body.expires_at, datetime.now(UTC))
    token = new_token()
    scope = {"sites": body.sites, "rights": body.rights, "expires_at": body.expires_at}
    values = token_values(token, body.name, body.role, **scope, created_by=caller.id)  # type: ignore[arg-type]

    async def work(transaction: Transaction) -> Response:
        made = await transaction.one(_SQL["token_add"], values)
        if made is None:
            raise Problem(409, f"a token named {body.name!r} is in force: revoke it first, or choose another name")
        await audit(transaction, caller, "token.add", f"token/{body.name}", after=made)
        return reply({**made, "token": token}, 201, {"Cache-Control": "no-store"})

    return await once(caller, work, secrets=["token"])


@router.delete("/tokens/{name}", status_code=204)
async def revoke_token(request: Request, db: Db, caller: Admin, name: _TokenName) -> Response:
    """Revoke a token for good."""
    async with db.transaction() as transaction:
        token = await transaction.one(_SQL["token_revoke"], {"name": name})
        if token is None:
            raise not_found("token in force", name)
        check_within(caller, token["sites"])
        await audit(transaction, caller, "token.revoke", f"token/{name}", before=token)
    request.app.state.lookup.forget()
    return Response(status_code=204)


@router.post("/gateways", response_model=MadeGateway, status_code=201)
async def add_gateway(once: Once, caller: Admin, body: NewGateway) -> Response:
    """Register a gateway and show its secret: this is the only time."""
    caller.check(body.site)
    address, secret = GatewayAddress(body.site, body.gateway), new_secret()

    async def work(transaction: Transaction) -> Response:
        await transaction.run(_SQL["site_add"], {"site": body.site})
        if await transaction.one(_SQL["gateway_add"], gateway_values(address, secret)) is None:
            raise Problem(409, f"the gateway {body.site}/{body.gateway} is registered; remove it for a new secret")
        name = f"gateway/{body.site}/{body.gateway}"
        await audit(transaction, caller, "gateway.add", name, site=body.site, after=body)
        made = {"site": body.site, "gateway": body.gateway, "user": address.client_id, "secret": secret}
        return reply(made, 201, {"Cache-Control": "no-store"})

    return await once(caller, work, secrets=["secret"])


@router.delete("/gateways/{site}/{gateway}", status_code=204)
async def remove_gateway(db: Db, caller: Admin, site: Site, gateway: Site) -> Response:
    """Remove a gateway; what it reported stays."""
    async with db.transaction() as transaction:
        if await transaction.one(_SQL["gateway_remove"], {"site": site, "gateway": gateway}) is None:
            raise not_found("gateway", f"{site}/{gateway}")
        before = {"site": site, "gateway": gateway}
        await audit(transaction, caller, "gateway.remove", f"gateway/{site}/{gateway}", site=site, before=before)
    return Response(status_code=204)
