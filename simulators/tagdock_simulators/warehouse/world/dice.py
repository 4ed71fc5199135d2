"""Single draws from a seeded stream, taken from a store so that one costs little."""

from collections.abc import Sequence
from typing import TypeVar

from tagdock_simulators.chance import Chance

T = TypeVar("T")
_AT_ONCE = 1024


class Dice:
    """A stream of draws, named by a seed and by what it is for."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._chance = Chance(seed, "warehouse", purpose)
        self._drawn: list[float] = []

    def uniform(self) -> float:
        """Draw a number in [0, 1)."""
        if not self._drawn:
            self._drawn = self._chance.uniform(_AT_ONCE).tolist()
        return self._drawn.pop()

    def hits(self, rate: float) -> bool:
        """Say whether something happens that happens at a rate of 0..1."""
        return self.uniform() < rate

    def between(self, low: float, high: float) -> float:
        """Draw a number in [low, high)."""
        return low + (high - low) * self.uniform()

    def whole(self, low: int, high: int) -> int:
        """Draw a whole number from low to high, both included."""
        return low + int(self.uniform() * (high - low + 1))

    def choose(self, things: Sequence[T]) -> T:
        """Choose one of some things."""
        return things[int(self.uniform() * len(things))]
