"""What gateways and readers say of themselves, and how old their word is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic_core import to_json

SITE = "told-1"


@pytest.fixture(scope="module", autouse=True)
def gateways(service: Any) -> None:
    now = datetime.now(UTC)
    readers = [
        {"name": "dock-1", "state": "up", "reads": 7, "last_read_at": now, "clock_offset_s": 0.4},
        {"name": "dock-2", "state": "down", "detail": "no keepalive"},
    ]
    online = {"state": "online", "software": "edge 0.1", "lost": {"reads_late": 12, "pass": 3}, "outbox_events": 5}
    words = {
        "ahead": ({**online, "at": now + timedelta(seconds=90), "readers": readers}, now),
        "silent": ({**online, "at": now - timedelta(hours=1), "readers": readers}, now - timedelta(hours=1)),
        "gone": ({"state": "offline", "at": now - timedelta(days=9)}, now),
        "mute": (None, None),
    }
    service.sql("insert into sites (site) values (%s)", [SITE])
    for gateway, (status, at) in words.items():
        service.sql(
            "insert into gateways (site, gateway, status, status_at) values (%s, %s, %s::jsonb, %s)",
            [SITE, gateway, None if status is None else to_json(status).decode(), at],
        )
    service.sql(
        "insert into refused_batches (refused_at, site, gateway, epoch, seq, reason, payload)"
        " select now() - n * interval '1 minute', %s, 'ahead', gen_random_uuid(), n, 'no JSON', 'x'"
        " from generate_series(1, 5) n",
        [SITE],
    )


def one(service: Any, gateway: str) -> dict[str, Any]:
    answer = service.as_("viewer").get(f"/api/v1/gateways/{SITE}/{gateway}")
    assert answer.status_code == 200
    return dict(answer.json())


def test_a_gateway_tells_what_it_lost_and_how_its_clock_goes(service: Any) -> None:
    told = one(service, "ahead")
    assert told["lost"] == {"reads_late": 12, "pass": 3}
    assert (told["software"], told["outbox_events"], told["freshness"]) == ("edge 0.1", 5, "fresh")
    assert told["clock_offset_s"] == 90


@pytest.mark.parametrize("gateway", ["silent", "gone", "mute"])
def test_a_word_of_unknown_age_tells_nothing_of_a_clock(service: Any, gateway: str) -> None:
    assert one(service, gateway)["clock_offset_s"] is None


def test_readers_of_a_silent_gateway_are_not_passed_off_as_up(service: Any) -> None:
    rows = service.as_("viewer").get("/api/v1/readers", params={"site": SITE}).json()["items"]
    assert [(row["gateway"], row["reader"], row["state"], row["said_state"]) for row in rows] == [
        ("ahead", "dock-1", "up", "up"),
        ("ahead", "dock-2", "down", "down"),
        ("silent", "dock-1", "unknown", "up"),
        ("silent", "dock-2", "unknown", "down"),
    ]
    assert (rows[0]["reads"], rows[0]["clock_offset_s"], rows[1]["detail"]) == (7, 0.4, "no keepalive")
    of_one = service.as_("viewer").get("/api/v1/readers", params={"site": SITE, "gateway": "silent"}).json()["items"]
    assert len(of_one) == 2


def test_refused_batches_are_listed_with_their_reason_page_by_page(service: Any) -> None:
    seqs, path = [], f"/api/v1/refused-batches?site={SITE}&limit=2"
    while path:
        answer = service.as_("viewer").get(path)
        seqs += [row["seq"] for row in answer.json()["items"]]
        path = answer.links.get("next", {}).get("url", "")
    assert seqs == [1, 2, 3, 4, 5]


def test_an_unknown_gateway_is_not_found(service: Any) -> None:
    assert service.as_("viewer").get(f"/api/v1/gateways/{SITE}/none").status_code == 404
