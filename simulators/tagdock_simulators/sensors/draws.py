"""Random numbers one at a time, at the price of a block."""

from tagdock_simulators.chance import Chance

_BLOCK = 256


class Draws:
    """Single draws from one stream of `Chance`; NumPy is asked for a whole block, which is ten times faster."""

    def __init__(self, seed: int, *purpose: str) -> None:
        self._uniform_chance = Chance(seed, *purpose, "uniform")
        self._normal_chance = Chance(seed, *purpose, "normal")
        self._uniforms: list[float] = []
        self._normals: list[float] = []

    def uniform(self) -> float:
        """Draw a number in [0, 1)."""
        if not self._uniforms:
            self._uniforms = self._uniform_chance.uniform(_BLOCK).tolist()
        return self._uniforms.pop()

    def normal(self) -> float:
        """Draw a standard normal number."""
        if not self._normals:
            self._normals = self._normal_chance.normal(_BLOCK).tolist()
        return self._normals.pop()

    def between(self, low: float, high: float) -> float:
        """Draw a number in [low, high)."""
        return low + (high - low) * self.uniform()

    def happens(self, probability: float) -> bool:
        """Say yes with a probability."""
        return self.uniform() < probability

    def waiting(self, mean: float) -> float:
        """Return how long the next event of a Poisson process takes, mean in any unit; never more than 16 means.

        The whole part of an exponential variate is a count of failures and its fraction is drawn by comparisons alone
        (von Neumann 1951), so that no logarithm's last bit decides what happens next.
        """
        whole = 0
        while whole < 15:
            first = last = self.uniform()
            falls = 0
            while (drawn := self.uniform()) < last:
                last, falls = drawn, falls + 1
            if falls % 2 == 0:
                return mean * (whole + first)
            whole += 1
        return mean * (whole + self.uniform())
