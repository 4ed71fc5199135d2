"""Review: what is uncertain is listed with its evidence, and what a person decides of it counts at once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

NOON = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
EPC = "urn:epc:id:sgtin:9521234.000001.{}"


@pytest.fixture
def passages(service: Any, helpers: Any) -> list[dict[str, Any]]:
    """Five uncertain passages at D1, a minute apart, newest last; of tags nobody else uses."""
    number = int(uuid4()) % 10**9
    made = [
        helpers.movement(NOON + timedelta(minutes=n), EPC.format(number + n), direction="uncertain", confidence=0.6)
        for n in range(5)
    ]
    service.sql("truncate movements, corrections, correction_events, items, flows")
    service.sql("insert into sites (site) values (%(s)s) on conflict do nothing", {"s": helpers.SITE})
    service.sql(
        "insert into items (epc, site, state, since) select unnest(%(e)s::text[]), %(s)s, 'unknown', now()",
        {"e": [one["epc"] for one in made], "s": helpers.SITE},
    )
    helpers.add_movements(service, made)
    return made


def decide(service: Any, passage: dict[str, Any], role: str = "operator", **body: Any) -> Any:
    key = {"site": passage["site"], "observed_at": passage["observed_at"].isoformat()}
    return service.as_(role).post(f"/api/v1/movements/{passage['event_id']}/decision", json={**key, **body})


def listed(service: Any, **query: Any) -> list[dict[str, Any]]:
    answer = service.as_("viewer").get("/api/v1/passages", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_uncertain_passages_are_listed_newest_first_with_their_evidence_page_by_page(
    service: Any, passages: Any
) -> None:
    viewer = service.as_("viewer")
    first = viewer.get("/api/v1/passages?limit=3")
    second = viewer.get(first.links["next"]["url"])
    epcs = [row["epc"] for page in (first, second) for row in page.json()["items"]]
    assert epcs == [one["epc"] for one in reversed(passages)] and "next" not in second.links
    assert first.json()["items"][0]["evidence"] == {"reads": 12}
    assert (
        listed(service, since=NOON.isoformat(), until=(NOON + timedelta(minutes=1)).isoformat())[0]["epc"] == epcs[-1]
    )
    assert listed(service, door="D2") == []


def test_a_decision_counts_at_once_and_says_who_when_and_why(service: Any, passages: Any) -> None:
    answer = decide(service, passages[0], direction="out", door="D3", comment="seen on video")
    assert answer.status_code == 200, answer.text
    decision = answer.json()["correction"]
    assert (decision["kind"], decision["direction"], decision["door"]) == ("decided", "out", "D3")
    assert decision["reason"] == "seen on video" and "operator" in decision["corrected_by"]
    assert answer.json()["direction"] == "uncertain"  # the report stays what it was
    item = service.as_("viewer").get(f"/api/v1/items/{passages[0]['epc']}").json()
    assert (item["state"], item["door"]) == ("in_transit", "D3")
    assert len(listed(service)) == 4
    assert [row["epc"] for row in listed(service, state="decided")] == [passages[0]["epc"]]


def test_the_same_decision_again_changes_nothing_and_a_later_one_leaves_the_former_to_be_seen(
    service: Any, passages: Any
) -> None:
    once, again = (decide(service, passages[0], direction="in").json() for _ in range(2))
    assert once == again and len(once["history"]) == 1
    other = decide(service, passages[0], "manager", direction="none", comment="a ghost").json()
    assert [one["direction"] for one in other["history"]] == ["none", "in"]
    key = {"observed_at": passages[0]["observed_at"].isoformat()}
    path = f"/api/v1/sites/{passages[0]['site']}/passages/{passages[0]['event_id']}"
    assert service.as_("viewer").get(path, params=key).json() == other
    audited = service.sql(
        "select action from audit where subject = %(s)s", {"s": f"movement/{passages[0]['event_id']}"}
    )
    assert audited == [{"action": "passage.decide"}] * 2


def test_a_manager_says_how_close_reports_of_one_passage_are(service: Any, helpers: Any) -> None:
    service.sql("insert into sites (site) values (%(s)s) on conflict do nothing", {"s": helpers.SITE})
    path = f"/api/v1/sites/{helpers.SITE}/settlement"
    assert service.as_("viewer").get(path).json() == {"site": helpers.SITE, "window_s": 5.0}
    seen = {"If-Match": service.as_("manager").get(path).headers["etag"]}
    assert service.as_("manager").put(path, json={"window_s": 12}).status_code == 428
    changed = service.as_("manager").put(path, json={"window_s": 12}, headers=seen)
    assert changed.json() == {"site": helpers.SITE, "window_s": 12.0}
    assert changed.headers["etag"] == service.as_("viewer").get(path).headers["etag"] != seen["If-Match"]
    assert service.as_("manager").put(path, json={"window_s": 13}, headers=seen).status_code == 412
    assert service.as_("manager").put(path, json={"window_s": 61}, headers=seen).status_code == 422
    assert service.as_("viewer").get("/api/v1/sites/nowhere/settlement").status_code == 404


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "a direction that is none": ({"direction": "sideways"}, 422, "direction"),
    "still uncertain": ({"direction": "uncertain"}, 422, "direction"),
    "no passage at a door": ({"direction": "none", "door": "D1"}, 422, "door"),
    "another time": ({"direction": "in", "observed_at": "2026-01-02T13:00:00Z"}, 404, "observed_at"),
    "another site": ({"direction": "in", "site": "elsewhere"}, 404, "observed_at"),
    "an unknown field": ({"direction": "in", "why": "x"}, 422, "why"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(service: Any, passages: Any, name: str) -> None:
    body, status, field = REFUSED[name]
    answer = decide(service, passages[0], **body)
    assert answer.status_code == status and field in answer.json()["detail"]
    assert service.sql("select * from correction_events") == []


def test_who_only_looks_decides_nothing_and_who_is_of_another_site_neither(service: Any, passages: Any) -> None:
    assert decide(service, passages[0], "viewer", direction="in").status_code == 403
    key = {"site": passages[0]["site"], "observed_at": passages[0]["observed_at"].isoformat(), "direction": "in"}
    path = f"/api/v1/movements/{passages[0]['event_id']}/decision"
    assert service.as_("operator", "elsewhere").post(path, json=key).status_code == 403
    assert service.as_("viewer", "elsewhere").get("/api/v1/passages").json() == {"items": []}


def test_movements_are_found_by_what_counts_and_show_what_was_reported(service: Any, passages: Any) -> None:
    """Five uncertain at D1: one was really `out` by D3, one never happened; so three are left there."""
    assert decide(service, passages[0], direction="out", door="D3").status_code == 200
    assert decide(service, passages[1], direction="none").status_code == 200
    asked = [
        ({"door": "D1"}, [4, 3, 2]), ({"door": "D3"}, [0]), ({"direction": "out"}, [0]), ({"direction": "none"}, [1]),
        ({"direction": "uncertain"}, [4, 3, 2]), ({"door": "D1", "direction": "none"}, [1]), ({}, [4, 3, 2, 1, 0]),
        ({"door": "D3", "epc": passages[0]["epc"]}, [0]), ({"door": "D1", "epc": passages[0]["epc"]}, []),
    ]  # fmt: skip
    for query, expected in asked:
        answer = service.as_("viewer").get("/api/v1/movements", params=query)
        assert [row["epc"] for row in answer.json()["items"]] == [passages[n]["epc"] for n in expected], query
        exported = service.as_("viewer").get("/api/v1/movements", params=query, headers={"Accept": "text/csv"}).text
        assert len(exported.splitlines()) == len(expected) + 1, query
    (row,) = service.as_("viewer").get("/api/v1/movements", params={"door": "D3"}).json()["items"]
    assert (row["door"], row["direction"]) == ("D1", "uncertain")
    assert (row["settled_door"], row["settled_direction"], row["correction"]) == ("D3", "out", "decided")
