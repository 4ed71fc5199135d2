"""Units of what sensors tell, and how they become the contract's: a mapping's units, and the other names of the field.

Sources: the units that Home Assistant's device classes `weight`, `distance` and `temperature` name; NIST SP 811 (2008),
appendix B.8.
"""

from typing import NamedTuple

from tagdock_edge.config.sensor_model import Quantity
from tagdock_edge.mapping import DISTANCE_MM, MASS_KG, TEMPERATURE_C
from tagdock_edge.mapping.units import Units


class Conversion(NamedTuple):
    """ours = value * factor + offset."""

    factor: float = 1.0
    offset: float = 0.0

    def __call__(self, value: float) -> float:
        """Convert one value."""
        return value * self.factor + self.offset


SAME = Conversion()
_DEGREE = "\N{DEGREE SIGN}"
_POUND_KG = 0.45359237


def _conversions(units: Units) -> dict[str, Conversion]:
    return {name: Conversion(*linear) for name, linear in units.items()}


_SHARES = {"%": SAME}
_NUMBERS: dict[str, Conversion] = {}
_UNITS: dict[Quantity, dict[str, Conversion]] = {
    "mass_kg": {**_conversions(MASS_KG), "mg": Conversion(1e-6), "st": Conversion(_POUND_KG * 14)},
    "distance_mm": {**_conversions(DISTANCE_MM), "ft": Conversion(304.8), "yd": Conversion(914.4)},
    "temperature_c": {
        name: each
        for bare, each in _conversions(TEMPERATURE_C).items()
        for name in ((bare,) if bare == "K" else (bare, _DEGREE + bare))
    },
    "humidity_pct": _SHARES,
    "battery_pct": _SHARES,
    "fill_pct": _SHARES,
    "count": _NUMBERS,
    "occupied": _NUMBERS,
    "motion": _NUMBERS,
}


def unit_names(quantity: Quantity) -> list[str]:
    """Name the units in which a quantity may be told."""
    return sorted(_UNITS[quantity])


def conversion(unit: str | None, quantity: Quantity) -> Conversion | None:
    """Return how a unit becomes the quantity's own; None where it is the unit of something else. No unit: its own."""
    return SAME if not unit else _UNITS[quantity].get(unit)
