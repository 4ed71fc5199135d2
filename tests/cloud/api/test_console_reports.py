"""The page Reports: a report is added, asked for now, and its files are read; persons' figures stay theirs."""

from pathlib import Path
from typing import Any

import pytest
from tagdock_cloud_api_browsing import Phone, Watch, on, report_of, work_reports_out  # laid there by conftest.py

expect = pytest.importorskip("playwright.sync_api", reason="install the test group: uv sync --group test").expect
pytest.importorskip("axe_playwright_python.sync_playwright", reason="install the test group")


@pytest.fixture
def opened(watch: Watch, warehouse: Any, helpers: Any) -> Any:
    return lambda path, role, width=390: Phone(watch, warehouse, on(helpers, path), role, width)


def test_a_report_is_added_asked_for_and_read(opened: Any, warehouse: Any) -> None:
    manager = opened("/reports", "manager")
    manager.page.get_by_label("Name of the report").fill("What left in time")
    manager.page.get_by_label("How often").select_option("day")
    manager.touch(name="Add the report")
    manager.page.get_by_role("link", name="What left in time").click()
    expect(manager.page.locator("#results")).to_contain_text("Nothing was told yet")
    manager.touch(name="Ask for it now")
    expect(manager.page.locator("#results .pill")).to_have_text("being worked out")
    work_reports_out(warehouse)
    expect(manager.page.locator("#results .pill")).to_have_text("ready")  # the page looked anew by itself
    assert manager.look("report-told") == []
    for name, begins in (("CSV", b"report,since"), ("PDF", b"%PDF-")):
        with manager.page.expect_download() as kept:
            manager.page.get_by_role("link", name=f"{name} of").click()
        assert Path(kept.value.path()).read_bytes().startswith(begins), name


def test_what_does_not_fit_is_told_with_what_was_typed(opened: Any, watch: Watch) -> None:
    manager = opened("/reports", "manager", 1280)
    manager.page.get_by_label("Name of the report").fill("Nowhere")
    manager.page.get_by_label("Time zone").fill("Mars/Olympus")
    manager.page.get_by_role("button", name="Add the report").click()
    expect(manager.page.locator(".mistake")).to_contain_text("time zone")
    expect(manager.page.get_by_label("Name of the report")).to_have_value("Nowhere")
    watch.troubles.clear()  # the browser notes the 422


def test_roles_and_sites_are_kept_out(warehouse: Any, helpers: Any) -> None:
    report_id, here = report_of(warehouse, helpers, "Kept from others"), {"site": helpers.SITE}
    (result,) = warehouse.sql("select result_id from report_results where report_id = %s", [report_id])
    path = f"/reports/{report_id}/results/{result['result_id']}/csv"
    assert warehouse.as_("viewer").get(path, params=here).status_code == 200
    assert warehouse.as_("viewer").post(f"/reports/{report_id}/results", params=here).status_code == 403
    assert warehouse.as_("operator").post("/reports", params=here, data={"name": "x"}).status_code == 403
    warehouse.sql("insert into sites (site) values ('shanghai-1') on conflict do nothing")
    stranger = warehouse.as_("manager", "shanghai-1")
    assert "Kept from others" not in stranger.get("/reports").text
    for address in (path, f"/reports/{report_id}"):
        assert stranger.get(address, params={"site": "shanghai-1"}).status_code == 404
    everywhere = {"name": "All", "kpis": "return_rate", "period": "week", "of": "all"}
    told = warehouse.as_("manager", helpers.SITE).post("/reports", params=here, data=everywhere)
    assert told.status_code == 403
    assert warehouse.as_("manager").post("/reports", params=here, data=everywhere).status_code == 303


def test_a_result_that_is_not_there_yet_has_no_file(warehouse: Any, helpers: Any) -> None:
    report_id = report_of(warehouse, helpers, "Not there yet")
    assert warehouse.as_("manager").post(f"/reports/{report_id}/results", data={}).status_code == 303
    (result,) = warehouse.sql(
        "select result_id from report_results where report_id = %s and state = 'waiting'", [report_id]
    )
    path = f"/reports/{report_id}/results/{result['result_id']}/pdf"
    assert warehouse.as_("viewer").get(path).status_code == 409
