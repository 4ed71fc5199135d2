"""From limits and demand to proposals that a person decides, over HTTP and by the duties that work ahead."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_cloud.ingest.rebuild import rebuild
from tagdock_cloud.stockpolicy.duties import look_ahead, look_ahead_at, propose_all
from tagdock_cloud.store import pool

SITE = "sp"
TODAY = datetime(2026, 6, 10, tzinfo=UTC).date()


@pytest.fixture
def house(service: Any) -> Any:
    """A site with four SKUs: a fast one, a slower one, one that is asked for now and then, one that nobody wants."""
    service.sql(
        "truncate alert_rules, sku_outlooks, outlook_runs, replenishments, items, stock_counts, stock_deltas, flows, "
        "orders, order_lines, deliveries, webhooks cascade"
    )
    layout = {
        "v": 1, "name": SITE, "doors": [{"id": "D1", "x_m": 0.0, "y_m": 0.0}],
        "bins": [{"id": f"B{n}", "x_m": 1.0, "y_m": float(n), "skus": [sku], "zone": "Z"}
                 for n, sku in enumerate(("FAST", "SLOW", "RARE", "DEAD"))],
    }  # fmt: skip
    admin = service.as_("admin")
    assert admin.put(f"/api/v1/sites/{SITE}/layout", json=layout).status_code == 200
    items = [
        {"epc": f"urn:epc:id:sgtin:9521234.00002{n}.1", "sku": sku, "quantity": 30, "site": SITE, "bin": f"B{n}"}
        for n, sku in enumerate(("FAST", "SLOW", "RARE", "DEAD"))
    ]
    assert admin.put("/api/v1/items", json={"items": items}).status_code == 200
    monday = TODAY - timedelta(days=TODAY.weekday())
    service.sql(
        """insert into flows (site, day, sku, door, out_count)
        select %(site)s, %(monday)s::date - 7 * n, sku, 'D1', out
        from generate_series(1, 39) n, lateral (values ('FAST', 2), ('SLOW', n %% 2), ('RARE', (n %% 8 = 0)::integer))
             v (sku, out)
        where out > 0""",
        {"site": SITE, "monday": monday},
    )
    return service


def worked_out(service: Any) -> dict[str, Any]:
    """Work the site's outlooks out and return what the interface tells, by SKU."""
    with pool.connect(service.database) as connection:
        look_ahead_at(connection, SITE, TODAY)
    told = service.as_("viewer").get("/api/v1/stock-policy", params={"site": SITE}).json()["items"]
    return {row["sku"]: row for row in told}


def proposed(service: Any, **query: str) -> list[dict[str, Any]]:
    """Bring proposals up to date and list them."""
    with pool.connect(service.database) as connection:
        propose_all(connection)
    told = service.as_("viewer").get("/api/v1/replenishments", params={"site": SITE, **query}).json()
    rows: list[dict[str, Any]] = told["items"]
    return rows


def imported(service: Any, *lines: str, role: str = "manager") -> Any:
    return service.as_(role).post(
        "/api/v1/stock-limits/import", content="\r\n".join(lines), headers={"Content-Type": "text/csv"}
    )


def test_classes_outlooks_and_pace_follow_from_flows_and_a_second_time_give_the_same(house: Any) -> None:
    told = worked_out(house)
    assert [told[sku]["velocity"] for sku in ("FAST", "RARE", "DEAD")] == ["A", "C", "C"]
    assert told["FAST"]["units_per_week"] == pytest.approx(60, rel=0.1)  # two cartons of thirty a week
    assert told["RARE"]["expected_low"] == 0 and 0 < told["RARE"]["units_per_week"] < 15
    assert told["DEAD"]["units_per_week"] is None and told["DEAD"]["turnover"] == 0
    assert told["FAST"]["turnover"] > told["SLOW"]["turnover"] > 0
    before = house.sql("select * from sku_outlooks order by sku")
    house.sql("delete from sku_outlooks")
    worked_out(house)
    assert house.sql("select * from sku_outlooks order by sku") == before


def test_orders_tell_demand_from_the_first_one_on_and_transfers_are_none(house: Any) -> None:
    lines = [{"sku": "RARE", "quantity": 7}]
    for id_ in ("O-1", "T-1", "X-1"):
        body = {"items": [{"site": SITE, "id": id_, "lines": lines}]}
        assert house.as_("integrator").put("/api/v1/orders", json=body).status_code == 200
    house.sql("update orders set created_at = %s", [TODAY])
    house.sql("insert into sites (site) values ('other') on conflict do nothing")
    house.sql("insert into transfers (transfer_id, start_site, goal_site) values ('T-1', %s, 'other')", [SITE])
    house.sql("update orders set cancelled_at = now() where order_id = 'X-1'")
    before = worked_out(house)["RARE"]
    assert before["asked_last_on"] == str(TODAY) and before["lines"] == pytest.approx(2)
    house.sql("delete from transfers")
    assert worked_out(house)["RARE"]["lines"] == pytest.approx(3)


