"""All pages, wide and narrow, light and dark, in both languages: they fit, and screen readers find their way in them.

Screenshots of every page lie in `test-artefacts/console/` afterwards, for people to look at.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tagdock_cloud_api_browsing import (
    ARTEFACTS,
    Watch,
    answer,
    answer_allocation,
    ask,
    balance,
    day_of,
    deliveries_of,
    on,
    report_of,
    returns_of,
    shipping_of,
    solve,
    split,
)  # laid there by conftest.py

expect = pytest.importorskip("playwright.sync_api", reason="install the test group: uv sync --group test").expect
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="install the test group")

GRAVE = {"serious", "critical"}
LOOKS = [(390, False, "en"), (1920, True, "zh")]
"""Width, dark, language; each page is turned from light to dark, or back, once it was looked at."""
PAGES = (
    "live", "find", "find-item", "find-order", "find-door", "find-unknown", "layout", "layout-new", "after", "plans",
    "plan", "plan-waiting", "moves", "health", "trouble", "login", "returns", "return", "return-held", "return-new",
    "tasks-all", "tasks-settle", "shipping", "between", "runs", "run", "run-proposed", "reports", "report",
)  # fmt: skip
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
"""What the colours change of a page that was looked at in others already."""


def findings(page: Any, **options: Any) -> list[str]:
    """Return what axe-core calls serious or critical on the page as it stands."""
    found = axe.Axe().run(page, **options).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:200]} ({node['failureSummary'][:200]})"
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"][:3]
    ]


def two_runs(service: Any, helpers: Any) -> str:
    """Ask for the runs of a day, and let them be answered."""
    orders = deliveries_of(service, helpers)
    told = service.as_("planner").post("/shipping/runs", params={"site": helpers.SITE}, data={"day": "2099-05-04"})
    assert told.status_code == 303, told.text
    return answer(service, "run", day_of(orders))


ENGLISH = re.compile(r"\b[A-Za-z]+(?: [a-z]{2,}){2,}")
"""Three words of a sentence; names are shorter, or have digits or capitals."""
WRITTEN = re.compile(
    r"no such street|torn corner|The box rattles|Ivory knitted mug cosy|Sites, week by week|West Lake Road"
    r"|tagdock-[a-z]+(?: [a-z]+)+"
)
"""What persons of the story wrote, what goods are called, and commands."""


def english_on(page: Any) -> list[str]:
    """Return what a page in Chinese still says in English; commands are the same in every language."""
    found = page.evaluate(
        """() => {
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), texts = [];
          while (walk.nextNode()) {
            const inside = walk.currentNode.parentElement;
            if (!inside.closest("code, pre, script, style, noscript, option")) texts.push(walk.currentNode.data);
          }
          return texts;
        }"""
    )
    return [text.strip() for text in found if ENGLISH.search(WRITTEN.sub("", text))]


@pytest.fixture(scope="module")
def paths(warehouse: Any, helpers: Any) -> dict[str, str]:
    """Every page of a warehouse where something is going on, with what can be on it."""
    at = datetime.now(UTC)
    row = {"reader": "dock-1", "reads": 9, "first_at": at, "peak_at": at, "last_at": at, "peak_rssi_dbm": -55.0}
    evidence = {"antennas": [{**row, "antenna": 1, "side": "outside"}, {**row, "antenna": 2, "side": "inside"}]}
    doubtful = {"door": "D2", "direction": "uncertain", "confidence": 0.6, "evidence": evidence}
    helpers.add_movements(warehouse, [helpers.movement(at, "urn:epc:id:sgtin:9521234.000031.1", **doubtful)])
    order = {"partner": "Kaufmann & Co", "door": "D1", "lines": [{"sku": "85000A", "quantity": 40}]}
    warehouse.as_("integrator").put(f"/api/v1/sites/{helpers.SITE}/orders/SO-17", json=order)
    opened = {"site": helpers.SITE, "door": "D1", "kind": "outbound", "order": "SO-17"}
    warehouse.as_("operator").post("/api/v1/sessions", json=opened)
    returned, unasked = returns_of(warehouse, helpers)
    waiting = shipping_of(warehouse, helpers)
    assert warehouse.as_("planner").post("/shipping/allocations").status_code == 303
    answer_allocation(warehouse, {waiting["web"]: helpers.SITE}, {waiting["late"]: "no site has enough of 85123A"})
    between = {"sites": [helpers.SITE, "shanghai-1"]}
    planner, here = warehouse.as_("planner"), {"site": helpers.SITE}
    assert planner.post("/shipping/rebalancings", params=here, data=between).status_code == 303
    answer(warehouse, "rebalancing", balance(helpers, waiting["sku"]))
    first = {**between, "sku": waiting["sku"], "quantity": "20"}
    assert planner.post("/shipping/splits", params=here, data=first).status_code == 303
    answer(warehouse, "split", split(helpers, waiting["sku"]))
    days = [two_runs(warehouse, helpers), two_runs(warehouse, helpers)]
    assert planner.post(f"/shipping/runs/{days[0]}/approve", params=here).status_code == 303
    report_id = report_of(warehouse, helpers)
    plan_id, asked = ask(warehouse, helpers), ask(warehouse, helpers)
    solve(warehouse, plan_id)
    warehouse.sql("select plan_start_v1(%s, '{}')", [asked])
    (item,) = warehouse.sql("select epc from items where state = 'in_transit' and sku is not null order by epc limit 1")
    return {
        "live": "/", "find": "/find", "find-item": f"/find?q={item['epc']}", "find-order": "/find?q=SO-17",
        "find-door": "/find?q=D2", "find-unknown": "/find?q=urn:epc:id:sgtin:9521234.000031.404",
        "layout": "/layout#bin=C-05", "layout-new": "/layout/new", "after": f"/layout?plan={plan_id}&when=after",
        "plans": "/plans", "plan": f"/plans/{plan_id}", "plan-waiting": f"/plans/{asked}",
        "moves": f"/plans/{plan_id}/moves", "health": "/health", "trouble": "/no-such-page", "login": "/login",
        "returns": "/returns", "return": f"/returns/cases/{returned}", "return-held": f"/returns/cases/{unasked}",
        "return-new": "/returns/new", "tasks-all": "/tasks/all", "tasks-settle": "/tasks/settle",
        "shipping": "/shipping", "between": "/shipping/between", "runs": "/shipping/runs",
        "run": f"/shipping/runs/{days[0]}", "run-proposed": f"/shipping/runs/{days[1]}",
        "reports": "/reports", "report": f"/reports/{report_id}",
    }  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_can_be_read_by_everybody_and_is_kept_as_a_picture(
    browser: Any, warehouse: Any, helpers: Any, paths: dict[str, str], name: str
) -> None:
    watching = Watch(browser, warehouse)
    wrong = []
    for width, dark, language in LOOKS:
        page = watching.open("/static/console.css", role="admin", width=width, dark=dark)
        page.context.add_cookies([{"name": "tagdock_language", "value": language, "url": warehouse.url}])
        where, _, hash_ = paths[name].partition("#")
        page.goto(warehouse.url + on(helpers, where) + (f"#{hash_}" if hash_ else ""))
        if name == "live":
            expect(page.locator("#state")).to_have_attribute("data-state", "live")
        if hash_:
            expect(page.locator("#panel h2")).to_be_visible()
        assert page.locator("html").get_attribute("lang") == {"en": "en", "zh": "zh-Hans"}[language]
        shown = ARTEFACTS / f"{name}-{width}-{language}"
        page.screenshot(path=f"{shown}-{'dark' if dark else 'light'}.png", full_page=True)
        wrong += findings(page)
        if language == "zh":
            wrong += english_on(page)
        page.emulate_media(color_scheme="light" if dark else "dark")
        wrong += findings(page, options=CONTRAST)
        page.screenshot(path=f"{shown}-{'light' if dark else 'dark'}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    watching.close()
    assert wrong == []
    assert [text for text in watching.troubles if "404" not in text] == []  # two of the pages say that nothing is there


@pytest.mark.parametrize(("dark", "language"), [(False, "en"), (True, "zh")], ids=str)
def test_what_nobody_logged_in_or_nothing_came_in_shows_can_be_read_by_everybody(
    browser: Any, served: Any, new_database: Any, dark: bool, language: str
) -> None:
    with served(new_database()) as service:
        watching = Watch(browser, service)
        page = watching.open("/login", role=None, dark=dark)
        page.context.add_cookies([{"name": "tagdock_language", "value": language, "url": service.url}])
        page.reload()
        assert findings(page) == []
        page = watching.open("/", role="admin", dark=dark)
        assert findings(page) == []
        service.drop()
        page.reload()
        expect(page.locator("h1")).to_be_visible()
        assert findings(page) == []
        watching.close()


def test_a_person_chooses_the_language_and_keeps_it(watch: Watch, warehouse: Any, helpers: Any) -> None:
    page = watch.open(on(helpers, "/find?q=D2"))
    expect(page.locator("h1")).to_have_text("Find")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("h1")).to_have_text("查找")
    expect(page).to_have_url(re.compile(r"/find\?q=D2&site="))
    page.goto(warehouse.url + on(helpers, "/"))
    expect(page.locator("#state")).to_have_text("实时")  # scripts speak it, too
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_have_text("Live")


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_choosing_a_language_never_leads_to_another_host(warehouse: Any, to: str) -> None:
    answer = warehouse.as_(None).post("/language", data={"language": "zh", "to": to})
    warehouse.as_(None).cookies.clear()
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    answer = warehouse.as_(None).post("/language", data={"language": "xx"})
    assert answer.is_client_error and "set-cookie" not in answer.headers


@pytest.fixture(autouse=True)
def _kept() -> Iterator[None]:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    yield
