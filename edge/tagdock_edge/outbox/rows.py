"""Events as rows: what is stored of each, and what may go first when there is no room; pure."""

import logging
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tagdock_contract import BinReading, ContractError, Event, Movement, encode

from tagdock_edge.clock import to_us

log = logging.getLogger(__name__)

Kind = Literal["bin_reading", "pass", "reader_event"]
EXPENDABLE: tuple[Kind, ...] = ("bin_reading", "pass", "reader_event")
"""What may go, and in which order; its index is the row's rank. An in, out or uncertain movement never goes."""
PRECIOUS = len(EXPENDABLE)


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch as it lies in the outbox: `bodies` are the events' JSON in their order."""

    seq: int
    bodies: tuple[bytes, ...]
    refused: str | None = None


class Row(NamedTuple):
    """One event; `series` tells the readings of one bin's one quantity from the others."""

    event_id: bytes
    rank: int
    series: str | None
    observed_us: int
    body: bytes


def row_of(event: Event) -> Row | None:
    """Make an event's row; one that breaks the contract would be refused with its whole batch, so it is left out."""
    try:
        body = encode(event)
    except ContractError as error:
        log.error("an event was left out, please report this: %s (%r)", error, event)
        return None
    series = f"{event.bin}|{event.quantity}" if isinstance(event, BinReading) else None
    return Row(event.event_id.bytes, _rank(event), series, to_us(event.observed_at), body)


def printable(text: str) -> str:
    """Make text from outside fit for a terminal and a log."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _rank(event: Event) -> int:
    if isinstance(event, BinReading):
        return EXPENDABLE.index("bin_reading")
    if isinstance(event, Movement):
        return EXPENDABLE.index("pass") if event.direction == "pass" else PRECIOUS
    return EXPENDABLE.index("reader_event")
