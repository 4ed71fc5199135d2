"""Which orders the weeks before today had, and when their loads passed the doors. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, groupby

from tagdock_simulators.demo.trucks import Truck
from tagdock_simulators.warehouse.loads import Carton
from tagdock_simulators.warehouse.orders import OrderLine, repeat_for_ever

WEEKS_AT_MOST = 26
LINES_AT_MOST = 100_000
"""What a past may hold: its truth and record are compared in memory, about 1 kB a line."""

_LAST_ORDER = time(20)
_PACKED_WITHIN = timedelta(minutes=15)
_NEXT_TRUCK, _ALL_TRUCKS = timedelta(minutes=5), timedelta(hours=3)
"""Between two trucks at one door; many come sooner one after the other, so that the day ends before midnight."""
_NEXT_CARTON = timedelta(milliseconds=400)


@dataclass(frozen=True, slots=True)
class Day:
    """The order lines of one day, which is played as if it were the day `on` (UTC)."""

    on: date
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """A truck at its door from `opened_at` to `closed_at`, and when each of its cartons crossed the door line."""

    truck: Truck
    opened_at: datetime
    closed_at: datetime
    crossings: tuple[tuple[Carton, datetime], ...]


def split(lines: Sequence[OrderLine], weeks: int, today: date) -> tuple[list[Day], Iterator[OrderLine]]:
    """Take whole weeks of orders, one day of the book a day up to yesterday; return them and the lines that follow.

    Weekdays stay what they are, hence a book begins with its first day that is a weekday like today. One that ends too
    soon is played again. Raises ValueError with more than LINES_AT_MOST lines.
    """
    ordered = sorted(lines, key=lambda line: line.at)
    first = ordered[0].at.date()
    begin = first + timedelta(days=(today.weekday() - first.weekday()) % 7)
    shift = today - timedelta(weeks=weeks) - begin
    taken: list[OrderLine] = []
    stream = repeat_for_ever(ordered)
    for line in stream:
        if line.at.date() >= begin + timedelta(weeks=weeks):
            stream = chain((line,), stream)
            break
        if line.at.date() >= begin:
            taken.append(line)
        if len(taken) > LINES_AT_MOST:
            raise ValueError(f"{weeks} weeks have more than {LINES_AT_MOST:,} order lines; play fewer weeks")
    days = [Day(on + shift, tuple(group)) for on, group in groupby(taken, key=lambda line: line.at.date())]
    return days, stream


def visits(trucks: Iterable[Truck], on: date) -> list[Visit]:
    """Say when trucks stand at their doors on a day, in the order in which they leave; no two at one door at once."""
    by_door: dict[str, list[Truck]] = {}
    for truck in trucks:
        by_door.setdefault(truck.door, []).append(truck)
    found = [visit for queue in by_door.values() for visit in _at_door(queue, on)]
    return sorted(found, key=lambda visit: visit.closed_at)


def _at_door(queue: Sequence[Truck], on: date) -> Iterator[Visit]:
    gap = min(_NEXT_TRUCK, _ALL_TRUCKS / len(queue))
    free_at = datetime.min.replace(tzinfo=UTC)
    for truck in queue:
        ordered = max(min(carton.line.at.time(), _LAST_ORDER) for carton in truck.cartons)
        opened_at = max(datetime.combine(on, ordered, UTC) + _PACKED_WITHIN, free_at)
        step = min(_NEXT_CARTON, gap / 2 / len(truck.cartons))
        crossings = tuple((carton, opened_at + step * place) for place, carton in enumerate(truck.cartons, start=1))
        closed_at = crossings[-1][1] + gap / 4
        free_at = opened_at + gap
        yield Visit(truck, opened_at, closed_at, crossings)
