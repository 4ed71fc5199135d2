"""What a site's floor is asked to do by itself: put away what came in, pick and pack what is ordered."""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from tagdock_cloud.store import pool
from tagdock_cloud.tasks import asking
from tagdock_cloud.tasks.duties import notice, notice_all


class House:
    """One site of the service, with goods in a bin, a gateway and a rule."""

    def __init__(self, service: Any) -> None:
        self.service, self.site = service, f"r-{uuid4().hex[:8]}"
        bins = [{"id": name, "x_m": n, "y_m": 1, "skus": []} for n, name in enumerate("AB")]
        body = {"v": 1, "name": "Floor", "doors": [{"id": "D1", "x_m": 0, "y_m": 0}], "bins": bins}
        assert service.as_("admin").put(f"/api/v1/sites/{self.site}/layout", json=body).status_code == 200
        self.sql("insert into skus (sku) values ('K'), ('L') on conflict do nothing")
        self.sql("insert into gateways (site, gateway) values (%s, 'g1')", self.site)
        self.sql("select ensure_partitions(now(), now())")

    def sql(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        return list(self.service.sql(statement, values))

    def rule(self, role: str = "manager", **told: Any) -> Any:
        return self.put(role, f"/api/v1/sites/{self.site}/floor-rule", told)

    def put(self, role: str, path: str, body: dict[str, Any]) -> Any:
        answer = self.service.as_(role).put(path, json=body)
        if answer.status_code == 428:
            answer = self.service.as_(role).put(path, json=body, headers={"If-Match": "*"})
        return answer

    def item(self, sku: str | None = "K", **place: Any) -> str:
        """Have an item that lies somewhere, or came in just now."""
        epc = f"urn:epc:id:sgtin:9521234.000041.{uuid4().int % 10**9}"
        values = {"door": None, "bin": None, "state": "in_progress", **place}
        self.sql(
            "insert into items (epc, sku, site, door, bin, state, since) "
            "values (%s, %s, %s, %s, %s, %s, clock_timestamp())",
            epc, sku, self.site, values["door"], values["bin"], values["state"],
        )  # fmt: skip
        return epc

    def pass_(self, epc: str) -> None:
        """Write into the record that it passed, and have that noticed."""
        self.sql(
            "insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, door, direction, confidence) "
            "values (%s, clock_timestamp(), gen_random_uuid(), 'g1', %s, '30', 'D1', 'in', 1)", self.site, epc,
        )  # fmt: skip
        mark = (
            "select stored_at > (select max(stored_at) from movements where site = %s) as is_past "
            "from follow_marks where follower = 'tasks'"
        )
        deadline = time.monotonic() + 30  # what is being written holds the look back
        while not self.sql(mark, self.site)[0]["is_past"] and time.monotonic() < deadline:
            self.run(notice)

    def order(self, *lines: tuple[str, int], due: str = "1 h", id_: str = "SO-1") -> None:
        body = {"due_at": self.sql("select to_json(now() + %s::interval) as at", due)[0]["at"], "lines": []}
        body["lines"] = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        answer = self.put("integrator", f"/api/v1/sites/{self.site}/orders/{id_}", body)
        assert answer.status_code in (200, 201), answer.text

    def run(self, *duties: Any) -> None:
        for duty in duties:
            with pool.connect(self.service.database) as connection:
                duty(connection)

    def tasks(self, kind: str, **asked: Any) -> list[dict[str, Any]]:
        answer = self.service.as_("viewer").get("/api/v1/tasks", params={"site": self.site, "kind": kind, **asked})
        return list(answer.json()["items"])

    def picks(self, state: str = "open") -> list[tuple[str, int]]:
        return sorted((task["sku"], task["quantity"]) for task in self.tasks("pick", state=state))

    def done(self, task: dict[str, Any], **told: Any) -> None:
        client = self.service.as_("operator", self.site, "mei")
        assert client.post(f"/api/v1/tasks/{task['task_id']}/done", json=told).status_code == 200


@pytest.fixture
def house(service: Any) -> Iterator[House]:
    house = House(service)
    yield house
    house.sql("delete from floor_rules where site = %s", house.site)


def test_nothing_opens_by_itself_unless_the_site_wants_it(house: House) -> None:
    viewer = house.service.as_("viewer")
    nothing = {"put_away": False, "pick_ahead_h": None, "pack": False}
    assert viewer.get(f"/api/v1/sites/{house.site}/floor-rule").json() == nothing
    house.order(("K", 1))
    house.pass_(house.item(door="D1"))
    house.run(asking.ask_to_pick)
    assert house.tasks("put_away") == house.tasks("pick") == []


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"pick_ahead_h": -1}, "pick_ahead_h"),
        ({"pick_ahead_h": 1e9}, "pick_ahead_h"),
        ({"puts_away": True}, "puts_away"),
    ],
    ids=str,
)
def test_a_rule_that_says_nothing_sensible_is_refused_by_its_field(house: House, told: Any, field: str) -> None:
    answer = house.rule(**told)
    assert answer.status_code == 422 and field in answer.json()["detail"]


