"""Which seconds of a scenario are worth a picture: those in which most of what it is about happens at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tagdock_simulators.doors import Crossing

LOADS_AT_MOST = 6
"""More ways and curves than this cannot be told apart."""
DOORS_AT_MOST = 4
"""So many doors in a row: the loads at other doors are not counted."""
_SHORTEST_S, _LONGEST_S = 4.0, 40.0
_SEEN_S = 10.0  # a load that stays longer than this may leave after the picture's end
_BEFORE_S, _AFTER_S = 0.5, 1.0


@dataclass(frozen=True, slots=True)
class Window:
    """Some seconds from `starts_at`, and the loads that come within them, in order."""

    starts_at: datetime
    for_s: float
    loads: tuple[Crossing, ...]

    @property
    def doors(self) -> tuple[str, ...]:
        """Name the doors at which the loads are, in order of their first load."""
        return tuple(dict.fromkeys(load.door for load in self.loads))


def best_window(row: Sequence[str], crossings: Sequence[Crossing]) -> Window:
    """Choose the window in which most kinds of loads overlap most; the first of equals.

    `row` names the doors as they stand; `crossings` are in the order of their start. Raises ValueError without any.
    """
    if not crossings:
        raise ValueError("a picture needs at least one load")
    places = {door: place for place, door in enumerate(row)}
    return max((_window(places, crossings, place) for place in range(len(crossings))), key=_worth)


def _window(places: Mapping[str, int], crossings: Sequence[Crossing], place: int) -> Window:
    """Open a window with one load and close it when the next few are over, or time is."""
    first = crossings[place]
    starts_at = first.starts_at - timedelta(seconds=_BEFORE_S)
    near: list[Crossing] = []
    for load in crossings[place:]:
        doors = [places[each.door] for each in (*near, load)]
        shown_at = min(load.ends_at, load.starts_at + timedelta(seconds=_SEEN_S))
        if (shown_at - starts_at).total_seconds() > _LONGEST_S or len(near) == LOADS_AT_MOST:
            break
        if max(doors) - min(doors) < DOORS_AT_MOST:
            near.append(load)
    until_s = max((load.ends_at - starts_at).total_seconds() for load in near) + _AFTER_S
    for_s = min(max(until_s, _SHORTEST_S), _LONGEST_S)
    return Window(starts_at, for_s, tuple(near))


def _worth(window: Window) -> tuple[int, int, int]:
    loads = window.loads
    kinds = len({load.direction for load in loads})
    together = sum(other.starts_at < load.ends_at for place, load in enumerate(loads) for other in loads[place + 1 :])
    return kinds, together, len(loads)
