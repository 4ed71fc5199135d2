"""The page Returns: a scan leads to its case, and what a person may decide is decided with at most three touches."""

from typing import Any

import pytest
from tagdock_cloud_api_browsing import (  # laid there by conftest.py
    Phone,
    Watch,
    announced,
    follow,
    on,
    pass_door,
    shipped,
)

expect = pytest.importorskip("playwright.sync_api", reason="install the test group: uv sync --group test").expect
pytest.importorskip("axe_playwright_python.sync_playwright", reason="install the test group")

WALL = 1920
MOST_TOUCHES = 3


@pytest.fixture
def opened(watch: Watch, warehouse: Any, helpers: Any) -> Any:
    return lambda role, path="/returns", width=390: Phone(watch, warehouse, on(helpers, path), role, width)


def case_of(service: Any, case_ref: str) -> Any:
    return service.as_("viewer").get(f"/api/v1/returns/{case_ref}").json()


def actions(service: Any, subject: str) -> list[str]:
    sql = "select action from audit where subject = %s order by audit_id"
    return [row["action"] for row in service.sql(sql, [subject])]


def test_a_return_is_inspected_by_two_decided_refunded_and_closed_by_touch(
    opened: Any, warehouse: Any, helpers: Any
) -> None:
    epc = shipped(warehouse, helpers)
    case_ref = announced(warehouse, helpers, epc, reason="defective")
    pass_door(warehouse, helpers, epc, "in")
    warehouse.as_("inspector", helpers.SITE)  # the second pair of eyes has a token of its own
    first, second = opened("inspector"), opened(f"inspector/{helpers.SITE}")
    first.scan(epc)
    expect(first.page.locator("h1")).to_have_text(case_ref)
    assert first.look("returns-inspect") == []
    first.choose("opened, all right")
    first.touch(name="Inspected")
    expect(first.page.locator(".well")).to_be_visible()
    assert first.touches <= MOST_TOUCHES
    assert warehouse.sql("select state, grade from lives where epc = %s", [epc]) == [
        {"state": "inspected", "grade": "B"}
    ]
    expect(first.page.get_by_role("button", name="Inspected")).to_have_count(0)  # not twice by one person
    second.scan(case_ref)
    second.choose("opened, all right")
    second.touch(name="Inspected")
    expect(second.page.get_by_text("What becomes of it?")).to_be_visible()
    assert second.look("returns-outcome") == []
    second.scan(epc)  # the next scan finds its field, and the case again
    second.touches = 0
    second.choose("Repack, then into stock")
    second.touch(name="Decide")
    expect(second.page.locator(".well")).to_be_visible()
    assert second.touches <= MOST_TOUCHES
    told = case_of(warehouse, case_ref)
    assert (told["state"], told["lines"][0]["outcome"], told["lines"][0]["grade"]) == ("decided", "repack", "B")
    manager = opened("manager", f"/returns/cases/{case_ref}", WALL)
    assert manager.look("returns-decided") == []
    expect(manager.page.get_by_role("button", name="Propose to scrap it")).to_have_count(0)  # it stands aside, folded
    manager.touch(name="Tell that the money goes back")
    expect(manager.page.get_by_role("button", name="Tell that the money goes back")).to_have_count(0)  # once
    manager.page.locator("summary", has_text="Close the case").click()
    manager.page.get_by_role("button", name="Close the case").click()
    expect(manager.page.locator(".pill").first).to_have_text("closed")
    told = case_of(warehouse, case_ref)
    assert told["state"] == "closed" and told["refunded_at"] is not None
    assert actions(warehouse, f"return/{case_ref}") == [
        "return.applied", "return.outcome", "return.refund", "return.closed",
    ]  # fmt: skip
    assert actions(warehouse, f"item/{epc}") == ["life.step", "life.step"]


def test_what_nobody_announced_is_found_by_its_tag_and_accepted_with_a_reason(
    opened: Any, warehouse: Any, helpers: Any
) -> None:
    epc = shipped(warehouse, helpers)
    pass_door(warehouse, helpers, epc, "in")
    operator = opened("operator")
    expect(operator.page.locator(".case.case-on_hold")).to_contain_text("nobody applied for it")
    operator.scan(epc)
    expect(
        operator.page.get_by_text("A manager accepts it").or_(operator.page.get_by_text("See to it"))
    ).to_be_visible()
    expect(operator.page.get_by_role("button", name="Accept it")).to_have_count(0)
    assert operator.look("returns-held") == []
    manager = opened("manager")
    manager.scan(epc)
    manager.touch(name="Accept it")  # without a word why, nothing happens
    manager.touches = 0
    manager.write("Why it is accepted", "The customer wrote to us.")
    manager.touch(name="Accept it")
    expect(manager.page.locator(".well")).to_be_visible()
    assert manager.touches <= MOST_TOUCHES
    (case,) = warehouse.as_("viewer").get("/api/v1/returns", params={"epc": epc}).json()["items"]
    assert (case["state"], case["overruled"]) == ("received", ["no_application"])
    assert actions(warehouse, f"return/{case['case_ref']}") == ["return.accepted"]


