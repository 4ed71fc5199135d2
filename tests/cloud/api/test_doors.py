"""Sites and doors over HTTP, and the health of gateways."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_cloud.health.metrics import metrics_text
from tagdock_cloud.health.rules import freshness

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_doors_show_todays_counts_and_the_last_movement(warehouse: Any, helpers: Any) -> None:
    epc = "urn:epc:id:sgtin:9521234.000009.1"
    now = datetime.now(UTC)
    helpers.add_movements(warehouse, [helpers.movement(now, epc, door="D1", direction="uncertain", confidence=0.5)])
    doors = warehouse.as_("viewer").get(f"/api/v1/sites/{helpers.SITE}/doors").json()["items"]
    assert [door["door"] for door in doors] == ["D1", "D2", "D3", "D4"]
    assert doors[0]["last_movement"]["epc"] == epc and doors[0]["last_movement"]["direction"] == "uncertain"
    assert datetime.fromisoformat(doors[0]["last_movement"]["observed_at"]) == now
    counted = warehouse.sql(
        "select count(*) filter (where direction = 'in') as in_today,"
        " count(*) filter (where direction = 'out') as out_today,"
        " count(*) filter (where direction = 'uncertain') as uncertain_today from movements"
        " where door = 'D1' and observed_at >= date_trunc('day', now() at time zone 'UTC') at time zone 'UTC'"
    )
    assert [{key: doors[0][key] for key in counted[0]}] == counted


def test_a_site_that_only_a_gateway_names_is_a_site(service: Any) -> None:
    service.sql("insert into gateways (site, gateway) values ('new-site', 'gw-1') on conflict do nothing")
    sites = {row["site"]: row for row in service.as_("viewer").get("/api/v1/sites").json()["items"]}
    assert sites["new-site"]["layout_version"] == 0
    assert service.as_("viewer").get("/api/v1/sites/new-site/doors").json() == {"items": []}
    assert service.as_("viewer").get("/api/v1/sites/no-site/doors").status_code == 404


def test_gateways_are_judged_by_their_last_word(warehouse: Any, helpers: Any) -> None:
    rows = warehouse.as_("viewer").get("/api/v1/gateways", params={"site": helpers.SITE}).json()["items"]
    by_name = {row["gateway"]: row for row in rows}
    assert (by_name["gw-1"]["freshness"], by_name["gw-2"]["freshness"]) == ("fresh", "silent")
    assert by_name["gw-2"]["outbox_events"] == 412 and by_name["gw-2"]["readers"][0]["state"] == "down"


@pytest.mark.parametrize(
    ("state", "age_s", "judged"),
    [
        ("online", None, "never"), ("online", 5, "fresh"), ("online", 60, "fresh"), ("online", 61, "late"),
        ("online", 300, "late"), ("online", 301, "silent"), ("offline", 1, "offline"),
    ],
)  # fmt: skip
def test_freshness(state: str, age_s: int | None, judged: str) -> None:
    assert freshness(state, None if age_s is None else NOW - timedelta(seconds=age_s), NOW) == judged


def test_prometheus_is_told_what_ingest_has_done() -> None:
    done = {
        "client_id": "tagdock-cloud-ingest", "events_stored": 7, "events_doubled": 2, "batches_committed": 3,
        "batches_refused": 1, "last_group_events": 4, "last_lag_s": 0.25, "last_committed_at": NOW,
    }  # fmt: skip
    idle = done | {"client_id": "new", "events_stored": 0, "last_group_events": None, "last_committed_at": None}
    lines = (
        metrics_text(
            gateways=[],
            refused=[],
            ingests=[done, idle],
            queue={"waiting": 0, "solving": 0},
            duties=[],
            deliveries={"waiting": 0, "dead": 0},
            alerts=[],
        )
        .decode()
        .splitlines()
    )
    of = '{client_id="tagdock-cloud-ingest"}'
    assert f"tagdock_ingest_events_stored_total{of} 7.0" in lines
    assert f"tagdock_ingest_events_doubled_total{of} 2.0" in lines
    assert f"tagdock_ingest_last_lag_seconds{of} 0.25" in lines
    assert not any(line.startswith('tagdock_ingest_last_lag_seconds{client_id="new"}') for line in lines)


def test_prometheus_is_told_of_gateways_and_refused_batches(warehouse: Any, helpers: Any) -> None:
    answer = warehouse.as_("viewer").get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    of = f'{{gateway="%s",site="{helpers.SITE}"}}'
    assert f"tagdock_gateway_up{of % 'gw-1'} 1.0" in lines and f"tagdock_gateway_up{of % 'gw-2'} 0.0" in lines
    assert f"tagdock_gateway_outbox_events{of % 'gw-2'} 412.0" in lines
    assert f"tagdock_refused_batches{of % 'gw-2'} 1.0" in lines
    assert any(line.startswith(f"tagdock_gateway_last_seen_timestamp_seconds{of % 'gw-1'} 1.") for line in lines)
