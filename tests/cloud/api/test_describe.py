"""The description of the interface: every status that can occur stands in it."""

from typing import Any

import pytest
from tagdock_cloud.web.describe import described
from tagdock_cloud.web.problems import FORM

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def statuses(operation: dict[str, Any], path: str = "/api/v1/things", method: str = "get") -> set[str]:
    operation = {"responses": {"200": {"description": "Fine."}}, **operation}
    document = described({"paths": {path: {method: operation}}})
    return set(document["paths"][path][method]["responses"])


BODY = {"requestBody": {"content": {"application/json": {}}}}


@pytest.mark.parametrize(
    ("operation", "path", "method", "expected"),
    [
        pytest.param({}, "/healthz", "get", set(), id="a probe that asks nothing"),
        pytest.param({}, "/readyz", "get", {"503"}, id="a probe that asks the database"),
        pytest.param({}, "/api/v1/things", "get", {"401", "403", "422", "429", "503"}, id="a list without parameters"),
        pytest.param(
            {"parameters": [{"name": "id"}]}, "/api/v1/things/{id}", "get",
            {"401", "403", "404", "422", "429", "503"}, id="one by name",
        ),
        pytest.param(
            BODY, "/api/v1/things", "post",
            {"400", "401", "403", "404", "409", "413", "415", "422", "429", "503"}, id="a body",
        ),
        pytest.param(
            {**BODY, "parameters": [{"name": "If-Match"}]}, "/api/v1/things/{id}", "put",
            {"400", "401", "403", "404", "409", "412", "413", "415", "422", "428", "429", "503"}, id="a precondition",
        ),
    ],
)  # fmt: skip
def test_statuses_follow_from_the_shape_of_an_operation(
    operation: dict[str, Any], path: str, method: str, expected: set[str]
) -> None:
    assert statuses(operation, path, method) == {"200", *expected}


def test_a_routes_own_word_stands_and_gets_the_body_of_a_problem() -> None:
    document = described({"paths": {"/x/{y}": {"get": {"responses": {"404": {"description": "Ours."}}}}}})
    assert document["paths"]["/x/{y}"]["get"]["responses"]["404"] == {"description": "Ours.", "content": PROBLEM}


def test_every_error_of_every_route_is_a_problem(service: Any) -> None:
    document = service.as_("viewer").get("/api/v1/openapi.json").json()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            errors = {status: said for status, said in operation["responses"].items() if status >= "400"}
            assert all(said["content"] == PROBLEM for said in errors.values()), (method, path, errors)
            assert "default" not in operation["responses"] and operation["summary"]


def test_a_body_of_another_kind_is_not_looked_into(service: Any) -> None:
    for kind in ("text/plain", "application/xml", "application/jsonx"):
        answer = service.as_("admin").put("/api/v1/skus", content=b"<x/>", headers={"Content-Type": kind})
        assert (answer.status_code, answer.headers["accept"]) == (415, "application/json")


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        pytest.param({"data": {"language": "xx"}}, 422, "language: Input should be 'en' or 'zh'", id="not a choice"),
        pytest.param({"data": {"to": "/"}}, 422, "language: Field required", id="left out"),
        pytest.param({"data": {"language": "en", "to": "x" * 2001}}, 422, "to: String should have", id="too long"),
        pytest.param({"files": {"language": ("", b"xx")}}, 422, "language: Input should", id="in parts"),
        pytest.param({"json": {"language": "en"}}, 415, f"send the body as {FORM}", id="as JSON"),
    ],
)
def test_a_mistake_in_a_form_is_named(service: Any, body: Any, status: int, detail: str) -> None:
    answer = service.as_("viewer").post("/language", **body)
    assert answer.status_code == status and answer.json()["detail"].startswith(detail), answer.text
    assert answer.headers.get("accept") == (FORM if status == 415 else None)


def test_a_caller_that_has_the_description_is_not_sent_it_again(service: Any) -> None:
    viewer = service.as_("viewer")
    tag = viewer.get("/api/v1/openapi.json").headers["etag"]
    again = viewer.get("/api/v1/openapi.json", headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


NO_KEY = {
    "/api/v1/request-feedback/{reference}": "the same score once more changes nothing, another one is 409",
    "/api/v1/items/where-is": "changes nothing",
    "/api/v1/users": "the name is taken the second time: 409; no digest of a body with a password is kept",
}
"""What a POST without an Idempotency-Key has in its place."""


def test_every_post_is_safe_to_send_again(service: Any) -> None:
    paths = service.as_("viewer").get("/api/v1/openapi.json").json()["paths"]
    posts = {path: methods["post"] for path, methods in paths.items() if "post" in methods and "/api/v1" in path}
    keyless = {
        path
        for path, operation in posts.items()
        if "Idempotency-Key" not in {parameter["name"] for parameter in operation.get("parameters", ())}
    }
    assert keyless == set(NO_KEY)


NO_TAG = {
    ("/api/v1/gateways/{site}/{gateway}", "delete"): "what is read of it is its health, which changes by the second",
}
"""Why something that can be read is changed without saying what was read."""


def test_nobody_changes_what_they_have_not_seen(service: Any) -> None:
    paths = service.as_("viewer").get("/api/v1/openapi.json").json()["paths"]
    changes = {
        (path, method): operation
        for path, methods in paths.items()
        for method, operation in methods.items()
        if "get" in methods and "{" in path and path.startswith("/api/v1") and method in ("put", "patch", "delete")
    }
    blind = {
        key
        for key, operation in changes.items()
        if "if-match" not in {parameter["name"].lower() for parameter in operation.get("parameters", ())}
    }
    assert len(changes) > 10 and blind == set(NO_TAG)


UNPAGED = {
    "/api/v1/roles": "seven, and they are in the code",
    "/api/v1/plans/{plan_id}/pictures": "three at most",
    "/api/v1/plans/{plan_id}/savings": "a line a week for a year",
    "/api/v1/lanes": "replaced whole by its tag, and bounded there",
    "/api/v1/runs/{question_id}/stops": "a day's, as many as were asked to be planned together",
}
"""Lists without pages, and why."""
SERIES = (
    "movements", "bin-readings", "items/{epc}/history", "passages", "sessions", "orders", "notices", "alerts", "audit",
    "refused-batches", "webhooks/{webhook_id}/deliveries",
)  # fmt: skip
"""What grows with time."""


def test_every_list_has_pages_and_every_series_is_cut_by_time_and_place(service: Any) -> None:
    document = service.as_("viewer").get("/api/v1/openapi.json").json()
    schemas = document["components"]["schemas"]
    asked: dict[str, set[str]] = {}
    for path, methods in document["paths"].items():
        answer = (
            methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {}).get("application/json", {})
        )
        name = answer.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if path.startswith("/api/v1") and set(schemas.get(name, {}).get("properties", ())) == {"items"}:
            asked[path] = {parameter["name"] for parameter in methods["get"].get("parameters", ())}
    assert len(asked) > 25
    assert {path for path, names in asked.items() if not {"limit", "cursor"} <= names} == set(UNPAGED)
    blind = [name for name in SERIES if not {"since", "until", "site"} <= asked[f"/api/v1/{name}"]]
    assert blind == []
