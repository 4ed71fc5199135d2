"""What holds for every route: who gets in, how errors look, what surrounds an answer."""

import json
import re
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from tagdock_cloud.access.roles import RIGHTS, ROLES

EPC = "urn:epc:id:sgtin:9521234.000001.1"
PLAN = "00000000-0000-4000-8000-000000000000"
V, P, S, ALL = "read", "plan", "supply", None

# The right that each route asks for; None: everybody. A route that is missing here fails the test below.
ROUTES: dict[tuple[str, str], str | None] = {
    ("GET", "/api/v1/skus"): V,
    ("PUT", "/api/v1/skus"): S,
    ("GET", "/api/v1/movements"): V,
    ("GET", "/api/v1/items"): V,
    ("PUT", "/api/v1/items"): S,
    ("GET", "/api/v1/items/{epc:path}/history"): V,
    ("GET", "/api/v1/items/{epc:path}"): V,
    ("GET", "/api/v1/stock"): V,
    ("GET", "/api/v1/stream/movements"): V,
    ("GET", "/api/v1/sites"): V,
    ("GET", "/api/v1/sites/{site}/doors"): V,
    ("GET", "/api/v1/sites/{site}/layout"): V,
    ("PUT", "/api/v1/sites/{site}/layout"): S,
    ("POST", "/api/v1/plans"): P,
    ("GET", "/api/v1/plans"): V,
    ("GET", "/api/v1/plans/{plan_id}"): V,
    ("GET", "/api/v1/plans/{plan_id}/moves"): V,
    ("POST", "/api/v1/plans/{plan_id}/approve"): P,
    ("GET", "/api/v1/gateways"): V,
    ("GET", "/api/v1/openapi.json"): V,
    ("GET", "/healthz"): ALL,
    ("GET", "/readyz"): ALL,
    ("GET", "/metrics"): V,
    ("GET", "/"): V,
    ("GET", "/find"): V,
    ("GET", "/find/bin"): V,
    ("GET", "/layout"): V,
    ("GET", "/plans"): V,
    ("POST", "/plans"): P,
    ("GET", "/plans/{plan_id}"): V,
    ("POST", "/plans/{plan_id}/approve"): P,
    ("GET", "/plans/{plan_id}/moves"): V,
    ("GET", "/health"): V,
    ("GET", "/login"): ALL,
    ("POST", "/login"): ALL,
    ("POST", "/logout"): ALL,
}
EVERYBODY = [None, *ROLES]


def concrete(path: str) -> str:
    return path.replace("{epc:path}", EPC).replace("{site}", "s").replace("{plan_id}", PLAN)


def send(service: Any, role: str | None, method: str, path: str) -> int:
    """Send a request that nobody can hold against the caller but for its role; a stream is only opened."""
    bodies = {"/api/v1/skus": {"items": []}, "/api/v1/items": {"items": []}, "/api/v1/plans": {"site": "none"}}
    body = bodies.get(path, {"v": 1, "doors": [], "bins": []})
    content: dict[str, Any] = {"json": body} if path.startswith("/api/") and method != "GET" else {}
    if path == "/login":
        content = {"data": {"token": service.tokens["viewer"]}}
    query = "?q=x" if path == "/find/bin" else ""
    with service.as_(role).stream(method, concrete(path) + query, **content) as answer:
        status = int(answer.status_code)
    service.as_(role).cookies.clear()
    return status


def lets_in(right: Any, role: Any, *, is_open: bool) -> bool:
    if right is None:
        return True
    if role is None:
        return is_open and right == "read"
    return role in RIGHTS[right]


@pytest.fixture(scope="module", params=[False, True], ids=["closed", "open"])
def either(request: Any, new_database: Any, served: Any) -> Any:
    with served(new_database(), is_open=request.param) as running:
        running.is_open = request.param
        yield running


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=lambda value: value)
def test_every_route_lets_in_whom_the_table_says(either: Any, method: str, path: str) -> None:
    for role in EVERYBODY:
        status = send(either, role, method, path)
        if lets_in(ROUTES[method, path], role, is_open=either.is_open):
            assert status not in (401, 403) and status < 500, (role, status)
        else:
            assert status == (401 if role is None and not either.is_open else 403), (role, status)


def test_the_table_names_every_route() -> None:
    from tagdock_cloud.app import create_app
    from tagdock_cloud.config import ApiConfig

    app = create_app(ApiConfig("postgresql://nowhere"))
    found = {
        (method, context.path) for context in routes_of(app) for method in context.methods or () if method != "HEAD"
    }
    assert found == set(ROUTES)


def routes_of(app: Any) -> list[APIRoute]:
    found: list[APIRoute] = []

    def walk(routes: Any) -> None:
        for route in routes:
            if isinstance(route, APIRoute):
                found.append(route)
            walk(getattr(getattr(route, "original_router", None), "routes", ()))

    walk(app.routes)
    return found


@pytest.mark.parametrize(
    "token", ["x", "x" * 5000, "tagdock_" + "A" * 43, "\u00e9"], ids=["short", "long", "made up", "latin"]
)
def test_a_token_that_is_none_counts_for_nothing_even_in_lab_mode(either: Any, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode("latin-1")}
    answer = httpx.get(f"{either.url}/api/v1/skus", headers=headers)
    assert answer.status_code == 401 and token not in answer.text


def test_a_revoked_token_is_out_at_once(service: Any) -> None:
    assert service.as_("viewer").get("/api/v1/skus").status_code == 200
    service.sql("update tokens set revoked_at = now() where role = 'viewer'")
    try:
        assert service.as_("viewer").get("/api/v1/skus").status_code == 401
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
    assert json.loads(answer.content)["status"] == status


@pytest.mark.parametrize(("path", "limit"), [("/api/v1/plans", 64 * 1024), ("/api/v1/skus", 16 * 2**20)])
def test_a_body_beyond_the_limit_is_cut_off(service: Any, path: str, limit: int) -> None:
    method = "POST" if path.endswith("plans") else "PUT"

    def endless() -> Any:
        for _ in range(limit // 65536 + 2):
            yield b" " * 65536

    answer = service.as_("admin").request(method, path, content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


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
    api = {(m, p) for m, p in ROUTES if p.startswith("/api/") and not p.endswith("openapi.json")}
    assert {
        (method.upper(), path)
        for path, methods in described["paths"].items()
        for method in methods
        if path.startswith("/api/")
    } == {(method, path.replace("{epc:path}", "{epc}")) for method, path in api}


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
