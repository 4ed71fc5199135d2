"""Each kind of alert: raised, stays one, is acknowledged, cleared, and raised again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tagdock_cloud.alerts.duties import DUTIES, LOOKS, MOST_OPEN, look
from tagdock_cloud.store import pool

Sql = Callable[..., list[dict[str, Any]]]

HOUSE = """
    insert into sites (site) values ('s1'), ('s2');
    insert into gateways (site, gateway, status, status_at) values ('s1', 'g1', '{"state": "online"}', now());
    insert into zones (site, zone, temperature_c_max) values ('s1', 'cool', 8);
    insert into bins (site, bin, zone, mass_kg) values ('s1', 'A', 'cool', 10), ('s1', 'B', 'dry', null);
    insert into skus (sku, family, mass_kg) values ('X', 'lights', 8), ('Y', 'lights', 8);
    insert into bin_skus (site, bin, sku) values ('s1', 'A', 'X');
    insert into items (epc, sku, site, bin, state, since, quantity)
    select lower(sku) || '1', sku, 's1', bin, 'sellable_accessible', now(), 100
    from (values ('X', 'A'), ('Y', 'B')) v (sku, bin);
    insert into items (epc, site, door, state, since)
    select 'u' || n, 's1', 'D1', 'in_progress', now() from generate_series(1, 5) n;
    insert into orders (site, kind, order_id) values ('s1', 'outbound', 'o1');
    update alert_rules set hold_s = 0;
"""
MOVED = """
    insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, sku, door, direction, confidence)
    select 's1', clock_timestamp(), gen_random_uuid(), 'g1', {epc}, '30', {sku}, 'D1', '{direction}', 1
    from generate_series(1, {n}) n
"""
STOCK = """
    insert into alert_rules (kind, name, severity, hold_s, {names}) values ('stock', 'limits', 'critical', 0, {values})
"""
READING = """
    insert into bin_readings (site, observed_at, event_id, gateway, bin, quantity, value, quality)
    values ('s1', clock_timestamp() - interval '{age}', gen_random_uuid(), 'g1', 'A', 'temperature_c', {value}, 'good')
