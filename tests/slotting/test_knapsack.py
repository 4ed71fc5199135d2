"""The best set of units for one bin, beside every set there is."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.exchanging import Exchanging
from tagdock_slotting.kernels import knapsack
from tagdock_slotting.model import Units, build_model
from tagdock_slotting.objective import Objective
from tagdock_slotting.problem import Bin, Door, Item, Problem

pytest.importorskip("numba")
UNITS = 9
ENOUGH = 100_000
ROUNDING = 1e-9


class Case:
    """Units of a few items, some of them enemies of others, and a bin that has room for some of them."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.units = UNITS
        self.saved = random.uniform(0, 10, UNITS)
        self.m3, self.kg = random.uniform(0.1, 1, UNITS), random.uniform(1, 5, UNITS)
        self.m3[random.random(UNITS) < 0.1] = 0.0
        self.item = random.integers(0, UNITS, UNITS) if seed % 2 else np.arange(UNITS)
        self.plain = not seed % 2
        self.room_m3 = np.inf if seed % 5 == 3 else random.uniform(0.5, 3)
        self.room_kg = np.inf if seed % 5 in (3, 4) else random.uniform(3, 12)
        self.slots = int(random.integers(1, 6))
        self.rent_m3 = random.uniform(0, 6) * np.isfinite(self.room_m3)
        self.rent_kg = random.uniform(0, 1.5) * np.isfinite(self.room_kg)
        self.loss = self.rent_m3 * self.m3 + self.rent_kg * self.kg - self.saved
        order = np.argsort(self.loss)
        self.saved, self.m3, self.kg = self.saved[order], self.m3[order], self.kg[order]
        self.item, self.loss = self.item[order], self.loss[order]

    def room(self) -> float:
        """Return what all room is worth."""
        worth = [rent * room for rent, room in ((self.rent_m3, self.room_m3), (self.rent_kg, self.room_kg)) if rent > 0]
        return float(sum(worth))

    def lost(self, some: tuple[int, ...]) -> float:
        """Return what a set loses, its unused room counted."""
        used = self.rent_m3 * self.m3[list(some)].sum() + self.rent_kg * self.kg[list(some)].sum()
        return float(self.loss[list(some)].sum() + self.room() - used)

    def fits(self, some: tuple[int, ...], quarrels: set[tuple[int, int]]) -> bool:
        """Return whether a bin takes a set."""
        peace = all(
            self.item[a] != self.item[b] and (self.item[a], self.item[b]) not in quarrels
            for a, b in combinations(some, 2)
        )
        return (
            len(some) <= self.slots
            and self.m3[list(some)].sum() <= self.room_m3 + ROUNDING
            and self.kg[list(some)].sum() <= self.room_kg + ROUNDING
            and (peace or self.plain)
        )

    def sets(self, quarrels: set[tuple[int, int]]) -> Iterator[tuple[int, ...]]:
        """Yield all sets that fit."""
        for count in range(self.units + 1):
            yield from (some for some in combinations(range(self.units), count) if self.fits(some, quarrels))

    def core(self) -> knapsack.Core:
        """Return the units as the search wants them."""
        c = knapsack.core()
        for mine, given in ((c.loss, self.loss), (c.m3, self.m3), (c.kg, self.kg), (c.item, self.item)):
            mine[: self.units] = given
        return c

    def best(self, floor: Any, c: knapsack.Core, most: float, nodes: int) -> tuple[int, float, bool]:
        """Ask for the best set."""
        room = (self.slots, self.room_m3, self.room_kg, self.rent_m3, self.rent_kg)
        count, lost, proven = knapsack.best_set(floor, c, self.units, *room, most, nodes, self.plain)
        return int(count), float(lost), bool(proven)


@pytest.fixture(scope="module")
def quarrels() -> set[tuple[int, int]]:
    """Say which items may not lie together, both ways round."""
    return {pair for a, b in ((0, 1), (2, 5), (2, 7)) for pair in ((a, b), (b, a))}


