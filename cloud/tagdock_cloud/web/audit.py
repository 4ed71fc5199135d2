"""The audit: every change that a caller makes, in the transaction that makes it.

Source: the table `audit` only ever grows; the database refuses to change it, delete from it or empty it.
"""

import hashlib
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.request_id import REQUEST_ID

if TYPE_CHECKING:  # the command line writes audit entries too, and starts faster without FastAPI
    from tagdock_cloud.web.database import Transaction

MOST_BYTES = 256 * 1024
"""Of `before` or `after` as JSON; what is larger (a layout, a bulk import) is kept as its size and SHA-256."""

_SQL = load_queries("tagdock_cloud.web")


async def audit(
    transaction: "Transaction",
    caller: Caller,
    action: str,
    subject: str,
    *,
    site: str | None = None,
    before: Any = None,
    after: Any = None,
) -> None:
    """Record a change; it is there if and only if the change is.

    `action`: `subject.verb`, such as `plan.approve`. `subject`: what was changed, such as `plan/0198...`. `before` and
    `after`: anything that can be written as JSON; None where there was or is nothing. Never pass a secret.
    """
    await transaction.run(_SQL["audit"], audit_values(caller, action, subject, site=site, before=before, after=after))


def audit_values(
    caller: Caller, action: str, subject: str, *, site: str | None = None, before: Any = None, after: Any = None
) -> dict[str, Any]:
    """Return the values of the query `audit`, for those who have no `Transaction`."""
    return {
        "who": caller.name,
        "kind": caller.kind,
        "action": action,
        "subject": subject[:500],
        "site": site,
        "before": _bounded(before),
        "after": _bounded(after),
        "request_id": REQUEST_ID.get(),
    }


def _bounded(content: Any) -> str | None:
    if content is None:
        return None
    text = to_json(content)
    if len(text) > MOST_BYTES:
        text = to_json({"bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()})
    return text.decode()
