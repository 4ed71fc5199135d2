"""Limits of a SKU in a zone: a pick face that runs low is told, and refilled from the rest of the house."""

from typing import Any

import pytest
from tagdock_cloud.alerts.duties import LOOKS, look
from tagdock_cloud.stockpolicy.duties import propose_all
from tagdock_cloud.store import pool
from tagdock_cloud.tasks.duties import notice_all

SITE = "zl"
FACE, OTHER_FACE, HIGH, LOW = "P1", "P2", "R1", "R2"


def epc(number: int) -> str:
    return f"urn:epc:id:sgtin:9521234.000031.{number}"


@pytest.fixture
def house(service: Any) -> Any:
    """A site that picks K from P1: four units are there, sixty in two reserve bins, and twelve of L in its own face."""
    service.sql(
        "truncate alert_rules, alerts, replenishments, refills, items, stock_counts, stock_deltas, tasks, "
        "sku_outlooks, webhooks, deliveries cascade"
    )
    zones = {FACE: ("pick", ["K"]), OTHER_FACE: ("pick", ["L"]), HIGH: ("reserve", []), LOW: ("reserve", [])}
    bins = [
        {"id": name, "x_m": float(n), "y_m": 1.0, "zone": zone, "skus": skus}
        for n, (name, (zone, skus)) in enumerate(zones.items())
    ]
    layout = {"v": 1, "name": SITE, "doors": [{"id": "D1", "x_m": 0.0, "y_m": 0.0}], "bins": bins}
    assert service.as_("admin").put(f"/api/v1/sites/{SITE}/layout", json=layout).status_code == 200
    put(service, 1, "K", 4, FACE)
    put(service, 2, "K", 20, LOW)
    put(service, 3, "K", 40, HIGH)
    put(service, 4, "L", 12, OTHER_FACE)
    return service


def put(house: Any, number: int, sku: str, quantity: int, bin_: str) -> None:
    item = {"epc": epc(number), "sku": sku, "quantity": quantity, "site": SITE, "bin": bin_}
    assert house.as_("admin").put("/api/v1/items", json={"items": [item]}).status_code == 200


def rule(house: Any, **of: Any) -> Any:
    body = {"kind": "stock", "name": "face", "site": SITE, "sku": "K", "zone": "pick", "low": 10, "hold_s": 0, **of}
    return house.as_("manager").post("/api/v1/alert-rules", json={k: v for k, v in body.items() if v is not None})


def alerts(house: Any) -> list[tuple[str, str, str, str]]:
    """Look at the stock, and return what is open: kind, severity, what it is about, words."""
    with pool.connect(house.database) as connection:
        look(connection, next(each for each in LOOKS if each.name == "stock"))
    rows = house.sql(
        "select kind, severity, originator, message from alerts where cleared_at is null and site = %s "
        "order by kind, originator",
        [SITE],
    )
    return [tuple(row.values()) for row in rows]


def proposed(house: Any, **query: str) -> list[dict[str, Any]]:
    with pool.connect(house.database) as connection:
        propose_all(connection)
    told = house.as_("viewer").get("/api/v1/replenishments", params={"site": SITE, **query}).json()
    rows: list[dict[str, Any]] = told["items"]
    return rows


def stands(house: Any, **query: str) -> list[dict[str, Any]]:
    told = house.as_("viewer").get("/api/v1/zone-stock", params={"site": SITE, **query}).json()
    rows: list[dict[str, Any]] = told["items"]
    return rows


@pytest.mark.parametrize(
    ("limits", "units", "state", "told"),
    [
        pytest.param({"low": 4}, 4, "within", [], id="within"),
        pytest.param({"low": 5}, 4, "below", [("stock_below", "warning")], id="below"),
        pytest.param({"low": 10, "safety": 5}, 4, "below_safety", [("stock_below", "critical")], id="below-safety"),
        pytest.param({"low": 3, "near": 2}, 4, "near", [("stock_near_below", "info")], id="near-minimum"),
        pytest.param({"low": None, "high": 3}, 4, "above", [("stock_above", "warning")], id="above"),
        pytest.param({"low": None, "high": 5, "near": 2}, 4, "near", [("stock_near_above", "info")], id="near-maximum"),
        pytest.param({"zone": "reserve", "low": 61}, 60, "below", [("stock_below", "warning")], id="another-zone"),
        pytest.param({"sku": "L", "low": 13}, 12, "below", [("stock_below", "warning")], id="another-sku"),
    ],
)  # fmt: skip
def test_a_sku_in_a_zone_is_counted_there_alone(
    house: Any, limits: dict[str, Any], units: int, state: str, told: list[tuple[str, str]]
) -> None:
    added = rule(house, **limits)
    assert added.status_code == 201, added.text
    found = alerts(house)
    assert [one[:2] for one in found] == told
    sku, zone = limits.get("sku", "K"), limits.get("zone", "pick")
    for one in found:
        assert one[2] == f"sku/{sku}/zone/{zone}"
        assert one[3].startswith(f"Stock of {sku} in the zone {zone} is {units},")
    [row] = stands(house)
    assert (row["sku"], row["zone"], row["units"], row["state"]) == (sku, zone, units, state)
    assert row["rule_id"] == added.json()["rule_id"]
    [limit] = house.sql("select kind, what, sku, zone, units, state from stock_limits_v1 where site = %s", [SITE])
    assert limit == {
        "kind": "SKU in zone",
        "what": f"{sku} in {zone}",
        "sku": sku,
        "zone": zone,
        "units": units,
        "state": state.removesuffix("_safety"),
    }


