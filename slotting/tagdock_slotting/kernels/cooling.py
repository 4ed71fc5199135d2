"""Annealing of a dense quadratic assignment: all swaps in turn, while the temperature falls from sweep to sweep.

Source: D. T. Connolly (1990), doi:10.1016/0377-2217(90)90301-Q: swaps in a fixed order, not drawn.
"""

import numpy as np

from tagdock_slotting.kernels.chance import State, below, uniform
from tagdock_slotting.kernels.compiled import compiled
from tagdock_slotting.kernels.tabu import BEST, NOW, Standing, swap_change, trade

HOPELESS = 20.0
"""Swaps that cost so many temperatures are never taken: one in five hundred million would be."""


@compiled
def dearness(at: Standing, draws: int, random: State) -> float:
    """Return what random legal swaps change on average, either way; 0 where none was drawn."""
    total, count, size = 0.0, 0, len(at.place)
    for _ in range(draws):
        one, other = below(random, size), below(random, size)
        low, high = min(one, other), max(one, other)
        if low < high and low < at.real:
            change = swap_change(at, low, high)
            if np.isfinite(change):
                total += abs(change)
                count += 1
    return total / count if count else 0.0


@compiled
def cool(at: Standing, sweeps: int, heat: float, factor: float, random: State) -> None:
    """Look at each swap once a sweep; the temperature is `heat`, and multiplied by `factor` after each sweep.

    An infinite one takes all swaps that are allowed. The changes of swaps are out of date afterwards. `swap_change`
    called from here would count references to all arrays, four times slower: what it does is written out.
    """
    flow, way, flow_back, way_back, linear, place = at.flow, at.way, at.flow_back, at.way_back, at.linear, at.place
    size, now, best = len(place), at.value[NOW], at.value[BEST]
    for _ in range(sweeps):
        for u in range(at.real):
            flow_u, way_u = flow[u], way[u]
            for v in range(u + 1, size):
                here, there = place[u], place[v]
                change = linear[u, there] + linear[v, here] - linear[u, here] - linear[v, there]
                if not np.isfinite(change):
                    continue
                flow_v, way_v = flow[v], way[v]
                rest = 0.0
                for k in range(size):
                    rest += (flow_u[k] - flow_v[k]) * (way_v[k] - way_u[k])
                if at.symmetric:
                    rest *= 2.0
                else:
                    for k in range(size):
                        rest += (flow_back[u, k] - flow_back[v, k]) * (way_back[v, k] - way_back[u, k])
                out, back, to, fro = flow_u[v], flow_v[u], way_u[v], way_v[u]
                change += rest + 2.0 * (out * to + back * fro) + (out - back) * (fro - to)
                if change <= 0 or (change < HOPELESS * heat and uniform(random) < np.exp(-change / heat)):
                    trade(at, u, v)
                    now += change
                    if now < best - 1e-9 * max(1.0, abs(best)):
                        best = now
                        at.best[:] = place
        heat *= factor
    at.value[NOW], at.value[BEST] = now, best
