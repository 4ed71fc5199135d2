"""Orders over several sites: they wait, are allocated together, and belong to the sites that ship them."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tagdock_cloud.store import pool

HZ, SH = "hz", "sh"
PLACES = {HZ: {"lat_deg": 30.25, "lon_deg": 120.17}, SH: {"lat_deg": 31.23, "lon_deg": 121.47}}
EPC = "urn:epc:id:sgtin:9521234.000077.{}"
SUZHOU = {"lat_deg": 31.3, "lon_deg": 120.6, "address": "Suzhou"}


@pytest.fixture
def sites(service: Any) -> Any:
    """Two sites that say where they lie, each with a bin; six units of K1 at the one, ten at the other."""
    service.sql(
        "truncate orders, order_lines, door_sessions, session_goods, movements, items, flows, waiting_orders, "
        "questions, transfers, site_facts, stock_counts, stock_deltas, run_stops cascade"
    )
    admin = service.as_("admin")
    for site, place in PLACES.items():
        layout = {
            "v": 1, "name": site, "doors": [{"id": "D1", "x_m": 0.0, "y_m": 0.0}],
            "bins": [{"id": "B1", "x_m": 1.0, "y_m": 1.0, "skus": ["K1"]}],
        }  # fmt: skip
        assert admin.put(f"/api/v1/sites/{site}/layout", json=layout).status_code == 200
        facts = {
            **place,
            "lines_per_day": 40,
            "time_zone": "Asia/Shanghai",
            "vehicles": [{"id": "van", "mass_kg": 500}],
        }
        assert admin.put(f"/api/v1/sites/{site}/facts", json=facts).status_code == 201
    items = [
        {"epc": EPC.format(number), "sku": "K1", "quantity": 2, "site": site, "bin": "B1"}
        for site, numbers in ((HZ, range(3)), (SH, range(10, 15)))
        for number in numbers
    ]
    assert admin.put("/api/v1/items", json={"items": items}).status_code == 200
    return service


def order(id_: str, quantity: int = 2, **fields: Any) -> dict[str, Any]:
    return {"id": id_, "destination": SUZHOU, "lines": [{"sku": "K1", "quantity": quantity}], **fields}


def put(service: Any, *orders: dict[str, Any]) -> Any:
    return service.as_("integrator").put("/api/v1/orders", json={"items": list(orders)})


def answered(service: Any, asked: Any, answer: dict[str, Any]) -> str:
    """Answer a question as slotting's worker does; returns its id."""
    assert asked.status_code == 201, asked.text
    question_id = str(asked.json()["question_id"])
    [taken] = service.sql("select * from question_start_v1(%s)", [question_id])
    assert taken["problem"]
    service.sql("select question_finish_v1(%s, %s::jsonb)", [question_id, json.dumps(answer)])
    return question_id


def problem(service: Any, asked: Any) -> Any:
    [row] = service.sql("select problem from questions where question_id = %s", [asked.json()["question_id"]])
    return row["problem"]


def given(order_id: str, *shipments: tuple[str, list[int]]) -> dict[str, Any]:
    told = [
        {"site": site, "lines": lines, "km": 1.0, "arrives_at": "2026-05-04T00:00:00Z"} for site, lines in shipments
    ]
    return {"order": order_id, "shipments": told, "days_late": 0, "why": "the nearest"}


def allocation(*shipped: dict[str, Any]) -> dict[str, Any]:
    costs = {"cost": 1.0, "lower_bound": 1.0, "first_come_cost": 2.0}
    return {"v": 1, "status": "optimal", **costs, "shipped": list(shipped), "waiting": [], "seconds": 0.1}


def ask(service: Any, role: str = "planner", what: str = "allocations", **body: Any) -> Any:
    return service.as_(role).post(f"/api/v1/{what}", json=body)


def approve(service: Any, question_id: str, what: str = "allocations", role: str = "planner") -> Any:
    return service.as_(role).post(f"/api/v1/{what}/{question_id}/approve")


INCOMPLETE: dict[str, tuple[dict[str, Any], str]] = {
    "where it goes": ({"destination": None}, "items[0].destination"),
    "a latitude off the earth": ({"destination": {"lat_deg": 91, "lon_deg": 0}}, "items[0].destination.lat_deg"),
    "an item by its EPC": ({"lines": [{"epc": EPC.format(1)}]}, "items[0].lines"),
    "a door of no site": ({"door": "D1"}, "items[0].door"),
    "a promise before anybody is there": (
        {"deliver_from": "2026-05-05T08:00:00Z", "promised_at": "2026-05-04T08:00:00Z"}, "items[0].promised_at"),
    "a name too long for its parts": ({"id": "x" * 62}, "items[0].id"),
    "less than nothing": ({"value": -1}, "items[0].value"),
}  # fmt: skip


