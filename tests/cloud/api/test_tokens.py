"""API tokens and gateways over HTTP, the audit of every change, and how often one may ask."""

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from tagdock_cloud.access.secrets import is_secret
from tagdock_cloud.config import Front
from tagdock_cloud.web import follow
from tagdock_cloud.web.audit import MOST_BYTES
from tagdock_cloud.web.limits import BURST_S, Buckets


def made(service: Any, **fields: Any) -> dict[str, Any]:
    body = {"name": f"t{secrets.token_hex(4)}", "role": "planner", **fields}
    answer = service.as_("admin").post("/api/v1/tokens", json=body)
    assert answer.status_code == 201, answer.text
    token: dict[str, Any] = answer.json()
    return token


def ask(service: Any, token: dict[str, Any], method: str, path: str, **content: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token['token']}"}
    return httpx.request(method, service.url + path, headers=headers, timeout=20, **content)


def test_a_token_is_shown_once_and_listed_without_it(service: Any) -> None:
    token = made(service, sites=["s1"], rights=["read"])
    listed = service.as_("admin").get("/api/v1/tokens").text
    assert token["name"] in listed and token["token"] not in listed and "token_hash" not in listed
    assert token["created_by"].startswith("token:admin")
    again = {"name": token["name"], "role": "viewer"}
    assert service.as_("admin").post("/api/v1/tokens", json=again).status_code == 409


def test_a_scope_narrows_a_role(service: Any) -> None:
    token = made(service, rights=["read"], sites=["s1"])
    assert ask(service, token, "GET", "/api/v1/me").json()["rights"] == ["read"]
    assert ask(service, token, "GET", "/api/v1/movements?site=s1").status_code == 200
    assert ask(service, token, "GET", "/api/v1/movements?site=s2").status_code == 403
    assert ask(service, token, "POST", "/api/v1/plans", json={"site": "s1"}).status_code == 403


