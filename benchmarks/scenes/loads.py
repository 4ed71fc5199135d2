"""A load: its tags, where they sit and look, how it moves, and what that truly was."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from scenes.hall import STEP_S, Floats, Hall
from scenes.motion import Drive, Track, track

Does = Literal["in", "out", "pass", "turn", "park"]
WHY = {"turn": "turned round in the doorway", "park": "stood in the field without passing"}


@dataclass(frozen=True, slots=True)
class Load:
    """A load at `door` from step `first` on; tags' places (n, 3) and looks (n, 3) in its own axes, x ahead."""

    does: Does
    door: int
    first: int
    epcs: tuple[str, ...]
    place_m: Floats
    looks: Floats
    gain_db: Floats
    offset_turns: Floats
    body_m: tuple[float, float]
    """How far its body, with who moves it, reaches behind and ahead of its centre."""
    way: Track

    def crossed_s(self) -> Floats:
        """Return when each tag was through the door for good, from the scene's start; the middle if it never was."""
        reach = self.way.cos[:, None] * self.place_m[:, 0] - self.way.sin[:, None] * self.place_m[:, 1]
        inside = self.way.x_m[:, None] + reach >= 0.0
        change = inside[1:] != inside[:-1]
        last = len(change) - np.argmax(change[::-1], axis=0) if len(change) else np.zeros(len(self.epcs))
        crossed = change.any(axis=0) & (self.does in ("in", "out"))
        return np.where(crossed, self.first + last, self.first + len(self.way) / 2) * STEP_S


def draw_load(
    rng: np.random.Generator,
    hall: Hall,
    does: Does,
    door: int,
    first: int,
    epcs: tuple[str, ...],
    drive: Drive,
    size: str,
) -> Load:
    """Draw a load's tags: on the faces of a stack, in a cage, on one carton, or what a person carries."""
    long_m, wide_m, low_m, high_m, body_m = SIZES[size]
    if size == "pallet" and rng.random() < 0.3:
        long_m, wide_m = wide_m, long_m
    half = np.array([long_m / 2, wide_m / 2])
    place = np.column_stack([rng.uniform(-half, half, (len(epcs), 2)), rng.uniform(low_m, high_m, len(epcs))])
    looks = rng.normal(size=(len(epcs), 3)) * 0.3
    face = rng.integers(0, 4, len(epcs))
    axis, sign = face // 2, np.where(face % 2, 1.0, -1.0)
    looks[np.arange(len(epcs)), axis] += sign
    if size == "pallet":  # labels sit on the outside of the stack
        place[np.arange(len(epcs)), axis] = sign * half[axis]
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    gain = rng.normal(0.0, hall.tag_db, len(epcs)) + rng.normal(0.0, hall.load_db)
    return Load(does, door, first, epcs, place, looks, gain, rng.random(len(epcs)), body_m, track(drive))


SIZES: dict[str, tuple[float, float, float, float, tuple[float, float]]] = {
    "pallet": (1.2, 0.8, 0.15, 1.8, (1.7, 0.7)),
    "cage": (0.8, 0.7, 0.2, 1.6, (1.1, 0.45)),
    "carton": (0.4, 0.3, 0.9, 1.2, (0.22, 0.22)),
    "person": (0.3, 0.3, 0.9, 1.3, (0.25, 0.45)),
}
"""Length, width, lowest and highest tag, body behind and ahead, in metres (assumed)."""