@pytest.mark.parametrize("name", INCOMPLETE)
def test_an_order_without_a_site_is_checked_for_completeness_by_field(sites: Any, name: str) -> None:
    changes, field = INCOMPLETE[name]
    answer = put(sites, {**order("O-1"), **changes})
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field, answer.text
    assert sites.sql("select 1 as one from waiting_orders") == []


def test_an_order_of_a_site_may_not_be_split_and_a_notice_goes_nowhere(sites: Any) -> None:
    answer = put(sites, order("O-1", site=HZ, may_split=True))
    assert answer.json()["errors"][0]["field"] == "items[0].may_split"
    notice = {"items": [order("N-1", site=HZ)]}
    answer = sites.as_("integrator").put("/api/v1/notices", json=notice)
    assert answer.json()["errors"][0]["field"] == "items[0].destination"
    answer = sites.as_("integrator").put(
        "/api/v1/notices", json={"items": [{"id": "N-1", "lines": [{"sku": "K1", "quantity": 1}]}]}
    )
    assert answer.status_code == 422


def test_orders_without_a_site_wait_and_the_same_words_again_change_nothing(sites: Any) -> None:
    told = [order("O-1", urgent=True, value=80.5), order("O-2", site=HZ, mass_kg=4)]
    assert put(sites, *told).json() == {"written": 2, "changed": 2}
    assert put(sites, *told).json() == {"written": 2, "changed": 0}
    assert put(sites, {**told[0], "value": 81}).json() == {"written": 1, "changed": 1}
    [waiting] = sites.as_("viewer").get("/api/v1/waiting-orders").json()["items"]
    assert (waiting["id"], waiting["value"], waiting["urgent"], waiting["state"]) == ("O-1", 81, True, "waiting")
    owned = sites.as_("viewer").get(f"/api/v1/sites/{HZ}/orders/O-2").json()
    assert (owned["destination"], owned["mass_kg"]) == (SUZHOU, 4)


CSV = """site,order,partner,promised_at,urgent,lat_deg,lon_deg,address,may_split,sku,quantity
,C-1,Jumbo,2026-05-04T08:00:00Z,true,31.3,120.6,Suzhou,true,K1,2
,C-1,,,,,,,,K2,1
hz,C-2,Ahold,,,,,,,K1,3
"""


def import_csv(service: Any, text: str) -> Any:
    headers = {"Content-Type": "text/csv"}
    return service.as_("integrator").post("/api/v1/orders/import", content=text, headers=headers)


def test_csv_brings_orders_with_and_without_a_site(sites: Any) -> None:
    assert import_csv(sites, CSV).json() == {"written": 2, "changed": 2}
    [waiting] = sites.as_("viewer").get("/api/v1/waiting-orders").json()["items"]
    assert waiting["lines"] == [{"sku": "K1", "quantity": 2}, {"sku": "K2", "quantity": 1}]
    assert (waiting["destination"], waiting["may_split"]) == (SUZHOU, True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param(("31.3,", ","), "line 2, lat_deg", id="half a place"),
        pytest.param(("31.3,120.6,Suzhou", ",,"), "line 2, lat_deg", id="no place"),
        pytest.param(("31.3", "north"), "line 2, lat_deg", id="no number"),
        pytest.param((",true,31.3", ",soon,31.3"), "line 2, urgent", id="no yes or no"),
    ],
)
def test_csv_names_line_and_column_of_what_is_missing(sites: Any, change: tuple[str, str], field: str) -> None:
    answer = import_csv(sites, CSV.replace(*change))
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field, answer.text


def test_what_waits_is_of_no_site_and_only_for_who_is_at_home_everywhere(sites: Any) -> None:
    client = sites.as_("integrator", HZ)
    assert client.put("/api/v1/orders", json={"items": [order("O-1")]}).status_code == 403
    assert sites.as_("viewer", HZ).get("/api/v1/waiting-orders").status_code == 403
    put(sites, order("O-1"))
    assert sites.as_("planner", HZ).post("/api/v1/allocations", json={}).status_code == 403


def test_an_allocation_is_asked_with_what_is_free_and_what_each_site_can_do(sites: Any) -> None:
    put(sites, order("O-1", value=80, urgent=True), order("O-2", 3, may_split=True), order("O-3", site=SH))
    asked = ask(sites, costs={"per_km": 0.5}, time_limit_s=5, seed=3)
    told = problem(sites, asked)
    assert told["stock"] == [{"site": HZ, "sku": "K1", "quantity": 6}, {"site": SH, "sku": "K1", "quantity": 8}]
    assert [(site["id"], site["lines_at_most"]) for site in told["sites"]] == [(HZ, 40), (SH, 39)]
    assert [(one["id"], one["urgent"], one["split"], one["value"]) for one in told["orders"]] == [
        ("O-1", True, False, 80), ("O-2", False, True, 0)]  # fmt: skip
    assert told["costs"] == {"per_km": 0.5}
    jobs = sites.sql("select queue_name, task_name from procrastinate_jobs where args ->> 'question_id' = %s",
                     [asked.json()["question_id"]])  # fmt: skip
    assert jobs == [{"queue_name": "questions", "task_name": "answer_question"}]


