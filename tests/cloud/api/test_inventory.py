"""Items, movements and stock over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
EPC = "urn:epc:id:sgtin:0614141.812345.6789"


@pytest.fixture(scope="module")
def stocked(service: Any, helpers: Any) -> Any:
    """Two sites; at one a bin and three registered cartons, of which one left and one came back."""
    bins = [{"id": "A-1", "x_m": 1, "y_m": 1, "zone": "cool"}, {"id": "A-2", "x_m": 2, "y_m": 1}]
    for site in (helpers.SITE, "other", "ties"):
        body = {"v": 1, "doors": [{"id": "D1", "x_m": 0, "y_m": 0}], "bins": bins}
        assert service.as_("admin").put(f"/api/v1/sites/{site}/layout", json=body).status_code == 200
    items = [
        {"epc": f"{EPC[:-4]}{n}", "sku": "S-1", "quantity": 6, "site": helpers.SITE, "bin": "A-1"} for n in (1, 2, 3)
    ]
    assert service.as_("admin").put("/api/v1/items", json={"items": items}).json() == {"written": 3}
    later = datetime.now(UTC) + timedelta(seconds=1)
    helpers.add_movements(service, [helpers.movement(later, items[1]["epc"], sku="S-1")])
    helpers.add_movements(service, [helpers.movement(later, items[2]["epc"], sku="S-1")])
    back = helpers.movement(later + timedelta(seconds=1), items[2]["epc"], sku="S-1", direction="in")
    helpers.add_movements(service, [back])
    return service


def state_of(service: Any, epc: str) -> str:
    return str(service.as_("viewer").get(f"/api/v1/items/{epc}").json()["state"])


def test_an_items_place_follows_its_movements(stocked: Any) -> None:
    assert [state_of(stocked, f"{EPC[:-4]}{n}") for n in (1, 2, 3)] == ["sellable_accessible", "in_transit", "returned"]


def test_an_item_is_found_by_hex_urn_and_digital_link(stocked: Any, helpers: Any) -> None:
    item = {"epc": "3074257BF7194E4000001A85", "sku": "S-9", "quantity": 1, "site": helpers.SITE, "bin": "A-2"}
    assert stocked.as_("admin").put("/api/v1/items", json={"items": [item]}).status_code == 200
    for form in (EPC, "3074257bf7194e4000001a85", "https://id.gs1.org/01/80614141123458/21/6789"):
        answer = stocked.as_("viewer").get(f"/api/v1/items/{quote(form, safe='')}")
        assert (answer.status_code, answer.json()["epc"], answer.json()["bin"]) == (200, EPC, "A-2")
        assert stocked.as_("viewer").get(f"/api/v1/items/{quote(form, safe='')}/history").json() == {"items": []}


# Tags of schemes that this part does not decode, as gateways name them; the examples are those of TDS 2.3, annex E.3.
SEEN = {
    "SGTIN+": ("F73795211411234538566CB0AFC4", "https://id.gs1.org/01/79521141123453/21/32a%2Fb"),
    "GIAI-96": ("3476451fd40000000000162e", "urn:epc:id:giai:9521141.5678"),
}


@pytest.mark.parametrize(("epc_hex", "epc"), SEEN.values(), ids=SEEN)
def test_a_tag_of_any_scheme_is_found_by_its_hex(stocked: Any, helpers: Any, epc_hex: str, epc: str) -> None:
    add_seen(stocked, helpers, epc_hex, epc)
    viewer = stocked.as_("viewer")
    for asked in (epc_hex.upper(), epc_hex.lower(), epc):
        path = f"/api/v1/items/{quote(asked, safe='')}"
        assert (viewer.get(path).json()["epc"], viewer.get(path).json()["state"]) == (epc, "in_progress")
        assert [row["epc"] for row in viewer.get(f"{path}/history").json()["items"]] == [epc]
        assert len(viewer.get("/api/v1/movements", params={"epc": asked}).json()["items"]) == 1
        page = viewer.get("/find", params={"q": asked, "site": helpers.SITE})
        assert page.status_code == 200 and f'<h2 id="item-title" class="long">{epc}</h2>' in page.text


@pytest.mark.parametrize(
    "asked",
    [
        "https://id.gs1.org/01/79521141123453/21/32a/b",
        "http://ID.gs1.org/01/79521141123453/21/32a%2fb?17=220630",
        "urn:epc:id:sgtin:9521141.712345.32a%2Fb",
    ],
)
def test_a_link_is_found_however_its_serial_number_is_escaped(stocked: Any, helpers: Any, asked: str) -> None:
    epc_hex, epc = SEEN["SGTIN+"]
    add_seen(stocked, helpers, epc_hex, epc)
    answer = stocked.as_("viewer").get(f"/api/v1/items/{quote(asked, safe='')}")
    assert (answer.status_code, answer.json().get("epc")) == (200, epc)
    assert stocked.as_("viewer").get("/find", params={"q": asked, "site": helpers.SITE}).status_code == 200


def add_seen(service: Any, helpers: Any, epc_hex: str, epc: str) -> None:
    """Let a tag pass a door, once however often it is asked for."""
    service.sql(
        "insert into items (epc, site, state, since) values (%s, %s, 'unknown', now()) on conflict do nothing",
        [epc, helpers.SITE],
    )
    if not service.sql("select epc from movements where epc = %s", [epc]):
        helpers.add_movements(service, [helpers.movement(NOW, epc, epc_hex=epc_hex, direction="in")])


def test_registering_the_same_again_changes_nothing(stocked: Any, helpers: Any) -> None:
    item = {"epc": f"{EPC[:-4]}2", "sku": "S-1", "quantity": 6, "site": helpers.SITE, "bin": "A-1"}
    before = stocked.as_("viewer").get(f"/api/v1/items/{item['epc']}").json()
    stocked.as_("admin").put("/api/v1/items", json={"items": [item]})
    assert stocked.as_("viewer").get(f"/api/v1/items/{item['epc']}").json() == before


def test_registering_in_another_bin_moves_the_item(stocked: Any, helpers: Any) -> None:
    item = {"epc": f"{EPC[:-4]}77", "sku": "S-7", "site": helpers.SITE, "bin": "A-1"}
    for bin_ in ("A-1", "A-2"):
        stocked.as_("admin").put("/api/v1/items", json={"items": [{**item, "bin": bin_}]})
    assert stocked.as_("viewer").get(f"/api/v1/items/{item['epc']}").json()["bin"] == "A-2"


def test_unknown_epcs_are_not_found_and_nonsense_is_refused(stocked: Any) -> None:
    assert stocked.as_("viewer").get("/api/v1/items/urn:epc:id:sgtin:0614141.812345.404").status_code == 404
    assert stocked.as_("viewer").get("/api/v1/items/urn:epc:id:sgtin:0614141.812345.404/history").status_code == 404
    assert stocked.as_("viewer").get("/api/v1/items/nonsense").json()["errors"][0]["field"] == "epc"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"site": "nowhere"}, "items[1].site", id="unknown site"),
        pytest.param({"bin": "Z-9"}, "items[1].bin", id="unknown bin"),
        pytest.param({"epc": "hello"}, "items[1].epc", id="no EPC"),
        pytest.param({"epc": "https://id.gs1.org/01/80614141123458/21/NEW1"}, "items[1].epc", id="ambiguous link"),
        pytest.param({"epc": "3476451FD40000000000162F"}, "items[1].epc", id="hex of a scheme not decoded here"),
        pytest.param({"epc": "3074257BF7194E4000000001"}, "items[1].epc", id="another row's EPC as hex"),
        pytest.param({"quantity": -1}, "items[1].quantity", id="negative quantity"),
        pytest.param({"quantity": 2**40}, "items[1].quantity", id="more than an integer holds"),
        pytest.param({"colour": 1}, "items[1].colour", id="unknown field"),
    ],
)
def test_a_bad_item_is_refused_by_field_and_nothing_written(
    stocked: Any, helpers: Any, change: dict[str, Any], field: str
) -> None:
    good = {"epc": f"{EPC[:-4]}1", "sku": "changed", "quantity": 1, "site": helpers.SITE, "bin": "A-1"}
    answer = stocked.as_("admin").put(
        "/api/v1/items", json={"items": [good, {**good, "epc": f"{EPC[:-4]}55", **change}]}
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert stocked.as_("viewer").get(f"/api/v1/items/{good['epc']}").json()["sku"] == "S-1"


def test_stock_counts_what_is_there(stocked: Any, helpers: Any) -> None:
    rows = stocked.as_("viewer").get("/api/v1/stock", params={"site": helpers.SITE, "sku": "S-1"}).json()["items"]
    assert [(row["zone"], row["state"], row["items"], row["quantity"]) for row in rows] == [
        (None, "returned", 1, 6),
        ("cool", "sellable_accessible", 1, 6),
    ]
    gone = stocked.as_("viewer").get("/api/v1/stock", params={"sku": "S-1", "state": "in_transit"}).json()["items"]
    assert [row["items"] for row in gone] == [1]


def test_stock_pages_follow_each_other(stocked: Any, helpers: Any) -> None:
    whole = stocked.as_("viewer").get("/api/v1/stock", params={"limit": 100}).json()["items"]
    assert pages(stocked, "/api/v1/stock?limit=1") == whole and len(whole) >= 2


def test_items_are_filtered_by_bin_and_state(stocked: Any, helpers: Any) -> None:
    rows = stocked.as_("viewer").get("/api/v1/items", params={"site": helpers.SITE, "bin": "A-1"}).json()["items"]
    assert [row["epc"] for row in rows] == [f"{EPC[:-4]}1"]
    assert pages(stocked, "/api/v1/items?limit=1&state=in_transit")[0]["epc"] == f"{EPC[:-4]}2"


def pages(service: Any, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while path:
        answer = service.as_("viewer").get(path)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["items"]
        path = answer.links.get("next", {}).get("url", "")
    return rows


def test_movement_pages_keep_their_order_through_ties_and_new_arrivals(stocked: Any, helpers: Any) -> None:
    at = NOW - timedelta(days=2)
    tied = [helpers.movement(at, f"urn:epc:id:sgtin:9521234.000001.{n}", site="ties") for n in range(7)]
    helpers.add_movements(stocked, tied)
    answer = stocked.as_("viewer").get("/api/v1/movements?site=ties&limit=3")
    seen = [row["event_id"] for row in answer.json()["items"]]
    helpers.add_movements(stocked, [helpers.movement(NOW, "urn:epc:id:sgtin:9521234.000001.99", site="ties")])
    seen += [row["event_id"] for row in pages(stocked, answer.links["next"]["url"])]
    assert seen == sorted((str(row["event_id"]) for row in tied), reverse=True)


def test_movements_are_filtered_and_whole(stocked: Any, helpers: Any) -> None:
    epc = "urn:epc:id:sgtin:9521234.000002.5"
    sent = helpers.movement(NOW, epc, sku="S-5", door="D9", direction="uncertain", confidence=0.5, site="other")
    helpers.add_movements(stocked, [sent])
    for query in (
        {"epc": epc}, {"door": "D9"}, {"sku": "S-5"}, {"direction": "uncertain"},
        {"since": NOW.isoformat(), "until": (NOW + timedelta(seconds=1)).isoformat(), "sku": "S-5"},
    ):  # fmt: skip
        (row,) = stocked.as_("viewer").get("/api/v1/movements", params={"site": "other", **query}).json()["items"]
        assert row["event_id"] == str(sent["event_id"])
    assert {key: row[key] for key in ("direction", "confidence", "evidence", "bin", "gateway")} == {
        "direction": "uncertain", "confidence": 0.5, "evidence": {"reads": 12}, "bin": None, "gateway": "gw-1",
    }  # fmt: skip
    assert datetime.fromisoformat(row["observed_at"]) == NOW
    before = {"site": "other", "until": NOW.isoformat(), "sku": "S-5"}
    assert stocked.as_("viewer").get("/api/v1/movements", params=before).json()["items"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"), ("limit=1001", "limit"), ("cursor=bm9uc2Vuc2U", "cursor"), ("cursor=!!!", "cursor"),
        ("cursor=WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwiMSJd", "cursor"), ("site=a%20b", "site"), ("sku=%00", "sku"),
        ("direction=up", "direction"), ("since=yesterday", "since"), ("since=2026-01-01T00:00:00", "since"),
        ("since=9999-12-31T23:59:59Z", "since"), ("epc=hello", "epc"), ("door=%F0%9F%98%80", "door"),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_named(stocked: Any, query: str, field: str) -> None:
    answer = stocked.as_("viewer").get(f"/api/v1/movements?{query}")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


def test_history_is_newest_first(stocked: Any) -> None:
    rows = stocked.as_("viewer").get(f"/api/v1/items/{EPC[:-4]}3/history").json()["items"]
    assert [row["direction"] for row in rows] == ["in", "out"]


def test_history_is_filtered_by_time_and_place(stocked: Any, helpers: Any) -> None:
    epc, viewer = "urn:epc:id:sgtin:9521234.000002.6", stocked.as_("viewer")
    moved = [helpers.movement(NOW + timedelta(minutes=n), epc, site=("other", helpers.SITE)[n % 2]) for n in range(4)]
    helpers.add_movements(stocked, moved)

    def history(**query: Any) -> list[int]:
        answer = viewer.get(f"/api/v1/items/{epc}/history", params=query)
        assert answer.status_code == 200, answer.text
        rows = answer.json()["items"]
        return [(datetime.fromisoformat(row["observed_at"]) - NOW) // timedelta(minutes=1) for row in rows]

    since, until = (NOW + timedelta(minutes=1)).isoformat(), (NOW + timedelta(minutes=3)).isoformat()
    assert history() == [3, 2, 1, 0]
    assert history(since=since, until=until) == [2, 1]
    assert history(site=helpers.SITE) == [3, 1] and history(site=helpers.SITE, until=until) == [1]
    known = viewer.get(f"/api/v1/items/{EPC[:-4]}3/history", params={"until": NOW.isoformat()})
    assert known.json() == {"items": []}  # nothing then, yet it is an item
    assert stocked.as_("viewer", "other").get(f"/api/v1/items/{epc}/history?site={helpers.SITE}").status_code == 403


def test_movements_are_filtered_by_the_zone_of_their_bins(stocked: Any, helpers: Any) -> None:
    epc = "urn:epc:id:sgtin:9521234.000002.7"
    placed = [
        helpers.movement(NOW + timedelta(minutes=n), epc, site="other", door=None, bin=bin_, direction="in")
        for n, bin_ in enumerate(("A-1", "A-2", "A-1"))
    ]
    helpers.add_movements(stocked, placed)
    for query in ({"site": "other"}, {"site": "other", "epc": epc}, {"epc": epc}):
        rows = stocked.as_("viewer").get("/api/v1/movements", params={"zone": "cool", **query}).json()["items"]
        assert [row["event_id"] for row in rows] == [str(one["event_id"]) for one in (placed[2], placed[0])]
    whole = stocked.as_("viewer").get(
        "/api/v1/movements", params={"zone": "cool", "site": "other"}, headers={"Accept": "application/x-ndjson"}
    )
    assert len(whole.text.splitlines()) == 2
    assert stocked.as_("viewer").get("/api/v1/movements?zone=warm&site=other").json()["items"] == []
