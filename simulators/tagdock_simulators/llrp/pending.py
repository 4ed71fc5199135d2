"""Tag reports that wait until a ROSpec's report trigger says that they are due."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from tagdock_simulators.llrp.reporting import Clock
from tagdock_simulators.llrp.rospec import ReportTrigger, ROReportSpec
from tagdock_simulators.llrp.sightings import Sighting

US_PER_MS = 1000
MAX_TAGS_PER_MESSAGE = 500
"""A larger report goes out in parts: readers keep their messages small."""
MAX_TAGS_HELD = 10_000
"""What a reader keeps for a report that is not due; then the oldest go, and the client is told (decision 0012)."""
WARNING_PERCENT = 80
"""The client is warned, once, when so much of that is taken."""
_N_TAGS = (ReportTrigger.N_TAGS_OR_END_OF_AISPEC, ReportTrigger.N_TAGS_OR_END_OF_ROSPEC)
_END_OF_AISPEC = (
    ReportTrigger.N_TAGS_OR_END_OF_AISPEC,
    ReportTrigger.N_SECONDS_OR_END_OF_AISPEC,
    ReportTrigger.N_MILLISECONDS_OR_END_OF_AISPEC,
)
_UNIT_MS = {
    ReportTrigger.N_SECONDS_OR_END_OF_AISPEC: 1000,
    ReportTrigger.N_SECONDS_OR_END_OF_ROSPEC: 1000,
    ReportTrigger.N_MILLISECONDS_OR_END_OF_AISPEC: 1,
    ReportTrigger.N_MILLISECONDS_OR_END_OF_ROSPEC: 1,
}


@dataclass(frozen=True, slots=True)
class Report:
    """Tag reports that are due; they are encoded when they are sent, for what was sent before may matter."""

    tags: list[Sighting]


@dataclass(frozen=True, slots=True)
class TagsLost:
    """So many tag reports found no room; `first` since the last report."""

    tags: int
    first: bool


@dataclass(frozen=True, slots=True)
class BufferFilling:
    """So much of the room for reports is taken."""

    percent: int


class Pending:
    """What a ROSpec has seen and not yet reported. What is due goes to `emit`."""

    def __init__(
        self, spec: ROReportSpec, clock: Clock, emit: Callable[[Report | TagsLost | BufferFilling], None]
    ) -> None:
        self._spec = spec
        self._clock = clock
        self._emit = emit
        self._counts = spec.trigger in _N_TAGS and spec.n > 0
        self._held: OrderedDict[object, Sighting] = OrderedDict()
        self._lost_some = False
        self._since_us: int | None = None

    @property
    def due_us(self) -> int | None:
        """Return when `tick` is needed next: never, but by LLRP 1.1's triggers of time."""
        unit_ms = _UNIT_MS.get(self._spec.trigger)
        if unit_ms is None or self._spec.n == 0 or self._since_us is None:
            return None
        return self._since_us + self._spec.n * unit_ms * US_PER_MS

    def begin(self, now_us: int) -> None:
        """Count the time from now."""
        self._since_us = now_us

    def add(self, tag: Sighting) -> None:
        """Take a sighting in; where there is no room, the oldest one goes.

        Where no number of tags is waited for, a reader that accumulates adds it to an earlier one of the same tag.
        """
        if self._counts and self._spec.n == 1:
            self._emit(Report([tag]))
            return
        key: object = id(tag)
        if self._clock.reporting.accumulates and not self._counts:
            key = tag.key
            if key in self._held:
                self._held[key] = self._held[key].with_later(tag)
                return
        if len(self._held) >= MAX_TAGS_HELD:
            self._held.popitem(last=False)
            self._emit(TagsLost(1, first=not self._lost_some))
            self._lost_some = True
        self._held[key] = tag
        if len(self._held) == MAX_TAGS_HELD * WARNING_PERCENT // 100:
            self._emit(BufferFilling(WARNING_PERCENT))
        if self._counts and self._spec.n <= len(self._held):
            self.flush()

    def tick(self, now_us: int) -> None:
        """Report what has become due."""
        if self.due_us is not None and self.due_us <= now_us:
            self._since_us = now_us
            self.flush()

    def end_of_aispec(self) -> None:
        """Report where the trigger names the end of an AISpec."""
        if self._spec.trigger in _END_OF_AISPEC:
            self.flush()

    def end_of_rospec(self) -> None:
        """Report, but where nothing triggers a report."""
        self._since_us = None
        if self._spec.trigger is not ReportTrigger.NONE:
            self.flush()

    def flush(self) -> None:
        """Report every tag that is held."""
        held, self._held = list(self._held.values()), OrderedDict()
        self._lost_some = False
        for start in range(0, len(held), MAX_TAGS_PER_MESSAGE):
            self._emit(Report(held[start : start + MAX_TAGS_PER_MESSAGE]))
