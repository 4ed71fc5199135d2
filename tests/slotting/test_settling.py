"""Flows mended along shortest paths are as cheap as those from scratch, and their prices prove it."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from tagdock_slotting.model import Amounts
from tagdock_slotting.solvers.fits import Fits
from tagdock_slotting.solvers.flow import Arcs, Integers, transport
from tagdock_slotting.solvers.market import Homes, Market
from tagdock_slotting.solvers.settling import Offers, Settled, Settler

FINEST = 1e-9

WAYS = pytest.mark.parametrize("crowded", [100, 0], ids=["mended", "from scratch"])


@pytest.fixture
def way(crowded: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagdock_slotting.solvers.settling.CROWDED", crowded)


@dataclass
class House:
    """A random house, all pairs of which are offered."""

    supply: Integers
    capacity: Integers
    room: Integers
    cost: Amounts

    @property
    def market(self) -> Market:
        items, bins = self.cost.shape
        nothing = np.zeros(0, dtype=np.int64)
        return Market(
            left=np.zeros((items, 1)),
            right=np.zeros((bins, 1)),
            supply=self.supply,
            capacity=self.capacity,
            size=self.capacity,
            several=np.zeros(items, dtype=np.bool_),
            fits=Fits(np.zeros(items, dtype=np.intp), np.ones((1, bins), dtype=np.bool_)),
            homes=Homes(nothing, nothing, nothing),
        )

    def offers(self, known: float = 1.0, random: np.random.Generator | None = None) -> Offers:
        kept = np.ones(self.cost.shape, dtype=np.bool_) if random is None else random.random(self.cost.shape) < known
        item, place = np.nonzero(kept)
        avoid = np.zeros(len(item), dtype=np.bool_)
        return Offers(item, place, self.room[item, place], self.cost[item, place], avoid)


def house(random: np.random.Generator, kind: str, *, several: bool) -> House:
    items, bins = int(random.integers(2, 40)), int(random.integers(3, 40))
    supply = random.integers(1, 6, items) if several else np.ones(items, dtype=np.int64)
    share = np.full(bins, 1 / bins)
    capacity = np.bincount(random.choice(bins, int(supply.sum()), p=share), minlength=bins)
    capacity += random.integers(0, 2, bins) * random.integers(0, 2)
    room = random.integers(1, 7, (items, bins)) if several else np.ones((items, bins), dtype=np.int64)
    shape = items, bins
    cost = {
        "uniform": lambda: random.uniform(0, 100, shape),
        "rate x way": lambda: np.outer(random.pareto(1.1, items), random.uniform(1, 90, bins)),
        "ties": lambda: random.integers(0, 3, shape).astype(np.float64),
        "one price": lambda: np.full(shape, 2.5),
        "huge": lambda: random.uniform(0, 1e9, shape),
    }[kind]()
    return House(supply.astype(np.int64), capacity.astype(np.int64), room.astype(np.int64), cost)


def best_of(rooms: House, offers: Offers) -> float | None:
    arcs = Arcs(offers.item.astype(np.int32), offers.bin.astype(np.int32), offers.room, offers.pays, offers.avoid)
    flow = transport(rooms.supply, rooms.capacity, arcs)
    return None if flow is None else float(flow.amount @ offers.pays)


def assert_settled(rooms: House, offers: Offers, found: Settled) -> float:
    """Check that a flow is one, and that its prices leave nobody a cheaper arc; return its cost."""
    flow = found.flow
    assert (flow >= 0).all()
    assert (flow <= offers.room).all()
    assert np.array_equal(np.bincount(offers.item, flow, len(rooms.supply)), rooms.supply)
    assert (np.bincount(offers.bin, flow, len(rooms.capacity)) <= rooms.capacity).all()
    pays = offers.pays + found.prices[offers.bin]
    allowance = 3 * found.unit + 1e-9 * float(np.abs(pays).max())
    free = flow < np.minimum(offers.room, rooms.supply[offers.item])
    least = np.full(len(rooms.supply), np.inf)
    np.minimum.at(least, offers.item[free], pays[free])
    used = flow > 0
    assert (pays[used] <= least[offers.item[used]] + allowance).all()
    empty = np.bincount(offers.bin, flow, len(rooms.capacity)) < rooms.capacity
    assert (found.prices[empty] <= found.prices.min() + allowance).all()
    return float(flow @ offers.pays)


@pytest.mark.usefixtures("way")
@WAYS
@pytest.mark.parametrize("several", [False, True], ids=["one each", "several each"])
@pytest.mark.parametrize("kind", ["uniform", "rate x way", "ties", "one price", "huge"])
def test_each_answer_is_the_cheapest_as_arcs_come_and_costs_change(kind: str, several: bool) -> None:
    """One settler goes on from answer to answer; OR-Tools' flow solves each on its own."""
    impossible = 0
    for seed in range(8):
        random = np.random.default_rng(seed)
        rooms = house(random, kind, several=several)
        settler, prices = Settler(rooms.market), random.uniform(0, 1, len(rooms.capacity))
        for known in (0.2, 0.4, 1.0, 0.7, 1.0):
            offers = rooms.offers(known, random)
            best, found = best_of(rooms, offers), settler.settle(offers, prices, FINEST)
            assert (found is None) == (best is None)
            if found is None or best is None:
                impossible += 1
                continue
            assert assert_settled(rooms, offers, found) == pytest.approx(best, rel=1e-8, abs=1e-8)
            rooms.cost = rooms.cost + random.choice([0.0, 1.0]) * rooms.cost.mean() * random.random(rooms.cost.shape)
            prices = found.prices
    assert 0 < impossible < 8 * 5


@pytest.mark.usefixtures("way")
@WAYS
def test_a_full_square_costs_what_scipy_finds(crowded: int) -> None:
    for seed in range(4):
        cost = np.random.default_rng(seed).uniform(0, 10, (60, 60))
        ones = np.ones(60, dtype=np.int64)
        rooms = House(ones, ones, np.ones((60, 60), dtype=np.int64), cost)
        found = Settler(rooms.market).settle(rooms.offers(), np.zeros(60), FINEST)
        assert found is not None
        assert assert_settled(rooms, rooms.offers(), found) == pytest.approx(cost[linear_sum_assignment(cost)].sum())


@pytest.mark.usefixtures("way")
@WAYS
def test_what_loses_ties_is_used_only_where_it_is_cheaper() -> None:
    """An item's first arc and its third cost the same; the second is cheaper, and there is no room for both items."""
    rooms = House(np.array([1, 1]), np.array([2, 1]), np.ones((2, 2), dtype=np.int64), np.zeros((2, 2)))
    item, place = np.array([0, 0, 0, 1, 1]), np.array([0, 1, 0, 0, 1])
    pays, avoid = np.array([5.0, 4.0, 5.0, 3.0, 1.0]), np.array([True, True, False, True, True])
    offers = Offers(item, place, np.ones(5, dtype=np.int64), pays, avoid)
    found = Settler(rooms.market).settle(offers, np.zeros(2), FINEST)
    assert found is not None
    assert found.flow.tolist() == [0, 0, 1, 0, 1]
