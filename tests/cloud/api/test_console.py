"""The console in a real browser: each page's main task by clicking, and what a person sees where something is wrong.

Screenshots of every page lie in `test-artefacts/console/` afterwards, for people to look at.
"""

import json
import re
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from tagdock_cloud_api_browsing import ARTEFACTS, Watch, ask, on, solve  # laid there by conftest.py

playwright_api = pytest.importorskip("playwright.sync_api", reason="install the test group: uv sync --group test")
expect = playwright_api.expect

EPC = "urn:epc:id:sgtin:9521234.000008."


def test_live_shows_a_passage_the_moment_it_is_stored(watch: Watch, warehouse: Any, helpers: Any) -> None:
    page = watch.open(on(helpers, "/"))
    expect(page.locator("#state")).to_have_text("live")
    door = page.locator("[data-door=D3]")
    before = int(re.sub(r"\D", "", door.locator("[data-out]").inner_text()))
    uncertain = int(door.locator("[data-uncertain]").inner_text())
    at = datetime.now(UTC)
    helpers.add_movements(warehouse, [helpers.movement(at, f"{EPC}1", door="D3", sku="85000A")])
    expect(door.locator("[data-epc]")).to_have_text("9521234.000008.1")
    expect(door.locator("[data-what]")).to_have_text("out")
    assert int(re.sub(r"\D", "", door.locator("[data-out]").inner_text())) == before + 1
    doubtful = helpers.movement(datetime.now(UTC), f"{EPC}2", door="D3", direction="uncertain", confidence=0.5)
    helpers.add_movements(warehouse, [doubtful])
    expect(door).to_have_attribute("data-way", "uncertain")
    expect(door.locator("[data-uncertain]")).to_have_text(str(uncertain + 1))
    row = page.locator("#passing tr").first
    expect(row).to_have_class("uncertain")
    row.get_by_role("link", name="9521234.000008.2").click()
    expect(page.get_by_role("heading", name=f"{EPC}2")).to_be_visible()


def test_live_tells_silent_gateways_from_fresh_ones(watch: Watch, warehouse: Any, helpers: Any) -> None:
    warehouse.sql("update gateways set status_at = now() where gateway = 'gw-1'")  # the tests before took their time
    page = watch.open(on(helpers, "/"))
    expect(page.locator("[data-gateway=gw-1] .word")).to_have_text("fresh")
    expect(page.locator("[data-gateway=gw-2] .word")).to_have_text("silent")


def test_a_flood_of_movements_leaves_the_page_at_hand(watch: Watch, warehouse: Any, helpers: Any) -> None:
    page = watch.open(on(helpers, "/"))
    expect(page.locator("#state")).to_have_text("live")
    door = page.locator("[data-door=D2]")
    before = int(re.sub(r"\D", "", door.locator("[data-out]").inner_text()))

    def flood() -> None:
        for batch in range(6):
            rows = [helpers.movement(datetime.now(UTC), f"{EPC}{batch}{n:03d}", door="D2") for n in range(500)]
            helpers.add_movements(warehouse, rows)

    thread = threading.Thread(target=flood)
    thread.start()
    page.wait_for_function(
        "n => Number(document.querySelector('[data-door=D2] [data-out]').textContent.replace(/\\D/g, '')) >= n",
        arg=before + 3000,
        timeout=20_000,
    )
    thread.join()
    assert page.locator("#passing tr").count() == 40
    page.get_by_role("link", name="Find", exact=True).click()
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_live_says_when_what_it_shows_is_stale(browser: Any, served: Any, new_database: Any) -> None:
    with served(new_database(), is_open=True) as service:
        service.sql("insert into sites (site) values ('s')")
        watching = Watch(browser, service)
        page = watching.open("/", role=None)
        expect(page.locator("#state")).to_have_text("live")
        service.drop()
        expect(page.locator("#state")).to_have_attribute("data-state", "stale", timeout=20_000)
        expect(page.locator("#state")).to_contain_text("stale since")
        page.reload()
        expect(page.get_by_role("heading")).to_have_text("The database does not answer")
        page.screenshot(path=ARTEFACTS / "database-down.png")
        watching.close()


