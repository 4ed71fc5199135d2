"""Named queries, and subscriptions to them."""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.epcis.document import NoDocumentError, read_json
from tagdock_cloud.epcis.formats import read_time
from tagdock_cloud.epcis.paging import NextPage, PerPage, link, next_link, read_page, read_token
from tagdock_cloud.epcis.routes_events import events_answer, question_of
from tagdock_cloud.epcis.schedule import next_after, read_schedule
from tagdock_cloud.epcis.talk import ROOT, Format, Viewing, answer, negotiate, read_body, trouble
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator, Manager, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.parameters import ReadsAll
from tagdock_cloud.webhooks.signing import PREFIX
from tagdock_cloud.webhooks.targets import check_url, kind_of, shown

MOST_SUBSCRIPTIONS: Final = 100
"""Of one query."""
_SQL = load_queries("tagdock_cloud.epcis")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_FIELDS = frozenset({"dest", "signatureToken", "stream", "schedule", "reportIfEmpty", "initialRecordTime"})
Name = Annotated[str, Path(max_length=100)]

router = APIRouter(prefix=ROOT, tags=["epcis"], include_in_schema=False, dependencies=[Depends(negotiate)])


@router.get("/queries")
async def list_queries(
    request: Request, db: Db, _: Viewer, per_page: PerPage = "30", token: NextPage = None
) -> Response:
    """List the named queries."""
    rows, _first = read_page(per_page, None)
    (after,) = read_token(token, str)
    found = await db.all(_SQL["queries"], {"after": after, "rows": rows + 1})
    headers = next_link(request, found, rows, "name")
    return answer(request, [{"name": row["name"], "query": row["query"]} for row in found[:rows]], headers=headers)


@router.post("/queries")
async def add_query(request: Request, db: Db, caller: Integrator) -> Response:
    """Name a query."""
    body = await _object(request)
    name, query = body.get("name"), body.get("query")
    if (
        not isinstance(name, str)
        or not 1 <= len(name) <= 100
        or not all(c.isascii() and (c.isalnum() or c in "._-") for c in name)
    ):
        raise trouble(400, "ValidationException", "name: must be 1 to 100 letters, digits, dots, dashes or underscores")
    if not isinstance(query, dict):
        raise trouble(400, "ValidationException", "query: must be an object of parameters")
    question_of(query)
    async with db.transaction() as transaction:
        values = {"name": name, "query": to_json(query).decode(), "created_by": caller.id}
        if await transaction.run(_SQL["query_add"], values) == 0:
            raise trouble(409, "ResourceAlreadyExistsException", f"there is a query {name!r} already")
        await audit(transaction, caller, "epcis.query.add", f"epcis-query/{name}", after=query)
    return answer(request, {"name": name, "query": query}, 201, {"Location": f"{ROOT}/queries/{name}"})


@router.get("/queries/{name}")
async def show_query(request: Request, db: Db, _: Viewer, name: Name) -> Response:
    """Show a named query."""
    row = await _query(db, name)
    return answer(request, {"name": name, "query": row["query"]})


@router.delete("/queries/{name}")
async def remove_query(request: Request, db: Db, caller: Manager, name: Name) -> Response:
    """Forget a named query and its subscriptions."""
    caller.check_everywhere()
    async with db.transaction() as transaction:
        row = await transaction.one(_SQL["query_find"], {"name": name})
        if row is None:
            raise _no_query(name)
        webhooks = [row["webhook_id"] for row in await transaction.all(_SQL["webhooks_of_query"], {"name": name})]
        await transaction.run(_SQL["query_remove"], {"name": name})
        await transaction.run(_SQL["webhooks_remove"], {"webhook_ids": webhooks})
        await audit(transaction, caller, "epcis.query.remove", f"epcis-query/{name}", before=row["query"])
    return Response(status_code=204)


