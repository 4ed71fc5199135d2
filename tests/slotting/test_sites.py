"""Many sites: who ships an order, what moves between sites, how a first delivery is split."""

import itertools
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.stats import nbinom, poisson
from tagdock_slotting.cli import main
from tagdock_slotting.sites.balance import Lane, Level, Levels, shortage, surplus, useful
from tagdock_slotting.sites.records import Allocation, Costs, Demand, Line, Order, Site, Stock
from tagdock_slotting.sites.split import Delivery, Forecast, first_split, split_delivery
from tagdock_slotting.solvers.allocating import allocate
from tagdock_slotting.solvers.balancing import balance

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HANGZHOU, SHANGHAI, BEIJING = (30.25, 120.17), (31.23, 121.47), (39.90, 116.40)


def site(name: str, at: tuple[float, float], **more: Any) -> Site:
    return Site(id=name, lat_deg=at[0], lon_deg=at[1], **more)


def order(name: str, at: tuple[float, float], lines: dict[str, int], minutes: int = 0, **more: Any) -> Order:
    told = tuple(Line(sku, units) for sku, units in lines.items())
    return Order(name, NOW + timedelta(minutes=minutes), at[0], at[1], told, **more)


def demand(orders: list[Order], stock: dict[tuple[str, str], int], sites: tuple[Site, ...], **more: Any) -> Demand:
    rows = tuple(Stock(name, sku, units) for (name, sku), units in stock.items())
    return Demand(now=NOW, sites=sites, stock=rows, orders=tuple(orders), **more)


def solved(task: Demand, limit_s: float = 10.0) -> Allocation:
    return allocate(task, limit_s, 0, time.monotonic)


def check(task: Demand, found: Allocation) -> float:
    """Look at an allocation as somebody would who knows nothing of how it was made; returns its cost."""
    left = {(row.site, row.sku): row.quantity for row in task.stock}
    lines_left = {each.id: each.lines_at_most for each in task.sites}
    places = {each.id: each for each in task.sites}
    total, told = 0.0, {each.order: each for each in found.shipped}
    assert len(told) + len(found.waiting) == len(task.orders)
    for wanted in task.orders:
        worth = max(wanted.value, task.costs.value_at_least) * (task.costs.urgent_factor if wanted.urgent else 1)
        if wanted.id not in told:
            total += round(100 * worth * task.costs.unserved_share)
            continue
        shipments = told[wanted.id].shipments
        assert sorted(itertools.chain(*(each.lines for each in shipments))) == list(range(len(wanted.lines)))
        assert wanted.split or len(shipments) == 1
        assert all(not wanted.sites or each.site in wanted.sites for each in shipments)
        late = 0
        for each in shipments:
            at = places[each.site]
            km = _km(wanted, at)
            days = max(1, int(np.ceil(km / task.costs.km_a_day))) + int(
                at.cut_off_at is not None and at.cut_off_at <= NOW
            )
            assert each.arrives_at == NOW + timedelta(days=days)
            if wanted.promised_at is not None:
                late = max(late, int(np.ceil((each.arrives_at - wanted.promised_at) / timedelta(days=1))))
            total += round(100 * (task.costs.per_shipment + task.costs.per_km * km))
            for place in each.lines:
                left[each.site, wanted.lines[place].sku] -= wanted.lines[place].quantity
            if lines_left[each.site] is not None:
                lines_left[each.site] -= len(each.lines)
        assert told[wanted.id].days_late == late
        total += late * round(100 * worth * task.costs.late_share_a_day)
    assert min(left.values(), default=0) >= 0
    assert all(room is None or room >= 0 for room in lines_left.values())
    return total / 100


def _km(start: Order | Site, goal: Order | Site) -> float:
    """Return the distance by the angle between two directions, not by the formula that is tested."""
    directions = []
    for place in (start, goal):
        lat, lon = np.radians(place.lat_deg), np.radians(place.lon_deg)
        directions.append(np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]))
    between = np.arctan2(np.linalg.norm(np.cross(*directions)), np.dot(*directions))
    return 6371.0088 * float(between)


