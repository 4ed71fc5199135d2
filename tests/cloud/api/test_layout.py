"""Layouts over HTTP: checked whole, replaced whole, exported as they came."""

import copy
import json
import threading
from typing import Any

import pytest

GOOD: dict[str, Any] = {
    "v": 1,
    "name": "North hall",
    "aisles": {"count": 2, "pitch_m": 3.0, "cells": 10, "cell_m": 1.2, "front_gap_m": 1.0, "back_gap_m": 1.0,
               "cross_aisles": [{"after_cell": 4, "width_m": 2.0}]},
    "doors": [{"id": "D1", "aisle": 0, "end": "front", "gap_m": 0.5}, {"id": "D2", "x_m": 0.1, "y_m": -3.0}],
    "bins": [
        {"id": "A-1", "aisle": 0, "cell": 3, "zone": "cool", "volume_m3": 0.1, "mass_kg": 80.0, "skus": ["S-1", "S-2"]},
        {"id": "A-2", "x_m": 1e-7, "y_m": 123456.789, "z_m": 2.5, "items_at_most": 4, "skus": []},
        {"id": "B-1", "skus": []},
    ],
    "bin_door_m": {"bins": ["B-1", "A-1"], "doors": ["D1"], "rows": [[4.25], [0.0]]},
    "bin_bin_m": {"bins": ["A-1", "B-1"], "rows": [[0.0, 7.5], [7.5, 0.0]]},
}  # fmt: skip


def path(site: str) -> str:
    return f"/api/v1/sites/{site}/layout"


def put(service: Any, site: str, body: Any, **headers: str) -> Any:
    return service.as_("admin").put(path(site), json=body, headers=headers)


def changed(*keys: Any, to: Any) -> dict[str, Any]:
    """A copy of the good layout with one place in it changed."""
    body = copy.deepcopy(GOOD)
    place: Any = body
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = to
    return body


def test_an_export_is_what_was_imported_and_imports_again_byte_for_byte(service: Any) -> None:
    assert put(service, "s1", GOOD).status_code == 200
    first = service.as_("viewer").get(path("s1"))
    assert first.json() == GOOD
    again = service.as_("admin").put(path("s2"), content=first.content, headers={"content-type": "application/json"})
    assert again.content == first.content == service.as_("viewer").get(path("s2")).content


def test_an_import_replaces_the_whole_floor(service: Any) -> None:
    put(service, "s3", GOOD)
    smaller = {"v": 1, "doors": [], "bins": [{"id": "Z", "x_m": 0, "y_m": 0}]}
    put(service, "s3", smaller)
    exported = service.as_("viewer").get(path("s3")).json()
    assert ([bin_["id"] for bin_ in exported["bins"]], exported["doors"], exported["aisles"]) == (["Z"], [], None)


def test_the_etag_counts_changes_only(service: Any) -> None:
    tags = [put(service, "s4", body).headers["etag"] for body in (GOOD, GOOD, changed("name", to="x"))]
    assert tags[0] == tags[1] != tags[2]
    fresh = service.as_("viewer").get(path("s4"), headers={"If-None-Match": tags[2]})
    assert (fresh.status_code, fresh.content) == (304, b"")


def test_a_layout_that_somebody_else_replaced_is_not_overwritten(service: Any) -> None:
    first = put(service, "s5", GOOD).headers["etag"]
    second = put(service, "s5", changed("name", to="theirs")).headers["etag"]
    assert put(service, "s5", changed("name", to="mine"), **{"If-Match": first}).status_code == 412
    assert service.as_("viewer").get(path("s5")).json()["name"] == "theirs"
    assert put(service, "s5", changed("name", to="mine"), **{"If-Match": second}).status_code == 200
    assert put(service, "s6", GOOD, **{"If-Match": "*"}).status_code == 412


