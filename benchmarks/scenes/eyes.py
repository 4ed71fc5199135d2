"""Photo-eyes: broken while a body, tagged or not, stands in the beam; now and then one flickers."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

import numpy as np
from tagdock_contract import InputChange

from scenes.doors import Door
from scenes.hall import STEP_S
from scenes.loads import Load
from scenes.reading import START

_HALF_WIDE_M = 0.45
_FLICKERS = 0.04
"""Share of breaks in which the beam shows through the load for a moment."""


def inputs(rng: np.random.Generator, doors: Sequence[Door], loads: Iterable[Load]) -> list[tuple[float, InputChange]]:
    """Return all changes with their times in seconds from the start."""
    loads = tuple(loads)
    changes: list[tuple[float, InputChange]] = []
    for door in doors:
        for eye in door.eyes:
            spans = [span for load in loads for span in _broken(load, door, eye.x_m)]
            for from_s, until_s in _merged(spans):
                for at_s, state in _flickering(rng, from_s, until_s):
                    at = START + timedelta(microseconds=round(at_s * 1e6))
                    changes.append((at_s, InputChange(at, door.reader, eye.gpi, state)))
    return changes


def _broken(load: Load, door: Door, x_m: float) -> Iterator[tuple[float, float]]:
    """Yield from when until when a load's body is in a beam."""
    behind, ahead = load.body_m
    way = load.way
    along_low = np.minimum(way.cos * ahead, -way.cos * behind)
    along_high = np.maximum(way.cos * ahead, -way.cos * behind)
    broad = np.abs(way.sin) * _HALF_WIDE_M + 0.01
    in_x = (way.x_m + along_low - broad <= x_m) & (way.x_m + along_high + broad >= x_m)
    in_y = np.abs(way.y_m - door.y_m) < door.half_m + _HALF_WIDE_M
    edges = np.diff((in_x & in_y).astype(np.int64), prepend=0, append=0)
    begins, ends = np.nonzero(edges == 1)[0], np.nonzero(edges == -1)[0]
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        yield (load.first + begin) * STEP_S, (load.first + end) * STEP_S


def _merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for from_s, until_s in sorted(spans):
        if merged and from_s <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], until_s)
        else:
            merged.append((from_s, until_s))
    return merged


def _flickering(rng: np.random.Generator, from_s: float, until_s: float) -> Iterator[tuple[float, bool]]:
    begin_s, end_s = from_s + rng.uniform(0.0, 0.01), until_s + rng.uniform(0.01, 0.02)
    yield begin_s, True
    if rng.random() < _FLICKERS and end_s - begin_s > 0.3:
        gap_s = rng.uniform(begin_s + 0.1, end_s - 0.1)
        yield gap_s, False
        yield gap_s + 0.06, True
    yield end_s, False
