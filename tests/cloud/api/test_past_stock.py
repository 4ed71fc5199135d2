"""Stock at a moment of the past: what the projection said then, whatever became known since."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_cloud.inventory import past, stock

SITE = "past-1"
BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=70)
EPC = "urn:epc:id:sgtin:9521234.000003."
Row = tuple[Any, ...]


@pytest.fixture(scope="module")
def moved(service: Any, helpers: Any) -> list[dict[str, Any]]:
    """A hundred items of seven SKUs and of none, in and out of two sites for seventy days, some registered."""
    chance = random.Random(5)
    bins = [{"id": "A-1", "x_m": 1, "y_m": 1, "zone": "cool"}, {"id": "A-2", "x_m": 2, "y_m": 1}]
    for site in (SITE, "past-2"):
        service.as_("admin").put(f"/api/v1/sites/{site}/layout", json={"v": 1, "doors": [], "bins": bins})
    service.sql("select ensure_partitions(%s, now())", [BEGIN])
    items = [
        {"epc": f"{EPC}{n}", "sku": f"S-{n % 7}", "quantity": n % 4 + 1, "site": SITE, "bin": "A-1"} for n in range(60)
    ]
    assert service.as_("admin").put("/api/v1/items", json={"items": items}).status_code == 200
    service.sql(
        "update items set registered_at = %s + right(epc, 1)::integer * interval '3 days'"
        " where registered_bin is not null",
        [BEGIN],
    )
    rows = []
    for step in range(700):
        at = BEGIN + timedelta(hours=step * 2.4 + chance.random())
        door = (
            {"door": chance.choice(["D1", "D2"])}
            if chance.random() < 0.7
            else {"door": None, "bin": chance.choice(["A-1", "A-2"])}
        )
        ways = ["in", "out", "pass", "uncertain"] if door["door"] else ["in", "out"]
        epc = f"{EPC}{chance.randrange(100)}"
        rows.append(
            helpers.movement(at, epc, direction=chance.choice(ways), site=chance.choice([SITE, SITE, "past-2"]), **door)
        )
    service.sql(
        "insert into items (epc, site, state, since) select distinct unnest(%s::text[]), '', 'unknown', now()"
        " on conflict do nothing",
        [[row["epc"] for row in rows]],
    )
    helpers.add_movements(service, rows)
    return rows


def stood(service: Any, at: datetime) -> Counter[Row]:
    """What `project_items` says where the record is cut at that moment: on a copy, rolled back."""
    from tagdock_cloud.store import pool

    with pool.connect(service.database) as connection:
        connection.execute("delete from movements where observed_at > %s", [at])
        connection.execute(
            "update items set registered_at = null, registered_bin = null where registered_at > %s", [at]
        )
        connection.execute(
            "delete from items i where registered_bin is null"
            " and not exists (select from movements m where m.epc = i.epc)"
        )
        connection.execute("select project_items(array(select epc from items))")
        cursor = connection.execute("select site, sku, zone, state, items, quantity from stock_v1")
        counted = Counter({tuple(row.values())[:4]: row["quantity"] for row in cursor.fetchall()})
        connection.rollback()
    return counted


def asked(service: Any, **query: Any) -> Counter[Row]:
    rows: list[dict[str, Any]] = []
    answer = service.as_("viewer").get("/api/v1/stock", params=query)
    while True:
        assert answer.status_code == 200, answer.text
        rows += answer.json()["items"]
        if "next" not in answer.links:
            break
        answer = service.as_("viewer").get(answer.links["next"]["url"])
    found = Counter({(row["site"], row["sku"], row["zone"], row["state"]): row["quantity"] for row in rows})
    assert len(found) == len(rows), "a row came twice"
    return found


@pytest.mark.parametrize("days", [0, 1.3, 9, 30, 69.9, 71], ids=str)
def test_it_is_what_the_projection_said_then(service: Any, moved: Any, days: float) -> None:
    at = BEGIN + timedelta(days=days)
    expected = stood(service, at)
    for state in ("in_progress", "sellable_accessible", "in_transit", "returned", "unknown"):
        there = Counter({key: value for key, value in expected.items() if key[3] == state})
        assert asked(service, at=at.isoformat(), state=state, limit=1000) == there
    present = Counter({key: value for key, value in expected.items() if key[3] not in ("in_transit", "unknown")})
    assert asked(service, at=at.isoformat(), limit=1000) == present
    assert days < 30 or len(present) > 10


def test_pages_and_slices_of_any_size_give_the_same(service: Any, moved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    at = (BEGIN + timedelta(days=33)).isoformat()
    whole = asked(service, at=at, limit=1000)
    for limit, size in ((1, 2000), (3, 7), (1000, 1)):
        monkeypatch.setattr(past, "ITEMS_A_SLICE", size)
        assert asked(service, at=at, limit=limit) == whole
    monkeypatch.setattr(past, "ITEMS_A_SLICE", 5)
    monkeypatch.setattr(stock, "SLICES_A_PAGE", 2)
    assert asked(service, at=at, limit=1000) == whole


def test_filters_narrow_it(service: Any, moved: Any) -> None:
    at = (BEGIN + timedelta(days=40)).isoformat()
    whole = asked(service, at=at, limit=1000)
    for query, place in (({"site": SITE}, 0), ({"sku": "S-3"}, 1), ({"zone": "cool"}, 2)):
        (value,) = query.values()
        assert asked(service, at=at, **query) == Counter({key: n for key, n in whole.items() if key[place] == value})


def test_now_is_the_present_stock(service: Any, moved: Any) -> None:
    assert asked(service, at=datetime.now(UTC).isoformat(), limit=1000) == asked(service, limit=1000)
    assert asked(service, limit=2) == asked(service, limit=1000)


def test_a_moment_that_was_dropped_from_the_record_is_refused(service: Any, moved: Any) -> None:
    service.sql("update retention set begins_at = %s where series = 'movements'", [BEGIN + timedelta(days=5)])
    try:
        answer = service.as_("viewer").get("/api/v1/stock", params={"at": BEGIN.isoformat()})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "at")
    finally:
        service.sql("update retention set begins_at = null")
