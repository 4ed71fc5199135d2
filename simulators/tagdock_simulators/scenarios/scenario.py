"""What a scenario is: a row of doors, the loads that come to them, and the radio; every number has its bounds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tagdock_simulators.doors import (
    CAGE,
    CARDBOARD,
    CARTON,
    FORKLIFT,
    LIQUID,
    LOADED_FORKLIFT,
    METAL,
    PALLET,
    PERSON,
    Behaviour,
    Carrier,
    DoorGeometry,
    Material,
    conveyor,
    single_row,
    two_row,
)
from tagdock_simulators.radio import Radio

Span = tuple[float, float]
"""Least and most."""
DoorKind = Literal["two-row", "single-row", "conveyor"]

CARRIERS: Mapping[str, Carrier] = {
    "pallet": PALLET,
    "cage": CAGE,
    "carton": CARTON,
    "person": PERSON,
    "forklift": LOADED_FORKLIFT,
    "empty-forklift": FORKLIFT,
}
MATERIALS: Mapping[str, Material] = {each.name: each for each in (CARDBOARD, LIQUID, METAL)}
_BUILDERS: Mapping[DoorKind, Callable[..., DoorGeometry]] = {
    "two-row": two_row,
    "single-row": single_row,
    "conveyor": conveyor,
}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "behaviours": ("in", "out", "pass", "turn", "park"),
    "carriers": tuple(CARRIERS),
    "materials": tuple(MATERIALS),
    "door_kind": ("two-row", "single-row", "conveyor"),
}
_BOUNDS: Mapping[str, tuple[float, float]] = {
    "doors": (1, 64),
    "doors_a_reader": (1, 8),
    "pitch_m": (1.5, 50.0),
    "height_m": (2.2, 8.0),
    "turned_deg": (0.0, 80.0),
    "loads": (1, 1_000_000),
    "tags": (1, 500),
    "speed_m_per_s": (0.1, 10.0),
    "gap_s": (0.0, 3600.0),
    "spacing_m": (0.65, 50.0),
    "reach_m": (1.0, 20.0),
    "unreadable": (0.0, 1.0),
    "together": (0.0, 1.0),
    "turn_s": (0.0, 3600.0),
    "park_s": (0.0, 3600.0),
}
"""What each number, or both of a pair, may be."""
RADIO_BOUNDS: Mapping[str, tuple[float, float]] = {
    "transmit_dbm": (-30.0, 36.0),
    "reader_gain_dbi": (-10.0, 15.0),
    "polarisation_loss_db": (0.0, 30.0),
    "beam_exponent": (0.1, 40.0),
    "back_lobe_db": (-60.0, 0.0),
    "tag_gain_dbi": (-20.0, 5.0),
    "path_exponent": (1.0, 6.0),
    "modulation_loss_db": (0.0, 30.0),
    "tag_sensitivity_dbm": (-40.0, 10.0),
    "tag_spread_db": (0.0, 6.0),
    "reader_sensitivity_dbm": (-110.0, 0.0),
    "shadowing_db": (0.0, 6.0),
    "shadow_m": (0.05, 50.0),
    "shield_db": (0.0, 60.0),
    "wall_db": (0.0, 60.0),
    "rician_k_db": (-10.0, 40.0),
    "turn_s": (0.005, 10.0),
    "round_s": (0.0005, 1.0),
    "rssi_noise_db": (0.0, 6.0),
    "phase_noise_deg": (0.0, 90.0),
}
"""What the model can work with; wider than any product or hall."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A row of doors and the loads that come to them; pairs are least and most, weights say how often.

    Raises ValueError, naming the parameter and what it may be, when one is out of its bounds.
    """

    name: str
    hard_about: str
    doors: int = 4
    door_kind: DoorKind = "two-row"
    photo_eyes: bool = False
    doors_a_reader: int = 1
    pitch_m: float = 4.0
    """From the middle of one door to the next one's."""
    height_m: float = 3.0
    """How high antennas hang over a two-row door."""
    turned_deg: float = 0.0
    """How far a single row's antennas are turned from straight across the lane towards the inside."""
    loads: int = 40
    tags: tuple[int, int] = (1, 60)
    speed_m_per_s: Span = (1.5, 2.2)
    """On a conveyor each belt has one speed; elsewhere each load has its own."""
    gap_s: Span = (4.0, 12.0)
    """From one load's leaving a door to the next one's coming."""
    spacing_m: Span = (0.8, 2.0)
    """On a conveyor: from the middle of one carton to the next one's, in place of `gap_s`."""
    reach_m: float = 4.0
    """From how far before the door line loads come, and how far behind it they go."""
    behaviours: Mapping[Behaviour, float] = field(default_factory=lambda: {"in": 0.5, "out": 0.5})
    carriers: Mapping[str, float] = field(default_factory=lambda: {"pallet": 1.0})
    materials: Mapping[str, float] = field(default_factory=lambda: {"cardboard": 1.0})
    unreadable: float = 0.0
    """Share of tags that never answer."""
    together: float = 0.0
    """Share of loads that another one accompanies through the door next to theirs."""
    turn_s: Span = (0.5, 5.0)
    """How long a load that turns round stands in the doorway."""
    park_s: Span = (60.0, 180.0)
    """How long a parked load stands beside the lane, while others pass."""
    radio: Radio = field(default_factory=Radio)

    def __post_init__(self) -> None:
        for name, bounds in _BOUNDS.items():
            _check_bounds(name, getattr(self, name), *bounds)
        for name, bounds in RADIO_BOUNDS.items():
            _check_bounds(f"radio.{name}", getattr(self.radio, name), *bounds)
        for name, known in _CHOICES.items():
            _check_choices(name, getattr(self, name), known)
        if self.door_kind == "conveyor" and set(self.behaviours) - {"in", "out"}:
            raise ValueError("behaviours: a belt only goes in or out; leave the others out")

    def geometry(self) -> tuple[DoorGeometry, ...]:
        """Return the doors D1, D2, ...; readers dock-1, dock-2, ... serve as many of them as the scenario says."""
        return tuple(self._door(place) for place in range(self.doors))

    def _door(self, place: int) -> DoorGeometry:
        build = _BUILDERS[self.door_kind]
        hung = {"two-row": {"height_m": self.height_m}, "single-row": {"turned_deg": self.turned_deg}, "conveyor": {}}
        number, share = divmod(place, self.doors_a_reader)
        ports = 4 if self.door_kind == "single-row" else 2
        return build(
            f"D{place + 1}",
            f"dock-{number + 1}",
            self.pitch_m * place,
            first_port=1 + share * ports,
            eyes=self.photo_eyes,
            first_gpi=1 + share * 2,
            **hung[self.door_kind],
        )


def _check_bounds(name: str, value: Any, low: float, high: float) -> None:
    pair = value if isinstance(value, tuple) else (value, value)
    if len(pair) != 2 or not low <= pair[0] <= pair[1] <= high:
        told = f"{pair[0]}..{pair[-1]}" if isinstance(value, tuple) else value
        raise ValueError(f"{name}: {told} must lie in {low:g}..{high:g}, the least first")


def _check_choices(name: str, value: Any, known: tuple[str, ...]) -> None:
    chosen = value if isinstance(value, Mapping) else {value: 1.0}
    unknown = [each for each in chosen if each not in known]
    if unknown or not chosen:
        raise ValueError(f"{name}: {', '.join(unknown) or 'nothing'} is not among {', '.join(known)}")
    if min(chosen.values()) < 0.0 or not 0.0 < sum(chosen.values()) < float("inf"):
        raise ValueError(f"{name}: weights are 0 or more, and not all of them 0")
