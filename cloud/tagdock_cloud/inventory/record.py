"""The record of movements and the items that follow from it, as they are asked for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tagdock_cloud.inventory.epc import RAW, epc_candidates
from tagdock_cloud.inventory.newest import newest_of_item, newest_of_sites
from tagdock_cloud.inventory.records import SettledDirection
from tagdock_cloud.inventory.rules import Told, settled_form, told_form
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Database, Transaction

_SQL = load_queries("tagdock_cloud.inventory")


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementFilter:
    """Which movements are asked for; None: all. `sites`: those that the caller may see.

    Door and direction are those that count now, whatever was reported; the period is half open: since <= at < until.
    """

    sites: list[str] | None
    site: str | None = None
    door: str | None = None
    bin: str | None = None
    zone: str | None = None
    direction: SettledDirection | None = None
    sku: str | None = None
    epcs: list[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


async def recorded_forms(db: Database | Transaction, forms: Sequence[str]) -> list[str]:
    """Add to bits that say nothing by themselves what gateways called the tags that held them."""
    (whole,) = await all_recorded_forms(db, [forms])
    return whole


async def all_recorded_forms(db: Database | Transaction, asked: Sequence[Sequence[str]]) -> list[list[str]]:
    """Do the same for many EPCs at once."""
    bits = [forms[0].rpartition("x")[2].upper() if forms and forms[0].startswith(RAW) else None for forms in asked]
    named: dict[str, list[str]] = {}
    if any(bits):
        since = await db.one(_SQL["bits_listed"])
        values = {**(since or {}), "epc_hexes": [epc_hex for epc_hex in bits if epc_hex]}
        for row in await db.all(_SQL["named_by_bits"], values):
            named.setdefault(row["epc_hex"], []).append(row["epc"])
    return [
        list(dict.fromkeys((*forms, *named.get(epc_hex or "", ())))) for forms, epc_hex in zip(asked, bits, strict=True)
    ]


async def find_where(
    db: Database, sites: list[str] | None, asked: Sequence[Sequence[str]]
) -> list[dict[str, Any] | None]:
    """Return where each of many items is, None where nobody knows it; of several the one that moved last."""
    whole = await all_recorded_forms(db, asked)
    pairs = [(place, form) for place, forms in enumerate(whole) for form in forms]
    values = {"places": [place for place, _ in pairs], "forms": [form for _, form in pairs], "sites": sites}
    found = {row.pop("place"): row for row in await db.all(_SQL["where_are"], values)}
    return [found.get(place) for place in range(len(asked))]


async def find_settled_forms(transaction: Transaction, asked: Sequence[tuple[Told, str]]) -> list[str]:
    """Return the form under which each EPC of a body is kept; each comes with what its fields begin with.

    Raises Problem (422) naming the first that does not fit or that nobody can tell.
    """
    told = [told_form(one, where) for one, where in asked]
    open_ = [() if form else epc_candidates(one.epc or "") for (one, _), form in zip(asked, told, strict=True)]
    kept = await _kept_forms(transaction, open_)
    rows = zip(asked, told, kept, strict=True)
    return [settled_form(one, form, recorded, where) for (one, where), form, recorded in rows]


async def _kept_forms(transaction: Transaction, forms: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return under which of its forms each EPC is on record."""
    whole = await all_recorded_forms(transaction, forms)
    asked = {form for candidates in whole for form in candidates}
    kept = (
        {row["epc"] for row in await transaction.all(_SQL["on_record"], {"forms": sorted(asked)})} if asked else set()
    )
    return [[form for form in candidates if form in kept] for candidates in whole]


async def find_movements(
    db: Database, wanted: MovementFilter, rows: int, before: tuple[datetime | None, UUID | None] = (None, None)
) -> list[dict[str, Any]]:
    """Return the newest movements before a key, newest first."""
    values = {**asdict(wanted), "before_at": before[0], "before_id": before[1]}
    if wanted.epcs is not None:
        return await newest_of_item(db, _SQL["movements_of_item"], values, rows)
    return await newest_of_sites(db, _SQL["movements"], values, rows)


async def find_item(db: Database | Transaction, sites: list[str] | None, epcs: list[str]) -> dict[str, Any] | None:
    """Return where an item is, by any form of its EPC; None where nobody knows it, or only other sites."""
    return await db.one(_SQL["where_is"], {"sites": sites, "epcs": epcs})


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilter:
    """Which items are asked for; None: all. `sites`: those that the caller may see."""

    sites: list[str] | None
    site: str | None = None
    sku: str | None = None
    state: str | None = None
    door: str | None = None
    bin: str | None = None
    zone: str | None = None
    known: bool | None = None


async def find_items(db: Database, wanted: ItemFilter, rows: int, after: str | None = None) -> list[dict[str, Any]]:
    """Return items by EPC, after a key."""
    return await db.all(_SQL["items"], {**asdict(wanted), "after": after, "rows": rows})