"""
SILENT = "delete from bin_readings; update sensor_latest set observed_at = now() - interval '2 hours';"
OFFLINE, ONLINE = ('update gateways set status = \'{"state": "' + state + "\"}'" for state in ("offline", "online"))


@dataclass(frozen=True)
class Case:
    look: str
    kind: str
    originator: str
    wrong: str
    well: str
    rule: str = ""
    severity: str = "warning"


def stock(target: str, values: str, kind: str, originator: str, wrong: int, severity: str = "critical") -> Case:
    rule = STOCK.format(names=target, values=values)
    change = "update items set quantity = {} where epc = 'x1'"
    return Case("stock", kind, originator, change.format(wrong), change.format(100), rule, severity)


CASES = {
    "stock-below": stock("sku, site, low", "'X', 's1', 5", "stock_below", "sku/X", 3),
    "stock-of-nothing": stock("sku, low", "'X', 5", "stock_below", "sku/X", 0),
    "stock-near-below": stock("sku, low, near", "'X', 5, 3", "stock_near_below", "sku/X", 6, "info"),
    "stock-above": stock("sku, site, high", "'X', 's1', 120", "stock_above", "sku/X", 121),
    "stock-near-above": stock("sku, high, near", "'X', 120, 10", "stock_near_above", "sku/X", 115, "info"),
    "stock-of-a-family": stock("family, site, low", "'lights', 's1', 150", "stock_below", "family/lights", 49),
    "stock-in-a-zone": stock("zone, low", "'cool', 50", "stock_below", "zone/cool", 49),
    "stock-of-each-sku": stock("low", "50", "stock_below", "sku/X", 49),
    "bin-over": Case("bins", "bin_over", "bin/A", "update items set bin = 'A' where epc = 'y1'",
                     "update items set bin = 'B' where epc = 'y1'"),
    "environment": Case("sensors", "environment", "bin/A/temperature_c", READING.format(age="0 s", value=12),
                        READING.format(age="0 s", value=5)),
    "sensor-stale": Case("sensors", "sensor_stale", "bin/A/temperature_c",
                         SILENT + READING.format(age="2 hours", value=5),
                         READING.format(age="0 s", value=5)),
    "gateway-stale": Case("gateways", "gateway_stale", "gateway/g1",
                          "update gateways set status_at = now() - interval '10 min'",
                          "update gateways set status_at = now()"),
    "gateway-offline": Case("gateways", "gateway_stale", "gateway/g1", OFFLINE, ONLINE),
    "unordered-exit": Case("exits", "unordered_exit", "x1",
                           "update items set state = 'in_transit' where epc = 'x1';"
                           + MOVED.format(epc="'x1'", sku="'X'", direction="out", n=1),
                           "update items set state = 'returned' where epc = 'x1'"),
    "exit-ordered-late": Case("exits", "unordered_exit", "x1",
                              "delete from order_lines; update items set state = 'in_transit' where epc = 'x1';"
                              + MOVED.format(epc="'x1'", sku="'X'", direction="out", n=1),
                              "insert into order_lines values ('s1', 'outbound', 'o1', 1, null, 'X', 9)"),
    "dwell-at-a-door": Case("dwell", "dwell", "u1", "update items set since = now() - interval '5 h' where epc = 'u1'",
                            "update items set since = now() where epc = 'u1'", severity="info"),
    "dwell-in-a-zone": Case("dwell", "dwell", "x1", "update items set since = now() - interval '5 h' where epc = 'x1'",
                            "update items set since = now() where epc = 'x1'",
                            "insert into alert_rules (kind, name, severity, hold_s, zone, after_s) "
                            "values ('dwell', 'long', 'critical', 0, 'cool', 3600)", "critical"),
    "unknown-tags": Case("unknown_tags", "unknown_tags", "door/D1",
                         MOVED.format(epc="'u' || n", sku="null", direction="in", n=5),
                         "update movements set stored_at = now() - interval '1 hour'", severity="info"),
    "read-quality": Case("read_quality", "read_quality", "door/D1",
                         MOVED.format(epc="'u' || n", sku="null", direction="uncertain", n=20),
                         "update movements set stored_at = now() - interval '2 hours'"),
}  # fmt: skip


@pytest.fixture
def connection(shared_database: str) -> Iterator[Any]:
    """A transaction that is taken back at the end, so that tests can share one database."""
    with pool.connect(shared_database) as connection, pool.translated():
        yield connection
        connection.rollback()


@pytest.fixture
def empty(connection: Any) -> Sql:
    """A function that runs statements on a fresh system."""

    def run(statement: Any, values: Any = None) -> list[dict[str, Any]]:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def house(empty: Sql) -> Sql:
    """The same, with two sites, a few things in one of them, and rules without a hold time."""
    empty(HOUSE)
    return empty


@pytest.fixture
def looks(connection: Any) -> Callable[[str], None]:
    """A function that looks once, as the worker does."""
    named = {what.name: what for what in LOOKS}

    def run(name: str) -> None:
        look(connection, named[name])
        connection.execute("delete from alert_found")  # what each commit does otherwise

    return run


def open_alerts(sql: Sql, kind: str) -> list[dict[str, Any]]:
    return sql("select * from alerts where kind = %s and cleared_at is null", [kind])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_alert_is_raised_stays_one_is_acknowledged_cleared_and_raised_again(
    house: Sql, looks: Callable[[str], None], case: Case
) -> None:
    if case.rule:
        house(case.rule)
    house("insert into webhooks (name, url, topics) values ('all', 'https://x.example', '{alert}')")
    looks(case.look)
    assert open_alerts(house, case.kind) == []
    house(case.wrong)
    for _ in range(3):
        looks(case.look)
    (alert,) = open_alerts(house, case.kind)
    assert (alert["site"], alert["originator"], alert["severity"]) == ("s1", case.originator, case.severity)
    assert alert["rule_id"] is not None and alert["message"]

    house("update alerts set acknowledged_at = now(), acknowledged_by = 'eve'")
    looks(case.look)
    assert [row["alert_id"] for row in open_alerts(house, case.kind)] == [alert["alert_id"]]

    house(case.well)
    looks(case.look)
    assert open_alerts(house, case.kind) == []
    looks(case.look)
    assert open_alerts(house, case.kind) == []

    house(case.wrong)
    looks(case.look)
    (again,) = open_alerts(house, case.kind)
    assert again["alert_id"] != alert["alert_id"] and again["acknowledged_at"] is None
    said = "select body ->> 'change' as change from deliveries where body ->> 'kind' = %s order by queued_at"
    told = [row["change"] for row in house(said, [case.kind])]
    assert told == ["raised", "cleared", "raised"]


def limit(sql: Sql, **columns: Any) -> None:
    """Add a rule for the stock of X."""
    given = {"kind": "stock", "name": "x", "severity": "warning", "sku": "X", "site": "s1", **columns}
    names, values = ", ".join(given), ", ".join(f"%({name})s" for name in given)
    sql(f"insert into alert_rules ({names}) values ({values})", given)


def test_a_value_at_its_limit_does_not_flap_because_of_its_band(house: Sql, looks: Callable[[str], None]) -> None:
    limit(house, low=5, band=3, hold_s=0)
    for quantity, is_open in (
        (5, False),
        (4, True),
        (5, True),
        (7, True),
        (4, True),
        (8, False),
        (5, False),
        (4, True),
    ):
        house("update items set quantity = %s where epc = 'x1'", [quantity])
        looks("stock")
        assert bool(open_alerts(house, "stock_below")) is is_open, quantity
    assert house("select count(*) as n from alerts") == [{"n": 2}]


def test_an_alert_is_cleared_only_when_it_was_well_for_its_hold_time(house: Sql, looks: Callable[[str], None]) -> None:
    limit(house, low=5, hold_s=60)
    for quantity in (4, 9, 4, 9, 9):
        house("update items set quantity = %s where epc = 'x1'", [quantity])
        looks("stock")
        (alert,) = open_alerts(house, "stock_below")
        assert (alert["missing_since"] is None) == (quantity == 4)
    house("update alerts set missing_since = now() - interval '61 s'")
    looks("stock")
    assert open_alerts(house, "stock_below") == []
    assert house("select count(*) as n from alerts") == [{"n": 1}]


def test_of_two_rules_the_more_severe_counts_and_a_rising_severity_is_told(
    house: Sql, looks: Callable[[str], None]
) -> None:
    house("insert into webhooks (name, url, topics) values ('all', 'https://x.example', '{alert}')")
    house("update items set quantity = 4 where epc = 'x1'")
    limit(house, low=5, hold_s=0)
    looks("stock")
    house(
        "insert into alert_rules (kind, name, severity, sku, site, low) "
        "select 'stock', 'second', 'critical', sku, site, 5 from alert_rules where kind = 'stock'"
    )
    looks("stock")
    (alert,) = open_alerts(house, "stock_below")
    assert alert["severity"] == "critical"
    changes = house("select body ->> 'change' as change from deliveries order by queued_at")
    assert [row["change"] for row in changes] == ["raised", "worsened"]


NEAREST = {
    "of the SKU before its class's": ("sku", "'X'", "velocity", "'A'"),
    "of the class before every SKU's": ("velocity", "'A'", "bin", "null"),
    "of the SKU before every SKU's": ("sku", "'X'", "bin", "null"),
    "of the site before the house's": ("sku, site", "'X', 's1'", "sku", "'X'"),
    "of the house's SKU before the site's class": ("sku", "'X'", "velocity, site", "'A', 's1'"),
}


@pytest.mark.parametrize("name", NEAREST)
def test_of_a_sku_only_the_nearest_limits_count(house: Sql, looks: Callable[[str], None], name: str) -> None:
    near, near_values, far, far_values = NEAREST[name]
    house(
        "insert into sku_outlooks (site, sku, velocity, velocity_since, lines, lines_share, weeks) "
        "values ('s1', 'X', 'A', '2026-01-05', 1, 0, 1)"
    )
    house("update items set quantity = 8 where epc = 'x1'")
    house(STOCK.format(names=f"low, {far}", values=f"10, {far_values}"))
    looks("stock")
    assert [alert["originator"] for alert in open_alerts(house, "stock_below")] == ["sku/X"]
    house(STOCK.format(names=f"low, {near}", values=f"5, {near_values}"))
    looks("stock")
    assert open_alerts(house, "stock_below") == []


def test_below_its_safety_stock_a_sku_is_critical(house: Sql, looks: Callable[[str], None]) -> None:
    house("insert into alert_rules (kind, name, severity, sku, low, safety) values ('stock', 'l', 'info', 'X', 10, 5)")
    for quantity, severity in ((8, "info"), (4, "critical")):
        house(f"update items set quantity = {quantity} where epc = 'x1'")
        looks("stock")
        assert [alert["severity"] for alert in open_alerts(house, "stock_below")] == [severity]


def test_a_rule_that_is_switched_off_or_deleted_clears_what_it_raised(house: Sql, looks: Callable[[str], None]) -> None:
    house("update items set quantity = 4 where epc = 'x1'")
    for end in (
        "update alert_rules set is_active = false where kind = 'stock'",
        "delete from alert_rules where kind = 'stock'",
    ):
        limit(house, low=5, hold_s=0)
        looks("stock")
        assert open_alerts(house, "stock_below")
        house(end)
        looks("stock")
        assert open_alerts(house, "stock_below") == []


def test_neither_a_silent_nor_an_unsure_sensor_clears_what_it_said_last(
    house: Sql, looks: Callable[[str], None]
) -> None:
    house(READING.format(age="0 s", value=12))
    looks("sensors")
    house(READING.format(age="0 s", value=5).replace("good", "settling"))
    looks("sensors")
    assert open_alerts(house, "environment")
    house(SILENT)
    looks("sensors")
    assert open_alerts(house, "environment") and open_alerts(house, "sensor_stale")


def test_sensors_of_a_silent_gateway_are_told_of_the_gateway_alone(house: Sql, looks: Callable[[str], None]) -> None:
    house(READING.format(age="2 hours", value=5))
    house("update gateways set status_at = now() - interval '2 h'")
    looks("sensors")
    looks("gateways")
    assert open_alerts(house, "sensor_stale") == [] and len(open_alerts(house, "gateway_stale")) == 1


def test_a_site_without_orders_has_no_exits_without_one(house: Sql, looks: Callable[[str], None]) -> None:
    house("delete from orders")
    house(CASES["unordered-exit"].wrong)
    looks("exits")
    assert open_alerts(house, "unordered_exit") == []


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("'x1', null, null", id="by-its-epc"),
        pytest.param("null, 'X', 5", id="by-its-sku"),
    ],
)
def test_an_ordered_item_may_leave(house: Sql, looks: Callable[[str], None], line: str) -> None:
    house(f"insert into order_lines values ('s1', 'outbound', 'o1', 1, {line})")
    house(CASES["unordered-exit"].wrong)
    looks("exits")
    assert open_alerts(house, "unordered_exit") == []
    house("update orders set cancelled_at = now()")
    looks("exits")
    assert len(open_alerts(house, "unordered_exit")) == 1


def test_an_exit_is_not_raised_again_for_the_same_passage(house: Sql, looks: Callable[[str], None]) -> None:
    house(CASES["unordered-exit"].wrong)
    looks("exits")
    house("update alert_rules set is_active = false where kind = 'unordered_exit'")
    looks("exits")
    house("update alert_rules set is_active = true where kind = 'unordered_exit'")
    looks("exits")
    assert open_alerts(house, "unordered_exit") == [] and house("select count(*) as n from alerts") == [{"n": 1}]


def test_open_alerts_have_a_bound(house: Sql, looks: Callable[[str], None]) -> None:
    house(
        "insert into items (epc, site, door, state, since) "
        "select 'old' || n, 's1', 'D1', 'in_progress', now() - interval '9 h' from generate_series(1, 1500) n"
    )
    house(
        "insert into gateways (site, gateway, registered_at) "
        "select 's1', 'never-' || n, now() - interval '9 h' from generate_series(1, 1500) n"
    )
    for _ in range(2):
        for kind, name in (("dwell", "dwell"), ("gateway_stale", "gateways")):
            looks(name)
            assert len(open_alerts(house, kind)) == MOST_OPEN


def test_a_fresh_system_raises_nothing(connection: Any, empty: Sql) -> None:
    for duty in DUTIES:
        duty.run(connection)
    assert empty("select * from alerts") == []


def test_changes_are_announced(database: str, sql: Sql) -> None:
    sql(HOUSE)
    named = {duty.name: duty for duty in DUTIES}
    with pool.connect(database) as listener, pool.connect(database) as worker:
        listener.autocommit = True
        listener.execute("listen tagdock_alerts")
        for status_at in ("now() - interval '10 min'", "now()"):
            sql(f"update gateways set status_at = {status_at}")
            with worker.transaction():
                named["alerts.gateways"].run(worker)
        assert [notice.payload for notice in listener.notifies(timeout=20, stop_after=2)] == ["s1", "s1"]


def test_the_history_is_kept_a_year(house: Sql, connection: Any) -> None:
    house("insert into alerts (site, kind, originator, severity, message, hold_s, raised_at, cleared_at) "
          "select 's1', 'dwell', n::text, 'info', 'x', 0, now() - n * interval '100 days', "
          "case when n < 9 then now() - n * interval '100 days' end from generate_series(1, 9) n")  # fmt: skip
    next(duty for duty in DUTIES if duty.name == "alerts.tidy").run(connection)
    assert [row["originator"] for row in house("select originator from alerts order by 1")] == ["1", "2", "3", "9"]
