"""SKUs over HTTP."""

from typing import Any

import pytest


def sku(name: str, **fields: Any) -> dict[str, Any]:
    return {"sku": name, **fields}


def put(service: Any, *records: dict[str, Any]) -> Any:
    return service.as_("admin").put("/api/v1/skus", json={"items": list(records)})


def test_what_is_written_is_listed(service: Any) -> None:
    record = sku("G-1", gtin="09521234000013", description="lamp", volume_m3=0.4, zones=["cool"], keep_apart=["toys"])
    assert put(service, record).json() == {"written": 1}
    listed = service.as_("viewer").get("/api/v1/skus", params={"limit": 1000}).json()["items"]
    defaults = {"mass_kg": None, "bins_needed": 1, "family": None}
    assert next(row for row in listed if row["sku"] == "G-1") == {**record, **defaults}


def test_writing_again_overwrites_whole_records(service: Any) -> None:
    put(service, sku("G-2", family="toys", mass_kg=3))
    put(service, sku("G-2", description="new"))
    assert service.sql("select family, mass_kg, description from skus where sku = 'G-2'") == [
        {"family": None, "mass_kg": None, "description": "new"}
    ]


def test_gtins_may_change_hands_within_one_body(service: Any) -> None:
    put(service, sku("G-3", gtin="09521234000020"), sku("G-4", gtin="09521234000037"))
    assert put(service, sku("G-3", gtin="09521234000037"), sku("G-4", gtin="09521234000020")).status_code == 200
    assert service.sql("select gtin from skus where sku = 'G-3'") == [{"gtin": "09521234000037"}]


def test_a_gtin_of_another_sku_is_refused_and_nothing_written(service: Any) -> None:
    put(service, sku("G-5", gtin="09521234000044"))
    answer = put(service, sku("G-6"), sku("G-7", gtin="09521234000044"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "items[1].gtin" and "G-5" in answer.json()["detail"]
    assert service.sql("select sku from skus where sku in ('G-6', 'G-7')") == []


@pytest.mark.parametrize(
    ("record", "field"),
    [
        pytest.param(sku(""), "items[0].sku", id="empty name"),
        pytest.param(sku("x" * 101), "items[0].sku", id="long name"),
        pytest.param(sku("a\u0000b"), "items[0].sku", id="U+0000"),
        pytest.param(sku("a", gtin="123"), "items[0].gtin", id="short GTIN"),
        pytest.param(sku("a", gtin="09521234000011"), "items[0]", id="wrong check digit"),
        pytest.param(sku("a", mass_kg=-1), "items[0].mass_kg", id="negative mass"),
        pytest.param(sku("a", bins_needed=0), "items[0].bins_needed", id="no bin needed"),
        pytest.param(sku("a", colour="red"), "items[0].colour", id="unknown field"),
        pytest.param(sku("a", zones=["x"] * 51), "items[0].zones", id="too many zones"),
    ],
)
def test_a_bad_record_is_refused_by_field(service: Any, record: dict[str, Any], field: str) -> None:
    answer = put(service, record)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_more_than_ten_thousand_are_refused(service: Any) -> None:
    answer = put(service, *[sku(str(n)) for n in range(10_001)])
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "items"


def test_pages_follow_each_other_without_gap_or_double(service: Any) -> None:
    put(service, *[sku(f"P-{n:03d}", family="paged") for n in range(25)])
    client, names, path = service.as_("viewer"), [], "/api/v1/skus?family=paged&limit=10"
    while path:
        answer = client.get(path)
        names += [row["sku"] for row in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url", "")
    assert names == [f"P-{n:03d}" for n in range(25)]


def test_one_sku_is_added_read_and_overwritten_by_who_saw_it(service: Any) -> None:
    url = "/api/v1/skus/single%2F1"
    admin = service.as_("admin")
    made = admin.put(url, json={"description": "Lamp", "gtin": "09521234000075"})
    assert (made.status_code, made.json()["sku"], made.json()["description"]) == (201, "single/1", "Lamp")
    assert admin.put(url, json={"description": "Light"}).status_code == 428
    changed = admin.put(url, json={"description": "Light"}, headers={"If-Match": made.headers["etag"]})
    assert (changed.status_code, changed.json()["gtin"]) == (200, None)
    assert admin.put(url, json={}, headers={"If-Match": made.headers["etag"]}).status_code == 412
    seen = service.as_("viewer").get(url)
    assert (seen.json(), seen.headers["etag"]) == (changed.json(), changed.headers["etag"])
    assert service.as_("viewer").get(url, headers={"If-None-Match": seen.headers["etag"]}).status_code == 304
    assert service.as_("viewer").get("/api/v1/skus/nothing").status_code == 404


def test_one_sku_cannot_take_anothers_gtin(service: Any) -> None:
    admin = service.as_("admin")
    assert admin.put("/api/v1/skus/first", json={"gtin": "09521234000082"}).status_code == 201
    answer = admin.put("/api/v1/skus/second", json={"gtin": "09521234000082"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "gtin")
