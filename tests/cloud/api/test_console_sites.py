"""Pages between sites, delivery runs, shipments: asked, compared, approved and followed by clicking; who may not."""

import html
import re
from typing import Any

import pytest
from tagdock_cloud_api_browsing import (
    Phone,
    Watch,
    answer,
    balance,
    day_of,
    deliveries_of,
    on,
    shipping_of,
    split,
)  # laid there by conftest.py

expect = pytest.importorskip("playwright.sync_api", reason="install the test group: uv sync --group test").expect
pytest.importorskip("axe_playwright_python.sync_playwright", reason="install the test group")


NEXT = re.compile(r'href="([^"]+)" rel="next"')


@pytest.fixture
def things(warehouse: Any, helpers: Any) -> Any:
    """Two sites, with nothing asked of the solver that waits."""
    warehouse.sql("update questions set state = 'failed', finished_at = now() where state <> 'approved'")
    return shipping_of(warehouse, helpers)


@pytest.fixture
def opened(watch: Watch, warehouse: Any, helpers: Any) -> Any:
    return lambda path, role, width=390: Phone(watch, warehouse, on(helpers, path), role, width)


def test_what_is_to_move_is_asked_shown_as_it_comes_and_approved_into_transfers(
    opened: Any, warehouse: Any, helpers: Any, things: dict[str, str]
) -> None:
    planner = opened("/shipping/between", "planner")
    planner.page.locator("summary", has_text="Ask what is to move").click()
    planner.page.get_by_label("Sales of so many days").fill("14")
    planner.touch(name="Ask what is to move")
    expect(planner.page.locator("#rebalancing")).to_contain_text("waiting for the solver")
    answer(warehouse, "rebalancing", balance(helpers, things["sku"]))
    part = planner.page.locator("#rebalancing")
    expect(part).to_contain_text("A manager approves it.")  # the page looked anew by itself
    for told in (things["sku"], "3.50", f"{helpers.SITE} → shanghai-1", "3 days of it"):
        expect(part).to_contain_text(told)
    (asked,) = warehouse.sql("select request from questions where kind = 'rebalancing' order by asked_at desc limit 1")
    assert asked["request"]["days"] == 14
    manager = opened("/shipping/between", "manager")
    assert manager.look("between-proposed") == []
    manager.touch(name="Do it as proposed")
    expect(manager.page.locator("#rebalancing .pill")).to_have_text("approved")
    manager.page.get_by_role("link", name="See the transfers").click()
    expect(manager.page.locator("#transfers")).to_contain_text("TR-")


def test_a_first_delivery_is_split_and_each_site_is_told(
    opened: Any, warehouse: Any, helpers: Any, things: dict[str, str]
) -> None:
    planner = opened("/shipping/between", "planner", 1280)
    planner.page.locator("summary", has_text="Ask how a delivery is split").click()
    planner.page.get_by_label("SKU", exact=True).fill(things["sku"])
    planner.page.get_by_label("Units that come").fill("20")
    planner.page.get_by_role("button", name="Ask how it is split").click()
    expect(planner.page.locator("#split")).to_contain_text("20 units")
    question_id = answer(warehouse, "split", split(helpers, things["sku"]))
    manager = opened("/shipping/between", "manager", 1280)
    expect(manager.page.locator("#split")).to_contain_text("the last unit sells with a chance of 38%")
    manager.page.locator("#split").get_by_role("button", name="Do it as proposed").click()
    expect(manager.page.locator("#split .pill")).to_have_text("approved")
    sql = "select site from orders where kind = 'inbound' and order_id = %s order by site"
    told = warehouse.sql(sql, [f"FD-{question_id[:8]}"])
    assert [row["site"] for row in told] == sorted((helpers.SITE, "shanghai-1"))


def test_a_transfer_is_planned_and_what_stands_against_it_is_told_with_what_was_typed(
    opened: Any, watch: Watch, warehouse: Any, things: dict[str, str]
) -> None:
    manager = opened("/shipping/between", "manager")
    name = f"{things['tr']}-2"
    manager.page.get_by_label("Its name").fill(name)
    manager.page.get_by_label("Goods, one a line").fill(f"{things['sku']}\n900000")
    manager.touch(name="Plan the transfer")
    expect(manager.page.locator(".mistake")).to_contain_text("free by now")
    expect(manager.page.get_by_label("Its name")).to_have_value(name)
    watch.troubles.clear()  # the browser notes the 409
    manager.page.get_by_label("Goods, one a line").fill(things["sku"])
    manager.touch(name="Plan the transfer")
    expect(manager.page.locator(".well")).to_be_visible()
    (planned,) = warehouse.sql("select goal_site, units_planned from transfers_v1 where transfer_id = %s", [name])
    assert planned == {"goal_site": "shanghai-1", "units_planned": 1}