def test_a_return_is_applied_for_with_tags_and_counted_goods(
    opened: Any, warehouse: Any, helpers: Any, watch: Watch
) -> None:
    epc = shipped(warehouse, helpers)
    desk = opened("integrator", width=WALL)
    desk.page.get_by_role("link", name="Apply for a return").click()
    desk.page.get_by_label("Scan what comes back").fill(f"{epc}\nno-such-goods\n")
    desk.page.get_by_label("Why it comes back").select_option("wrong_item")
    desk.page.get_by_label("Its reference (RMA)").fill("RMA-2026-7")
    desk.page.get_by_role("button", name="Apply").click()
    expect(desk.page.get_by_role("alert")).to_contain_text("no-such-goods")
    watch.troubles.clear()  # the browser notes the 422
    desk.page.get_by_label("Scan what comes back").fill(f"{epc}\n85000A\n3\n")
    expect(desk.page.get_by_label("Its reference (RMA)")).to_have_value("RMA-2026-7")  # what was typed stays
    assert desk.look("returns-new") == []
    desk.page.get_by_role("button", name="Apply").click()
    expect(desk.page.locator(".pill").first).to_have_text("declined")  # the terms ask for the order
    expect(desk.page.locator(".against")).to_contain_text("A detail is missing")
    told = case_of(warehouse, "RMA-2026-7")
    assert [(line["epc"], line["sku"], line["quantity"]) for line in told["lines"]] == [
        (epc, "85000A", 1), (None, "85000A", 3),
    ]  # fmt: skip
    desk.page.get_by_text("Nothing comes: call it off").click()
    desk.page.get_by_label("Why", exact=True).fill("They keep it.")
    desk.page.get_by_role("button", name="Call it off").click()
    expect(desk.page.locator(".pill").first).to_have_text("called off")
    assert case_of(warehouse, "RMA-2026-7")["state"] == "cancelled"
    desk.page.goto(warehouse.url + on(helpers, "/returns?state=cancelled"))
    expect(desk.page.locator(".case", has_text="RMA-2026-7")).to_be_visible()
    expect(desk.page.locator(".chips [aria-current]")).to_contain_text("called off")


def test_an_operator_says_that_it_came_back_and_a_scan_that_means_nothing_is_said(
    opened: Any, warehouse: Any, helpers: Any, watch: Watch
) -> None:
    epc = shipped(warehouse, helpers)
    case_ref = announced(warehouse, helpers, epc, order="O-4711")
    phone = opened("operator")
    phone.scan("RMA-nobody-knows")
    expect(phone.page.locator(".mistake")).to_contain_text("RMA-nobody-knows")
    watch.troubles.clear()  # the browser notes the 404
    phone.page.get_by_label("Scan an RMA").fill("")
    phone.type("O-4711")
    phone.touch(name="It came back")
    expect(phone.page.locator(".well")).to_be_visible()
    assert phone.touches <= MOST_TOUCHES
    follow(warehouse)
    assert case_of(warehouse, case_ref)["state"] == "received"


def test_roles_sites_and_other_pages_are_kept_out(warehouse: Any, helpers: Any) -> None:
    epc = shipped(warehouse, helpers)
    case_ref = announced(warehouse, helpers, epc)
    pass_door(warehouse, helpers, epc, "in")
    page, site = f"/returns/cases/{case_ref}", {"site": helpers.SITE}
    asked = {
        "accept": {"reason": "x"}, "decline": {"reason": "x"}, "cancel": {"reason": "x"}, "close": {}, "refund": {},
        "facts": {"liability": "carrier"}, "lines/1/step": {"transition": "unpack"},
        "lines/1/outcome": {"outcome": "restock", "reason": "x"},
    }  # fmt: skip
    for change, form in asked.items():
        for role in ("viewer", "planner"):
            assert warehouse.as_(role).post(f"{page}/{change}", params=site, data=form).status_code == 403, change
    for role, change in (("operator", "accept"), ("inspector", "refund"), ("operator", "cancel")):
        assert warehouse.as_(role).post(f"{page}/{change}", params=site, data=asked[change]).status_code == 403
    told = warehouse.as_("operator").post(f"{page}/lines/1/outcome", params=site, data=asked["lines/1/outcome"])
    assert told.status_code == 403 and "inspectors and managers" in told.text
    told = warehouse.as_("inspector").post(f"{page}/lines/1/outcome", params=site, data=asked["lines/1/outcome"])
    assert told.status_code == 409 and "inspections are not done" in told.text
    assert warehouse.as_("viewer").get("/returns/new", params=site).status_code == 403
    warehouse.sql("insert into sites (site) values ('elsewhere') on conflict do nothing")
    stranger = warehouse.as_("manager", "elsewhere")
    assert case_ref not in stranger.get("/returns").text
    assert stranger.get("/returns", params={"scan": epc}).status_code == 404
    assert stranger.get("/returns", params={"scan": case_ref}).status_code == 404
    assert stranger.get(page).status_code == 404
    assert stranger.post(f"{page}/accept", data={"reason": "x"}).status_code == 404
    assert stranger.get("/returns", params=site).status_code == 403
    forged = {"Sec-Fetch-Site": "cross-site"}
    assert warehouse.as_("manager").post(f"{page}/refund", params=site, headers=forged).status_code == 403
    assert case_of(warehouse, case_ref)["state"] == "received"
    assert warehouse.sql("select state from lives where epc = %s", [epc]) == [{"state": "returned"}]
