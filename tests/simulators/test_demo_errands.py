"""Floors that are asked by themselves: tasks are held against what each carton had to ask for."""

import asyncio
import contextlib
from typing import Any

import pytest
from tagdock_simulators.demo.errands import (
    SCANNED,
    SEEN_LEAVING,
    TURNED_BACK,
    WAYS,
    Asked,
    Errand,
    Way,
    asked_json,
    asked_row,
    errand_difference,
)
from tagdock_simulators.demo.fates import Returned, returned_json
from tagdock_simulators.demo.people import Bench, Operator

EPC, ORDER = "urn:epc:id:sgtin:9521234.000051.2", "RMA-1-demo-F1"


def errand(way: Way = SCANNED) -> Errand:
    return Errand(EPC, "demo-3", way, "B1", ORDER)


def task(kind: str, state: str = "done", how: str | None = "scan") -> dict[str, Any]:
    return {"kind": kind, "state": state, "done_how": how}


RIGHT = {
    SCANNED.name: [task("put_away"), task("pick"), task("pack")],
    SEEN_LEAVING.name: [task("pack", how="read"), task("put_away"), task("pick")],
    TURNED_BACK.name: [task("put_away", "cancelled", None)],
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_tasks_that_opened_and_ended_as_they_had_to_are_no_difference(way: Way) -> None:
    assert errand_difference(errand(way), RIGHT[way.name]) is None


@pytest.mark.parametrize(
    ("way", "tasks"),
    [
        pytest.param(SCANNED, [], id="none-opened"),
        pytest.param(SCANNED, [task("put_away"), task("pick")], id="one-did-not"),
        pytest.param(SCANNED, [task("put_away"), task("put_away"), task("pick"), task("pack")], id="one-opened-twice"),
        pytest.param(SCANNED, [task("put_away"), task("pick"), task("pack", "open", None)], id="one-is-open"),
        pytest.param(SCANNED, [task("put_away"), task("pick"), task("pack", how="read")], id="seen-and-not-scanned"),
        pytest.param(SEEN_LEAVING, [task("put_away"), task("pick"), task("pack")], id="said-what-nobody-said"),
        pytest.param(TURNED_BACK, [task("put_away")], id="put-away-what-left"),
        pytest.param(TURNED_BACK, [task("put_away", "cancelled", None), task("pick")], id="picked-for-nobody"),
    ],
)
def test_whatever_is_otherwise_is_a_difference_that_shows_both(way: Way, tasks: list[dict[str, Any]]) -> None:
    found = errand_difference(errand(way), tasks)
    assert found is not None and found.expected == way.ends and len(found.found) == len(tasks)
    asked = Asked("demo-3", [errand(way)], [found])
    told = asked_json(asked)
    assert (told["cartons"], told["agreed"], len(told["differences"])) == (1, 0, 1)
    assert "1 otherwise" in asked_row(asked)[1]
    assert not Returned(("demo",), [], [], asked=asked).is_right, "the run's verdict hears of it"
    assert returned_json(Returned(("demo",), [], [], asked=asked))["by_itself"] == told
    assert Returned(("demo",), [], [], asked=Asked("demo-3", [errand(way)], [])).is_right


class Cloud:
    """Deals out one task, and keeps what it is told."""

    def __init__(self, **of_task: Any) -> None:
        self.dealt = {"task_id": "t1", "epc": None, "order": None, "case": None, "started_at": None, **of_task}
        self.told: list[tuple[str, dict[str, Any]]] = []

    async def come_on_duty(self) -> None:
        pass

    async def all(self, path: str, **asked: str) -> list[dict[str, Any]]:
        return [self.dealt] if path == "/tasks" else []

    async def tell(self, path: str, **body: Any) -> dict[str, Any]:
        self.told.append((path, body))
        return {}


@pytest.mark.parametrize(
    ("way", "dealt", "told"),
    [
        (SCANNED, {"kind": "put_away", "epc": EPC}, {"scanned": EPC, "bin": "B1"}),
        (SCANNED, {"kind": "pick", "epc": EPC, "order": ORDER}, {"scanned": EPC}),
        (SCANNED, {"kind": "pack", "order": ORDER}, {"scanned": ORDER}),
        (SEEN_LEAVING, {"kind": "pack", "order": ORDER}, None),
        (TURNED_BACK, {"kind": "put_away", "epc": EPC}, None),
    ],
)
def test_the_operator_scans_what_is_to_be_scanned_and_leaves_the_rest_to_reads(
    way: Way, dealt: dict[str, Any], told: dict[str, Any] | None
) -> None:
    cloud = Cloud(**dealt)
    client: Any = cloud
    one = errand(way)
    person = Operator(client, "demo-3", Bench(errands={EPC: one, ORDER: one}))

    async def run() -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(person.work(), 0.2)

    asyncio.run(run())
    assert cloud.told == ([] if told is None else [("/tasks/t1/take", {}), ("/tasks/t1/done", told)])
