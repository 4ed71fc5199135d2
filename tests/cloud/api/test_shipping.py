"""Between sites and to customers: transfers, proposals, shipments and runs, told by doors, carriers and drivers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_cloud.life.following import follow_doors
from tagdock_cloud.store import pool

HZ, SH = "hz", "sh"
PLACES = {HZ: {"lat_deg": 30.25, "lon_deg": 120.17}, SH: {"lat_deg": 31.23, "lon_deg": 121.47}}
EPC = "urn:epc:id:sgtin:9521234.000078.{}"
SUZHOU = {"lat_deg": 31.3, "lon_deg": 120.6, "address": "Suzhou"}
ANY = {"If-Match": "*"}
VAN = {"id": "van", "mass_kg": 500, "starts": "08:00", "ends": "18:00"}


@pytest.fixture
def sites(service: Any) -> Any:
    """Two sites that say where they lie: three items of K1 at the one (0 to 2), five at the other (10 to 14)."""
    service.sql(
        "truncate orders, order_lines, door_sessions, session_goods, movements, items, flows, questions, transfers, "
        "site_facts, lives, shipments, shipment_events, run_stops, tasks, alerts, lanes, stock_counts, "
        "stock_deltas cascade"
    )
    service.sql("update returns set state = 'cancelled', closed_at = now()")
    admin = service.as_("admin")
    for site, place in PLACES.items():
        bins = [{"id": "B1", "x_m": 1.0, "y_m": 1.0, "skus": ["K1"]}]
        doors = [{"id": "D1", "x_m": 0.0, "y_m": 0.0}]
        layout = {"v": 1, "name": site, "doors": doors, "bins": bins}
        assert admin.put(f"/api/v1/sites/{site}/layout", json=layout).status_code == 200
        facts = {**place, "time_zone": "Asia/Shanghai", "vehicles": [VAN]}
        assert admin.put(f"/api/v1/sites/{site}/facts", json=facts).status_code == 201
    items = [
        {"epc": EPC.format(number), "sku": "K1", "quantity": 1, "site": site, "bin": "B1"}
        for site, numbers in ((HZ, range(3)), (SH, range(10, 15)))
        for number in numbers
    ]
    assert admin.put("/api/v1/items", json={"items": items}).status_code == 200
    service.sql("update items set registered_at = now() - interval '1 day'")
    return service


def post(service: Any, role: str, path: str, body: Any = None, *at: str) -> Any:
    return service.as_(role, *at).post(f"/api/v1/{path}", json=body if body is not None else {})


def get(service: Any, path: str, *at: str) -> Any:
    return service.as_("viewer", *at).get(f"/api/v1/{path}")


def passed(service: Any, helpers: Any, site: str, kind: str, order: str, *numbers: int, ago_min: int = 2) -> None:
    """Let items pass a site's door in a session of an order that is closed afterwards."""
    at = datetime.now(UTC) - timedelta(minutes=ago_min)
    body = {
        "site": site,
        "door": "D1",
        "kind": kind,
        "order": order,
        "opened_at": (at - timedelta(minutes=1)).isoformat(),
    }
    session = post(service, "operator", "sessions", body)
    assert session.status_code == 201, session.text
    way = "out" if kind == "outbound" else "in"
    helpers.add_movements(
        service, [helpers.movement(at, EPC.format(number), site=site, direction=way, sku="K1") for number in numbers]
    )
    for row in service.sql("select site, session_id from door_sessions"):
        service.sql("select project_session(%(site)s, %(session_id)s, true)", row)
    until = {"until_at": (at + timedelta(minutes=1)).isoformat()}
    closed = post(service, "operator", f"sessions/{session.json()['session_id']}/close", until)
    assert closed.status_code == 200, closed.text


def transfer(id_: str = "T-1", quantity: int = 2, **fields: Any) -> dict[str, Any]:
    lines = [{"sku": "K1", "quantity": quantity}]
    return {"id": id_, "start_site": SH, "goal_site": HZ, "lines": lines, **fields}


