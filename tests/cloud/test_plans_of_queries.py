"""What the database reads for a question: only partitions in the asked range, and those by an index."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tagdock_cloud.ingest.record import Recorder
from tagdock_cloud.store.queries import load_queries

Sql = Callable[..., list[dict[str, Any]]]
FILL = """
insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, door, direction, confidence)
select 's' || mod(n, 3), timestamptz '2031-01-01Z' + n * interval '1 minute', gen_random_uuid(), 'g',
       'urn:epc:id:sgtin:9521234.012345.' || mod(n, 4000), '30', 'D' || mod(n, 4), 'in', 1
from generate_series(1, 240000, 8) n
"""


@pytest.fixture
def half_a_year(sql: Sql) -> Sql:
    """A record of half a year in monthly partitions, each with statistics."""
    sql("select ensure_partitions('2031-01-01Z', '2031-06-30Z')")
    sql(FILL)
    sql("analyze")
    return sql


def scans(plan: Any) -> Iterator[tuple[str, str]]:
    """Yield the kind of scan and the relation of every node that reads one."""
    if "Relation Name" in plan:
        yield plan["Node Type"], plan["Relation Name"]
    for child in plan.get("Plans", []):
        yield from scans(child)


def explain(sql: Sql, question: str) -> list[tuple[str, str]]:
    (row,) = sql(f"explain (format json, analyze) {question}")
    (plan,) = row["QUERY PLAN"]
    return [scan for scan in scans(plan["Plan"]) if scan[1].startswith("movements_")]


def read(found: list[tuple[str, str]]) -> set[str]:
    return {relation for _, relation in found}


@pytest.mark.parametrize(
    ("question", "partitions"),
    [
        pytest.param(
            "select count(*) from movements where observed_at >= '2031-03-05Z' and observed_at < '2031-03-06Z'",
            {"movements_2031_03"},
            id="a-day-of-all-sites",
        ),
        pytest.param(
            "select * from movements_v1 where site = 's1' and observed_at between '2031-02-20Z' and '2031-03-02Z'",
            {"movements_2031_02", "movements_2031_03"},
            id="some-days-of-a-site",
        ),
        pytest.param(
            "select * from movements_v1 where site = 's1' order by observed_at desc limit 50",
            None,
            id="the-newest-of-a-site",
        ),
        pytest.param(
            "select * from movements_v1 where epc = 'urn:epc:id:sgtin:9521234.012345.7' order by observed_at desc",
            None,
            id="an-items-history",
        ),
    ],
)
def test_only_what_lies_in_the_range_is_read_and_none_of_it_whole_outside(
    question: str, partitions: set[str] | None, half_a_year: Sql
) -> None:
    found = explain(half_a_year, question)
    whole = {relation for kind, relation in found if kind == "Seq Scan"}
    if partitions is None:  # no range was asked for: the newest or the item's rows are found by an index
        assert found
        assert not {relation for relation in whole if relation.startswith("movements_2031")}
    else:
        assert read(found) <= partitions


def test_a_page_of_the_newest_touches_only_the_newest_partition(half_a_year: Sql) -> None:
    (row,) = half_a_year(
        "explain (format json, analyze) select * from movements where site = 's1' and observed_at < '2031-07-01Z' "
        "order by observed_at desc, event_id desc limit 50"
    )
    (plan,) = row["QUERY PLAN"]
    touched = [node for node in nodes(plan["Plan"]) if node.get("Relation Name") and node["Actual Rows"] > 0]
    assert {node["Relation Name"] for node in touched} == {"movements_2031_06"}


def nodes(plan: Any) -> Iterator[Any]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def test_stock_and_throughput_read_no_movement(half_a_year: Sql) -> None:
    week = "select sum(pass) from throughput_v1 where site = 's1' and hour_at between '2031-03-01Z' and '2031-03-08Z'"
    assert explain(half_a_year, week) == []
    assert explain(half_a_year, "select * from stock_v1 where site = 's1'") == []


GROUP = """
insert into staged_movements (site, observed_at, event_id, gateway, epc, epc_hex, door, direction, confidence, is_step)
select 's1', now(), gen_random_uuid()::text, 'g', 'urn:epc:id:sgtin:9521234.012345.' || n, '30', 'D1', 'in', 1, true
from generate_series(1, 2000) n
"""


def test_ingest_steps_items_on_in_the_order_in_which_they_were_copied(sql: Sql, database: str) -> None:
    """So they are locked in it. Of a small stock nearly all of which moves, the database would rather make a hash."""
    sql("""insert into items (epc, site, state, since) select
           'urn:epc:id:sgtin:9521234.012345.' || n, 's1', 'in_progress', now() from generate_series(1, 3000) n""")
    sql("analyze items")
    recorder = Recorder(database, client_id="test", is_open=True)
    recorder.open()
    connection: Any = recorder._connection  # its settings and tables are its session's
    try:
        connection.execute(GROUP)
        said = connection.execute("explain (format json) " + load_queries("tagdock_cloud.ingest")["items_step"])
        found = set(kinds(said.fetchone()["QUERY PLAN"][0]["Plan"]))
    finally:
        recorder.close()
    assert "Nested Loop" in found and not found & {"Hash Join", "Merge Join"}


def kinds(plan: Any) -> Iterator[str]:
    """Yield the kind of every node."""
    yield plan["Node Type"]
    for child in plan.get("Plans", []):
        yield from kinds(child)
