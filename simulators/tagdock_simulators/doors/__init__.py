"""Where doors and their antennas are, what moves through them or past them, and what that truly was."""

from tagdock_simulators.doors.carriers import (
    CAGE,
    CARDBOARD,
    CARTON,
    FORKLIFT,
    LIQUID,
    LOADED_FORKLIFT,
    METAL,
    PALLET,
    PERSON,
    Carrier,
    Material,
)
from tagdock_simulators.doors.geometry import Antenna, DoorGeometry, PhotoEye, conveyor, single_row, two_row
from tagdock_simulators.doors.goods import Goods
from tagdock_simulators.doors.loads import Behaviour, Crossing
from tagdock_simulators.doors.paths import Path, WayPoint
from tagdock_simulators.doors.truth import Truth, crossing_truth

__all__ = [
    "CAGE",
    "CARDBOARD",
    "CARTON",
    "FORKLIFT",
    "LIQUID",
    "LOADED_FORKLIFT",
    "METAL",
    "PALLET",
    "PERSON",
    "Antenna",
    "Behaviour",
    "Carrier",
    "Crossing",
    "DoorGeometry",
    "Goods",
    "Material",
    "Path",
    "PhotoEye",
    "Truth",
    "WayPoint",
    "conveyor",
    "crossing_truth",
    "single_row",
    "two_row",
]