def free(service: Any) -> dict[str, tuple[int, int]]:
    rows = service.sql("select site, free, announced from stock_by_site_v1 where sku = 'K1'")
    return {row["site"]: (row["free"], row["announced"]) for row in rows}


def answered(service: Any, asked: Any, answer: dict[str, Any]) -> str:
    """Answer a question as slotting's worker does; returns its id."""
    assert asked.status_code == 201, asked.text
    question_id = str(asked.json()["question_id"])
    assert service.sql("select * from question_start_v1(%s)", [question_id])
    service.sql("select question_finish_v1(%s, %s::jsonb)", [question_id, json.dumps(answer)])
    return question_id


def problem(service: Any, asked: Any) -> Any:
    assert asked.status_code == 201, asked.text
    return service.sql("select problem from questions where question_id = %s", [asked.json()["question_id"]])[0][
        "problem"
    ]


# ---- transfers -------------------------------------------------------------------------------------------------------


def test_a_transfer_is_confirmed_by_the_doors_of_both_sites(sites: Any, helpers: Any) -> None:
    planned = post(sites, "manager", "transfers", transfer())
    assert (planned.status_code, planned.json()["state"]) == (201, "planned"), planned.text
    assert free(sites) == {HZ: (3, 2), SH: (3, 0)}
    passed(sites, helpers, SH, "outbound", "T-1", 10, 11, ago_min=40)
    shipped = get(sites, "transfers/T-1").json()
    assert (shipped["state"], shipped["units_shipped"], shipped["units_received"]) == ("shipped", 2, 0)
    assert post(sites, "manager", "transfers/T-1/cancel").status_code == 409
    passed(sites, helpers, HZ, "inbound", "T-1", 10, ago_min=20)
    assert get(sites, "transfers/T-1").json()["state"] == "short"
    passed(sites, helpers, HZ, "inbound", "T-1", 11)
    arrived = get(sites, "transfers/T-1").json()
    assert (arrived["state"], arrived["units_received"]) == ("received", 2)
    assert free(sites) == {HZ: (5, 0), SH: (3, 0)}
    helpers.add_movements(  # what no transfer sent came back
        sites,
        [
            helpers.movement(
                datetime.now(UTC) - timedelta(minutes=minutes), EPC.format(14), site=SH, direction=way, sku="K1"
            )
            for minutes, way in ((9, "out"), (5, "in"))
        ],
    )
    sites.sql("update follow_marks set stored_at = '2000-01-01'")
    with pool.connect(sites.database) as connection:
        follow_doors(connection)
    assert sites.sql("select epc from lives") == [{"epc": EPC.format(14)}]
    [day] = sites.sql(
        "select sum(transfers_received) as came, sum(transfers_short) as short from site_days_v1 where site = 'hz'"
    )
    assert (day["came"], day["short"]) == (1, 0)


def test_goods_are_promised_once_and_given_back_when_a_transfer_is_called_off(sites: Any) -> None:
    assert post(sites, "manager", "transfers", transfer(quantity=4)).status_code == 201
    assert post(sites, "manager", "transfers", transfer("T-2")).status_code == 409
    assert post(sites, "manager", "transfers/T-1/cancel").json()["state"] == "cancelled"
    assert post(sites, "manager", "transfers", transfer("T-2")).status_code == 201
    assert post(sites, "manager", "transfers", transfer("T-2", 1)).status_code == 409
    assert [row["transfer_id"] for row in sites.sql("select transfer_id from transfers order by 1")] == ["T-1", "T-2"]
    actions = {row["action"] for row in sites.sql("select action from audit where subject = 'transfer/T-1'")}
    assert {"transfer.plan", "transfer.cancel"} <= actions


