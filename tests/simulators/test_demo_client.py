"""The client outlives a restart of the cloud, and says clearly what the cloud refuses."""

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tagdock_simulators.demo import client as module
from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.errors import DemoError


class Cloud(ThreadingHTTPServer):
    """Answers with what it is told to, in order, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, dict[str, str], Any]] = []
        self.asked: list[tuple[str, str, Any]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    server: Cloud

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, json.loads(body) if body else None))
        status, headers, content = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        written = json.dumps(content).encode()
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    do_GET = do_PUT = do_POST = answer  # noqa: N815  # http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
        """Say nothing."""


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    server = Cloud()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_pages_are_followed_to_the_end(cloud: Cloud) -> None:
    cloud.answers = [
        (200, {"Link": '</api/v1/movements?cursor=2>; rel="next"'}, {"items": [{"n": 1}]}),
        (200, {}, {"items": [{"n": 2}]}),
    ]

    async def scene() -> list[dict[str, Any]]:
        async with CloudClient(cloud.address, "t", "demo") as client:
            return [item async for item in client.movements(datetime(2026, 3, 2, tzinfo=UTC))]

    assert asyncio.run(scene()) == [{"n": 1}, {"n": 2}]
    assert cloud.asked[1][1] == "/api/v1/movements?cursor=2"


def test_a_cloud_that_is_not_ready_is_asked_again(cloud: Cloud) -> None:
    cloud.answers = [(503, {}, {"title": "no database"}), (200, {}, {"written": 1})]

    async def scene() -> None:
        async with CloudClient(cloud.address, "t", "demo") as client:
            await client.put_cartons([{"epc": "e1", "sku": "A", "quantity": 1}])

    asyncio.run(scene())
    assert [asked[2]["items"][0]["site"] for asked in cloud.asked] == ["demo", "demo"]


def test_a_refusal_is_told_at_once_in_one_line(cloud: Cloud) -> None:
    cloud.answers = [(422, {}, {"title": "Unprocessable", "detail": "items[0].gtin:\n wrong check digit"})]

    async def scene() -> None:
        async with CloudClient(cloud.address, "t", "demo") as client:
            await client.put_skus([{"sku": "A"}])

    with pytest.raises(DemoError, match=r"refused PUT /skus: 422 items\[0\]\.gtin: wrong check digit$"):
        asyncio.run(scene())


def test_a_cloud_that_stays_away_is_given_up(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TRY_FOR_S", 0.2)
    address = cloud.address

    async def scene() -> None:
        async with CloudClient(address.replace(str(cloud.server_port), "9"), "t", "demo") as client:
            await client.plan("p1")

    with pytest.raises(DemoError, match="has not answered GET /plans/p1"):
        asyncio.run(scene())


def test_a_plan_is_known_by_its_location(cloud: Cloud) -> None:
    cloud.answers = [(201, {"Location": "/api/v1/plans/0190-abc"}, {})]

    async def scene() -> str:
        async with CloudClient(cloud.address, "t", "demo") as client:
            return await client.ask_plan(represents_days=3)

    assert asyncio.run(scene()) == "0190-abc"
    assert cloud.asked == [("POST", "/api/v1/plans", {"site": "demo", "represents_days": 3})]
