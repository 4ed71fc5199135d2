"""Door sessions over HTTP: opened by a person, watched, closed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

EPC = "urn:epc:id:sgtin:9521234.000001.{}"


@pytest.fixture
def house(service: Any, helpers: Any) -> Any:
    """A site with an order of three items for D1, and a notice of one."""
    service.sql(
        "truncate orders, order_lines, door_sessions, session_goods, movements, items, flows, corrections cascade"
    )
    service.sql("insert into sites (site) values (%(s)s) on conflict do nothing", {"s": helpers.SITE})
    integrator = service.as_("integrator")
    for path, order_id, numbers in (("orders", "A", (1, 2, 3)), ("notices", "N", (9,))):
        body = {"site": helpers.SITE, "id": order_id, "door": "D1", "lines": [{"epc": EPC.format(n)} for n in numbers]}
        assert integrator.put(f"/api/v1/{path}", json={"items": [body]}).status_code == 200
    return service


def open_(house: Any, helpers: Any, order: str = "A", role: str = "operator", **changes: Any) -> Any:
    body = {"site": helpers.SITE, "door": "D1", "kind": "outbound", "order": order, **changes}
    return house.as_(role).post("/api/v1/sessions", json=body)


def get(house: Any, session_id: str) -> Any:
    return house.as_("viewer").get(f"/api/v1/sessions/{session_id}").json()


def close(house: Any, session_id: str, **body: Any) -> Any:
    return house.as_("operator").post(f"/api/v1/sessions/{session_id}/close", json=body)


def passed(house: Any, helpers: Any, *seen: tuple[int, str], at: datetime) -> None:
    """Let items pass out by doors: the record, and what follows from it."""
    made = [helpers.movement(at, EPC.format(number), door=door) for number, door in seen]
    helpers.add_movements(house, made)
    for row in house.sql("select site, session_id from door_sessions"):
        house.sql("select project_session(%(site)s, %(session_id)s, true)", row)


def test_names_what_is_missing_unexpected_and_by_the_wrong_door_while_it_is_open(house: Any, helpers: Any) -> None:
    now = datetime.now(UTC)
    answer = open_(house, helpers, opened_at=(now - timedelta(minutes=5)).isoformat())
    assert answer.status_code == 201, answer.text
    opened = answer.json()
    assert answer.headers["Location"] == f"/api/v1/sessions/{opened['session_id']}"
    assert (opened["state"], opened["lines_missing"], opened["goods"]) == ("open", 3, [])
    passed(house, helpers, (1, "D1"), (2, "D5"), (7, "D1"), at=now - timedelta(minutes=1))
    session = get(house, opened["session_id"])
    assert [(line["epc"], line["missing"]) for line in session["lines"]] == [
        (EPC.format(n), int(n > 1)) for n in (1, 2, 3)
    ]
    goods = [(good["epc"], good["verdict"], good["door"], good["expected_door"]) for good in session["goods"]]
    assert goods == [
        (EPC.format(2), "wrong_door", "D5", "D1"),
        (EPC.format(7), "unexpected", "D1", None),
        (EPC.format(1), "expected", "D1", "D1"),
    ]
    counted = {name: session[name] for name in ("items_seen", "items_unexpected", "items_wrong_door", "units_missing")}
    assert counted == {"items_seen": 2, "items_unexpected": 1, "items_wrong_door": 1, "units_missing": 2}
    [listed] = house.as_("viewer").get("/api/v1/sessions?door=D1&state=open").json()["items"]
    assert listed.items() >= counted.items()
    [line] = [
        line
        for line in house.as_("viewer").get(f"/api/v1/sites/{helpers.SITE}/orders/A").json()["lines"]
        if line["seen"]
    ]
    assert line["epc"] == EPC.format(1)


def test_what_passes_after_it_was_closed_is_none_of_its_own(house: Any, helpers: Any) -> None:
    now = datetime.now(UTC)
    session_id = open_(house, helpers, opened_at=(now - timedelta(hours=1)).isoformat()).json()["session_id"]
    passed(house, helpers, (1, "D1"), at=now - timedelta(minutes=50))
    passed(house, helpers, (2, "D1"), at=now - timedelta(minutes=10))
    closed = close(house, session_id, until_at=(now - timedelta(minutes=30)).isoformat()).json()
    assert (closed["state"], closed["items_seen"], closed["lines_missing"]) == ("closed", 1, 2)
    assert "operator" in closed["closed_by"]
    assert close(house, session_id).json() == closed
    actions = house.sql("select action from audit where subject = %(s)s order by at", {"s": f"session/{session_id}"})
    assert [row["action"] for row in actions] == ["session.open", "session.close"]


def test_sessions_are_listed_newest_first_page_by_page(house: Any, helpers: Any) -> None:
    now = datetime.now(UTC)
    for door in ("D1", "D2", "D3"):
        open_(house, helpers, door=door, opened_at=(now - timedelta(minutes=int(door[1]))).isoformat())
    first = house.as_("viewer").get("/api/v1/sessions?limit=2")
    second = house.as_("viewer").get(first.links["next"]["url"])
    assert [row["door"] for page in (first, second) for row in page.json()["items"]] == ["D1", "D2", "D3"]


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "an order that nobody entered": ({"order": "Z"}, 404, "order"),
    "an order that is a notice": ({"order": "A", "kind": "inbound"}, 404, "notice"),
    "a time that lies ahead": ({"opened_at": "2090-01-01T00:00:00Z"}, 422, "opened_at"),
    "an idle time of nothing": ({"idle_after_s": 0}, 422, "idle_after_s"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(house: Any, helpers: Any, name: str) -> None:
    changes, status, word = REFUSED[name]
    answer = open_(house, helpers, **changes)
    assert answer.status_code == status and word in answer.json()["detail"]
    assert house.sql("select * from door_sessions") == []


def test_one_session_a_door_at_a_time(house: Any, helpers: Any) -> None:
    session_id = open_(house, helpers).json()["session_id"]
    second = open_(house, helpers, "N", kind="inbound")
    assert second.status_code == 409 and session_id in second.json()["detail"]
    closed = close(house, session_id).json()
    before = datetime.fromisoformat(closed["until_at"]) - timedelta(seconds=1)
    assert open_(house, helpers, "N", kind="inbound", opened_at=before.isoformat()).status_code == 422
    assert open_(house, helpers, "N", kind="inbound").status_code == 201
    assert close(house, session_id, until_at="2020-01-01T00:00:00Z").status_code == 200, "it is closed already"


def test_a_cancelled_order_opens_nothing(house: Any, helpers: Any) -> None:
    house.as_("manager").post(f"/api/v1/sites/{helpers.SITE}/orders/A/cancel")
    assert open_(house, helpers).status_code == 409


def test_an_order_that_is_changed_is_held_against_what_was_seen(house: Any, helpers: Any) -> None:
    now = datetime.now(UTC)
    session_id = open_(house, helpers, opened_at=(now - timedelta(minutes=5)).isoformat()).json()["session_id"]
    passed(house, helpers, (1, "D1"), (7, "D5"), at=now - timedelta(minutes=1))
    body = {"site": helpers.SITE, "id": "A", "door": "D1", "lines": [{"epc": EPC.format(1)}, {"epc": EPC.format(7)}]}
    house.as_("integrator").put("/api/v1/orders", json={"items": [body]})
    goods = {(good["epc"], good["verdict"]) for good in get(house, session_id)["goods"]}
    assert goods == {(EPC.format(1), "expected"), (EPC.format(7), "wrong_door")}


def test_who_only_looks_opens_and_closes_nothing(house: Any, helpers: Any) -> None:
    assert open_(house, helpers, role="viewer").status_code == 403
    session_id = open_(house, helpers).json()["session_id"]
    for client in (house.as_("viewer"), house.as_("operator", "elsewhere")):
        assert client.post(f"/api/v1/sessions/{session_id}/close", json={}).status_code == 403
    assert house.as_("viewer", "elsewhere").get(f"/api/v1/sessions/{session_id}").status_code == 403
    assert house.as_("viewer", "elsewhere").get("/api/v1/sessions").json() == {"items": []}