def test_runs_are_asked_for_seen_in_a_picture_approved_and_followed_stop_by_stop(
    opened: Any, warehouse: Any, helpers: Any, things: dict[str, str]
) -> None:
    orders = deliveries_of(warehouse, helpers)
    planner = opened("/shipping/runs", "planner")
    planner.page.get_by_label("Day", exact=True).fill("2099-05-04")
    planner.touch(name="Ask for the runs of this day")
    expect(planner.page.locator("#days .case").first).to_contain_text("waiting for the solver")
    question_id = answer(warehouse, "run", day_of(orders))
    planner.page.locator(f"a[href*='{question_id}']").click()
    expect(planner.page.locator(".drive circle")).to_have_count(len(orders))
    expect(planner.page.locator("#day")).to_contain_text("20%")
    planner.touch(name="Do it as proposed")
    expect(planner.page.locator("#day .pill").first).to_have_text("approved")
    driver = opened(f"/shipping/runs/{question_id}", "operator")
    first = driver.page.locator(".stops li", has_text=orders[0])
    first.locator("summary").click()
    first.get_by_role("button", name="Not delivered").click()
    expect(driver.page.locator(".stops li", has_text=orders[0])).to_contain_text("not delivered")
    (stop,) = warehouse.sql("select state from run_stops where order_id = %s", [orders[0]])
    assert stop["state"] == "failed"


def test_a_shipment_is_added_and_one_of_no_order_is_refused(
    opened: Any, watch: Watch, warehouse: Any, things: dict[str, str]
) -> None:
    shop = opened("/shipping", "integrator")
    shop.page.locator("summary", has_text="Add a shipment").click()
    for label, text in (("Order", "none"), ("Carrier", "DHL"), ("Tracking number", things["so"] + "-2")):
        shop.page.get_by_label(label, exact=True).fill(text)
    shop.page.get_by_label("insured").check()
    shop.touch(name="Add the shipment")
    expect(shop.page.locator(".mistake")).to_contain_text("has no order")
    watch.troubles.clear()  # the browser notes the 422
    shop.page.get_by_label("Order", exact=True).fill(things["so"])
    shop.touch(name="Add the shipment")
    expect(shop.page.locator("#shipments")).to_contain_text(things["so"] + "-2")
    (row,) = warehouse.sql("select is_insured, is_signed from shipments where tracking = %s", [things["so"] + "-2"])
    assert row == {"is_insured": True, "is_signed": False}


def test_roles_and_sites_are_kept_out(warehouse: Any, helpers: Any, things: dict[str, str]) -> None:
    here, two = {"site": helpers.SITE}, {"sites": [helpers.SITE, "shanghai-1"]}
    first = {**two, "sku": things["sku"], "quantity": "3"}
    for role, path, data in (
        ("operator", "rebalancings", two), ("operator", "splits", first), ("planner", "transfers", {}),
        ("viewer", "runs", {"day": "2099-05-04"}), ("viewer", "shipments", {}),
    ):  # fmt: skip
        assert warehouse.as_(role).post(f"/shipping/{path}", params=here, data=data).status_code == 403, path
    limited = warehouse.as_("planner", helpers.SITE)
    for path, data in (("rebalancings", two), ("splits", first)):
        assert limited.post(f"/shipping/{path}", params=here, data=data).status_code == 403, path
    assert warehouse.as_("planner").post("/shipping/rebalancings", params=here, data=two).status_code == 303
    question_id = answer(warehouse, "rebalancing", balance(helpers, things["sku"]))
    theirs = limited.get("/shipping/between", params=here)
    assert theirs.status_code == 200 and "3 days of it" not in theirs.text
    approve = f"/shipping/proposals/rebalancing/{question_id}/approve"
    assert warehouse.as_("planner").post(approve, params=here).status_code == 403
    assert warehouse.as_("manager", helpers.SITE).post(approve, params=here).status_code == 403
    forged = {"Sec-Fetch-Site": "cross-site"}
    assert warehouse.as_("manager").post(approve, params=here, headers=forged).status_code == 403
    stranger = warehouse.as_("manager", "shanghai-1")
    deliveries_of(warehouse, helpers)
    day = {"day": "2099-05-04"}
    assert warehouse.as_("planner").post("/shipping/runs", params=here, data=day).status_code == 303
    (run,) = warehouse.sql("select question_id from questions where kind = 'run' order by asked_at desc limit 1")
    assert stranger.get(f"/shipping/runs/{run['question_id']}").status_code == 403


def test_lists_go_on_where_they_stop(warehouse: Any, helpers: Any, things: dict[str, str]) -> None:
    warehouse.sql(
        "insert into shipments (shipment_id, site, order_id, carrier, tracking, created_by, created_at)"
        " select gen_random_uuid(), %s, %s, 'UPS', 'U-' || n, 'x', now() - n * interval '1 s'"
        " from generate_series(1, 130) n on conflict do nothing",
        [helpers.SITE, things["so"]],
    )
    many = [{"id": f"W-{number:03}", "partner": "Q", "lines": [{"sku": "85000A", "quantity": 1}],
             "destination": {"lat_deg": 30.2, "lon_deg": 120.1}} for number in range(1, 131)]  # fmt: skip
    told = warehouse.as_("integrator").put("/api/v1/orders", json={"items": many})
    assert told.is_success, told.text
    viewer = warehouse.as_("viewer")
    for name, mark in (("shipments", "U-{}<"), ("waiting", "W-{:03}<")):
        seen, path = "", f"/shipping?site={helpers.SITE}"
        for _ in range(5):
            page = viewer.get(path).text
            seen += page
            further = [html.unescape(one) for one in NEXT.findall(page) if f"{name}=" in one]
            if not further:
                break
            (path,) = further
        assert [number for number in range(1, 131) if mark.format(number) not in seen] == [], name
        assert viewer.get("/shipping", params={"site": helpers.SITE, name: "made-up"}).status_code == 422
    warehouse.sql("delete from waiting_orders where order_id like 'W-%%'")
