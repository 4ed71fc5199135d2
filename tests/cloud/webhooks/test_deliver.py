"""Deliveries against a real receiver that is slow, lies, breaks off, or is gone; and workers that are killed."""

import asyncio
import base64
import hashlib
import hmac
import http.server
import json
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tagdock_cloud.store import pool
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.webhooks.deliver import Deliverer
from tagdock_cloud.webhooks.duties import DUTIES
from tagdock_cloud.webhooks.message import Delivery, Outcome
from tagdock_cloud.webhooks.post import MOST_ANSWER_BYTES, Poster

Sql = Callable[..., list[dict[str, Any]]]
Wait = Callable[..., Any]
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


@contextmanager
def delivering(database: str, **settings: Any) -> Iterator[Deliverer]:
    deliverer = Deliverer(database, **{"private_webhooks": True, **settings})
    deliverer.start()
    try:
        yield deliverer
    finally:
        deliverer.stop()
        deliverer.join(20)


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


def tell(sql: Sql, body: str = '{"n": 1}', topic: str = "alert", site: str | None = "s1") -> int:
    return int(sql("select tell_webhooks(%s, %s, %s::jsonb) as told", [topic, site, body])[0]["told"])


def states(sql: Sql) -> Counter[str]:
    return Counter(row["state"] for row in sql("select state from deliveries"))


def test_each_subscribed_webhook_gets_one_delivery_in_the_callers_transaction(sql: Sql, webhook: Any) -> None:
    webhook("/all")
    webhook("/here", sites=["s1"])
    webhook("/elsewhere", sites=["s2"])
    webhook("/other", topics=["session.differences"])
    sql("update webhooks set is_active = false where webhook_id = %s", [webhook("/off")])
    assert tell(sql) == 2
    assert tell(sql, site=None) == 1  # what is of no site goes to those that hear of all
    sql("begin")
    tell(sql)
    sql("rollback")
    assert states(sql) == {"waiting": 3}


def test_a_webhook_hears_of_alerts_that_are_severe_enough_for_it(sql: Sql, webhook: Any) -> None:
    for severity in ("info", "warning", "critical"):
        webhook_id = webhook(f"/{severity}", topics=["alert", "session.differences"])
        sql("update webhooks set severity = %s where webhook_id = %s", [severity, webhook_id])
    told = [tell(sql, json.dumps({"severity": severity})) for severity in ("info", "warning", "critical")]
    assert told == [1, 2, 3]
    assert tell(sql, topic="session.differences") == 3  # what has no severity is for all


def test_a_webhook_that_is_being_removed_does_not_fail_the_work_that_tells_of_something(
    sql: Sql, webhook: Any, database: str
) -> None:
    webhook()
    told: list[int] = []
    with pool.connect(database) as remover:
        remover.execute("delete from webhooks")
        teller = threading.Thread(target=lambda: told.append(tell(sql)))
        teller.start()
        waiting = (
            "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and query like '%tell_webhooks%'"
        )
        deadline = time.monotonic() + 20
        with pool.connect(database) as watcher:
            while not watcher.execute(waiting).fetchall()[0]["n"] and time.monotonic() < deadline:
                watcher.commit()
                time.sleep(0.02)
        remover.commit()
        teller.join(20)
    assert told == [0]


