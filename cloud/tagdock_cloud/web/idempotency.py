"""`Idempotency-Key`: the same POST sent twice does its work once and gets the same answer.

The key is taken in the transaction that does the work, so a second request waits for the first one's commit and then
finds its answer; where the first one failed, the key is free again.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.store.pool import Jsonb
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.problems import Problem

_SQL = load_queries("tagdock_cloud.web")
_REPEATED_HEADERS = ("location", "content-type")

_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="Any text of the caller's; the same request with the same key is done once (kept 24 hours).",
    ),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, with which key, and a hash of all that is asked: another request does not get its answer."""

    caller: str
    key: str
    request_hash: bytes


async def answer_once(
    transaction: Transaction,
    asked: Asked,
    work: Callable[[Transaction], Awaitable[Response]],
    secrets: Sequence[str] = (),
) -> Response:
    """Do the work and keep its answer, or give the one that the same request got. Raises Problem (422)."""
    values = {"caller": asked.caller, "key": asked.key, "request_hash": asked.request_hash}
    await transaction.run(_SQL["forget_old"])
    if await transaction.run(_SQL["take"], values) == 0:
        return _repeat(await transaction.one(_SQL["answer"], values), asked.request_hash)
    response = await work(transaction)
    headers = {name: response.headers[name] for name in _REPEATED_HEADERS if name in response.headers}
    answer = {"status": response.status_code, "headers": Jsonb(headers), "body": _kept(response, secrets)}
    await transaction.run(_SQL["keep"], {**values, **answer})
    return response


@dataclass(frozen=True, slots=True)
class _Once:
    """One request that changes something, and the key that it came with."""

    request: Request
    db: Db
    key: _Key = None

    async def __call__(
        self, caller: Caller, work: Callable[[Transaction], Awaitable[Response]], *, secrets: Sequence[str] = ()
    ) -> Response:
        """Do the work in one transaction, or repeat the answer that the same request got before.

        `secrets`: fields of the answer that are shown once and kept nowhere; they are null where it is repeated.

        Raises Problem (422) where another request used the key.
        """
        async with self.db.transaction() as transaction:
            if self.key is None:
                return await work(transaction)
            asked = Asked(caller.id, self.key, await self._digest())
            return await answer_once(transaction, asked, work, secrets)

    async def _digest(self) -> bytes:
        asked = (self.request.method.encode(), self.request.url.path.encode(), await self.request.body())
        return hashlib.sha256(b"\0".join(asked)).digest()


Once = Annotated[_Once, Depends()]
"""What a changing route does its work with: `await once(caller, work)`."""


def _kept(response: Response, secrets: Sequence[str]) -> bytes:
    body = bytes(response.body)
    return to_json({**json.loads(body), **dict.fromkeys(secrets)}) if secrets else body


def _repeat(row: dict[str, object] | None, digest: bytes) -> Response:
    if row is None or row["request_hash"] != digest:
        raise Problem(422, "Idempotency-Key: another request was sent with this key; take a new one")
    return Response(row["body"], row["status"], row["headers"])  # type: ignore[arg-type]
