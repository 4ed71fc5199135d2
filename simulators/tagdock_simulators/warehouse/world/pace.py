"""Simulated time beside the clock on the wall: as it is, faster, or as fast as can be."""

from collections.abc import Callable, Iterator
from datetime import datetime

from tagdock_simulators.doors import Crossing
from tagdock_simulators.warehouse.world.records import Record

MAX = float("inf")
FASTEST = 1e6


def read_speed(text: str) -> float:
    """Read `real`, `max`, or a number: simulated seconds a second.

    Raises:
        ValueError: saying what is possible.
    """
    if text in ("real", "max"):
        return 1.0 if text == "real" else MAX
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.01 <= speed <= FASTEST:
        raise ValueError(f"{text!r} is no speed; write real, max, or how many times faster (0.01 to {FASTEST:,.0f})")
    return speed


def when(record: Record) -> datetime:
    """Return the time of a record."""
    return record.starts_at if isinstance(record, Crossing) else record.at


def paced(
    records: Iterator[Record],
    starts_at: datetime,
    speed: float,
    now_s: Callable[[], float],
    wait: Callable[[float], bool],
) -> Iterator[Record]:
    """Yield records when their time has come; ends early when `wait` (seconds) says that somebody wants it to end.

    `now_s` is a clock that never goes back.
    """
    begin_s = now_s()
    for record in records:
        early_s = 0.0
        if speed != MAX:
            early_s = begin_s + (when(record) - starts_at).total_seconds() / speed - now_s()
        if wait(max(0.0, early_s)):
            return
        yield record
