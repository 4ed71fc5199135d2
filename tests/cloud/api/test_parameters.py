"""What an address does not know after its `?` is refused on every route: a mistyped filter must not answer with all."""

import re
from typing import Any

import pytest

ROUTES = [
    pytest.param("/api/v1/movements?dor=D1", "dor", "did you mean door?", id="a letter too few"),
    pytest.param("/api/v1/movements?Door=D1", "Door", "there are bin, cursor, direction, door", id="another case"),
    pytest.param("/api/v1/movements?door=D1&door2=D2", "door2", "did you mean door?", id="beside one that is known"),
    pytest.param("/api/v1/items/urn:epc:id:sgtin:9521234.1.1?site=s", "site", "takes no parameters", id="none at all"),
    pytest.param("/api/v1/openapi.json?x", "x", "takes no parameters", id="without a value"),
    pytest.param("/api/v1/skus?" + "y" * 5000, "y" * 100, "is not known here", id="a long one"),
    pytest.param("/api/v1/skus?%00=1", "\x00", "is not known here", id="a hostile one"),
]


@pytest.mark.parametrize(("address", "name", "reason"), ROUTES)
def test_an_unknown_parameter_is_named_with_the_known_ones(service: Any, address: str, name: str, reason: str) -> None:
    answer = service.as_("admin").get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    (error,) = answer.json()["errors"]
    assert error["field"] == name and reason in error["reason"]


def test_who_may_not_come_in_is_not_told_what_is_known(service: Any) -> None:
    assert service.as_(None).get("/api/v1/movements?dor=D1").status_code == 401
    assert service.as_("viewer").get("/api/v1/users?x=1").status_code == 403


def test_every_route_refuses_what_it_does_not_know(service: Any) -> None:
    """Whatever the method: what a body would do is not even looked at."""
    admin = service.as_("admin")
    known = "00000000-0000-4000-8000-000000000001"
    assert admin.post("/epcis/v2/queries", json={"name": known, "query": {}}).status_code == 201
    asked, let_in = 0, []
    for description, status in (("/api/v1/openapi.json", 422), ("/epcis/v2/openapi.json", 400)):
        for path, operations in admin.get(description).json()["paths"].items():
            for method in operations:
                if not path.startswith(("/api/v1", "/epcis/v2")) or method == "options":
                    continue
                address = re.sub(r"\{[^}]*\}", known, path)
                answer = admin.request(method, address, params={"no_such_parameter": "1"})
                asked += 1
                if answer.status_code != status or "no_such_parameter" not in answer.text:
                    let_in.append((method, path, answer.status_code))
    assert let_in == [] and asked > 100


@pytest.mark.parametrize(
    "address",
    ["/epcis/v2/events?EQ_bizStepp=x", "/epcis/v2/queries?page=2", "/epcis/v2/epcs?perpage=1"],
    ids=["a query", "a list", "a page"],
)
def test_epcis_refuses_in_its_own_words(service: Any, address: str) -> None:
    answer = service.as_("viewer").get(address)
    assert (answer.status_code, answer.json()["type"]) == (400, "epcisException:QueryParameterException")


def test_probes_and_pages_take_what_others_hang_on_them(service: Any) -> None:
    viewer = service.as_("viewer")
    assert [viewer.get(f"{path}?utm_source=x").status_code for path in ("/healthz", "/readyz", "/")] == [200] * 3