def test_an_approved_allocation_gives_each_site_its_orders_once(sites: Any) -> None:
    lines = [{"sku": "K1", "quantity": 3}, {"sku": "K2", "quantity": 1}]
    two = {**order("O-2", 3, may_split=True), "lines": lines}
    put(sites, order("O-1", partner="Jumbo", promised_at="2026-05-04T08:00:00Z"), two)
    sites.as_("admin").put(
        "/api/v1/items", json={"items": [{"epc": EPC.format(90), "sku": "K2", "site": SH, "bin": "B1"}]}
    )
    question_id = answered(sites, ask(sites), allocation(given("O-1", (SH, [0])), given("O-2", (HZ, [0]), (SH, [1]))))
    assert approve(sites, question_id).json()["state"] == "approved"
    assert approve(sites, question_id).status_code == 200
    listed = sites.as_("viewer").get("/api/v1/orders").json()["items"]
    assert sorted((one["site"], one["id"]) for one in listed) == [(HZ, "O-2-1"), (SH, "O-1"), (SH, "O-2-2")]
    whole = sites.as_("viewer").get(f"/api/v1/sites/{SH}/orders/O-1").json()
    assert (whole["partner"], whole["destination"], whole["lines"][0]["expected"]) == ("Jumbo", SUZHOU, 2)
    states = sites.sql("select order_id, state from waiting_orders_v1 order by 1")
    assert [row["state"] for row in states] == ["allocated", "allocated"]
    refused = put(sites, order("O-1", 5))
    assert refused.json()["errors"][0]["field"] == "items[0].id"


CHANGED: dict[str, Any] = {
    "an order was cancelled": lambda sites: sites.as_("integrator").post("/api/v1/waiting-orders/O-1/cancel"),
    "an order was changed": lambda sites: put(sites, order("O-1", 1)),
    "the stock was promised": lambda sites: put(sites, order("X", 5, site=HZ)),
    "the site has one of the name": lambda sites: put(sites, order("O-1", 1, site=HZ)),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_changed_since_it_was_asked_is_not_approved(sites: Any, name: str) -> None:
    put(sites, order("O-1"))
    question_id = answered(sites, ask(sites), allocation(given("O-1", (HZ, [0]))))
    assert CHANGED[name](sites).status_code == 200
    assert approve(sites, question_id).status_code == 409
    assert sites.sql("select 1 as one from orders where order_id = 'O-1' and destination is null") == []
    [state] = sites.sql("select state from questions")
    assert state["state"] == "done"


def test_an_order_that_is_being_changed_while_an_allocation_is_asked_is_asked_about_as_changed(sites: Any) -> None:
    """Who changes it has begun before the question and commits after: by the clocks it would not count as changed."""
    put(sites, order("O-1"))
    lines = json.dumps([{"sku": "K1", "quantity": 5}])
    waits = "select 1 as one from pg_locks where relation = 'waiting_orders'::regclass and not granted"
    with ThreadPoolExecutor(1) as threads, pool.connect(sites.database) as writer:
        writer.execute("update waiting_orders set lines = %s, updated_at = now() where order_id = 'O-1'", [lines])
        asking = threads.submit(ask, sites)
        until = time.monotonic() + 30
        while not (asking.done() or sites.sql(waits)):
            assert time.monotonic() < until, "the question neither waits for who writes nor is asked"
            time.sleep(0.02)
        writer.commit()
        asked = asking.result(60)
    (wanted,) = problem(sites, asked)["orders"]
    assert [line["quantity"] for line in wanted["lines"]] == [5]


def test_a_question_that_is_called_off_takes_no_answer(sites: Any) -> None:
    put(sites, order("O-1"))
    asked = ask(sites)
    question_id = asked.json()["question_id"]
    assert approve(sites, question_id).status_code == 409
    answer = sites.as_("planner").post(f"/api/v1/allocations/{question_id}/cancel")
    assert (answer.json()["state"], answer.status_code) == ("failed", 200)
    sites.sql("select question_finish_v1(%s, '{}')", [question_id])
    assert sites.sql("select * from question_start_v1(%s)", [question_id]) == []
    assert sites.as_("viewer").get(f"/api/v1/allocations/{question_id}").json()["answer"] is None


def test_only_so_many_questions_wait(sites: Any) -> None:
    put(sites, order("O-1"))
    answers = [ask(sites).status_code for _ in range(11)]
    assert answers == [201] * 10 + [409]
