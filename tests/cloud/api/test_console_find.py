"""The page Find in a real browser: whatever somebody types or scans, where it is, since when, and how it got there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_cloud_api_browsing import Watch, on  # laid there by conftest.py

expect = pytest.importorskip("playwright.sync_api", reason="install the test group: uv sync --group test").expect

EPC = "urn:epc:id:sgtin:9521234.000021."
GTIN = "09521234000211"


def find(page: Any, text: str) -> None:
    page.get_by_role("searchbox").fill(text)
    page.get_by_role("searchbox").press("Enter")


@pytest.mark.parametrize(
    "typed",
    [
        f"{EPC}7", f"https://id.gs1.org/01/{GTIN}/21/7", f"(01){GTIN}(21)7", f"01{GTIN}217",
        f"https://shop.example/01/{GTIN}/21/7?x=1",
    ],
    ids=["URN", "Digital Link", "barcode with brackets", "barcode", "another host's link"],
)  # fmt: skip
def test_an_item_goes_by_every_name_that_a_tag_or_scanner_gives_it(warehouse: Any, helpers: Any, typed: str) -> None:
    body = {"items": [{"epc": f"{EPC}7", "sku": "85000A", "quantity": 6, "site": helpers.SITE, "bin": "A-01"}]}
    assert warehouse.as_("integrator").put("/api/v1/items", json=body).status_code == 200
    answer = warehouse.as_("viewer").get("/find", params={"site": helpers.SITE, "q": typed})
    assert answer.status_code == 200 and f">{EPC}7</h2>" in answer.text and "present" in answer.text


def test_the_history_is_paged_and_tells_corrections_and_what_others_told(
    watch: Watch, warehouse: Any, helpers: Any
) -> None:
    epc, now = f"{EPC}8", datetime.now(UTC)
    rows = [helpers.movement(now - timedelta(minutes=n), epc, direction="pass") for n in range(2, 60)]
    doubtful = helpers.movement(now - timedelta(minutes=1), epc, direction="uncertain", confidence=0.5)
    placed = helpers.movement(now, epc, direction="in", door=None, bin="B-02")
    helpers.add_movements(warehouse, [*rows, doubtful, placed])
    body = {"site": helpers.SITE, "observed_at": doubtful["observed_at"].isoformat(), "direction": "in", "door": "D2"}
    path = f"/api/v1/movements/{doubtful['event_id']}/decision"
    assert warehouse.as_("operator").post(path, json=body).status_code == 200
    page = watch.open(on(helpers, "/find"))
    find(page, epc)
    rows_shown = page.locator("table.history tbody tr")
    expect(rows_shown).to_have_count(50)
    expect(rows_shown.nth(0)).to_contain_text("put into bin B-02")
    expect(rows_shown.nth(1)).to_contain_text("in by D2")
    expect(rows_shown.nth(1)).to_contain_text("A person decided")
    expect(rows_shown.nth(1)).to_contain_text("reported as uncertain by D1")
    page.get_by_role("link", name="Older").click()
    expect(rows_shown).to_have_count(10)
    page.get_by_role("link", name="Newest").click()
    expect(rows_shown).to_have_count(50)


def test_an_order_is_found_with_its_lines_and_its_sessions(watch: Watch, warehouse: Any, helpers: Any) -> None:
    lines = [{"sku": "85000A", "quantity": 40}, {"sku": "85007B", "quantity": 2}]
    order = {"partner": "Kaufmann & Co", "door": "D3", "lines": lines}
    path = f"/api/v1/sites/{helpers.SITE}/orders/FIND-17"
    assert warehouse.as_("integrator").put(path, json=order).status_code < 300
    opened = {"site": helpers.SITE, "door": "D3", "kind": "outbound", "order": "FIND-17"}
    assert warehouse.as_("operator").post("/api/v1/sessions", json=opened).status_code == 201
    page = watch.open(on(helpers, "/find"))
    find(page, "FIND-17")
    card = page.locator(".card", has_text="FIND-17")
    expect(card.locator(".kind")).to_have_text("Order")
    expect(card).to_contain_text("0 of 42")
    expect(card.get_by_role("row").filter(has_text="85000A")).to_contain_text("40")
    expect(card.get_by_role("table", name="Sessions at doors")).to_contain_text("42")
    page.goto(warehouse.url + on(helpers, "/find?q=find-1"))
    page.locator(".choices").get_by_role("link", name="FIND-17").click()
    expect(page.locator(".kind")).to_have_text("Order")


def test_a_door_is_found_with_what_passed_it(watch: Watch, helpers: Any) -> None:
    page = watch.open(on(helpers, "/find"))
    find(page, "D2")
    expect(page.locator(".kind")).to_have_text("Door")
    expect(page.locator("table.movements tbody tr")).to_have_count(50)
    page.get_by_role("link", name="Older").click()
    expect(page.locator("table.movements tbody tr")).to_have_count(50)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("urn:epc:id:sgtin:9521234.000021.404", ["No reader of these sites has seen it", GTIN, "404", "SGTIN"]),
        (f"(01){GTIN}(21)405", [GTIN, "405", "no goods have this GTIN"]),
        ("(01)09521234000212(21)7", ["misread"]),
        ("no such thing", ["Nothing goes by no such thing"]),
    ],
    ids=["EPC", "barcode", "misread", "nothing"],
)
def test_what_nobody_recorded_is_named_as_far_as_it_says_itself(
    warehouse: Any, helpers: Any, typed: str, said: list[str]
) -> None:
    answer = warehouse.as_("viewer").get("/find", params={"site": helpers.SITE, "q": typed})
    assert answer.status_code == 404
    assert [text for text in said if text not in answer.text] == []


def test_goods_are_found_by_the_number_under_their_barcode(warehouse: Any, helpers: Any) -> None:
    gtin = "09521234000228"
    goods = {"items": [{"sku": "SCANNED-1", "gtin": gtin, "description": "Tin soldier"}]}
    assert warehouse.as_("integrator").put("/api/v1/skus", json=goods).status_code == 200
    for typed in (gtin, gtin[1:], f"(01){gtin}"):
        answer = warehouse.as_("viewer").get("/find", params={"site": helpers.SITE, "q": typed})
        assert answer.status_code == 200 and "Tin soldier" in answer.text, typed


def test_a_made_up_page_is_refused(warehouse: Any, helpers: Any) -> None:
    asked = {"site": helpers.SITE, "q": f"{EPC}8", "cursor": "x"}
    assert warehouse.as_("viewer").get("/find", params=asked).status_code == 422
