"""Pages in a real browser: what opens them, and what must not happen on them.

Screenshots lie in `test-artefacts/console/` afterwards, for people to look at.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import httpx

ARTEFACTS = Path(__file__).parents[3] / "test-artefacts" / "console"
CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 20_000
"""How long a page is given to come to what a test expects of it."""
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
        "frontier": [{"moves": n, "objective_m_per_day": now_m - sum(saves[sku] for sku in by_flow[:n])}
                     for n in (0, 2, 5, 10, 20, moves)],
    }  # fmt: skip
    problem = {"items": [{"sku": sku, "picks_per_day": flow.get(sku, 0)} for sku in current], "current": current}
    service.sql("select plan_start_v1(%s, %s::jsonb)", [plan_id, json.dumps(problem)])
    for what in ("frontier", "before-after", "moves", "regret", "flow"):
        service.sql("select plan_picture_v1(%s, %s, %s)", [plan_id, what, PICTURE])
    service.sql("select plan_finish_v1(%s, %s::jsonb)", [plan_id, json.dumps(plan)])


def ask(service: Any, helpers: Any) -> str:
    body = {"site": helpers.SITE, "represents_days": 5, "at_most": 30}
    return str(service.as_("planner").post("/api/v1/plans", json=body).json()["plan_id"])
