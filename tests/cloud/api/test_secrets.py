"""No secret in an answer or a log, however a request fails."""

import json
import logging
from typing import Any

import httpx
import pytest

PLANTED = "tagdock_planted-secret-0123456789abcdefghijklmnop"


def requests_with(secret: str) -> list[dict[str, Any]]:
    """Return requests that hold a secret wherever one may stand, each of which fails in its own way."""
    bearer = {"Authorization": f"Bearer {secret}"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    user = {"name": "x" * 99, "role": "viewer", "password": secret}
    return [
        {"method": "GET", "url": "/api/v1/skus", "headers": bearer},
        {"method": "GET", "url": "/api/v1/skus", "headers": {"Authorization": f"Basic {secret}"}},
        {"method": "GET", "url": "/plans", "headers": bearer | {"Accept": "text/html"}},
        {"method": "GET", "url": "/nothing", "headers": bearer},
        {"method": "DELETE", "url": "/api/v1/skus", "headers": bearer},
        {"method": "GET", "url": "/api/v1/skus", "headers": {"Cookie": f"tagdock_session={secret}"}},
        {"method": "GET", "url": f"/login?token={secret}"},
        {"method": "POST", "url": "/login", "data": {"token": secret, "to": "/"}},
        {"method": "POST", "url": "/login", "data": {"name": secret[:64], "password": "x"}},
        {"method": "POST", "url": "/login", "data": {"name": "mei", "password": secret}},
        {"method": "POST", "url": "/login", "data": {"name": "mei", "password": secret * 20}},
        {"method": "POST", "url": "/login", "content": f"password={secret}%ff".encode(), "headers": form},
        {"method": "GET", "url": f"/login/oidc/return?code={secret}&state={secret}"},
        {"method": "POST", "url": "/logout", "headers": {"Cookie": f"tagdock_session={secret}"}},
        {"method": "POST", "url": "/api/v1/users", "json": user, "role": "admin"},
        {"method": "POST", "url": "/api/v1/users", "json": [user], "role": "admin"},
        {"method": "POST", "url": "/api/v1/users", "json": {**user, secret: 1}, "role": "viewer"},
        {"method": "POST", "url": "/api/v1/users", "content": json.dumps(user)[:-1], "role": "admin"},
        {"method": "PUT", "url": "/api/v1/users/nobody/password", "json": {"password": secret}, "role": "admin"},
        {"method": "PUT", "url": "/api/v1/users/nobody/password", "json": {"password": secret * 9}, "role": "admin"},
        {"method": "PUT", "url": "/api/v1/users/nobody/password", "json": {"password": [secret]}, "role": "admin"},
        {
            "method": "PUT",
            "url": "/api/v1/me/password",
            "json": {"old_password": secret, "password": secret},
            "role": "admin",
        },
    ]


def play(service: Any) -> None:
    """Send them all; each has to fail, or be a log-out."""
    for request in requests_with(PLANTED):
        headers = dict(request.pop("headers", {}))
        role = request.pop("role", None)
        if role:
            headers["Authorization"] = f"Bearer {service.tokens[role]}"
        url = service.url + request.pop("url")
        answer = httpx.request(**request, url=url, headers=headers, timeout=20)
        assert answer.status_code >= 400 or "/log" in url or answer.headers["location"].startswith("/login"), url
        told = answer.text + repr(answer.headers)
        assert PLANTED not in told and "Traceback" not in told, (url, told)


def test_no_secret_leaves_in_an_answer_or_a_log(service: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    play(service)
    ours = [record for record in caplog.records if not record.name.startswith("http")]  # the test's own client
    assert [record.getMessage() for record in ours if PLANTED in record.getMessage()] == []
    kept = "".join(repr(service.sql(f"select * from {table}")) for table in ("audit", "idempotency_keys", "users"))
    assert PLANTED not in kept


def test_nor_when_the_database_is_away(served: Any, new_database: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with served(new_database()) as running:
        password = running.database.split(":")[2].split("@")[0]
        running.drop()
        for request in (requests_with(PLANTED)[place] for place in (0, 2, 5, 7)):
            answer = httpx.request(**{**request, "url": running.url + request["url"]}, timeout=20)
            assert answer.status_code == 503 and PLANTED not in answer.text and password not in answer.text
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("http")]
    assert [line for line in ours if PLANTED in line or password in line] == []
