"""Every panel of every dashboard shows data on a database that the cloud itself has made and filled."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import (
    Batch,
    BinReading,
    GatewayAddress,
    Movement,
    ReaderStatus,
    Status,
    content_uuid7,
    decode_ack,
    encode,
)

ROOT = Path(__file__).parents[2]
SITE = "hangzhou-1"
GATEWAY = GatewayAddress(SITE, "gw-1")
SKUS = ("85123A", "22423", "84879")
PASSAGES = 60
RETURNS = 40
NEEDS_A_DAY = "Saving, promised and measured, by week"
ANY = {"If-Match": "*"}
READERS = (ReaderStatus(name="dock-1", state="up", reads=1000),)
PATIENCE_S = 60.0


def program(name: str) -> str:
    """Find one of our programs beside this Python, whatever PATH says."""
    return str(Path(sys.executable).with_name(name))


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Everything on one box, on free ports; stopped cleanly afterwards."""
    command = [program("tagdock-cloud"), "serve", "--open", "--json", "--data", str(tmp_path / "cloud")]
    with (tmp_path / "cloud.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--http-port", "0", "--broker-port", "0"], stdout=subprocess.PIPE, stderr=log
        )
    assert process.stdout is not None
    try:
        yield json.loads(first_line(process, tmp_path / "cloud.log")) | {"data": str(tmp_path / "cloud")}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()


def first_line(process: "subprocess.Popen[bytes]", log: Path) -> bytes:
    lines: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()  # type: ignore[union-attr]
    try:
        line = lines.get(timeout=PATIENCE_S)
    except queue.Empty:
        line = b""
    assert line, f"tagdock-cloud serve printed no address:\n{log.read_text()}"
    return line


def run(*command: str) -> str:
    done = subprocess.run(
        [program(command[0]), *command[1:]], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, f"{command[:2]}: {done.stdout}\n{done.stderr}"
    return done.stdout


def epc(number: int) -> str:
    return f"urn:epc:id:sgtin:9521234.{number % len(SKUS):06d}.{number}"


def movements() -> tuple[Movement, ...]:
    """Goods leave, come in, pass by, and leave a doubt, at two doors in the last half hour."""
    made = []
    for number in range(PASSAGES):
        at = datetime.now(UTC) - timedelta(seconds=30 * (PASSAGES - number))
        direction: Any = ("out", "out", "in", "pass", "uncertain")[number % 5]
        door = f"D{1 + number % 2}"
        event_id = content_uuid7(int(at.timestamp() * 1000), epc(number), door)
        hex_ = f"3034257BF7194E40{number:08X}"
        made.append(Movement(event_id, at, SITE, epc(number), hex_, direction, 0.9, door=door, evidence=evidence(at)))
    return tuple(made)


def evidence(at: datetime) -> dict[str, Any]:
    """What two antennas read, as a gateway tells it."""
    seen = {"first_at": at.isoformat(), "peak_at": at.isoformat(), "last_at": at.isoformat()}
    each = [
        {"reader": "dock-1", "antenna": number, "reads": 4 + number, "peak_rssi_dbm": -50.5 - number, **seen}
        for number in (1, 2)
    ]
    return {"reads": 11, "antennas": each}


def readings() -> tuple[BinReading, ...]:
    """What the sensors of two bins say, one of them too warm."""
    at = datetime.now(UTC) - timedelta(seconds=30)
    values = {"temperature_c": 31.0, "humidity_pct": 55.0, "battery_pct": 80.0, "occupied": 1.0}
    return tuple(
        BinReading(content_uuid7(int(at.timestamp() * 1000), place, quantity), at, SITE, place, quantity, value)
        for place in ("A-01-1", "A-01-2")
        for quantity, value in values.items()
    )


def publish(broker: str, batch: Batch) -> None:
    """Publish as a gateway does, and wait for the ack that says committed."""
    address = urlsplit(broker)
    acked = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, client_id=GATEWAY.client_id)
    client.username_pw_set(GATEWAY.client_id, "any")

    def note_ack(_client: Client, _data: object, message: MQTTMessage) -> None:
        if batch.seq in decode_ack(bytes(message.payload)).committed:
            acked.set()

    client.on_message = note_ack
    client.connect(str(address.hostname), address.port or 1883)
    client.loop_start()
    try:
        client.subscribe(GATEWAY.topic("ack"), qos=1)
        for _ in range(int(PATIENCE_S)):
            client.publish(
                GATEWAY.topic("status"),
                encode(Status(site=SITE, gateway="gw-1", state="online", at=batch.sent_at, readers=READERS)),
                qos=1,
            )
            client.publish(GATEWAY.topic("events"), encode(batch), qos=1)
            if acked.wait(1.0):
                return
        pytest.fail("the batch was not acknowledged")
    finally:
        client.disconnect()
        client.loop_stop()


