"""Work orders: who writes them, what goes in and out, how they end; and what others may know."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()


class Bench:
    """One site with an item that was found faulty, and its people by role."""

    def __init__(self, service: Any) -> None:
        self.service, self.site = service, f"r-{uuid4().hex[:8]}"
        self.sql("insert into sites (site) values (%s)", self.site)
        self.sql("insert into bins (site, bin) values (%s, 'P-1')", self.site)
        self.epc = self.item()
        self.people = {role: service.as_(role, self.site) for role in ("operator", "manager")}
        self.people |= {name: service.as_(name.rstrip("12"), self.site, name) for name in
                        ("inspector1", "inspector2", "technician1", "technician2")}  # fmt: skip

    def sql(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        return list(self.service.sql(statement, values))

    def item(self, sku: str = "KETTLE", quantity: int = 1, bin_: str | None = None, state: str = "in_transit") -> str:
        epc = f"urn:epc:id:sgtin:9521234.000031.{uuid4().int % 10**9}"
        self.sql(
            "insert into items (epc, sku, quantity, site, bin, state, since, registered_at, registered_site, "
            "registered_bin) values (%s, %s, %s, %s, %s, %s, now(), now(), %s, %s)",
            epc, sku, quantity, self.site, bin_, state, self.site, bin_,
        )  # fmt: skip
        return epc

    def step(self, who: str, transition: str, status: int = 201, **more: Any) -> None:
        body = {"transition": transition, **more}
        answer = self.people[who].post(f"/api/v1/items/{self.epc}/life/steps", json=body)
        assert answer.status_code == status, answer.text

    def inspected(self, grade: str = "C") -> None:
        """Come back, be inspected by two people."""
        self.step("operator", "return")
        self.step("inspector1", "inspect", grade=grade, sealed=False)
        self.step("inspector2", "inspect_again", grade=grade, sealed=False)

    def open(self, who: str = "inspector1", status: int = 201, **more: Any) -> dict[str, Any]:
        body = {"epc": self.epc, "fault": "does not heat", **more}
        answer = self.people[who].post("/api/v1/repairs", json=body)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def post(self, order: Any, what: str, who: str = "technician1", status: int = 200, **body: Any) -> dict[str, Any]:
        answer = self.people[who].post(f"/api/v1/repairs/{order['work_order_id']}/{what}", json=body)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def life(self) -> dict[str, Any]:
        return dict(self.people["manager"].get(f"/api/v1/items/{self.epc}/life").json()["life"])

    def taken(self, **more: Any) -> dict[str, Any]:
        """A work order that the first technician has."""
        self.inspected()
        order = self.open(**more)
        assert self.people["technician1"].post(f"/api/v1/tasks/{order['task_id']}/take").status_code == 200
        return order


@pytest.fixture
def bench(service: Any) -> Bench:
    return Bench(service)


def test_an_item_is_repaired_with_parts_and_a_test_and_then_waits_for_its_inspections(bench: Bench) -> None:
    order = bench.taken(priority=2, defect="E-17", warranty_until=TOMORROW[:10], liability="product")
    assert (order["state"], order["priority"], order["is_warranty"]) == ("open", 2, True)
    assert bench.life()["work_orders_open"] == 1
    carton = bench.item("ELEMENT", 3, "P-1", "sellable_accessible")
    bench.post(order, "parts", way="removed", sku="ELEMENT", fate="scrap")
    bench.post(order, "test", passed=True)
    parts = bench.post(order, "parts", way="installed", sku="ELEMENT", bin="P-1", quantity=2)["parts"]
    assert [(part["way"], part["sku"], part["quantity"], part["epc"]) for part in parts] == [
        ("removed", "ELEMENT", 1, None), ("installed", "ELEMENT", 2, carton),
    ]  # fmt: skip
    assert bench.sql("select quantity, bin from items where epc = %s", carton) == [{"quantity": 1, "bin": "P-1"}]
    bench.post(order, "close", status=409, outcome="repaired")  # since the last part nobody has tested it
    bench.post(order, "test", passed=False, note="trips")
    bench.post(order, "close", status=409, outcome="repaired")
    bench.post(order, "test", passed=True)
    closed = bench.post(order, "close", outcome="repaired", note="new element")
    assert (closed["state"], closed["outcome"]) == ("repaired", "new element") and closed["closed_at"]
    life = bench.life()
    assert (life["state"], life["work_orders_open"], life["is_sellable"]) == ("repaired", 0, False)
    assert bench.post(order, "close", outcome="repaired") == closed
    bench.post(order, "parts", status=409, way="removed", sku="ELEMENT")
    left = bench.sql("select action from audit where site = %s order by audit_id", bench.site)[3:]
    assert [row["action"] for row in left] == [
        "life.step", "task.take", "repair.part", "repair.test", "repair.part", "repair.test", "repair.test",
        "life.step",
    ]  # fmt: skip
    tasks = bench.people["manager"].get("/api/v1/tasks", params={"epc": bench.epc, "state": "open"}).json()["items"]
    assert [task["kind"] for task in tasks if task["kind"] != "follow_up"] == ["inspect"]


def test_stock_never_gives_more_than_it_has_or_what_is_not_for_sale(bench: Bench) -> None:
    order = bench.taken()
    carton = bench.item("ELEMENT", 2, "P-1", "sellable_accessible")
    bench.item("ELEMENT", 9, "P-1", "returned")
    bench.post(order, "parts", status=409, way="installed", sku="ELEMENT", bin="P-1", quantity=3)
    bench.post(order, "parts", status=422, way="installed", epc=bench.epc)
    bench.post(order, "parts", way="installed", epc=carton, quantity=2)
    bench.post(order, "parts", status=409, way="installed", epc=carton)
    assert bench.sql("select quantity from items where epc = %s", carton) == [{"quantity": 0}]


def test_what_cannot_be_repaired_is_proposed_for_scrap(bench: Bench) -> None:
    order = bench.taken()
    bench.post(order, "close", status=422, outcome="irreparable")
    assert bench.post(order, "close", outcome="irreparable", note="burnt through")["state"] == "irreparable"
    assert bench.life()["state"] == "scrap_proposed"


def test_a_technician_writes_and_sees_only_the_work_that_is_theirs(bench: Bench) -> None:
    order = bench.taken()
    one, other = bench.people["technician1"], bench.people["technician2"]
    path = f"/api/v1/repairs/{order['work_order_id']}"
    assert (one.get(path).status_code, other.get(path).status_code) == (200, 403)
    assert [row["work_order_id"] for row in one.get("/api/v1/repairs").json()["items"]] == [order["work_order_id"]]
    assert other.get("/api/v1/repairs").json() == {"items": []}
    for what, body in (("test", {"passed": True}), ("close", {"outcome": "irreparable", "note": "x"})):
        for who in ("technician2", "operator", "inspector1"):
            bench.post(order, what, who=who, status=403, **body)
    bench.post(order, "test", who="manager", passed=True)


def test_a_reference_tells_how_far_it_is_and_nothing_else(bench: Bench) -> None:
    order = bench.taken()
    nobody = bench.service.as_(None)
    path = f"/api/v1/repair-progress/{order['reference']}"
    bench.post(order, "progress", state="waiting_parts", parts_expected_at=TOMORROW)
    told = nobody.get(path)
    assert told.status_code == 200 and set(told.json()) == {"state", "since", "parts_expected_at"}
    assert told.json()["state"] == "waiting_parts" and len(order["reference"]) == 64
    assert nobody.get(path[:-1] + ("0" if path[-1] != "0" else "1")).status_code == 404
    assert "reference" not in bench.people["manager"].get("/api/v1/repairs").json()["items"][0]


def test_a_repair_that_a_step_began_and_ended_is_a_work_order_too(bench: Bench) -> None:
    bench.inspected()
    bench.step("inspector1", "repair")
    (order,) = bench.people["manager"].get("/api/v1/repairs", params={"epc": bench.epc}).json()["items"]
    assert order["state"] == "open" and order["technician"] is None
    bench.step("technician1", "finish_repair")
    (order,) = bench.people["manager"].get("/api/v1/repairs", params={"epc": bench.epc}).json()["items"]
    assert order["state"] == "repaired" and order["closed_by"].startswith("token:technician")


def test_a_work_order_opens_only_where_the_items_life_lets_it(bench: Bench) -> None:
    bench.open(status=409)
    bench.inspected("B")
    bench.open(who="operator", status=403)
    order = bench.open()
    bench.open(status=409)
    cancel = f"/api/v1/tasks/{order['task_id']}/cancel"
    assert bench.people["manager"].post(cancel, json={"reason": "x"}).status_code == 409
    assert bench.life()["work_orders_open"] == 1


def test_webhooks_are_told_each_state(bench: Bench) -> None:
    webhook = {"name": bench.site, "url": "https://shop.example/x", "topics": ["repair"], "sites": [bench.site]}
    hook = bench.service.as_("admin").post("/api/v1/webhooks", json=webhook).json()["webhook_id"]
    order = bench.taken()
    bench.post(order, "progress", state="waiting_parts")
    assert bench.sql("select 1 from audit where action = 'repair.progress' and site = %s", bench.site)
    bench.post(order, "close", outcome="irreparable", note="no parts are made any more")
    told = bench.sql("select body from deliveries where webhook_id = %s order by queued_at", hook)
    assert [row["body"]["event"] for row in told] == ["open", "waiting_parts", "irreparable"]
    assert told[0]["body"]["reference"] == order["reference"] and "fault" not in told[0]["body"]
