"""Orders and advance notices as they are entered: whole, and only what says something new."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_core import to_json

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.inventory.record import find_settled_forms
from tagdock_cloud.inventory.rules import Told, check_distinct
from tagdock_cloud.orders.records import OF_DELIVERY, Kind, OrderBody, OrderWords
from tagdock_cloud.orders.waiting import enter_waiting
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import refused

CALLED: dict[Kind, str] = {"outbound": "order", "inbound": "notice"}
"""What one of a kind is called in addresses and in the audit."""
_SQL = load_queries("tagdock_cloud.orders")
_LINE = {"epc", "sku", "quantity"}
Order = dict[str, Any]


async def enter_all(transaction: Transaction, caller: Caller, kind: Kind, bodies: Sequence[OrderBody]) -> int:
    """Enter orders, and return how many of them say something new. Raises Problem: 403, 422.

    Orders without a site wait for an allocation; a notice always has one.
    """
    for site in sorted({body.site for body in bodies if body.site is not None}):
        caller.check(site)
    if kind == "inbound":
        _check_notices(bodies)
    waiting = [(f"items[{place}].", body) for place, body in enumerate(bodies) if body.site is None]
    owned = [(f"items[{place}].", body) for place, body in enumerate(bodies) if body.site is not None]
    places = [place for place, _ in owned]
    orders = await _kept(transaction, [(body, {"site": body.site, "id": body.id}) for _, body in owned], places)
    await hold(transaction, kind, orders, [f"{place}site" for place in places])
    changed = await write(transaction, caller, kind, orders)
    return changed + await enter_waiting(transaction, caller, waiting)


def _check_notices(bodies: Sequence[OrderBody]) -> None:
    for place, body in enumerate(bodies):
        if body.site is None:
            raise refused(f"items[{place}].site", "is missing: a notice names the site that the goods come to")
        _check_notice(body, f"items[{place}].")


def _check_notice(words: OrderWords, place: str) -> None:
    for name in OF_DELIVERY:
        if getattr(words, name):
            raise refused(f"{place}{name}", "is said of orders: a notice tells what comes, not where to")


async def kept(transaction: Transaction, kind: Kind, site: str, id_: str, words: OrderWords) -> Order:
    """Return one order as it is kept. Raises Problem (422) naming the line at fault."""
    if kind == "inbound":
        _check_notice(words, "")
    (order,) = await _kept(transaction, [(words, {"site": site, "id": id_})], [""])
    return order


async def hold(transaction: Transaction, kind: Kind, orders: Sequence[Order], fields: Sequence[str]) -> None:
    """Hold the orders that are there already. Raises Problem (422) on a site that nobody knows, by its field."""
    values = {"kind": kind, "orders": to_json(orders).decode()}
    missing = await transaction.one(_SQL["sites_missing"], values)
    if missing:
        raise refused(fields[missing["place"]], f"there is no site {missing['site']!r}")
    await transaction.run(_SQL["lock"], values)


async def write(transaction: Transaction, caller: Caller, kind: Kind, orders: Sequence[Order]) -> int:
    """Enter orders that are held, and return how many of them say something new."""
    values = {"kind": kind, "by": caller.id, "orders": to_json(orders).decode()}
    known = await transaction.all(_SQL["whole"], values)
    changed = _changed(orders, known)
    if changed:
        await _enter(transaction, {**values, "orders": to_json(changed).decode()})
    for site in sorted({order["site"] for order in changed}):
        names = {order["id"] for order in changed if order["site"] == site}
        before, after = (
            [one for one in all_ if one["site"] == site and one["id"] in names] for all_ in (known, changed)
        )
        change = {"site": site, "before": before or None, "after": after}
        await audit(transaction, caller, f"{CALLED[kind]}.put", f"{CALLED[kind]}s", **change)
    return len(changed)


async def _enter(transaction: Transaction, values: dict[str, Any]) -> None:
    for query in ("upsert", "forget_lines", "add_lines", "lock_sessions", "sessions_follow"):
        await transaction.run(_SQL[query], values)


def _changed(orders: Sequence[Order], known: Sequence[Order]) -> list[Order]:
    there = {(order["site"], order["id"]): order for order in known}
    return [order for order in orders if there.get((order["site"], order["id"])) != order]


async def _kept(
    transaction: Transaction, told: Sequence[tuple[OrderWords, Order]], places: Sequence[str]
) -> list[Order]:
    """Return orders with each EPC in the one form under which it is kept."""
    asked: list[list[tuple[Told, str]]] = [
        [(line, f"{place}lines[{number}].") for number, line in enumerate(words.lines) if line.epc is not None]
        for (words, _), place in zip(told, places, strict=True)
    ]
    forms = iter(await find_settled_forms(transaction, [one for of_order in asked for one in of_order]))
    kept = []
    for (words, name), of_order in zip(told, asked, strict=True):
        own = [next(forms) for _ in of_order]
        check_distinct(own, [where for _, where in of_order])
        told_of_it = words.model_dump(exclude={"lines", "site", "id", "may_split"})
        kept.append({**name, **told_of_it, "lines": list(_lines(words, own))})
    return kept


def _lines(words: OrderWords, forms: Iterable[str]) -> Iterable[dict[str, Any]]:
    """Write the lines as they are kept; `forms`: of those that name an EPC, in their order."""
    left = iter(forms)
    for line in words.lines:
        yield {**line.model_dump(include=_LINE), **({} if line.epc is None else {"epc": next(left)})}
