"""One ROSpec's life on a reader: its triggers, its AISpecs, its reports. Time comes in, in microseconds."""

from dataclasses import replace
from typing import Protocol

from tagdock_contract import InputChange, TagRead

from tagdock_simulators.llrp.accessspecs import NO_EXTRAS, AccessSpecs, Extras
from tagdock_simulators.llrp.air import Air
from tagdock_simulators.llrp.aistop import US_PER_MS, AIStop, fires, timeout_us
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.events import (
    AISpecEvent,
    C1G2SingulationDetails,
    ROSpecEvent,
    ROSpecEventType,
    SpecLoopEvent,
)
from tagdock_simulators.llrp.impinj import ImpinjTagReportContentSelector, Mode
from tagdock_simulators.llrp.pending import BufferFilling, Pending, Report, TagsLost
from tagdock_simulators.llrp.reporting import Clock
from tagdock_simulators.llrp.rospec import (
    AISpec,
    LoopSpec,
    ROReportSpec,
    ROSpec,
    ROSpecState,
    StartTrigger,
    StopTrigger,
)
from tagdock_simulators.llrp.sightings import Sighting
from tagdock_simulators.llrp.states import ROSPEC, Life
from tagdock_simulators.llrp.tagreports import ReportContent, TagReportWriter

_COLLISIONS_PER_ANSWER = 0.718
"""In slotted Aloha at its best, one slot in e has one answer, one in e has none, and 1 - 2/e have more.

Source: F. C. Schoute, Dynamic frame length ALOHA, IEEE Transactions on Communications 31 (1983),
10.1109/TCOM.1983.1095854.
"""

Outcome = Report | TagsLost | BufferFilling | ROSpecEvent | AISpecEvent | SpecLoopEvent


class Reader(Protocol):
    """What a ROSpec needs of the reader around it."""

    access: AccessSpecs
    air: Air
    clock: Clock

    def emit(self, outcome: Outcome) -> None:
        """Take what comes of the ROSpec."""

    def admit(self, inventory: "Inventory", now_us: int) -> bool:
        """Say whether a ROSpec may start now; one that has to give way to it has been stopped."""


