"""How a browser bears a floor of 10,000 bins: as the console draws it, as shapes of their own, and on a canvas.

Run: .venv/bin/python benchmarks/console_floor.py [--bins 10000]
"""

import argparse
import json
import random
import shutil
import statistics
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import sync_playwright
from tagdock_cloud.console.floor import Box, draw, paths

RUNS, FRAMES = 3, 30
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CSS = "".join(f".f{n} {{ fill: hsl(30 80% {90 - n * 10}%) }}" for n in range(7)) + "#f { width: 1200px; height: 600px }"
ZOOM = """async ([kind, view, frames]) => {
    const floor = document.getElementById("f");
    for (let n = 0; n < frames; n++) {
        if (kind === "canvas") paint(4 + n * 0.2, n);
        else floor.setAttribute("viewBox", [view[0] + n, view[1], view[2] - n * 4, view[3] - n].join(" "));
        await new Promise((resolve) => requestAnimationFrame(() => resolve()));
    }
}"""
CANVAS = """const boxes = JSON.parse(document.getElementById("b").textContent);
const at = document.getElementById("f").getContext("2d");
function paint(scale, left) {
    at.clearRect(0, 0, 1200, 600);
    for (let look = 0; look < 7; look++) {
        at.fillStyle = `hsl(30 80% ${90 - look * 10}%)`;
        for (const [x, y, w, h, its] of boxes) {
            if (its === look) at.fillRect((x - left) * scale, y * scale, w * scale, h * scale);
        }
    }
}
paint(4, 0);"""


def pages(bins: int) -> tuple[dict[str, str], tuple[float, ...]]:
    """Return the same floor as three pages, and its view; each carries what its script has to know of the bins."""
    chance = random.Random(1)
    rows = [{"bin": f"A-{n:05d}", "x_m": n % 200 * 1.5, "y_m": n // 200 * 1.2, "z_m": 0.0} for n in range(bins)]
    drawing = draw(rows, [], None)
    looks = {box.bin: f"f{chance.randrange(7)}" for box in drawing.boxes}
    table = json.dumps([[box.bin, box.x, box.y, box.width, box.height, "85123A", "4.1"] for box in drawing.boxes])
    known = f'<script type="application/json">{table}</script>'
    drawn = "".join(
        f'<path class="{look}" d="{path}"></path>' for look, path in paths(drawing.boxes, looks, "f0").items()
    )
    one = "".join(_link(box, looks[box.bin]) for box in drawing.boxes)
    numbers = json.dumps([[box.x, box.y, box.width, box.height, int(looks[box.bin][1])] for box in drawing.boxes])
    canvas = (
        f'<canvas id="f" width="1200" height="600"></canvas><script type="application/json" id="b">{numbers}</script>'
    )
    svg = f'<svg id="f" viewBox="{" ".join(map(str, drawing.view))}">'
    head = f"<!doctype html><style>{CSS}</style>"
    return {
        "paths (the console)": f"{head}{svg}{drawn}</svg>{known}",
        "shapes": f"{head}{svg}{one}</svg>",
        "canvas": f"{head}{canvas}{known}<script>{CANVAS}</script>",
    }, drawing.view


def _link(box: Box, look: str) -> str:
    sizes = f'x="{box.x:.2f}" y="{box.y:.2f}" width="{box.width:.2f}" height="{box.height:.2f}"'
    title = f"<title>{box.bin}: 85123A; 4.1 picks a day</title>"
    return (
        f'<a href="/find?q={box.bin}&amp;site=s" data-bin="{box.bin}"><rect class="{look}" {sizes}>{title}</rect></a>'
    )


def measure(browser: Any, kind: str, text: str, view: tuple[float, ...]) -> tuple[float, float, float]:
    """Return seconds to the first picture, main-thread milliseconds of it, and of a frame of zooming."""
    page = browser.new_page()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    busy: Callable[[], float] = lambda: next(  # noqa: E731
        one["value"] for one in session.send("Performance.getMetrics")["metrics"] if one["name"] == "TaskDuration"
    )
    begun = time.monotonic()
    page.set_content(text)
    page.screenshot()
    first_s, first_busy_s = time.monotonic() - begun, busy()
    page.evaluate(ZOOM, [kind.partition(" ")[0], list(view), FRAMES])
    frame_ms = (busy() - first_busy_s) * 1000 / FRAMES
    page.close()
    return first_s, first_busy_s * 1000, frame_ms


def main() -> None:
    """Print the medians of each way, and how many times those of the console they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bins", type=int, default=10_000)
    made, view = pages(parser.parse_args().bins)
    figures: dict[str, list[tuple[float, float, float]]] = {kind: [] for kind in made}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for _ in range(RUNS):
            for kind, text in made.items():
                figures[kind].append(measure(browser, kind, text, view))
        browser.close()
    print(f"{'':20} {'page':>8} {'first picture':>14} {'main thread':>12} {'a frame of zooming':>19}")
    for kind, text in made.items():
        first_s, busy_ms, frame_ms = (statistics.median(column) for column in zip(*figures[kind], strict=True))
        print(f"{kind:20} {len(text) / 1e6:5.2f} MB {first_s:12.2f} s {busy_ms:9.0f} ms {frame_ms:16.1f} ms")


if __name__ == "__main__":
    main()