def test_the_nearest_limits_count_and_say_what_is_to_be_ordered_when_and_why(house: Any) -> None:
    worked_out(house)
    answer = imported(
        house, "site,sku,velocity,low,high,safety,lead_days",
        f"{SITE},,A,10,,,7", ",,A,1,,,", f"{SITE},SLOW,,40,120,20,14",
    )  # fmt: skip
    assert answer.json() == {"written": 3, "replaced": 0}, answer.text
    rows = {row["sku"]: row for row in proposed(house)}
    assert set(rows) == {"FAST", "SLOW"}
    fast, slow = rows["FAST"], rows["SLOW"]
    assert fast["quantity"] >= 60 and fast["reorder_point"] >= 60 and "30 units here" in fast["why"]
    assert slow["up_to"] == 120 and slow["quantity"] == 90 and "minimum of 40" in slow["why"]
    assert (datetime.fromisoformat(slow["needed_on"]) - datetime.fromisoformat(slow["order_on"])).days == 14
    [limits] = house.sql("select * from stock_limits_v1 where what = 'FAST'")
    assert limits["low"] == 10 and limits["velocity"] == "A"


def test_what_is_approved_is_awaited_and_told_and_not_proposed_again(house: Any) -> None:
    hook = {"name": "ERP", "url": "https://93.184.216.34/", "topics": ["replenishment"]}
    assert house.as_("admin").post("/api/v1/webhooks", json=hook).status_code == 201
    imported(house, "site,sku,low,high", f"{SITE},DEAD,40,50")
    [proposal] = proposed(house)
    path = f"/api/v1/replenishments/{proposal['proposal_id']}"
    assert house.as_("operator").post(f"{path}/approve", json={}).status_code == 403
    approved = house.as_("planner").post(f"{path}/approve", json={"quantity": 25}).json()
    assert (approved["state"], approved["quantity"]) == ("approved", 25)
    awaited = house.sql("select sku, quantity from order_lines where order_id = %s", [approved["notice_id"]])
    assert awaited == [{"sku": "DEAD", "quantity": 25}]
    assert proposed(house, state="open") == []
    assert house.as_("planner").post(f"{path}/approve", json={"quantity": 25}).json() == approved
    assert house.as_("planner").post(f"{path}/decline", json={"reason": "late"}).status_code == 409
    told = [row["body"]["change"] for row in house.sql("select body from deliveries order by queued_at")]
    assert told == ["proposed", "approved"]


def test_what_is_declined_rests_and_what_is_not_needed_lapses(house: Any) -> None:
    imported(house, "site,sku,low", f"{SITE},DEAD,40", f"{SITE},RARE,90")
    first, second = sorted(proposed(house), key=lambda row: row["sku"])
    path = f"/api/v1/replenishments/{first['proposal_id']}/decline"
    assert house.as_("planner").post(path, json={"reason": ""}).status_code == 422
    assert house.as_("planner").post(path, json={"reason": "sold off"}).json()["state"] == "declined"
    house.sql("update alert_rules set low = 1 where sku = 'RARE'")
    assert sorted((row["sku"], row["state"]) for row in proposed(house)) == [("DEAD", "declined"), ("RARE", "lapsed")]
    imported(house, "site,sku,low", f"{SITE},SLOW,90")
    house.sql("update replenishments set decided_at = now() - interval '6 days 23 hours' where state = 'declined'")
    assert [row["sku"] for row in proposed(house, state="open")] == ["SLOW"], "only what was declined rests, for a week"
    house.sql("update replenishments set decided_at = now() - interval '7 days 1 hour' where state = 'declined'")
    assert sorted(row["sku"] for row in proposed(house, state="open")) == ["DEAD", "SLOW"]
    assert second["sku"] == "RARE"


