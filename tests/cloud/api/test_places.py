"""Sites, zones and bins, one by one."""

from typing import Any
from urllib.parse import quote

import pytest

SITE = "places-1"
BINS = [
    {"id": "A-1", "x_m": 1, "y_m": 1, "zone": "cool", "skus": ["S-1"]},
    {"id": "A/2", "x_m": 2, "y_m": 1, "zone": "cool"},
    {"id": "B-1", "x_m": 3, "y_m": 1},
]


@pytest.fixture(autouse=True)
def floor(service: Any) -> None:
    layout = {"v": 1, "name": "Hall", "doors": [], "bins": BINS}
    assert service.as_("admin").put(f"/api/v1/sites/{SITE}/layout", json=layout).status_code == 200


def put(service: Any, path: str, body: Any, tag: str | None = None, role: str = "manager") -> Any:
    headers = {"If-Match": tag} if tag else {}
    return service.as_(role).put(f"/api/v1/sites/{path}", json=body, headers=headers)


def get(service: Any, path: str) -> Any:
    return service.as_("viewer").get(f"/api/v1/sites/{path}")


def test_a_site_is_laid_down_once_and_renamed_by_who_saw_its_name(service: Any) -> None:
    made = put(service, "new", {"name": "Shed"})
    assert (made.status_code, made.json()["name"], made.json()["layout_version"]) == (201, "Shed", 0)
    assert put(service, "new", {"name": "Other"}).status_code == 428
    renamed = put(service, "new", {"name": "Barn"}, made.headers["etag"])
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Barn")
    assert put(service, "new", {"name": "Shed"}, made.headers["etag"]).status_code == 412
    assert put(service, "newer", {"name": "x"}, '"some"').status_code == 412
    assert get(service, "newer").status_code == 404
    assert renamed.headers["etag"] == get(service, "new").headers["etag"]


def test_renaming_a_site_is_seen_by_who_imports_its_layout(service: Any) -> None:
    layout = {"v": 1, "name": "First", "doors": [], "bins": []}
    service.as_("admin").put("/api/v1/sites/renamed/layout", json=layout)
    tag = get(service, "renamed/layout").headers["etag"]
    put(service, "renamed", {"name": "Second"}, "*")
    late = service.as_("admin").put("/api/v1/sites/renamed/layout", json=layout, headers={"If-Match": tag})
    assert late.status_code == 412


def test_zones_appear_with_their_bins_and_count_them(service: Any) -> None:
    zones = get(service, f"{SITE}/zones").json()["items"]
    assert ("cool", "storage", 2) in [(zone["zone"], zone["kind"], zone["bins"]) for zone in zones]