PAIR = (site("hz", HANGZHOU), site("bj", BEIJING))


def test_an_order_goes_to_the_nearest_site_that_has_all_of_it() -> None:
    task = demand([order("o", SHANGHAI, {"a": 2, "b": 1})], {("hz", "a"): 2, ("hz", "b"): 1, ("bj", "a"): 9}, PAIR)
    found = solved(task)
    assert [each.shipments[0].site for each in found.shipped] == ["hz"]
    assert found.status == "optimal" and found.shipped[0].why.startswith("the nearest")


def test_the_last_unit_goes_to_whom_it_would_cost_more_to_do_without() -> None:
    first = order("early", SHANGHAI, {"a": 1}, 0)
    urgent = order("urgent", SHANGHAI, {"a": 1}, 5, urgent=True)
    found = solved(demand([first, urgent], {("hz", "a"): 1}, PAIR))
    assert [each.order for each in found.shipped] == ["urgent"]
    assert found.waiting[0].order == "early" and "serves orders that cost more" in found.waiting[0].why
    assert found.cost < found.first_come_cost


def test_a_nearer_site_is_left_to_the_order_that_has_no_other() -> None:
    either = order("either", HANGZHOU, {"a": 1}, 0)
    only = order("only", HANGZHOU, {"a": 1, "b": 1}, 5)
    stock = {("hz", "a"): 1, ("hz", "b"): 1, ("bj", "a"): 1}
    found = solved(demand([either, only], stock, PAIR))
    assert {each.order: each.shipments[0].site for each in found.shipped} == {"either": "bj", "only": "hz"}
    assert "serves orders that need it more" in found.shipped[0].why


@pytest.mark.parametrize(("split", "sites"), [(True, ["bj", "hz"]), (False, [])])
def test_an_order_is_split_only_where_it_may_be(split: bool, sites: list[str]) -> None:
    task = demand([order("o", SHANGHAI, {"a": 1, "b": 1}, split=split)], {("hz", "a"): 1, ("bj", "b"): 1}, PAIR)
    found = solved(task)
    assert sorted(part.site for each in found.shipped for part in each.shipments) == sites
    assert split or "may not be split" in found.waiting[0].why


def test_after_the_cut_off_a_farther_site_may_be_in_time() -> None:
    near = site("hz", HANGZHOU, cut_off_at=NOW - timedelta(minutes=1))
    promised = order("o", SHANGHAI, {"a": 1}, promised_at=NOW + timedelta(days=1), value=1000.0)
    stock = {("hz", "a"): 1, ("bj", "a"): 1}
    costs = Costs(km_a_day=2000.0)
    found = solved(demand([promised], stock, (near, PAIR[1]), costs=costs))
    assert found.shipped[0].shipments[0].site == "bj" and found.shipped[0].days_late == 0
    assert "come too late" in found.shipped[0].why


def test_a_site_picks_no_more_lines_than_it_can() -> None:
    orders = [order(f"o{number}", SHANGHAI, {"a": 1}) for number in range(3)]
    stock = {("hz", "a"): 9, ("bj", "a"): 9}
    found = solved(demand(orders, stock, (site("hz", HANGZHOU, lines_at_most=2), PAIR[1])))
    assert sorted(each.shipments[0].site for each in found.shipped) == ["bj", "hz", "hz"]


