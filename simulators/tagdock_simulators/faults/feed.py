"""A reader of any kind whose reads are disturbed on their way in."""

from datetime import datetime
from typing import Protocol

from tagdock_contract import Record

from tagdock_simulators.faults.reads import DisturbedReads
from tagdock_simulators.faults.schedule import Fault, Schedule


class Feeds(Protocol):
    """What can be fed: a simulated reader."""

    def feed(self, *records: Record) -> None:
        """Take reads and input changes; never blocks."""


class TroubledFeed:
    """Stands before one reader. Its faults go by the records' time: there is nothing to do when one begins or ends."""

    def __init__(self, reader: Feeds, schedule: Schedule, began_at: datetime) -> None:
        """Prepare; the schedule's time begins at `began_at`."""
        self._reader, self._reads = reader, DisturbedReads(schedule, began_at)

    def feed(self, *records: Record) -> None:
        """Let tags answer and inputs change, as far as the faults let them."""
        for record in records:
            self._reader.feed(*self._reads.take(record))

    def begin(self, fault: Fault) -> None:
        """Take note: the records' own time decides."""

    def end(self, fault: Fault) -> None:
        """Take note: the records' own time decides."""