def test_a_zone_is_made_changed_and_taken_out_while_it_is_empty(service: Any) -> None:
    path = f"{SITE}/zones/{quote('dock / north', safe='')}"
    limits = {"kind": "staging", "temperature_c_min": -2.5, "temperature_c_max": 8}
    made = put(service, path, limits)
    assert (made.status_code, made.json()["zone"], made.json()["temperature_c_min"]) == (201, "dock / north", -2.5)
    changed = put(service, path, {"kind": "returns"}, made.headers["etag"])
    assert (changed.json()["kind"], changed.json()["temperature_c_max"]) == ("returns", None)
    manager = service.as_("manager")
    assert manager.delete(f"/api/v1/sites/{path}").status_code == 428
    assert manager.delete(f"/api/v1/sites/{path}", headers={"If-Match": made.headers["etag"]}).status_code == 412
    assert manager.delete(f"/api/v1/sites/{path}", headers={"If-Match": changed.headers["etag"]}).status_code == 204
    assert get(service, path).status_code == 404
    assert manager.delete(f"/api/v1/sites/{SITE}/zones/cool", headers={"If-Match": "*"}).status_code == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"temperature_c_min": 9, "temperature_c_max": 8}, "body"),
        ({"humidity_pct_max": 101}, "humidity_pct_max"),
        ({"kind": "cellar"}, "kind"),
        ({"colour": 1}, "colour"),
    ],
    ids=["limits the wrong way round", "more than all", "no kind", "unknown field"],
)
def test_a_bad_zone_is_refused_by_field(service: Any, body: Any, field: str) -> None:
    answer = put(service, f"{SITE}/zones/bad", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_bins_are_listed_by_zone_and_by_sku(service: Any) -> None:
    def names(query: str) -> list[str]:
        return [row["bin"] for row in get(service, f"{SITE}/bins{query}").json()["items"]]

    assert names("") == ["A-1", "A/2", "B-1"]
    assert (names("?zone=cool"), names("?sku=S-1"), names("?zone=none")) == (["A-1", "A/2"], ["A-1"], [])
    first = get(service, f"{SITE}/bins?limit=2")
    assert [row["bin"] for row in service.as_("viewer").get(first.links["next"]["url"]).json()["items"]] == ["B-1"]


def test_a_bin_changes_in_what_is_sent_and_the_floor_counts_it(service: Any) -> None:
    path = f"{SITE}/bins/{quote('A/2', safe='')}"
    seen = get(service, path)
    version = get(service, SITE).json()["layout_version"]
    url = f"/api/v1/sites/{path}"
    integrator = service.as_("integrator")
    assert integrator.patch(url, json={"mass_kg": 80}).status_code == 428
    changed = integrator.patch(
        url, json={"mass_kg": 80, "zone": "fresh", "skus": ["S-2"]}, headers={"If-Match": seen.headers["etag"]}
    )
    assert changed.status_code == 200
    assert changed.json() == {**seen.json(), "mass_kg": 80.0, "zone": "fresh", "skus": ["S-2"]}
    assert get(service, SITE).json()["layout_version"] == version + 1
    assert integrator.patch(url, json={"mass_kg": 1}, headers={"If-Match": seen.headers["etag"]}).status_code == 412
    same = integrator.patch(url, json={"mass_kg": 80}, headers={"If-Match": "*"})
    assert (same.status_code, get(service, SITE).json()["layout_version"]) == (200, version + 1)
    assert "fresh" in [zone["zone"] for zone in get(service, f"{SITE}/zones").json()["items"]]


def test_changes_are_audited_with_what_was_there_before(service: Any) -> None:
    url = f"/api/v1/sites/{SITE}/bins/B-1"
    service.as_("integrator").patch(url, json={"items_at_most": 4}, headers={"If-Match": "*"})
    (row,) = service.sql("select action, site, before, after from audit where subject = %s", [f"bin/{SITE}/B-1"])
    assert (row["action"], row["site"]) == ("bin.change", SITE)
    assert (row["before"]["items_at_most"], row["after"]["items_at_most"]) == (None, 4)


def test_nothing_hangs_on_a_site_that_is_not_there(service: Any) -> None:
    for path in ("nowhere", "nowhere/zones", "nowhere/bins", f"{SITE}/bins/Z", f"{SITE}/zones/Z"):
        assert get(service, path).status_code == 404
    assert put(service, "nowhere/zones/a", {}).status_code == 404
    patched = service.as_("admin").patch(f"/api/v1/sites/{SITE}/bins/Z", json={}, headers={"If-Match": "*"})
    assert patched.status_code == 404


@pytest.mark.parametrize("name", ["sites", "doors", "zones", "gateways", "readers"])
def test_a_short_list_is_whole_and_has_pages_for_who_wants_them(service: Any, name: str) -> None:
    service.sql(
        """insert into sites (site) select 'few-' || n from generate_series(1, 5) n on conflict do nothing;
        insert into doors (site, door) select 'few-1', 'D' || n from generate_series(1, 5) n on conflict do nothing;
        insert into zones (site, zone) select 'few-1', 'Z' || n from generate_series(1, 5) n on conflict do nothing;
        insert into gateways (site, gateway, status_at, status)
        select 'few-' || 1 + n % 2, 'g' || n, now(), '{"v": 1, "state": "online", "readers": [
               {"name": "r1", "state": "up"}, {"name": "r2", "state": "up"}]}' from generate_series(1, 5) n
        on conflict do nothing"""
    )
    viewer, path = service.as_("viewer"), f"/api/v1/{'sites/few-1/' if name in ('doors', 'zones') else ''}{name}"
    whole = viewer.get(path).json()["items"]
    assert len(whole) >= 5
    found, address = [], f"{path}?limit=2"
    while address:
        answer = viewer.get(address)
        assert 0 < len(answer.json()["items"]) <= 2
        found += answer.json()["items"]
        address = answer.links.get("next", {}).get("url", "")

    def names(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
        return [tuple(row[key] for key in ("site", "gateway", name[:-1]) if key in row) for row in rows]

    assert names(found) == names(whole) and len(set(names(found))) == len(found)
    assert viewer.get(f"{path}?cursor=WzFd").status_code == 422
