"""Deliveries against a real receiver that is slow, lies, breaks off, or is gone; and workers that are killed."""

import base64
import hashlib
import hmac
import http.server
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_cloud.webhooks.deliver import Deliverer
from tagdock_cloud.webhooks.post import MOST_ANSWER_BYTES

Sql = Callable[..., list[dict[str, Any]]]
Tell = Callable[..., int]
States = Callable[[], Counter[str]]
Wait = Callable[..., Any]


@contextmanager
def delivering(database: str, **settings: Any) -> Iterator[Deliverer]:
    deliverer = Deliverer(database, **{"private_webhooks": True, **settings})
    deliverer.start()
    try:
        yield deliverer
    finally:
        deliverer.stop()
        deliverer.join(20)


def test_a_delivery_arrives_signed_and_is_noted(
    database: str, sql: Sql, receiver: Any, webhook: Any, wait_until: Wait, tell: Tell, states: States
) -> None:
    receiver.statuses("/hook", 204)
    webhook()
    with delivering(database):
        tell('{"message": "Größe"}')
        wait_until(lambda: states()["done"])
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
    database: str,
    sql: Sql,
    receiver: Any,
    webhook: Any,
    wait_until: Wait,
    caplog: pytest.LogCaptureFixture,
    tell: Tell,
    states: States,
) -> None:
    receiver.statuses("/hook", 500, 429, 200)
    webhook()
    with delivering(database):
        tell()
        for attempt in (1, 2):
            (row,) = wait_until(
                lambda n=attempt: sql("select * from deliveries where attempts = %s and error is not null", [n])
            )
            assert row["state"] == "waiting" and row["next_at"] > datetime.now(UTC) - timedelta(seconds=60)
            sql("update deliveries set next_at = now()")  # as if the waits were over
            sql("update webhooks set resume_at = now()")
        wait_until(lambda: states()["done"])
    assert len(set(receiver.ids("/hook"))) == 1 and len(receiver.ids("/hook")) == 3
    assert len({body for _, _, body in receiver.requests}) == 1
    assert sql("select failures, resume_at from webhooks") == [{"failures": 0, "resume_at": None}]
    said = [record.getMessage() for record in caplog.records if "webhook=" in record.getMessage()]
    assert len(said) == 1 and "500" in said[0]  # a failing receiver is said once, not at each attempt


def test_a_message_that_is_given_up_is_a_dead_letter(
    database: str, sql: Sql, receiver: Any, webhook: Any, wait_until: Wait, tell: Tell, states: States
) -> None:
    receiver.statuses("/hook", 500)
    webhook()
    tell()
    sql("update deliveries set attempts = 14")
    with delivering(database):
        wait_until(lambda: states()["dead"])
    (row,) = sql("select * from deliveries")
    assert row["attempts"] == 15 and row["ended_at"] is not None and "500" in row["error"]


def test_a_receiver_that_says_it_is_gone_is_switched_off(
    database: str, sql: Sql, receiver: Any, webhook: Any, wait_until: Wait, tell: Tell, states: States
) -> None:
    receiver.statuses("/hook", 410)
    webhook()
    with delivering(database):
        tell()
        wait_until(lambda: states()["dead"])
    assert sql("select is_active from webhooks") == [{"is_active": False}] and tell() == 0