@pytest.mark.parametrize(("site", "papers"), [(SH, "orders"), (HZ, "notices")])
def test_a_transfer_takes_no_name_that_a_paper_has(sites: Any, site: str, papers: str) -> None:
    body = {"items": [{"site": site, "id": "T-1", "lines": [{"sku": "K1", "quantity": 1}]}]}
    assert sites.as_("integrator").put(f"/api/v1/{papers}", json=body).status_code == 200
    answer = post(sites, "manager", "transfers", transfer())
    assert answer.status_code == 409 and "T-1" in answer.json()["detail"]
    assert len(sites.sql("select 1 as one from orders")) == 1


def test_what_came_back_and_is_not_sellable_yet_is_not_promised(sites: Any) -> None:
    sites.sql(
        "insert into lives (epc, site, state, condition, grade, disposition, is_sellable, since, steps) "
        "select epc, site, 'repacking', 'opened', 'B', 'in_progress', false, now(), 1 from items "
        "where site = 'sh' order by epc limit 4"
    )
    try:
        assert free(sites)[SH] == (1, 0)
        assert post(sites, "manager", "transfers", transfer()).status_code == 409
    finally:
        sites.sql("delete from lives")


def test_people_see_and_do_what_is_of_their_sites_only(sites: Any) -> None:
    assert post(sites, "manager", "transfers", transfer(), HZ).status_code == 403
    assert post(sites, "manager", "transfers", transfer(), HZ, SH).status_code == 201
    assert get(sites, "transfers/T-1", HZ).status_code == 200
    assert get(sites, "transfers/T-1", "elsewhere").status_code == 403
    assert get(sites, "transfers", "elsewhere").json()["items"] == []
    assert post(sites, "manager", "transfers/T-1/cancel", None, HZ).status_code == 403
    both = post(sites, "planner", "rebalancings", {"sites": [HZ, SH]}).json()["question_id"]
    assert get(sites, f"rebalancings/{both}", HZ).status_code == 403
    assert get(sites, "rebalancings", HZ).json()["items"] == []
    assert [site["site"] for site in get(sites, "network", HZ).json()["items"]] == [HZ]
    assert get(sites, f"sites/{SH}/facts", HZ).status_code == 403
    assert post(sites, "planner", "rebalancings", {"sites": [HZ, SH]}, HZ).status_code == 403
    assert post(sites, "planner", "runs", {"site": SH, "day": "2026-05-04"}, HZ).status_code == 403


# ---- proposals -------------------------------------------------------------------------------------------------------


def test_a_rebalancing_is_asked_with_levels_and_lanes_and_a_manager_makes_transfers_of_it(sites: Any) -> None:
    sites.sql(
        "insert into flows (site, day, sku, door, in_count, out_count) values "
        "('hz', (now() at time zone 'UTC')::date - 1, 'K1', 'D1', 0, 14), "
        "('hz', (now() at time zone 'UTC')::date - 40, 'K1', 'D1', 0, 99)"
    )
    lane = {"start_site": SH, "goal_site": HZ, "cost_per_unit": 0.25, "lead_days": 1}
    assert sites.as_("manager").put("/api/v1/lanes", json={"items": [lane]}, headers=ANY).status_code == 200
    asked = post(sites, "planner", "rebalancings", {"sites": [HZ, SH], "days": 28, "prices": {"K1": 9}})
    told = problem(sites, asked)
    levels = {(level["site"], level["sku"]): level for level in told["levels"]}
    assert (levels[HZ, "K1"]["quantity"], levels[HZ, "K1"]["demand_per_day"]) == (3, 0.5)
    assert (levels[SH, "K1"]["quantity"], levels[SH, "K1"]["price"]) == (5, 9)
    ways = {(way["start"], way["goal"]): way for way in told["lanes"]}
    assert (ways[SH, HZ]["cost_per_unit"], ways[SH, HZ]["lead_days"]) == (0.25, 1)
    assert ways[HZ, SH]["cost_per_unit"] == pytest.approx(0.165, abs=0.01)
    move = {"start": SH, "goal": HZ, "sku": "K1", "quantity": 3, "gains": 5.0, "why": "short"}
    question_id = answered(sites, asked, {"v": 1, "transfers": [move]})
    assert post(sites, "planner", f"rebalancings/{question_id}/approve").status_code == 403
    assert post(sites, "manager", f"rebalancings/{question_id}/approve").json()["state"] == "approved"
    [made] = get(sites, "transfers").json()["items"]
    assert (made["start_site"], made["goal_site"], made["lines"]) == (SH, HZ, [{"sku": "K1", "quantity": 3}])
    assert (made["question_id"], free(sites)[SH]) == (question_id, (2, 0))