@router.get("/queries/{name}/events", dependencies=[Depends(ReadsAll())])
async def list_query_events(asked: Viewing, name: Name) -> Response:
    """Answer a named query."""
    row = await _query(asked.db, name)
    return await events_answer(asked, row["query"], name)


@router.get("/queries/{name}/subscriptions")
async def list_subscriptions(
    request: Request, db: Db, caller: Viewer, name: Name, *, per_page: PerPage = "30", token: NextPage = None
) -> Response:
    """List the subscriptions to a query, oldest first."""
    await _query(db, name)
    rows, after = read_page(per_page, token, UUID)
    values = {**_whose(caller, name), "rows": rows + 1, "after_at": after[0], "after_id": after[1]}
    found = await db.all(_SQL["subscriptions"], values)
    headers = (
        link(request, [found[rows - 1][key] for key in ("created_at", "subscription_id")]) if len(found) > rows else {}
    )
    return answer(request, [_shown(row) for row in found[:rows]], headers=headers)


@router.post("/queries/{name}/subscriptions")
async def subscribe(request: Request, db: Db, caller: Manager, epc_format: Format, name: Name) -> Response:
    """Send what newly answers a query to an address, as a stream or at set times."""
    body = await _object(request)
    values = _subscription(body, is_private_allowed=bool(request.app.state.private_webhooks))
    async with db.transaction() as transaction:
        if await transaction.one(_SQL["query_find"], {"name": name}) is None:
            raise _no_query(name)
        if len(await transaction.all(_SQL["webhooks_of_query"], {"name": name})) >= MOST_SUBSCRIPTIONS:
            raise _refused(f"the query {name!r} has {MOST_SUBSCRIPTIONS} subscriptions already")
        values |= {"name": name, "epc_format": epc_format, "sites": caller.listed, "created_by": caller.id}
        hook = await transaction.one(_SQL["webhook_add"], {**values, "name": f"EPCIS query {name}"[:100]})
        row = await transaction.one(_SQL["subscription_add"], {**values, **(hook or {}), "dest": shown(values["url"])})
        subscription = (row or {})["subscription_id"]
        subject = f"epcis-subscription/{subscription}"
        told = {"query": name, "dest": shown(values["url"]), "schedule": body.get("schedule")}
        await audit(transaction, caller, "epcis.subscribe", subject, after=told)
        found = await _found(transaction, caller, name, subscription)
    location = f"{ROOT}/queries/{name}/subscriptions/{subscription}"
    return answer(request, _shown(found), 201, {"Location": location})


@router.get("/queries/{name}/subscriptions/{subscription_id}")
async def show_subscription(request: Request, db: Db, caller: Viewer, name: Name, subscription_id: str) -> Response:
    """Show a subscription."""
    async with db.transaction() as transaction:
        row = await _found(transaction, caller, name, _uuid(subscription_id))
    return answer(request, _shown(row))


@router.delete("/queries/{name}/subscriptions/{subscription_id}")
async def unsubscribe(db: Db, caller: Manager, name: Name, subscription_id: str) -> Response:
    """End a subscription; what still waits to be sent is forgotten."""
    async with db.transaction() as transaction:
        row = await _found(transaction, caller, name, _uuid(subscription_id))
        await transaction.run(_SQL["subscription_remove"], {"subscription_id": row["subscription_id"]})
        await transaction.run(_SQL["webhooks_remove"], {"webhook_ids": [row["webhook_id"]]})
        subject = f"epcis-subscription/{row['subscription_id']}"
        await audit(transaction, caller, "epcis.unsubscribe", subject, before={"query": name, "dest": row["dest"]})
    return Response(status_code=204)


@router.delete("/nextPageToken/{token}")
async def forget_token(_: Viewer, token: str) -> Response:
    """Give up the pages that follow. A token is a place in the order; nothing is held for it."""
    del token
    return Response(status_code=204)


