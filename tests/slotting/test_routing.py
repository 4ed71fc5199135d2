"""Tours: proven instances, brute force over every sequence of picks, and what the policies promise."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, permutations
from pathlib import Path
from random import Random

import numpy as np
import pytest
from msgspec.structs import replace as replace_struct
from tagdock_slotting.distance import bin_distances, door_distances
from tagdock_slotting.problem import Aisles, Bin, CrossAisle, Door, Item, Policy, Problem, Routing
from tagdock_slotting.routing import Router

POLICIES: tuple[Policy, ...] = ("s_shape", "return", "midpoint", "largest_gap", "combined")


def problem_of(aisles: Aisles, picks: list[tuple[int, int]], doors: tuple[Door, ...], **routing: str) -> Problem:
    bins = tuple(Bin(id=str(number), aisle=aisle, cell=cell) for number, (aisle, cell) in enumerate(picks))
    items = tuple(Item(sku=place.id) for place in bins)
    orders = (tuple(item.sku for item in items),)
    return Problem(doors=doors, bins=bins, items=items, aisles=aisles, orders=orders, routing=Routing(**routing))  # type: ignore[arg-type]


def tour_m(problem: Problem, policy: Policy = "exact") -> float:
    router = Router.of(problem)
    assert router is not None
    places = np.arange(len(problem.bins))
    return float(replace(router, policy=policy).lengths(1, np.zeros_like(places), places)[0])


def brute_force_m(problem: Problem, start: int, end: int) -> float:
    """Walk through the picks in every order by shortest ways."""
    to_doors, between = door_distances(problem), bin_distances(problem)
    places = np.arange(len(problem.bins))
    ways = between(places[:, None], places[None, :])
    return min(
        to_doors[order[0], start] + sum(ways[one, two] for one, two in pairwise(order)) + to_doors[order[-1], end]
        for order in permutations(range(len(places)))
    )


def random_case(seed: int, blocks: int) -> Problem:
    random = Random(seed)
    cells = random.randint(2, 7)
    cross = (CrossAisle(after_cell=random.randint(0, cells - 2), width_m=random.choice([0.0, 1.0, 2.5])),)
    aisles = Aisles(
        count=random.randint(1, 5),
        pitch_m=random.choice([0.5, 3.0, 8.0]),
        cells=cells,
        cell_m=random.choice([1.0, 1.3]),
        front_gap_m=random.choice([0.0, 1.0]),
        back_gap_m=random.choice([0.0, 2.0]),
        cross_aisles=cross[: blocks - 1],
    )
    doors = tuple(
        Door(
            id=name,
            aisle=random.randrange(aisles.count),
            end=random.choice(["front", "back"]),
            gap_m=random.choice([0.0, 4.0]),
        )
        for name in ("in", "out")
    )
    spots = [(aisle, cell) for aisle in range(aisles.count) for cell in range(cells)]
    return problem_of(aisles, random.sample(spots, min(len(spots), random.randint(1, 6))), doors, end_door="out")


def test_all_proven_instances_are_solved_to_their_optimum(data: Path) -> None:
    with gzip.open(data / "picker_routes_single_block.jsonl.gz") as lines:
        instances = [json.loads(line) for line in lines]
    assert len(instances) == 400
    for case in instances:
        aisles = Aisles(
            count=case["aisles"],
            pitch_m=case["pitch"],
            cells=case["cells"],
            cell_m=case["cell"],
            front_gap_m=case["front_gap"],
            back_gap_m=case["back_gap"],
        )
        door = Door(id="D", aisle=case["depot_aisle"], end=case["depot_end"], gap_m=case["depot_gap"])
        found = tour_m(problem_of(aisles, [tuple(pick) for pick in case["picks"]], (door,)))
        assert found == pytest.approx(case["optimum"]), case["name"]


@pytest.mark.parametrize("blocks", [1, 2], ids=["one block", "two blocks"])
def test_exact_tours_equal_brute_force_also_between_two_doors(blocks: int) -> None:
    for seed in range(150):
        problem = random_case(seed, blocks)
        assert tour_m(problem) == pytest.approx(brute_force_m(problem, 0, 1)), seed


def test_no_policy_is_shorter_than_the_exact_tour() -> None:
    for seed in range(300):
        problem = replace_struct(random_case(seed, 1), routing=Routing())
        exact = tour_m(problem)
        for policy in POLICIES:
            assert tour_m(problem, policy) >= exact - 1e-9, (seed, policy)


ONE_BLOCK = Aisles(count=4, pitch_m=3.0, cells=10, cell_m=1.0, front_gap_m=1.0, back_gap_m=1.0)
"""Aisles 11 m deep: cell c lies c + 1 m from the front."""


@pytest.mark.parametrize(
    ("policy", "picks", "length_m"),
    [
        ("return", [(0, 4), (2, 9)], 2 * 6 + 2 * 5 + 2 * 10),
        ("s_shape", [(0, 4), (2, 9)], 2 * 6 + 2 * 11),
        ("s_shape", [(0, 4), (1, 0), (2, 9)], 2 * 6 + 2 * 11 + 2 * 10),
        ("midpoint", [(0, 4), (1, 1), (1, 8), (3, 0)], 2 * 9 + 2 * 11 + 2 * 2 + 2 * 2),
        ("largest_gap", [(0, 4), (1, 1), (1, 8), (3, 0)], 2 * 9 + 2 * 11 + 2 * (11 - 7)),
        ("largest_gap", [(0, 4), (1, 6), (3, 0)], 2 * 9 + 2 * 11 + 2 * 4),
        ("combined", [(0, 9), (1, 9), (2, 0)], 2 * 6 + 2 * 11 + 2 * 1),
        ("exact", [(0, 9), (1, 9), (2, 0)], 2 * 6 + 2 * 11 + 2 * 1),
    ],
)
def test_policies_walk_as_the_literature_says(policy: Policy, picks: list[tuple[int, int]], length_m: float) -> None:
    door = Door(id="D", aisle=0)
    assert tour_m(problem_of(ONE_BLOCK, picks, (door,)), policy) == pytest.approx(length_m)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_warehouse_seen_from_the_back_has_the_same_tours(policy: Policy) -> None:
    picks = [(0, 4), (1, 1), (1, 8), (3, 0)]
    mirrored = [(aisle, 9 - cell) for aisle, cell in picks]
    front = tour_m(problem_of(ONE_BLOCK, picks, (Door(id="D", aisle=0),)), policy)
    back = tour_m(problem_of(ONE_BLOCK, mirrored, (Door(id="D", aisle=0, end="back"),)), policy)
    assert front == pytest.approx(back)


def test_many_orders_at_once_are_as_long_as_each_alone() -> None:
    random = Random(5)
    case = problem_of(ONE_BLOCK, [(a, c) for a in range(4) for c in range(10)], (Door(id="D", aisle=2, gap_m=1.0),))
    router = Router.of(case)
    assert router is not None
    orders = [random.sample(range(40), random.randint(1, 8)) for _ in range(50)]
    order = np.array([number for number, picks in enumerate(orders) for _ in picks])
    together = router.lengths(51, order, np.array([place for picks in orders for place in picks]))
    alone = [router.lengths(1, np.zeros(len(picks), dtype=np.intp), np.array(picks))[0] for picks in orders]
    assert together[:50] == pytest.approx(np.array(alone))
    assert together[50] == 0.0


def test_a_pick_twice_in_one_place_is_walked_once(warehouse: Callable[..., Problem]) -> None:
    router = Router.of(problem_of(ONE_BLOCK, [(1, 3), (2, 5)], (Door(id="D", aisle=0),)))
    assert router is not None
    once = router.lengths(1, np.array([0, 0]), np.array([0, 1]))
    assert router.lengths(1, np.array([0, 0, 0]), np.array([0, 1, 0])) == pytest.approx(once)