@st.composite
def _demands(draw: st.DrawFn) -> Demand:
    places = st.sampled_from([HANGZHOU, SHANGHAI, BEIJING, (23.13, 113.26)])
    cut_offs = st.sampled_from([None, NOW, NOW + timedelta(hours=3)])
    rooms = st.sampled_from([None, 1, 3])
    sites = tuple(
        site(name, draw(places), cut_off_at=draw(cut_offs), lines_at_most=draw(rooms)) for name in ("s", "t", "u")
    )
    stock = {(name, sku): draw(st.integers(0, 3)) for name in "stu" for sku in "abc"}
    lines = st.dictionaries(st.sampled_from("abc"), st.integers(1, 2), min_size=1, max_size=3)
    orders = [
        order(
            f"o{number}",
            draw(places),
            draw(lines),
            draw(st.integers(0, 9)),
            split=draw(st.booleans()),
            urgent=draw(st.booleans()),
            value=draw(st.sampled_from([0.0, 80.0, 400.0])),
            promised_at=draw(st.sampled_from([None, NOW + timedelta(days=1), NOW + timedelta(days=3)])),
            sites=draw(st.sampled_from([(), ("s",), ("t", "u")])),
        )
        for number in range(draw(st.integers(1, 4)))
    ]
    return demand(orders, stock, sites)


@settings(max_examples=20, deadline=None)
@given(_demands())
def test_an_allocation_keeps_all_rules_and_costs_what_it_says_and_no_more_than_first_come(task: Demand) -> None:
    found = solved(task)
    assert check(task, found) == pytest.approx(found.cost, abs=1e-6)
    assert found.status == "optimal" and found.lower_bound == pytest.approx(found.cost, abs=0.011)
    assert found.cost <= found.first_come_cost + 1e-9


@settings(max_examples=10, deadline=None)
@given(_demands())
def test_no_way_to_give_orders_to_sites_costs_less(task: Demand) -> None:
    """Try every way to give each line of the first orders to a site."""
    task = msgspec.structs.replace(task, orders=task.orders[:2])
    ways = []
    for wanted in task.orders:
        names = wanted.sites or ("s", "t", "u")
        free = itertools.product(names, repeat=len(wanted.lines))
        ways.append([None, *(way for way in free if wanted.split or len(set(way)) == 1)])
    best = min(_cost(task, choice) for choice in itertools.product(*ways))
    assert solved(task).cost == pytest.approx(best, abs=1e-6)


def _cost(task: Demand, choice: tuple[tuple[str, ...] | None, ...]) -> float:
    left = {(row.site, row.sku): row.quantity for row in task.stock}
    lines_left = {each.id: 99 if each.lines_at_most is None else each.lines_at_most for each in task.sites}
    places = {each.id: each for each in task.sites}
    total = 0
    for wanted, way in zip(task.orders, choice, strict=True):
        worth = max(wanted.value, task.costs.value_at_least) * (task.costs.urgent_factor if wanted.urgent else 1)
        if way is None:
            total += round(100 * worth * task.costs.unserved_share)
            continue
        late = 0
        for name in set(way):
            at = places[name]
            km = _km(wanted, at)
            days = max(1, int(np.ceil(km / task.costs.km_a_day))) + int(
                at.cut_off_at is not None and at.cut_off_at <= NOW
            )
            if wanted.promised_at is not None:
                late = max(late, int(np.ceil((NOW + timedelta(days=days) - wanted.promised_at) / timedelta(days=1))))
            total += round(100 * (task.costs.per_shipment + task.costs.per_km * km))
        for line, name in zip(wanted.lines, way, strict=True):
            left[name, line.sku] -= line.quantity
            lines_left[name] -= 1
        total += late * round(100 * worth * task.costs.late_share_a_day)
    return total / 100 if min(left.values()) >= 0 and min(lines_left.values()) >= 0 else float("inf")


def test_the_same_seed_gives_the_same_allocation() -> None:
    random = np.random.default_rng(3)
    sites = tuple(site(f"s{number}", (float(30 + number), 120.0)) for number in range(4))
    stock = {(each.id, f"k{sku}"): int(random.integers(0, 6)) for each in sites for sku in range(30)}
    orders = [
        order(
            f"o{n}",
            (float(random.uniform(28, 36)), 118.0),
            {f"k{sku}": 1 for sku in random.choice(30, 2, replace=False)},
            n,
        )
        for n in range(120)
    ]
    task = demand(orders, stock, sites)
    one, other = (msgspec.structs.replace(solved(task), seconds=0.0) for _ in range(2))
    assert one == other and one.cost < one.first_come_cost


