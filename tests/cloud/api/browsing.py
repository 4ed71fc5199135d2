"""Pages in a real browser: what opens them, and what must not happen on them.

Screenshots lie in `test-artefacts/console/` afterwards, for people to look at.
"""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from tagdock_cloud.life.following import follow_doors
from tagdock_cloud.reports.running import work_out
from tagdock_cloud.returns.arriving import follow_lives
from tagdock_cloud.store import pool

ARTEFACTS = Path(__file__).parents[3] / "test-artefacts" / "console"
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The first has the same engine without the windows around the pages, and takes half the time."""
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 20_000
"""How long a page is given to come to what a test expects of it."""
PHONE = 390
FINGER_PX = 44
"""What fingers hit for sure (WCAG 2.2, 2.5.5): 44 by 44 CSS pixels."""
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 390 200"><style>rect { fill: teal }</style>'
    '<rect width="390" height="200"/></svg>'
)


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
        context.set_default_timeout(PATIENCE_MS)
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


class Phone:
    """One person's page at the filled warehouse, on a phone where no width is told, with a scanner that types."""

    def __init__(self, watch: Watch, service: Any, path: str, role: str, width: int = PHONE) -> None:
        from playwright.sync_api import expect  # where it is missing, the tests that want it are skipped

        self._expect = expect
        self.service, self.role, self.width = service, role, width
        self.page = watch.open(path, role=role, width=width)
        self.touches = 0

    def touch(self, *, name: str, role: str = "button") -> None:
        target = self.page.get_by_role(role, name=name, exact=False).first
        target.wait_for()
        self.page.wait_for_load_state()  # before its style is there, a page is measured without it
        assert target.bounding_box()["height"] >= FINGER_PX
        target.click()
        self.touches += 1

    def choose(self, text: str) -> None:
        self.page.locator(".grades label", has_text=text).click()
        self.touches += 1

    def write(self, label: str, text: str) -> None:
        """Touch a field and type into it."""
        self.page.get_by_label(label, exact=True).fill(text)
        self.touches += 1

    def scan(self, text: str) -> None:
        """Type as a scanner does: into whatever has the focus, then Enter."""
        self._expect(self.page.locator(".hand [autofocus]")).to_be_focused()
        self.type(text)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    def look(self, name: str) -> list[str]:
        """Keep a picture, and return what is wrong with the page for people who see or touch otherwise."""
        from axe_playwright_python.sync_playwright import Axe

        self.page.screenshot(path=ARTEFACTS / f"{name}-{self.width}-en.png", full_page=True)
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self.width
        found = Axe().run(self.page).response["violations"]
        return [
            f"{rule['id']}: {rule['nodes'][0]['html'][:200]}"
            for rule in found
            if rule["impact"] in ("serious", "critical")
        ]


def keep(page: Any, name: str) -> None:
    """Keep pictures of a page on a phone and on a wall, light and dark; it fits both."""
    before = page.viewport_size
    for width, height in ((390, 844), (1920, 1080)):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=ARTEFACTS / f"{name}-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.set_viewport_size(before)
    page.emulate_media(color_scheme="light")


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
         "why": f"{sku} sells {flow.get(sku, 0):.3g} a day, moves {nearer(metres[current[sku][0]], metres[best[sku]])}"}
        for n, sku in enumerate(by_flow[:moves], 1)
    ]  # fmt: skip
    now_m = sum(flow.get(sku, 0) * metres[current[sku][0]] for sku in current)
    then_m = now_m - sum(saves[sku] for sku in by_flow[:moves])
    assignment = {sku: [best[sku]] if n < moves else current[sku] for n, sku in enumerate(by_flow)}
    plan = {
        "v": 1, "status": "feasible", "current_m_per_day": now_m, "objective_m_per_day": then_m,
        "lower_bound_m_per_day": then_m * 0.97, "terms": {"travel": then_m}, "assignment": assignment, "moves": listed,
        "broken_rules": [], "solver": "min-cost flow", "seconds": 0.31,
        "frontier": [{"moves": n, "objective_m_per_day": now_m - sum(saves[sku] for sku in by_flow[:n])}
                     for n in (0, 2, 5, 10, 20, moves)],
    }  # fmt: skip
    problem = {"items": [{"sku": sku, "picks_per_day": flow.get(sku, 0)} for sku in current], "current": current}
    service.sql("select plan_start_v1(%s, %s::jsonb)", [plan_id, json.dumps(problem)])
    for what in ("frontier", "before-after", "moves", "regret", "flow"):
        service.sql("select plan_picture_v1(%s, %s, %s)", [plan_id, what, PICTURE])
    service.sql("select plan_finish_v1(%s, %s::jsonb)", [plan_id, json.dumps(plan)])


def nearer(before_m: float, after_m: float) -> str:
    """Write how a way to a door changes, as slotting does."""
    return f"{abs(before_m - after_m):.3g} m {'nearer' if before_m >= after_m else 'away from'} D1"


