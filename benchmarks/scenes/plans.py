"""The scenes by name: what comes to which kind of doors. Pairs are least and most, weights say how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scenes.loads import Does

Span = tuple[float, float]
CLEAN, TWO_ROW, ONE_ROW, EYES = "two-row, clean", "two-row, hard", "single row", "eyes, conveyor"
"""The rows of the table of targets."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens in a scene."""

    name: str
    family: str
    kinds: tuple[str, ...] = ("over", "beside", "mixed")
    eyes: bool = False
    calm: bool = False
    """A hall with little fading, labels that are heard from behind."""
    doors: tuple[int, int] = (2, 4)
    share: tuple[int, int] = (1, 2)
    """Doors at one reader."""
    pitch_m: Span = (3.5, 6.0)
    loads: int = 26
    tags: tuple[int, int] = (1, 40)
    speed_m_s: Span = (0.6, 2.5)
    gap_s: Span = (4.0, 10.0)
    does: Mapping[Does, float] = field(default_factory=lambda: {"in": 0.5, "out": 0.5})
    sizes: Mapping[str, float] = field(default_factory=lambda: {"pallet": 0.7, "cage": 0.3})
    corners: float = 0.0
    """Share of loads that drive along the wall inside before or after the door."""
    halts: float = 0.0
    """Share that stop for seconds near the door line."""
    waits: float = 0.0
    """Share that stand for 20 to 40 s before they go through."""
    together: float = 0.0
    """Share that has company at the neighbouring door."""
    parked: int = 0
    """Pallets that stand about, 2 to 6 m away."""
    again: float = 0.0
    """Share of loads that come back the other way later."""
    strangers: float = 0.0
    """Untagged people who walk through, for each load."""


_MIXED: Mapping[Does, float] = {"in": 0.38, "out": 0.38, "turn": 0.1, "pass": 0.14}
_ALL = (
    Plan("other-clean", CLEAN, calm=True, doors=(1, 4), speed_m_s=(0.8, 2.0)),
    Plan("other-rush", TWO_ROW, tags=(25, 100), speed_m_s=(1.0, 3.0), gap_s=(1.0, 3.0), loads=16),
    Plan("other-cross-talk", TWO_ROW, pitch_m=(3.0, 4.0), together=0.6, tags=(1, 25), gap_s=(3.0, 6.0)),
    Plan("other-parked", TWO_ROW, parked=3, loads=18, tags=(1, 30)),
    Plan("other-turn-round", TWO_ROW, does={"in": 0.3, "out": 0.3, "turn": 0.4}, halts=0.1),
    Plan("other-along-the-wall", TWO_ROW, does={"in": 0.25, "out": 0.25, "pass": 0.5}, corners=0.4),
    Plan(
        "other-mixed",
        TWO_ROW,
        doors=(3, 5),
        loads=30,
        tags=(1, 80),
        speed_m_s=(0.3, 4.0),
        gap_s=(2.0, 8.0),
        does=_MIXED,
        sizes={"pallet": 0.5, "cage": 0.3, "person": 0.2},
        corners=0.25,
        halts=0.15,
        waits=0.05,
        together=0.25,
        parked=1,
        again=0.1,
    ),
    Plan("other-turned-row", ONE_ROW, kinds=("turned", "posts"), tags=(1, 30)),
    Plan("other-single-row", ONE_ROW, kinds=("inwards",), tags=(1, 30)),
    Plan(
        "other-single-row-eyes",
        EYES,
        kinds=("posts", "inwards", "straight"),
        eyes=True,
        tags=(1, 30),
        does={"in": 0.4, "out": 0.4, "turn": 0.2},
        strangers=0.15,
    ),
    Plan(
        "other-conveyor",
        EYES,
        kinds=("tunnel",),
        eyes=True,
        doors=(2, 2),
        share=(1, 1),
        pitch_m=(3.0, 4.0),
        loads=160,
        tags=(1, 2),
        speed_m_s=(0.3, 2.5),
        sizes={"carton": 1.0},
    ),
)
PLANS: Mapping[str, Plan] = {plan.name: plan for plan in _ALL}
