"""Goods as somebody typed or scanned them into a form: a name or a barcode a line, how many after it."""

from tagdock_cloud.console.tallies import tally
from tagdock_cloud.inventory.epc import epc_candidates
from tagdock_cloud.inventory.scans import read_scan
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import refused

MOST_CHARACTERS = 100_000
"""Of what was scanned: two hundred lines with room to spare."""
_TASKS = load_queries("tagdock_cloud.console", "tasks.sql")


async def sku_of(transaction: Transaction, text: str) -> str:
    """Return the goods that a scan means. Raises Problem (422) where there are none."""
    asked: dict[str, object] = {"text": text, "gtin": read_scan(text).gtin, "epcs": []}
    row = await transaction.one(_TASKS["sku_of"], asked)
    if row is None:
        raise refused("items", f"{text[:100]}: no goods go by this")
    return str(row["sku"])


def tallied(text: str) -> list[tuple[str, int]]:
    """Return scans with their units. Raises Problem (422) for a number that follows no scan."""
    try:
        return tally(text)
    except ValueError as error:
        raise refused("items", str(error)) from None


def tag_of(text: str) -> str | None:
    """Return the tag that a scan is of; None where it is a name or barcode of goods."""
    named = read_scan(text).link or text
    return named if epc_candidates(named) else None
