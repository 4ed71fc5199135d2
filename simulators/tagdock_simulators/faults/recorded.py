"""Faults in a recording: its records change, and its truth tells which faults there were."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from tagdock_contract import Record

from tagdock_simulators.faults.reads import disturbed
from tagdock_simulators.faults.schedule import Schedule
from tagdock_simulators.faults.truth import fault_line


class Change:
    """Changes the records of one recording that began at a time, and remembers how long it was."""

    def __init__(self, schedule: Schedule, began_at: datetime) -> None:
        self._schedule, self._began_at = schedule, began_at
        self._ends_at = began_at

    def __call__(self, records: Iterable[Record]) -> Iterator[Record]:
        """Give the records with the faults in them."""
        yield from disturbed(self._noted(records), self._schedule, self._began_at)

    def truth(self) -> Iterator[bytes]:
        """Tell the faults that began before the last record, a line each."""
        for turn in self._schedule.turns((self._ends_at - self._began_at).total_seconds()):
            yield fault_line(turn, self._began_at)

    def _noted(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            self._ends_at = max(self._ends_at, record.at)
            yield record
