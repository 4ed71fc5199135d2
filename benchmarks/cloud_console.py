"""How soon a page of the console shows something, and how a browser bears a thousand movements a second on Live.

    python benchmarks/cloud_console.py
    python benchmarks/cloud_console.py --rate 1000 --seconds 10

A service with the warehouse that the tests use (480 bins, 3,000 items) answers a real Chromium. First content is the
browser's first contentful paint, beside that of a bare page of as many bytes from a server that does nothing else. The
frames of Live under load stand beside its frames while nothing passes. Limit: 1,000 ms to first content.
"""

import argparse
import http.server
import importlib.util
import secrets
import shutil
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import httpx
import uvicorn
from cloud_api import _embedded, _free_port
from playwright.sync_api import sync_playwright
from tagdock_cloud.access.tokens import add_token
from tagdock_cloud.app import create_app
from tagdock_cloud.config import ApiConfig, Front
from tagdock_cloud.store import pool
from tagdock_cloud.store.migrate import migrate

RUNS, LIMIT_MS, BATCHES_A_SECOND = 5, 1000.0, 5
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WAREHOUSE = Path(__file__).parents[1] / "tests" / "cloud" / "api" / "warehouse.py"
PAGES = {
    "Live": "/",
    "Find": "/find?q=D1",
    "Layout": "/layout",
    "Plans": "/plans",
    "Health": "/health",
    "Tasks": "/tasks",
    "All tasks": "/tasks/all",
    "Settle": "/tasks/settle",
    "Returns": "/returns",
    "Shipping": "/shipping",
    "Between sites": "/shipping/between",
    "Delivery runs": "/shipping/runs",
    "Reports": "/reports",
}
PAINTED = """() => new Promise((resolve) => new PerformanceObserver((list) => {
    const one = list.getEntriesByName("first-contentful-paint")[0];
    if (one) resolve(one.startTime);
}).observe({ type: "paint", buffered: true }))"""
WATCH = """() => {
    window.gaps = []; window.long = [];
    let last = performance.now();
    const frame = (now) => { window.gaps.push(now - last); last = now; requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
    new PerformanceObserver((list) => window.long.push(...list.getEntries().map((one) => one.duration)))
        .observe({ type: "longtask" });
}"""
CLICK = """() => new Promise((resolve) => {
    const begun = performance.now();
    document.querySelector("#passing a").addEventListener("click", (event) => {
        event.preventDefault();
        requestAnimationFrame(() => resolve(performance.now() - begun));
    }, { once: true });
    setTimeout(() => document.querySelector("#passing a").click(), 0);
})"""
COUNTED = """() => [...document.querySelectorAll("[data-door] [data-out]")]
    .reduce((sum, one) => sum + Number(one.textContent.replace(/\\D/g, "")), 0)"""


