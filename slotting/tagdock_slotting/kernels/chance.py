"""Random numbers inside compiled loops: the same for the same seed, whatever compiles them.

Source: splitmix64, G. L. Steele, D. Lea, C. H. Flood (2014), doi:10.1145/2660193.2660195.
"""

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.kernels.compiled import inlined

State = NDArray[np.uint64]
"""One number, shape (1,); changed by every draw."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_BITS = (np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11))
_UNIT = 1.0 / 2.0**53


def chance(seed: int) -> State:
    """Return the state that a seed starts from."""
    return np.array([seed % 2**64], dtype=np.uint64)


@inlined
def uniform(state: State) -> float:
    """Draw a number from 0 to below 1."""
    state[0] += _GOLDEN
    mixed = state[0]
    mixed = (mixed ^ (mixed >> _BITS[0])) * _FIRST
    mixed = (mixed ^ (mixed >> _BITS[1])) * _SECOND
    mixed = mixed ^ (mixed >> _BITS[2])
    return float(mixed >> _BITS[3]) * _UNIT


@inlined
def below(state: State, limit: int) -> int:
    """Draw a whole number from 0 to below a limit (at most 2**53)."""
    return int(uniform(state) * limit)
