"""A count is asked, told, held against the record and settled by a person; accuracy follows."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_cloud.stockpolicy.counts.duties import MOST_OPEN, ask_due
from tagdock_cloud.store import pool

SITE, ANY = "ct", {"If-Match": "*"}
EPC = "urn:epc:id:sgtin:9521234.000031.{}"
HERE, THERE = [EPC.format(n) for n in range(4)], EPC.format(8)


@pytest.fixture
def house(service: Any) -> Any:
    """A site with four items of two units in B1 and one in B2."""
    service.sql(
        "truncate items, stock_counts, stock_deltas, counts, count_lines, count_differences, count_cadences, tasks, "
        "lives, sku_outlooks, movements, deliveries, webhooks cascade"
    )
    layout = {
        "v": 1, "name": SITE, "doors": [{"id": "D1", "x_m": 0.0, "y_m": 0.0}],
        "bins": [{"id": f"B{n}", "x_m": 1.0, "y_m": float(n), "zone": f"Z{n}"} for n in range(1, 4)],
    }  # fmt: skip
    admin = service.as_("admin")
    assert admin.put(f"/api/v1/sites/{SITE}/layout", json=layout).status_code == 200
    items = [{"epc": epc, "sku": "K1", "quantity": 2, "site": SITE, "bin": "B1"} for epc in HERE]
    items.append({"epc": THERE, "sku": "K2", "quantity": 5, "site": SITE, "bin": "B2"})
    assert admin.put("/api/v1/items", json={"items": items}).status_code == 200
    service.sql("update items set since = since - interval '1 day', registered_at = registered_at - interval '1 day'")
    for row in service.sql("select distinct epc from life_steps where epc = any (%s)", [HERE]):  # these stay
        path = f"/api/v1/items/{row['epc']}/life/presence"
        assert admin.post(path, json={"presence": "seen", "reason": "the next test"}).status_code in (200, 201)
    return service


def ask(service: Any, role: str = "operator", **body: Any) -> Any:
    return service.as_(role).post("/api/v1/counts", json={"site": SITE, "bin": "B1", **body})


def tell(service: Any, asked: Any, **body: Any) -> Any:
    return service.as_("operator").post(f"/api/v1/counts/{asked.json()['count_id']}/result", json=body)


def settle(service: Any, count: Any, number: int, verdict: str) -> Any:
    path = f"/api/v1/counts/{count.json()['count_id']}/differences/{number}/settle"
    return service.as_("operator").post(path, json={"verdict": verdict})


def tasks(service: Any) -> list[tuple[str, str]]:
    return [
        (row["kind"], row["state"]) for row in service.sql("select kind, state from tasks order by opened_at, kind")
    ]


def accuracy(service: Any) -> list[tuple[int, int, int]]:
    rows = service.sql("select lines, lines_right, units_missing from count_accuracy_v1 order by 1")
    return [tuple(row.values()) for row in rows]  # type: ignore[misc]


def test_a_count_of_tags_is_a_comparison_of_sets_in_whatever_words(house: Any) -> None:
    asked = ask(house)
    assert asked.status_code == 201 and asked.json()["expected"] is None and tasks(house) == [("count", "open")]
    seen = ["https://id.gs1.org/01/09521234000310/21/0", HERE[1], HERE[1], THERE, EPC.format(99)]
    counted = tell(house, asked, epcs=[HERE[0], *seen[1:]]).json()
    assert {name: counted[name] for name in ("state", "expected", "found", "missing", "extra")} == {
        "state": "differs", "expected": 8, "found": 4, "missing": 4, "extra": 6,
    }  # fmt: skip
    told = [(one["kind"], one["epc"], one["sku"], one["record_says"]) for one in counted["differences"]]
    assert told == [
        ("missing", HERE[2], "K1", "bin B1"), ("missing", HERE[3], "K1", "bin B1"),
        ("extra", THERE, "K2", "bin B2"), ("extra", EPC.format(99), "", "an unknown tag"),
    ]  # fmt: skip
    assert tasks(house) == [("count", "done"), ("exception", "open")]


def test_people_settle_differences_and_the_record_follows(house: Any) -> None:
    house.as_("admin").post(
        "/api/v1/webhooks", json={"name": "e", "url": "https://93.184.216.34/", "topics": ["count"]}
    )
    counted = tell(house, ask(house), epcs=[*HERE[:2], THERE])
    assert settle(house, counted, 1, "here").status_code == 409
    assert settle(house, counted, 9, "found").status_code == 404
    assert settle(house, counted, 1, "missing").status_code == 200
    assert settle(house, counted, 1, "missing").status_code == 200  # once more changes nothing
    assert settle(house, counted, 1, "found").status_code == 409
    assert settle(house, counted, 2, "found").json()["state"] == "differs"
    done = settle(house, counted, 3, "here").json()
    assert done["state"] == "settled" and done["open_differences"] == 0
    assert tasks(house) == [("count", "done"), ("exception", "done")]
    [life] = house.sql("select epc, missing_since is not null as is_missing from lives where epc = %s", [HERE[2]])
    assert life["is_missing"]
    assert house.sql("select bin from items where epc = %s", [THERE]) == [{"bin": "B1"}]
    states = [row["body"]["state"] for row in house.sql("select body from deliveries order by queued_at")]
    assert states == ["differs", "settled"]
    again = tell(house, ask(house), epcs=[*HERE[:2], HERE[3], THERE]).json()
    assert again["state"] == "settled" and again["expected"] == 11  # what is missing is not expected any more


def test_what_was_missing_and_is_read_again_is_found_by_settling_it_here(house: Any) -> None:
    counted = tell(house, ask(house), epcs=HERE[:3])
    settle(house, counted, 1, "missing")
    again = tell(house, ask(house), epcs=HERE)
    assert [one["record_says"] for one in again.json()["differences"]] == ["missing"]
    settle(house, again, 1, "here")
    assert house.sql("select 1 as x from lives where missing_since is not null") == []


def test_a_blind_count_compares_units_and_is_counted_again_by_tags(house: Any) -> None:
    asked = ask(house, method="quantity")
    assert tell(house, asked, epcs=HERE).status_code == 422
    counted = tell(house, asked, lines=[{"sku": "K1", "quantity": 7}, {"sku": "K9", "quantity": 1}])
    told = [(one["kind"], one["sku"], one["units"]) for one in counted.json()["differences"]]
    assert told == [("missing", "K1", 1), ("extra", "K9", 1)]
    assert settle(house, counted, 1, "missing").status_code == 409
    assert settle(house, counted, 2, "noted").status_code == 200
    assert settle(house, counted, 1, "recount").json()["state"] == "settled"
    [again] = house.sql("select method, bin, why from counts where state = 'asked'")
    assert (again["method"], again["bin"]) == ("epcs", "B1") and again["why"].startswith("again")


def test_what_moves_while_it_is_counted_is_no_difference(house: Any) -> None:
    asked = ask(house)
    began = (datetime.now(UTC)).isoformat()
    moved = [{"epc": HERE[3], "sku": "K1", "quantity": 2, "site": SITE, "bin": "B3"},
             {"epc": THERE, "sku": "K2", "quantity": 5, "site": SITE, "bin": "B1"}]  # fmt: skip
    assert house.as_("admin").put("/api/v1/items", json={"items": moved}).status_code == 200
    counted = tell(house, asked, epcs=HERE, counted_at=began).json()
    assert (counted["state"], counted["expected"]) == ("settled", 6)


def test_accuracy_counts_lines_and_forgives_what_the_count_got_wrong(house: Any) -> None:
    counted = tell(house, ask(house), epcs=HERE[:3])
    assert accuracy(house) == [(1, 0, 2)]
    settle(house, counted, 1, "found")
    assert accuracy(house) == [(1, 1, 0)]


def test_csv_and_zones_and_skus_are_counted_too(house: Any) -> None:
    for scope, method, text in (
        ({"zone": "Z1", "bin": None}, "epcs", "epc\r\n" + "\r\n".join(HERE)),
        ({"sku": "K2", "bin": None}, "quantity", "sku;quantity;bin\nK2;5;B2\n"),
    ):
        asked = ask(house, method=method, **scope)
        path = f"/api/v1/counts/{asked.json()['count_id']}/import"
        answer = house.as_("operator").post(path, content=text, headers={"Content-Type": "text/csv"})
        assert answer.json()["state"] == "settled", answer.text


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no EPC": ({"epcs": ["colour"]}, "epcs[0]"),
    "nothing": ({}, "body"),
    "before it was asked": ({"epcs": [], "counted_at": "2026-01-05T00:00:00Z"}, "counted_at"),
    "both": ({"epcs": [], "lines": []}, "body"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_result_that_cannot_be_is_refused_by_field_and_changes_nothing(house: Any, name: str) -> None:
    body, field = WRONG[name]
    asked = ask(house)
    answer = tell(house, asked, **body)
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field, answer.text
    assert house.sql("select state from counts") == [{"state": "asked"}]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"bin": "B9"}, 422), ({"zone": "Z1"}, 422), ({"bin": None}, 422), ({"bin": None, "sku": "nothing"}, 422)],
    ids=["unknown", "two-scopes", "no-scope", "unknown-sku"],
)
def test_a_count_of_what_is_not_there_is_refused(house: Any, body: dict[str, Any], status: int) -> None:
    assert ask(house, **body).status_code == status and tasks(house) == []


def test_the_same_is_asked_once_and_called_off_with_its_task(house: Any) -> None:
    first = ask(house)
    assert ask(house).json()["count_id"] == first.json()["count_id"]
    path = f"/api/v1/counts/{first.json()['count_id']}/cancel"
    for _ in range(2):
        assert house.as_("operator").post(path).json()["state"] == "cancelled"
    assert tasks(house) == [("count", "cancelled")] and tell(house, first, epcs=[]).status_code == 409


def test_bins_are_asked_for_by_class_when_they_are_due_the_fastest_first(house: Any) -> None:
    house.sql(
        "insert into sku_outlooks (site, sku, velocity, velocity_since, lines, lines_share, weeks) "
        "values (%s, 'K2', 'A', '2026-01-05', 1, 0, 1)", [SITE],
    )  # fmt: skip
    path = f"/api/v1/sites/{SITE}/count-cadence"
    assert house.as_("manager").put(path, json={"a_days": 30, "c_days": 300}, headers=ANY).status_code == 200
    due = house.as_("viewer").get(f"/api/v1/sites/{SITE}/counts-due").json()["items"]
    assert [(row["bin"], row["velocity"], row["units"]) for row in due] == [("B2", "A", 5), ("B1", "C", 8)]
    for _ in range(2):
        with pool.connect(house.database) as connection:
            ask_due(connection)
    asked = {row["bin"]: row["why"] for row in house.sql("select bin, why from counts where state = 'asked'")}
    assert set(asked) == {"B1", "B2"} and re.search("class A: every 30 days, never", asked["B2"])
    for bin_, epcs in (("B1", HERE), ("B2", [THERE])):
        tell(house, ask(house, bin=bin_), epcs=epcs)
    house.sql("update counts set counted_at = counted_at - %s", [timedelta(days=31)])
    due = house.as_("viewer").get(f"/api/v1/sites/{SITE}/counts-due").json()["items"]
    assert [row["bin"] for row in due] == ["B2"]


def test_no_more_is_asked_for_than_a_shift_counts(house: Any) -> None:
    house.sql("insert into bins (site, bin) select %s, 'X' || n from generate_series(1, 40) n", [SITE])
    house.sql(
        "insert into items (epc, sku, site, bin, state, since) "
        "select 'x' || n, 'K3', %s, 'X' || n, 'sellable_accessible', now() from generate_series(1, 40) n", [SITE],
    )  # fmt: skip
    house.sql("insert into count_cadences values (%s, 'C', 7)", [SITE])
    for _ in range(2):
        with pool.connect(house.database) as connection:
            ask_due(connection)
    assert house.sql("select count(*) as n from counts") == [{"n": MOST_OPEN}]


def test_who_is_limited_to_other_sites_counts_and_settles_nothing_here(house: Any) -> None:
    assert house.as_("operator", "other").post("/api/v1/counts", json={"site": SITE, "bin": "B1"}).status_code == 403
    asked = ask(house)
    path = f"/api/v1/counts/{asked.json()['count_id']}"
    other = house.as_("operator", "other")
    assert other.get(path).status_code == 403 and other.get("/api/v1/counts").json()["items"] == []
    assert other.post(f"{path}/result", json={"epcs": []}).status_code == 403
    tell(house, asked, epcs=[])
    lives = house.sql("select * from lives order by epc")  # other stories have theirs
    answer = other.post(f"{path}/differences/1/settle", json={"verdict": "missing"})
    assert answer.status_code == 403 and house.sql("select * from lives order by epc") == lives


def test_a_difference_is_settled_by_one_of_two_at_once_and_an_item_of_another_site_is_not_claimed(house: Any) -> None:
    other = {"v": 1, "name": "o", "doors": [{"id": "D1", "x_m": 0.0, "y_m": 0.0}],
             "bins": [{"id": "B1", "x_m": 1.0, "y_m": 1.0}]}  # fmt: skip
    assert house.as_("admin").put("/api/v1/sites/other/layout", json=other).status_code == 200
    away = {"epc": EPC.format(50), "sku": "K1", "quantity": 2, "site": "other", "bin": "B1"}
    assert house.as_("admin").put("/api/v1/items", json={"items": [away]}).status_code == 200
    house.sql("update items set since = since - interval '1 day', registered_at = registered_at - interval '1 day'")
    counted = tell(house, ask(house), epcs=[*HERE[:3], away["epc"]])
    assert counted.json()["differences"][1]["record_says"] == "site other"
    path = f"/api/v1/counts/{counted.json()['count_id']}/differences"
    answer = house.as_("operator", SITE).post(f"{path}/2/settle", json={"verdict": "here"})
    assert answer.status_code == 403 and house.sql("select 1 as x from items where site = 'other'") != []
    with ThreadPoolExecutor(2) as both:
        verdicts = list(both.map(lambda verdict: settle(house, counted, 1, verdict).status_code, ("missing", "found")))
    assert sorted(verdicts) == [200, 409]
