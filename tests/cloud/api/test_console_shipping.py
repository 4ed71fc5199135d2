"""The page Shipping: what waits and why, the proposal beside first come, transfers by their doors, carriers' news."""

import re
from typing import Any

import pytest
from tagdock_cloud_api_browsing import Phone, Watch, answer_allocation, on, shipping_of  # laid there by conftest.py

expect = pytest.importorskip("playwright.sync_api", reason="install the test group: uv sync --group test").expect
pytest.importorskip("axe_playwright_python.sync_playwright", reason="install the test group")

WALL = 1920
WHY = "no site has 3 of it free"


@pytest.fixture
def things(warehouse: Any, helpers: Any) -> Any:
    warehouse.sql("update waiting_orders set cancelled_at = now() where allocated_at is null")
    warehouse.sql("update questions set state = 'failed', finished_at = now() where state <> 'approved'")
    return shipping_of(warehouse, helpers)


@pytest.fixture
def opened(watch: Watch, warehouse: Any, helpers: Any) -> Any:
    return lambda role, width=390: Phone(watch, warehouse, on(helpers, "/shipping"), role, width)


def state_of(service: Any, order_id: str) -> str:
    (row,) = service.sql("select state from waiting_orders_v1 where order_id = %s", [order_id])
    return str(row["state"])


@pytest.mark.parametrize("width", [390, WALL], ids=["phone", "wall"])
def test_an_allocation_is_asked_for_compared_and_approved(
    opened: Any, warehouse: Any, helpers: Any, things: dict[str, str], width: int
) -> None:
    planner = opened("planner", width)
    expect(planner.page.locator(f"#order-{things['web']}")).to_contain_text("Nobody has asked")
    planner.touch(name="Ask who is to ship them")
    expect(planner.page.get_by_text("waiting for the solver")).to_be_visible()
    question_id = answer_allocation(warehouse, {things["web"]: helpers.SITE}, {things["late"]: WHY})
    planner.page.reload()
    expect(planner.page.locator(f"#order-{things['late']}")).to_contain_text(WHY)
    facts = planner.page.locator("section", has=planner.page.locator("#proposal-title"))
    for told in ("31.50", "42.00", "25%", "shanghai-1", helpers.SITE, "121 km"):
        expect(facts).to_contain_text(told)
    assert planner.look("shipping-proposal") == []
    planner.touch(name="Do it as proposed")
    expect(planner.page.locator(".well")).to_be_visible()
    assert (state_of(warehouse, things["web"]), state_of(warehouse, things["late"])) == ("allocated", "waiting")
    sql = "select site from orders where order_id = %s and kind = 'outbound'"
    assert warehouse.sql(sql, [things["web"]]) == [{"site": helpers.SITE}]
    audited = warehouse.sql("select action from audit where subject = %s", [f"allocation/{question_id}"])
    assert [row["action"] for row in audited] == ["allocation.ask", "allocation.approve"]


def test_a_question_is_called_off_and_an_order_that_waits_is_cancelled(
    opened: Any, warehouse: Any, things: dict[str, str]
) -> None:
    manager = opened("manager")
    manager.touch(name="Ask who is to ship them")
    manager.touch(name="Call it off")
    expect(manager.page.locator(".pill", has_text="failed")).to_be_visible()
    manager.page.locator("summary", has_text=f"Cancel {things['late']}").click()
    manager.page.locator(f"#order-{things['late']}").get_by_role("button", name="Cancel the order").click()
    expect(manager.page.locator(f"#order-{things['late']}")).to_have_count(0)
    assert state_of(warehouse, things["late"]) == "cancelled"


def test_a_transfer_shows_its_doors_and_is_called_off_by_a_manager(
    opened: Any, warehouse: Any, helpers: Any, things: dict[str, str]
) -> None:
    operator = opened("operator")
    card = operator.page.locator(f"#transfer-{things['tr']}")
    expect(card).to_contain_text(f"Left by a door of {helpers.SITE}")
    expect(card).to_contain_text("0 of 1")
    expect(card.locator("form")).to_have_count(0)
    manager = opened("manager", WALL)
    assert manager.look("shipping-transfers") == []
    card = manager.page.locator(f"#transfer-{things['tr']}")
    card.locator("summary").click()
    card.get_by_role("button", name="Call the transfer off").click()
    expect(card.locator(".pill")).to_have_text("called off")
    sql = "select state from transfers_v1 where transfer_id = %s"
    assert warehouse.sql(sql, [things["tr"]]) == [{"state": "cancelled"}]


def test_a_shipment_that_was_not_delivered_leads_to_its_return(opened: Any, things: dict[str, str]) -> None:
    operator = opened("operator")
    operator.page.get_by_role("link", name=re.compile("needs? somebody")).click()
    card = operator.page.locator(".line.bad", has_text=things["so"])
    expect(card).to_contain_text("could not be delivered")
    card.get_by_role("link", name="Its return").click()
    expect(operator.page.locator("h1")).to_contain_text("S-")
    expect(operator.page.get_by_text("Not delivered").first).to_be_visible()


def test_roles_and_sites_are_kept_out(warehouse: Any, helpers: Any, things: dict[str, str]) -> None:
    here = {"site": helpers.SITE}
    for role, path in (
        ("viewer", "allocations"), ("operator", "allocations"), ("planner", f"transfers/{things['tr']}/cancel"),
        ("operator", f"orders/{things['web']}/cancel"),
    ):  # fmt: skip
        assert warehouse.as_(role).post(f"/shipping/{path}").status_code == 403, path
    limited = warehouse.as_("planner", helpers.SITE)
    assert things["web"] not in limited.get("/shipping", params=here).text  # what waits is of no site yet
    assert limited.post("/shipping/allocations", data=here).status_code == 403
    assert warehouse.as_("planner").post("/shipping/allocations", data=here).status_code == 303
    question_id = answer_allocation(warehouse, {things["web"]: helpers.SITE}, {})
    assert limited.post(f"/shipping/allocations/{question_id}/approve", params=here).status_code == 403
    forged = {"Sec-Fetch-Site": "cross-site"}
    approve = f"/shipping/allocations/{question_id}/approve"
    assert warehouse.as_("planner").post(approve, params=here, headers=forged).status_code == 403
    stranger = warehouse.as_("manager", "shanghai-1")
    assert things["so"] not in stranger.get("/shipping").text
    assert stranger.post(f"/shipping/transfers/{things['tr']}/cancel").status_code == 403  # it is of both sites
    assert state_of(warehouse, things["web"]) == "waiting"
    told = warehouse.as_("planner").post(f"/shipping/allocations/{question_id}/cancel", params=here)
    assert told.status_code == 409 and "approved or left alone" in told.text