LANES = tuple(
    Lane(start, goal, 1.0 + abs(ord(start) - ord(goal)), 2.0) for start in "abc" for goal in "abc" if start != goal
)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0, 4), st.floats(0.5, 20)), min_size=3, max_size=3))
def test_transfers_gain_what_a_linear_programme_says_they_can(rows: list[tuple[int, float, float]]) -> None:
    levels = tuple(Level(name, "k", *row[:2], price=round(row[2], 2)) for name, row in zip("abc", rows, strict=True))
    by_site = {level.site: level for level in levels}
    found = balance(Levels(levels=levels, lanes=LANES))
    gains = [by_site[lane.goal].price - lane.cost_per_unit for lane in LANES]
    rooms = [useful(by_site[lane.goal], lane.lead_days) for lane in LANES]
    gives = [[float(lane.start == name) for lane in LANES] for name in "abc"]
    takes = [[float(lane.goal == name) for lane in LANES] for name in "abc"]
    limits = [surplus(by_site[name]) for name in "abc"] + [shortage(by_site[name]) for name in "abc"]
    best = linprog(np.negative(gains), A_ub=gives + takes, b_ub=limits, bounds=[(0, room) for room in rooms])
    assert found.gains == pytest.approx(-best.fun, abs=0.02)
    for name in "abc":
        assert sum(each.quantity for each in found.transfers if each.start == name) <= surplus(by_site[name])
        assert sum(each.quantity for each in found.transfers if each.goal == name) <= shortage(by_site[name])


def test_what_comes_after_the_shelf_was_empty_for_long_is_not_sent_for_it() -> None:
    empty, full = Level("a", "k", 0, 2.0, low_days=7), Level("b", "k", 500, 1.0, high_days=21)
    slow = balance(Levels(levels=(empty, full), lanes=(Lane("b", "a", 0.1, 5.0),)))
    fast = balance(Levels(levels=(empty, full), lanes=(Lane("b", "a", 0.1, 1.0),)))
    assert [each.quantity for each in slow.transfers] == [4] and [each.quantity for each in fast.transfers] == [12]
    assert fast.short_before == 14 and fast.short_after == 2
    assert "0 days" in fast.transfers[0].why and "500 days" in fast.transfers[0].why


@pytest.mark.parametrize("quantity", [0, 3, 7])
def test_a_first_delivery_is_split_as_the_best_of_all_splits(quantity: int) -> None:
    forecasts = {"a": (2.0, 2.0), "b": (1.0, 4.0), "c": (0.2, 0.2)}
    chances = {name: _expected_sales(mean, variance) for name, (mean, variance) in forecasts.items()}
    ways = [way for way in itertools.product(range(quantity + 1), repeat=3) if sum(way) == quantity]
    best = max(sum(chances[name][units] for name, units in zip("abc", way, strict=True)) for way in ways)
    found = first_split(quantity, forecasts)
    assert sum(found.values()) == quantity
    assert sum(chances[name][units] for name, units in found.items()) == pytest.approx(best)


def _expected_sales(mean: float, variance: float) -> list[float]:
    if variance <= mean:
        least = [float(poisson.sf(units - 1, mean)) for units in range(1, 10)]
    else:
        size, share = mean**2 / (variance - mean), mean / variance
        least = [float(nbinom.sf(units - 1, size, share)) for units in range(1, 10)]
    return [0.0, *itertools.accumulate(least)]


def test_a_site_that_sells_none_gets_none() -> None:
    assert first_split(3, {"a": (0.0, 0.0), "b": (5.0, 9.0)}) == {"a": 0, "b": 3}


def test_what_nobody_will_buy_stays_unsplit() -> None:
    found = first_split(100_000, {"a": (3.0, 3.0), "b": (5.0, 9.0)})
    assert sum(found.values()) < 100


