"""The HTTP interface as its users meet it: a real server on a real database, one of both a test module."""

import importlib.util
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import uvicorn
from tagdock_cloud.access.roles import ROLES
from tagdock_cloud.access.tokens import add_token
from tagdock_cloud.app import create_app
from tagdock_cloud.config import ApiConfig, Front
from tagdock_cloud.store import pool


def _load(name: str) -> ModuleType:
    """Import a helper that lies beside this file; pytest's importlib mode puts no folder on the path."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"tagdock_cloud_api_{name}", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


warehouse_module = _load("warehouse")
browsing = _load("browsing")
FRONT = Front(rate_per_s=2000, kept_s=0.2)
"""Many requests from one address, and little patience until a revoked token is out."""


@dataclass
class Service:
    """A running interface: where it is, its database, and a client for each role."""

    url: str
    database: str
    tokens: dict[str, str]
    server: uvicorn.Server
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    def as_(self, role: Any, *sites: str) -> httpx.Client:
        """Return a client that sends the token of a role, at all sites or at those named; None: no token."""
        key = "/".join((role or "nobody", *sites))
        if key not in self.clients:
            if role and key not in self.tokens:
                with pool.connect(self.database) as connection:
                    self.tokens[key] = add_token(connection, f"{key}-{secrets.token_hex(3)}", role, sites=sites)
            headers = {"Authorization": f"Bearer {self.tokens[key]}"} if role else {}
            self.clients[key] = httpx.Client(base_url=self.url, headers=headers, timeout=20)
        return self.clients[key]

    def sql(self, statement: Any, values: Any = None) -> list[dict[str, Any]]:
        """Run one statement in the database and return its rows."""
        with pool.connect(self.database) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def drop(self) -> None:
        """Take the database away under the running interface."""
        _admin(self.database, f"drop database {self.database.rsplit('/', 1)[1]} with (force)")


@pytest.fixture(scope="session")
def new_database(postgres: Any) -> Callable[[], str]:
    """Make databases with the current schema, empty; they go with their server."""

    def make() -> str:
        name = f"api_{secrets.token_hex(4)}"
        _admin(postgres.url, f"create database {name} template {postgres.pattern} strategy file_copy owner tagdock")
        return str(postgres.url.rsplit("/", 1)[0] + f"/{name}")

    return make


@pytest.fixture(scope="module")
def service(new_database: Callable[[], str]) -> Iterator[Service]:
    """An interface with an empty database."""
    with serving(new_database()) as running:
        yield running


@pytest.fixture(scope="session")
def helpers() -> ModuleType:
    """Movements to store, and the site that they are of."""
    return warehouse_module


@pytest.fixture(scope="module")
def warehouse(service: Service) -> Any:
    """The same, filled with a warehouse of some hundred bins and some thousand movements."""
    warehouse_module.fill(service)
    return service


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium for a module's pages; while it is open its thread runs a loop, in which no other test may run one."""
    if browsing.CHROMIUM is None:
        pytest.skip("no chromium: apt-get install chromium-headless-shell")
    api = pytest.importorskip("playwright.sync_api", reason="install the test group: uv sync --group test")
    api.expect.set_options(timeout=browsing.PATIENCE_MS)
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=browsing.CHROMIUM, args=browsing.ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def watch(browser: Any, warehouse: Any) -> Iterator[Any]:
    """Pages of the filled warehouse; fails where one logged an error or asked another host."""
    watching = browsing.Watch(browser, warehouse)
    yield watching
    watching.close()
    assert watching.troubles == []


@pytest.fixture(scope="session")
def oidc_provider() -> ModuleType:
    """A small OpenID provider."""
    return _load("oidc_provider")


@pytest.fixture(scope="session")
def front() -> Front:
    """How tests meet the interface."""
    return FRONT


@contextmanager
def serving(database: str, *, is_open: bool = False, front: Front = FRONT) -> Iterator[Service]:
    """Serve a database for the time of the `with`."""
    with pool.connect(database) as connection:
        tokens = {role: add_token(connection, f"{role}-{secrets.token_hex(3)}", role) for role in ROLES}
    port = free_port()
    app = create_app(ApiConfig(database, "127.0.0.1", port, is_open, front=front))
    settings = uvicorn.Config(app, "127.0.0.1", port, log_level="error", timeout_graceful_shutdown=10, ws="none")
    server = uvicorn.Server(settings)
    app.state.is_stopping = lambda: server.should_exit
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    service = Service(f"http://127.0.0.1:{port}", database, tokens, server)
    try:
        yield service
    finally:
        for client in service.clients.values():
            client.close()
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="session")
def served() -> Callable[..., Any]:
    """`serving`, for tests that need an interface of their own."""
    return serving


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _admin(url: str, statement: Any) -> None:
    superuser = url.replace("//tagdock:", "//postgres:").rsplit("/", 1)[0]
    with pool.connect(f"{superuser}/postgres") as connection:
        connection.autocommit = True
        connection.execute(statement)
