"""Where the tags of a load are and how they lie: drawn once for each load, from what it is."""

from dataclasses import dataclass

import numpy as np

from tagdock_simulators.chance import Chance, Floats
from tagdock_simulators.doors.loads import Crossing

_TILT = 0.15
"""How far labels are from straight, as a share of the axis (assumed: about 10 degrees)."""


@dataclass(frozen=True, slots=True)
class Goods:
    """The tags of one load as arrays of n: places from its centre (n, 3) in metres, dipole axes (n, 3), own phases.

    Places and axes are in the floor's axes already; `low_m` and `high_m` (3) are the box of the goods.
    """

    place_m: Floats
    axis: Floats
    phase: Floats
    """What tag and cable add to the echo's phase, in turns."""
    low_m: Floats
    high_m: Floats
    heading: tuple[int, int]

    @classmethod
    def of(cls, crossing: Crossing) -> "Goods":
        """Draw a load's tags; the same load always has the same ones."""
        chance = Chance(0, "goods", crossing.door, crossing.starts_at.isoformat(), *crossing.epcs[:1])
        tags, carrier = len(crossing.epcs), crossing.carrier
        low, high = np.array((carrier.goods_x_m, carrier.goods_y_m, carrier.goods_z_m)).T
        place = low + (high - low) * chance.uniform(tags, 3)
        heading = crossing.path.heading()
        corners = _turned(np.stack([low, high]), heading)
        axis = _axes(tags, crossing.carrier.labels, chance)
        return cls(
            _turned(place, heading),
            _turned(axis, heading),
            chance.uniform(tags),
            corners.min(axis=0),
            corners.max(axis=0),
            heading,
        )


def _axes(tags: int, labels: str, chance: Chance) -> Floats:
    """Draw unit vectors: along x or y with a little tilt, or evenly over the sphere."""
    vectors = chance.normal(tags, 3)
    if labels == "faces":
        along_x = chance.uniform(tags) < 0.5
        vectors = _TILT * vectors + np.stack([along_x, ~along_x, np.zeros(tags)], axis=1)
    length = np.sqrt(vectors[:, 0] ** 2 + vectors[:, 1] ** 2 + vectors[:, 2] ** 2)
    result: Floats = vectors / np.maximum(length, 1e-9)[:, None]
    return result


def _turned(vectors: Floats, heading: tuple[int, int]) -> Floats:
    """Turn (n, 3) from the carrier's axes, x ahead, to the floor's."""
    ahead, left, up = vectors[:, 0], vectors[:, 1], vectors[:, 2]
    cos, sin = heading
    return np.stack([cos * ahead - sin * left, sin * ahead + cos * left, up], axis=1)
