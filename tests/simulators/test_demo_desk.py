"""A wave of returns goes on where the cloud is late: what never gets on record is a difference, no more."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tagdock_simulators.demo import desk as desks
from tagdock_simulators.demo.cancelled import Cancelled
from tagdock_simulators.demo.desk import Counter, Desk
from tagdock_simulators.demo.fates import RESTOCKED, Fate
from tagdock_simulators.demo.people import Bench
from tagdock_simulators.scenarios import SCENARIOS
from tagdock_simulators.warehouse.catalogue import build_catalogue
from tagdock_simulators.warehouse.loads import Tagger
from tagdock_simulators.warehouse.orders import OrderLine


class Silent:
    """A cloud that takes everything and has nothing on record."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.ordered: list[str] = []

    async def put_cartons(self, items: Any) -> None:
        self.told.append("/items")

    async def put_papers(self, path: str, items: Any) -> None:
        self.told.append(path)
        self.ordered += [line["epc"] for item in items for line in item["lines"]]

    async def tell(self, path: str, **body: Any) -> dict[str, Any]:
        self.told.append(path)
        return {"session_id": "s1"}

    async def close_session(self, session_id: str, until_at: datetime | None) -> None:
        self.told.append(f"close {session_id}")

    async def all(self, path: str, **asked: str) -> list[dict[str, Any]]:
        return []

    async def movements(self, since: datetime) -> AsyncIterator[dict[str, Any]]:
        for row in ():
            yield row


def test_goods_that_are_not_on_record_in_time_hold_up_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[tuple[str, int]] = []

    class Passes:
        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        async def play(self, loads: Iterator[Any], stop: asyncio.Event) -> None:
            played.extend((load.direction, len(load.cartons)) for load in loads)

    monkeypatch.setattr(desks, "Player", Passes)
    monkeypatch.setattr(desks, "_ON_RECORD_WITHIN_S", 0.0)
    monkeypatch.setattr(desks, "_SETTLED_WITHIN_S", 0.0)
    line = OrderLine(datetime(2011, 1, 4, tzinfo=UTC), "C1", "A", "A thing", 1, is_return=True)
    cloud = Silent()
    fate: tuple[Fate, bool] = (RESTOCKED, True)
    client: Any = cloud
    tagger = Tagger(build_catalogue([line], {}), datetime.now(UTC))
    counter = Counter("demo", client, tagger, {"A": "B1"}, SCENARIOS["rush-hour"], 1, "RMA")
    desk = Desk(counter, Bench(), iter([fate]))

    async def run() -> list[Any]:
        await desk.wave([Cancelled(line, "1")])
        return await desk.differences(desk.comebacks)

    (wrong,) = asyncio.run(run())
    assert played == [("out", 3), ("in", 1)], "two of the same goods stay with their customers"
    assert cloud.told == ["/items", "/orders", "/sessions", "close s1", "/returns", "/requests"]
    assert len(set(cloud.ordered)) == 3, "what leaves was ordered: else no return rate could be told"
    assert (wrong.expected["state"], wrong.found["state"]) == ("stored", None)
