"""Webhooks over HTTP: where news is sent, what became of it, and once more."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.store.pool import Jsonb
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Manager
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Instant, Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import Problem, not_found, refused
from tagdock_cloud.web.reply import reply
from tagdock_cloud.web.tags import IfMatch, check_unchanged, versioned
from tagdock_cloud.webhooks.records import (
    MOST_WEBHOOKS,
    DeliveryPage,
    DeliveryRecord,
    State,
    WebhookBody,
    WebhookChange,
    WebhookPage,
    WebhookRecord,
    WebhookSecret,
)
from tagdock_cloud.webhooks.signing import new_secret
from tagdock_cloud.webhooks.targets import check_url, kind_of, shown

_SQL = load_queries("tagdock_cloud.webhooks")
router = APIRouter(prefix="/api/v1", tags=["webhooks"])


@router.get("/webhooks", response_model=WebhookPage)
async def list_webhooks(
    request: Request, db: Db, caller: Manager, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """List webhooks by name; of a caller with some sites, those that hear of no others."""
    after_name, after_id = read_cursor(cursor, str, UUID)
    values = {"allowed": caller.listed, "after_name": after_name, "after_id": after_id, "rows": limit + 1}
    rows = [_shown(row) for row in await db.all(_SQL["page"], values)]
    return page(request, rows, limit, "name", "webhook_id")


@router.post("/webhooks", response_model=WebhookSecret, status_code=201)
async def add_webhook(once: Once, request: Request, caller: Manager, body: WebhookBody) -> Response:
    """Add a webhook. The answer holds the secret that signs what is sent: it is shown only now."""
    _check_sites(caller, body.sites)
    url = _checked(request, body.url)
    secret = new_secret() if kind_of(url) == "http" else None

    async def work(transaction: Transaction) -> Response:
        count = await transaction.one(_SQL["count"])
        if count is not None and count["webhooks"] >= MOST_WEBHOOKS:
            raise Problem(409, f"there are {MOST_WEBHOOKS} webhooks already; remove one that nobody needs")
        values = {**body.model_dump(), "url": url, "secret": secret, "created_by": caller.name}
        row = await transaction.one(_SQL["insert"], values) or {}
        webhook = await _find(transaction, caller, row["webhook_id"])
        await audit(transaction, caller, "webhook.add", f"webhook/{webhook['webhook_id']}", after=webhook)
        return reply({**webhook, "secret": secret}, 201, {"Location": f"/api/v1/webhooks/{webhook['webhook_id']}"})

    return await once(caller, work, secrets=["secret"])


@router.get("/webhooks/{webhook_id}", response_model=WebhookRecord)
async def get_webhook(db: Db, caller: Manager, webhook_id: UUID) -> Response:
    """Return one webhook."""
    async with db.transaction() as transaction:
        webhook = await _find(transaction, caller, webhook_id)
    return versioned(webhook, _words(webhook))


@router.patch("/webhooks/{webhook_id}", response_model=WebhookSecret)
async def change_webhook(
    *, request: Request, db: Db, caller: Manager, webhook_id: UUID, body: WebhookChange, if_match: IfMatch = None
) -> Response:
    """Change a webhook; it is tried at once. A new URL gets a new secret, which is shown only now."""
    has_sites = "sites" in body.model_fields_set
    if has_sites:
        _check_sites(caller, body.sites)
    url = None if body.url is None else _checked(request, body.url)
    secret = new_secret() if url is not None and kind_of(url) == "http" else None
    async with db.transaction() as transaction:
        before = await _find(transaction, caller, webhook_id)
        check_unchanged("the webhook", _words(before), if_match)
        values = {**body.model_dump(), "url": url, "webhook_id": webhook_id, "secret": secret}
        await transaction.run(_SQL["change"], {**values, "has_sites": has_sites, "has_secret": url is not None})
        after = await _find(transaction, caller, webhook_id)
        await audit(transaction, caller, "webhook.change", f"webhook/{webhook_id}", before=before, after=after)
    return versioned({**after, "secret": secret}, _words(after))


@router.delete("/webhooks/{webhook_id}", status_code=204)
async def remove_webhook(db: Db, caller: Manager, webhook_id: UUID, if_match: IfMatch = None) -> Response:
    """Remove a webhook, and what waits for it."""
    async with db.transaction() as transaction:
        before = await _find(transaction, caller, webhook_id)
        check_unchanged("the webhook", _words(before), if_match)
        await transaction.run(_SQL["remove"], {"webhook_id": webhook_id})
        await audit(transaction, caller, "webhook.remove", f"webhook/{webhook_id}", before=before)
    return Response(status_code=204)


@router.post("/webhooks/{webhook_id}/test", response_model=DeliveryRecord, status_code=202)
async def test_webhook(once: Once, caller: Manager, webhook_id: UUID) -> Response:
    """Queue a message of topic `test`; its delivery shows whether it arrived."""

    async def work(transaction: Transaction) -> Response:
        await _find(transaction, caller, webhook_id)
        body = Jsonb({"message": "a test of this webhook", "asked_by": caller.name})
        told = await transaction.one(_SQL["tell_one"], {"webhook_id": webhook_id, "topic": "test", "body": body}) or {}
        await audit(transaction, caller, "webhook.test", f"webhook/{webhook_id}")
        return reply(await _delivery(transaction, webhook_id, told["delivery_id"]), 202)

    return await once(caller, work)


@router.get("/webhooks/{webhook_id}/deliveries", response_model=DeliveryPage)
async def list_deliveries(
    *,
    request: Request,
    db: Db,
    caller: Manager,
    webhook_id: UUID,
    state: State | None = None,
    site: Site | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List what was sent to a webhook, waits for it, or was given up (`state=dead`), newest first, by `queued_at`."""
    before_at, before_id = read_cursor(cursor, datetime, UUID)
    where = {"webhook_id": webhook_id, "state": state, "site": site, "since": since, "until": until}
    values = {**where, "before_at": before_at, "before_id": before_id}
    async with db.transaction() as transaction:
        await _find(transaction, caller, webhook_id)
        rows = await transaction.all(_SQL["deliveries"], {**values, "rows": limit + 1})
    return page(request, rows, limit, "queued_at", "delivery_id")