def test_it_stands_beside_the_sku_s_own_limits_and_replaces_none(house: Any) -> None:
    """Sixty-four units at the site: the SKU's own minimum holds, its face's does not; the zone's sum is another's."""
    rule(house, zone=None, name="own", low=60)
    rule(house, sku=None, name="zone", low=16)
    rule(house, low=5)
    assert [one[2] for one in alerts(house)] == ["sku/K/zone/pick"]
    rule(house, zone=None, name="more", low=100)
    assert [one[2] for one in alerts(house)] == ["sku/K", "sku/K/zone/pick"]
    names = house.sql(
        "select r.name from sku_rules n join alert_rules r using (rule_id) where n.site = %s order by 1", [SITE]
    )
    assert [row["name"] for row in names] == ["more", "own"], "a zone's is none of the whole SKU's"


def test_the_site_s_own_goes_before_the_house_s_and_several_of_it_all_count(house: Any) -> None:
    rule(house, site=None, name="house", low=50)
    assert [row["minimum"] for row in stands(house)] == [50]
    rule(house, name="warns", low=8)
    rule(house, name="critical", low=2, severity="critical")
    assert sorted(row["minimum"] for row in stands(house)) == [2, 8]
    assert [one[:3] for one in alerts(house)] == [("stock_below", "warning", "sku/K/zone/pick")]


def test_an_alert_clears_when_the_face_is_full_again(house: Any) -> None:
    rule(house, low=10)
    assert len(alerts(house)) == 1
    put(house, 3, "K", 40, FACE)
    alerts(house)  # well once: missing since
    assert alerts(house) == []


def test_csv_enters_limits_of_zones_and_replaces_no_others(house: Any) -> None:
    def imported(*lines: str) -> Any:
        return house.as_("manager").post(
            "/api/v1/stock-limits/import", content="\n".join(lines), headers={"Content-Type": "text/csv"}
        )

    first = imported("site,sku,zone,low", f"{SITE},K,,60", f"{SITE},K,pick,10", f"{SITE},,pick,20")
    assert first.json() == {"written": 3, "replaced": 0}, first.text
    assert imported("site,sku,zone,low", f"{SITE},K,pick,11").json() == {"written": 1, "replaced": 1}
    rows = house.sql("select name, low from alert_rules order by low")
    assert [tuple(row.values()) for row in rows] == [
        ("Limits of K in pick", 11), ("Limits of pick", 20), ("Limits of K", 60)
    ]  # fmt: skip
    wrong = imported("site,sku,zone,low", f"{SITE},K,nowhere,10")
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["field"] == "row 1, zone"
    assert imported("sku,zone,low,lead_days", "K,pick,10,3").json()["errors"][0]["field"] == "line 2"


def test_a_low_face_is_proposed_to_be_refilled_and_what_is_approved_is_a_task(house: Any) -> None:
    hook = {"name": "WMS", "url": "https://93.184.216.34/", "topics": ["replenishment"]}
    assert house.as_("admin").post("/api/v1/webhooks", json=hook).status_code == 201
    rule(house, low=10, high=30)
    [one] = proposed(house)
    assert (one["zone"], one["sku"], one["quantity"], one["state"], one["up_to"]) == ("pick", "K", 26, "open", 30)
    assert "4 in pick" in one["why"] and "60 lie in other zones." in one["why"] and one["order_on"] == one["needed_on"]
    path = f"/api/v1/replenishments/{one['proposal_id']}"
    assert house.as_("operator").post(f"{path}/approve", json={}).status_code == 403
    approved = house.as_("planner").post(f"{path}/approve", json={}).json()
    assert (approved["state"], approved["notice_id"]) == ("approved", None)
    [task] = house.as_("viewer").get("/api/v1/tasks", params={"site": SITE}).json()["items"]
    assert task["task_id"] == approved["task_id"]
    assert [task[name] for name in ("kind", "role", "sku", "quantity", "bin", "to_bin", "priority")] == [
        "relocate", "operator", "K", 26, HIGH, FACE, 2
    ]  # fmt: skip
    assert house.sql("select order_id from orders where site = %s", [SITE]) == [], "nothing is ordered"
    assert house.as_("planner").post(f"{path}/approve", json={}).json() == approved
    assert len(house.sql("select task_id from tasks where site = %s", [SITE])) == 1
    assert proposed(house, state="open") == [], "what is on its way there counts"
    told = [row["body"]["change"] for row in house.sql("select body from deliveries order by queued_at")]
    assert told == ["proposed", "approved"]
    audited = house.sql("select action from audit where subject = %s", [f"replenishment/{one['proposal_id']}"])
    assert [row["action"] for row in audited] == ["replenishment.approve"]


