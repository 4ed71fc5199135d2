"""A world keeps its laws whatever goes wrong, and each mistake leaves the traces that a perfect system would see."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tagdock_simulators.doors import PERSON, Crossing
from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.sensors.kit import Span
from tagdock_simulators.sensors.rack import rack_readings, usual_kits
from tagdock_simulators.sensors.readings import Quantity
from tagdock_simulators.warehouse.world.lines import document_line, moved_lines
from tagdock_simulators.warehouse.world.receiving import RECEIVING
from tagdock_simulators.warehouse.world.records import (
    Booking,
    Count,
    Mistake,
    Moved,
    Notice,
    Order,
    ReturnNotice,
    Shipment,
)
from tagdock_simulators.warehouse.world.returning import RETURNS
from tagdock_simulators.warehouse.world.settings import MISTAKES

Work = Callable[..., Any]
DIGEST = "c81aad2a38f448261260148a32286c8b445015fa2bcc53f0fdd6a6b794fca593"
"""Who changes the model changes it, knowingly."""
ALL = dict.fromkeys(MISTAKES, 0.2)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    days=st.integers(1, 9),
    rates=st.fixed_dictionaries({}, optional={kind: st.floats(0.0, 1.0) for kind in MISTAKES}),
    pickers=st.integers(1, 4),
    face=st.integers(2, 30),
    reserve=st.floats(0.0, 2.0),
)
def test_nothing_appears_vanishes_or_is_in_two_places(
    work: Work, seed: int, days: int, rates: dict[str, float], pickers: int, face: int, reserve: float
) -> None:
    worked = work(seed, days, rates, pickers=pickers, face_items=face, reserve_bins_a_sku=reserve, pallet_items=20)
    house, audit = worked.world.house, worked.audit
    assert audit.in_house == house.in_house
    for bin_ in house.stock.bins.values():
        assert len(bin_.items) <= bin_.capacity
        assert all(item.place == bin_.id for item in bin_.items)
        assert all(audit.place_of(item.kind.hex_base, item.serial) == bin_.id for item in bin_.items)
        assert all(count > 0 for count in bin_.booked.values())
    at = [record.starts_at if isinstance(record, Crossing) else record.at for record in worked.records]
    assert at == sorted(at)
    assert all(count >= 0 for count in house.allocated.values())
    assert house.on_floor.total() == audit.count_in[RECEIVING] + audit.count_in[RETURNS]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), rates=st.sampled_from([{}, ALL]))
def test_the_office_can_be_followed_by_its_documents_alone(work: Work, seed: int, rates: dict[str, float]) -> None:
    worked = work(seed, 6, rates)
    books: Counter[tuple[str, str]] = Counter()
    for booking in worked.of(Booking):
        books[booking.bin, booking.sku] += booking.change
    kept = {(bin_.id, sku): n for bin_ in worked.world.house.stock.bins.values() for sku, n in bin_.booked.items()}
    assert {key: count for key, count in books.items() if count} == kept


@pytest.mark.parametrize("seed", [1, 2])
def test_without_mistakes_the_books_are_the_truth_and_shipments_are_what_passes_the_doors(
    work: Work, seed: int
) -> None:
    worked = work(seed, 10)
    assert worked.of(Mistake) == []
    for bin_ in worked.world.house.stock.bins.values():
        assert bin_.counted() == bin_.booked
    assert all(count.counted == count.booked for count in worked.of(Count))
    passed = {(moved.document, moved.sscc): len(moved.items) for moved in worked.of(Moved) if moved.step == "shipping"}
    shipments = worked.of(Shipment)
    assert len(shipments) > 10
    for shipment in shipments:
        for sscc, contents in shipment.pallets:
            assert sum(count for _, _, count in contents) == passed[shipment.id, sscc]


def test_the_same_seed_gives_the_same_world_and_another_seed_another(work: Work) -> None:
    def told(seed: int) -> list[str]:
        return [repr(record) for record in work(seed, 3, ALL).records if not isinstance(record, Moved)]

    assert told(5) == told(5)
    assert told(5) != told(6)


def test_a_seed_means_the_same_on_every_machine(work: Work) -> None:
    told = b"".join(
        moved_lines(each) if isinstance(each, Moved) else document_line(each)
        for each in work(5, 3, ALL).records
        if isinstance(each, Moved | Order | Notice | Shipment | ReturnNotice | Count | Booking)
    )
    assert hashlib.sha256(told).hexdigest() == DIGEST


def test_a_rate_leaves_the_other_mistakes_alone_at_first(work: Work) -> None:
    def first(rates: dict[str, float]) -> list[str]:
        return [each.epcs[0] for each in work(3, 25, rates).of(Mistake) if each.kind == "dead-tag"][:3]

    assert first({"dead-tag": 0.05}) == first({"dead-tag": 0.05, "unannounced-return": 1.0}) != []


def test_a_door_serves_one_load_at_a_time(work: Work) -> None:
    free: dict[str, Any] = {}
    for crossing in work(2, 8, ALL).of(Crossing):
        assert crossing.starts_at >= free.get(crossing.door, crossing.starts_at)
        free[crossing.door] = crossing.ends_at


def test_loads_that_come_to_a_door_at_once_wait_for_each_other(work: Work) -> None:
    house = work(2, 1).world.house
    starts = [house.reserve_door("D9", house.now, PERSON)[0] for _ in range(3)]
    assert timedelta(seconds=5) < starts[1] - starts[0] < timedelta(seconds=30)
    assert timedelta(seconds=5) < starts[2] - starts[1] < timedelta(seconds=30)
    assert house.reserve_door("D10", house.now, PERSON)[0] == house.now


def test_pick_faces_are_filled_up_from_reserve(work: Work) -> None:
    worked = work(1, 12, face_items=6, replenish_below=3)
    filled = [moved for moved in worked.of(Moved) if moved.document.startswith("REP-")]
    faces = {worked.world.house.stock.face(kind).id for kind in worked.world.house.kinds.values()}
    assert len(filled) > 10
    assert {moved.place for moved in filled} <= faces
    assert not {moved.was for moved in filled} & faces


def test_who_finds_a_bin_emptier_than_booked_has_it_counted(work: Work) -> None:
    worked = work(1, 30, {"stolen": 0.1}, bins_counted_a_day=0)
    counts = worked.of(Count)
    assert counts
    missing = [sum(n for _, n in count.booked) - sum(n for _, n in count.counted) for count in counts]
    assert min(missing) >= 0  # somebody may have counted it already
    assert max(missing) > 0


def test_what_comes_by_a_notice_is_what_was_announced(work: Work) -> None:
    worked = work(1, 21)
    announced = {n.id: {sscc: [epc for epc, _ in items] for sscc, items in n.pallets} for n in worked.of(Notice)}
    received = [each for each in worked.of(Moved) if each.step == "receiving" and each.sscc]
    assert len(received) > 5
    for moved in received:
        assert announced[moved.document][moved.sscc] == [item.epc.urn for item in moved.items]
    crossed = {epc for crossing in worked.of(Crossing) if crossing.direction == "in" for epc in crossing.epcs}
    assert {item.epc.hex for moved in received for item in moved.items} <= crossed


def test_an_order_is_picked_from_bins_packed_and_shipped(work: Work) -> None:
    worked = work(1, 6)
    steps: dict[str, list[str]] = defaultdict(list)
    for moved in worked.of(Moved):
        for item in moved.items:
            steps[item.epc.urn].append(moved.step)
    shipped = [each for each in steps.values() if each[-1] == "shipping"]
    assert len(shipped) > 100
    assert {tuple(each[-3:]) for each in shipped} == {("picking", "packing", "shipping")}
    assert {each[0] for each in shipped} <= {"stock_taking", "receiving"}


def test_orders_are_cut_to_what_the_books_show(work: Work) -> None:
    worked = work(1, 8)
    wanted: Counter[str] = Counter()
    for order in worked.of(Order):
        wanted[order.id] += sum(n for _, n in order.lines) - sum(n for _, n in order.not_in_stock)
    picked: Counter[str] = Counter()
    for moved in worked.of(Moved):
        if moved.step == "picking":
            picked[moved.document] += len(moved.items)
    done = [order.id for order in worked.of(Order) if order.at < worked.records[-1].at - timedelta(days=2)]
    assert len(done) > 10
    assert all(picked[order] == wanted[order] for order in done)


def test_a_wrong_pallet_leaves_on_a_shipment_that_names_another(work: Work) -> None:
    worked = work(1, 8, {"wrong-pallet": 0.3})
    mistakes = {(each.document, each.epcs[0]): each.epcs[1] for each in worked.of(Mistake)}
    booked = {(shipment.id, sscc) for shipment in worked.of(Shipment) for sscc, _ in shipment.pallets}
    left = [(each.document, each.sscc) for each in worked.of(Moved) if each.step == "shipping"]
    told = {document for document, _ in booked}
    assert len(mistakes) > 5
    assert {each for each in left if each[0] in told and each not in booked} == {m for m in mistakes if m[0] in told}
    assert all((document, mistakes[document, epc]) in booked for document, epc in mistakes if document in told)


def test_a_short_shipment_stays_in_its_bin_until_a_count_finds_it(work: Work) -> None:
    worked = work(1, 10, {"short-shipment": 0.05})
    mistakes = worked.of(Mistake)
    assert {each.kind for each in mistakes} == {"short-shipment"}
    counts = [count for count in worked.of(Count) if count.counted != count.booked]
    assert counts
    assert all(sum(n for _, n in c.counted) > sum(n for _, n in c.booked) for c in counts)
    assert {count.bin for count in counts} <= {each.where for each in mistakes}


def test_a_theft_passes_a_door_on_a_person_and_the_books_do_not_know(work: Work) -> None:
    worked = work(1, 10, {"stolen": 0.02})
    mistakes = worked.of(Mistake)
    carried = {c.epcs[0]: c.door for c in worked.of(Crossing) if c.carrier is PERSON}
    assert mistakes
    assert len(carried) >= len(mistakes)
    stolen = [each for each in worked.of(Moved) if each.step == "stolen" and each.place is None]
    assert [each.items[0].epc.urn for each in stolen] == [each.epcs[0] for each in mistakes]
    assert all(carried[each.items[0].epc.hex] == each.where for each in stolen)
    hidden = {each.items[0].epc.urn: each for each in worked.of(Moved) if each.step == "stolen" and each.place}
    assert all(
        hidden[each.items[0].epc.urn].was in each_mistake.should
        for each, each_mistake in zip(stolen, mistakes, strict=True)
    )
    missing = Counter(item.kind.sku for moved in stolen for item in moved.items)
    found = Counter[str]()
    for count in worked.of(Count):
        for sku, n in count.booked:
            found[sku] += n - dict(count.counted).get(sku, 0)
    in_books = worked.world.house.stock.booked
    truly = Counter(item.kind.sku for bin_ in worked.world.house.stock.bins.values() for item in bin_.items)
    assert all(in_books[sku] + found[sku] - truly[sku] == n for sku, n in missing.items())


def test_goods_in_a_wrong_bin_are_booked_elsewhere(work: Work) -> None:
    worked = work(1, 6, {"wrong-bin": 0.3}, bins_counted_a_day=0)
    assert any(each.kind == "wrong-bin" for each in worked.of(Mistake))
    bins = worked.world.house.stock.bins.values()
    assert any(bin_.counted() != bin_.booked for bin_ in bins)


def test_an_unannounced_return_has_no_notice_and_comes_in_a_cage(work: Work) -> None:
    worked = work(1, 20, {"unannounced-return": 0.5})
    surprises = [each for each in worked.of(Mistake) if each.kind == "unannounced-return"]
    announced = {epc for notice in worked.of(ReturnNotice) for epc, _ in notice.items}
    back = [m for m in worked.of(Moved) if m.step == "receiving" and not m.sscc]
    assert surprises
    assert announced
    assert {epc for each in surprises for epc in each.epcs} == {
        item.epc.urn for moved in back if not moved.document for item in moved.items
    }
    carriers = Counter(c.carrier.name for c in worked.of(Crossing) if c.direction == "in")
    assert carriers["cage"] >= len(back)


def test_a_dead_tag_never_answers_at_any_door(work: Work) -> None:
    worked = work(1, 10, {"dead-tag": 0.1})
    dead = {item.epc.hex for moved in worked.of(Moved) for item in moved.items if item.is_dead}
    assert dead
    crossings = worked.of(Crossing)
    assert all(set(crossing.epcs) & dead == crossing.unreadable for crossing in crossings)
    noticed = {epc for each in worked.of(Mistake) for epc in each.epcs}
    came = {i.epc.urn for m in worked.of(Moved) if m.step == "receiving" for i in m.items if i.is_dead}
    assert came <= noticed


def test_bins_over_time_drive_bin_sensors(work: Work) -> None:
    worked = work(1, 3)
    lives: dict[str, list[BinTruth]] = defaultdict(list)
    for truth in worked.of(BinTruth):
        lives[truth.bin].append(truth)
    name = max(lives, key=lambda bin_: len(lives[bin_]))
    begin = lives[name][0].at
    readings = rack_readings(usual_kits([name]), lives.__getitem__, 1, Span(begin, begin + timedelta(days=2)))
    weighed_kg = [each.sample.value for each in readings if each.sample.quantity == Quantity.MASS]
    assert len(lives[name]) > 3
    assert min(weighed_kg) < lives[name][0].mass_kg - 0.5 * lives[name][0].unit_mass_kg


def test_the_state_is_what_is_in_the_house_however_long_it_works(work: Work) -> None:
    short, long = (work(1, days, ALL).world.house for days in (10, 40))
    assert long.in_house < 2 * short.in_house
    assert len(long.agenda) < 2 * len(short.agenda) + 200
    assert long.told == []
    assert sum(map(len, long.away.values())) <= 8 * len(long.kinds)


def test_nobody_works_outside_the_shifts(work: Work) -> None:
    for moved in work(1, 14).of(Moved):
        if moved.step == "picking":
            assert moved.at.weekday() < 5
            assert 6 <= moved.at.hour < 23
