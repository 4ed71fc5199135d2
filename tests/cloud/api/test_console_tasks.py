"""The page Tasks on a phone: scan, do, at most three touches after the scan; and without the right to, nothing."""

from typing import Any
from uuid import uuid4

import pytest
from tagdock_cloud.store import pool
from tagdock_cloud.tasks.duties import deal_out
from tagdock_cloud_api_browsing import Phone, Watch  # laid there by conftest.py

expect = pytest.importorskip("playwright.sync_api", reason="install the test group: uv sync --group test").expect
pytest.importorskip("axe_playwright_python.sync_playwright", reason="install the test group")


@pytest.fixture
def open_phone(watch: Watch, warehouse: Any, helpers: Any) -> Any:
    yield lambda role: Phone(watch, warehouse, f"/tasks?site={helpers.SITE}", role)
    warehouse.sql("delete from on_duty")
    warehouse.sql("update tasks set state = 'cancelled', done_at = now() where state = 'open'")


def come(phone: Phone) -> None:
    phone.touch(name="Come on duty")
    expect(phone.page.get_by_role("button", name="Go off duty")).to_be_visible()
    phone.touches = 0


def deal(service: Any) -> None:
    with pool.connect(service.database) as connection:
        deal_out(connection)


def item(service: Any, site: str, state: str = "in_progress") -> str:
    epc = f"urn:epc:id:sgtin:9521234.000031.{uuid4().int % 10**9}"
    statement = "insert into items (epc, sku, site, door, state, since) values (%s, '85000A', %s, 'D1', %s, now())"
    service.sql(statement, [epc, site, state])
    return epc


def test_goods_are_put_away_by_scanning_them_and_the_bin(open_phone: Any, warehouse: Any, helpers: Any) -> None:
    phone = open_phone("operator")
    epc = item(warehouse, helpers.SITE)
    come(phone)
    expect(phone.page.locator("#state")).to_have_attribute("data-state", "live")
    body = {"site": helpers.SITE, "kind": "put_away", "epc": epc, "to_bin": "C-05"}
    warehouse.as_("manager").post("/api/v1/tasks", json=body)
    deal(warehouse)
    expect(phone.page.locator(".task")).to_contain_text("Put away")  # by itself
    assert phone.look("tasks") == []
    phone.page.mouse.click(3, 700)  # a thumb went astray: the scanner finds its field
    phone.type(epc)
    expect(phone.page.get_by_label("Scan bin C-05")).to_be_focused()
    assert phone.look("task-put-away") == []
    phone.scan("C-06")
    expect(phone.page.get_by_role("alert")).to_contain_text("it goes to C-05")
    phone.scan("C-05")
    expect(phone.page.locator(".well")).to_contain_text("done")
    assert phone.touches == 0
    assert warehouse.sql("select done_how from tasks where epc = %s", [epc]) == [{"done_how": "scan"}]
    assert warehouse.sql("select bin, state from items where epc = %s", [epc]) == [
        {"bin": "C-05", "state": "sellable_accessible"}
    ]


def test_a_bin_is_counted_by_scanning_it_and_typing_how_many(open_phone: Any, warehouse: Any, helpers: Any) -> None:
    phone = open_phone("operator")
    come(phone)
    task = {"site": helpers.SITE, "kind": "count", "bin": "C-07", "quantity": 12}
    task_id = warehouse.as_("manager").post("/api/v1/tasks", json=task).json()["task_id"]
    phone.scan("C-07")  # nobody was given it yet: who scans does it
    expect(phone.page.get_by_label("How many are there?")).to_be_focused()
    assert "12" not in phone.page.locator(".hand").inner_text()  # blind: who is told what to find finds it
    phone.scan("11")
    expect(phone.page.locator(".well")).to_contain_text("done")
    (counted,) = warehouse.sql("select result from tasks where task_id = %s", [task_id])
    assert counted == {"result": {"quantity": 11, "scanned": "C-07"}}