def ask(service: Any, helpers: Any) -> str:
    body = {"site": helpers.SITE, "represents_days": 5, "at_most": 30}
    return str(service.as_("planner").post("/api/v1/plans", json=body).json()["plan_id"])


def shipped(service: Any, helpers: Any, sku: str = "85000A") -> str:
    """Return an item that left by a door."""
    epc = f"urn:epc:id:sgtin:9521234.000031.{uuid4().int % 10**9}"
    service.sql(
        "insert into items (epc, sku, site, door, state, since, registered_at)"
        " values (%s, %s, %s, 'D1', 'in_transit', now() - interval '5 h', now() - interval '1 day')",
        [epc, sku, helpers.SITE],
    )
    pass_door(service, helpers, epc, "out", hours=5)
    return epc


def pass_door(service: Any, helpers: Any, epc: str, way: str, hours: float = 0) -> None:
    """Let an item pass a door, and lives and cases follow it."""
    at = datetime.now(UTC) - timedelta(hours=hours)
    helpers.add_movements(service, [helpers.movement(at, epc, direction=way, event_id=uuid4())])
    follow(service)


def follow(service: Any) -> None:
    """Let lives and cases follow what doors and people told."""
    for duty in (follow_doors, follow_lives):
        with pool.connect(service.database) as connection:
            duty(connection)


def announced(service: Any, helpers: Any, *epcs: str, **told: Any) -> str:
    """Apply for a return as a shop does, and return its reference."""
    items = [{"epc": epc} for epc in epcs]
    body = {"site": helpers.SITE, "kind": "self_return", "reason": "changed_mind", "order": "O-1", "items": items}
    answer = service.as_("integrator").post("/api/v1/returns", json=body | told)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["case_ref"])


def returns_of(service: Any, helpers: Any) -> tuple[str, str]:
    """Make a return that is inspected, and one that nobody applied for; return their references."""
    asked, unasked = shipped(service, helpers), shipped(service, helpers)
    case_ref = announced(service, helpers, asked, shipped(service, helpers), note="The box rattles.", carrier="SF")
    for epc in (asked, unasked):
        pass_door(service, helpers, epc, "in")
    seen = {"grade": "B", "sealed": False, "defects": ["D-1"], "package": "torn corner"}
    for person, transition in (((), "inspect"), ((helpers.SITE,), "inspect_again")):
        step = {"transition": transition, **seen}
        answer = service.as_("inspector", *person).post(f"/api/v1/items/{asked}/life/steps", json=step)
        assert answer.status_code == 201, answer.text
    (held,) = service.as_("viewer").get("/api/v1/returns", params={"epc": unasked}).json()["items"]
    return case_ref, str(held["case_ref"])


def shipping_of(service: Any, helpers: Any) -> dict[str, str]:
    """Make two orders that wait for a site, a transfer, and a shipment that its carrier could not deliver."""
    site, admin = helpers.SITE, service.as_("admin")
    places = {site: {"lat_deg": 30.25, "lon_deg": 120.17}, "shanghai-1": {"lat_deg": 31.23, "lon_deg": 121.47}}
    service.sql("insert into sites (site) values ('shanghai-1') on conflict do nothing")
    for name, place in places.items():
        if not service.sql("select site from site_facts where site = %s", [name]):
            told = admin.put(f"/api/v1/sites/{name}/facts", json={**place, "lines_per_day": 400})
            assert told.status_code == 201, told.text
    (stock,) = service.sql(
        "select sku from stock_by_site_v1 where site = %s and free > 20 order by sku limit 1", [site]
    )
    goods = [{"sku": stock["sku"], "quantity": 1}]
    where = {"lat_deg": 31.3, "lon_deg": 120.6, "address": "Suzhou"}
    mark = uuid4().hex[:6]
    ids = {name: f"{name.upper()}-{mark}" for name in ("web", "late", "tr", "so")}
    waiting = [{"id": ids[name], "partner": "Li Wei", "destination": where, "lines": goods} for name in ("web", "late")]
    answers = [
        service.as_("integrator").put("/api/v1/orders", json={"items": [waiting[0] | {"urgent": True}, waiting[1]]}),
        service.as_("manager").post(
            "/api/v1/transfers",
            json={"id": ids["tr"], "start_site": site, "goal_site": "shanghai-1", "lines": goods},
        ),
        service.as_("integrator").put(f"/api/v1/sites/{site}/orders/{ids['so']}", json={"door": "D1", "lines": goods}),
        service.as_("integrator").post(
            "/api/v1/shipments", json={"site": site, "order": ids["so"], "carrier": "SF", "tracking": ids["so"]}
        ),
        service.as_("integrator").post(
            "/api/v1/shipments/news",
            json={"items": [{"carrier": "SF", "tracking": ids["so"], "state": "undeliverable",
                             "happened_at": datetime.now(UTC).isoformat(), "note": "no such street"}]},
        ),
    ]  # fmt: skip
    assert [answer.text for answer in answers if answer.is_error] == []
    return ids | {"sku": stock["sku"]}


