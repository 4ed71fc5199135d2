"""What really lies in a bin, over time: what the sensors are driven by, and the truth they are judged against."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tagdock_contract import utc_text

NAME_AT_MOST = 64
LINE_BYTES_AT_MOST = 4096
_NOT_IN_NAMES = frozenset("/+#\x00")


@dataclass(frozen=True, slots=True)
class BinTruth:
    """A bin's contents from `at` on (aware UTC): items, the mass of one in kilograms, and how full it is, 0 to 1.

    Raises ValueError, naming the field, when something is outside its range.
    """

    at: datetime
    bin: str
    count: int
    unit_mass_kg: float
    fill: float

    def __post_init__(self) -> None:
        """Check what may come from outside: a warehouse, or a file."""
        for wrong in _complaints(self):
            raise ValueError(f"bin {self.bin!r}: {wrong}")

    @property
    def mass_kg(self) -> float:
        """Return the mass of what lies in the bin."""
        return self.count * self.unit_mass_kg


def truth_line(truth: BinTruth) -> bytes:
    """Write one line of the truth file."""
    told = {
        "bin": truth.bin,
        "at": utc_text(truth.at),
        "count": truth.count,
        "unit_mass_kg": truth.unit_mass_kg,
        "fill": round(truth.fill, 4),
    }
    return json.dumps(told).encode() + b"\n"


def read_truths(lines: Iterable[bytes]) -> Iterator[BinTruth]:
    """Read lines as `truth_line` writes them, in order of time; lines on faults are passed over.

    Raises ValueError with the line's number and what is wrong with it.
    """
    latest: datetime | None = None
    for number, line in enumerate(lines, 1):
        try:
            truth = _truth(line)
            if truth is not None and latest is not None and truth.at < latest:
                raise ValueError("`at` goes back; the lines must be in order of time")
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
        if truth is not None:
            latest = truth.at
            yield truth


def _truth(line: bytes) -> BinTruth | None:
    if len(line) > LINE_BYTES_AT_MOST:
        raise ValueError(f"has {len(line):,} bytes; {LINE_BYTES_AT_MOST:,} at most")
    try:
        told: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is no JSON ({error})") from error
    if not isinstance(told, dict):
        raise ValueError("is no JSON object")
    if "fault" in told:
        return None
    try:
        at = datetime.fromisoformat(_given(told, "at", str)).astimezone(UTC)
    except ValueError as error:
        raise ValueError(f"`at`: {error}; write a time such as 2026-01-05T08:00:00Z") from error
    numbers = {key: float(_given(told, key, float)) for key in ("unit_mass_kg", "fill")}
    return BinTruth(at, _given(told, "bin", str), _given(told, "count", int), **numbers)


def _given(told: dict[str, Any], key: str, kind: type) -> Any:
    value = told.get(key)
    fits = isinstance(value, int | float if kind is float else kind) and not isinstance(value, bool)
    if not fits:
        raise ValueError(f"`{key}` is {value!r}; a {'number' if kind is float else kind.__name__} is needed")
    return value


def _complaints(truth: BinTruth) -> Iterator[str]:
    if not 0 < len(truth.bin) <= NAME_AT_MOST or _NOT_IN_NAMES & set(truth.bin) or not truth.bin.isprintable():
        yield f"`bin` must be a printable name of 1 to {NAME_AT_MOST} characters without / + #: it stands in topics"
    if truth.at.tzinfo is None:
        yield "`at` must have a time zone; use UTC"
    if not 0 <= truth.count <= 1_000_000:
        yield f"`count` is {truth.count}; it must be 0 to 1,000,000"
    if not 0 <= truth.unit_mass_kg <= 10_000:
        yield f"`unit_mass_kg` is {truth.unit_mass_kg}; it must be 0 to 10,000"
    if not 0 <= truth.fill <= 1:
        yield f"`fill` is {truth.fill}; it must be 0 to 1"
