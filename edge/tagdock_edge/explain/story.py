"""Find a movement again by its id, and gather what it rests on.

Event ids say which passage or change it was (gateway, tag, the read that began it), so the same reads through the same
configuration give the movement again. The id's first 48 bits are the millisecond of that read.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from tagdock_contract import Evidence, Movement, Record, Side, TagRead, read_evidence
from tagdock_contract.ids import uuid7_ms

from tagdock_edge.clock import SECOND_US, from_us, to_us
from tagdock_edge.config import GatewayConfig
from tagdock_edge.errors import ExplainError
from tagdock_edge.pipeline import replay

MATES_US = 3 * SECOND_US
"""Tags that were at the same place within this time of the one in question may have been on its load."""
BEFORE_US = 120 * SECOND_US
"""So much of what shelf antennas read before a tag moved or departed is shown; it may have lain there for weeks."""
AFTER_US = 20 * SECOND_US
"""Movements of the same load are told this much later than the one in question at most."""
KEPT_MOVEMENTS = 5000
READS_AT_MOST = 200_000
"""Of one tag; more are not drawn."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One read: microseconds, dBm."""

    at_us: int
    rssi_dbm: float


@dataclass(frozen=True, slots=True)
class Row:
    """What one antenna of a door or shelf read of the tag, in the order of time."""

    place: str
    side: Side | Literal[""]
    reader: str
    antenna: int
    dots: tuple[Dot, ...]

    @property
    def peak(self) -> Dot:
        """Return the strongest read; there is one at least."""
        return max(self.dots, key=lambda dot: (dot.rssi_dbm, -dot.at_us))


@dataclass(frozen=True, slots=True)
class Mate:
    """Another tag that was at the same door or bin at about the same time."""

    epc: str
    direction: str
    apart_us: int
    """How much later than the one in question it was there."""


@dataclass(frozen=True, slots=True)
class Story:
    """A movement and what it rests on. `rows` are sorted: its own place first, of a door the outside row first."""

    movement: Movement
    evidence: Evidence
    rows: tuple[Row, ...]
    idle: tuple[Row, ...]
    """Antennas of its own place which read nothing of the tag."""
    mates: tuple[Mate, ...]

    @property
    def place(self) -> str:
        """Return the door or bin of the movement."""
        return _place(self.movement)

    @property
    def first_us(self) -> int:
        """Return the time of the first read that is shown."""
        return min([dot.at_us for row in self.rows for dot in row.dots] + [to_us(self.movement.observed_at)])

    @property
    def last_us(self) -> int:
        """Return the time of the last read that is shown."""
        return max([dot.at_us for row in self.rows for dot in row.dots] + [to_us(self.movement.observed_at)])


def tell(records: Callable[[], Iterable[Record]], config: GatewayConfig, event_id: UUID) -> Story:
    """Replay the records until the movement comes, and gather its story. `records` is called twice.

    Raises ExplainError, saying what to check, when no movement has this id.
    """
    if event_id.version != 7:
        raise ExplainError(f"{event_id} is no id of a movement: these are of version 7; copy it from the event")
    span = _Span()
    found, others = _find(span.over(records()), config, event_id)
    if found is None:
        raise ExplainError(_what_to_check(event_id, span, config))
    evidence = read_evidence(found) or Evidence()
    dots = _dots(records(), found, evidence, config)
    rows, idle = _rows(dots, config, _place(found))
    return Story(found, evidence, rows, idle, tuple(_mates(found, others)))