@router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}/again", response_model=DeliveryRecord)
async def send_again(once: Once, caller: Manager, webhook_id: UUID, delivery_id: UUID) -> Response:
    """Send a message once more, under the same id, with a day of attempts. One that waits is left as it is."""

    async def work(transaction: Transaction) -> Response:
        await _find(transaction, caller, webhook_id)
        before = await _delivery(transaction, webhook_id, delivery_id)
        if await transaction.run(_SQL["again"], {"webhook_id": webhook_id, "delivery_id": delivery_id}):
            change = {"before": {"state": before["state"]}, "after": {"state": "waiting"}}
            await audit(transaction, caller, "delivery.again", f"delivery/{delivery_id}", site=before["site"], **change)
        return reply(await _delivery(transaction, webhook_id, delivery_id))

    return await once(caller, work)


def _checked(request: Request, url: str) -> str:
    try:
        return check_url(url, is_private_allowed=request.app.state.private_webhooks)
    except ValueError as error:
        raise refused("url", str(error)) from None


def _check_sites(caller: Caller, sites: list[str] | None) -> None:
    if sites is None:
        caller.check_everywhere()
    for site in sites or ():
        caller.check(site)


async def _find(transaction: Transaction, caller: Caller, webhook_id: UUID) -> dict[str, Any]:
    """Return a webhook as it is shown. Raises Problem (404), also where it hears of sites that are not the caller's."""
    row = await transaction.one(_SQL["one"], {"webhook_id": webhook_id, "allowed": caller.listed})
    if row is None:
        raise not_found("webhook", webhook_id)
    return _shown(row)


async def _delivery(transaction: Transaction, webhook_id: UUID, delivery_id: UUID) -> dict[str, Any]:
    row = await transaction.one(_SQL["delivery"], {"webhook_id": webhook_id, "delivery_id": delivery_id})
    if row is None:
        raise not_found("delivery", delivery_id)
    return row


def _words(webhook: dict[str, Any]) -> dict[str, Any]:
    """Return what a caller says of a webhook; its counts move with every message."""
    return {name: value for name, value in webhook.items() if name not in ("failures", "waiting", "dead")}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "url": shown(row["url"])}