def test_find_answers_where_an_item_is(watch: Watch, warehouse: Any, helpers: Any) -> None:
    (row,) = warehouse.sql(
        "select epc, sku, bin from items join bin_skus using (site, bin, sku) "
        "where state = 'sellable_accessible' limit 1"
    )
    page = watch.open(on(helpers, "/find"))
    page.get_by_role("searchbox").fill(row["epc"])
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".card .lead")).to_contain_text(f"In bin {row['bin']}")
    page.locator(".card").get_by_role("link", name=row["sku"]).click()
    expect(page.get_by_role("heading", name=row["sku"])).to_be_visible()
    page.locator(".facts").get_by_role("link", name=row["bin"]).first.click()
    expect(page.locator(".kind")).to_have_text("Bin")
    expect(page.locator("table.rows")).to_contain_text(row["epc"].rsplit(":", 1)[1])


def test_find_offers_what_begins_alike(watch: Watch, helpers: Any) -> None:
    page = watch.open(on(helpers, "/find"))
    page.get_by_role("searchbox").fill("lantern")
    page.get_by_role("searchbox").press("Enter")
    page.locator(".choices a").first.click()
    expect(page.locator(".kind")).to_have_text("SKU")


def test_find_says_when_there_is_nothing(browser: Any, warehouse: Any, helpers: Any) -> None:
    watching = Watch(browser, warehouse)
    page = watching.open(on(helpers, "/find?q=no such thing"))
    expect(page.locator(".lead")).to_contain_text("Nothing goes by no such thing")
    watching.close()


def test_a_plan_is_asked_for_read_approved_and_printed(watch: Watch, warehouse: Any, helpers: Any) -> None:
    page = watch.open(on(helpers, "/plans"))
    page.get_by_label("Moves at most").fill("30")
    page.get_by_role("button", name="Ask for a plan").click()
    expect(page.locator(".lead")).to_have_text("Waiting for the solver.")
    plan_id = page.url.split("/plans/")[1].split("?")[0]
    solve(warehouse, plan_id)
    expect(page.locator(".lead")).to_contain_text("less to walk", timeout=10_000)
    assert page.locator(".bar").count() == 3
    page.get_by_role("link", name="See it on the floor").click()
    expect(page.get_by_label("With the plan")).to_be_checked()
    after = page.locator("#floor").inner_html()
    page.get_by_text("Today", exact=True).click()
    page.wait_for_url("**when=before**")
    assert page.locator("#floor").inner_html() != after
    assert int(page.locator("#floor").get_attribute("data-moved")) > 30
    page.get_by_role("link", name="Read the plan").click()
    page.get_by_role("button", name="Approve 30 moves").click()
    expect(page.get_by_role("heading", name=f"Moves at {helpers.SITE}")).to_be_visible()
    assert page.locator("table.moves tbody tr").count() == 30
    expect(page.locator("table.moves tbody tr").first).to_contain_text("nearer D1")
    assert warehouse.as_("viewer").get(f"/api/v1/plans/{plan_id}").json()["state"] == "approved"


def test_a_plan_is_watched_while_it_gets_better_and_stopped(watch: Watch, warehouse: Any, helpers: Any) -> None:
    plan_id = ask(warehouse, helpers)
    warehouse.sql("select plan_start_v1(%s, '{}')", [plan_id])
    page = watch.open(on(helpers, f"/plans/{plan_id}"))
    expect(page.locator("[data-best]")).to_have_text("–")
    for metres, shown in ((54321.0, "54,321 m a day"), (43210.0, "43,210 m a day")):
        best = {"objective_m_per_day": metres, "lower_bound_m_per_day": 40000.0, "seconds": 3.5}
        warehouse.sql("select plan_progress_v1(%s, %s::jsonb)", [plan_id, json.dumps(best)])
        expect(page.locator("[data-best]")).to_have_text(shown, timeout=20_000)
    expect(page.locator("[data-bound]")).to_have_text("40,000 m a day")
    page.get_by_role("button", name="Stop with the best so far").click()
    expect(page.locator(".note")).to_contain_text("best found so far")
    [row] = warehouse.sql("select plan_progress_v1(%s, '{}') as stops", [plan_id])
    assert row["stops"]
    solve(warehouse, plan_id)
    expect(page.locator(".lead")).to_contain_text("less to walk", timeout=20_000)