def answer(service: Any, kind: str, told: dict[str, Any]) -> str:
    """Answer the question of a kind that was asked last as slotting's worker does, and return its id."""
    (question,) = service.sql(
        "select question_id::text from questions where kind = %s order by asked_at desc limit 1", [kind]
    )
    service.sql("select question_start_v1(%s)", [question["question_id"]])
    service.sql("select question_finish_v1(%s, %s::jsonb)", [question["question_id"], json.dumps(told)])
    return str(question["question_id"])


def balance(helpers: Any, sku: str, quantity: int = 2) -> dict[str, Any]:
    """Return what a solver tells of what is to move."""
    why = f"shanghai-1 has 3 days of it, {helpers.SITE} 40 and sells none; 1 days on the way at 0.16 a unit"
    one = {"sku": sku, "start": helpers.SITE, "goal": "shanghai-1", "quantity": quantity, "gains": 3.5, "why": why}
    return {"v": 1, "transfers": [one], "gains": 3.5, "short_before": 9, "short_after": 7}


def split(helpers: Any, sku: str) -> dict[str, Any]:
    """Return what a solver tells of how a delivery is split."""
    why = "expected to sell 12.5 (variance 14.0); the last unit sells with a chance of 38%"
    shares = [
        {"site": site, "quantity": units, "expected_sales": units - 0.5, "why": why}
        for site, units in ((helpers.SITE, 12), ("shanghai-1", 8))
    ]
    return {"v": 1, "sku": sku, "shares": shares, "kept": 0, "expected_sales": 19.0, "by_means_sales": 18.2}


VAN = {"id": "van", "count": 2, "mass_kg": None, "volume_m3": None, "starts": "08:00:00", "ends": "18:00:00"}
STREETS = ((30.31, 120.21), (30.2, 120.3), (30.33, 120.05))


def deliveries_of(service: Any, helpers: Any) -> list[str]:
    """Make orders that a site's own vans are to deliver; return their names."""
    site, mark = helpers.SITE, uuid4().hex[:6]
    service.sql("update site_facts set vehicles = %s::jsonb where site = %s", [json.dumps([VAN]), site])
    names = [f"DL-{mark}-{number}" for number in range(len(STREETS))]
    for name, (lat, lon) in zip(names, STREETS, strict=True):
        where = {"lat_deg": lat, "lon_deg": lon, "address": f"West Lake Road {name[-1]}"}
        body = {"partner": "Li Wei", "destination": where, "lines": [{"sku": "85000A", "quantity": 1}]}
        told = service.as_("integrator").put(f"/api/v1/sites/{site}/orders/{name}", json=body)
        assert not told.is_error, told.text
    return names


def day_of(orders: list[str]) -> dict[str, Any]:
    """Return what a solver tells of a day: the first vehicle takes two orders, the second one the others."""
    begin = datetime(2099, 5, 4, 0, tzinfo=UTC)
    parts = (orders[:2], orders[2:])
    runs = [
        {"vehicle": "van", "leaves_at": begin.isoformat(), "returns_at": (begin + timedelta(hours=3)).isoformat(),
         "km": 31.5 + number,
         "visits": [{"stop": order, **{f"{what}_at": (begin + timedelta(minutes=20 * place)).isoformat()
                                        for what in ("arrives", "begins", "leaves")}}
                    for place, order in enumerate(part, 1)]}
        for number, part in enumerate(parts) if part
    ]  # fmt: skip
    told = {"km": 64.0, "nearest_km": 80.0, "nearest_left_out": 0, "seconds": 1.0}
    return {"v": 1, "runs": runs, "left_out": [], **told}


def report_of(service: Any, helpers: Any, name: str = "Sites, week by week") -> str:
    """Add a report, ask for a period, and let it be worked out; return its id."""
    manager = service.as_("manager")
    body = {"name": name, "kpis": ["stock_accuracy", "return_rate"], "sites": [helpers.SITE], "period": "week"}
    report_id = str(manager.post("/api/v1/reports", json=body).json()["report_id"])
    assert manager.post(f"/api/v1/reports/{report_id}/results", json={}).status_code == 202
    work_reports_out(service)
    return report_id


def work_reports_out(service: Any) -> None:
    """Let what was asked of reports be worked out, as a worker does."""
    with pool.connect(service.database) as connection:
        work_out(connection)


def answer_allocation(service: Any, given: dict[str, str], waits: dict[str, str]) -> str:
    """Answer the allocation that was asked last as slotting's worker does: orders to sites, others wait and why."""
    day = "2099-05-04T00:00:00Z"
    told = {
        "v": 1, "status": "optimal", "cost": 31.5, "lower_bound": 31.5, "first_come_cost": 42.0, "seconds": 0.1,
        "shipped": [
            {"order": order, "shipments": [{"site": site, "lines": [0], "km": 121.4, "arrives_at": day}],
             "days_late": 0, "why": "the nearest, with all it takes: 121 km", "first_come": ["shanghai-1"]}
            for order, site in given.items()
        ],
        "waiting": [{"order": order, "why": why, "first_come": []} for order, why in waits.items()],
    }  # fmt: skip
    return answer(service, "allocation", told)
