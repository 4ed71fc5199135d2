"""Logging in at an OpenID provider, a real one in small: what lets somebody in, and all that must not."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey
from tagdock_cloud.access import oidc
from tagdock_cloud.config import Grant, OidcConfig

GRANTS = (Grant("bosses", "admin"), Grant("pickers", "operator", frozenset({"s1"})))


@pytest.fixture(scope="module")
def both(new_database: Any, served: Any, oidc_provider: Any, front: Any) -> Iterator[Any]:
    """A provider and a service that knows it."""
    with oidc_provider.running_provider() as provider:
        config = OidcConfig(provider.url, oidc_provider.CLIENT, oidc_provider.SECRET, "http://127.0.0.1", GRANTS)
        with served(new_database(), front=replace(front, oidc=config)) as service:
            yield provider, service


@pytest.fixture
def provider(both: Any) -> Iterator[Any]:
    """The provider, with nothing spoilt."""
    provider: Any = both[0]
    provider.person = {"sub": "1", "preferred_username": "mei", "groups": ["pickers"]}
    provider.spoil, provider.header, provider.sign_with = {}, {}, provider.key
    yield provider
    both[1].sql("delete from users")


def leave(service: Any, browser: httpx.Client) -> str:
    """Begin a login, log in at the provider, and return the path that leads back."""
    away = browser.get(f"{service.url}/login/oidc?to=/plans")
    assert away.status_code == 303, away.text
    return httpx.get(away.headers["location"]).headers["location"].removeprefix("http://127.0.0.1")


def come_in(service: Any) -> tuple[httpx.Response, dict[str, Any]]:
    """Log in there and back; return the answer and who one is then."""
    with httpx.Client(timeout=20) as browser:
        answer = browser.get(service.url + leave(service, browser), headers={"Accept": "text/html"})
        return answer, browser.get(f"{service.url}/api/v1/me").json()


def test_a_member_of_a_group_comes_in_with_what_it_grants(both: Any, provider: Any) -> None:
    service = both[1]
    answer, me = come_in(service)
    assert answer.status_code == 200 and 'url=/plans"' in answer.text
    assert "samesite=strict" in answer.headers["set-cookie"].lower()
    assert (me["name"], me["kind"], me["role"], me["sites"]) == ("mei", "user", "operator", ["s1"])
    provider.person |= {"groups": ["bosses"], "preferred_username": "mei.new"}
    (before,) = service.sql("select max(audit_id) as newest from audit")
    assert come_in(service)[1] == {**come_in(service)[1], "name": "mei", "role": "admin", "sites": None}
    rows = service.sql("select audit_id, action from audit where who = 'mei' order by audit_id")
    since = [row["action"] for row in rows if row["audit_id"] > before["newest"]]
    assert since == ["user.oidc", "user.login", "user.login"]


SPOILT = [
    pytest.param({"nonce": "another"}, id="another login's nonce"),
    pytest.param({"nonce": None}, id="no nonce"),
    pytest.param({"aud": "another"}, id="another client's audience"),
    pytest.param({"aud": ["tagdock", "another"]}, id="two audiences, and nobody says which"),
    pytest.param({"aud": None}, id="no audience"),
    pytest.param({"exp": int(time.time()) - 600}, id="expired"),
    pytest.param({"exp": None}, id="no end"),
    pytest.param({"iss": "https://evil.example"}, id="another issuer"),
    pytest.param({"iss": None}, id="no issuer"),
    pytest.param({"sub": None}, id="nobody"),
    pytest.param({"iat": int(time.time()) + 6000}, id="from the future"),
]


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_token_that_does_not_convince_lets_nobody_in(both: Any, provider: Any, spoil: dict[str, Any]) -> None:
    provider.spoil = spoil
    with httpx.Client(timeout=20) as browser:
        answer = browser.get(both[1].url + leave(both[1], browser))
        assert answer.status_code == 401 and "tagdock_session" not in browser.cookies


@pytest.mark.parametrize("forgery", ["another key", "no signature", "the secret as a key"])
def test_a_forged_signature_lets_nobody_in(both: Any, provider: Any, forgery: str) -> None:
    if forgery == "another key":
        provider.sign_with = RSAKey.generate_key(2048)
    else:
        provider.header = {"alg": "none" if forgery == "no signature" else "HS256"}
        provider.sign_with = OctKey.import_key("the client's secret, which is long enough")
    with httpx.Client(timeout=20) as browser:
        answer = browser.get(both[1].url + leave(both[1], browser))
        assert answer.status_code == 401 and "tagdock_session" not in browser.cookies


def test_keys_turn_over(both: Any, provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "_KEYS_AGAIN_S", 0.0)
    assert come_in(both[1])[0].status_code == 200
    provider.turn_over()
    assert come_in(both[1])[0].status_code == 200


def test_only_the_browser_that_left_comes_back_and_once(both: Any, provider: Any) -> None:
    service = both[1]
    with httpx.Client(timeout=20) as browser, httpx.Client(timeout=20) as other:
        back = leave(service, browser)
        assert other.get(service.url + back).status_code == 403
        assert browser.get(service.url + back.replace("state=", "state=x")).status_code == 403
        cookies = {"tagdock_login": browser.cookies["tagdock_login"]}
        assert browser.get(service.url + back).status_code == 200
        assert httpx.get(service.url + back, cookies=cookies).status_code == 403


@pytest.mark.parametrize(
    "person",
    [
        pytest.param({"groups": ["strangers"]}, id="of no group that may"),
        pytest.param({"groups": "bosses"}, id="whose groups are no list"),
        pytest.param({"groups": None}, id="without groups"),
        pytest.param({"preferred_username": "a b"}, id="with a name that will not do"),
        pytest.param({"preferred_username": "local"}, id="called like somebody here"),
        pytest.param({"sub": "2", "preferred_username": "gone"}, id="whom an admin disabled"),
    ],
)
def test_the_provider_lets_in_nobody(both: Any, provider: Any, person: dict[str, Any]) -> None:
    service = both[1]
    service.sql(
        "insert into users (name, role, oidc_subject, disabled_at) values ('local', 'admin', null, null),"
        " ('gone', 'viewer', %(subject)s, now())",
        {"subject": f"{provider.url}|2"},
    )
    provider.person |= person
    with httpx.Client(timeout=20) as browser:
        assert browser.get(service.url + leave(service, browser)).status_code == 403
        assert "tagdock_session" not in browser.cookies


def test_who_says_no_at_the_provider_is_told(both: Any, provider: Any) -> None:
    service = both[1]
    with httpx.Client(timeout=20) as browser:
        state = leave(service, browser).rpartition("state=")[2]
        answer = browser.get(f"{service.url}/login/oidc/return?error=access_denied&state={state}")
        assert answer.status_code == 403 and "did not let you in" in answer.json()["detail"]


def test_without_a_provider_there_is_no_such_login(service: Any) -> None:
    assert service.as_(None).get("/login/oidc").status_code == 404
    assert "company account" not in service.as_(None).get("/login").text
