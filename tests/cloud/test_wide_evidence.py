"""Evidence of any length is stored, and what stages it costs a commit no more than it must."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from tagdock_cloud.ingest.admit import Accepted
from tagdock_cloud.ingest.record import Recorder
from tagdock_cloud.ingest.rows import NARROW_EVIDENCE_BYTES
from tagdock_contract import Batch, GatewayAddress, Movement

Sql = Callable[..., list[dict[str, Any]]]
Make = Callable[..., Movement]
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LONGEST = GatewayAddress("s" * 64, "g" * 64)
EPC = "urn:epc:raw:96.x".ljust(400, "1")
OUT_OF_LINE = "select relname from pg_class where relname in ('staged_movements', 'moved', 'late_items', " \
    "'staged_bin_readings', 'staged_reader_events') and reltoastrelid <> 0 order by relname"  # fmt: skip
_minutes = count(1)


def record(recorder: Recorder, movement: Make, evidence: str, *, times: int = 1) -> None:
    """Commit a group of one item that moves so often: more than once is stored with care."""
    at = [NOON + timedelta(minutes=next(_minutes)) for _ in range(times)]
    events = tuple(
        movement(EPC, observed_at=one, site=LONGEST.site, epc_hex="AB" * 62, door="D" * 64, evidence={"a": evidence})
        for one in at
    )
    sent = Batch(epoch=UUID(int=7), seq=next(_minutes), sent_at=NOON, events=events)
    outcome = recorder.record([Accepted(LONGEST, sent, b"{}")], [], [])
    assert len(outcome.committed) == 1


@pytest.fixture
def known(sql: Sql) -> None:
    """The item, of a SKU with the longest name there is."""
    sql(
        "insert into items (epc, sku, registered_at, registered_site, registered_bin, site, bin, state, since) "
        "values (%(e)s, %(s)s, %(t)s, 's1', 'R-1', 's1', 'R-1', 'sellable_accessible', %(t)s)",
        {"e": EPC, "s": "\U0001f4e6" * 100, "t": NOON},
    )


@pytest.fixture
def recorder(database: str, known: None) -> Iterator[Recorder]:
    with closing(Recorder(database, client_id="test", is_open=True)) as recorder:
        yield recorder


@pytest.mark.parametrize("times", [1, 2])
def test_the_longest_evidence_that_counts_as_narrow_is_stored_in_line(
    times: int, movement: Make, recorder: Recorder, sql: Sql
) -> None:
    said = "x" * (NARROW_EVIDENCE_BYTES - len('{"a":""}'))
    record(recorder, movement, said, times=times)
    assert sql("select length(evidence ->> 'a') as n from settled_movements") == [{"n": len(said)}] * times
    assert sql(OUT_OF_LINE) == []


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("said", ["x" * 1_000_000, "\u7bb1" * 4_000], ids=["a megabyte", "few characters, many bytes"])
def test_longer_evidence_is_stored_whole_and_out_of_line(
    said: str, times: int, movement: Make, recorder: Recorder, sql: Sql
) -> None:
    for one in ("short", said, said):
        record(recorder, movement, one, times=times)
    lengths = sql("select length(evidence ->> 'a') as n from settled_movements order by observed_at")
    assert [row["n"] for row in lengths] == [5] * times + [len(said)] * 2 * times
    assert sql(OUT_OF_LINE) == [{"relname": "moved"}, {"relname": "staged_movements"}]