def test_a_first_delivery_is_split_by_what_each_site_sold_and_announced_to_each(sites: Any) -> None:
    sites.sql(
        "insert into flows (site, day, sku, door, in_count, out_count) "
        "select 'hz', (now() at time zone 'UTC')::date - n, 'K1', 'D1', 0, 4 from generate_series(1, 28) n"
    )
    asked = post(sites, "planner", "splits", {"sku": "K9", "like": "K1", "quantity": 30, "sites": [HZ, SH], "days": 28})
    forecasts = {told["site"]: told for told in problem(sites, asked)["forecasts"]}
    assert (forecasts[HZ]["mean"], forecasts[HZ]["variance"], forecasts[SH]["mean"]) == (112, 0, 0)
    shares = [{"site": HZ, "quantity": 30, "expected_sales": 30, "why": ""}, {"site": SH, "quantity": 0}]
    question_id = answered(sites, asked, {"v": 1, "sku": "K9", "shares": shares, "kept": 0})
    assert post(sites, "manager", f"splits/{question_id}/approve").status_code == 200
    [notice] = get(sites, "notices").json()["items"]
    assert (notice["site"], notice["partner"]) == (HZ, "first delivery")


# ---- shipments -------------------------------------------------------------------------------------------------------


def ordered(service: Any, id_: str = "O-1", quantity: int = 2, **fields: Any) -> None:
    body = {"site": HZ, "id": id_, "partner": "Li Wei", "lines": [{"sku": "K1", "quantity": quantity}], **fields}
    answer = service.as_("integrator").put("/api/v1/orders", json={"items": [body]})
    assert answer.status_code == 200, answer.text


def parcel(tracking: str = "SF1", **fields: Any) -> dict[str, Any]:
    return {"site": HZ, "order": "O-1", "carrier": "SF", "tracking": tracking, "is_insured": True, **fields}


def news(service: Any, *told: tuple[str, str, str], role: str = "integrator") -> Any:
    """Tell (tracking, state, time of a day)."""
    items = [
        {"carrier": "SF", "tracking": tracking, "state": state, "happened_at": f"2026-05-04T{at}:00Z", "note": "so"}
        for tracking, state, at in told
    ]
    return post(service, role, "shipments/news", {"items": items})


def test_a_shipment_is_told_once_and_only_of_an_order_that_is_there(sites: Any) -> None:
    ordered(sites)
    first = post(sites, "integrator", "shipments", parcel(service="next day", is_signed=True))
    assert first.status_code == 201 and first.json()["state"] == "announced"
    again = post(sites, "integrator", "shipments", parcel(service="next day", is_signed=True))
    assert again.json()["shipment_id"] == first.json()["shipment_id"]
    assert post(sites, "integrator", "shipments", parcel(service="slow")).status_code == 409
    unknown = post(sites, "integrator", "shipments", parcel("SF2", order="O-9"))
    assert unknown.json()["errors"][0]["field"] == "order"
    assert post(sites, "integrator", "shipments", parcel("SF3"), SH).status_code == 403
    assert news(sites, ("SF9", "lost", "08:00")).json()["errors"][0]["field"] == "items[0].tracking"
    assert get(sites, "shipments", SH).json()["items"] == []


