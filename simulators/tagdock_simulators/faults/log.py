"""The log of faults: what was done to whom and when, as JSON Lines."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO, Any

from tagdock_contract import utc_text

from tagdock_simulators.faults.kinds import Kind
from tagdock_simulators.faults.schedule import Fault
from tagdock_simulators.faults.truth import fault_told


class FaultLog:
    """Writes lines as things happen; without a file, nowhere."""

    def __init__(self, file: IO[str] | None = None, clock_s: Callable[[], float] = time.time) -> None:
        self._file, self._clock_s = file, clock_s

    def begins(self, fault: Fault, on: str, began_at: datetime) -> None:
        """Write that a fault begins: a line of the truth."""
        self._write({**fault_told(fault, began_at), "on": on})

    def did(self, what: str, on: str, kind: Kind | None = None, **more: object) -> None:
        """Write what was done because of it, now."""
        at = utc_text(datetime.fromtimestamp(self._clock_s(), UTC))
        self._write({"did": what, "on": on, "at": at, **({"because": kind} if kind else {}), **more})

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
