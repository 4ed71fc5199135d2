"""The judge: each term against a sum worked out by hand, each broken rule in words."""

import pytest
from msgspec.structs import replace
from tagdock_slotting.errors import ProblemError
from tagdock_slotting.evaluate import evaluate
from tagdock_slotting.problem import Bin, Door, Item, MoveRules, Problem, Weights

PROBLEM = Problem(
    doors=(Door(id="D1", x_m=0, y_m=0), Door(id="D2", x_m=10, y_m=0)),
    bins=(
        Bin(id="A", x_m=1, y_m=0, z_m=1.0, zone="warm", volume_m3=1.0, items_at_most=2),
        Bin(id="B", x_m=4, y_m=0, z_m=0.0, zone="cold", mass_kg=100, items_at_most=1),
        Bin(id="C", x_m=9, y_m=0, z_m=2.0),
    ),
    items=(
        Item(sku="one", picks_per_day=10, door_share={"D1": 0.5, "D2": 0.5}, volume_m3=0.7, family="acid"),
        Item(sku="two", picks_per_day=2, door_share={"D2": 1.0}, volume_m3=0.4, mass_kg=60, keep_apart=("acid",)),
        Item(sku="wide", picks_per_day=4, bins_needed=2, zones=("warm", "cold"), mass_kg=50),
    ),
    current={"one": ("C",), "two": ("A",), "wide": ("A", "B")},
)


def test_travel_counts_picks_by_door_and_spreads_them_over_bins() -> None:
    one = 10 * (0.5 * 9 + 0.5 * 1)
    two = 2 * 9
    wide = 2 * (0.5 * 1 + 0.5 * 9) + 2 * (0.5 * 4 + 0.5 * 6)
    judged = evaluate(PROBLEM)
    assert judged.terms.travel == pytest.approx(one + two + wide)
    assert judged.objective_m_per_day == pytest.approx(one + two + wide)
    assert judged.broken_rules == ()


def test_weights_multiply_their_terms() -> None:
    heavier = evaluate(replace(PROBLEM, weights=Weights(travel=3.0)))
    assert heavier.terms.travel == pytest.approx(3 * evaluate(PROBLEM).terms.travel)


def test_affinity_goes_in_its_direction_and_means_over_several_bins() -> None:
    paired = replace(PROBLEM, affinity=(("one", "two", 2.0), ("wide", "one", 3.0), ("one", "one", 99.0)))
    assert evaluate(paired).terms.affinity == pytest.approx(2 * 8 + 3 * (8 + 5) / 2)


def test_relocations_cost_their_price_or_their_tour() -> None:
    layout = {"one": ("C",), "two": ("C",), "wide": ("A", "B")}
    priced = replace(PROBLEM, moves=MoveRules(cost_m_per_move=60.0, horizon_days=30.0))
    assert evaluate(priced, layout).terms.moves == pytest.approx(2.0)
    toured = replace(PROBLEM, moves=MoveRules(model="tour", horizon_days=30.0))
    assert evaluate(toured, layout).terms.moves == pytest.approx((1 + 8 + 9) / 30)
    assert evaluate(toured).terms.moves == 0.0


@pytest.mark.parametrize(
    ("layout", "told"),
    [
        ({"one": ("A",), "two": ("A",), "wide": ("A", "B")}, "items_at_most: bin 'A' takes 2 items and holds 3"),
        ({"one": ("A",), "two": ("A",), "wide": ("A", "B")}, "volume_m3: bin 'A' takes 1 and holds 1.1"),
        ({"one": ("C",), "two": ("B",), "wide": ("A", "B")}, "mass_kg: bin 'B' takes 100 and holds 110"),
        ({"one": ("C",), "two": ("C",), "wide": ("A", "B")}, "keep_apart: 'one' and 'two' share bin 'C'"),
        ({"one": ("C",), "two": ("A",), "wide": ("A", "C")}, "zones: 'wide' may lie in warm, cold and lies in 'C'"),
        ({"one": ("C",), "wide": ("A", "B")}, "bins_needed: 'two' lies in 0 bins and needs 1"),
    ],
)
def test_a_broken_rule_is_told_in_words(layout: dict[str, tuple[str, ...]], told: str) -> None:
    assert any(rule.startswith(told) for rule in evaluate(PROBLEM, layout).broken_rules)


def test_a_layout_of_another_warehouse_is_refused() -> None:
    with pytest.raises(ProblemError, match=r"\$.assignment.one: unknown bin 'Z'"):
        evaluate(PROBLEM, {"one": ("Z",)})
