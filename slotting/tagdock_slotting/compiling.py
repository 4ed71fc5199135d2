"""Inner loops are compiled at their first use in an installation, in a thread that a search waits for.

Compiling takes half a minute, loading what was compiled before a second. Where a short time limit would be eaten by
it, the search goes on without: numpy does the same, more slowly. `python -m tagdock_slotting.compiling` compiles ahead.
"""

import importlib.util
import threading
from functools import cache

import numpy as np

from tagdock_slotting.annealing import Annealing
from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.exchanging import Exchanging
from tagdock_slotting.kernels import augmenting
from tagdock_slotting.model import Units, build_model
from tagdock_slotting.objective import Objective
from tagdock_slotting.problem import Bin, Door, Item, Problem
from tagdock_slotting.quadratic import DenseSearch
from tagdock_slotting.sharing import room_bound

MEMBERS = 3


class Compiler:
    """Compiles all loops in the background, once a process."""

    def __init__(self) -> None:
        self._works = False
        self._thread = threading.Thread(target=self._compile, daemon=True)
        if importlib.util.find_spec("numba") is not None:
            self._thread.start()

    @staticmethod
    @cache
    def started() -> "Compiler":
        """Return the process's compiler; the first call starts it."""
        return Compiler()

    def is_ready(self, wait_s: float = 0.0) -> bool:
        """Return whether the loops are machine code, after waiting for that; False where nothing compiles."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, wait_s))
        return self._works

    @classmethod
    def word(cls) -> str:
        """Say that loops are being compiled, where they are."""
        if not cls.started.cache_info().currsize or not cls.started()._thread.is_alive():
            return ""
        return " compiling the search's loops (once an installation; half a minute)"

    def _compile(self) -> None:
        compile_all()
        self._works = True


def compile_all() -> None:
    """Call each loop once, on next to nothing."""
    names = range(MEMBERS)
    problem = Problem(
        doors=(Door(id="D", x_m=0.0, y_m=0.0),),
        bins=tuple(Bin(id=f"B{n}", x_m=float(n), y_m=0.0, items_at_most=1) for n in names),
        items=tuple(Item(sku=f"S{n}", picks_per_day=1.0) for n in names),
        affinity=(("S0", "S1", 1.0),),
    )
    model = build_model(problem)
    objective, bound, start = Objective(model), linear_bound(model), Units(np.arange(MEMBERS), np.arange(MEMBERS))
    annealing = Annealing(objective, bound, None, steps_a_unit=1)
    annealing.run(start, 0, lambda: 1.0)
    annealing.relieved(start, 0, lambda: 1.0)
    exchanging = Exchanging(objective, bound, room_bound(bound, 1.0, lambda: 1.0).prices)
    exchanging.run(start, 0, lambda: 1.0)
    exchanging.sharper(start, lambda: 1.0)
    DenseSearch(objective, bound, start).run(0, lambda: False)
    pairs, one = (np.array([0]), np.array([0]), np.array([2]), np.zeros(1)), np.array([1])
    augmenting.send(augmenting.transport(one, one, pairs, (np.array([0]), np.zeros(1))), 0.0)


if __name__ == "__main__":
    compile_all()