WRONG = {
    "a site that nobody knows": (["site,sku,low", "nowhere,A,1"], "row 1, site"),
    "a zone that nobody knows": (["site,zone,low", f"{SITE},nowhere,1"], "row 1, zone"),
    "no limit": (["site,sku", f"{SITE},A"], "line 2"),
    "no number": (["site,sku,low", f"{SITE},A,many"], "line 2, low"),
    "two kinds": (["site,sku,velocity,low", f"{SITE},A,B,1"], "line 2"),
    "safety above the minimum": (["sku,low,safety", "A,1,2"], "line 2"),
    "the same twice": (["sku,low", "A,1", "A,2"], "row 2"),
    "an unknown column": (["sku,low,colour", "A,1,red"], "line 1"),
    "nothing": (["sku,low"], "file"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_limits_from_csv_are_checked_whole_and_enter_all_or_none(house: Any, name: str) -> None:
    lines, place = WRONG[name]
    answer = imported(house, lines[0], *lines[1:])
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == place, answer.text
    assert house.sql("select 1 as x from alert_rules") == []


def test_an_import_replaces_what_speaks_of_the_same(house: Any) -> None:
    imported(house, "site;sku;low", f"{SITE};FAST;5", f"{SITE};SLOW;5")
    assert imported(house, "site,sku,low", f"{SITE},FAST,6").json() == {"written": 1, "replaced": 1}
    assert [row["low"] for row in house.sql("select low from alert_rules order by sku")] == [6, 5]


def test_errors_of_forecasts_are_told_beside_the_naive_ones(house: Any) -> None:
    worked_out(house)
    rows = house.as_("viewer").get("/api/v1/forecast-errors", params={"site": SITE}).json()["items"]
    assert {row["velocity"] for row in rows} >= {"A", "C"}
    assert all(row["error_units"] >= 0 and row["naive_error_units"] >= 0 for row in rows)
    slow = house.sql("select * from forecast_error_v1 where sku = 'SLOW'")[0]
    assert slow["error_units"] < slow["naive_error_units"]  # every other week: the week before is always wrong


def test_ageing_and_pace_tell_dead_stock(house: Any) -> None:
    house.sql("update items set since = now() - interval '400 days', registered_at = now() - interval '400 days'")
    house.sql("select count_standing()")
    house.sql("update sku_outlooks set asked_last_on = null")
    told = worked_out(house)
    assert told["DEAD"]["pace"] == "dead"
    [age] = house.sql("select age, units from stock_ageing_v1 where sku = 'DEAD'")
    assert age == {"age": "older", "units": 30}


def test_after_a_rebuild_the_duty_gives_the_same_again(house: Any) -> None:
    def looked() -> list[dict[str, Any]]:
        for _ in house.sql("select 1 as x from sites"):
            with pool.connect(house.database) as connection:
                look_ahead(connection)
        return house.sql("select * from sku_outlooks order by site, sku")

    house.sql("delete from flows")  # no movement stands behind these
    house.sql(
        """with asked as (
            insert into orders (site, kind, order_id, created_at)
            select %(site)s, 'outbound', 'O-' || n, now() - n * interval '1 week'
            from generate_series(1, 30) n returning *
        )
        insert into order_lines (site, kind, order_id, line, sku, quantity)
        select site, kind, order_id, 1, 'FAST', 40 + substr(order_id, 3)::integer from asked""",
        {"site": SITE},
    )
    before = looked()
    assert [row["units_per_week"] is not None for row in before if row["sku"] == "FAST"] == [True]
    assert {row["sku"] for row in before} >= {"FAST", "DEAD"}
    house.sql("update sku_outlooks set velocity = 'B', units_per_week = 1, expected = 7")
    assert looked() != before  # nothing is due yet
    rebuild(house.database, lambda _: None)
    assert looked() == before


def test_who_is_limited_to_other_sites_decides_and_imports_nothing_here(house: Any) -> None:
    imported(house, "site,sku,low", f"{SITE},DEAD,40")
    [proposal] = proposed(house)
    for role, path, body in (
        ("planner", f"/api/v1/replenishments/{proposal['proposal_id']}/approve", {}),
        ("planner", f"/api/v1/replenishments/{proposal['proposal_id']}/decline", {"reason": "x"}),
    ):
        assert house.as_(role, "other").post(path, json=body).status_code == 403
    assert house.as_("viewer", "other").get("/api/v1/replenishments").json()["items"] == []
    assert house.as_("viewer", "other").get("/api/v1/stock-policy").json()["items"] == []
    for line in (f"{SITE},A,1", ",A,1"):  # another's site, and all sites
        answer = house.as_("manager", "other").post(
            "/api/v1/stock-limits/import", content=f"site,sku,low\n{line}\n", headers={"Content-Type": "text/csv"}
        )
        assert answer.status_code == 403, answer.text
