"""What must hold for every warehouse, judged by a second reading of the rules that was written for these tests alone.

TAGDOCK_WAREHOUSES=1000 tries so many random warehouses instead of a few.
"""

import os
from collections import Counter, defaultdict
from itertools import combinations
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tagdock_slotting.errors import UnsolvedError
from tagdock_slotting.evaluate import evaluate
from tagdock_slotting.plan import CARRIED, Layout, Plan
from tagdock_slotting.reading import decode_problem
from tagdock_slotting.solve import solve

WAREHOUSES = int(os.environ.get("TAGDOCK_WAREHOUSES", "25"))
FEW = settings(max_examples=8)
SEEDS = st.integers(0, 10**6)

House = dict[str, Any]


def house(seed: int) -> House:
    """A small warehouse, lived in, in which each rule of the house holds with some chance."""
    random = Random(seed)
    bins = [
        {
            "id": f"B{n}",
            "x_m": random.randint(0, 20),
            "y_m": random.randint(0, 20),
            "z_m": random.choice([0.1, 1.0, 2.0]),
            "zone": random.choice(["warm", "warm", "cold"]),
            "height_m": random.choice([None, 1.0, 2.0]),
            "use": random.choice(["open"] * 8 + ["blocked", "held"]),
            "items_at_most": random.choice([1, 1, 1, 2]),
            "volume_m3": random.choice([None, None, 2.0]),
        }
        for n in range(random.randint(7, 10))
    ]
    items = [_item(random, n, [place["id"] for place in bins]) for n in range(random.randint(3, 6))]
    found: House = {
        "doors": [{"id": "D", "x_m": 0, "y_m": 0}],
        "bins": bins,
        "items": items,
        "heavy_below": random.choice([[], [], [{"over_kg": 15, "z_m_at_most": 1.4}]]),
        "moves": {"cost_m_per_move": random.choice([0.0, 5.0, 100.0, 2000.0]), "horizon_days": 30},
    }
    if random.random() < 0.3 and any(item["family"] == "a" for item in items):
        found["together"] = [{"family": "a", "within": "zone"}]
    if random.random() < 0.8:
        found["current"] = _today(random, items, bins)
    return found


def _item(random: Random, number: int, bins: list[str]) -> House:
    return {
        "sku": f"S{number}",
        "picks_per_day": random.choice([0.0, random.uniform(0, 5), random.uniform(0, 50)]),
        "zones": random.choice([[], [], [], ["warm"]]),
        "height_m": random.choice([0.5, 0.5, 1.5]),
        "mass_kg": random.choice([1.0, 20.0]),
        "volume_m3": random.choice([0.5, 1.2]),
        "family": random.choice([None, "a", "b"]),
        "keep_apart": random.choice([[], [], ["b"]]),
        "bins": random.sample(bins, 4) if random.random() < 0.1 else [],
        "bins_needed": random.choice([1, 1, 1, 2]),
    }


def _today(random: Random, items: list[House], bins: list[House]) -> Layout:
    free = [place["id"] for place in bins if place["use"] != "blocked"]
    random.shuffle(free)
    return {item["sku"]: (free.pop(),) for item in items if free and item["bins_needed"] == 1}


def broken(house: House, layout: Layout) -> list[str]:
    """Read the rules again, from the problem's text alone."""
    bins = {place["id"]: place for place in house["bins"]}
    inside: dict[str, list[House]] = defaultdict(list)
    faults = []
    for item in house["items"]:
        lies = layout.get(item["sku"], ())
        faults += ["needed"] if len(set(lies)) != item["bins_needed"] else []
        stays = [name for name in house.get("current", {}).get(item["sku"], ()) if bins[name]["use"] == "held"]
        faults += ["held"] if not set(stays) <= set(lies) else []
        for name in lies:
            inside[name].append(item)
            if name not in stays:
                faults += _alone(house, item, bins[name])
    for name, goods in inside.items():
        faults += ["slots"] if len(goods) > bins[name]["items_at_most"] else []
        room = bins[name]["volume_m3"]
        faults += ["volume"] if room is not None and sum(item["volume_m3"] for item in goods) > room + 1e-9 else []
        for one, other in combinations(goods, 2):
            apart = one["family"] in other["keep_apart"] or other["family"] in one["keep_apart"]
            faults += ["apart"] if apart else []
    for rule in house.get("together", []):
        members = [item["sku"] for item in house["items"] if item["family"] == rule["family"]]
        zones = {bins[name]["zone"] for sku in members for name in layout.get(sku, ())}
        faults += ["together"] if len(zones) > 1 else []
    return faults


def _alone(house: House, item: House, place: House) -> list[str]:
    heavy = [rule["z_m_at_most"] for rule in house["heavy_below"] if item["mass_kg"] > rule["over_kg"]]
    return [
        name
        for name, kept in (
            ("zone", not item["zones"] or place["zone"] in item["zones"]),
            ("height", place["height_m"] is None or item["height_m"] <= place["height_m"]),
            ("heavy", all(place["z_m"] <= limit for limit in heavy)),
            ("use", place["use"] == "open"),
            ("bins", not item["bins"] or place["id"] in item["bins"]),
            ("size", place["volume_m3"] is None or item["volume_m3"] <= place["volume_m3"]),
        )
        if not kept
    ]