def test_a_split_delivery_says_what_it_sells_beside_shares_by_the_means() -> None:
    forecasts = (Forecast("a", 6.0, 60.0), Forecast("b", 3.0, 3.0), Forecast("c", 0.0, 0.0))
    found = split_delivery(Delivery(sku="k", quantity=10, forecasts=forecasts))
    assert sum(share.quantity for share in found.shares) + found.kept == 10
    assert found.shares[2].quantity == 0 and "no unit is likelier" in found.shares[2].why
    expected = sum(_expected_sales(6.0, 60.0)[7:8]) + _expected_sales(3.0, 3.0)[3]
    assert found.by_means_sales == pytest.approx(expected, abs=0.001)
    assert found.expected_sales > found.by_means_sales


def test_each_order_says_which_sites_would_have_shipped_it_first_come() -> None:
    orders = [order("early", SHANGHAI, {"a": 1}), order("late", SHANGHAI, {"a": 1}, value=500, urgent=True)]
    found = solved(demand(orders, {("hz", "a"): 1}, PAIR))
    told = {each.order: each.first_come for each in (*found.shipped, *found.waiting)}
    assert told == {"early": ("hz",), "late": ()}
    assert [each.order for each in found.shipped] == ["late"] and found.cost < found.first_come_cost


@pytest.mark.parametrize(
    ("command", "change", "says"),
    [
        ("allocate", {"orders": [{"id": "o", "asked_at": "2026-03-02T09:00:00Z", "lat_deg": 1, "lon_deg": 1,
                                  "lines": [{"sku": "a", "quantity": -1}]}]}, "$.orders[0].lines[0].quantity"),
        ("allocate", {"stock": [{"site": "nowhere", "sku": "a", "quantity": 1}]}, "$.stock[0].site: unknown site"),
        ("allocate", {"now": "2026-03-02T09:00:00"}, "$.now"),
        ("allocate", {"sites": []}, "$.sites"),
        ("balance", {"lanes": [{"start": "a", "goal": "a", "cost_per_unit": 1, "lead_days": 1}]}, "$.lanes[0].goal"),
        ("balance", {"levels": [{"site": "a", "sku": "k", "quantity": 1, "demand_per_day": 1, "high_days": 1}]},
         "$.levels[0].high_days"),
        ("split", {"forecasts": [{"site": "a", "mean": 1, "variance": 1}] * 2}, "$.forecasts[1].site"),
        ("split", {"quantity": 0}, "$.quantity"),
    ],
    ids=["negative-quantity", "unknown-site", "naive-time", "no-sites", "lane-to-itself", "high-below-low",
         "site-twice", "nothing-to-split"],
)  # fmt: skip
def test_a_bad_problem_is_one_line_with_its_field(command: str, change: dict[str, Any], says: str) -> None:
    whole = {
        "allocate": {"now": "2026-03-02T09:00:00Z", "sites": [{"id": "s", "lat_deg": 1, "lon_deg": 1}], "stock": [],
                     "orders": []},
        "balance": {"levels": [], "lanes": []},
        "split": {"sku": "k", "quantity": 1, "forecasts": [{"site": "a", "mean": 1, "variance": 1}]},
    }  # fmt: skip
    run = CliRunner().invoke(main, [command, "-"], input=json.dumps({**whole[command], **change}))
    assert run.exit_code == 2 and says in run.stderr and len(run.stderr.strip().splitlines()) == 1


def test_the_commands_print_json_and_a_word() -> None:
    task = demand([order("o", SHANGHAI, {"a": 1})], {("hz", "a"): 1}, PAIR)
    run = CliRunner().invoke(main, ["allocate", "-"], input=msgspec.json.encode(task))
    assert run.exit_code == 0 and json.loads(run.stdout)["shipped"][0]["order"] == "o"
    assert "1 orders shipped, 0 wait" in run.stderr
    levels = Levels(levels=(Level("a", "k", 0, 2.0), Level("b", "k", 500, 1.0)), lanes=(Lane("b", "a", 0.1, 1.0),))
    run = CliRunner().invoke(main, ["balance", "-"], input=msgspec.json.encode(levels))
    assert run.exit_code == 0 and json.loads(run.stdout)["transfers"][0]["quantity"] == 12
