"""What comes out: a layout, what it is worth, how good it provably is, and the moves that lead there."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

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
    Steps of one `chain` need each other; `cost_m` is what this one costs once, and `payback_days` after how many days
    the whole chain has earned its steps, None where it never does (rules force it).
    """

    step: int
    sku: str
    from_bin: str
    to_bin: str
    saves_m_per_day: float
    why: str
    chain: int = 0
    cost_m: float = 0.0
    payback_days: float | None = None


class FrontierPoint(Struct, frozen=True):
    """The best objective known with this many relocations."""

    moves: int
    objective_m_per_day: float


class Saving(Struct, frozen=True):
    """Mean tour in metres under one policy, and the share that it saves of another layout's with its 95 % interval."""

    policy: str
    mean_tour_m: float
    saves: float
    low: float
    high: float


class Tours(Struct, frozen=True):
    """What a plan saves against today on a site's orders: on those it may have been made for, and on later ones.

    Each under the site's own policy and on the shortest tours.
    """

    training_orders: int
    held_out_orders: int
    training: tuple[Saving, ...]
    held_out: tuple[Saving, ...]


class Plan(Struct, frozen=True, kw_only=True):
    """A proposed layout. `optimal` is only said where `lower_bound_m_per_day` proves it.

    `current_m_per_day` is what doing nothing costs: every item stays, and items that lie nowhere yet take the best
    free bins; None where nothing lies anywhere yet or where that is impossible. `tours` is told by the worker only.
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
    tours: Tours | UnsetType = UNSET


class Evaluation(Struct, frozen=True):
    """What a layout costs, term by term and tour by tour (metres, in the order of `orders`)."""

    objective_m_per_day: float
    terms: Terms
    tours_m: tuple[float, ...]
    broken_rules: tuple[str, ...]