class Inventory:
    """A ROSpec and where it is in its life."""

    def __init__(self, rospec: ROSpec, fallback: ROReportSpec, reader: Reader) -> None:
        report = rospec.report or fallback
        self._rospec = rospec
        self._reader = reader
        self._access = reader.access
        self._state = rospec.state
        self._pending = Pending(report, reader.clock, reader.emit)
        self._start_due_us: int | None = None
        self._started_us = 0
        self._specs = [spec for spec in rospec.specs if isinstance(spec, AISpec)]
        self._loop = next((spec for spec in rospec.specs if isinstance(spec, LoopSpec)), None)
        self._loops = 0
        self._spec_index = 0
        self._stop = AIStop(self._specs[0], 0)
        self._extras = _extras(report)
        self._writers = tuple(
            TagReportWriter(ReportContent(report, rospec.rospec_id, place, spec.inventory[0].spec_id), reader.clock)
            for place, spec in enumerate(self._specs, start=1)
        )
        self.retune()
        self.waiting = False
        """Whether it would run if no other ROSpec stood before it."""

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
        dues = (self._start_due_us, self._stop_due_us(), self._spec_due_us(), self._pending.due_us)
        return min((due for due in dues if due), default=None)

    def apply(self, life: Life, now_us: int, by: int = 0) -> None:
        """Take a step in the ROSpec's life, `by` another ROSpec's preempting it. Raises LlrpError when it is none."""
        before, after = self._state, ROSPEC.get((self._state, life))
        if after is None:
            reason = f"ROSpec {self._rospec.rospec_id} is {before.name.lower()}: {life.name.lower()} is not possible"
            raise LlrpError(StatusCode.A_INVALID, reason, field=0)
        immediate = self._rospec.boundary.start.kind is StartTrigger.IMMEDIATE
        starts = after is ROSpecState.ACTIVE and before is not ROSpecState.ACTIVE
        if starts and not self._reader.admit(self, now_us):
            self.waiting = immediate
            return
        self._state = after
        self.waiting = immediate and life is Life.PREEMPT
        if starts:
            self._begin(now_us)
        if before is ROSpecState.ACTIVE and after is not ROSpecState.ACTIVE:
            self._end(by)
        if after is ROSpecState.DISABLED:
            self._start_due_us = None
        elif before is ROSpecState.DISABLED:
            self._arm(now_us)

    def read(self, read: TagRead, told: TagRead, now_us: int) -> None:
        """Take a tag's answer, `told` with its present EPC: report it when that is due, and let it end the AISpec."""
        antennas = self._stop.spec.antenna_ids
        if self._state is not ROSpecState.ACTIVE or (antennas != (0,) and read.antenna not in antennas):
            return
        gates = self._gates[self._spec_index]
        if gates and (gate := gates.get(read.antenna)) is not None:
            heard = gate.hear(read, told, now_us)
            if heard is None:
                return
            told = heard
        access, at_once = self._access.meet(read, self._rospec.rospec_id, self._extras)
        tag = Sighting(self._writers[self._spec_index], told, access)
        if at_once:
            self._reader.emit(Report([tag]))
        else:
            self._pending.add(tag)
        if self._stop.sees(told.epc, now_us):
            self._next_spec(now_us)

    def input_changed(self, change: InputChange, now_us: int) -> None:
        """Let an input start or stop the ROSpec or end its AISpec."""
        boundary = self._rospec.boundary
        if self._state is ROSpecState.INACTIVE and boundary.start.kind is StartTrigger.GPI:
            if fires(boundary.start.gpi, change):
                self.apply(Life.START, now_us)
        elif self._state is ROSpecState.ACTIVE:
            if boundary.stop.kind is StopTrigger.GPI_WITH_TIMEOUT and fires(boundary.stop.gpi, change):
                self.apply(Life.STOP, now_us)
            elif self._stop.hears(change):
                self._next_spec(now_us)

    def tick(self, now_us: int) -> None:
        """Do what has become due. Every step is counted from now, so none can be due twice."""
        stop_us, spec_us = self._stop_due_us(), self._spec_due_us()
        self._pending.tick(now_us)
        if self._start_due_us is not None and self._start_due_us <= now_us:
            self._start_again_after(now_us)
            self.apply(Life.START, now_us)
        elif stop_us is not None and stop_us <= now_us:
            self.apply(Life.STOP, now_us)
        elif spec_us is not None and spec_us <= now_us:
            self._next_spec(now_us)

    def retune(self) -> None:
        """Take up how the antennas are set: by each AISpec, and by the reader's own settings where it says nothing."""
        self._gates = tuple(self._reader.air.gates(spec.inventory[0].antennas) for spec in self._specs)

    def flush(self) -> None:
        """Report every tag that is held."""
        self._pending.flush()

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
        self._loops = 0
        self._pending.begin(now_us)
        self._reader.emit(ROSpecEvent(ROSpecEventType.START, self._rospec.rospec_id, 0))
        self._begin_spec(0, now_us)

    def _end(self, by: int) -> None:
        self._pending.end_of_rospec()
        kind = ROSpecEventType.PREEMPTION if by else ROSpecEventType.END
        self._reader.emit(ROSpecEvent(kind, self._rospec.rospec_id, by))

    def _begin_spec(self, index: int, now_us: int) -> None:
        self._spec_index = index
        self._stop = AIStop(self._specs[index], now_us)

    def _next_spec(self, now_us: int) -> None:
        """End the AISpec; go on with the next one, or over again where nothing but its triggers stops the ROSpec."""
        self._pending.end_of_aispec()
        answers = self._stop.answers
        slots = C1G2SingulationDetails(min(round(answers * _COLLISIONS_PER_ANSWER), 0xFFFF), min(answers, 0xFFFF))
        self._reader.emit(AISpecEvent(0, self._rospec.rospec_id, self._spec_index + 1, slots))
        boundary = self._rospec.boundary
        if self._spec_index + 1 < len(self._specs):
            self._begin_spec(self._spec_index + 1, now_us)
        elif self._loops_on() if self._loop else boundary.stop.kind is not StopTrigger.NULL:
            self._begin_spec(0, now_us)
        else:
            self.apply(Life.STOP, now_us)
            if boundary.start.kind is StartTrigger.IMMEDIATE:
                self.apply(Life.START, now_us)

    def _loops_on(self) -> bool:
        """Count a pass through the specs; say whether LLRP 1.1's LoopSpec wants another one."""
        self._loops += 1
        self._reader.emit(SpecLoopEvent(self._rospec.rospec_id, self._loops))
        return self._loop is not None and (self._loop.loop_count == 0 or self._loops < self._loop.loop_count)

    def _stop_due_us(self) -> int | None:
        stop = self._rospec.boundary.stop
        if self._state is not ROSpecState.ACTIVE:
            return None
        if stop.kind is StopTrigger.DURATION:
            return self._started_us + stop.duration_ms * US_PER_MS
        return timeout_us(stop.gpi, self._started_us) if stop.kind is StopTrigger.GPI_WITH_TIMEOUT else None

    def _spec_due_us(self) -> int | None:
        return self._stop.due_us if self._state is ROSpecState.ACTIVE else None


def _extras(report: ROReportSpec) -> Extras:
    """Return what Impinj's selector wants of each tag besides its EPC."""
    for custom in report.custom:
        if isinstance(custom, ImpinjTagReportContentSelector):
            optimized, tid = custom.optimized_read, custom.tid
            reads = optimized.reads if optimized is not None and optimized.mode is Mode.ON else ()
            return Extras(reads, tid is not None and tid.mode is Mode.ON)
    return NO_EXTRAS