@dataclass(slots=True)
class _Span:
    """From when until when records were seen."""

    first_us: int | None = None
    last_us: int = 0

    def over(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            self.last_us = to_us(record.at)
            if self.first_us is None:
                self.first_us = self.last_us
            yield record


def _find(
    records: Iterable[Record], config: GatewayConfig, event_id: UUID
) -> tuple[Movement | None, Sequence[Movement]]:
    """Return the movement, and those that were told shortly before and after it."""
    found: Movement | None = None
    others: deque[Movement] = deque(maxlen=KEPT_MOVEMENTS)
    for movement in replay(records, config):
        if movement.event_id == event_id:
            found = movement
            continue
        others.append(movement)
        if found is not None and to_us(movement.observed_at) > to_us(found.observed_at) + AFTER_US:
            break
    return found, others


def _place(movement: Movement) -> str:
    return movement.door or movement.bin or ""


def _first_us(evidence: Evidence, movement: Movement) -> int:
    began_us = uuid7_ms(movement.event_id) * 1000
    if movement.door:
        return began_us
    return min(began_us, max(_earliest_us(evidence, began_us), began_us - BEFORE_US))


def _earliest_us(evidence: Evidence, otherwise_us: int) -> int:
    return min((to_us(each.first_at) for each in evidence.antennas), default=otherwise_us)


def _last_us(evidence: Evidence, movement: Movement) -> int:
    return max([to_us(each.last_at) for each in evidence.antennas] + [to_us(movement.observed_at)])


def _dots(
    records: Iterable[Record], movement: Movement, evidence: Evidence, config: GatewayConfig
) -> dict[tuple[str, int], list[Dot]]:
    """Collect the reads that a movement rests on, by (reader, antenna).

    At a door these are the reads of its tag at all doors from the first on, without doubles, as many as the evidence
    counts: of times it tells those of one door's antennas only.
    """
    first_us, last_us = _first_us(evidence, movement), _last_us(evidence, movement)
    at_doors = {(each.reader, each.antenna) for door in config.doors for each in door.antennas}
    seen: set[tuple[int, str, int, float]] = set()
    for record in records:
        if not isinstance(record, TagRead) or record.epc.upper() != movement.epc_hex.upper():
            continue
        at_us = to_us(record.at)
        counts = (record.reader, record.antenna) in at_doors if movement.door else at_us <= last_us
        if counts and at_us >= first_us and len(seen) < READS_AT_MOST:
            seen.add((at_us, record.reader, record.antenna, record.rssi_dbm))
    dots: dict[tuple[str, int], list[Dot]] = {}
    for at_us, reader, antenna, rssi_dbm in sorted(seen)[: evidence.reads if movement.door else None]:
        dots.setdefault((reader, antenna), []).append(Dot(at_us, rssi_dbm))
    return dots


def _rows(
    dots: dict[tuple[str, int], list[Dot]], config: GatewayConfig, own: str
) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Sort reads by place and row: the movement's own place first, then those with the most reads."""
    rows, idle = [], []
    for place, side, reader, antenna in _antennas(config):
        seen = sorted(dots.get((reader, antenna), ()), key=lambda dot: dot.at_us)
        row = Row(place, side, reader, antenna, tuple(seen))
        if seen:
            rows.append(row)
        elif place == own:
            idle.append(row)
    reads = Counter[str]()
    for row in rows:
        reads[row.place] += len(row.dots)

    def order(row: Row) -> tuple[object, ...]:
        return row.place != own, -reads[row.place], row.place, row.side != "outside", row.reader, row.antenna

    return tuple(sorted(rows, key=order)), tuple(sorted(idle, key=order))


def _antennas(config: GatewayConfig) -> Iterator[tuple[str, Side | Literal[""], str, int]]:
    for door in config.doors:
        yield from ((door.name, each.side, each.reader, each.antenna) for each in door.antennas)
    for shelf in config.shelves:
        yield from ((shelf.bin, "", each.reader, each.antenna) for each in shelf.antennas)


def _mates(movement: Movement, others: Iterable[Movement]) -> Iterator[Mate]:
    at_us = to_us(movement.observed_at)
    for other in others:
        apart_us = to_us(other.observed_at) - at_us
        if _place(other) == _place(movement) and abs(apart_us) <= MATES_US:
            yield Mate(other.epc, other.direction, apart_us)


def _what_to_check(event_id: UUID, span: _Span, config: GatewayConfig) -> str:
    at_us = uuid7_ms(event_id) * 1000
    told = f"no movement of gateway {config.address.gateway} at {config.address.site} has the id {event_id}"
    if span.first_us is None:
        return f"{told}: there is not one record here; name the recording or journal of that time"
    if not span.first_us <= at_us <= span.last_us:
        return (
            f"{told}: its tag was first read at {_utc(at_us)}, and the records go from {_utc(span.first_us)} to "
            f"{_utc(span.last_us)}; give those of that time"
        )
    return (
        f"{told}, though the records hold its time, {_utc(at_us)}; check that --config is the one of that gateway, with"
        " the same site, id, doors and seconds in [passage], and that the records begin before the tag came"
    )


def _utc(at_us: int) -> str:
    return f"{from_us(at_us):%Y-%m-%d %H:%M:%S} UTC"
