"""What the description of the interface says is what is there."""

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute
from tagdock_cloud.epcis import routes_capture, routes_events, routes_lists, routes_options, routes_queries
from tagdock_cloud.epcis.describe import document


def test_every_route_is_described_and_nothing_else() -> None:
    parts = (routes_capture, routes_events, routes_lists, routes_queries, routes_options)
    routes = [route for part in parts for route in part.router.routes if isinstance(route, APIRoute)]
    there = {(method, re.sub(r":path\}", "}", route.path)) for route in routes for method in route.methods}
    told = {(method.upper(), path) for path, item in document()["paths"].items() for method in item}
    assert told == there


def test_the_description_is_sound_and_served(service: Any) -> None:
    answer = service.as_("viewer").get("/epcis/v2/openapi.json")
    assert answer.status_code == 200 and answer.json()["openapi"].startswith("3.1")
    text = answer.text
    named = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert named == set(answer.json()["components"]["schemas"]) & named
    assert service.as_(None).get("/epcis/v2/openapi.json").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "headers", "content", "status", "word"),
    [
        pytest.param("GET", "events", {"Authorization": "Bearer x"}, b"", 401, "SecurityException", id="nobody"),
        pytest.param("DELETE", "queries/q", {}, b"", 403, "SecurityException", id="not-allowed"),
        pytest.param("GET", "nothing", {}, b"", 404, "NoSuchResourceException", id="no-such-route"),
        pytest.param("GET", "queries/none", {}, b"", 404, "NoSuchNameException", id="no-such-query"),
        pytest.param("GET", "events", {"Accept": "application/xml"}, b"", 406, "NotAcceptableException", id="xml-out"),
        pytest.param("GET", "events", {"GS1-EPCIS-Min": "3"}, b"", 406, "NotAcceptableException", id="version"),
        pytest.param("GET", "events?x=" + "a" * 50_000, {}, b"", 414, "URITooLongException", id="long"),
        pytest.param(
            "POST", "capture", {"Content-Type": "text/xml"}, b"<x/>", 415, "UnsupportedMediaTypeException", id="xml-in"
        ),
        pytest.param(
            "POST", "capture", {"Content-Type": "application/json"}, b" " * (5 * 2**20), 413,
            "CaptureLimitExceededException", id="large",
        ),
        pytest.param(
            "GET", "queries/q/events", {"Upgrade": "websocket", "Connection": "Upgrade"}, b"", 501,
            "ImplementationException", id="websocket",
        ),
    ],
)  # fmt: skip
def test_every_trouble_is_told_in_the_standards_words(
    service: Any, method: str, path: str, headers: dict[str, str], content: bytes, status: int, word: str
) -> None:
    answer = service.as_("integrator").request(method, f"/epcis/v2/{path}", headers=headers, content=content)
    assert (answer.status_code, answer.json()["type"]) == (status, f"epcisException:{word}"), answer.text
    assert answer.headers["content-type"] == "application/problem+json" and answer.json()["title"]


def test_a_token_of_a_page_is_given_up(service: Any) -> None:
    assert service.as_("viewer").delete("/epcis/v2/nextPageToken/abc").status_code == 204
