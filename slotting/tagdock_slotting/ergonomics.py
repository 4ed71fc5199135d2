"""What reaching a level costs, as metres of walking that take as long.

Source: MTM-1 basic motions in TMU (1 TMU = 0.036 s): bend and arise (B 29.0 + AB 31.9), reach 30 cm to and fro
(R30B 12.8, twice), an obstructed pace on each rung of a ladder up and down (W-PO 17.0), walking (W-M 5.3 a foot).
The golden zone between hip and shoulder follows Petersen, Siu and Heiser (2005), doi:10.1108/01443570510619491.
"""

import numpy as np
from numpy.typing import NDArray

GOLDEN_ZONE_M = (0.75, 1.40)
"""Hip height (the reference of the NIOSH lifting equation, 75 cm) to shoulder height of a median adult."""

REACH_M = 1.80
"""As high as a median adult takes hold of a carton without a ladder."""

RUNG_M = 0.28
"""Between two rungs of a ladder (EN 131-2: 0.25 to 0.30 m)."""

WALK_TMU_PER_M = 5.3 / 0.3048
BEND_M = (29.0 + 31.9) / WALK_TMU_PER_M
STRETCH_M = 2 * 12.8 / WALK_TMU_PER_M
CLIMB_M_PER_RUNG = 2 * 17.0 / WALK_TMU_PER_M


def effort_m(height_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what one pick at each height costs, in metres of walking."""
    low, high = GOLDEN_ZONE_M
    rungs = np.ceil(np.maximum(height_m - REACH_M, 0.0) / RUNG_M)
    return np.asarray(
        np.where(height_m < low, BEND_M, 0.0) + np.where(height_m > high, STRETCH_M, 0.0) + rungs * CLIMB_M_PER_RUNG
    )
