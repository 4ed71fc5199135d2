"""What a person sees when a gateway is cut, the database is down, a login has ended, or nothing has come in yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from tagdock_cloud.access.tokens import add_token
from tagdock_cloud.console.trouble import way_back
from tagdock_cloud.store import pool
from tagdock_cloud.store.migrate import migrate
from tagdock_cloud_api_browsing import Watch, keep, on  # laid there by conftest.py
from tagdock_contract import Status, encode

expect = pytest.importorskip("playwright.sync_api").expect
LONG_MS = 40_000
PAGES = {"live": "/", "layout": "/layout", "health": "/health"}
MOVED = {"returns": "/returns", "shipping": "/shipping", "settle": "/tasks/settle"}
"""Pages that show what goods did that gateways saw."""
OTHERS = {
    "find": "/find", "plans": "/plans", "tasks": "/tasks", "between": "/shipping/between", "runs": "/shipping/runs",
    "reports": "/reports",
}  # fmt: skip
FLOOR = {
    "v": 1, "name": "S", "doors": [{"id": "D1", "x_m": 0, "y_m": 0}],
    "bins": [{"id": "A", "x_m": 1, "y_m": 1}, {"id": "B", "x_m": 2, "y_m": 1}],
}  # fmt: skip


def said(state: str) -> bytes:
    return encode(Status(site="s1", gateway="g1", state=state, at=datetime.now(UTC)))  # type: ignore[arg-type]


def test_a_cut_gateway_is_seen_on_every_page_that_shows_what_it_saw(
    browser: Any, served: Any, database: str, mosquitto: Any, program: Any, wait_ready: Any, gateway: Any
) -> None:
    wait_ready(program("ingest", database=database, broker=mosquitto.url, open="1"))
    with served(database, is_open=True) as service:
        assert service.as_("admin").put("/api/v1/sites/s1/layout", json=FLOOR).status_code == 200
        one = gateway(mosquitto.port, will=said("offline"))
        one.publish(said("online"), "status", retain=True)
        watching = Watch(browser, service)
        pages = {name: watching.open(f"{path}?site=s1", role=None) for name, path in PAGES.items()}
        moved = {name: watching.open(f"{path}?site=s1", role="admin") for name, path in MOVED.items()}
        expect(pages["live"].locator("[data-gateway=g1]")).to_have_class("gateway fresh", timeout=LONG_MS)
        expect(pages["health"].locator(".gatewaycard.fresh")).to_be_visible(timeout=LONG_MS)
        expect(pages["layout"].locator("#silent p")).to_have_count(0)
        one.vanish()
        expect(pages["live"].locator("[data-gateway=g1]")).to_have_class("gateway offline", timeout=LONG_MS)
        expect(pages["layout"].locator("#silent")).to_contain_text("is cut off", timeout=LONG_MS)
        expect(pages["health"].locator(".faults")).to_contain_text("It is cut off", timeout=LONG_MS)
        for page in moved.values():
            expect(page.locator("#silent")).to_contain_text("is cut off", timeout=LONG_MS)
        for name, page in (pages | moved).items():
            keep(page, f"gateway-cut-{name}")
        back = gateway(mosquitto.port, will=said("offline"))
        back.publish(said("online"), "status", retain=True)
        expect(pages["layout"].locator("#silent p")).to_have_count(0, timeout=LONG_MS)
        expect(pages["live"].locator("[data-gateway=g1]")).to_have_class("gateway fresh", timeout=LONG_MS)
        expect(pages["health"].locator(".gatewaycard.fresh")).to_be_visible(timeout=LONG_MS)
        watching.close()
        assert watching.troubles == []


@contextmanager
def stoppable(run_postgres: Any, served: Any, folder: Path) -> Iterator[Any]:
    """Serve a database that a test may stop; yields its server and the service."""
    with run_postgres(folder) as server:
        migrate(server.url)
        with served(server.url, is_open=True) as service:
            assert service.as_("admin").put("/api/v1/sites/s1/layout", json=FLOOR).status_code == 200
            yield server, service


def test_a_stopped_database_is_said_on_every_page_and_all_come_back_by_themselves(
    browser: Any, served: Any, run_postgres: Any, tmp_path: Path
) -> None:
    with stoppable(run_postgres, served, tmp_path / "postgres") as (server, service):
        watching = Watch(browser, service)
        paths = {**PAGES, **MOVED, **OTHERS}
        pages = {name: watching.open(f"{path}?site=s1", role="admin") for name, path in paths.items()}
        pages["find"].get_by_role("searchbox").fill("half a word")
        expect(pages["live"].locator("#state")).to_have_attribute("data-state", "live")
        server.kill()
        for name, page in pages.items():
            expect(page.locator("#trouble")).to_contain_text("The database does not answer", timeout=LONG_MS)
            if name in ("layout", "plans", "shipping", "reports"):
                keep(page, f"database-down-{name}")
        expect(pages["live"].locator("#state")).to_have_attribute("data-state", "stale", timeout=LONG_MS)
        expect(pages["health"].locator("#state")).to_contain_text("stale since", timeout=LONG_MS)
        answer = httpx.get(f"{service.url}/plans?site=s1", headers={"Accept": "text/html"}, timeout=30)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "Traceback" not in answer.text and "psycopg" not in answer.text
        pages["plans"].reload()
        expect(pages["plans"].get_by_role("heading")).to_have_text("The database does not answer")
        keep(pages["plans"], "database-down")
        server.start()
        expect(pages["plans"].get_by_role("heading", name="Plans", exact=True)).to_be_visible(timeout=LONG_MS)
        for page in pages.values():
            expect(page.locator("#trouble")).to_have_count(0, timeout=LONG_MS)
        expect(pages["live"].locator("#state")).to_have_attribute("data-state", "live", timeout=LONG_MS)
        expect(pages["health"].locator("#state")).to_have_text("live", timeout=LONG_MS)
        expect(pages["find"].get_by_role("searchbox")).to_have_value("half a word")
        watching.close()


def test_a_login_that_ended_in_the_middle_of_a_click_leads_back_to_it(
    watch: Watch, warehouse: Any, helpers: Any
) -> None:
    page, form = watch.open(on(helpers, "/layout")), watch.open(on(helpers, "/plans"))
    warehouse.sql("delete from console_sessions")
    page.wait_for_timeout(500)  # a session is remembered this long at most (FRONT.kept_s)
    page.locator("#floor").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#trouble")).to_contain_text("Your login has ended")
    expect(page.locator("#panel")).to_contain_text("cannot be read just now")
    form.get_by_role("button", name="Ask for a plan").click()
    expect(form.get_by_role("status")).to_contain_text("Your login has ended, and what you did last was not done")
    watch.troubles.clear()  # the browser notes the 401
    for one in (page, form):
        if one is page:
            one.get_by_role("link", name="Log in again").click()
        one.get_by_text("With an API token").click()
        one.get_by_label("Token").fill(warehouse.tokens["planner"])
        one.get_by_role("button", name="Log in with the token").click()
    expect(page.get_by_role("heading", name="Layout", exact=True)).to_be_visible()
    expect(form.get_by_role("heading", name="Plans", exact=True)).to_be_visible()
    assert warehouse.sql("select count(*) as plans from plans where asked_by <> 'x'")[0]["plans"] == 0


def test_the_first_site_is_named_and_laid_out(browser: Any, served: Any, new_database: Any) -> None:
    with served(new_database()) as service:
        watching = Watch(browser, service)
        page = watching.open("/layout", role="admin")
        expect(page.get_by_role("heading")).to_have_text("Nothing has come in yet")
        keep(page, "nothing-yet")
        page.get_by_label("Name of the site").fill("first-1")
        page.get_by_role("button", name="Lay out").click()
        expect(page.get_by_role("heading", name="Lay out the floor")).to_be_visible()
        page.get_by_role("button", name="Preview").click()
        expect(page.locator("#preview")).to_contain_text("There is no layout yet")
        for path, words in {
            "/": "No gateway has reported from first-1 yet", "/layout": "first-1 has no layout yet",
            "/health": "tagdock-cloud gateways add first-1/GATEWAY", "/returns": "No return is open",
            "/shipping": "No transfer goes from or to this site", "/shipping/between": "between sites there is nothing",
            "/shipping/runs": "first-1 has no vehicles of its own", "/reports": "There is no report yet",
            "/tasks/all": "Nothing is to be done", "/tasks/settle": "No count waits to be settled",
        }.items():  # fmt: skip
            page.goto(service.url + path)
            expect(page.locator("main")).to_contain_text(words)
            keep(page, f"no-data-{path.strip('/').replace('/', '-') or 'live'}")
        watching.close()
        assert watching.troubles == []


def test_whose_sites_are_not_there_is_told_so(browser: Any, served: Any, new_database: Any) -> None:
    with served(new_database()) as service:
        service.sql("insert into sites (site) values ('theirs')")
        with pool.connect(service.database) as connection:
            service.tokens["lost"] = add_token(connection, "lost", "viewer", sites=("nowhere",))
        watching = Watch(browser, service)
        page = watching.open("/layout", role="lost")
        expect(page.get_by_role("heading")).to_have_text("No site is open to you")
        expect(page.locator("main")).to_contain_text("nowhere")
        expect(page.locator("main")).not_to_contain_text("theirs")
        keep(page, "no-site-is-yours")
        page.goto(f"{service.url}/layout?site=theirs")
        expect(page.get_by_role("heading")).to_have_text("You may not do that")
        watching.close()


@pytest.mark.parametrize(
    ("method", "referer", "back"),
    [
        ("GET", "", "/plans/1/approve?site=s"),
        ("POST", "http://dock.example/plans/1?site=s", "/plans/1?site=s"),
        ("POST", "http://evil.example/plans/1", "/"),
        ("POST", "http://dock.example//evil.example", "/"),
        ("POST", "", "/"),
    ],
)
def test_the_way_back_is_the_page_that_a_form_was_on(method: str, referer: str, back: str) -> None:
    headers = [(b"host", b"dock.example"), (b"referer", referer.encode())]
    scope = {
        "type": "http", "method": method, "path": "/plans/1/approve", "query_string": b"site=s", "headers": headers,
        "scheme": "http", "server": ("dock.example", 80),
    }  # fmt: skip
    assert way_back(Request(scope)) == back
