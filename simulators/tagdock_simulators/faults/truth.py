"""Faults as lines of the truth."""

import json
import math
from datetime import datetime, timedelta
from typing import Any

from tagdock_contract import utc_text

from tagdock_simulators.faults.kinds import KINDS
from tagdock_simulators.faults.schedule import Fault


def fault_told(fault: Fault, began_at: datetime) -> dict[str, Any]:
    """Return what a fault is, for the truth: `until` is None when it has no end; `began_at` is the run's start."""
    until = None if math.isinf(fault.until_s) else utc_text(began_at + timedelta(seconds=fault.until_s))
    told = {
        "fault": fault.kind,
        "on": fault.on,
        "at": utc_text(began_at + timedelta(seconds=fault.at_s)),
        "until": until,
        "amount": fault.value if KINDS[fault.kind].amount is not None else None,
    }
    return told if fault.towards is None else {**told, "towards": fault.towards}


def fault_line(fault: Fault, began_at: datetime) -> bytes:
    """Write a fault as a line of the truth."""
    return json.dumps(fault_told(fault, began_at)).encode() + b"\n"