def test_a_rule_is_a_managers(house: House) -> None:
    assert house.rule("planner", put_away=True).status_code == 403
    path = f"/api/v1/sites/{house.site}/floor-rule"
    assert house.service.as_("manager").put(path, json={}).status_code == 428
    assert house.put("manager", "/api/v1/sites/nowhere/floor-rule", {}).status_code == 404


def test_what_comes_in_is_put_away_once_and_its_bin_ends_it(house: House) -> None:
    before = house.item(door="D1")
    house.item(bin="B", state="sellable_accessible")
    assert house.rule(put_away=True).json()["put_away"] is True
    epc = house.item(door="D1")
    house.pass_(before)
    house.pass_(epc)
    house.pass_(epc)
    (task,) = house.tasks("put_away")
    assert (task["epc"], task["role"], task["state"]) == (epc, "operator", "open")
    assert task["why"] == "came in at D1; its goods lie in B"
    house.sql(
        "update items set bin = 'A', door = null, since = clock_timestamp() where epc = %s",
        epc,
    )
    house.pass_(epc)
    (task,) = house.tasks("put_away")
    assert (task["state"], task["done_how"], task["result"]) == ("done", "read", {"bin": "A"})


@pytest.mark.parametrize("place", [{"state": "returned"}, {"state": "unknown"}, {"sku": None}, {"bin": "A"}], ids=str)
def test_what_has_another_way_to_go_is_not_put_away(house: House, place: dict[str, Any]) -> None:
    house.rule(put_away=True)
    house.pass_(house.item(**{"door": "D1", **place}))
    assert house.tasks("put_away") == []


def test_what_was_called_off_is_not_asked_again_until_it_comes_again(house: House) -> None:
    house.rule(put_away=True)
    epc = house.item(door="D1")
    house.pass_(epc)
    (task,) = house.tasks("put_away")
    manager = house.service.as_("manager")
    assert manager.post(f"/api/v1/tasks/{task['task_id']}/cancel", json={"reason": "stays"}).status_code == 200
    house.pass_(epc)
    assert len(house.tasks("put_away")) == 1
    house.sql("update items set since = clock_timestamp() where epc = %s", epc)
    house.pass_(epc)
    assert [task["state"] for task in house.tasks("put_away")] == ["cancelled", "open"]


def test_what_left_is_put_away_by_nobody(house: House) -> None:
    house.rule(put_away=True)
    epc, other = house.item(door="D1"), house.item(door="D1")
    house.pass_(epc)
    house.pass_(other)
    house.sql("update items set state = 'in_transit', since = clock_timestamp() where epc = %s", epc)
    house.pass_(epc)
    house.sql("update items set state = 'in_transit', since = clock_timestamp() where epc = %s", other)
    house.run(notice_all)
    assert [(task["state"], task["result"]) for task in house.tasks("put_away")] == [
        ("cancelled", {"note": "it left"})
    ] * 2


