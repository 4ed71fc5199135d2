"""Who lies where on few arcs, and what places are worth then: from scratch, or going on from the last answer.

From scratch it is OR-Tools' flow, and the prices that its residual network proves it optimal by. Where loops are
compiled and prices are nearly right, shortest augmenting paths mend the last flow and bring its prices along.
"""

from dataclasses import dataclass

import numpy as np

from tagdock_slotting.distance import Indices
from tagdock_slotting.kernels.compiled import COMPILES
from tagdock_slotting.model import Amounts, Flags
from tagdock_slotting.solvers.flow import TIE_UNITS, Integers, WholeArcs, balanced, scale_bits
from tagdock_slotting.solvers.market import Market
from tagdock_slotting.solvers.prices import prices_near

CROWDED = 100
"""Item kinds a bin kind from which flows start from scratch: each step of a path looks at all that lie in a bin."""

SAME = 1e-12
"""Costs of less than this share of the dearest apart are one, whatever the order that they were added up in."""


@dataclass(frozen=True)
class Offers:
    """Arcs: how many units of an item a bin takes, what each pays without price, and which arcs lose ties."""

    item: Indices
    bin: Indices
    room: Integers
    pays: Amounts
    avoid: Flags


@dataclass(frozen=True)
class Settled:
    """Units on each arc, the prices of places that prove them best, and the unit that costs were rounded to."""

    flow: Integers
    prices: Amounts
    unit: float


@dataclass(frozen=True)
class _Network:
    """All arcs in the order of their items, nobody's last, who takes the empty places; and what each item needs."""

    order: Indices
    item: Indices
    bin: Indices
    room: Integers
    pays: Amounts
    avoid: Flags
    supply: Integers


class Settler:
    """Settles one market again and again, on arcs and costs that change."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._numbers = self._sent = np.zeros(0, dtype=np.int64)
        self._prices: Amounts | None = None

    def settle(self, offers: Offers, prices: Amounts, finest: float) -> Settled | None:
        """Find the cheapest flow; None where these arcs hold none. Costs closer than the finest unit count as one."""
        crowded = len(self._market.supply) > CROWDED * len(self._market.capacity)
        if crowded or not COMPILES:
            return self._from_scratch(offers, prices, finest)
        return self._resumed(offers, prices, finest)

    def _from_scratch(self, offers: Offers, prices: Amounts, finest: float) -> Settled | None:
        """Solve in whole units, reduced by prices."""
        market, net = self._market, self._network(offers)
        paid = net.pays + prices[net.bin]
        least = np.full(len(net.supply), np.inf)
        np.minimum.at(least, net.item, paid)
        reduced = paid - least[net.item]
        dearest = float(reduced.max(initial=0.0)) or 1.0
        unit = max(finest, dearest / 2 ** scale_bits(len(net.supply) + len(prices)))
        cost = np.rint(reduced / unit).astype(np.int64) + TIE_UNITS * net.avoid
        arcs = WholeArcs(net.item, net.bin, net.room, cost)
        flow = balanced(net.supply, market.capacity, arcs)
        if flow is None:
            return None
        untied = WholeArcs(net.item, net.bin, net.room, cost)
        steps = prices_near(np.zeros(len(prices), dtype=np.int64), untied, flow)
        return Settled(self._as_offered(net, flow), prices + steps * unit, unit)

    def _resumed(self, offers: Offers, prices: Amounts, finest: float) -> Settled | None:
        """Mend the last flow."""
        from tagdock_slotting.kernels import augmenting  # noqa: PLC0415 - the compiler takes a while to start

        market, net = self._market, self._network(offers)
        pays = net.pays + TIE_UNITS * finest * net.avoid
        numbers = (net.item * len(prices) + net.bin) * 2 + net.avoid
        start = self._last(numbers), prices if self._prices is None else self._prices
        state = augmenting.transport(net.supply, market.capacity, (net.item, net.bin, net.room, pays), start)
        if not augmenting.send(state, SAME * float(np.abs(pays).max(initial=1.0))):
            return None
        known = np.argsort(numbers, kind="stable")
        self._numbers, self._sent, self._prices = numbers[known], state.flow[known], state.price
        return Settled(self._as_offered(net, state.flow), state.price, finest)

    def _network(self, offers: Offers) -> _Network:
        items, bins, spare = len(self._market.supply), len(self._market.capacity), self._market.spare
        item, place, room, pays, avoid = offers.item, offers.bin, offers.room, offers.pays, offers.avoid
        supply = self._market.supply
        if spare:
            item, place = np.append(item, np.full(bins, items)), np.append(place, np.arange(bins))
            room, pays = np.append(room, np.full(bins, spare)), np.append(pays, np.zeros(bins))
            avoid, supply = np.append(avoid, np.zeros(bins, dtype=np.bool_)), np.append(supply, spare)
        order = np.argsort(item, kind="stable")
        item, room = item[order], room[order]
        all_of_it = supply[item]  # an arc that takes all of an item is never full: it has no price
        room = np.where(room >= all_of_it, all_of_it + 1, room)
        return _Network(order, item, place[order], room, pays[order], avoid[order], supply)

    def _last(self, numbers: Integers) -> Integers:
        """Return what flowed on each arc in the last answer."""
        if not len(self._numbers):
            return np.zeros(len(numbers), dtype=np.int64)
        at = np.minimum(np.searchsorted(self._numbers, numbers), len(self._numbers) - 1)
        return np.where(self._numbers[at] == numbers, self._sent[at], 0)

    def _as_offered(self, net: _Network, flow: Integers) -> Integers:
        """Return the flow in the order of the offers, without nobody's."""
        offered = np.empty(len(flow), dtype=np.int64)
        offered[net.order] = flow
        return offered[: len(flow) - len(self._market.capacity) * (self._market.spare > 0)]
