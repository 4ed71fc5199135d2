"""What holds for every route: who gets in, how errors look, what surrounds an answer."""

import json
import re
from typing import Any

import httpx
import pytest


@pytest.fixture(scope="module", params=[False, True], ids=["closed", "open"])
def either(request: Any, new_database: Any, served: Any) -> Any:
    with served(new_database(), is_open=request.param) as running:
        running.is_open = request.param
        yield running


@pytest.mark.parametrize(
    "token", ["x", "x" * 5000, "tagdock_" + "A" * 43, "\u00e9"], ids=["short", "long", "made up", "latin"]
)
def test_a_token_that_is_none_counts_for_nothing_even_in_lab_mode(either: Any, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode("latin-1")}
    answer = httpx.get(f"{either.url}/api/v1/skus", headers=headers)
    assert answer.status_code == 401 and token not in answer.text


def test_a_token_revoked_elsewhere_is_out_when_it_is_no_more_remembered(service: Any, wait_until: Any) -> None:
    assert service.as_("viewer").get("/api/v1/skus").status_code == 200
    service.sql("update tokens set revoked_at = now() where role = 'viewer'")
    try:
        wait_until(lambda: service.as_("viewer").get("/api/v1/skus").status_code == 401)
    finally:
        service.sql("update tokens set revoked_at = null")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        pytest.param(b"", 422, id="empty"),
        pytest.param(b"{", 422, id="cut off"),
        pytest.param(b"[]", 422, id="a list"),
        pytest.param(b"null", 422, id="null"),
        pytest.param(b'{"items": "x"}', 422, id="text for a list"),
        pytest.param(b'{"items": "\xff"}', 400, id="no UTF-8"),
        pytest.param(b'{"items": [{"sku": "\\ud800"}]}', 422, id="half a surrogate pair"),
        pytest.param(b'{"\\ud800": 1}', 422, id="half a surrogate pair as a key"),
        pytest.param(b'{"items": [{"sku": "a\\u0000"}]}', 422, id="U+0000"),
        pytest.param(b'{"items": [{"sku": "a", "mass_kg": NaN}]}', 422, id="NaN"),
        pytest.param(b'{"items": [{"sku": "a", "mass_kg": 1e999}]}', 422, id="infinity"),
        pytest.param(b'{"items": [{"sku": "a", "bins_needed": 1' + b"0" * 5000 + b"}]}", 400, id="5,000 digits"),
        pytest.param(b"[" * 60_000, 400, id="deep nesting"),
        pytest.param(b'{"items": ' + b"[" * 60_000 + b"]" * 60_000 + b"}", 400, id="deep nesting that closes"),
    ],
)
def test_a_hostile_body_is_a_problem_not_a_crash(service: Any, content: bytes, status: int) -> None:
    answer = service.as_("admin").put("/api/v1/skus", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told = json.loads(answer.content)
    assert (told["status"], told["title"]) == (status, {400: "Bad Request", 422: "Unprocessable Content"}[status])


def test_a_body_that_is_no_json_is_named_with_the_place_of_its_mistake(service: Any) -> None:
    answer = service.as_("admin").put("/api/v1/skus", content=b"{", headers={"content-type": "application/json"})
    (error,) = answer.json()["errors"]
    assert error["field"] == "body" and error["reason"].startswith("is no JSON at character 1: ")


@pytest.mark.parametrize(("path", "limit"), [("/api/v1/plans", 64 * 1024), ("/api/v1/skus", 16 * 2**20)])
def test_a_body_beyond_the_limit_is_cut_off(service: Any, path: str, limit: int) -> None:
    method = "POST" if path.endswith("plans") else "PUT"

    def endless() -> Any:
        for _ in range(limit // 65536 + 2):
            yield b" " * 65536

    answer = service.as_("admin").request(method, path, content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert "send less at once" in answer.json()["detail"]


def test_a_body_that_says_how_long_it_is_is_refused_alike(service: Any) -> None:
    answer = service.as_("admin").post("/api/v1/plans", content=b" " * 65537)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert service.as_("viewer").get("/healthz").status_code == 200


def test_answers_carry_an_id_and_keep_a_harmless_one(service: Any) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", service.as_("viewer").get("/healthz").headers["x-request-id"])
    for given, kept in (("order-7", True), ("x" * 65, False), ("a b", False)):
        answer = service.as_("viewer").get("/nothing", headers={"X-Request-Id": given})
        assert (answer.headers["x-request-id"] == given) is kept
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_pages_forbid_foreign_and_inline_script(service: Any) -> None:
    headers = service.as_("viewer").get("/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


def test_another_sites_page_cannot_write(service: Any) -> None:
    answer = service.as_("planner").post("/api/v1/plans", json={"site": "s"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert service.as_("planner").get("/api/v1/plans", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_the_description_is_openapi_3_1_and_names_every_route(service: Any) -> None:
    described = service.as_("viewer").get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")


def test_without_a_database_it_lives_but_is_not_ready(served: Any, new_database: Any) -> None:
    database = new_database()
    with served(database, is_open=True) as running:
        assert running.as_(None).get("/readyz").json()["status"] == "ready"
        running.sql("update alembic_version set version_num = '0001'")
        behind = running.as_(None).get("/readyz")
        assert behind.status_code == 503 and "tagdock-cloud migrate" in behind.json()["detail"]
        running.drop()
        assert running.as_(None).get("/healthz").status_code == 200
        gone = running.as_(None).get("/readyz")
        assert (gone.status_code, gone.headers["retry-after"]) == (503, "5")
        answer = running.as_(None).get("/api/v1/skus")
        assert answer.status_code == 503 and "nothing was written" in answer.json()["detail"]