def fill(cloud: dict[str, str]) -> None:
    """Tell the cloud of the floor and the goods, let goods pass the doors, and have a plan worked out."""
    token = run("tagdock-cloud", "tokens", "add", "filler", "--role", "admin", "--database", cloud["database"]).split()[
        -1
    ]
    base, bearer = cloud["console"].rstrip("/") + "/api/v1", {"Authorization": f"Bearer {token}"}
    doors = [{"id": f"D{n}", "x_m": 4.0 * n, "y_m": 0.0} for n in (1, 2)]
    bins = [{"id": f"A-01-{n}", "x_m": 5.0 * n, "y_m": 3.0, "z_m": 0.0, "zone": "ambient"} for n in range(1, 7)]
    for number, sku in enumerate(SKUS):
        bins[5 - number] |= {"skus": [sku]}
    with httpx.Client(base_url=base, headers=bearer, timeout=30) as api:
        put(api, f"/sites/{SITE}/layout", {"v": 1, "name": "Trial", "doors": doors, "bins": bins})
        put(api, "/skus", {"items": [{"sku": sku, "description": f"Thing {sku}", "volume_m3": 0.1} for sku in SKUS]})
        items = [
            {"epc": epc(n), "sku": SKUS[n % len(SKUS)], "quantity": 2, "site": SITE, "bin": f"A-01-{6 - n % 3}"}
            for n in range(90)
        ]
        put(api, "/items", {"items": items})
        put(
            api,
            f"/sites/{SITE}/zones/ambient",
            {"kind": "storage", "temperature_c_min": 5, "temperature_c_max": 25},
            **ANY,
        )
        post(api, "/alert-rules", {"kind": "stock", "name": "Few", "site": SITE, "sku": SKUS[0], "low": 10_000})
        events = (*movements(), *readings())
        publish(cloud["broker"], Batch(epoch=uuid4(), seq=1, sent_at=datetime.now(UTC), events=events))
        put(api, "/orders", {"items": [{"site": SITE, "id": "SO-1", "lines": [{"sku": SKUS[0], "quantity": 1}]}]})
        session = post(api, "/sessions", {"site": SITE, "door": "D1", "kind": "outbound", "order": "SO-1"})
        post(api, f"/sessions/{session['session_id']}/close", {})
        asked = api.post("/plans", json={"site": SITE})
        assert asked.status_code == 201, asked.text
        run("tagdock-slotting", "work", "--once", "--database", cloud["database"])
        await_plan(api, asked.headers["Location"])
        post(api, f"{asked.headers['Location']}/approve", {})


def fill_after_sales(database: str) -> None:
    """Write weeks of returns, repairs, tasks, requests, counts and shipments: nobody can play them in seconds."""
    _, _, rest = (
        (ROOT / "benchmarks" / "dashboards_fill.sql").read_text(encoding="utf-8").partition("-- name: after_sales")
    )
    with psycopg.connect(database) as connection:
        connection.execute("insert into sites (site) values ('ningbo-1')")
        connection.execute(rest.partition("-- name: ")[0].format(cases=RETURNS))


def count_ahead(database: str) -> None:
    """Count now what the worker counts within a minute."""
    with psycopg.connect(database) as connection:
        connection.execute("update counted_ahead set stock_at = '-infinity'")  # the worker may have looked before
        connection.execute("select count_ahead()")


def put(api: httpx.Client, path: str, body: dict[str, Any], **headers: str) -> None:
    answer = api.put(path, json=body, headers=headers)
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"


def post(api: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.post(str(api.base_url.join(path)) if path.startswith("/api/") else path, json=body)
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    told: dict[str, Any] = answer.json()
    return told


def await_plan(api: httpx.Client, location: str) -> None:
    plan: dict[str, Any] = {}
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        plan = api.get(str(api.base_url.join(location))).json()
        if plan["state"] not in ("asked", "solving"):
            break
        time.sleep(0.2)
    assert plan["state"] == "done", plan


def check_until_the_duties_have_looked(database: str) -> dict[str, Any]:
    """Check again until nothing is missing: sensors and limits are looked at every quarter of a minute or so."""
    command = [program("tagdock-dashboards"), "check", "--json", "--allow-empty", NEEDS_A_DAY, "--database", database]
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        told: dict[str, Any] = json.loads(done.stdout)
        if not told["failed"] or time.monotonic() > deadline_s:
            return told
        time.sleep(1.0)


def test_every_panel_shows_data_on_a_filled_cloud(cloud: dict[str, str]) -> None:
    fill(cloud)
    fill_after_sales(cloud["database"])
    count_ahead(cloud["database"])
    told = check_until_the_duties_have_looked(cloud["database"])
    failed = [(one["dashboard"], one["panel"], one["problems"]) for one in told["findings"] if one["problems"]]
    assert (failed, told["rules_broken"]) == ([], [])
    rows = {finding["panel"]: finding["rows"] for finding in told["findings"]}
    assert rows["Uncertain passages to decide"] == PASSAGES // 5
    assert rows["Age of each gateway's last message"] == 1


def test_an_empty_cloud_is_told_from_a_broken_one(cloud: dict[str, str]) -> None:
    """Freshly migrated: nothing to show, and every query runs all the same."""
    command = [program("tagdock-dashboards"), "check", "--json", "--database", cloud["database"]]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=dict(os.environ)
    )
    assert done.returncode == 1, done.stderr
    said = {problem for finding in json.loads(done.stdout)["findings"] for problem in finding["problems"]}
    assert said == {"returns no data", "offers nothing to choose"}