@pytest.fixture(scope="module")
def floor(quarrels: set[tuple[int, int]]) -> Any:
    """Lay out a warehouse that knows of these quarrels: a family for each item."""
    items = tuple(
        Item(sku=f"S{n}", family=f"F{n}", keep_apart=tuple(f"F{b}" for a, b in sorted(quarrels) if a == n))
        for n in range(UNITS)
    )
    problem = Problem(
        doors=(Door(id="D", x_m=0.0, y_m=0.0),),
        bins=tuple(Bin(id=f"B{n}", x_m=1.0, y_m=0.0, volume_m3=1.0, items_at_most=4) for n in range(UNITS)),
        items=items,
    )
    model, units = build_model(problem), Units(np.arange(UNITS), np.arange(UNITS))
    exchanging = Exchanging(Objective(model), linear_bound(model), np.zeros((3, UNITS)))
    return exchanging.arrays(units)[0]


@pytest.mark.parametrize("seed", range(60))
def test_the_set_is_the_best_of_all(floor: Any, quarrels: set[tuple[int, int]], seed: int) -> None:
    case = Case(seed)
    c = case.core()
    count, lost, proven = case.best(floor, c, np.inf, ENOUGH)
    chosen = tuple(c.chosen[:count].tolist())
    assert proven
    assert case.fits(chosen, quarrels)
    assert lost == pytest.approx(case.lost(chosen), abs=ROUNDING)
    assert lost == pytest.approx(min(case.lost(some) for some in case.sets(quarrels)), abs=ROUNDING)


@pytest.mark.parametrize("seed", range(20))
def test_sets_that_lose_the_limit_or_more_are_left_out(floor: Any, quarrels: set[tuple[int, int]], seed: int) -> None:
    case = Case(seed)
    least = min(case.lost(some) for some in case.sets(quarrels))
    count, lost, proven = case.best(floor, case.core(), least - 0.01, ENOUGH)
    assert (count, proven) == (0, True)
    assert lost == pytest.approx(least - 0.01, abs=ROUNDING)
    _, lost, proven = case.best(floor, case.core(), least + 0.01, ENOUGH)
    assert proven
    assert lost == pytest.approx(least, abs=ROUNDING)


@pytest.mark.parametrize("seed", range(20))
def test_who_stops_early_says_so_and_the_set_fits(floor: Any, quarrels: set[tuple[int, int]], seed: int) -> None:
    case = Case(seed)
    least, proofs = min(case.lost(some) for some in case.sets(quarrels)), []
    for nodes in (1, 2, 4, 8, 16, 32, 64, ENOUGH):
        c = case.core()
        count, lost, proven = case.best(floor, c, np.inf, nodes)
        chosen = tuple(c.chosen[:count].tolist())
        assert case.fits(chosen, quarrels)
        assert lost == pytest.approx(case.lost(chosen), abs=ROUNDING)
        assert lost >= least - ROUNDING
        assert not proven or lost <= least + ROUNDING
        proofs.append(proven)
    assert proofs == sorted(proofs)
    assert proofs[-1]


def worth(case: Case, price_m3: float, price_kg: float) -> float:
    """Return what a bin is worth at prices of its room: no set saves more there."""
    paid = price_m3 * case.m3 + price_kg * case.kg
    room = sum(price * room for price, room in ((price_m3, case.room_m3), (price_kg, case.room_kg)) if price > 0)
    return float(room + np.maximum(0.0, case.saved - paid).sum())


@pytest.mark.parametrize("seed", range(60))
def test_fair_prices_bound_every_set_and_no_worse_than_those_given(quarrels: set[tuple[int, int]], seed: int) -> None:
    case = Case(seed)
    given = (case.rent_m3, case.rent_kg)
    fair = knapsack.fair_prices(case.saved, case.m3, case.kg, case.room_m3, case.room_kg, *given)
    assert min(fair) >= 0
    assert fair[0] == 0 or np.isfinite(case.room_m3)
    assert fair[1] == 0 or np.isfinite(case.room_kg)
    if np.isfinite(case.room_m3 + case.room_kg):
        assert worth(case, *fair) <= worth(case, *given) + ROUNDING
    case.slots = case.units
    assert worth(case, *fair) >= max(case.saved[list(some)].sum() for some in case.sets(quarrels)) - ROUNDING


def test_one_kind_of_room_has_the_price_of_the_unit_that_just_does_not_fit() -> None:
    saved, m3, kg = np.array([8.0, 6.0, 5.0, 1.0]), np.array([1.0, 1.0, 1.0, 1.0]), np.zeros(4)
    assert knapsack.fair_prices(saved, m3, kg, 2.5, np.inf, 0.0, 0.0) == (5.0, 0.0)
    assert knapsack.fair_prices(saved, m3, kg, 9.0, np.inf, 3.0, 0.0) == (0.0, 0.0)
