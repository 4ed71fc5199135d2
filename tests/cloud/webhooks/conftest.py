"""An HTTP receiver that answers as it is told, and webhooks that lead to it."""

import base64
import http.server
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

Sql = Callable[..., list[dict[str, Any]]]
SECRET = "whsec_" + base64.b64encode(b"only for tests").decode()


@dataclass
class Receiver:
    """An HTTP server that answers each path as it is told, and remembers what came."""

    server: http.server.ThreadingHTTPServer
    behaviours: dict[str, Callable[[http.server.BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def ids(self, path: str) -> list[str]:
        return [headers["webhook-id"] for where, headers, _ in self.requests if where == path]

    def statuses(self, path: str, *statuses: int) -> None:
        """Answer with these statuses in turn, the last one for ever."""
        left = list(statuses)

        def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
            handler.send_response(left.pop(0) if len(left) > 1 else left[0])
            handler.end_headers()

        self.behaviours[path] = answer

    def hold(self, path: str) -> None:
        """Answer only once released."""

        def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
            self.released.wait(60)
            with suppress(OSError):
                handler.send_response(204)
                handler.end_headers()

        self.behaviours[path] = answer


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            receiver.behaviours[self.path](self)

        def log_message(self, *_: Any) -> None: ...

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: Any) -> None: ...  # a sender that goes away is what some tests are about

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver = Receiver(server)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        server.server_close()
        thread.join(20)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(name="receiving")
def _receiving() -> Callable[..., Any]:
    """`receiving`, for tests that need a receiver of their own."""
    return receiving


@pytest.fixture
def webhook(sql: Sql, receiver: Receiver) -> Callable[..., Any]:
    """A function that adds a webhook to a path of the receiver and returns its id."""

    def add(path: str = "/hook", **changes: Any) -> Any:
        values = {"name": path, "url": receiver.url(path), "topics": ["alert"], "sites": None, **changes}
        return sql(
            "insert into webhooks (name, url, topics, sites, secret) values (%(name)s, %(url)s, %(topics)s, %(sites)s, "
            f"'{SECRET}') returning webhook_id",
            values,
        )[0]["webhook_id"]

    return add


@pytest.fixture(name="tell")
def _tell(sql: Sql) -> Callable[..., int]:
    """A function that tells webhooks of something and returns how many listen."""

    def tell(body: str = '{"n": 1}', topic: str = "alert", site: str | None = "s1") -> int:
        return int(sql("select tell_webhooks(%s, %s, %s::jsonb) as told", [topic, site, body])[0]["told"])

    return tell


@pytest.fixture(name="states")
def _states(sql: Sql) -> Callable[[], Counter[str]]:
    """A function that counts deliveries by their state."""
    return lambda: Counter(row["state"] for row in sql("select state from deliveries"))