def test_an_expired_token_is_out_and_its_name_is_free(service: Any, wait_until: Any) -> None:
    token = made(service, expires_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert ask(service, token, "GET", "/api/v1/me").status_code == 200
    service.sql("update tokens set expires_at = now() where name = %(name)s", token)
    wait_until(lambda: ask(service, token, "GET", "/api/v1/me").status_code == 401)
    made(service, name=token["name"])
    past = {"name": "x", "role": "viewer", "expires_at": "2001-01-01T00:00:00Z"}
    assert service.as_("admin").post("/api/v1/tokens", json=past).status_code == 422


def test_a_narrowed_admin_gives_no_more_than_it_has(service: Any) -> None:
    narrow = made(service, role="admin", rights=["administer"])
    for rights in (None, ["administer", "read"]):
        body = {"name": "x", "role": "admin", "rights": rights}
        assert ask(service, narrow, "POST", "/api/v1/tokens", json=body).status_code == 403
    assert ask(service, narrow, "POST", "/api/v1/users", json={"name": "x", "role": "viewer"}).status_code == 403
    body = {"name": f"t{secrets.token_hex(4)}", "role": "admin", "rights": ["administer"]}
    assert ask(service, narrow, "POST", "/api/v1/tokens", json=body).status_code == 201


def test_a_token_revoked_here_is_out_at_once(service: Any) -> None:
    token = made(service)
    assert ask(service, token, "GET", "/api/v1/me").status_code == 200
    assert service.as_("admin", "s9").delete(f"/api/v1/tokens/{token['name']}").status_code == 403
    assert service.as_("admin").delete(f"/api/v1/tokens/{token['name']}").status_code == 204
    assert ask(service, token, "GET", "/api/v1/me").status_code == 401
    assert service.as_("admin").delete(f"/api/v1/tokens/{token['name']}").status_code == 404


def test_a_stream_ends_with_its_token(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "RECHECK_S", 0.0)
    token = made(service)
    headers = {"Authorization": f"Bearer {token['token']}"}
    with httpx.stream("GET", f"{service.url}/api/v1/stream/movements", headers=headers, timeout=20) as answer:
        lines = answer.iter_lines()
        assert any("beat" in line for line in lines)
        service.as_("admin").delete(f"/api/v1/tokens/{token['name']}")
        for _ in lines:  # to its end: a stream that goes on would go on for ever
            pass


def test_lists_of_tokens_go_on_where_a_page_ended(service: Any) -> None:
    for _ in range(3):
        made(service)
    first = service.as_("admin").get("/api/v1/tokens?limit=2")
    names = [row["name"] for row in first.json()["items"]]
    rest = service.as_("admin").get(first.links["next"]["url"]).json()["items"]
    assert len(names) == 2 and not {row["name"] for row in rest} & set(names)


def test_a_gateway_gets_its_secret_once(service: Any) -> None:
    admin, gateway = service.as_("admin"), f"g{secrets.token_hex(3)}"
    answer = admin.post("/api/v1/gateways", json={"site": "s1", "gateway": gateway})
    assert answer.status_code == 201 and answer.json()["user"] == f"s1.{gateway}"
    (row,) = service.sql("select * from gateways where gateway = %(name)s", {"name": gateway})
    assert is_secret(answer.json()["secret"], row["secret_hash"]) and row["secret_bcrypt"].startswith("$2a$")
    assert admin.post("/api/v1/gateways", json={"site": "s1", "gateway": gateway}).status_code == 409
    assert service.as_("admin", "s2").delete(f"/api/v1/gateways/s1/{gateway}").status_code == 403
    assert admin.delete(f"/api/v1/gateways/s1/{gateway}").status_code == 204
    assert admin.delete(f"/api/v1/gateways/s1/{gateway}").status_code == 404


def test_every_change_says_who_what_before_and_after(service: Any) -> None:
    admin, sku = service.as_("admin"), f"k{secrets.token_hex(4)}"
    for mass in (1.0, 1.0, 2.0):
        body = {"items": [{"sku": sku, "mass_kg": mass}]}
        assert admin.put("/api/v1/skus", json=body, headers={"X-Request-Id": f"r-{sku}"}).status_code == 200
    entries = [
        row
        for row in admin.get("/api/v1/audit?action=skus.put&limit=1000").json()["items"]
        if row["request_id"] == f"r-{sku}"
    ]
    assert len(entries) == 2, "what changes nothing is no change"
    latest, first = entries
    assert latest["who"].startswith("admin") and latest["kind"] == "token"
    assert first["before"] is None and first["after"][0]["mass_kg"] == 1.0
    assert latest["before"][0]["mass_kg"] == 1.0 and latest["after"][0]["mass_kg"] == 2.0


def test_the_audit_is_found_by_who_what_where_and_when(service: Any) -> None:
    token = made(service)
    site, gateway = f"s{secrets.token_hex(3)}", "g1"
    service.as_("admin").post("/api/v1/gateways", json={"site": site, "gateway": gateway})
    found = lambda **query: service.as_("admin").get("/api/v1/audit", params=query).json()["items"]  # noqa: E731
    (entry,) = found(subject=f"token/{token['name']}")
    assert entry["action"] == "token.add" and token["token"] not in repr(entry)
    assert {row["action"] for row in found(site=site)} == {"gateway.add"}
    assert found(site=site, until=entry["at"]) == [] and found(who="nobody") == []
    here = service.as_("admin", site).get("/api/v1/audit").json()["items"]
    assert [row["site"] for row in here] == [site]
    first = service.as_("admin").get("/api/v1/audit?limit=1")
    second = service.as_("admin").get(first.links["next"]["url"]).json()["items"]
    assert second[0]["audit_id"] < first.json()["items"][0]["audit_id"]


@pytest.mark.parametrize("statement", ["update audit set who = 'x'", "delete from audit", "truncate audit"])
def test_the_audit_is_never_changed(service: Any, statement: str) -> None:
    made(service)
    with pytest.raises(psycopg.IntegrityError, match="only ever added to"):
        service.sql(statement)
    assert service.sql("select count(*) as entries from audit")[0]["entries"] > 0


def test_what_is_large_is_kept_as_its_size_and_hash(service: Any) -> None:
    rows = [{"sku": f"big-{n}", "description": "x" * 100} for n in range(MOST_BYTES // 100)]
    assert service.as_("admin").put("/api/v1/skus", json={"items": rows}).status_code == 200
    (entry,) = service.as_("admin").get("/api/v1/audit?action=skus.put&limit=1").json()["items"]
    assert entry["after"].keys() == {"bytes", "sha256"} and entry["after"]["bytes"] > MOST_BYTES


def test_a_change_that_fails_leaves_no_entry(service: Any) -> None:
    body = {"items": [{"epc": "urn:epc:id:sgtin:9521234.000001.77", "sku": "x", "site": "no-such-site"}]}
    before = service.sql("select count(*) as entries from audit")
    assert service.as_("admin").put("/api/v1/items", json=body).status_code == 422
    assert service.sql("select count(*) as entries from audit") == before


def test_who_asks_too_often_waits_and_others_do_not(served: Any, new_database: Any) -> None:
    with served(new_database(), front=Front(rate_per_s=2)) as running:
        viewer = running.as_("viewer")
        codes = [viewer.get("/api/v1/roles").status_code for _ in range(14)]
        assert codes[:10] == [200] * 10 and codes[-1] == 429
        refused = viewer.get("/api/v1/roles")
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
        assert refused.headers["content-type"] == "application/problem+json"
        assert running.as_("planner").get("/api/v1/roles").status_code == 200
        wrong = {"Authorization": "Bearer wrong", "X-Forwarded-For": "192.0.2.9"}
        codes = [httpx.get(f"{running.url}/api/v1/roles", headers=wrong).status_code for _ in range(8)]
        assert codes[:2] == [401, 401] and codes[-1] == 429, "a wrong token counts for many requests"


def test_a_bucket_fills_again_and_forgets_the_oldest() -> None:
    buckets = Buckets(rate_per_s=2.0, most=3)
    full = int(2 * BURST_S)
    assert [buckets.take("a", 0.0) for _ in range(full)] == [0.0] * full
    assert buckets.take("a", 0.0) == pytest.approx(0.5)
    assert buckets.take("a", 0.5) == 0.0
    for name in "bcde":
        buckets.take(name, 1.0)
    assert len(buckets) == 3
    assert Buckets(0.0).take("a", 0.0) == 0.0


def test_who_asks_is_told_soon_that_the_database_is_away(served: Any, new_database: Any) -> None:
    with served(new_database()) as running:
        assert running.as_("viewer").get("/api/v1/roles").status_code == 200
        running.drop()
        time.sleep(0.3)  # until the token is no more remembered
        began = time.monotonic()
        answer = running.as_("viewer").get("/api/v1/roles")
        assert answer.status_code == 503 and answer.headers["retry-after"] == "5"
        assert time.monotonic() - began < 15, "less than the pool's and the database's own patience together"
