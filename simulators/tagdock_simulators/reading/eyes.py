"""Photo-eyes: when a load's body stands in a beam, as changes of the reader's inputs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush

from tagdock_contract import InputChange

from tagdock_simulators.doors import DoorGeometry
from tagdock_simulators.reading.present import Present

_HALF_BODY_M = 0.4
"""Half the width of what moves: half a EUR-pallet."""
_RESPONSE_S = 0.003
"""What an eye takes to see and the reader to report a change (assumed; data sheets of barriers say 0.5 to 5 ms)."""


@dataclass(frozen=True, slots=True)
class _Beam:
    reader: str
    gpi: int
    x_m: float
    y_m: float
    half_m: float


class Eyes:
    """The photo-eyes of all doors: takes loads in the order of their start, gives input changes in time order.

    A beam is broken while any body is in it, so loads that follow each other closely break it once.
    """

    def __init__(self, doors: Sequence[DoorGeometry], starts_at: datetime) -> None:
        self._starts_at = starts_at
        self._beams = [
            _Beam(door.reader, eye.gpi, eye.x_m, door.y_m, door.width_m / 2)
            for door in doors
            for eye in door.photo_eyes
        ]
        self._changes: list[tuple[float, int, int]] = []
        self._inside = [0] * len(self._beams)

    @property
    def waiting(self) -> bool:
        """Tell whether changes are still to come."""
        return bool(self._changes)

    def enter(self, load: Present) -> None:
        """Work out when a load breaks which beams."""
        for place, beam in enumerate(self._beams):
            for begins_s, ends_s in _breaks(load, beam):
                heappush(self._changes, (begins_s, 0, place))
                heappush(self._changes, (ends_s, 1, place))

    def until(self, seconds: float) -> tuple[InputChange, ...]:
        """Return the changes before a time, in time order."""
        found: list[InputChange] = []
        while self._changes and self._changes[0][0] + _RESPONSE_S < seconds:
            at_s, ends, place = heappop(self._changes)
            self._inside[place] += -1 if ends else 1
            if self._inside[place] == (0 if ends else 1):
                beam = self._beams[place]
                at = self._starts_at + timedelta(microseconds=round((at_s + _RESPONSE_S) * 1e6))
                found.append(InputChange(at, beam.reader, beam.gpi, not ends))
        return tuple(found)


def _breaks(load: Present, beam: _Beam) -> Iterator[tuple[float, float]]:
    """Yield the times, from and to, during which a load's body is in a beam; neighbouring legs make one."""
    carrier, (hx, hy) = load.crossing.carrier, load.goods.heading
    low_x, high_x = _extent(hx, carrier.behind_m, carrier.ahead_m)
    low_y, high_y = _extent(hy, carrier.behind_m, carrier.ahead_m)
    path, y_m = load.path, load.y_m - beam.y_m
    begun: tuple[float, float] | None = None
    for n in range(len(path.seconds) - 1):
        span = path.seconds[n], path.seconds[n + 1]
        x = _within(span, (path.x_m[n], path.x_m[n + 1]), beam.x_m - high_x, beam.x_m - low_x)
        y = _within(span, (path.y_m[n] + y_m, path.y_m[n + 1] + y_m), -beam.half_m - high_y, beam.half_m - low_y)
        begins_s, ends_s = max(x[0], y[0]), min(x[1], y[1])
        if begins_s >= ends_s:
            continue
        if begun is not None and begins_s <= begun[1] + 1e-9:
            begun = begun[0], ends_s
        else:
            if begun is not None:
                yield load.starts_s + begun[0], load.starts_s + begun[1]
            begun = begins_s, ends_s
    if begun is not None:
        yield load.starts_s + begun[0], load.starts_s + begun[1]


def _extent(heading: int, behind_m: float, ahead_m: float) -> tuple[float, float]:
    """Return how far a body reaches along an axis, low and high."""
    if heading == 0:
        return -_HALF_BODY_M, _HALF_BODY_M
    return (-behind_m, ahead_m) if heading > 0 else (-ahead_m, behind_m)


def _within(span: tuple[float, float], place: tuple[float, float], low: float, high: float) -> tuple[float, float]:
    """Return when something that moves steadily lies between two places: from and to, from > to if never."""
    speed = (place[1] - place[0]) / (span[1] - span[0])
    if speed == 0.0:
        return span if low < place[0] < high else (1.0, 0.0)
    times = sorted((span[0] + (low - place[0]) / speed, span[0] + (high - place[0]) / speed))
    return max(span[0], times[0]), min(span[1], times[1])
