"""Colours that also those see apart who do not see red or green, and that keep their order in grey.

Source: cividis, Nunez, Anderton and Renslow (2018), doi:10.1371/journal.pone.0199239 (nine of its colours,
reversed so that much is dark); blue and orange of two ends: Okabe and Ito (2008), Color Universal Design.
"""

import math
from collections.abc import Iterable

RAMP = ("#fde737", "#e1cc55", "#c3b369", "#a69d75", "#8a8779", "#707173", "#575d6d", "#3b496c", "#123570")
"""cividis from bright to dark: little to much."""

GAIN, LOSS = "#0072b2", "#d55e00"
"""What gets better, what gets worse (Okabe and Ito's blue and vermilion)."""

CLASSES = 5
"""Shades that a legend can hold and an eye tells apart."""


def shades() -> tuple[str, ...]:
    """Return the colours of the classes, little to much."""
    return tuple(RAMP[round(n * (len(RAMP) - 1) / (CLASSES - 1))] for n in range(CLASSES))


def bounds(values: Iterable[float]) -> tuple[float, ...]:
    """Return the upper bounds of up to five classes of positive values: round numbers, each class as full as can be.

    Quantiles, because a few bins hold most of the flow: on an even scale all others would look alike.
    """
    found = sorted(value for value in values if value > 0)
    if not found:
        return ()
    cuts = [_rounded_up(found[min(len(found) - 1, len(found) * n // CLASSES)]) for n in range(1, CLASSES)]
    return tuple(sorted({*cuts, _rounded_up(found[-1])}))


def shade(value: float, limits: tuple[float, ...]) -> str:
    """Return the class of a positive value, which the sheet's style gives a colour: `s0` little to `s4` much."""
    place = next((n for n, limit in enumerate(limits) if value <= limit), len(limits) - 1)
    return nth_shade(place, len(limits))


def nth_shade(place: int, count: int) -> str:
    """Return the class of one of `count` steps; few steps are spread over all shades."""
    return f"s{round(place * (CLASSES - 1) / max(count - 1, 1))}"


def styles(colours: tuple[str, ...]) -> str:
    """Return the style of the classes. On a dark sheet the order is turned: much has to stand out on both."""
    return " ".join(f".s{number} {{ fill: {colour} }}" for number, colour in enumerate(colours))


def _rounded_up(value: float) -> float:
    """Round up to two digits."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / unit - 1e-9) * unit:.12g}")
