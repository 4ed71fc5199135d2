"""Loads carry every order line once, through a door of the right kind."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_simulators.warehouse.catalogue import build_catalogue
from tagdock_simulators.warehouse.floor import INBOUND_DOORS, OUTBOUND_DOORS
from tagdock_simulators.warehouse.generate import generate_orders
from tagdock_simulators.warehouse.loads import RETURNS_WAIT_LOADS, Load, Tagger, pack_loads
from tagdock_simulators.warehouse.orders import OrderLine

STARTED = datetime(2026, 3, 2, 8, tzinfo=UTC)
LINES = generate_orders(1, lines=3_000).lines
PRODUCTS = build_catalogue(LINES, {})


def pack(lines: list[OrderLine] | tuple[OrderLine, ...], at_most: int = 40) -> list[Load]:
    return list(pack_loads(lines, Tagger(PRODUCTS, STARTED), at_most))


def lines_of(load: Load) -> list[OrderLine]:
    return [carton.line for carton in load.cartons]


@given(st.lists(st.integers(0, 400), max_size=120), st.integers(1, 50))
def test_every_line_is_on_one_load_and_no_load_is_too_large(picked: list[int], at_most: int) -> None:
    lines = [LINES[index] for index in sorted(picked)]
    loads = pack(lines, at_most)
    carried = [carton.line for load in loads for carton in load.cartons]
    assert sorted(map(id, carried)) == sorted(map(id, lines))
    assert all(0 < len(load.cartons) <= at_most for load in loads)


def test_sold_goods_leave_by_outbound_doors_and_returns_come_in_by_inbound_ones() -> None:
    loads = pack(LINES)
    assert {load.door for load in loads if load.direction == "out"} == set(OUTBOUND_DOORS)
    assert {load.door for load in loads if load.direction == "in"} == set(INBOUND_DOORS)
    assert all(carton.line.is_return == (load.direction == "in") for load in loads for carton in load.cartons)


def test_invoices_stay_together() -> None:
    loads = [load for load in pack(LINES, 90) if load.direction == "out"]
    where: dict[str, set[int]] = {}
    for load in loads:
        for carton in load.cartons:
            where.setdefault(carton.line.invoice, set()).add(load.number)
    lines = Counter(line.invoice for line in LINES)
    assert all(len(numbers) == 1 for invoice, numbers in where.items() if lines[invoice] <= 90)


def test_returns_do_not_wait_longer_than_a_few_loads() -> None:
    sizes = Counter(line.invoice for line in LINES)
    lines = [line for line in LINES if sizes[line.invoice] <= 40]
    number_of = {(line.invoice, line.sku): load.number for load in pack(lines) for line in lines_of(load)}
    waited = [
        number_of[line.invoice, line.sku] - number_of[before.invoice, before.sku]
        for before, line in itertools.pairwise(lines)
        if line.is_return and not before.is_return
    ]
    assert len(waited) > 5
    assert max(waited) <= RETURNS_WAIT_LOADS + 1


def test_epcs_are_unique_within_a_run_and_between_runs() -> None:
    first = {carton.epc.hex for load in pack(LINES) for carton in load.cartons}
    later = Tagger(PRODUCTS, STARTED + timedelta(seconds=60))
    second = {carton.epc.hex for load in pack_loads(LINES, later, 40) for carton in load.cartons}
    assert len(first) == len(second) == len(LINES)
    assert not first & second


@pytest.mark.parametrize("year", [2026, 2033, 2040])
def test_serials_fit_into_38_bits_in_every_year(year: int) -> None:
    carton = Tagger(PRODUCTS, datetime(year, 12, 31, tzinfo=UTC)).tag(LINES[0])
    assert int(carton.epc.urn.rpartition(".")[2]) < 2**38
