"""Exports: whole lists in bounded memory, and nothing held once the caller is gone."""

import csv
import io
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_cloud.web import export

pytestmark = pytest.mark.slow

SITE = "export-1"
ROWS = 12_000
MORE_THAN_BUFFERS_HOLD = 40_000
"""Some 12 MB: what the sockets of both ends take before anybody reads is less."""
NOW = datetime.now(UTC)
FILL = """
insert into sites (site) values (%(site)s), ('export-2') on conflict do nothing;
"""
MOVEMENTS = """
insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, sku, door, direction, confidence, evidence)
select case n %% 10 when 0 then 'export-2' else %(site)s end, now() - n * interval '1 second', gen_random_uuid(), 'gw',
       'urn:epc:id:sgtin:9521234.000009.' || n %% 100, '30', case n %% 3 when 0 then '=S-1' else 'S-2' end,
       'D' || n %% 4,
       'out', 0.5, '{"reads": 12}' from generate_series(1, %(rows)s) n
"""
READINGS = """
insert into bin_readings (site, observed_at, event_id, gateway, bin, quantity, value, quality)
select %(site)s, now() - n * interval '1 minute', gen_random_uuid(), 'gw', 'B-' || n %% 3,
       case n %% 2 when 0 then 'mass_kg' else 'temperature_c' end, n, 'good' from generate_series(1, 600) n
"""


@pytest.fixture(scope="module", autouse=True)
def filled(service: Any) -> None:
    service.sql(FILL, {"site": SITE})
    service.sql(MOVEMENTS, {"site": SITE, "rows": ROWS})
    service.sql(READINGS, {"site": SITE})
    layout = {"v": 1, "doors": [], "bins": [{"id": "A-1", "x_m": 1, "y_m": 1, "zone": "@cold"}]}
    service.as_("admin").put(f"/api/v1/sites/{SITE}/layout", json=layout)
    items = [
        {"epc": f"urn:epc:id:sgtin:9521234.000010.{n}", "sku": "-S", "site": SITE, "bin": "A-1"} for n in range(50)
    ]
    assert service.as_("admin").put("/api/v1/items", json={"items": items}).status_code == 200


