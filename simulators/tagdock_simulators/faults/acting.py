"""A schedule carried out in real time: whoever can be wrong is told when to begin and when to end."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable

from tagdock_simulators.faults.kinds import KINDS
from tagdock_simulators.faults.log import FaultLog
from tagdock_simulators.faults.schedule import Fault, Schedule


@runtime_checkable
class Patient(Protocol):
    """Whom faults are done to."""

    def begin(self, fault: Fault) -> None:
        """Do a momentary fault, or let a lasting one begin."""

    def end(self, fault: Fault) -> None:
        """Let a lasting fault be over."""


async def act(schedule: Schedule, patients: Mapping[str, Patient], log: FaultLog, began_at: datetime) -> None:
    """Do a schedule's faults to patients by their name, until the last one is over or the task is cancelled."""
    elapsed_s: float | None = 0.0
    going_on: dict[str, set[Fault]] = {name: set() for name in patients}
    while elapsed_s is not None:
        await asyncio.sleep((began_at + timedelta(seconds=elapsed_s) - datetime.now(UTC)).total_seconds())
        for name, patient in patients.items():
            wanted = set(schedule.active(name, elapsed_s))
            _change(patient, going_on[name], wanted, lambda fault, on=name: log.begins(fault, on, began_at))  # type: ignore[misc]
            going_on[name] = {fault for fault in wanted if KINDS[fault.kind].lasts}
        elapsed_s = schedule.next_change_s(elapsed_s)


def _change(patient: Patient, before: set[Fault], wanted: set[Fault], tell: Callable[[Fault], None]) -> None:
    for fault in sorted(before - wanted, key=_number):
        patient.end(fault)
    for fault in sorted(wanted - before, key=_number):
        tell(fault)
        patient.begin(fault)


def _number(fault: Fault) -> int:
    return fault.number
