"""Alerts and their rules over HTTP."""

from typing import Any

import pytest

STOCK = {"kind": "stock", "name": "Light holders run out", "sku": "85123A", "low": 5, "near": 3, "band": 2}
RULES, ALERTS = "/api/v1/alert-rules", "/api/v1/alerts"


@pytest.fixture
def manager(service: Any) -> Any:
    service.sql("delete from alerts")
    service.sql("delete from alert_rules where created_by <> ''")
    return service.as_("manager")


def add_alerts(service: Any) -> None:
    service.sql(
        "insert into alerts (site, kind, originator, severity, message, hold_s, raised_at, cleared_at) "
        "select site, kind, 'door/' || n, severity, 'x', 60, now() - n * interval '1 min', "
        "case when n % 2 = 0 then now() end from generate_series(1, 6) n, "
        "(values ('s1', 'unknown_tags', 'info'), ('s2', 'dwell', 'critical')) v (site, kind, severity)"
    )


def test_a_fresh_system_has_rules_that_make_sense(manager: Any) -> None:
    rules = manager.get(RULES).json()["items"]
    assert {rule["kind"] for rule in rules} == {
        "bin_over", "environment", "sensor_stale", "gateway_stale", "unordered_exit", "dwell", "unknown_tags",
        "read_quality", "life_contradiction",
    }  # fmt: skip
    assert all(rule["is_active"] and rule["site"] is None for rule in rules)
    for rule in rules:  # what was put there is what could be put there
        body = {name: value for name, value in rule.items() if value is not None and name in FIELDS[rule["kind"]]}
        answer = manager.put(f"{RULES}/{rule['rule_id']}", json=body, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        assert {**answer.json(), "updated_at": ""} == {**rule, "updated_at": ""}


COMMON = {"kind", "name", "site", "severity", "is_active", "hold_s"}
FIELDS = {
    "bin_over": COMMON | {"zone", "high", "band"},
    "environment": COMMON | {"quantity", "zone", "bin", "low", "high", "band", "after_s"},
    "sensor_stale": COMMON | {"quantity", "zone", "bin", "after_s"},
    "gateway_stale": COMMON | {"after_s"},
    "unordered_exit": COMMON | {"door", "after_s"},
    "dwell": COMMON | {"zone", "door", "after_s"},
    "unknown_tags": COMMON | {"door", "at_least", "after_s"},
    "read_quality": COMMON | {"door", "high", "band", "at_least", "after_s"},
    "life_contradiction": COMMON | {"door"},
}


def test_a_rule_is_added_changed_as_it_was_seen_and_deleted(manager: Any, service: Any) -> None:
    added = manager.post(RULES, json=STOCK)
    assert added.status_code == 201, added.text
    path = added.headers["location"]
    read = manager.get(path)
    assert read.json() == added.json() and (read.json()["low"], read.json()["high"]) == (5, None)
    assert manager.put(path, json={**STOCK, "low": 9}).status_code == 428
    changed = manager.put(path, json={**STOCK, "low": 9}, headers={"If-Match": read.headers["etag"]})
    assert changed.json()["low"] == 9
    late = manager.put(path, json=STOCK, headers={"If-Match": read.headers["etag"]})
    assert late.status_code == 412
    assert manager.get(RULES, params={"kind": "stock"}).json()["items"] == [changed.json()]
    assert manager.delete(path, headers={"If-Match": "*"}).status_code == 204
    assert manager.get(path).status_code == 404
    audited = service.sql(
        "select action from audit where subject = %(s)s order by at",
        {"s": path.removeprefix("/api/v1/").replace("rules", "rule")},
    )
    assert [row["action"] for row in audited] == ["alert_rule.add", "alert_rule.change", "alert_rule.delete"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"low": None}, "low or high must be given", id="no-limit"),
        pytest.param({"high": 5}, "low must lie below high", id="limits-crossed"),
        pytest.param({"family": "lamps"}, "only one of sku, family, zone and velocity", id="two-targets"),
        pytest.param({"zone": "cool", "velocity": "A"}, "or a sku in a zone", id="three-targets"),
        pytest.param({"zone": "cool", "lead_days": 3}, "lead_days is of orders", id="a-zone-orders-nothing"),
        pytest.param({"low": -1}, "greater than or equal to 0", id="negative"),
        pytest.param({"low": "NaN"}, "finite number", id="no-number"),
        pytest.param({"door": "D1"}, "is not a known field", id="field-of-another-kind"),
        pytest.param({"severity": "fatal"}, "'info', 'warning' or 'critical'", id="severity"),
        pytest.param({"kind": "weather"}, "does not match any of the expected tags", id="kind"),
        pytest.param({"hold_s": 1e9}, "less than or equal to 86400", id="hold"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(manager: Any, changes: dict[str, Any], says: str) -> None:
    answer = manager.post(RULES, json={**STOCK, **changes})
    assert answer.status_code == 422 and says in answer.text


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"kind": "environment", "quantity": "mass_kg"}, id="zones-have-no-such-limit"),
        pytest.param({"kind": "dwell", "after_s": 60, "zone": "a", "door": "b"}, id="zone-and-door"),
        pytest.param({"kind": "dwell"}, id="no-time"),
        pytest.param({"kind": "unknown_tags", "after_s": 1e6}, id="window-too-long"),
        pytest.param({"kind": "read_quality", "high": 2}, id="share-beyond-all"),
    ],
)
def test_each_kind_checks_its_own_fields(manager: Any, body: dict[str, Any]) -> None:
    assert manager.post(RULES, json={"name": "x", **body}).status_code == 422


