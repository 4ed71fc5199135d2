"""How a reader stamps and packs its reports: what may differ between products and change while one runs."""

from dataclasses import dataclass

from tagdock_simulators.llrp.times import Uptime, UTCTimestamp


@dataclass(frozen=True, slots=True)
class Reporting:
    """A reader's habits.

    `has_utc_clock`: without it every timestamp is the time since it was switched on (LLRP 1.0.1, section 7.1.3.1.1).
    `clock_offset_us`: how far its clock is ahead of the true time.
    `leaves_out_unchanged`: a field with the value of the last one that was sent is left out of a tag report
    (LLRP 1.0.1, section 13.2.3: the client takes an absent field to be unchanged).
    `accumulates`: tags that wait for their report are merged, by the rules of the same section: first and last time,
    strongest RSSI, number of times seen.
    """

    has_utc_clock: bool = True
    clock_offset_us: int = 0
    leaves_out_unchanged: bool = False
    accumulates: bool = False


PLAIN = Reporting()


class Clock:
    """A reader's clock; `at_us` is the true time in microseconds since 1970."""

    def __init__(self, switched_on_us: int, reporting: Reporting) -> None:
        self._switched_on_us = switched_on_us
        self.reporting = reporting

    @property
    def shift_us(self) -> int:
        """Return what is added to the true time to give what the reader tells."""
        if self.reporting.has_utc_clock:
            return self.reporting.clock_offset_us
        return self.reporting.clock_offset_us - self._switched_on_us

    def tell(self, at_us: int) -> UTCTimestamp | Uptime:
        """Return a timestamp as the reader gives it; a time before it was switched on is 0."""
        told_us = max(0, at_us + self.shift_us)
        return UTCTimestamp(told_us) if self.reporting.has_utc_clock else Uptime(told_us)
