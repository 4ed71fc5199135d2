"""Every carton of a door's loads comes on one truck, and its paper names what is on board, but for what is arranged."""

from datetime import UTC, datetime
from functools import cache

from tagdock_simulators.demo.trucks import Dispatcher, Truck, papers
from tagdock_simulators.warehouse.catalogue import build_catalogue
from tagdock_simulators.warehouse.generate import generate_orders
from tagdock_simulators.warehouse.loads import Load, Tagger, pack_loads

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


@cache
def scene() -> tuple[tuple[Load, ...], tuple[Truck, ...]]:
    lines = generate_orders(1, lines=2_000).lines
    tagger = Tagger(build_catalogue(lines, {}), NOW)
    loads, dispatcher = tuple(pack_loads(lines, tagger, 20)), Dispatcher(tagger, NOW)
    return loads, tuple(truck for start in range(0, len(loads), 24) for truck in dispatcher.trucks(loads[start:][:24]))


def test_each_load_is_on_one_truck_of_its_door() -> None:
    loads, trucks = scene()
    assert sorted(load.number for truck in trucks for load in truck.loads) == [load.number for load in loads]
    assert all({load.door for load in truck.loads} == {truck.door} for truck in trucks)
    assert len({truck.name for truck in trucks}) == len(trucks)


def test_papers_differ_from_what_is_on_board_by_what_is_arranged() -> None:
    _, trucks = scene()
    for truck in trucks:
        named = {line["epc"] for line in truck.paper("demo", NOW)["lines"]}
        loaded = {carton.epc.urn for carton in truck.cartons}
        assert (len(named - loaded), len(loaded - named)) == truck.differences
    assert {truck.differences for truck in trucks} >= {(0, 0), (1, 0), (0, 1)}
    assert all(truck.differences == (0, 0) for truck in trucks if truck.kind == "inbound")


def test_what_comes_has_an_advance_notice_and_what_leaves_an_order() -> None:
    _, trucks = scene()
    outbound, inbound = papers(trucks, "outbound", "demo", NOW), papers(trucks, "inbound", "demo", NOW)
    assert {paper["id"].split("-")[0] for paper in outbound} == {"SO"}
    assert {paper["id"].split("-")[0] for paper in inbound} == {"ASN"}
    assert len(outbound) + len(inbound) == len(trucks)
    assert outbound[0]["partner"].startswith("Invoice ")
