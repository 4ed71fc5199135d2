"""What may be done at an address: HEAD wherever GET may, and a 405 or 404 that says what else there is."""

from typing import Any

import pytest


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/api/v1/skus", id="a list"),
        pytest.param("/api/v1/skus/nothing", id="nothing"),
        pytest.param("/epcis/v2/events", id="events"),
        pytest.param("/healthz", id="a probe"),
        pytest.param("/", id="a page"),
    ],
)
def test_head_tells_what_get_would_without_the_body(service: Any, path: str) -> None:
    viewer = service.as_("viewer")
    got, told = viewer.get(path), viewer.head(path)
    assert (told.status_code, told.content) == (got.status_code, b"")
    assert {"content-type", "content-length"} <= set(told.headers)
    assert told.headers.get("etag") == got.headers.get("etag") and "x-request-id" in told.headers


@pytest.mark.parametrize(
    ("path", "accept"),
    [("/api/v1/stream/movements", "text/event-stream"), ("/api/v1/movements", "text/csv")],
    ids=["a stream", "an export"],
)
def test_head_of_what_would_go_on_ends_and_gives_its_place_back(service: Any, path: str, accept: str) -> None:
    for _ in range(5):  # more than exports run at once
        told = service.as_("viewer").head(path, headers={"Accept": accept})
        assert told.status_code == 200 and told.headers["content-type"].startswith(accept)


def test_head_lets_nobody_in_whom_get_does_not(service: Any) -> None:
    assert service.as_(None).head("/api/v1/skus").status_code == 401
    assert service.as_("viewer").head("/api/v1/audit").status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "ways"),
    [
        pytest.param("DELETE", "/api/v1/movements", "GET, HEAD", id="one way"),
        pytest.param("PUT", "/epcis/v2/events", "GET, HEAD, OPTIONS, POST", id="ways that several routes have"),
        pytest.param("HEAD", "/api/v1/orders/import", "POST", id="where nothing is read"),
    ],
)
def test_another_method_is_told_which_there_are(service: Any, method: str, path: str, ways: str) -> None:
    answer = service.as_("viewer").request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, ways)
    assert answer.headers["content-type"] == "application/problem+json"
    assert method == "HEAD" or ways in answer.json()["detail"]


def test_an_address_without_anything_is_a_problem_that_says_where_to_look(service: Any) -> None:
    answer = service.as_("viewer").get("/api/v1/itmes")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "/api/v1/itmes" in answer.json()["detail"] and "openapi.json" in answer.json()["detail"]
