"""What a count found, held against the record in the transaction that enters it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.inventory.epc import epc_candidates
from tagdock_cloud.inventory.record import all_recorded_forms
from tagdock_cloud.stockpolicy.counts.records import MOST_ITEMS, ResultBody
from tagdock_cloud.stockpolicy.counts.rules import (
    Difference,
    Item,
    compare,
    differences_of_epcs,
    differences_of_units,
    lines_of,
)
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem, refused

_SQL = load_queries("tagdock_cloud.stockpolicy.counts")
Row = dict[str, Any]
Places = dict[tuple[str, str], int]


async def take_count(transaction: Transaction, caller: Caller, count: Row, body: ResultBody, now: datetime) -> None:
    """Enter what was counted. Raises Problem: 409 where it cannot be told now, 422 naming the field."""
    _check(count, body, now)
    counted_at = body.counted_at or now
    values = {"count_id": count["count_id"], "site": count["site"], "counted_at": counted_at}
    rows = await transaction.all(_SQL["expected"], {**values, "most": MOST_ITEMS + 1})
    if len(rows) > MOST_ITEMS:
        raise Problem(409, f"more than {MOST_ITEMS:,} items should be there; count in parts, by bin or zone")
    expected, differences = await (_of_epcs if body.epcs is not None else _of_units)(
        transaction, count, body, rows, values
    )
    state = "differs" if differences else "settled"
    told = to_json(body).decode()
    await transaction.run(_SQL["report"], {**values, "state": state, "by": caller.id, "reported": told})
    listed = [{"number": number, **asdict(one)} for number, one in enumerate(differences, 1)]
    lines = [asdict(line) for line in lines_of(expected, differences)]
    await transaction.run(_SQL["write_lines"], {**values, "lines": to_json(lines).decode()})
    await transaction.run(_SQL["write_differences"], {**values, "differences": to_json(listed).decode()})
    why = f"A count of {scope_of(count)} differs in {len(listed)} places" if listed else ""
    await transaction.run(_SQL["task_done"], {**values, "by": caller.id, "why": why})
    await transaction.one(_SQL["tell"], values)


def scope_of(count: Row) -> str:
    """Say what a count is of."""
    return next(f"{name} {count[name]}" for name in ("bin", "zone", "sku") if count[name] is not None)


def _check(count: Row, body: ResultBody, now: datetime) -> None:
    if count["state"] != "asked":
        raise Problem(409, f"the count is {count['state']} already; ask for a new one")
    told = "epcs" if body.epcs is not None else "quantity"
    if told != count["method"]:
        wanted = "epcs" if count["method"] == "epcs" else "lines"
        raise refused(wanted, f"is missing: this count is by {count['method']}")
    if body.counted_at is not None and not count["asked_at"] <= body.counted_at <= now:
        raise refused("counted_at", "must lie between when the count was asked for and now")
    if count["bin"] is not None and any(line.bin not in (None, count["bin"]) for line in body.lines or ()):
        raise refused("lines", f"this count is of the bin {count['bin']!r} only")
    if count["sku"] is not None and any(line.sku != count["sku"] for line in body.lines or ()):
        raise refused("lines", f"this count is of the SKU {count['sku']!r} only")


async def _of_epcs(
    transaction: Transaction, count: Row, body: ResultBody, rows: list[Row], values: Row
) -> tuple[Places, list[Difference]]:
    moved = {row["epc"] for row in rows if row["has_moved"]}
    expected = {row["epc"]: _item(row, f"bin {row['bin']}" if row["bin"] else "no bin") for row in rows}
    seen = await _forms(transaction, body.epcs or [], set(expected))
    others = sorted(seen - set(expected))
    told = await transaction.all(_SQL["elsewhere"], {**values, "epcs": others})
    elsewhere = {row["epc"]: _item(row, row["where_"]) for row in told}
    moved |= {row["epc"] for row in told if row["has_moved"]}
    compared = compare(expected, seen, moved)
    places: Places = {}
    for epc in compared.found | compared.missing:
        place = expected[epc].bin, expected[epc].sku
        places[place] = places.get(place, 0) + expected[epc].units
    return places, differences_of_epcs(compared, expected, elsewhere, count["bin"] or "")


async def _forms(transaction: Transaction, epcs: list[str], expected: set[str]) -> set[str]:
    """Return each EPC that was read under the form that the record has it by. Raises Problem (422) on what is none."""
    asked = []
    for place, epc in enumerate(epcs):
        forms = epc_candidates(epc)
        if not forms:
            raise refused(
                f"epcs[{place}]", "must be an EPC: hex, urn:epc:id:..., urn:epc:tag:... or a GS1 Digital Link"
            )
        asked.append(forms)
    whole = await all_recorded_forms(transaction, asked)
    known = expected | {
        row["epc"]
        for row in await transaction.all(_KNOWN, {"forms": sorted({form for forms in whole for form in forms})})
    }
    return {next((form for form in forms if form in known), forms[0]) for forms in whole}


_KNOWN = load_queries("tagdock_cloud.inventory")["on_record"]


def _item(row: Row, where: str) -> Item:
    return Item(row["epc"], row["sku"], row["units"], row["bin"], where)


async def _of_units(
    transaction: Transaction, count: Row, body: ResultBody, rows: list[Row], values: Row
) -> tuple[Places, list[Difference]]:
    lines = body.lines or []
    by_bin = any(line.bin is not None for line in lines)
    expected: Places = {}
    for row in rows:
        if not row["has_moved"]:
            place = (row["bin"] if by_bin or count["bin"] else "", row["sku"])
            expected[place] = expected.get(place, 0) + row["units"]
    counted = {(line.bin or count["bin"] or "", line.sku): line.quantity for line in lines}
    return expected, differences_of_units(expected, counted)
