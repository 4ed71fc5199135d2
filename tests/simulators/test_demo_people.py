"""People at the returns: what is not theirs does not fill their hands, and whoever asks is answered."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from tagdock_simulators.demo.fates import RESTOCKED, Comeback
from tagdock_simulators.demo.people import Bench, Manager, Operator, Person

EPC = "urn:epc:id:sgtin:9521234.000051.1"


class Cloud:
    """Answers lists by their path, and keeps what it is told."""

    def __init__(self, **lists: list[dict[str, Any]]) -> None:
        self.lists: Mapping[str, list[dict[str, Any]]] = {f"/{name}": rows for name, rows in lists.items()}
        self.told: list[tuple[str, dict[str, Any]]] = []

    async def come_on_duty(self) -> None:
        pass

    async def all(self, path: str, **asked: str) -> list[dict[str, Any]]:
        return self.lists.get(path, [])

    async def tell(self, path: str, **body: Any) -> dict[str, Any]:
        self.told.append((path, body))
        return {}


def looked(kind: type[Person], cloud: Cloud) -> list[tuple[str, dict[str, Any]]]:
    """Let somebody look round once."""
    client: Any = cloud
    person = kind(client, "demo", Bench(goods={EPC: Comeback(EPC, "demo", RESTOCKED, True)}))

    async def run() -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(person.work(), 0.2)

    asyncio.run(run())
    return cloud.told


def test_a_move_of_a_plan_is_given_back_as_it_would_hold_up_what_came_back() -> None:
    move = {"task_id": "t1", "kind": "relocate", "epc": None, "order": None, "case": None, "started_at": None}
    assert looked(Operator, Cloud(tasks=[move])) == [("/tasks/t1/give-back", {"reason": "others do this"})]


def test_whoever_asks_about_goods_on_the_bench_is_answered() -> None:
    asked = [
        {"request_id": "r1", "epc": EPC, "kind": "complaint"},
        {"request_id": "r2", "epc": "other", "kind": "enquiry"},
    ]
    ((path, body),) = looked(Manager, Cloud(requests=asked))
    assert path == "/requests/r1/close" and body["resolution"] and body["liability"] == "carrier"