def test_news_count_by_their_own_time_and_an_exception_ends_when_the_parcel_goes_on(sites: Any) -> None:
    ordered(sites)
    shipment = post(sites, "integrator", "shipments", parcel()).json()
    told = [("SF1", "lost", "10:00"), ("SF1", "in_transit", "09:00"), ("SF1", "collected", "08:00")]
    assert news(sites, *told).json() == {"told": 3, "new": 3, "cases": []}
    assert news(sites, *told).json() == {"told": 3, "new": 0, "cases": []}
    [listed] = get(sites, "shipments?is_exception=true").json()["items"]
    assert (listed["shipment_id"], listed["state"]) == (shipment["shipment_id"], "lost")
    [alert] = get(sites, "alerts?kind=shipment_exception").json()["items"]
    assert (alert["severity"], alert["detail"]["order_id"], alert["cleared_at"]) == ("critical", "O-1", None)
    [task] = sites.sql("select kind, role, order_id, state from tasks")
    assert task == {"kind": "exception", "role": "manager", "order_id": "O-1", "state": "open"}
    assert news(sites, ("SF1", "delivered", "12:00")).json()["new"] == 1
    assert sites.sql("select state from tasks") == [{"state": "cancelled"}]
    assert sites.sql("select 1 as one from alerts where cleared_at is null") == []
    whole = get(sites, f"shipments/{shipment['shipment_id']}").json()
    assert [one["state"] for one in whole["news"]] == ["collected", "in_transit", "lost", "delivered"]
    assert whole["delivered_at"] == "2026-05-04T12:00:00Z"


@pytest.mark.parametrize(
    ("state", "kind"), [("refused", "refused"), ("undeliverable", "undelivered"), ("damaged", "undelivered")]
)
def test_what_comes_back_has_a_case_with_what_left_through_the_door(
    sites: Any, helpers: Any, state: str, kind: str
) -> None:
    ordered(sites)
    shipment = post(sites, "integrator", "shipments", parcel()).json()
    passed(sites, helpers, HZ, "outbound", "O-1", 0, 1)
    [ref] = news(sites, ("SF1", state, "10:00")).json()["cases"]
    assert news(sites, ("SF1", state, "11:00")).json()["cases"] == []
    case = get(sites, f"returns/{ref}").json()
    assert (case["kind"], case["order"], case["tracking"], case["state"]) == (kind, "O-1", "SF1", "announced")
    assert sorted(line["epc"] for line in case["lines"]) == [EPC.format(0), EPC.format(1)]
    whole = get(sites, f"shipments/{shipment['shipment_id']}").json()
    assert {"case_ref": ref, "kind": kind, "state": "announced"} in whole["cases"]


def test_a_parcel_of_several_opens_a_task_only_as_nobody_knows_what_is_in_it(sites: Any) -> None:
    ordered(sites)
    for tracking in ("SF1", "SF2"):
        assert post(sites, "integrator", "shipments", parcel(tracking)).status_code == 201
    assert news(sites, ("SF1", "refused", "10:00")).json()["cases"] == []
    assert sites.sql("select state from tasks") == [{"state": "open"}]


def test_the_doors_verify_a_shipment_against_its_order(sites: Any, helpers: Any) -> None:
    ordered(sites)
    key = post(sites, "integrator", "shipments", parcel()).json()["shipment_id"]

    def dock() -> tuple[str, int]:
        seen = get(sites, f"shipments/{key}").json()["dock"]
        return seen["verdict"], seen["units_seen"]

    assert dock() == ("unseen", 0)
    passed(sites, helpers, HZ, "outbound", "O-1", 0, ago_min=60)
    assert dock() == ("short", 1)
    passed(sites, helpers, HZ, "outbound", "O-1", 1, ago_min=40)
    assert dock() == ("complete", 2)
    passed(sites, helpers, HZ, "outbound", "O-1", 2)
    assert dock()[0] == "wrong"


# ---- runs ------------------------------------------------------------------------------------------------------------


