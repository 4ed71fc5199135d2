"""Users, sessions, pauses after failed logins."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from tagdock_cloud.access.lockout import address_group, attempt_key
from tagdock_cloud.access.passwords import hash_password

ANY = {"If-Match": "*"}
PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)
"""Hashing is slow on purpose: one hash serves the users whose password is not what a test is about."""


@pytest.fixture
def person(service: Any) -> Callable[..., str]:
    """A function that makes a user, who may read, and returns the name."""

    def make(role: str = "viewer", sites: list[str] | None = None) -> str:
        name = f"u{secrets.token_hex(4)}"
        values = {"name": name, "role": role, "sites": sites, "hash": HASH}
        service.sql(
            "insert into users (name, password_hash, role, sites) values (%(name)s, %(hash)s, %(role)s, %(sites)s)",
            values,
        )
        return name

    return make


class Browser(httpx.Client):
    """A browser that tried to log in, and the answer it got."""

    answer: httpx.Response


@contextmanager
def browser(service: Any, name: str, password: str = PASSWORD) -> Iterator[Browser]:
    """Log in as a browser does; each from an address of its own, as a trusted proxy tells it."""
    headers = {"X-Forwarded-For": f"10.{secrets.randbelow(250)}.{secrets.randbelow(250)}.1"}
    with Browser(base_url=service.url, timeout=20, headers=headers) as client:
        client.answer = client.post("/login", data={"name": name, "password": password})
        yield client


def reads(client: httpx.Client) -> bool:
    return client.get("/api/v1/me").status_code == 200


def test_a_user_logs_in_and_is_who_they_are(service: Any, person: Callable[..., str]) -> None:
    name = person("planner", ["s1"])
    with browser(service, name) as client:
        assert client.get("/api/v1/me").json() == {
            "name": name, "kind": "user", "role": "planner", "sites": ["s1"], "rights": ["read", "plan"],
        }  # fmt: skip
        set_cookie = client.answer.headers["set-cookie"].lower()
        assert "httponly" in set_cookie and "samesite=strict" in set_cookie


def test_the_database_holds_neither_a_password_nor_a_cookie(service: Any, person: Callable[..., str]) -> None:
    with browser(service, person()) as client:
        cookie = client.cookies["tagdock_session"]
    everything = repr(service.sql("select * from users")) + repr(
        service.sql("select encode(session_hash, 'escape') from console_sessions")
    )
    assert PASSWORD not in everything and cookie not in everything and "$argon2id$" in everything


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param("update console_sessions set expires_at = now()", id="its time is over"),
        pytest.param("update console_sessions set seen_at = now() - interval '13 hours'", id="nobody used it"),
        pytest.param("update users set disabled_at = now()", id="its user is disabled"),
        pytest.param("delete from console_sessions", id="it was ended"),
    ],
)
def test_a_session_ends_when(service: Any, person: Callable[..., str], wait_until: Any, spoil: str) -> None:
    name = person()
    with browser(service, name) as client:
        assert reads(client)
        service.sql(f"{spoil} where {'name' if 'users' in spoil else 'user_name'} = %(name)s", {"name": name})
        wait_until(lambda: not reads(client))


def test_a_session_of_a_token_ends_with_the_token(service: Any, wait_until: Any) -> None:
    made = service.as_("admin").post("/api/v1/tokens", json={"name": "screen", "role": "viewer"}).json()
    with httpx.Client(base_url=service.url, timeout=20) as client:
        assert client.post("/login", data={"token": made["token"]}).status_code == 303
        assert reads(client) and client.get("/api/v1/me").json()["kind"] == "token"
        assert service.as_("admin").delete("/api/v1/tokens/screen").status_code == 204
        assert not reads(client)


@pytest.mark.parametrize("everywhere", [False, True])
def test_logging_out_here_or_everywhere(service: Any, person: Callable[..., str], everywhere: bool) -> None:
    name = person()
    with browser(service, name) as here, browser(service, name) as there:
        assert f"logged in as {name}" in here.get("/login").text
        here.post("/logout", data={"everywhere": str(everywhere).lower()})
        assert reads(there) is not everywhere
        here.cookies.clear()
        assert not reads(here)


def test_five_failures_make_a_user_wait_and_a_good_login_forgives(
    service: Any, person: Callable[..., str], wait_until: Any
) -> None:
    name = person()
    for _ in range(5):
        with browser(service, name, "wrong") as client:
            assert client.answer.status_code == 401
    with browser(service, name) as client:
        assert client.answer.status_code == 303
    for _ in range(5):
        with browser(service, name, "wrong") as client:
            assert client.answer.status_code == 401
    with browser(service, name, "wrong") as client:
        assert client.answer.status_code == 401
    with browser(service, name) as client:
        assert client.answer.status_code == 429
        assert 1 <= int(client.answer.headers["retry-after"]) <= 2

    def comes_in() -> bool:
        with browser(service, name) as client:
            return bool(client.answer.status_code == 303)

    wait_until(comes_in)


def test_failures_are_counted_for_all_processes_together(service: Any, person: Callable[..., str], served: Any) -> None:
    name = person()
    with served(service.database) as other:
        for process in (service, other, service):
            with browser(process, name, "wrong") as client:
                assert client.answer.status_code == 401
    counted = service.sql("select failures from login_failures where key = %s", [attempt_key("user", name)])
    assert counted == [{"failures": 3}]


def test_no_pause_of_a_user_is_longer_than_a_minute(service: Any, person: Callable[..., str]) -> None:
    name = person()
    with browser(service, name, "wrong"):
        service.sql(
            "update login_failures set failures = 40 where failed_at = (select max(failed_at) from login_failures)"
        )
    with browser(service, name, "wrong"):
        pass
    (row,) = service.sql(
        "select extract(epoch from wait_until - now())::integer as wait_s from login_failures where failures > 40"
    )
    assert 40 <= row["wait_s"] <= 60


def test_an_address_waits_whatever_names_it_tries(service: Any) -> None:
    address = "192.0.2.77"
    codes = []
    for turn in range(23):
        answer = httpx.post(
            f"{service.url}/login", data={"token": f"t{turn}"}, headers={"X-Forwarded-For": address}, timeout=20
        )
        codes.append(answer.status_code)
    assert codes[:21] == [401] * 21 and codes[21:] == [429, 429]


@pytest.mark.parametrize(
    ("host", "group"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("nonsense", "nonsense"),
    ],
)
def test_one_household_is_one_address(host: str, group: str) -> None:
    assert address_group(host) == group


def test_an_administrator_keeps_users(service: Any) -> None:
    admin = service.as_("admin")
    name = f"n{secrets.token_hex(4)}"
    body = {"name": name, "role": "viewer", "password": PASSWORD}
    made = admin.post("/api/v1/users", json=body)
    assert made.status_code == 201 and made.json()["has_password"] and PASSWORD not in made.text
    assert admin.post("/api/v1/users", json=body).status_code == 409
    with browser(service, name) as client:
        changed = admin.put(f"/api/v1/users/{name}", json={"role": "operator", "sites": ["s1"]}, headers=ANY).json()
        assert (changed["role"], changed["sites"]) == ("operator", ["s1"])
        assert client.get("/api/v1/me").json()["role"] == "operator"
        assert admin.put(f"/api/v1/users/{name}/password", json={"password": "another long one"}).status_code == 204
        assert not reads(client)
    with browser(service, name, "another long one") as client:
        own = {"old_password": "another long one", "password": PASSWORD}
        assert client.put("/api/v1/me/password", json={**own, "old_password": "wrong"}).status_code == 401
        assert client.put("/api/v1/me/password", json=own).status_code == 204
        assert not reads(client)
    with browser(service, name) as client:
        assert admin.post(f"/api/v1/users/{name}/logout").status_code == 204
        assert not reads(client)
    assert (
        admin.put(f"/api/v1/users/{name}", json={"role": "operator", "disabled": True}, headers=ANY).status_code == 200
    )
    with browser(service, name) as client:
        assert client.answer.status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "role": "viewer", "password": "short"}, "password"),
        ({"name": "a b", "role": "viewer"}, "name"),
        ({"name": "x", "role": "king"}, "role"),
        ({"name": "x", "role": "device"}, "role"),
        ({"name": "x", "role": "viewer", "sites": []}, "sites"),
        ({"name": "x", "role": "viewer", "sites": ["a b"]}, "sites[0]"),
    ],
)
def test_a_user_that_will_not_do_is_refused_by_field(service: Any, body: Any, field: str) -> None:
    answer = service.as_("admin").post("/api/v1/users", json=body)
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field


def test_the_last_admin_cannot_be_taken_away(served: Any, new_database: Any) -> None:
    with served(new_database()) as running:
        running.sql("insert into users (name, role, password_hash) values ('boss', 'admin', %(h)s)", {"h": HASH})
        with browser(running, "boss") as boss:
            running.sql("update tokens set revoked_at = now()")
            for body in ({"role": "viewer"}, {"role": "admin", "disabled": True}, {"role": "admin", "sites": ["s1"]}):
                assert boss.put("/api/v1/users/boss", json=body, headers=ANY).status_code == 422
            assert boss.put("/api/v1/users/boss", json={"role": "admin"}, headers=ANY).status_code == 200


def test_an_admin_of_a_site_makes_nobody_of_another(service: Any, person: Callable[..., str]) -> None:
    here = service.as_("admin", "s1")
    whole, other, own = person(), person(sites=["s2"]), person(sites=["s1"])
    for sites in (None, ["s2"], ["s1", "s2"]):
        assert here.post("/api/v1/users", json={"name": "x1", "role": "viewer", "sites": sites}).status_code == 403
        assert here.post("/api/v1/tokens", json={"name": "x1", "role": "viewer", "sites": sites}).status_code == 403
        assert here.put(f"/api/v1/users/{own}", json={"role": "viewer", "sites": sites}).status_code == 403
    for name in (whole, other):
        assert here.get(f"/api/v1/users/{name}").status_code == 403
        assert here.put(f"/api/v1/users/{name}/password", json={"password": PASSWORD}).status_code == 403
        assert here.put(f"/api/v1/users/{name}", json={"role": "viewer", "sites": ["s1"]}).status_code == 403
    assert here.get(f"/api/v1/users/{own}").status_code == 200
    listed = {row["name"] for row in here.get("/api/v1/users?limit=1000").json()["items"]}
    assert own in listed and not listed & {whole, other}
    assert here.post("/api/v1/gateways", json={"site": "s2", "gateway": "g"}).status_code == 403


def test_the_command_line_keeps_users(new_database: Any, served: Any) -> None:
    database = new_database()

    def run(*arguments: str, typed: str = "") -> tuple[int, str]:
        command, settings = (
            [sys.executable, "-m", "tagdock_cloud", *arguments],
            {**os.environ, "TAGDOCK_DATABASE": database},
        )
        done = subprocess.run(
            command, env=settings, input=typed, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stdout + done.stderr

    added = run("users", "add", "mei", "--role", "operator", "--site", "s1", "--password-stdin", typed=PASSWORD + "\n")
    assert added[0] == 0
    assert run("users", "add", "mei", "--role", "viewer", "--no-password")[0] == 1
    assert run("users", "add", "kim", "--role", "viewer", "--password-stdin", typed="short\n")[0] == 2
    assert run("users", "add", "kim", "--role", "viewer", "--site", "a/b", "--no-password")[0] == 2
    assert "mei" in run("users", "list", "--json")[1]
    with served(database) as running, browser(running, "mei") as client:
        assert client.get("/api/v1/me").json()["sites"] == ["s1"]
        assert run("users", "disable", "mei")[0] == 0
        (entry,) = running.sql("select who, kind, before, after from audit where action = 'user.put'")
        assert entry["kind"] == "command" and entry["before"]["disabled_at"] is None and entry["after"]["disabled_at"]
        assert run("users", "enable", "mei")[0] == 0 and run("users", "unlock", "mei")[0] == 0
        assert run("users", "disable", "nobody")[0] == 1


def test_nobody_overwrites_a_user_whom_somebody_else_changed_meanwhile(service: Any) -> None:
    admin = service.as_("admin")
    assert admin.post("/api/v1/users", json={"name": "versions", "role": "viewer"}).status_code == 201
    seen = {"If-Match": admin.get("/api/v1/users/versions").headers["etag"]}
    body = {"role": "operator"}
    assert admin.put("/api/v1/users/versions", json=body).status_code == 428
    changed = admin.put("/api/v1/users/versions", json=body, headers=seen)
    assert changed.headers["etag"] == admin.get("/api/v1/users/versions").headers["etag"]
    assert admin.put("/api/v1/users/versions", json={"role": "manager"}, headers=seen).status_code == 412
    assert admin.get("/api/v1/users/versions").json()["role"] == "operator"


@pytest.mark.parametrize(
    ("path", "body", "secret"),
    [
        pytest.param("tokens", {"name": "once", "role": "viewer"}, "token", id="a token"),
        pytest.param("gateways", {"site": "s1", "gateway": "once"}, "secret", id="a gateway"),
        pytest.param(
            "webhooks", {"name": "once", "url": "https://a.example/x", "topics": ["alert"]}, "secret", id="a webhook"
        ),
    ],
)
def test_what_is_made_twice_with_one_key_is_made_once_and_its_secret_is_kept_nowhere(
    service: Any, path: str, body: dict[str, Any], secret: str
) -> None:
    admin, key = service.as_("admin"), {"Idempotency-Key": f"make {path}".replace(" ", "-")}
    first, again = (admin.post(f"/api/v1/{path}", json=body, headers=key) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.json()[secret] and again.json() == {**first.json(), secret: None}
    kept = service.sql(
        "select convert_from(body, 'utf8') as body from idempotency_keys where key = %(k)s",
        {"k": key["Idempotency-Key"]},
    )
    assert first.json()[secret] not in str(kept)
    assert admin.post(f"/api/v1/{path}", json={**body, "site": "s2", "name": "x"}, headers=key).status_code == 422