def test_orders_that_are_due_are_picked_where_most_lies_then_packed_once(house: House) -> None:
    for bin_ in ("A", "B", "B"):
        house.item(bin=bin_, state="sellable_accessible")
    house.rule(pick_ahead_h=4, pack=True)
    house.order(("K", 2), ("L", 1))
    house.order(("K", 9), due="9 h", id_="SO-later")
    house.run(asking.ask_to_pick, asking.ask_to_pick)
    first, second = sorted(house.tasks("pick"), key=lambda task: str(task["sku"]))
    assert [(task["sku"], task["quantity"], task["bin"], task["order"]) for task in (first, second)] == [
        ("K", 2, "B", "SO-1"), ("L", 1, None, "SO-1"),
    ]  # fmt: skip
    house.done(first, quantity=2)
    house.run(asking.ask_to_pick)
    assert house.tasks("pack") == []
    house.done(second, quantity=1)
    house.run(asking.ask_to_pick, asking.ask_to_pick)
    (pack,) = house.tasks("pack")
    assert (pack["order"], pack["state"], pack["role"]) == ("SO-1", "open", "operator")
    house.done(pack, scanned="SO-1")
    house.run(asking.ask_to_pick)
    assert len(house.tasks("pack")) == 1


def test_an_order_that_changes_is_gone_through_again(house: House) -> None:
    house.rule(pick_ahead_h=4)
    house.order(("K", 2), ("L", 1))
    house.run(asking.ask_to_pick)
    house.done(next(task for task in house.tasks("pick") if task["sku"] == "K"), quantity=2)
    house.order(("K", 5))
    house.run(asking.ask_to_pick)
    assert (house.picks(), house.picks("done"), house.picks("cancelled")) == ([("K", 3)], [("K", 2)], [("L", 1)])
    house.order(("K", 6), ("L", 4))
    house.run(asking.ask_to_pick)
    assert house.picks() == [("K", 4), ("L", 4)]


def test_nobody_picks_for_an_order_that_was_cancelled(house: House) -> None:
    house.rule(pick_ahead_h=4)
    house.order(("K", 2))
    house.run(asking.ask_to_pick)
    cancel = f"/api/v1/sites/{house.site}/orders/SO-1/cancel"
    assert house.service.as_("integrator").post(cancel).status_code == 200
    house.run(asking.ask_to_pick)
    assert (house.picks(), house.picks("cancelled")) == ([], [("K", 2)])


def test_picks_that_somebody_asked_for_are_not_asked_twice(house: House) -> None:
    house.rule(pick_ahead_h=4)
    house.order(("K", 2))
    body = {"site": house.site, "kind": "pick", "sku": "K", "quantity": 2, "order": "SO-1"}
    assert house.service.as_("manager").post("/api/v1/tasks", json=body).status_code == 201
    house.run(asking.ask_to_pick)
    assert house.picks() == [("K", 2)]


def test_two_workers_at_once_open_no_pick_twice(house: House) -> None:
    house.rule(pick_ahead_h=4)
    for number in range(40):
        house.order(("K", 1), id_=f"SO-{number}")
    with ThreadPoolExecutor(4) as threads:
        for future in [threads.submit(house.run, asking.ask_to_pick) for _ in range(4)]:
            future.result()
    house.run(asking.ask_to_pick)
    assert len(house.picks()) == 40


def test_a_list_that_is_full_gets_no_more_and_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house.rule(pick_ahead_h=4, put_away=True)
    house.order(("K", 1), ("L", 1))
    house.run(asking.ask_to_pick)
    monkeypatch.setattr(asking, "MOST_OPEN", 2)
    house.order(("K", 1), id_="SO-2")
    with caplog.at_level(logging.WARNING):
        house.run(asking.ask_to_pick)
        house.pass_(house.item(door="D1"))
    assert len(house.picks()) == 2 and house.tasks("put_away") == []
    assert f"site {house.site} has 2 open tasks" in caplog.text
    monkeypatch.undo()
    house.run(asking.ask_to_pick)
    assert len(house.picks()) == 3