def routes(*orders: str) -> dict[str, Any]:
    at = {
        "arrives_at": "2026-05-04T01:00:00Z",
        "begins_at": "2026-05-04T01:10:00Z",
        "leaves_at": "2026-05-04T01:15:00Z",
    }
    return {"v": 1, "runs": [{"vehicle": "van", "visits": [{"stop": order, **at} for order in orders]}], "left_out": []}


def test_a_days_runs_are_stops_until_each_was_delivered_or_failed(sites: Any) -> None:
    for id_ in ("O-1", "O-2"):
        ordered(sites, id_, 1, destination=SUZHOU, mass_kg=20, promised_at="2026-05-04T09:00:00Z")
    ordered(sites, "O-3", 1)
    asked = post(sites, "planner", "runs", {"site": HZ, "day": "2026-05-04"})
    told = problem(sites, asked)
    assert [stop["id"] for stop in told["stops"]] == ["O-1", "O-2"]
    assert told["vehicles"][0]["starts_at"] == "2026-05-04T08:00:00+08:00"
    question_id = answered(sites, asked, routes("O-2", "O-1"))
    assert get(sites, f"runs/{question_id}/sheet").status_code == 409
    twice = answered(sites, post(sites, "planner", "runs", {"site": HZ, "day": "2026-05-05"}), routes("O-1"))
    assert post(sites, "planner", f"runs/{question_id}/approve").json()["state"] == "approved"
    assert post(sites, "planner", f"runs/{twice}/approve").status_code == 409
    stops = get(sites, f"runs/{question_id}/stops").json()["items"]
    assert [(stop["order_id"], stop["place"], stop["state"]) for stop in stops] == [
        ("O-2", 1, "planned"), ("O-1", 2, "planned")]  # fmt: skip
    sheet = get(sites, f"runs/{question_id}/sheet").text
    assert "run 1" in sheet and "09:00" in sheet and "Suzhou" in sheet
    path = f"runs/{question_id}/stops"
    assert post(sites, "viewer", f"{path}/O-1/end", {"state": "delivered"}).status_code == 403
    assert post(sites, "operator", f"{path}/O-2/end", {"state": "delivered"}).json()["state"] == "delivered"
    assert post(sites, "operator", f"{path}/O-2/end", {"state": "failed"}).status_code == 409
    assert post(sites, "operator", f"{path}/O-1/end", {"state": "failed", "note": "nobody there"}).status_code == 200
    assert post(sites, "planner", f"runs/{twice}/approve").status_code == 200
    [day] = sites.sql("select sum(stops_failed) as failed, sum(stops_on_time + stops_late) as done from site_days_v1")
    assert (day["failed"], day["done"]) == (1, 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"site": "nowhere"}, "site", id="no such site"),
        pytest.param({"orders": ["O-9"]}, "orders[0]", id="no such order"),
        pytest.param({"orders": ["O-3"]}, "orders[0]", id="an order that goes nowhere"),
        pytest.param({}, "orders", id="a weight that nobody knows"),
    ],
)
def test_runs_that_cannot_be_asked_are_refused_by_field(sites: Any, body: dict[str, Any], field: str) -> None:
    ordered(sites, "O-1", 1, destination=SUZHOU)
    ordered(sites, "O-3", 1)
    answer = post(sites, "planner", "runs", {"site": HZ, "day": "2026-05-04", **body})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field, answer.text


def test_orders_count_by_when_they_were_to_leave(sites: Any) -> None:
    ordered(sites, "early", 1, due_at="2026-05-04T16:30:00Z")
    ordered(sites, "late", 1, due_at="2026-05-04T16:30:00Z")
    sites.sql("update orders set completed_at = '2026-05-04T16:00Z' where order_id = 'early'")
    sites.sql("update orders set completed_at = '2026-05-04T17:00Z' where order_id = 'late'")
    [day] = sites.sql("select day::text, orders_on_time, orders_late from site_days_v1 where site = 'hz'")
    assert day == {"day": "2026-05-05", "orders_on_time": 1, "orders_late": 1}
