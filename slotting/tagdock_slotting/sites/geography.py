"""Distances on the earth. Pure."""

import numpy as np
import numpy.typing as npt

EARTH_RADIUS_KM = 6371.0088
"""The mean radius R1 of GRS 80. Source: H. Moritz, "Geodetic Reference System 1980", doi:10.1007/s001900050278."""

Floats = npt.NDArray[np.float64]


def great_circle_km(from_deg: Floats, to_deg: Floats) -> Floats:
    """Return the great-circle distance of each place to each other one, in km.

    `from_deg` has shape (n, 2) and `to_deg` (m, 2): latitude and longitude in degrees; the answer has shape (n, m).
    Source: R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984) 159.
    """
    start, goal = np.radians(from_deg)[:, None, :], np.radians(to_deg)[None, :, :]
    half = np.sin((goal - start) / 2) ** 2
    chord = half[..., 0] + np.cos(start[..., 0]) * np.cos(goal[..., 0]) * half[..., 1]
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0, 1))), dtype=np.float64)
