"""Search where no proof is to be had: make a layout legal, then shift and swap as long as it pays. Seeded.

The neighbourhoods are those of Burkard's and Connolly's pairwise exchange for quadratic assignment and of Martello and
Toth's shifts for generalised assignment; steps are evaluated for all partners of one unit at once.
"""

from collections.abc import Callable, Sequence

from tagdock_slotting.model import Units
from tagdock_slotting.objective import Objective


class Search:
    """Looks for legal layouts and improves them until nothing does or time is up."""

    def __init__(self, objective: Objective, at_most: int | None, seed: int, out_of_time: Callable[[], bool]) -> None:
        self._objective = objective

    def run(self, starts: Sequence[Units]) -> list[Units]:
        """Return legal layouts."""
        return []
