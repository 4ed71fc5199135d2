"""What the floor's colours say: flow, regret against a plan, how full bins are by record and by sensors. Pure.

A colouring gives each bin a look and a few words for it. Looks are names of the sheet's classes; strength is told by
lightness too, and signs by orange against blue, so that nobody needs to tell red from green.
Source of the pairing: Okabe and Ito, Color Universal Design (2008).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from tagdock_cloud.console.words import nice

CLASSES = 6
"""Shades that the eye still tells apart on a map."""
SIGNED_CLASSES = 3
NOTHING = "f0"
OLD_AFTER = timedelta(hours=1)
"""A sensor's word that is older is not how things are: the alert of a fresh system looks at the same age."""
_FULL_TO = (0.25, 0.5, 0.75, 1.0)

Measure = Literal["flow", "regret", "fill", "sensors"]
Kind = Literal["none", "up_to", "better", "worse", "full_to", "over", "unbounded", "empty", "taken", "old", "unlike"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the legend: a look, what it stands for (`value` as text, if any), and how many bins have it."""

    look: str
    kind: Kind
    value: str
    bins: int


@dataclass(frozen=True, slots=True)
class Colouring:
    """The look of each bin (`NOTHING` where none is named), the words for it, and the legend."""

    looks: Mapping[str, str]
    words: Mapping[str, str]
    legend: tuple[Entry, ...]


def bin_flows(flow: Mapping[str, float], stored: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Return picks a day of each bin; a SKU that stands in several bins is picked from each alike.

    `flow`: picks a day by SKU. `stored`: SKUs by bin.
    """
    places = Counter(sku for skus in stored.values() for sku in skus)
    return {bin_: sum(flow.get(sku, 0.0) / places[sku] for sku in skus) for bin_, skus in stored.items()}


def class_limits(values: Iterable[float], classes: int = CLASSES) -> list[float]:
    """Return the upper limits of the shades: equal steps of a logarithmic scale from the least to the largest value.

    Few SKUs make most of the flow, so equal steps of a linear scale would leave all but a handful in the palest shade.
    """
    counted = [value for value in values if value > 0]
    if not counted:
        return []
    least, largest = min(counted), max(counted)
    if largest == least:
        return [largest]
    step = (largest / least) ** (1 / classes)
    return [least * step**shade for shade in range(1, classes)] + [largest]


def shade_of(value: float, limits: Sequence[float], classes: int = CLASSES) -> int:
    """Return the shade of a value: 0 for none, else the first whose limit holds it, counted from the darkest down."""
    if value <= 0 or not limits:
        return 0
    return classes - len(limits) + next((place for place, limit in enumerate(limits, 1) if value <= limit), len(limits))


def by_flow(flows: Mapping[str, float], bins: Iterable[str]) -> Colouring:
    """Colour by picks a day, the darker the more."""
    limits = class_limits(flows.values())
    looks = {bin_: f"f{shade_of(flow, limits)}" for bin_, flow in flows.items()}
    first = CLASSES - len(limits) + 1
    kinds: list[tuple[str, Kind, str]] = [(NOTHING, "none", "")]
    kinds += [(f"f{shade}", "up_to", nice(limit)) for shade, limit in enumerate(limits, first)]
    return Colouring(looks, {bin_: nice(flow) for bin_, flow in flows.items() if flow > 0}, _legend(kinds, looks, bins))


def by_regret(moves: Iterable[Mapping[str, Any]], bins: Iterable[str]) -> Colouring:
    """Colour by what a plan's moves save, metres a day, at the bin that each takes goods out of.

    Orange: its goods lie better elsewhere; blue: they give way so that others can. A step of a chain counts with its
    own sign, so all bins together say what the plan saves.
    """
    lost: Counter[str] = Counter()
    for move in moves:
        if move.get("from"):
            lost[move["from"]] += float(move.get("saves_m_per_day") or 0.0)  # type: ignore[assignment]  # metres
    limits = class_limits((abs(metres) for metres in lost.values()), SIGNED_CLASSES)
    looks = {
        bin_: f"{'w' if metres > 0 else 'b'}{shade_of(abs(metres), limits, SIGNED_CLASSES)}"
        for bin_, metres in lost.items()
        if metres
    }
    first = SIGNED_CLASSES - len(limits) + 1
    kinds: list[tuple[str, Kind, str]] = [(NOTHING, "none", "")]
    for sign, kind in (("w", "worse"), ("b", "better")):
        kinds += [(f"{sign}{shade}", kind, nice(limit)) for shade, limit in enumerate(limits, first)]  # type: ignore[misc]
    words = {bin_: ("+" if metres < 0 else "−") + nice(abs(metres)) for bin_, metres in lost.items() if metres}
    return Colouring(
        looks, words, tuple(entry for entry in _legend(kinds, looks, bins) if entry.bins or entry.kind == "none")
    )


def by_fill(rows: Iterable[Mapping[str, Any]]) -> Colouring:
    """Colour by how full the record says that each bin is: by what fills it most, places, volume or mass."""
    looks, words, names = {}, {}, []
    for row in rows:
        share, bin_ = row["filled_share"], row["bin"]
        names.append(bin_)
        if row["items"]:
            words[bin_] = f"{row['items']}" + ("" if share is None else f" ({share * 100:.0f}\u202f%)")
            looks[bin_] = "u1" if share is None else _fill_look(share)
    kinds: list[tuple[str, Kind, str]] = [(NOTHING, "empty", "")]
    kinds += [(f"u{place}", "full_to", f"{limit * 100:.0f}\u202f%") for place, limit in enumerate(_FULL_TO, 1)]
    kinds += [("u5", "over", "")]
    return Colouring(looks, words, _legend(kinds, looks, names))


def _fill_look(share: float) -> str:
    return f"u{next((place for place, limit in enumerate(_FULL_TO, 1) if share <= limit + 1e-9), len(_FULL_TO) + 1)}"


def by_sensors(rows: Iterable[Mapping[str, Any]], now: datetime) -> Colouring:
    """Colour by what bins' sensors say, and mark those whose record says another thing.

    A row has bin, value (above 0: taken), observed_at (None: there is no sensor) and items (by the record).
    """
    looks, words, names = {}, {}, []
    for row in rows:
        bin_, at = row["bin"], row["observed_at"]
        names.append(bin_)
        if at is None:
            continue
        is_taken = row["value"] > 0
        words[bin_] = nice(row["value"]) if is_taken else "0"
        if now - at > OLD_AFTER:
            looks[bin_] = "s3"
        elif is_taken != (row["items"] > 0):
            looks[bin_] = "s4"
        else:
            looks[bin_] = "s2" if is_taken else "s1"
    kinds: list[tuple[str, Kind, str]] = [
        (NOTHING, "none", ""), ("s1", "empty", ""), ("s2", "taken", ""), ("s3", "old", ""), ("s4", "unlike", ""),
    ]  # fmt: skip
    return Colouring(looks, words, _legend(kinds, looks, names))


def _legend(kinds: Iterable[tuple[str, Kind, str]], looks: Mapping[str, str], bins: Iterable[str]) -> tuple[Entry, ...]:
    counts = Counter(looks.get(bin_, NOTHING) for bin_ in bins)
    return tuple(Entry(look, kind, value, counts[look]) for look, kind, value in kinds)
