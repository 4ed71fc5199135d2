"""The console in a real browser: each page's main task by clicking, and what a person sees where something is wrong.

Screenshots of every page lie in `test-artefacts/console/` afterwards, for people to look at.
"""

import json
import re
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

playwright_api = pytest.importorskip("playwright.sync_api", reason="install the test group: uv sync --group test")
expect = playwright_api.expect

ARTEFACTS = Path(__file__).parents[3] / "test-artefacts" / "console"
CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")
EPC = "urn:epc:id:sgtin:9521234.000008."


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


class Watch:
    """Opens pages and remembers what must not happen on them."""

    def __init__(self, browser: Any, service: Any) -> None:
        self._browser, self._service = browser, service
        self._contexts: list[Any] = []
        self._sessions: dict[str, str] = {}
        self.troubles: list[str] = []

    def _cookie(self, role: str) -> dict[str, str]:
        """Log in once for each role, and return its session's cookie."""
        if role not in self._sessions:
            answer = httpx.post(f"{self._service.url}/login", data={"token": self._service.tokens[role]}, timeout=20)
            self._sessions[role] = answer.cookies["tagdock_session"]
        return {"name": "tagdock_session", "value": self._sessions[role], "url": self._service.url}

    def open(self, path: str, *, role: str | None = "planner", width: int = 1280, dark: bool = False) -> Any:
        size = {"width": width, "height": 900 if width > 600 else 844}
        context = self._browser.new_context(viewport=size, color_scheme="dark" if dark else "light")
        context.set_default_timeout(8000)
        self._contexts.append(context)
        if role:
            context.add_cookies([self._cookie(role)])
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("dialog", lambda dialog: (self.troubles.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self._look_at(request.url))
        page.goto(self._service.url + path)
        return page

    def _look_at(self, url: str) -> None:
        if not url.startswith((self._service.url, "data:")):
            self.troubles.append(f"asked another host: {url}")

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def watch(browser: Any, warehouse: Any) -> Iterator[Watch]:
    """Pages of the filled warehouse; fails where one logged an error or asked another host."""
    watching = Watch(browser, warehouse)
    yield watching
    watching.close()
    assert watching.troubles == []


def on(helpers: Any, path: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}site={helpers.SITE}"


def solve(service: Any, plan_id: str, moves: int = 30) -> None:
    """Finish a plan as slotting's worker does: the SKUs that flow most go to the bins nearest to the doors."""
    layout = service.as_("viewer").get("/api/v1/sites/hangzhou-1/layout").json()
    rows = service.sql("select sku, sum(out_count)::float8 / 5 as flow from flows where sku <> '' group by sku")
    flow = {row["sku"]: row["flow"] for row in rows}
    current = {sku: [bin_["id"]] for bin_ in layout["bins"] for sku in bin_["skus"]}
    metres = {bin_["id"]: abs(bin_["x_m"] - 16) + bin_["y_m"] for bin_ in layout["bins"]}
    by_flow = sorted(current, key=lambda sku: -flow.get(sku, 0))
    best = dict(zip(by_flow, sorted(metres, key=lambda bin_: metres[bin_]), strict=False))
    saves = {sku: flow.get(sku, 0) * (metres[current[sku][0]] - metres[best[sku]]) for sku in by_flow}
    listed = [
        {"step": n, "sku": sku, "from": current[sku][0], "to": best[sku], "saves_m_per_day": saves[sku],
         "why": f"{flow.get(sku, 0):.1f} picks a day, {metres[current[sku][0]] - metres[best[sku]]:.1f} m nearer"
                " to the doors"}
        for n, sku in enumerate(by_flow[:moves], 1)
    ]  # fmt: skip
    now_m = sum(flow.get(sku, 0) * metres[current[sku][0]] for sku in current)
    then_m = now_m - sum(saves[sku] for sku in by_flow[:moves])
    assignment = {sku: [best[sku]] if n < moves else current[sku] for n, sku in enumerate(by_flow)}
    plan = {
        "v": 1, "status": "feasible", "current_m_per_day": now_m, "objective_m_per_day": then_m,
        "lower_bound_m_per_day": then_m * 0.97, "terms": {"travel": then_m}, "assignment": assignment, "moves": listed,
        "broken_rules": [], "solver": "min-cost flow", "seconds": 0.31,
    }  # fmt: skip
    problem = {"items": [{"sku": sku, "picks_per_day": flow.get(sku, 0)} for sku in current], "current": current}
    service.sql("select plan_start_v1(%s, %s::jsonb)", [plan_id, json.dumps(problem)])
    service.sql("select plan_finish_v1(%s, %s::jsonb)", [plan_id, json.dumps(plan)])


def ask(service: Any, helpers: Any) -> str:
    body = {"site": helpers.SITE, "represents_days": 5, "at_most": 30}
    return str(service.as_("planner").post("/api/v1/plans", json=body).json()["plan_id"])


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


def test_live_tells_silent_gateways_from_fresh_ones(watch: Watch, helpers: Any) -> None:
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
        expect(page.locator("#state")).to_have_attribute("data-state", "stale", timeout=15_000)
        expect(page.locator("#state")).to_contain_text("stale since")
        page.reload()
        expect(page.get_by_role("heading")).to_have_text("The database does not answer")
        page.screenshot(path=ARTEFACTS / "database-down.png")
        watching.close()


def test_find_answers_where_an_item_is(watch: Watch, warehouse: Any, helpers: Any) -> None:
    (row,) = warehouse.sql(
        "select epc, sku, bin from items where state = 'sellable_accessible' and sku is not null limit 1"
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


def test_the_layout_shows_what_is_in_a_bin_by_click_and_by_key(watch: Watch, warehouse: Any, helpers: Any) -> None:
    (row,) = warehouse.sql("select bin, skus[1] as sku from bins_v1 where skus <> '{}' order by bin limit 1 offset 40")
    page = watch.open(on(helpers, "/layout"))
    assert page.locator("#floor rect").count() == helpers.AISLES * helpers.CELLS
    page.locator(f"#floor a[data-bin='{row['bin']}']").click()
    expect(page.locator("#panel h2")).to_have_text(row["bin"])
    expect(page.locator("#panel")).to_contain_text(row["sku"])
    page.locator("#floor").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).not_to_have_text(row["bin"])


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
    assert page.locator("#floor").inner_html() != after and page.locator("#floor .moved").count() > 30
    page.get_by_role("link", name="Read the plan").click()
    page.get_by_role("button", name="Approve 30 moves").click()
    expect(page.get_by_role("heading", name=f"Moves at {helpers.SITE}")).to_be_visible()
    assert page.locator("table.moves tbody tr").count() == 30
    expect(page.locator("table.moves tbody tr").first).to_contain_text("nearer to the doors")
    assert warehouse.as_("viewer").get(f"/api/v1/plans/{plan_id}").json()["state"] == "approved"


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


def test_health_says_what_to_do(watch: Watch, helpers: Any) -> None:
    page = watch.open(on(helpers, "/health"))
    ill = page.locator(".gatewaycard", has_text="gw-2")
    expect(ill).to_contain_text("look at its network")
    expect(ill).to_contain_text("no keepalive for 25 s")
    expect(page.locator("table", has_text="Reason")).to_contain_text("set the clock")


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


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_fits_and_is_kept_as_a_picture(
    watch: Watch, warehouse: Any, helpers: Any, width: int, dark: bool
) -> None:
    plan_id = ask(warehouse, helpers)
    solve(warehouse, plan_id)
    (item,) = warehouse.sql("select epc from items where state = 'in_transit' and sku is not null limit 1")
    paths = {
        "live": "/", "find": f"/find?q={item['epc']}", "layout": "/layout#bin=C-05", "plans": "/plans",
        "health": "/health",
        "plan": f"/plans/{plan_id}", "moves": f"/plans/{plan_id}/moves", "after": f"/layout?plan={plan_id}&when=after",
    }  # fmt: skip
    page = watch.open("/login", width=width, dark=dark)
    for name, path in {"login": "/login", **paths}.items():
        where, _, hash_ = path.partition("#")
        page.goto(warehouse.url + on(helpers, where) + (f"#{hash_}" if hash_ else ""))
        if name == "live":
            expect(page.locator("#state")).to_have_text("live")
        if hash_:
            expect(page.locator("#panel h2")).to_be_visible()
        page.screenshot(path=ARTEFACTS / f"{name}-{width}-{'dark' if dark else 'light'}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