class Service:
    """The running service: a client that may write, and its database."""

    def __init__(self, url: str, address: str, token: str) -> None:
        self.url = address
        self.token = token
        self._database = url
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=address, headers=headers, timeout=60)

    def as_(self, _: str) -> httpx.Client:
        """Return the one client that there is."""
        return self._client

    def sql(self, statement: Any, values: Any = None) -> list[dict[str, Any]]:
        """Run one statement in the database and return its rows."""
        with pool.connect(self._database) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def serving(url: str) -> Iterator[Service]:
    """Serve a database for the time of the `with`."""
    with pool.connect(url) as connection:
        token = add_token(connection, "bench", "admin")
    port = _free_port()
    app = create_app(ApiConfig(url, port=port, front=Front(rate_per_s=100_000)))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=5))
    app.state.is_stopping = lambda: server.should_exit
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield Service(url, f"http://127.0.0.1:{port}", token)
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def bare(sizes: dict[str, int]) -> Iterator[str]:
    """Serve plain pages of so many bytes, by name."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that the library calls
            size = sizes.get(unquote(self.path.strip("/")), 0)
            body = b"<!doctype html><title>x</title><p>" + b"word " * (size // 5)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def first_content_ms(browser: Any, address: str, cookie: dict[str, str]) -> float:
    """Return the median time to the first contentful paint, each with an empty cache."""
    times = []
    for _ in range(RUNS):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies([cookie])
        page = context.new_page()
        page.goto(address, wait_until="commit")
        times.append(page.evaluate(PAINTED))
        context.close()
    return statistics.median(times)


def report_pages(browser: Any, service: Service, cookie: dict[str, str], site: str) -> None:
    """Print first content of each page beside a bare page of its size."""
    client = service.as_("admin")
    paths = {name: f"{path}{'&' if '?' in path else '?'}site={site}" for name, path in PAGES.items()}
    sizes = {name: len(client.get(path, headers={"Accept": "text/html"}).content) for name, path in paths.items()}
    print(f"{'first content':16} {'bytes':>8} {'page':>9} {'bare page':>10} {'limit':>9}")
    with bare(sizes) as plain:
        for name, path in paths.items():
            ours = first_content_ms(browser, service.url + path, cookie)
            theirs = first_content_ms(browser, f"{plain}/{name}", cookie)
            print(f"{name:16} {sizes[name]:8,} {ours:6.0f} ms {theirs:7.0f} ms {LIMIT_MS:6.0f} ms")


def flood(service: Service, helpers: ModuleType, rate: int, seconds: int) -> None:
    """Store so many movements a second, in equal batches."""
    begun = time.monotonic()
    for batch in range(seconds * BATCHES_A_SECOND):
        now = datetime.now(UTC)
        rows = [
            helpers.movement(now, f"urn:epc:id:sgtin:9521234.000041.{batch}{n:04d}", door=f"D{n % 4 + 1}")
            for n in range(rate // BATCHES_A_SECOND)
        ]
        helpers.add_movements(service, rows)
        time.sleep(max(0.0, begun + (batch + 1) / BATCHES_A_SECOND - time.monotonic()))


def report_live(
    browser: Any, service: Service, helpers: ModuleType, cookie: dict[str, str], load: tuple[int, int]
) -> None:
    """Print frames, long tasks, clicks and the count of Live at rest and under load."""
    rate, seconds = load
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(f"{service.url}/?site={helpers.SITE}")
    page.wait_for_function("document.getElementById('state').dataset.state === 'live'")
    print(f"\n{'Live':16} {'frame p50':>10} {'p99':>8} {'longest':>8} {'long tasks':>11} {'click':>8} {'told of':>14}")
    for name, wanted in (("nothing passes", 0), (f"{rate:,} a second", rate)):
        before = page.evaluate(COUNTED)
        page.evaluate(WATCH)
        begun = time.monotonic()
        thread = threading.Thread(
            target=flood, args=(service, helpers, wanted, seconds) if wanted else (service, helpers, 0, 0)
        )
        thread.start()
        clicks = []
        while thread.is_alive() or time.monotonic() < begun + seconds:
            page.wait_for_timeout(400)
            clicks.append(page.evaluate(CLICK))
        took_s = time.monotonic() - begun
        sent = wanted * seconds
        end = time.monotonic() + 20
        while page.evaluate(COUNTED) - before < sent and time.monotonic() < end:
            page.wait_for_timeout(100)
        gaps, long = sorted(page.evaluate("window.gaps")), page.evaluate("window.long")
        print(
            f"{name:16} {gaps[len(gaps) // 2]:7.0f} ms {gaps[int(len(gaps) * 0.99)]:5.0f} ms {gaps[-1]:5.0f} ms "
            f"{len(long):3} {sum(long):5.0f} ms {statistics.median(clicks):5.0f} ms "
            f"{page.evaluate(COUNTED) - before:6,}/{sent:,} in {took_s:.0f} s"
        )
    context.close()


def main() -> None:
    """Fill a warehouse, open its pages, and print what the browser measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=10)
    wanted = parser.parse_args()
    spec = importlib.util.spec_from_file_location(f"warehouse_{secrets.token_hex(2)}", WAREHOUSE)
    assert spec is not None and spec.loader is not None
    helpers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(helpers)
    with _embedded() as url:
        migrate(url)
        with serving(url) as service, sync_playwright() as playwright:
            helpers.fill(service)
            session = httpx.post(f"{service.url}/login", data={"token": service.token}).cookies["tagdock_session"]
            cookie = {"name": "tagdock_session", "value": session, "url": service.url}
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
            report_pages(browser, service, cookie, helpers.SITE)
            report_live(browser, service, helpers, cookie, (wanted.rate, wanted.seconds))
            browser.close()


if __name__ == "__main__":
    main()