async def _object(request: Request) -> dict[str, Any]:
    try:
        body = read_json(await read_body(request))
    except NoDocumentError as error:
        raise trouble(400, "ValidationException", str(error), errors=error.faults) from None
    if not isinstance(body, dict):
        raise trouble(400, "ValidationException", "body: must be an object")
    return body


async def _query(db: Database, name: str) -> Mapping[str, Any]:
    row = await db.one(_SQL["query_find"], {"name": name.replace("\x00", "")})
    if row is None:
        raise _no_query(name)
    return row


async def _found(transaction: Transaction, caller: Caller, name: str, subscription: UUID) -> Mapping[str, Any]:
    values = {**_whose(caller, name), "subscription_id": subscription, "rows": 1}
    row = await transaction.one(_SQL["subscriptions"], values)
    if row is None:
        raise trouble(404, "NoSuchResourceException", f"there is no subscription {subscription} to {name[:100]!r}")
    return row


def _whose(caller: Caller, name: str) -> dict[str, Any]:
    """Who is limited to sites sees their own subscriptions."""
    by = None if caller.sites is None else caller.id
    return {
        "name": name.replace("\x00", ""),
        "created_by": by,
        "subscription_id": None,
        "after_at": None,
        "after_id": None,
    }


def _subscription(body: Mapping[str, Any], *, is_private_allowed: bool) -> dict[str, Any]:
    """Check what a subscription asks for, and return it as the database takes it."""
    for field in body.keys() - _FIELDS:
        raise _refused(f"{field[:100]}: is no known field")
    url, token = body.get("dest"), body.get("signatureToken")
    if not isinstance(url, str):
        raise _refused("dest: is missing")
    try:
        if kind_of(check_url(url, is_private_allowed=is_private_allowed)) != "http":
            raise ValueError("must begin with https://")
    except ValueError as error:
        raise _refused(f"dest: {error}") from None
    if not isinstance(token, str) or not 16 <= len(token) <= 200:
        raise _refused(
            "signatureToken: must be a secret of yours with 16 to 200 characters; what is sent is signed with it"
        )
    at = body.get("initialRecordTime")
    if at is not None and read_time(at) is None:
        raise _refused("initialRecordTime: must be a time as in 2026-01-05T08:00:00.000Z")
    return {
        "url": url,
        "secret": PREFIX + base64.b64encode(token.encode()).decode(),
        "report_if_empty": body.get("reportIfEmpty") is True,
        "after_at": read_time(at),
        **_times(body),
    }


def _times(body: Mapping[str, Any]) -> dict[str, Any]:
    schedule = body.get("schedule")
    if schedule is None:
        if body.get("stream") is not True:
            raise _refused("stream: must be true where there is no schedule")
        return {"schedule": None, "next_at": None}
    if body.get("stream"):
        raise _refused("schedule: goes not together with stream")
    if not isinstance(schedule, dict) or not all(isinstance(value, str) for value in schedule.values()):
        raise _refused("schedule: must be an object of texts")
    try:
        next_at = next_after(read_schedule(schedule), datetime.now(UTC))
    except ValueError as error:
        raise _refused(str(error)) from None
    if next_at is None:
        raise _refused("schedule: is never due")
    return {"schedule": to_json(schedule).decode(), "next_at": next_at}


def _refused(reason: str) -> Exception:
    return trouble(400, "SubscriptionControlsException", reason)


def _no_query(name: str) -> Exception:
    return trouble(404, "NoSuchNameException", f"there is no query {name[:100]!r}")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """Write a subscription without its secrets."""
    told = {
        "subscriptionID": str(row["subscription_id"]), "dest": row["dest"], "createdAt": row["created_at"],
        "epcFormat": row["epc_format"], "minRecordTime": row["after_at"],
    }  # fmt: skip
    if row["notified_at"] is not None:
        told["lastNotifiedAt"] = row["notified_at"]
    if row["schedule"] is None:
        return {**told, "stream": True}
    return {**told, "schedule": row["schedule"], "reportIfEmpty": row["report_if_empty"]}
