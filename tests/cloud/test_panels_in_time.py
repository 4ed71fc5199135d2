"""What migration 0049 made fast tells what it told before, and looks at what is there now, not at all that ever was."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql as SQL  # noqa: N812  beside the fixture `sql`
from tagdock_cloud.store.migrate import migrate

pytestmark = pytest.mark.slow

FILL = Path(__file__).parents[2] / "benchmarks" / "dashboards_fill.sql"
CASES = 60
NOT_HERE_ANY_MORE = 20_000
VIEWS = (
    "sku_rules",
    "stock_limits_v1",
    "stock_policy_v1",
    "arrived_by_transfer",
    "stock_by_site_v1",
    "transfers_v1",
    "network_v1",
)

ODD = """
update alert_rules set is_active = false where name = 'Zone 3';
insert into alert_rules (kind, name, severity, site, sku, family, velocity, low) values
    ('stock', 'twice', 'warning', null, 'SKU-7', null, null, 900),
    ('stock', 'too', 'critical', null, 'SKU-7', null, null, 50),
    ('stock', 'of no site', 'warning', null, 'nobody keeps it', null, null, 5),
    ('stock', 'nearer', 'warning', 'ningbo-1', 'SKU-7', null, null, 20),
    ('stock', 'no such family', 'warning', null, null, 'none', null, 1),
    ('stock', 'A there', 'warning', 'ningbo-1', null, null, 'A', 3);
update orders set cancelled_at = now() where order_id in (select transfer_id from transfers order by 1 limit 2);
delete from order_lines
where kind = 'inbound' and order_id = (select max(order_id) from orders where kind = 'inbound');
insert into transfers (transfer_id, start_site, goal_site, planned_at) values
    ('long ago', 'hangzhou-1', 'ningbo-1', now() - interval '300 days'), ('just now', 'hangzhou-1', 'ningbo-1', now());
insert into orders (site, kind, order_id) values
    ('hangzhou-1', 'outbound', 'long ago'), ('ningbo-1', 'inbound', 'long ago'),
    ('hangzhou-1', 'outbound', 'just now'), ('ningbo-1', 'inbound', 'just now');
insert into order_lines (site, kind, order_id, line, sku, quantity)
select site, kind, order_id, 1, 'SKU-22', 20 from orders where order_id ~ ' ';
insert into door_sessions (site, kind, order_id, door, opened_at, opened_by, until_at, state) values
    ('hangzhou-1', 'outbound', 'just now', 'D1', now() - interval '1 hour', 'rule', now(), 'closed'),
    ('ningbo-1', 'inbound', 'long ago', 'D1', now() - interval '3 hours', 'rule', now() - interval '2 hours', 'closed'),
    ('ningbo-1', 'inbound', 'just now', 'D12', now() - interval '1 hour', 'rule', 'infinity', 'open');
insert into session_goods (site, session_id, epc, door, observed_at, event_id)
select site, session_id, order_id, door, opened_at + interval '1 minute', gen_random_uuid() from door_sessions
where order_id ~ ' ';
insert into items (epc, sku, quantity, site, state, since)
select epc, 'SKU-22', 5, site, 'returned', observed_at from session_goods where epc ~ ' ' and site = 'ningbo-1';
insert into lives (epc, site, state, condition, disposition, is_sellable, is_owed, since, steps)
select epc, site, 'returned', 'opened', 'in_progress', false, true, since, 1 from items
where state = 'returned' order by epc limit 9;
insert into shipment_events (shipment_id, happened_at, state)
select shipment_id, created_at + interval '3 days', (array['lost', 'delivered', 'refused'])[1 + length(tracking) % 3]
from shipments order by shipment_id limit 40;
"""
"""Rules that win over others, transfers that are cancelled, too old, half seen, or whose notice names nothing."""


@pytest.fixture(scope="module")
def filled(fresh_database: Any) -> Iterator[psycopg.Connection]:
    """A database of the newest step, filled by the benchmark's statements and with what is odd; all is undone."""
    text = FILL.read_text(encoding="utf-8")
    said = dict(part.split("\n", 1) for part in text.split("-- name: ")[1:])
    with fresh_database() as url, psycopg.connect(url) as connection:
        connection.execute(said["floor"].replace("1500000", str(NOT_HERE_ANY_MORE)).replace("100000)", "6000)"))
        for name in ("fleet", "orders", "alerts", "limits"):
            connection.execute(said[name])
        connection.execute(said["after_sales"].format(cases=CASES))
        connection.execute(said["network"].format())
        connection.execute(ODD)
        connection.commit()
        connection.autocommit = True
        connection.execute("vacuum (analyze)")
        connection.autocommit = False
        yield connection


