"""Orders that no site ships yet: they wait until an allocation gives them to a site."""

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_json

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.orders.records import OrderBody
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem, not_found, refused

_SQL = load_queries("tagdock_cloud.orders", "waiting.sql")
_LEFT_OUT: Any = {"site": True, "door": True, "lines": {"__all__": {"epc", "plus", "company_prefix_digits"}}}


async def enter_waiting(transaction: Transaction, caller: Caller, told: Sequence[tuple[str, OrderBody]]) -> int:
    """Enter orders without a site, each with the place of its fields; return how many of them say something new.

    Raises Problem: 403 for who is at home at some sites only, 422 where an order was given to a site already.
    """
    if not told:
        return 0
    caller.check_everywhere()
    orders: list[dict[str, Any]] = [body.model_dump(exclude=_LEFT_OUT) for _, body in told]
    known = {row["id"]: row for row in await transaction.all(_SQL["held"], {"ids": [order["id"] for order in orders]})}
    for (place, body), order in zip(told, orders, strict=True):
        if known.get(order["id"], {}).get("is_allocated"):
            raise refused(f"{place}id", f"order {body.id} was given to its sites; change it there")
    changed = [order for order in orders if {**order, "is_allocated": False} != known.get(order["id"])]
    if changed:
        await transaction.run(_SQL["upsert"], {"orders": to_json(changed).decode(), "by": caller.id})
        before = [known[order["id"]] for order in changed if order["id"] in known]
        await audit(transaction, caller, "order.wait", "waiting-orders", before=before or None, after=changed)
    return len(changed)


async def cancel_one(transaction: Transaction, caller: Caller, id_: str) -> dict[str, Any]:
    """Cancel an order that waits. Raises Problem: 403, 404, or 409 where it was given to its sites."""
    caller.check_everywhere()
    values = {"ids": [id_], "id": id_, "by": caller.id}
    await transaction.all(_SQL["held"], values)
    before = await transaction.one(_SQL["one"], values)
    if before is None:
        raise not_found("order that waits", id_)
    if before["state"] == "allocated":
        raise Problem(409, f"order {id_} was given to its sites; cancel it there")
    if before["state"] == "waiting":
        await transaction.run(_SQL["cancel"], values)
        states: Any = {"before": {"state": "waiting"}, "after": {"state": "cancelled"}}
        await audit(transaction, caller, "order.cancel", f"waiting-order/{id_}", **states)
    return await transaction.one(_SQL["one"], values) or before
