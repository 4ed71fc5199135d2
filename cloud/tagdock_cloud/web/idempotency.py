"""`Idempotency-Key`: the same POST sent twice does its work once and gets the same answer.

The key is taken in the transaction that does the work, so a second request waits for the first one's commit and then
finds its answer; where the first one failed, the key is free again.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Header, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.store.pool import Jsonb
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Database, Transaction
from tagdock_cloud.web.problems import Problem

_SQL = load_queries("tagdock_cloud.web")
_REPEATED_HEADERS = ("location", "content-type")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="Any text of the caller's; the same request with the same key is done once (kept 24 hours).",
    ),
]


async def once(
    db: Database, request: Request, caller: Caller, key: str | None, work: Callable[[Transaction], Awaitable[Response]]
) -> Response:
    """Do the work in one transaction, or repeat the answer that the same request got before.

    Raises Problem (422) where another request used the key.
    """
    async with db.transaction() as transaction:
        if key is None:
            return await work(transaction)
        digest = hashlib.sha256(b"\0".join((request.method.encode(), request.url.path.encode(), await request.body())))
        values = {"caller": caller.id, "key": key, "request_hash": digest.digest()}
        await transaction.run(_SQL["forget_old"])
        if await transaction.run(_SQL["take"], values) == 0:
            return _repeat(await transaction.one(_SQL["answer"], values), digest.digest())
        response = await work(transaction)
        headers = {name: response.headers[name] for name in _REPEATED_HEADERS if name in response.headers}
        answer = {"status": response.status_code, "headers": Jsonb(headers), "body": bytes(response.body)}
        await transaction.run(_SQL["keep"], {**values, **answer})
        return response


def _repeat(row: dict[str, object] | None, digest: bytes) -> Response:
    if row is None or row["request_hash"] != digest:
        raise Problem(422, "Idempotency-Key: another request was sent with this key; take a new one")
    return Response(row["body"], row["status"], row["headers"])  # type: ignore[arg-type]
