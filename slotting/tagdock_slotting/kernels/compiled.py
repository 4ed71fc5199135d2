"""What compiles inner loops; without numba they stay Python, and searches choose their numpy twins.

Machine code is kept beside the module, else in the user's cache folder; where neither can be written (a read-only
container) it is compiled again in each process.
"""

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

try:
    _numba: Any = importlib.import_module("numba")
except ImportError:
    _numba = None

COMPILES = _numba is not None
"""Whether inner loops are machine code; they are a hundred times slower otherwise."""


def compiled(function: F) -> F:
    """Compile a function of numbers and arrays at its first call; return it as it is without numba."""
    if _numba is None:
        return function
    try:
        return _jit(function, cache=True)
    except RuntimeError:  # numba found no folder that it may write to
        return _jit(function, cache=False)


def inlined(function: F) -> F:
    """Compile a function that only compiled ones call: it becomes part of them."""
    return function if _numba is None else _jit(function, cache=False)


def _jit(function: F, *, cache: bool) -> F:
    decorated: F = _numba.njit(cache=cache, nogil=True, error_model="numpy", fastmath={"reassoc", "contract"})(function)
    return decorated