def test_a_delivery_arrives_signed_and_is_noted(
    database: str, sql: Sql, receiver: Receiver, webhook: Any, wait_until: Wait
) -> None:
    receiver.statuses("/hook", 204)
    webhook()
    with delivering(database):
        tell(sql, '{"message": "Größe"}')
        wait_until(lambda: states(sql)["done"])
    ((_, headers, body),) = receiver.requests
    (row,) = sql("select * from deliveries")
    assert headers["webhook-id"] == str(row["delivery_id"])
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(b"only for tests", content, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 120
    said = json.loads(body)
    assert (said["type"], said["site"], said["data"]) == ("alert", "s1", {"message": "Größe"})
    assert (row["status"], row["attempts"], row["error"]) == (204, 1, None)


def test_a_receiver_that_fails_gets_the_same_message_again_under_the_same_id(
    database: str, sql: Sql, receiver: Receiver, webhook: Any, wait_until: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.statuses("/hook", 500, 429, 200)
    webhook()
    with delivering(database):
        tell(sql)
        for attempt in (1, 2):
            (row,) = wait_until(
                lambda n=attempt: sql("select * from deliveries where attempts = %s and error is not null", [n])
            )
            assert row["state"] == "waiting" and row["next_at"] > datetime.now(UTC) - timedelta(seconds=60)
            sql("update deliveries set next_at = now()")  # as if the waits were over
            sql("update webhooks set resume_at = now()")
        wait_until(lambda: states(sql)["done"])
    assert len(set(receiver.ids("/hook"))) == 1 and len(receiver.ids("/hook")) == 3
    assert len({body for _, _, body in receiver.requests}) == 1
    assert sql("select failures, resume_at from webhooks") == [{"failures": 0, "resume_at": None}]
    assert len([record for record in caplog.records if "500" in record.getMessage()]) == 1
    assert len(caplog.records) == 1  # a failing receiver is said once, not at each attempt


def test_a_message_that_is_given_up_is_a_dead_letter(
    database: str, sql: Sql, receiver: Receiver, webhook: Any, wait_until: Wait
) -> None:
    receiver.statuses("/hook", 500)
    webhook()
    tell(sql)
    sql("update deliveries set attempts = 14")
    with delivering(database):
        wait_until(lambda: states(sql)["dead"])
    (row,) = sql("select * from deliveries")
    assert row["attempts"] == 15 and row["ended_at"] is not None and "500" in row["error"]


def test_a_receiver_that_says_it_is_gone_is_switched_off(
    database: str, sql: Sql, receiver: Receiver, webhook: Any, wait_until: Wait
) -> None:
    receiver.statuses("/hook", 410)
    webhook()
    with delivering(database):
        tell(sql)
        wait_until(lambda: states(sql)["dead"])
    assert sql("select is_active from webhooks") == [{"is_active": False}] and tell(sql) == 0


def test_a_redirect_is_not_followed(
    database: str, sql: Sql, receiver: Receiver, webhook: Any, wait_until: Wait
) -> None:
    def redirect(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(307)
        handler.send_header("Location", receiver.url("/elsewhere"))
        handler.end_headers()

    receiver.behaviours["/hook"] = redirect
    receiver.statuses("/elsewhere", 200)
    webhook()
    with delivering(database):
        tell(sql)
        (row,) = wait_until(lambda: sql("select * from deliveries where error is not null"))
    assert "redirect, which is not followed" in row["error"] and receiver.ids("/elsewhere") == []


def test_an_answer_that_breaks_off_does_not_count(
    database: str, sql: Sql, receiver: Receiver, webhook: Any, wait_until: Wait
) -> None:
    def cut(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"only the begin")
        handler.close_connection = True

    receiver.behaviours["/hook"] = cut
    webhook()
    with delivering(database):
        tell(sql)
        (row,) = wait_until(lambda: sql("select * from deliveries where error is not null"))
    assert row["state"] == "waiting" and "broke off" in row["error"]


def test_of_an_endless_answer_only_the_beginning_is_read(
    database: str, sql: Sql, receiver: Receiver, webhook: Any, wait_until: Wait
) -> None:
    written: list[int] = []

    def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            for _ in range(10_000):
                handler.wfile.write(bytes(MOST_ANSWER_BYTES))
                written.append(MOST_ANSWER_BYTES)

    receiver.behaviours["/hook"] = endless
    webhook()
    with delivering(database):
        tell(sql)
        wait_until(lambda: states(sql)["done"])
    assert sum(written) < 500 * MOST_ANSWER_BYTES  # what fits into the sockets between, not 640 MB


def test_one_slow_receiver_holds_up_itself_alone(
    database: str, sql: Sql, receiver: Receiver, webhook: Any, wait_until: Wait
) -> None:
    receiver.hold("/slow")
    receiver.statuses("/quick", 200)
    slow, quick = webhook("/slow", topics=["session"]), webhook("/quick")
    for _ in range(30):
        tell(sql, topic="session")
    with delivering(database):
        wait_until(lambda: len(receiver.ids("/slow")) == 4)
        for _ in range(20):
            tell(sql)
        done = "select count(*) as n from deliveries where webhook_id = %s and state = 'done'"
        wait_until(lambda: sql(done, [quick])[0]["n"] == 20)
        assert len(receiver.ids("/slow")) == 4  # its places, no more
        receiver.released.set()
        wait_until(lambda: sql(done, [slow])[0]["n"] == 30)


def test_a_receiver_that_is_away_gets_one_message_at_a_time(
    database: str, sql: Sql, receiver: Receiver, webhook: Any, wait_until: Wait
) -> None:
    receiver.statuses("/hook", 503)
    webhook()
    sql("update webhooks set failures = 3, resume_at = now()")
    for _ in range(10):
        tell(sql)
    with delivering(database):
        wait_until(lambda: sql("select * from webhooks where failures = 4"))
        assert len(receiver.ids("/hook")) == 1
        assert sql("select resume_at > now() as paused from webhooks") == [{"paused": True}]


def test_a_worker_killed_between_sending_and_noting_sends_it_again_under_the_same_id(
    database: str, sql: Sql, receiver: Receiver, webhook: Any, program: Any, wait_ready: Any, wait_until: Wait
) -> None:
    receiver.hold("/hook")
    webhook()
    tell(sql)
    worker: subprocess.Popen[bytes] = program("work", database=database, private_webhooks="1")
    wait_ready(worker)
    wait_until(lambda: receiver.ids("/hook"))
    worker.kill()
    worker.wait(20)
    assert states(sql) == {"waiting": 1}
    receiver.released.set()
    with delivering(database):
        sql("update deliveries set next_at = now()")  # as if the dead worker's claim had ended
        wait_until(lambda: states(sql)["done"])
    assert len(receiver.ids("/hook")) == 2 and len(set(receiver.ids("/hook"))) == 1


def test_a_claim_that_ended_leaves_the_later_one_alone(sql: Sql, webhook: Any) -> None:
    queries = load_queries("tagdock_cloud.webhooks")
    webhook_id = webhook()
    tell(sql)
    claim = {"busy": "{}", "of_one": 4, "most": 32, "claim_s": 0.0}
    (first,) = sql(queries["claim"], claim)
    (second,) = sql(queries["claim"], {**claim, "claim_s": 90.0})
    failed = {"wait_s": None, "status": 500, "error": "x", "is_gone": False, "pause_s": 1.0, "webhook_id": webhook_id}
    sql(queries["failed"], {**failed, "delivery_id": first["delivery_id"], "claimed_until": first["claimed_until"]})
    assert states(sql) == {"waiting": 1}
    sql(queries["failed"], {**failed, "delivery_id": second["delivery_id"], "claimed_until": second["claimed_until"]})
    assert states(sql) == {"dead": 1}


def test_two_deliverers_share_the_queue_and_send_nothing_twice(
    database: str, sql: Sql, receiver: Receiver, webhook: Any, wait_until: Wait
) -> None:
    receiver.statuses("/hook", 200)
    webhook()
    for _ in range(30):
        tell(sql)
    with delivering(database), delivering(database):
        wait_until(lambda: states(sql)["done"] == 30)
    assert len(receiver.ids("/hook")) == len(set(receiver.ids("/hook"))) == 30


def test_a_full_queue_gives_up_the_oldest_and_what_is_too_large_is_not_kept(sql: Sql, webhook: Any) -> None:
    webhook_id = webhook()
    sql(
        "insert into deliveries (webhook_id, topic, site, body, queued_at) "
        "select %s, 'alert', 's1', to_jsonb(n), now() - interval '1 hour' + n * interval '1 millisecond' "
        "from generate_series(1, 10000) n",
        [webhook_id],
    )
    tell(sql, '"newest"')
    assert states(sql) == {"waiting": 10_000, "dead": 1}
    assert sql("select body, error from deliveries where state = 'dead'") == [
        {"body": 1, "error": "the queue was full: the oldest went first"}
    ]
    tell(sql, json.dumps("x" * 1_100_000))
    assert "larger than" in sql("select error from deliveries where state = 'dead' and body = '{}'")[0]["error"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("localhost", "private or reserved", id="name-of-loopback"),
        pytest.param("no-such-host.invalid", "cannot be looked up", id="unknown-name"),
    ],
)
def test_a_name_is_looked_at_when_it_is_sent_to(
    database: str, sql: Sql, receiver: Receiver, webhook: Any, wait_until: Wait, name: str, says: str
) -> None:
    receiver.statuses("/hook", 200)
    webhook(url=receiver.url("/hook").replace("127.0.0.1", name))
    with delivering(database, private_webhooks=False):
        tell(sql)
        (row,) = wait_until(lambda: sql("select * from deliveries where error is not null"))
    assert says in row["error"] and receiver.requests == []


def post(url: str, **settings: Any) -> Outcome:
    at = datetime.now(UTC)
    delivery = Delivery(uuid4(), uuid4(), "alert", None, {}, at, 1, at, url, SECRET, True)
    poster = Poster(is_private_allowed=True, **settings)
    try:
        return asyncio.run(asyncio.wait_for(poster.send(delivery), 40))
    finally:
        poster.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `localhost`, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(key.private_bytes(*plain) + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.mark.parametrize(
    ("host", "is_trusted", "is_done"),
    [
        pytest.param("localhost", True, True, id="its-name"),
        pytest.param("127.0.0.1", True, False, id="not-its-name"),
        pytest.param("localhost", False, False, id="nobody-vouches-for-it"),
    ],
)
def test_the_receivers_certificate_has_to_be_for_the_name_in_the_url(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, host: str, is_trusted: bool, is_done: bool
) -> None:
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with receiving(tls) as receiver:
        receiver.statuses("/hook", 200)
        outcome = post(receiver.url("/hook").replace("http://127.0.0.1", f"https://{host}"))
    assert outcome.is_done is is_done, outcome
    assert len(receiver.requests) == is_done
    assert is_done or "certificate" in str(outcome.error).lower()


def test_an_attempt_has_a_deadline_however_slowly_the_answer_drips(receiver: Receiver) -> None:
    def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            while not receiver.released.wait(0.05):
                handler.wfile.write(b".")

    receiver.behaviours["/hook"] = drip
    outcome = post(receiver.url("/hook"), total_timeout_s=1.0)
    assert not outcome.is_done and outcome.error == "no complete answer within 1 s"


def test_old_letters_are_given_up_and_forgotten(database: str, sql: Sql, webhook: Any) -> None:
    webhook_id = webhook()
    rows = [("waiting", 30, 0), ("waiting", 20, 0), ("done", 80, 80), ("done", 60, 60), ("dead", 24 * 31, 24 * 31),
            ("dead", 24 * 29, 24 * 29)]  # fmt: skip
    for state, begun_h, ended_h in rows:
        sql(
            "insert into deliveries (webhook_id, topic, body, state, begun_at, next_at, ended_at) values (%s, 'alert', "
            "'{}', %s, now() - make_interval(hours => %s), now(), case when %s <> 'waiting' then "
            "now() - make_interval(hours => %s) end)",
            [webhook_id, state, begun_h, state, ended_h],
        )
    with pool.connect(database) as connection:
        DUTIES[0].run(connection)
    assert states(sql) == {"waiting": 1, "dead": 2, "done": 1}
    (given_up,) = sql("select error from deliveries where state = 'dead' and begun_at > now() - interval '2 days'")
    assert given_up["error"] == "the receiver was away; given up after a day"