def test_reads_end_the_refill_once_as_many_units_came(house: Any) -> None:
    rule(house, low=10, high=28)
    [one] = proposed(house)
    house.as_("planner").post(f"/api/v1/replenishments/{one['proposal_id']}/approve", json={})

    def noticed() -> dict[str, Any]:
        with pool.connect(house.database) as connection:
            notice_all(connection)
        [task] = house.sql("select state, done_how, result from tasks")
        return dict(task)

    assert noticed()["state"] == "open", "nothing has come yet"
    move = "update items set bin = %s, since = clock_timestamp() where epc = %s"
    house.sql(move, [FACE, epc(2)])
    assert noticed()["state"] == "open", "twenty of twenty-four: the four that lay there count for nothing"
    house.sql(move, [OTHER_FACE, epc(3)])
    assert noticed()["state"] == "open", "in another bin"
    house.sql(move, [FACE, epc(3)])
    assert noticed() == {"state": "done", "done_how": "read", "result": {"bin": FACE}}


def test_no_more_is_asked_for_than_lies_for_sale_elsewhere_and_nothing_of_nothing(house: Any) -> None:
    rule(house, low=100)
    [one] = proposed(house)
    assert one["quantity"] == 60 and "all of it" in one["why"]
    put(house, 3, "K", 40, FACE)
    [one] = proposed(house, state="open")
    assert one["quantity"] == 20, "an open proposal follows the stock"
    put(house, 2, "K", 20, FACE)
    assert [row["state"] for row in proposed(house)] == ["lapsed"], "nothing is left to bring"


def test_it_stands_beside_the_proposal_to_order_and_is_declined_by_itself(house: Any) -> None:
    rule(house, low=10, high=30)
    rule(house, zone=None, name="own", low=100, high=200)
    both = {row["zone"]: row for row in proposed(house)}
    assert {zone: row["quantity"] for zone, row in both.items()} == {None: 200 - 64, "pick": 26}
    again = {row["zone"]: row["quantity"] for row in proposed(house)}
    assert again == {None: 200 - 64, "pick": 26}, "neither is written over the other"
    path = f"/api/v1/replenishments/{both['pick']['proposal_id']}/decline"
    declined = house.as_("planner").post(path, json={"reason": "no room"}).json()
    assert (declined["state"], declined["task_id"]) == ("declined", None)
    assert [row["zone"] for row in proposed(house, state="open")] == [None], "it rests; the order does not"
    house.sql("update refills set decided_at = now() - interval '8 days' where state = 'declined'")
    assert {row["zone"] for row in proposed(house, state="open")} == {None, "pick"}


def test_a_face_that_is_full_again_lapses_its_proposal_and_no_other(house: Any) -> None:
    rule(house, low=10, high=30)
    rule(house, zone=None, name="own", low=100, high=200)
    assert len(proposed(house)) == 2
    put(house, 3, "K", 40, FACE)
    assert {row["zone"]: row["state"] for row in proposed(house)} == {None: "open", "pick": "lapsed"}


def test_two_zones_of_one_sku_have_a_proposal_each(house: Any) -> None:
    rule(house, low=10, high=30)
    rule(house, zone="reserve", name="reserve", low=100, high=200)
    for _ in range(2):
        assert {row["zone"]: row["quantity"] for row in proposed(house)} == {"pick": 26, "reserve": 4}
    put(house, 2, "K", 20, FACE)
    told = {row["zone"]: (row["state"], row["quantity"]) for row in proposed(house)}
    assert told == {"pick": ("lapsed", 26), "reserve": ("open", 24)}


def test_a_zone_that_lost_its_bins_is_told_when_somebody_approves(house: Any) -> None:
    rule(house, low=10, high=30)
    [one] = proposed(house)
    house.sql("update bins set zone = 'reserve' where zone = 'pick'")
    answer = house.as_("planner").post(f"/api/v1/replenishments/{one['proposal_id']}/approve", json={})
    assert answer.status_code == 409 and "has no bin any more" in answer.text
    assert [row["state"] for row in house.sql("select state from refills")] == ["open"]


def test_zone_stock_is_told_page_by_page_and_to_those_of_the_site_alone(house: Any) -> None:
    for sku, zone in (("K", "pick"), ("K", "reserve"), ("L", "pick")):
        rule(house, sku=sku, zone=zone, name=f"{sku} {zone}", low=13)
    assert [(row["zone"], row["sku"]) for row in stands(house)] == [("pick", "K"), ("pick", "L"), ("reserve", "K")]
    first = house.as_("viewer").get("/api/v1/zone-stock", params={"limit": "2"})
    rest = house.as_("viewer").get(first.links["next"]["url"]).json()["items"]
    assert [(row["zone"], row["sku"]) for row in rest] == [("reserve", "K")]
    assert [row["sku"] for row in stands(house, state="below")] == ["K", "L"]
    assert house.as_("viewer", "elsewhere").get("/api/v1/zone-stock").json()["items"] == []
    assert house.as_("viewer", "elsewhere").get("/api/v1/zone-stock", params={"site": SITE}).status_code == 403
