"""The description of the interface: every status that can occur stands in it."""

from typing import Any

import pytest
from tagdock_cloud.web.describe import described

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
        pytest.param({}, "/api/v1/things", "get", {"401", "403", "429", "503"}, id="a list without parameters"),
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


def test_a_caller_that_has_the_description_is_not_sent_it_again(service: Any) -> None:
    viewer = service.as_("viewer")
    tag = viewer.get("/api/v1/openapi.json").headers["etag"]
    again = viewer.get("/api/v1/openapi.json", headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


NO_KEY = {
    "/api/v1/items/where-is": "changes nothing",
    "/api/v1/orders/import": "says how things are",
    "/api/v1/notices/import": "says how things are",
    "/api/v1/sites/{site}/orders/{id}/cancel": "the second time changes nothing",
    "/api/v1/sites/{site}/notices/{id}/cancel": "the second time changes nothing",
    "/api/v1/alerts/{alert_id}/acknowledge": "the second time changes nothing",
    "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/again": "one that waits is left as it is",
    "/api/v1/users/{name}/logout": "the second time changes nothing",
    "/api/v1/users": "has a name of its own: 409",
    "/api/v1/gateways": "answers with a secret, which must not be kept",
    "/api/v1/tokens": "answers with a secret, which must not be kept",
    "/api/v1/webhooks": "answers with a secret, which must not be kept",
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
