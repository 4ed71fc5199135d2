"""Seeded randomness that gives the same numbers on every machine and with every NumPy.

NumPy promises (NEP 19) that a bit generator's raw stream never changes, but not that its distributions keep theirs;
so everything is made from the raw stream here.
"""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Chance:
    """A stream of random numbers, named by a seed and by what it is for."""

    def __init__(self, seed: int, *purpose: str) -> None:
        digest = hashlib.blake2b("\x1f".join((str(seed), *purpose)).encode(), digest_size=16).digest()
        self._bits: Any = np.random.PCG64(int.from_bytes(digest, "big"))

    def uniform(self, *shape: int) -> Floats:
        """Draw numbers in [0, 1)."""
        count = int(np.prod(shape, dtype=np.int64))
        raw = self._bits.random_raw(count).astype(np.uint64)
        result: Floats = ((raw >> np.uint64(11)).astype(np.float64) * 2.0**-53).reshape(shape)
        return result

    def normal(self, *shape: int) -> Floats:
        """Draw standard normal numbers (Box and Muller 1958, doi:10.1214/aoms/1177706645)."""
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(*shape)))
        result: Floats = radius * np.cos(2.0 * np.pi * self.uniform(*shape))
        return result

    def between(self, low: float, high: float) -> float:
        """Draw one number in [low, high)."""
        return low + (high - low) * float(self.uniform(1)[0])

    def below(self, bound: int) -> int:
        """Draw one whole number in [0, bound)."""
        return int(self.uniform(1)[0] * bound)

    def bell(self, *shape: int) -> Floats:
        """Draw nearly normal numbers, exactly alike on every machine: the sum of four 16-bit numbers of one raw draw.

        Mean 0, standard deviation 1, at most 3.4641 (Irwin and Hall 1927, doi:10.1093/biomet/19.3-4.225).
        """
        raw = self._bits.random_raw(int(np.prod(shape, dtype=np.int64))).astype(np.uint64)
        part = np.uint64(0xFFFF)
        total = (raw & part) + ((raw >> np.uint64(16)) & part)
        total += ((raw >> np.uint64(32)) & part) + (raw >> np.uint64(48))
        result: Floats = ((total.astype(np.float64) - 131_070.0) * _BELL).reshape(shape)
        return result


BELL_AT_MOST = 3.4641016151377544
"""How far from 0 a number from `bell` can be: the square root of 12."""
_BELL = BELL_AT_MOST / 131_072.0