def walked(house: House, layout: Layout) -> float:
    """Add up picks times distance again."""
    way = {place["id"]: place["x_m"] + place["y_m"] for place in house["bins"]}
    rates = {item["sku"]: item["picks_per_day"] for item in house["items"]}
    return sum(rates[sku] * way[name] / len(lies) for sku, lies in layout.items() for name in lies)


def carries(plan: Plan) -> int:
    return sum(move.to_bin != CARRIED for move in plan.moves)


def planned(house: House) -> Plan | None:
    """Solve a warehouse; None where nothing was found."""
    try:
        plan = solve(decode_problem(msgspec.json.encode(house)), time_limit_s=0.1)
    except UnsolvedError:
        return None
    return None if plan.objective_m_per_day is None else plan


@pytest.mark.parametrize("group", range(5))
def test_a_plan_is_legal_adds_up_and_is_never_worse_than_doing_nothing(group: int) -> None:
    solved = 0
    for seed in range(group, WAREHOUSES, 5):
        task = house(seed)
        plan = planned(task)
        if plan is None:
            assert "current" not in task or broken(task, task["current"])
            continue
        solved += 1
        assert broken(task, plan.assignment) == []
        price = task["moves"]["cost_m_per_move"] / task["moves"]["horizon_days"]
        left = [set(lies) - set(plan.assignment[sku]) for sku, lies in task.get("current", {}).items()]
        cost = walked(task, plan.assignment) + price * sum(map(len, left))
        assert plan.objective_m_per_day == pytest.approx(cost)
        assert (plan.lower_bound_m_per_day or 0) <= cost + 1e-6
        judged = evaluate(decode_problem(msgspec.json.encode(task)), plan.assignment)
        assert (judged.objective_m_per_day, judged.broken_rules) == (pytest.approx(cost), ())
        if "current" in task and not broken(task, task["current"]):
            executed = walked(task, plan.assignment) + price * carries(plan)
            assert executed <= walked(task, task["current"]) + 1e-6
    assert solved


@pytest.mark.parametrize("group", range(5))
def test_moves_carried_out_one_by_one_end_in_the_planned_layout(group: int) -> None:
    for seed in range(group, WAREHOUSES, 5):
        task = house(seed)
        plan = planned(task)
        if plan is None or "current" not in task or broken(task, task["current"]):
            continue
        floor = {sku: list(lies) for sku, lies in task["current"].items()}
        slots = {place["id"]: place["items_at_most"] for place in task["bins"]}
        for move in plan.moves:
            floor[move.sku].remove(move.from_bin)
            floor[move.sku].append(move.to_bin)
            load = Counter(name for lies in floor.values() for name in lies if name != CARRIED)
            assert all(count <= slots[name] for name, count in load.items())
            assert len(floor[move.sku]) == len(set(floor[move.sku]))
        for sku, lies in floor.items():
            assert set(lies) <= set(plan.assignment[sku])


@given(SEEDS)
@FEW
def test_a_further_rule_never_improves_a_plan(seed: int) -> None:
    task, random = house(seed), Random(seed)
    free = planned(task)
    open_bins = [place for place in task["bins"] if place.get("use", "open") == "open"]
    anywhere = [item for item in task["items"] if not item["zones"]]
    further = {
        "height": lambda: task["bins"][0].update(height_m=min(0.4, task["bins"][0].get("height_m") or 0.4)),
        "blocked": lambda: [place.update(use="blocked") for place in open_bins[:1]],
        "zone": lambda: [item.update(zones=["warm"]) for item in anywhere[:1]],
        "heavy": lambda: task["heavy_below"].append({"over_kg": 0.5, "z_m_at_most": 1.4}),
    }
    further[random.choice(sorted(further))]()  # beside the rules that there are: in place of one it could well improve
    bound = planned(task)
    if free is not None and bound is not None and free.status == bound.status == "optimal":
        assert (bound.objective_m_per_day or 0) >= (free.objective_m_per_day or 0) - 1e-6


@given(SEEDS, st.sampled_from([0.25, 3.0, 1000.0]))
@FEW
def test_scaling_all_rates_and_prices_scales_the_objective(seed: int, factor: float) -> None:
    task = house(seed)
    plan = planned(task)
    for item in task["items"]:
        item["picks_per_day"] *= factor
    task["moves"]["cost_m_per_move"] *= factor
    scaled = planned(task)
    if plan is not None and scaled is not None and plan.status == scaled.status == "optimal":
        assert scaled.objective_m_per_day == pytest.approx((plan.objective_m_per_day or 0) * factor, rel=1e-5)


@given(SEEDS)
@FEW
def test_the_order_of_the_input_changes_nothing_but_ties(seed: int) -> None:
    task, random = house(seed), Random(seed)
    plan = planned(task)
    for name in ("bins", "items"):
        random.shuffle(task[name])
    shuffled = planned(task)
    if plan is not None and shuffled is not None and plan.status == shuffled.status == "optimal":
        assert shuffled.objective_m_per_day == pytest.approx(plan.objective_m_per_day, rel=1e-5)