def ask(service: Any, path: str, accept: str, **query: Any) -> Any:
    answer = service.as_("viewer").get(f"/api/v1/{path}", params=query, headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    return answer


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_an_export_has_every_row_once_with_the_filters_of_the_list(service: Any) -> None:
    answer = ask(service, "movements", "application/x-ndjson")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="movements.ndjson"'
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert len({row["event_id"] for row in rows}) == len(rows) == ROWS
    for site in (SITE, "export-2"):
        times = [row["observed_at"] for row in rows if row["site"] == site]
        assert times == sorted(times)
    half = ask(service, "movements", "application/x-ndjson", site=SITE, door="D1",
               since=(NOW - timedelta(seconds=ROWS // 2)).isoformat())  # fmt: skip
    expected = [row for row in rows if row["site"] == SITE and row["door"] == "D1"
                and datetime.fromisoformat(row["observed_at"]) >= NOW - timedelta(seconds=ROWS // 2)]  # fmt: skip
    assert [json.loads(line) for line in half.text.splitlines()] == expected and expected


ODD = """
insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, sku, door, direction, confidence, evidence)
values ('export-3', '2026-02-01T00:00:00Z', gen_random_uuid(), 'gw', 'urn:epc:raw:96.x1', '30', 'ü, "S"', 'D1', 'out',
        0.1, '{"rssi_dbm": [-52.50, 1e-7, 12345678901234567.5, 1e400], "of": "a\\u00e9: b, c", "n": null, "in": [{}]}'),
       ('export-3', '2026-02-01T00:00:00.12Z', gen_random_uuid(), 'gw', 'urn:epc:raw:96.x2', '30', null, 'D1', 'out',
        1, '{}');
insert into bin_readings (site, observed_at, event_id, gateway, bin, quantity, value, quality)
select 'export-3', '2026-02-01T00:00:00Z'::timestamptz + n * interval '1 us', gen_random_uuid(), 'gw', 'B', 'mass_kg',
       value, 'good' from unnest('{0.1, -3.25, 1e22, 1e-9}'::float8[]) with ordinality as read (value, n)
"""


def test_a_line_of_an_export_is_the_row_of_a_page_to_the_byte(served: Any, new_database: Any) -> None:
    with served(new_database()) as service:
        service.sql("insert into sites (site) values ('export-3')")
        service.sql("select ensure_partitions('2026-01-31', '2026-02-02')")
        service.sql(ODD)
        service.sql("insert into bins (site, bin, zone) values ('export-3', 'A-1', '@cold')")
        named = [f"urn:epc:id:sgtin:9521234.000010.{n}" for n in range(3)]
        items = [{"epc": epc, "sku": "ü", "site": "export-3", "bin": "A-1"} for epc in named]
        assert service.as_("admin").put("/api/v1/items", json={"items": items}).status_code == 200
        for path, rows in (("movements", 2), ("bin-readings", 4), ("items", 3), ("stock", 1)):
            lines = ask(service, path, "application/x-ndjson").content.splitlines()
            page = ask(service, path, "application/json").content
            assert len(lines) == rows
            as_listed = lines[::-1] if path in ("movements", "bin-readings") else lines
            assert page == b'{"items":[' + b",".join(as_listed) + b"]}"


def test_csv_says_the_same_as_json(service: Any) -> None:
    query = {"site": "export-2", "since": (NOW - timedelta(seconds=3000)).isoformat()}
    lines = [json.loads(line) for line in ask(service, "movements", "application/x-ndjson", **query).text.splitlines()]
    rows = rows_of(ask(service, "movements", "text/csv", **query))
    assert [row["event_id"] for row in rows] == [line["event_id"] for line in lines] and rows
    assert list(rows[0]) == list(lines[0])
    assert json.loads(rows[0]["evidence"]) == {"reads": 12} and rows[0]["observed_at"].endswith("Z")


def test_a_spreadsheet_runs_no_cell(service: Any) -> None:
    assert {row["sku"] for row in rows_of(ask(service, "movements", "text/csv", site=SITE))} == {"'=S-1", "S-2"}
    (stock,) = rows_of(ask(service, "stock", "text/csv", site=SITE))
    assert (stock["sku"], stock["zone"], stock["quantity"]) == ("'-S", "'@cold", "50")
    for cell in ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1"):
        assert export.csv_lines([(cell,)]).decode().strip().strip('"').startswith("'")
    assert export.csv_lines([(-1.5, None)]) == b"-1.5,\r\n"


def test_items_stock_and_readings_are_exported_too(service: Any) -> None:
    assert len(rows_of(ask(service, "items", "text/csv", site=SITE))) == 50
    past = ask(service, "stock", "application/x-ndjson", site=SITE, at=(NOW - timedelta(hours=1)).isoformat())
    assert past.text == ""
    now = ask(service, "stock", "application/x-ndjson", site=SITE, at=(NOW + timedelta(hours=1)).isoformat())
    assert [json.loads(line)["items"] for line in now.text.splitlines()] == [50]
    assert len(rows_of(ask(service, "bin-readings", "text/csv", site=SITE, quantity="mass_kg"))) == 300


def test_readings_are_listed_newest_first_and_the_latest_of_each(service: Any) -> None:
    path, seen = f"/api/v1/bin-readings?site={SITE}&bin=B-1&limit=90", []
    while path:
        answer = service.as_("viewer").get(path)
        seen += [row["value"] for row in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url", "")
    assert seen == [float(n) for n in range(1, 601) if n % 3 == 1]
    service.sql("insert into bins (site, bin, zone) values (%(site)s, 'B-1', '@cold')", {"site": SITE})
    assert len(rows_of(ask(service, "bin-readings", "text/csv", site=SITE, zone="@cold"))) == len(seen)
    latest, path = [], f"/api/v1/bin-readings/latest?site={SITE}&limit=4"
    while path:
        answer = service.as_("viewer").get(path)
        latest += [(row["bin"], row["quantity"], row["value"]) for row in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url", "")
    assert latest == [
        ("B-0", "mass_kg", 6.0), ("B-0", "temperature_c", 3.0), ("B-1", "mass_kg", 4.0),
        ("B-1", "temperature_c", 1.0), ("B-2", "mass_kg", 2.0), ("B-2", "temperature_c", 5.0),
    ]  # fmt: skip
    one = service.as_("viewer").get("/api/v1/bin-readings/latest", params={"site": SITE, "bin": "B-1"}).json()
    assert [row["value"] for row in one["items"]] == [4.0, 1.0]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", None), ("*/*", None), ("application/json", None), ("text/csv", "csv"), ("TEXT/CSV; charset=utf-8", "csv"),
        ("application/json;q=0.5, text/csv;q=0.9", "csv"), ("text/csv;q=0.1, */*", None), ("text/csv;q=0", None),
        ("application/x-ndjson, text/csv;q=0.9", "ndjson"), ("text/csv;q=nonsense", None), ("text/html", None),
    ],
)  # fmt: skip
def test_what_is_accepted_decides_the_form(accept: str, form: str | None) -> None:
    assert export.asked_form(accept) == form


@contextmanager
def begun(service: Any) -> Iterator[None]:
    """Ask for an export over a bare connection, read its beginning, and leave it at the end of the `with`."""
    host, port = service.url.removeprefix("http://").split(":")
    request = (
        "GET /api/v1/movements HTTP/1.1\r\nHost: x\r\nAccept: text/csv\r\n"
        f"Authorization: Bearer {service.tokens['viewer']}\r\n\r\n"
    )
    deadline = time.monotonic() + 20
    while True:
        with socket.socket() as caller:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            caller.connect((host, int(port)))
            caller.sendall(request.encode())
            answer = caller.recv(12)
            if answer == b"HTTP/1.1 200":
                yield
                return
        assert time.monotonic() < deadline, answer  # the pool grows by itself, but not within one request


def wait_until(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def refused_export(viewer: Any) -> tuple[int, str]:
    answer = viewer.get("/api/v1/movements", headers={"Accept": "text/csv"})
    return answer.status_code, answer.headers.get("retry-after", "")


def open_cursors(service: Any) -> int:
    (row,) = service.sql(
        "select count(*) as n from pg_stat_activity where datname = current_database()"
        " and application_name = 'tagdock-cloud api' and state <> 'idle'"
    )
    return int(row["n"])


def test_a_caller_that_leaves_holds_nothing(served: Any, new_database: Any) -> None:
    with served(new_database()) as service:
        service.sql(FILL, {"site": SITE})
        service.sql(MOVEMENTS, {"site": SITE, "rows": MORE_THAN_BUFFERS_HOLD})
        viewer = service.as_("viewer")
        for _ in range(4):  # more often than there are places
            with ExitStack() as callers:
                for _ in range(export.MOST_EXPORTS):
                    callers.enter_context(begun(service))
                wait_until(lambda: open_cursors(service) == export.MOST_EXPORTS)
                wait_until(lambda: refused_export(viewer) == (503, "30"))
                wait_until(lambda: viewer.get("/api/v1/movements").status_code == 200)
            wait_until(lambda: open_cursors(service) == 0)
            wait_until(lambda: service.server.config.app.state.exports.running == 0)


def test_what_fails_before_the_first_row_is_a_problem(served: Any, new_database: Any) -> None:
    with served(new_database()) as service:
        service.sql("alter table movements rename to hidden")
        answer = service.as_("viewer").get("/api/v1/items", headers={"Accept": "text/csv"})
        assert answer.status_code == 200
        service.sql("insert into sites (site) values ('s')")
        answer = service.as_("viewer").get("/api/v1/movements", headers={"Accept": "text/csv"})
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert service.server.config.app.state.exports.running == 0


def test_an_export_that_cannot_be_finished_does_not_look_whole(served: Any, new_database: Any) -> None:
    import httpx

    with served(new_database()) as service:
        service.sql(FILL, {"site": SITE})
        service.sql(MOVEMENTS, {"site": SITE, "rows": MORE_THAN_BUFFERS_HOLD})
        with (
            pytest.raises(httpx.RemoteProtocolError),
            service.as_("viewer").stream("GET", "/api/v1/movements", headers={"Accept": "text/csv"}) as answer,
        ):
            chunks = answer.iter_raw(4096)
            next(chunks)
            service.sql(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                " and application_name = 'tagdock-cloud api'"
            )
            for _ in chunks:
                pass


BOUND_MB = 60
"""What exporting may add to the process; the rows themselves are about five times that as Python objects."""
MEASURE = """
import sys, resource, asyncio
from tagdock_cloud.app import create_app
from tagdock_cloud.config import ApiConfig
import uvicorn
app = create_app(ApiConfig(sys.argv[1], is_open=True))
server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", int(sys.argv[2]), log_level="error"))
server.run()
"""


def test_memory_does_not_grow_with_the_rows(new_database: Any, tmp_path: Any) -> None:
    """A process of its own, so that nothing else counts: its peak after a small and after a large export."""
    import httpx
    from tagdock_cloud.store import pool

    url = new_database()
    with pool.connect(url) as connection:
        connection.execute(FILL, {"site": SITE})
        connection.execute(MOVEMENTS, {"site": SITE, "rows": 100_000})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-c", MEASURE, url, str(port)])
    try:
        base = f"http://127.0.0.1:{port}/api/v1/movements"
        wait_until(lambda: _answers(base), 60)  # a whole program starts
        headers = {"Accept": "application/x-ndjson"}

        def lines(**query: str) -> int:
            with httpx.stream("GET", base, headers=headers, params=query, timeout=60) as answer:
                return sum(chunk.count(b"\n") for chunk in answer.iter_raw())

        assert lines(door="D1", site="export-2") == 0
        assert 0 < lines(site="export-2") < 20_000
        before = _peak_mb(process.pid)
        assert lines() == 100_000
        assert _peak_mb(process.pid) - before < BOUND_MB
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    import httpx

    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _peak_mb(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:  # noqa: PTH123
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
