"""What one load's own door, and its neighbours, report of it when nothing else is in the field."""

from collections.abc import Sequence

from tagdock_contract import TagRead

from tagdock_simulators.doors import Crossing, DoorGeometry
from tagdock_simulators.radio import Radio
from tagdock_simulators.reading.field import DEFAULT_RADIO, field_reads


def crossing_reads(
    geometry: DoorGeometry,
    crossing: Crossing,
    seed: int,
    *,
    neighbours: Sequence[DoorGeometry] = (),
    radio: Radio = DEFAULT_RADIO,
) -> list[TagRead]:
    """Return the reads of a crossing at its own door and, rarely, at its neighbours, in time order.

    The same arguments give the same reads on every machine. Raises ValueError when the crossing is at another door.
    """
    if geometry.door != crossing.door:
        raise ValueError(f"the crossing is at door {crossing.door!r}, not at {geometry.door!r}")
    return [read for block in field_reads((geometry, *neighbours), (crossing,), seed, radio) for read in block.reads()]
