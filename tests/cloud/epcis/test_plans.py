"""What the database reads for a page of events: by an index, no more than the page, however old the log is."""

from collections.abc import Iterator
from typing import Any

import pytest
from tagdock_cloud.epcis.find import Span, statements
from tagdock_cloud.epcis.parameters import read_question
from tagdock_cloud.store import pool

SHOWN = 31
FILL = """
insert into epcis_told (recorded_at, site, observed_at, movement_id, epc, place, step, digest, said_id)
select at, 's' || n % 4, at, gen_random_uuid(), 'urn:epc:id:sgtin:9521234.012345.' || n / 8,
       case when n % 8 < 2 then 'door/D' || n % 32 / 8 else 'bin/B' || n % 640 / 8 end,
       (array['receiving', 'storing', 'picking', 'shipping'])[n / 4 % 4 + 1], sha256(n::text::bytea),
       case when n % 8 = 7 then 1 + n / 8 % 1000 end
from generate_series(1, 40000) n
cross join lateral (select timestamptz '2031-01-01Z' + n * interval '1 minute' as at) moment
"""
SAID = """
insert into epcis_said (digest, said)
select sha256(n::text::bytea), jsonb_build_object('bizTransactionList', jsonb_build_array(jsonb_build_object(
       'type', 'po', 'bizTransaction', 'urn:x:' || n)))
from generate_series(1, 1000) n
"""


@pytest.fixture
def log(sql: Any, database: str) -> str:
    """A log of a month."""
    sql(SAID)
    sql(FILL)
    sql("analyze")
    return database


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every node that reads the log."""
    if plan.get("Relation Name") == "epcis_told":
        yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def test_a_page_reads_by_an_index_and_not_much_beside_it(log: str) -> None:
    hour = {"GE_eventTime": "2031-01-03T08:00:00Z", "LT_eventTime": "2031-01-03T09:00:00Z"}
    questions: list[tuple[dict[str, Any], int]] = [
        ({}, SHOWN),
        ({"orderBy": "recordTime"}, SHOWN),
        ({"orderDirection": "ASC"}, SHOWN),
        (hour, 60),
        ({"MATCH_epc": "urn:epc:id:sgtin:9521234.012345.7"}, 8),
        ({"EQ_readPoint": "urn:tagdock:door:s0:D1"}, SHOWN),
        ({"EQ_readPoint": "urn:tagdock:door:s0:D1", **hour}, 60),
        ({"EQ_bizStep": "shipping"}, 8 * SHOWN),
        ({"WD_readPoint": "urn:tagdock:site:s1"}, 8 * SHOWN),
        ({"EQ_bizTransaction_po": "urn:x:7"}, 5),
        ({"EQ_eventID": "ni:///sha-256;" + "0" * 64 + "?ver=CBV2.0"}, 0),
    ]
    with pool.connect(log) as connection:
        for query, most in questions:
            sql, values = next(iter(statements(read_question(query), None, Span(SHOWN))))
            text: Any = f"explain (analyze, format json) {sql.rstrip().rstrip(';')}"
            row = connection.execute(text, values).fetchone()
            assert row is not None
            read = list(nodes(row["QUERY PLAN"][0]["Plan"]))
            assert read and all(node["Node Type"] != "Seq Scan" for node in read), (query, read)
            touched = sum(
                (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in read
            )
            assert touched <= most + 1, (query, touched)