def test_a_count_that_was_asked_for_is_told_by_scanning_what_is_there(
    open_phone: Any, warehouse: Any, helpers: Any
) -> None:
    found, lost = item(warehouse, helpers.SITE), item(warehouse, helpers.SITE)
    warehouse.sql("insert into bins (site, bin) values (%s, 'COUNT-1') on conflict do nothing", [helpers.SITE])
    statement = "update items set bin = 'COUNT-1', door = null, state = 'sellable_accessible' where epc = any (%s)"
    warehouse.sql(statement, [[found, lost]])
    asked = {"site": helpers.SITE, "method": "epcs", "bin": "COUNT-1"}
    answer = warehouse.as_("manager").post("/api/v1/counts", json=asked)
    assert answer.status_code == 201, answer.text
    phone = open_phone("operator")
    phone.scan("COUNT-1")
    expect(phone.page.get_by_label("Scan every tag")).to_be_focused()
    assert phone.look("task-count") == []
    phone.scan(found)
    phone.touch(name="That is all")
    expect(phone.page.locator(".well")).to_contain_text("done")
    assert phone.touches == 1
    (count,) = warehouse.sql("select state, missing from counts_v1 where bin = 'COUNT-1'")
    assert count == {"state": "differs", "missing": 1}


def test_a_return_is_inspected_with_two_touches_and_the_second_is_for_somebody_else(
    open_phone: Any, warehouse: Any, helpers: Any
) -> None:
    epc = item(warehouse, helpers.SITE, "in_transit")
    returned = {"transition": "return", "case": "RMA-1"}
    answer = warehouse.as_("operator").post(f"/api/v1/items/{epc}/life/steps", json=returned)
    assert answer.status_code == 201, answer.text
    phone = open_phone("inspector")
    come(phone)
    phone.scan(epc)
    expect(phone.page.get_by_role("button", name="Inspected")).to_be_visible()
    assert phone.look("task-inspect") == []
    phone.choose("opened, all right")
    phone.touch(name="Inspected")
    expect(phone.page.locator(".well")).to_contain_text("done")
    assert phone.touches == 2
    (life,) = warehouse.sql("select state, grade from lives where epc = %s", [epc])
    assert life == {"state": "inspected", "grade": "B"}
    phone.scan(epc)
    expect(phone.page.locator(".note")).to_contain_text("Nothing that you may do")


def test_a_repair_is_taken_gets_its_part_and_is_done_with_two_touches(
    open_phone: Any, warehouse: Any, helpers: Any
) -> None:
    epc, part = item(warehouse, helpers.SITE, "in_transit"), item(warehouse, helpers.SITE, "sellable_accessible")
    steps = [("operator", "return", {}), ("inspector", "inspect", {"grade": "C", "sealed": False}),
             ("inspector", "inspect_again", {"grade": "C", "sealed": False})]  # fmt: skip
    for role, transition, more in steps:
        who = warehouse.as_(role, helpers.SITE, transition)
        answer = who.post(f"/api/v1/items/{epc}/life/steps", json={"transition": transition, **more})
        assert answer.status_code == 201, answer.text
    fault = {"epc": epc, "fault": "The handle is loose", "defect": "H-2"}
    assert warehouse.as_("manager").post("/api/v1/repairs", json=fault).status_code == 201
    phone = open_phone("technician")
    phone.scan(epc)
    phone.touch(name="I take it")
    expect(phone.page.get_by_label("Scan a part that goes in")).to_be_focused()
    assert phone.look("task-repair") == []
    phone.scan(epc)
    expect(phone.page.get_by_role("alert")).to_contain_text("not a part of it")
    phone.scan(part)
    expect(phone.page.get_by_label("1 so far")).to_be_focused()
    phone.touch(name="Tested: it is repaired")
    expect(phone.page.locator(".well")).to_contain_text("done")
    assert phone.touches == 2
    assert warehouse.sql("select state, work_orders_open from lives where epc = %s", [epc]) == [
        {"state": "repaired", "work_orders_open": 0}
    ]


def test_what_was_scanned_and_nobody_wants_is_said(warehouse: Any, helpers: Any) -> None:
    answer = warehouse.as_("operator").get("/tasks", params={"site": helpers.SITE, "scan": "C-09"})
    assert answer.status_code == 404 and "C-09" in answer.text
    assert warehouse.as_("viewer").post("/tasks/duty", data={"on": "true"}).status_code == 403
