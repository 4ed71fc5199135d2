"""One ROSpec's life on a reader: its triggers, its AISpecs, its reports. Time comes in, in microseconds."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tagdock_contract import InputChange, TagRead

from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.events import AISpecEvent, ROSpecEvent, ROSpecEventType
from tagdock_simulators.llrp.rospec import (
    AISpec,
    AIStopTrigger,
    GPITriggerValue,
    ReportTrigger,
    ROReportSpec,
    ROSpec,
    ROSpecState,
    StartTrigger,
    StopTrigger,
    TagObservation,
)
from tagdock_simulators.llrp.states import ROSPEC, Life
from tagdock_simulators.llrp.tagreports import ReportContent, TagReportWriter

US_PER_MS = 1000
MAX_TAGS_PER_MESSAGE = 500
"""A larger report goes out in parts: readers keep their messages small."""
MAX_TAGS_HELD = 10_000
"""What a reader keeps for a report that is not due; what comes on top is lost, and the client is told."""


@dataclass(frozen=True, slots=True)
class Report:
    """Encoded tag reports that are due."""

    tags: list[bytes]


@dataclass(frozen=True, slots=True)
class TagsLost:
    """So many tag reports found no room."""

    tags: int


Outcome = Report | TagsLost | ROSpecEvent | AISpecEvent


class Inventory:
    """A ROSpec and where it is in its life. What comes of it goes to `emit`."""

    def __init__(self, rospec: ROSpec, fallback: ROReportSpec, emit: Callable[[Outcome], None]) -> None:
        self._rospec = rospec
        self._report = rospec.report or fallback
        self._emit = emit
        self._state = rospec.state
        self._start_due_us: int | None = None
        self._started_us = 0
        self._spec_index = 0
        self._spec_started_us = 0
        self._spec_tags = 0
        self._new_tag_us = 0
        self._seen: set[str] = set()
        self._held: list[bytes] = []
        self._writers = tuple(
            TagReportWriter(ReportContent(self._report, rospec.rospec_id, place, spec.inventory[0].spec_id))
            for place, spec in enumerate(rospec.specs, start=1)
        )

    @property
    def rospec(self) -> ROSpec:
        """Return the ROSpec with its present state."""
        return replace(self._rospec, state=self._state)

    @property
    def state(self) -> ROSpecState:
        """Return where the ROSpec is in its life."""
        return self._state

    @property
    def due_us(self) -> int | None:
        """Return when `tick` is needed next; None while nothing runs out."""
        return min((due for due in (self._start_due_us, self._stop_due_us(), self._spec_due_us()) if due), default=None)

    def apply(self, life: Life, now_us: int) -> None:
        """Take a step in the ROSpec's life. Raises LlrpError when the table has no such step."""
        before, after = self._state, ROSPEC.get((self._state, life))
        if after is None:
            reason = f"ROSpec {self._rospec.rospec_id} is {before.name.lower()}: {life.name.lower()} is not possible"
            raise LlrpError(StatusCode.M_FIELD_ERROR, reason)
        self._state = after
        if after is ROSpecState.ACTIVE and before is not ROSpecState.ACTIVE:
            self._begin(now_us)
        if before is ROSpecState.ACTIVE and after is not ROSpecState.ACTIVE:
            self._end()
        if after is ROSpecState.DISABLED:
            self._start_due_us = None
        elif before is ROSpecState.DISABLED:
            self._arm(now_us)

    def read(self, read: TagRead, now_us: int) -> None:
        """Take a tag's answer: report it when that is due, and end the AISpec when it was waiting for this."""
        spec = self._spec
        if self._state is not ROSpecState.ACTIVE or (spec.antenna_ids != (0,) and read.antenna not in spec.antenna_ids):
            return
        if len(self._held) >= MAX_TAGS_HELD:
            self._emit(TagsLost(1))
        else:
            self._held.append(self._writers[self._spec_index].tag_report(read))
        if self._report.trigger is not ReportTrigger.NONE and 0 < self._report.n <= len(self._held):
            self.flush()
        if spec.stop.kind is AIStopTrigger.TAG_OBSERVATION:
            self._observe(read.epc, now_us)

    def input_changed(self, change: InputChange, now_us: int) -> None:
        """Let an input start or stop the ROSpec or end its AISpec."""
        boundary = self._rospec.boundary
        if self._state is ROSpecState.INACTIVE and boundary.start.kind is StartTrigger.GPI:
            if _fires(boundary.start.gpi, change):
                self.apply(Life.START, now_us)
        elif self._state is ROSpecState.ACTIVE:
            if boundary.stop.kind is StopTrigger.GPI_WITH_TIMEOUT and _fires(boundary.stop.gpi, change):
                self.apply(Life.STOP, now_us)
            elif self._spec.stop.kind is AIStopTrigger.GPI_WITH_TIMEOUT and _fires(self._spec.stop.gpi, change):
                self._next_spec(now_us)

    def tick(self, now_us: int) -> None:
        """Do what has become due. Every step is counted from now, so none can be due twice."""
        stop_us, spec_us = self._stop_due_us(), self._spec_due_us()
        if self._start_due_us is not None and self._start_due_us <= now_us:
            self._start_again_after(now_us)
            self.apply(Life.START, now_us)
        elif stop_us is not None and stop_us <= now_us:
            self.apply(Life.STOP, now_us)
        elif spec_us is not None and spec_us <= now_us:
            self._next_spec(now_us)

    def flush(self) -> None:
        """Report every tag that is held."""
        held, self._held = self._held, []
        for start in range(0, len(held), MAX_TAGS_PER_MESSAGE):
            self._emit(Report(held[start : start + MAX_TAGS_PER_MESSAGE]))

    @property
    def _spec(self) -> AISpec:
        return self._rospec.specs[self._spec_index]

    def _arm(self, now_us: int) -> None:
        start = self._rospec.boundary.start
        if start.kind is StartTrigger.IMMEDIATE:
            self.apply(Life.START, now_us)
        elif start.kind is StartTrigger.PERIODIC and start.periodic is not None:
            self._start_due_us = now_us + start.periodic.offset_ms * US_PER_MS

    def _start_again_after(self, now_us: int) -> None:
        periodic = self._rospec.boundary.start.periodic
        period_us = periodic.period_ms * US_PER_MS if periodic else 0
        self._start_due_us = now_us + period_us if period_us else None

    def _begin(self, now_us: int) -> None:
        self._started_us = now_us
        self._emit(ROSpecEvent(ROSpecEventType.START, self._rospec.rospec_id, 0))
        self._begin_spec(0, now_us)

    def _end(self) -> None:
        if self._report.trigger is not ReportTrigger.NONE:
            self.flush()
        self._emit(ROSpecEvent(ROSpecEventType.END, self._rospec.rospec_id, 0))

    def _begin_spec(self, index: int, now_us: int) -> None:
        self._spec_index = index
        self._spec_started_us = self._new_tag_us = now_us
        self._spec_tags = 0
        self._seen.clear()

    def _next_spec(self, now_us: int) -> None:
        """End the AISpec; go on with the next one, or over again where nothing but its triggers stops the ROSpec."""
        if self._report.trigger is ReportTrigger.N_TAGS_OR_END_OF_AISPEC:
            self.flush()
        self._emit(AISpecEvent(0, self._rospec.rospec_id, self._spec_index + 1))
        boundary = self._rospec.boundary
        if self._spec_index + 1 < len(self._rospec.specs):
            self._begin_spec(self._spec_index + 1, now_us)
        elif boundary.stop.kind is not StopTrigger.NULL:
            self._begin_spec(0, now_us)
        else:
            self.apply(Life.STOP, now_us)
            if boundary.start.kind is StartTrigger.IMMEDIATE:
                self.apply(Life.START, now_us)

    def _observe(self, epc: str, now_us: int) -> None:
        waits_for = self._spec.stop.tag_observation
        self._spec_tags += 1
        if waits_for is None:
            return
        if waits_for.kind is TagObservation.N_TAGS and self._spec_tags >= waits_for.tags:
            self._next_spec(now_us)
        elif waits_for.kind is TagObservation.NO_NEW_TAGS and epc not in self._seen and len(self._seen) < MAX_TAGS_HELD:
            self._seen.add(epc)
            self._new_tag_us = now_us

    def _stop_due_us(self) -> int | None:
        stop = self._rospec.boundary.stop
        if self._state is not ROSpecState.ACTIVE:
            return None
        if stop.kind is StopTrigger.DURATION:
            return self._started_us + stop.duration_ms * US_PER_MS
        return _timeout_us(stop.gpi, self._started_us) if stop.kind is StopTrigger.GPI_WITH_TIMEOUT else None

    def _spec_due_us(self) -> int | None:
        stop = self._spec.stop
        if self._state is not ROSpecState.ACTIVE:
            return None
        match stop.kind:
            case AIStopTrigger.DURATION:
                return self._spec_started_us + stop.duration_ms * US_PER_MS
            case AIStopTrigger.GPI_WITH_TIMEOUT:
                return _timeout_us(stop.gpi, self._spec_started_us)
            case AIStopTrigger.TAG_OBSERVATION if stop.tag_observation is not None:
                waits_for = stop.tag_observation
                dues = [self._spec_started_us + waits_for.timeout_ms * US_PER_MS] if waits_for.timeout_ms else []
                if waits_for.kind is TagObservation.NO_NEW_TAGS:
                    dues.append(self._new_tag_us + waits_for.quiet_ms * US_PER_MS)
                return min(dues, default=None)
        return None


def _fires(trigger: GPITriggerValue | None, change: InputChange) -> bool:
    return trigger is not None and trigger.port == change.gpi and trigger.event == change.state


def _timeout_us(trigger: GPITriggerValue | None, started_us: int) -> int | None:
    return started_us + trigger.timeout_ms * US_PER_MS if trigger is not None and trigger.timeout_ms else None
