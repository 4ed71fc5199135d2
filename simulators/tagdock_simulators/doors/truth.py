"""What really happened to each tag of a load."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from tagdock_simulators.doors.goods import Goods
from tagdock_simulators.doors.loads import Crossing
from tagdock_simulators.epc import urn_of

UNREADABLE = "its tag never answers"


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened to one tag: it passed a door at a time, or `why` nothing is to be reported."""

    epc_hex: str
    door: str
    direction: Literal["in", "out", "pass"] | None
    at: datetime
    why: str = ""

    @property
    def epc(self) -> str:
        """Return the tag's URN."""
        return urn_of(self.epc_hex)


def crossing_truth(crossing: Crossing) -> list[Truth]:
    """Say what a load's tags really did.

    `at` is when that tag passed the door line (to the microsecond); of a load that passed nowhere, the middle of its
    time at the door.
    """
    path, why = crossing.path, _why(crossing)
    direction = None if why else cast(Literal["in", "out", "pass"], crossing.direction)
    middle_s = (path.seconds[0] + path.seconds[-1]) / 2
    if direction in ("in", "out"):
        times_s = [path.last_through_s(x_m) for x_m in Goods.of(crossing).place_m[:, 0].tolist()]
    else:
        times_s = [middle_s] * len(crossing.epcs)
    return [
        Truth(epc, crossing.door, None, at, UNREADABLE)
        if epc in crossing.unreadable
        else Truth(epc, crossing.door, direction, at, why)
        for epc, at in zip(crossing.epcs, (crossing.starts_at + timedelta(seconds=s) for s in times_s), strict=True)
    ]


def _why(crossing: Crossing) -> str:
    """Say why a load's tags are nothing to be reported; empty where they are."""
    if crossing.direction == "turn":
        return "turned round in the doorway"
    if crossing.direction == "park":
        return "stood in the field without passing"
    return ""
