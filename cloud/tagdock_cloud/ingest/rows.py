"""Events as rows of the three staging tables, in the columns' order. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

import msgspec
from tagdock_contract import BinReading, Movement, ReaderEvent

from tagdock_cloud.ingest.admit import Accepted
from tagdock_cloud.inventory.epc import gtin14

Row = tuple[Any, ...]
_by_epc = itemgetter(4)
_evidence_of = itemgetter(11)
_STEPS = ("in", "out")
_encode_json = msgspec.json.Encoder().encode

MOVEMENT_TYPES = (
    "text", "timestamptz", "text", "text", "text", "text", "text", "text", "text", "text", "float4", "text", "bool"
)  # fmt: skip
BIN_READING_TYPES = ("text", "timestamptz", "uuid", "text", "text", "text", "float8", "text")
READER_EVENT_TYPES = ("text", "timestamptz", "uuid", "text", "text", "int4", "text", "text")


NARROW_EVIDENCE_BYTES = 5_000
"""Evidence up to here fits a page of 8 KiB beside all else that a movement says: 900 bytes, and its SKU."""
_MOST_BYTES = 4
"""Bytes of a character in UTF-8."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a group of batches, by table."""

    movements: list[Row] = field(default_factory=list)
    bin_readings: list[Row] = field(default_factory=list)
    reader_events: list[Row] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.movements) + len(self.bin_readings) + len(self.reader_events)


def rows_of(group: Iterable[Accepted]) -> Rows:
    """Sort a group's events into rows, movements by EPC: items and indexes are then met in their order.

    A movement's last column tells whether it is a step: in or out, and the only one of its item in the group.
    """
    rows = Rows()
    for accepted in group:
        gateway = accepted.address.gateway
        for event in accepted.batch.events:
            if isinstance(event, Movement):
                rows.movements.append(_movement(event, gateway))
            elif isinstance(event, BinReading):
                rows.bin_readings.append(_bin_reading(event, gateway))
            else:
                rows.reader_events.append(_reader_event(event, gateway))
    rows.movements.sort(key=_by_epc)
    if len({row[4] for row in rows.movements}) < len(rows.movements):
        _unmark_repeated(rows.movements)
    return rows


def all_step(movements: Iterable[Row]) -> bool:
    """Tell whether each of these rows is a step."""
    return all(row[-1] for row in movements)


def are_narrow(movements: Iterable[Row]) -> bool:
    """Tell whether each of these rows fits a page of the database with what is looked up beside it."""
    said = [_evidence_of(row) for row in movements]
    if _MOST_BYTES * max(map(len, said), default=0) <= NARROW_EVIDENCE_BYTES:
        return True
    return all(len(one.encode()) <= NARROW_EVIDENCE_BYTES for one in said)


def _unmark_repeated(movements: list[Row]) -> None:
    """Mark rows as no steps whose EPC another row has, too; they are sorted by EPC."""
    for at in range(1, len(movements)):
        if movements[at - 1][4] == movements[at][4]:
            movements[at - 1] = (*movements[at - 1][:-1], False)
            movements[at] = (*movements[at][:-1], False)


def without_doubles(rows: Iterable[Row]) -> list[Row]:
    """Leave out all but one of the rows with the same key (site, observed_at, event_id)."""
    return list({row[:3]: row for row in rows}.values())


def months_of(group: Iterable[Accepted]) -> Iterator[tuple[int, int]]:
    """Yield year and month (UTC) of every event, for the partitions that must exist."""
    times = [event.observed_at for accepted in group for event in accepted.batch.events]
    first, last = min(times), max(times)
    if (first.year, first.month) == (last.year, last.month):
        yield first.year, first.month
    else:
        yield from ((at.year, at.month) for at in times)


def oldest_sent_at(group: Iterable[Accepted]) -> datetime:
    """Return when the group's oldest batch was sent, by its gateway's clock."""
    return min(accepted.batch.sent_at for accepted in group)


def _gtin(epc: str) -> str | None:
    """Return the GTIN in an EPC; serials of one kind of goods are told apart once only."""
    if epc.startswith("urn:epc:id:sgtin:"):
        return _gtin_of_class(epc.rpartition(".")[0])
    return gtin14(epc)


@lru_cache(maxsize=50_000)
def _gtin_of_class(head: str) -> str | None:
    return gtin14(f"{head}.0")


def _movement(event: Movement, gateway: str) -> Row:
    return (
        event.site, event.observed_at, str(event.event_id), gateway, event.epc, event.epc_hex, _gtin(event.epc),
        event.door, event.bin, event.direction, event.confidence, _said(event.evidence), event.direction in _STEPS,
    )  # fmt: skip


def _said(evidence: dict[str, Any] | msgspec.Raw) -> str:
    """Write evidence as JSON; what was decoded quickly still is."""
    return str(evidence, "utf-8") if isinstance(evidence, msgspec.Raw) else _encode_json(evidence).decode()


def _bin_reading(event: BinReading, gateway: str) -> Row:
    key = (event.site, event.observed_at, event.event_id, gateway)
    return (*key, event.bin, event.quantity, event.value, event.quality)


def _reader_event(event: ReaderEvent, gateway: str) -> Row:
    key = (event.site, event.observed_at, event.event_id, gateway)
    return (*key, event.reader, event.antenna, event.state, event.detail)
