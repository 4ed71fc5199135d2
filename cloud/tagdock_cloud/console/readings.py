"""What sensors report, as people read it: the quantity's name, and its value with a unit. Pure."""

from tagdock_cloud.console.language import gettext as _
from tagdock_cloud.console.language import later
from tagdock_cloud.console.words import number

_NAMES = {
    "mass_kg": later("Mass"),
    "distance_mm": later("Distance"),
    "count": later("Count"),
    "occupied": later("Taken"),
    "temperature_c": later("Temperature"),
    "humidity_pct": later("Humidity"),
    "battery_pct": later("Battery"),
}
_UNITS = {"kg": "kg", "mm": "mm", "c": "°C", "pct": "%", "v": "V", "lx": "lx", "hpa": "hPa"}


def quantity_name(quantity: str) -> str:
    """Return what a quantity is called; one that nobody named is called as its sensor calls it, without its unit."""
    if quantity in _NAMES:
        return _(_NAMES[quantity])
    stem, _cut, unit = quantity.rpartition("_")
    return (stem if unit in _UNITS and stem else quantity).replace("_", " ").capitalize()


def reading_text(quantity: str, value: float) -> str:
    """Write a value with its quantity's unit, as the quantity's name tells it."""
    if quantity == "occupied":
        return _("yes") if value > 0 else _("no")
    unit = _UNITS.get(quantity.rpartition("_")[2], "")
    digits = 0 if quantity == "count" or unit in ("mm", "%") else 1
    return f"{number(value, digits)} {unit}".strip()