def test_a_redirect_is_not_followed(
    database: str, sql: Sql, receiver: Any, webhook: Any, wait_until: Wait, tell: Tell
) -> None:
    def redirect(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(307)
        handler.send_header("Location", receiver.url("/elsewhere"))
        handler.end_headers()

    receiver.behaviours["/hook"] = redirect
    receiver.statuses("/elsewhere", 200)
    webhook()
    with delivering(database):
        tell()
        (row,) = wait_until(lambda: sql("select * from deliveries where error is not null"))
    assert "redirect, which is not followed" in row["error"] and receiver.ids("/elsewhere") == []


def test_an_answer_that_breaks_off_does_not_count(
    database: str, sql: Sql, receiver: Any, webhook: Any, wait_until: Wait, tell: Tell
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
        tell()
        (row,) = wait_until(lambda: sql("select * from deliveries where error is not null"))
    assert row["state"] == "waiting" and "broke off" in row["error"]


def test_of_an_endless_answer_only_the_beginning_is_read(
    database: str, sql: Sql, receiver: Any, webhook: Any, wait_until: Wait, tell: Tell, states: States
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
        tell()
        wait_until(lambda: states()["done"])
    assert sum(written) < 500 * MOST_ANSWER_BYTES  # what fits into the sockets between, not 640 MB


def test_one_slow_receiver_holds_up_itself_alone(
    database: str, sql: Sql, receiver: Any, webhook: Any, wait_until: Wait, tell: Tell
) -> None:
    receiver.hold("/slow")
    receiver.statuses("/quick", 200)
    slow, quick = webhook("/slow", topics=["session"]), webhook("/quick")
    for _ in range(30):
        tell(topic="session")
    with delivering(database):
        wait_until(lambda: len(receiver.ids("/slow")) == 4)
        for _ in range(20):
            tell()
        done = "select count(*) as n from deliveries where webhook_id = %s and state = 'done'"
        wait_until(lambda: sql(done, [quick])[0]["n"] == 20)
        assert len(receiver.ids("/slow")) == 4  # its places, no more
        receiver.released.set()
        wait_until(lambda: sql(done, [slow])[0]["n"] == 30)


def test_a_receiver_that_is_away_gets_one_message_at_a_time(
    database: str, sql: Sql, receiver: Any, webhook: Any, wait_until: Wait, tell: Tell
) -> None:
    receiver.statuses("/hook", 503)
    webhook()
    sql("update webhooks set failures = 3, resume_at = now()")
    for _ in range(10):
        tell()
    with delivering(database):
        wait_until(lambda: sql("select * from webhooks where failures = 4"))
        assert len(receiver.ids("/hook")) == 1
        assert sql("select resume_at > now() as paused from webhooks") == [{"paused": True}]


def test_a_worker_killed_between_sending_and_noting_sends_it_again_under_the_same_id(
    database: str,
    sql: Sql,
    receiver: Any,
    webhook: Any,
    program: Any,
    wait_ready: Any,
    wait_until: Wait,
    tell: Tell,
    states: States,
) -> None:
    receiver.hold("/hook")
    webhook()
    tell()
    worker: subprocess.Popen[bytes] = program("work", database=database, private_webhooks="1")
    wait_ready(worker)
    wait_until(lambda: receiver.ids("/hook"))
    worker.kill()
    worker.wait(20)
    assert states() == {"waiting": 1}
    receiver.released.set()
    with delivering(database):
        sql("update deliveries set next_at = now()")  # as if the dead worker's claim had ended
        wait_until(lambda: states()["done"])
    assert len(receiver.ids("/hook")) == 2 and len(set(receiver.ids("/hook"))) == 1


def test_two_deliverers_share_the_queue_and_send_nothing_twice(
    database: str, sql: Sql, receiver: Any, webhook: Any, wait_until: Wait, tell: Tell, states: States
) -> None:
    receiver.statuses("/hook", 200)
    webhook()
    for _ in range(30):
        tell()
    with delivering(database), delivering(database):
        wait_until(lambda: states()["done"] == 30)
    assert len(receiver.ids("/hook")) == len(set(receiver.ids("/hook"))) == 30


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("localhost", "private or reserved", id="name-of-loopback"),
        pytest.param("no-such-host.invalid", "cannot be looked up", id="unknown-name"),
    ],
)
def test_a_name_is_looked_at_when_it_is_sent_to(
    database: str, sql: Sql, receiver: Any, webhook: Any, wait_until: Wait, name: str, says: str, tell: Tell
) -> None:
    receiver.statuses("/hook", 200)
    webhook(url=receiver.url("/hook").replace("127.0.0.1", name))
    with delivering(database, private_webhooks=False):
        tell()
        (row,) = wait_until(lambda: sql("select * from deliveries where error is not null"))
    assert says in row["error"] and receiver.requests == []