def test_of_two_at_once_with_the_same_tag_one_wins(service: Any) -> None:
    tag = put(service, "s7", GOOD).headers["etag"]
    answers: list[int] = []

    def race(name: str) -> None:
        headers = {"If-Match": tag, "Authorization": f"Bearer {service.tokens['admin']}"}
        answers.append(put_alone(service, changed("name", to=name), headers))

    threads = [threading.Thread(target=race, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 412, 412, 412]


def put_alone(service: Any, body: Any, headers: dict[str, str]) -> int:
    import httpx

    return httpx.put(service.url + path("s7"), json=body, headers=headers).status_code


def test_a_site_without_layout_has_none_to_export(service: Any) -> None:
    assert service.as_("viewer").get(path("nowhere")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param(changed("v", to=2), "v", id="another version"),
        pytest.param(changed("colour", to=1), "colour", id="unknown key"),
        pytest.param(changed("bins", 0, "colour", to=1), "bins[0].colour", id="unknown key of a bin"),
        pytest.param(changed("bins", 1, "id", to="A-1"), "bins[1].id", id="bin twice"),
        pytest.param(changed("doors", 1, "id", to="D1"), "doors[1].id", id="door twice"),
        pytest.param(changed("bins", 0, "skus", to=["S", "S"]), "bins[0].skus", id="SKU twice in a bin"),
        pytest.param(changed("bins", 0, "volume_m3", to=-1), "bins[0].volume_m3", id="negative volume"),
        pytest.param(changed("bins", 1, "x_m", to=1e7), "bins[1].x_m", id="further than any wall"),
        pytest.param(changed("bins", 1, "y_m", to=None), "bins[1].y_m", id="half a coordinate"),
        pytest.param(changed("bins", 0, "cell", to=10), "bins[0].cell", id="cell behind the last"),
        pytest.param(changed("bins", 0, "aisle", to=2), "bins[0].aisle", id="aisle beside the last"),
        pytest.param(changed("bin_door_m", to=None), "bins[2]", id="bin without a place"),
        pytest.param({**GOOD, "aisles": None, "bin_door_m": None}, "doors[0]", id="door without a place"),
        pytest.param(changed("bin_door_m", "bins", 0, to="Q"), "bin_door_m.bins[0]", id="matrix of an unknown bin"),
        pytest.param(changed("bin_door_m", "rows", to=[[1.0]]), "bin_door_m.rows", id="row missing"),
        pytest.param(changed("bin_door_m", "rows", 1, to=[1.0, 2.0]), "bin_door_m.rows[1]", id="row too long"),
        pytest.param(changed("bin_bin_m", "rows", 0, 1, to=-2), "bin_bin_m.rows[0][1]", id="negative distance"),
        pytest.param(changed("bins", 0, "id", to="<script>"), "bins[0].id", id="name with markup"),
        pytest.param(changed("bins", 0, "cell", to="3a"), "bins[0].cell", id="text for a number"),
    ],
)
def test_a_bad_layout_is_refused_by_field_and_the_old_one_stays(service: Any, body: dict[str, Any], field: str) -> None:
    put(service, "kept", GOOD)
    answer = put(service, "kept", body)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert service.as_("viewer").get(path("kept")).json() == GOOD


def test_numbers_that_are_none_are_refused(service: Any) -> None:
    text = json.dumps(changed("bins", 1, "x_m", to=float("nan")))
    answer = service.as_("admin").put(path("s8"), content=text, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "bins[1].x_m")


def test_twenty_thousand_bins_are_taken_and_one_more_is_not(service: Any) -> None:
    bins = [{"id": f"B-{n}", "x_m": n % 200, "y_m": n // 200, "skus": [f"S-{n}"]} for n in range(20_001)]
    answer = put(service, "large", {"v": 1, "doors": [], "bins": bins})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "bins")
    assert put(service, "large", {"v": 1, "doors": [], "bins": bins[:-1]}).status_code == 200
    assert service.sql("select count(*) as n from bin_skus where site = 'large'") == [{"n": 20_000}]
    assert service.sql("select count(*) as n from bins_v1 where site = 'large' and skus <> '{}'") == [{"n": 20_000}]
