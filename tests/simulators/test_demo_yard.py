"""A truck's session lasts from its first load until all that it brought is on record; then the next truck comes."""

import asyncio
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from tagdock_simulators.demo.trucks import Dispatcher
from tagdock_simulators.demo.yard import Yard
from tagdock_simulators.warehouse.catalogue import build_catalogue
from tagdock_simulators.warehouse.generate import generate_orders
from tagdock_simulators.warehouse.loads import Load, Tagger, pack_loads

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Office:
    """Takes down what a yard tells the cloud and the warehouse, and knows which sessions are open."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.open: list[str] = []

    async def announce(self, cartons: Any) -> None:
        self.told += [("carton", carton.epc.urn) for carton in cartons]

    async def put_papers(self, path: str, papers: Any) -> None:
        self.told += [("paper", paper["id"]) for paper in papers]

    async def open_session(self, door: str, kind: str, order: str, opened_at: datetime) -> None:
        self.told.append(("open", order))
        self.open.append(order)

    async def close_session(self, session_id: str, until_at: datetime | None) -> None:
        self.told.append(("close", session_id))
        self.open.remove(session_id)

    async def all(self, path: str, **asked: Any) -> list[dict[str, Any]]:
        return [{"session_id": order} for order in self.open if asked.get("order", order) == order]


async def play(office: Office, on_record: set[str]) -> list[Load]:
    """Let two trucks come to one door; what the first one brought is on record only when it has been asked for."""
    lines = generate_orders(1, lines=2_000).lines
    tagger = Tagger(build_catalogue(lines, {}), NOW)
    client: Any = office
    yard = Yard(client, client, Dispatcher(tagger, NOW), on_record, lambda words: None)
    loads = [load for load in islice(pack_loads(lines, tagger, 20), 60) if load.door == "D1"][:2]
    for load in loads:
        await yard.announce([load])
    attending = asyncio.create_task(yard.attend())
    await yard.comes(loads[0])
    yard.has_passed(loads[0])
    coming = asyncio.create_task(yard.comes(loads[1]))
    await asyncio.sleep(0.6)
    assert not coming.done(), "the door is not free"
    on_record.update(carton.epc.urn for carton in loads[0].cartons)
    await asyncio.wait_for(coming, 20)
    yard.has_passed(loads[1])
    on_record.update(carton.epc.urn for carton in loads[1].cartons)
    await yard.settle(20)
    attending.cancel()
    return loads


def test_a_truck_is_announced_and_its_session_is_closed_before_the_next_one_comes() -> None:
    office = Office()
    loads = asyncio.run(play(office, set()))
    papers = [name for what, name in office.told if what == "paper"]
    assert [(what, name) for what, name in office.told if what in ("open", "close")] == [
        (what, name) for name in papers for what in ("open", "close")
    ]
    announced = {name for what, name in office.told if what == "carton"}
    assert announced >= {carton.epc.urn for load in loads for carton in load.cartons}
    assert office.open == []
