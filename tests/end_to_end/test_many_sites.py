"""Orders over two sites, from the API through the job queue and a real worker to the papers of each site."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

PROGRAMS = Path(sys.executable).parent
PATIENCE_S = 120.0
NEAR_SH = {"lat_deg": 31.3, "lon_deg": 121.3, "address": "Jiading"}
PLACES = {"hz": {"lat_deg": 30.25, "lon_deg": 120.17}, "sh": {"lat_deg": 31.23, "lon_deg": 121.47}}


def run(program: str, *arguments: str) -> str:
    command = [str(PROGRAMS / program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def api(postgresql: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """The service's HTTP interface on a PostgreSQL of its own, as an administrator calls it."""
    run("tagdock-cloud", "migrate", "--database", postgresql)
    token = run("tagdock-cloud", "tokens", "add", "desk", "--role", "admin", "--database", postgresql).split()[-1]
    port = free_port()
    command = [str(PROGRAMS / "tagdock-cloud"), "api", "--database", postgresql, "--http-port", str(port)]
    with (tmp_path / "api.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    headers = {"Authorization": f"Bearer {token}"}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", headers=headers, timeout=60) as client:
            wait_for(client, process, tmp_path / "api.log")
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(client: httpx.Client, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(httpx.TransportError):
            client.get("/me")
            return
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def put(api: httpx.Client, path: str, body: Any) -> None:
    answer = api.put(path, json=body)
    assert answer.is_success, answer.text


def post(api: httpx.Client, path: str, body: Any) -> Any:
    answer = api.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


def furnish(api: httpx.Client) -> None:
    """Two sites with a bin each; Shanghai has one unit, Hangzhou two."""
    for site, place in PLACES.items():
        bins = [{"id": "B1", "x_m": 1.0, "y_m": 1.0, "skus": ["K1"]}]
        doors = [{"id": "D1", "x_m": 0.0, "y_m": 0.0}]
        put(api, f"/sites/{site}/layout", {"v": 1, "name": site, "doors": doors, "bins": bins})
        put(api, f"/sites/{site}/facts", {**place, "cut_off": "15:00", "time_zone": "Asia/Shanghai"})
    epcs = {"sh": [1], "hz": [2, 3]}
    items = [
        {"epc": f"urn:epc:id:sgtin:9521234.000077.{number}", "sku": "K1", "quantity": 1, "site": site, "bin": "B1"}
        for site, numbers in epcs.items()
        for number in numbers
    ]
    put(api, "/items", {"items": items})


def test_orders_are_allocated_by_a_real_worker_and_belong_to_their_sites(api: httpx.Client, postgresql: str) -> None:
    furnish(api)
    line = {"sku": "K1", "quantity": 1}
    dear = {"id": "dear", "destination": NEAR_SH, "urgent": True, "value": 900, "lines": [line]}
    cheap = {"id": "cheap", "destination": NEAR_SH, "value": 10, "lines": [line]}
    big = {"id": "big", "destination": NEAR_SH, "value": 500, "lines": [{"sku": "K1", "quantity": 2}]}
    for order in (cheap, dear, big):
        put(api, "/orders", {"items": [order]})
    asked = post(api, "/allocations", {"time_limit_s": 5})
    run("tagdock-slotting", "work", "--once", "--database", postgresql)
    found = api.get(f"/allocations/{asked['question_id']}").json()
    assert found["state"] == "done", found["error"]
    answer = found["answer"]
    given = {one["order"]: [shipment["site"] for shipment in one["shipments"]] for one in answer["shipped"]}
    assert given == {"dear": ["sh"], "big": ["hz"]}
    first_come = {one["order"]: one["first_come"] for one in (*answer["shipped"], *answer["waiting"])}
    assert first_come == {"cheap": ["sh"], "dear": ["hz"], "big": []}
    assert answer["status"] == "optimal" and answer["cost"] < answer["first_come_cost"]

    assert post(api, f"/allocations/{asked['question_id']}/approve", {})["state"] == "approved"
    listed = api.get("/orders").json()["items"]
    assert sorted((order["site"], order["id"]) for order in listed) == [("hz", "big"), ("sh", "dear")]
    assert [order["id"] for order in api.get("/waiting-orders").json()["items"]] == ["cheap"]
    free = {site["site"]: (site["units"], site["units_free"]) for site in api.get("/network").json()["items"]}
    assert free == {"hz": (2, 0), "sh": (1, 0)}