def test_a_choice_made_before_the_script_ran_counts(watch: Watch, warehouse: Any, helpers: Any) -> None:
    plan_id, other = ask(warehouse, helpers), ask(warehouse, helpers)
    for one in (plan_id, other):
        solve(warehouse, one)
    page = watch.open("/login")  # a picture alone would make the browser ask for a favicon
    held: list[Any] = []
    page.route("**/static/common.js*", lambda route: held.append(route), times=1)  # noqa: PLW0108 playwright marks it
    page.goto(warehouse.url + on(helpers, f"/plans/{plan_id}"), wait_until="commit")
    page.get_by_label("Compare with").select_option(other)
    expect(page.get_by_role("heading", name="Beside another plan")).to_be_visible()
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    expect(page.locator("section[aria-labelledby=beside-title] tr", has_text="Moves")).to_contain_text("30")


def test_a_number_of_moves_is_chosen_and_two_plans_stand_side_by_side(
    watch: Watch, warehouse: Any, helpers: Any
) -> None:
    plan_id = ask(warehouse, helpers)
    solve(warehouse, plan_id)
    page = watch.open(on(helpers, f"/plans/{plan_id}"))
    expect(page.locator(".choice .mine")).to_contain_text("this plan")
    for picture in page.locator(".pictures img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 0
    page.locator(".choice tr:has(input[value='10']) button").click()
    expect(page.locator(".lead")).to_have_text("Waiting for the solver.")
    other = page.url.split("/plans/")[1].split("?")[0]
    assert warehouse.as_("viewer").get(f"/api/v1/plans/{other}").json()["request"]["at_most"] == 10
    solve(warehouse, other, moves=10)
    expect(page.get_by_label("Compare with")).to_be_visible(timeout=20_000)
    page.get_by_label("Compare with").select_option(plan_id)
    expect(page.locator("section[aria-labelledby=beside-title] tr", has_text="Moves")).to_contain_text("30")
    expect(page.get_by_text("lie in other bins")).to_be_visible()


def test_what_would_be_is_asked_for_and_a_wrong_word_is_named(watch: Watch, warehouse: Any, helpers: Any) -> None:
    page = watch.open(on(helpers, "/plans"))
    page.get_by_text("What if?").click()
    page.get_by_label("Rates times").fill("85000A=2, 85007B=0.5")
    page.get_by_label("Close aisles").fill("x")
    page.get_by_role("button", name="Ask for a plan").click()
    expect(page.get_by_role("alert")).to_contain_text("what_if.close_aisles")
    watch.troubles.clear()  # the browser notes the 422
    page.get_by_label("Close aisles").fill("3")
    page.get_by_label("New rack").fill("12:0-2")
    page.get_by_label("Pickers walk").select_option("s_shape")
    page.get_by_label("Weights").fill("ergonomics=0.5")
    page.get_by_role("button", name="Ask for a plan").click()
    expect(page.locator(".lead")).to_have_text("Waiting for the solver.")
    plan_id = page.url.split("/plans/")[1].split("?")[0]
    request = warehouse.as_("viewer").get(f"/api/v1/plans/{plan_id}").json()["request"]
    asked = request["what_if"]
    assert (asked["scale"], asked["close_aisles"]) == ({"85000A": 2.0, "85007B": 0.5}, [3])
    assert [(place["aisle"], place["cell"]) for place in asked["add_bins"]] == [(12, 0), (12, 1), (12, 2)]
    assert (asked["policy"], request["weights"]["ergonomics"]) == ("s_shape", 0.5)


def test_tasks_are_confirmed_called_off_and_seen_to_go_wrong(watch: Watch, warehouse: Any, helpers: Any) -> None:
    plan_id = ask(warehouse, helpers)
    solve(warehouse, plan_id)
    assert warehouse.as_("planner").post(f"/api/v1/plans/{plan_id}/approve").status_code == 200
    warehouse.sql("update moves set flag = 'elsewhere', seen_bin = 'Q-7' where plan_id = %s and step = 3", [plan_id])
    page = watch.open(on(helpers, f"/plans/{plan_id}/moves"))
    expect(page.locator("#step-3 .tick")).to_have_text("seen in Q-7")
    page.locator("#step-1").get_by_role("button", name="Done").click()
    expect(page.locator("#step-1 .tick")).to_have_text("done")
    page.locator("#step-3").get_by_role("button", name="Call off").click()
    expect(page.locator("#step-3 .tick")).to_have_text("called off")
    page.goto(warehouse.url + on(helpers, f"/plans/{plan_id}"))
    expect(page.get_by_text("1 done, 0 of them")).to_be_visible()


def test_who_may_not_plan_is_told_what_is_missing(watch: Watch, helpers: Any) -> None:
    page = watch.open(on(helpers, "/plans"), role="viewer")
    expect(page.get_by_role("link", name="Log in with a planner's token")).to_be_visible()
    assert page.get_by_role("button", name="Ask for a plan").count() == 0


def test_a_mistake_in_the_form_is_said_beside_it(browser: Any, warehouse: Any, helpers: Any) -> None:
    watching = Watch(browser, warehouse)
    page = watching.open(on(helpers, "/plans"))
    page.get_by_label("Measured time stands for").fill("0")
    page.get_by_role("button", name="Ask for a plan").click()
    expect(page.locator(".mistake")).to_contain_text("represents_days")
    watching.close()


def test_logging_in_and_out(browser: Any, warehouse: Any) -> None:
    watching = Watch(browser, warehouse)
    page = watching.open("/plans", role=None)
    expect(page).to_have_url(re.compile(r"/login\?to=%2Fplans$"))
    page.get_by_text("With an API token").click()
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Log in with the token").click()
    expect(page.get_by_role("alert")).to_contain_text("not in force")
    page.get_by_text("With an API token").click()
    page.get_by_label("Token").fill(warehouse.tokens["planner"])
    page.get_by_role("button", name="Log in with the token").click()
    expect(page.get_by_role("heading", name="Plans")).to_be_visible()
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    page.get_by_role("button", name="Log out").click()
    page.goto(warehouse.url + "/plans")
    expect(page).to_have_url(re.compile("/login"))
    watching.close()


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_a_login_never_leads_to_another_host(warehouse: Any, to: str) -> None:
    answer = warehouse.as_(None).post("/login", data={"token": warehouse.tokens["viewer"], "to": to})
    warehouse.as_(None).cookies.clear()
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_names_with_markup_stay_text(watch: Watch, warehouse: Any, helpers: Any) -> None:
    evil = "<img src=x onerror=alert(1)>"
    warehouse.as_("admin").put("/api/v1/skus", json={"items": [{"sku": evil, "description": f"</title>{evil}"}]})
    epc = "urn:epc:id:sgtin:9521234.000008.<script>alert(2)</script>\"'"
    page = watch.open(on(helpers, "/"))
    expect(page.locator("#state")).to_have_text("live")
    helpers.add_movements(warehouse, [helpers.movement(datetime.now(UTC), epc, sku=evil)])
    expect(page.locator("[data-door=D1] [data-sku]")).to_have_text(evil)
    page.reload()
    page.locator("#passing").get_by_role("link", name=evil).first.click()
    expect(page.get_by_role("heading", name=evil)).to_be_visible()
    assert page.locator("img[src=x], main script").count() == 0
    page.go_back()
    page.locator("#passing .epc a").first.click()
    expect(page.locator(".card h2")).to_have_text(epc)


def test_without_any_site_the_page_says_how_the_first_comes_in(browser: Any, served: Any, new_database: Any) -> None:
    with served(new_database()) as service:
        watching = Watch(browser, service)
        page = watching.open("/health", role="viewer")
        for path in ("/", "/find", "/layout", "/plans"):
            page.goto(service.url + path)
            expect(page.get_by_role("heading")).to_have_text("Nothing has come in yet")
        page.screenshot(path=ARTEFACTS / "nothing-yet.png")
        watching.close()
        assert watching.troubles == []
