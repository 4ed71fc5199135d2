"""Items choose the cheapest of few bins at prices of room, in a compiled loop."""

import numpy as np

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.kernels.compiled import compiled


@compiled
def choose(alone: Metres, near: Indices, amounts: Metres, prices: Metres, used: Metres) -> float:
    """Return what all items pay, each in the cheapest of its bins; fill in what they take there, `used[kind, bin]`.

    Item `i` costs `alone[i, k]` in bin `near[i, k]`, and takes `amounts[kind, i]` at `prices[kind, bin]`.
    """
    used[:] = 0.0
    total, kinds = 0.0, len(amounts)
    for item in range(near.shape[0]):
        least, first = np.inf, 0
        for k in range(near.shape[1]):
            place, cost = near[item, k], alone[item, k]
            for kind in range(kinds):
                cost += amounts[kind, item] * prices[kind, place]
            if cost < least:
                least, first = cost, place
        if least == np.inf:
            first = near[item, 0]
        total += least
        for kind in range(kinds):
            used[kind, first] += amounts[kind, item]
    return total