def rows(connection: psycopg.Connection, name: str, columns_of: str | None = None) -> list[str]:
    """Return a relation's rows as texts, in order; of the columns that another one has, where it is named."""
    having = connection.execute(SQL.SQL("select * from {} limit 0").format(SQL.Identifier(columns_of or name)))
    columns = SQL.SQL(", ").join(SQL.Identifier(column.name) for column in having.description or ())
    told = SQL.SQL("select coalesce(to_jsonb(v)::text, '') from (select {} from {}) v order by 1").format(
        columns, SQL.Identifier(name)
    )
    return [str(row[0]) for row in connection.execute(told).fetchall()]


def test_views_tell_what_they_told(filled: psycopg.Connection, empty_database: str) -> None:
    """The definitions of step 0048, beside those of today, in one transaction: of one `now()`."""
    migrate(empty_database, "0048")
    with psycopg.connect(empty_database) as before:
        old = {name: str(before.execute("select pg_get_viewdef(%s::regclass)", [name]).fetchone()[0]) for name in VIEWS}  # type: ignore[index]
    with filled.transaction(force_rollback=True):
        for name, text in old.items():
            former = "|".join(VIEWS[: VIEWS.index(name)]) or "none"
            filled.execute(f"create view old_{name} as " + re.sub(rf"\b({former})\b", r"old_\1", text))
        for name in VIEWS:
            today = rows(filled, name, columns_of=f"old_{name}")  # steps since then may add others
            assert today == rows(filled, f"old_{name}"), name
            assert len(today) > 2, f"{name}: there was nothing to compare"
        told = {row["state"] for row in map(json.loads, rows(filled, "transfers_v1"))}
        assert {"planned", "shipped", "short", "cancelled"} <= told
        places = {row["place"] for row in map(json.loads, rows(filled, "sku_rules"))}
        assert places == {1, 2, 3, 4, 6}
        filled.execute("create view old_exceptions as select * from shipments_v1 where is_exception")
        assert rows(filled, "shipment_exceptions_v1") == rows(filled, "old_exceptions") != []


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan's nodes."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def run(connection: psycopg.Connection, question: str) -> list[dict[str, Any]]:
    """Run a question and return the nodes of its plan, with what each of them did."""
    (answer,) = connection.execute(f"explain (format json, analyze, timing off) {question}").fetchone() or ([],)
    return list(nodes(answer[0]["Plan"]))


def count(connection: psycopg.Connection, table: str) -> int:
    (number,) = connection.execute(f"select count(*) from {table}").fetchone() or (0,)
    return int(number)


def test_limits_cost_as_much_as_there_are_skus_not_their_square(filled: psycopg.Connection) -> None:
    with filled.transaction(force_rollback=True):  # of the one rule that speaks of all, the planner expected a row
        filled.execute("delete from alert_rules where name <> 'All SKUs'")
        filled.execute("analyze alert_rules")
        parts = run(filled, "select state, units from stock_limits_v1")
    gone = ("Rows Removed by Join Filter", "Rows Removed by Filter")
    touched = sum(
        part["Actual Loops"] * (part["Actual Rows"] + sum(part.get(why, 0) for why in gone)) for part in parts
    )
    assert touched < 50 * count(filled, "bin_skus")


def test_stock_of_sites_is_told_without_looking_at_what_is_gone(filled: psycopg.Connection) -> None:
    parts = run(filled, "select units, skus, open_orders, overdue_orders, lines_left_today from network_v1")
    assert "items" not in {part["Relation Name"] for part in parts if part["Node Type"] == "Seq Scan"}
    assert not [part for part in parts if part["Node Type"] == "Function Scan"], "nobody asked what doors saw"


def test_what_doors_saw_is_asked_of_transfers_on_their_way_alone(filled: psycopg.Connection) -> None:
    def calls(question: str) -> float:
        asked = [part for part in run(filled, question) if part["Node Type"] == "Function Scan"]
        return float(sum(part["Actual Loops"] for part in asked))

    on_the_way = calls("select * from transfers_v1 where received_at is null and state in ('planned', 'shipped')")
    assert 0 < on_the_way <= 3, "both ends of one that is under way, and one whose notice names nothing"
    assert on_the_way < calls("select * from transfers_v1")
    assert calls("select transfers_in, transfers_out, units_in from network_v1") == on_the_way


def test_exceptions_are_found_from_what_tells_them(filled: psycopg.Connection) -> None:
    parts = run(filled, "select * from shipment_exceptions_v1")
    looks = sum(part["Actual Loops"] for part in parts if part.get("Relation Name") == "shipment_events")
    assert count(filled, "shipment_exceptions_v1") < looks < count(filled, "shipments") / 3
