"""What comes out: a layout, what it is worth, how good it provably is, and the moves that lead there."""

from typing import Literal

from msgspec import Struct

CARRIED = "carried"
"""What stands for a bin in a move while goods are carried; no bin may have this name."""

Status = Literal["optimal", "feasible", "infeasible"]
Layout = dict[str, tuple[str, ...]]


class Terms(Struct, frozen=True):
    """The objective's parts in metres a day, already weighted."""

    travel: float = 0.0
    affinity: float = 0.0
    routes: float = 0.0
    ergonomics: float = 0.0
    moves: float = 0.0

    def total(self) -> float:
        """Add the parts up."""
        return self.travel + self.affinity + self.routes + self.ergonomics + self.moves


class Move(Struct, frozen=True, rename={"from_bin": "from", "to_bin": "to"}):
    """One step of the relocation; the bin `carried` is the truck that holds the goods while others are moved.

    `saves_m_per_day` is what this step alone changes when it is taken in its turn; a step that makes room costs.
    """

    step: int
    sku: str
    from_bin: str
    to_bin: str
    saves_m_per_day: float
    why: str


class FrontierPoint(Struct, frozen=True):
    """The best objective known with this many relocations."""

    moves: int
    objective_m_per_day: float


class Plan(Struct, frozen=True, kw_only=True):
    """A proposed layout. `optimal` is only said where `lower_bound_m_per_day` proves it.

    `current_m_per_day` is what doing nothing costs: every item stays, and items that lie nowhere yet take the best
    free bins; None where nothing lies anywhere yet or where that is impossible.
    """

    v: Literal[1] = 1
    status: Status
    objective_m_per_day: float | None
    lower_bound_m_per_day: float | None
    current_m_per_day: float | None
    terms: Terms
    assignment: Layout
    moves: tuple[Move, ...]
    frontier: tuple[FrontierPoint, ...]
    broken_rules: tuple[str, ...]
    solver: str
    seconds: float


class Evaluation(Struct, frozen=True):
    """What a layout costs, term by term and tour by tour (metres, in the order of `orders`)."""

    objective_m_per_day: float
    terms: Terms
    tours_m: tuple[float, ...]
    broken_rules: tuple[str, ...]