def test_rules_have_a_bound(manager: Any, service: Any) -> None:
    service.sql(
        "insert into alert_rules (kind, name, severity, created_by) "
        "select 'stock', n::text, 'info', 'x' from generate_series(1, 2000) n"
    )
    answer = manager.post(RULES, json=STOCK)
    assert answer.status_code == 409 and "2000 rules" in answer.json()["detail"]


def test_alerts_are_listed_by_what_is_asked_in_pages(manager: Any, service: Any) -> None:
    add_alerts(service)
    filters: list[tuple[dict[str, Any], int]] = [
        ({}, 12), ({"site": "s1"}, 6), ({"is_open": True}, 6), ({"is_open": False}, 6), ({"kind": "dwell"}, 6),
        ({"severity": "critical", "is_open": True}, 3), ({"originator": "door/1"}, 2), ({"is_acknowledged": True}, 0),
        ({"since": "2099-01-01T00:00:00Z"}, 0),
    ]  # fmt: skip
    for params, count in filters:
        assert len(manager.get(ALERTS, params=params).json()["items"]) == count, params
    seen: list[str] = []
    answer = manager.get(ALERTS, params={"limit": 5, "is_open": True})
    while True:
        seen += [row["alert_id"] for row in answer.json()["items"]]
        if "link" not in answer.headers:
            break
        answer = manager.get(answer.headers["link"].split(">")[0].lstrip("<"))
    assert len(seen) == len(set(seen)) == 6
    assert manager.get(ALERTS, params={"kind": "weather"}).status_code == 422


def test_acknowledging_is_recorded_once_and_leaves_it_open(manager: Any, service: Any) -> None:
    add_alerts(service)
    service.sql("delete from webhooks")
    service.sql("insert into webhooks (name, url, topics) values ('x', 'https://x.example', '{alert}')")
    (alert,) = manager.get(ALERTS, params={"site": "s1", "originator": "door/1"}).json()["items"]
    path = f"{ALERTS}/{alert['alert_id']}"
    operator = service.as_("operator")
    first = operator.post(f"{path}/acknowledge", json={"comment": "on my way"}).json()
    assert (first["comment"], first["cleared_at"]) == ("on my way", None) and first["acknowledged_by"]
    again = manager.post(f"{path}/acknowledge", json={"comment": "me too"}).json()
    assert again == first == manager.get(path).json()
    assert service.as_("viewer").post(f"{path}/acknowledge", json={}).status_code == 403
    told = service.sql("select body ->> 'change' as change, body ->> 'comment' as comment from deliveries")
    assert told == [{"change": "acknowledged", "comment": "on my way"}]
    (audited,) = service.sql("select site, after from audit where action = 'alert.acknowledge'")
    assert audited["site"] == "s1" and audited["after"]["comment"] == "on my way"


def test_a_caller_of_some_sites_keeps_to_them(manager: Any, service: Any) -> None:
    add_alerts(service)
    local = service.as_("manager", "s1")
    assert {row["site"] for row in local.get(ALERTS).json()["items"]} == {"s1"}
    (other,) = manager.get(ALERTS, params={"site": "s2", "originator": "door/1"}).json()["items"]
    assert local.get(f"{ALERTS}/{other['alert_id']}").status_code == 403
    assert local.post(f"{ALERTS}/{other['alert_id']}/acknowledge", json={}).status_code == 403
    assert local.post(RULES, json=STOCK).status_code == 403
    assert local.post(RULES, json={**STOCK, "site": "s2"}).status_code == 403
    assert local.post(RULES, json={**STOCK, "site": "s1"}).status_code == 201
    (everywhere,) = local.get(RULES, params={"kind": "stock", "limit": 1}).json()["items"]
    assert everywhere["site"] == "s1"
    default = next(rule for rule in local.get(RULES).json()["items"] if rule["site"] is None)
    assert local.delete(f"{RULES}/{default['rule_id']}", headers={"If-Match": "*"}).status_code == 403


def test_what_is_told_of_an_alert_is_what_the_interface_shows(manager: Any, service: Any) -> None:
    add_alerts(service)
    alert = manager.get(ALERTS).json()["items"][0]
    (row,) = service.sql(
        "select alert_news(a, 'raised') as news from alerts a where alert_id = %(id)s", {"id": alert["alert_id"]}
    )
    assert row["news"].keys() == {"change", *alert}


def test_prometheus_hears_of_duties_deliveries_and_open_alerts(manager: Any, service: Any) -> None:
    add_alerts(service)
    service.sql("delete from duties")
    service.sql("insert into duties (duty, every_s, done_at, failures) values ('x', 1, to_timestamp(1000), 3)")
    said = service.as_("viewer").get("/metrics").text
    for line in ('tagdock_duty_done_timestamp_seconds{duty="x"} 1000.0', 'tagdock_duty_failures{duty="x"} 3.0',
                 'tagdock_deliveries{state="dead"}', 'tagdock_alerts_open{severity="info",site="s1"} 3.0'):  # fmt: skip
        assert line in said
    assert 'site="s2"' not in service.as_("viewer", "s1").get("/metrics").text
