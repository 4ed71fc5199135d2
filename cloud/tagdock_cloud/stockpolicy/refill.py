"""What a zone is to get of a SKU from the rest of the house: how much, and why in words. Pure.

A pick face that holds less than its minimum, with what is on its way there, is refilled to its maximum, or where none
is set to the minimum and a week's demand; never with more than lies for sale elsewhere at the site. What the whole site
lacks is ordered (`replenish.py`).
"""

import math
from dataclasses import dataclass
from datetime import date

from tagdock_cloud.stockpolicy.replenish import Limits, Proposal


@dataclass(frozen=True, slots=True)
class Face:
    """Units of a SKU in a zone, on their way there, for sale elsewhere at the site, and expected to go in a week."""

    zone: str
    units: float
    coming: float = 0.0
    elsewhere: float = 0.0
    per_week: float = 0.0


def refill(today: date, limits: Limits, face: Face) -> Proposal | None:
    """Return what is to be brought today; None where nothing lacks, or nothing is there to be brought."""
    if limits.low is None or face.units + face.coming >= limits.low:
        return None
    up_to = limits.low + face.per_week if limits.high is None else limits.high
    lacking = math.ceil(round(up_to - face.units - face.coming, 6))
    quantity = min(lacking, math.floor(face.elsewhere))
    if quantity < 1:
        return None
    return Proposal(quantity, today, today, limits.low, up_to, _why(limits, face, lacking, up_to))


def _why(limits: Limits, face: Face, lacking: int, up_to: float) -> str:
    here = f"{face.units:g} in {face.zone}, {face.coming:g} on the way there; the minimum is {limits.low:g}."
    goal = (
        f"Up to the maximum of {up_to:g}." if limits.high is not None else f"Up to {up_to:.1f}: a week's demand more."
    )
    lies = f"{face.elsewhere:g} lie in other zones" + (": all of it." if lacking > face.elsewhere else ".")
    return f"{here} {goal} {lies}"
