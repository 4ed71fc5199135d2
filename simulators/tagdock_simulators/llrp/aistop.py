"""What ends an AISpec: time, an input, or what was seen of tags. Time comes in, in microseconds."""

from tagdock_contract import InputChange

from tagdock_simulators.llrp.rospec import AISpec, AIStopTrigger, GPITriggerValue, TagObservation

US_PER_MS = 1000
MAX_EPCS = 10_000
"""So many different tags are told apart in one AISpec."""


class AIStop:
    """An AISpec that runs since `now_us`, and whether it is over."""

    def __init__(self, spec: AISpec, now_us: int) -> None:
        self.spec = spec
        self.answers = 0
        self._stop = spec.stop
        self._started_us = self._new_tag_us = now_us
        self._seen: set[str] = set()
        self._round: set[str] = set()
        self._rounds = 0

    @property
    def due_us(self) -> int | None:
        """Return when it is over if nothing else happens."""
        stop = self._stop
        match stop.kind:
            case AIStopTrigger.DURATION:
                return self._started_us + stop.duration_ms * US_PER_MS
            case AIStopTrigger.GPI_WITH_TIMEOUT:
                return timeout_us(stop.gpi, self._started_us)
            case AIStopTrigger.TAG_OBSERVATION if stop.tag_observation is not None:
                waits_for = stop.tag_observation
                dues = [self._started_us + waits_for.timeout_ms * US_PER_MS] if waits_for.timeout_ms else []
                if waits_for.kind in (TagObservation.NO_NEW_TAGS, TagObservation.NO_NEW_UNIQUE_TAGS):
                    dues.append(self._new_tag_us + waits_for.quiet_ms * US_PER_MS)
                return min(dues, default=None)
        return None

    def sees(self, epc: str, now_us: int) -> bool:
        """Take a tag's answer; say whether the AISpec is over."""
        self.answers += 1
        waits_for = self._stop.tag_observation
        if self._stop.kind is not AIStopTrigger.TAG_OBSERVATION or waits_for is None:
            return False
        if epc not in self._seen and len(self._seen) < MAX_EPCS:
            self._seen.add(epc)
            self._new_tag_us = now_us
        match waits_for.kind:
            case TagObservation.N_TAGS:
                return self.answers >= waits_for.tags
            case TagObservation.N_UNIQUE_TAGS:
                return len(self._seen) >= waits_for.tags
            case TagObservation.N_ATTEMPTS:
                return self._rounds_with(epc) >= waits_for.attempts
        return False

    def hears(self, change: InputChange) -> bool:
        """Take an input's change; say whether the AISpec is over."""
        return self._stop.kind is AIStopTrigger.GPI_WITH_TIMEOUT and fires(self._stop.gpi, change)

    def _rounds_with(self, epc: str) -> int:
        """Count the inventory rounds that are over: a tag that answers again is in a new one."""
        if epc in self._round:
            self._rounds += 1
            self._round.clear()
        if len(self._round) < MAX_EPCS:
            self._round.add(epc)
        return self._rounds


def fires(trigger: GPITriggerValue | None, change: InputChange) -> bool:
    """Say whether an input's change is what a trigger waits for."""
    return trigger is not None and trigger.port == change.gpi and trigger.event == change.state


def timeout_us(trigger: GPITriggerValue | None, started_us: int) -> int | None:
    """Return when a trigger on an input waits no longer; None where it waits for ever."""
    return started_us + trigger.timeout_ms * US_PER_MS if trigger is not None and trigger.timeout_ms else None
