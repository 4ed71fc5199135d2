"""The record of movements and the items that follow from it, as they are asked for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tagdock_contract import Direction

from tagdock_cloud.inventory.epc import RAW
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Database

_SQL = load_queries("tagdock_cloud.inventory")


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementFilter:
    """Which movements are asked for; None: all. `sites`: those that the caller may see.

    The period is half open: since <= observed_at < until.
    """

    sites: list[str] | None
    site: str | None = None
    door: str | None = None
    bin: str | None = None
    direction: Direction | None = None
    sku: str | None = None
    epcs: list[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


async def recorded_forms(db: Database, forms: Sequence[str]) -> list[str]:
    """Add to bits that say nothing by themselves what gateways called the tags that held them."""
    if not forms or not forms[0].startswith(RAW):
        return list(forms)
    named = await db.all(_SQL["named_by_bits"], {"epc_hex": forms[0].rpartition("x")[2].upper()})
    return list(dict.fromkeys((*forms, *(row["epc"] for row in named))))


async def find_movements(
    db: Database, wanted: MovementFilter, rows: int, before: tuple[datetime | None, UUID | None] = (None, None)
) -> list[dict[str, Any]]:
    """Return the newest movements before a key, newest first."""
    return await db.all(
        _SQL["movements"], {**asdict(wanted), "rows": rows, "before_at": before[0], "before_id": before[1]}
    )


async def find_item(db: Database, sites: list[str] | None, epcs: list[str]) -> dict[str, Any] | None:
    """Return where an item is, by any form of its EPC; None where nobody knows it, or only other sites."""
    return await db.one(_SQL["where_is"], {"sites": sites, "epcs": epcs})


async def find_items(
    db: Database,
    sites: list[str] | None,
    *,
    rows: int,
    after: str | None = None,
    site: str | None = None,
    sku: str | None = None,
    state: str | None = None,
    bin_: str | None = None,
) -> list[dict[str, Any]]:
    """Return items of the given sites (None: all) by EPC, after a key."""
    values = {"after": after, "sites": sites, "site": site, "sku": sku, "state": state, "bin": bin_, "rows": rows}
    return await db.all(_SQL["items"], values)
