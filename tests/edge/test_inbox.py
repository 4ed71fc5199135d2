"""The inbox: bounded, fair, and closed to what makes no sense."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from tagdock_contract import InputChange, TagRead
from tagdock_edge.inbox import Inbox, ReaderNews

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
EPC = "3034257BF7194E4000001A85"
GOOD: dict[str, Any] = {"at": NOW, "reader": "dock-1", "antenna": 1, "epc": EPC, "rssi_dbm": -50.0}
NAN, INFINITE = float("nan"), float("inf")


def inbox(**options: Any) -> Inbox:
    return Inbox(now=lambda: NOW, **options)


def reads(reader: str, count: int) -> list[TagRead]:
    return [TagRead(NOW, reader, 1, EPC, -50.0) for _ in range(count)]


def taken(one: Inbox) -> list[Any]:
    return [record for delivery in one.take(0).deliveries for record in delivery]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", "2026-01-05T08:00:00Z"),
        ("at", datetime(2026, 1, 5, 8)),  # noqa: DTZ001  # that is the mistake
        ("at", NOW + timedelta(seconds=1.1)),
        ("at", NOW - timedelta(days=1, seconds=1)),
        ("at", datetime.max.replace(tzinfo=UTC)),
        ("reader", None),
        ("reader", "dock\n1"),
        ("reader", ["dock-1"]),
        ("antenna", "1"),
        ("antenna", True),
        ("antenna", -1),
        ("antenna", 65_536),
        ("epc", bytes.fromhex(EPC)),
        ("epc", EPC[:-1]),
        ("epc", "30" * 63),
        ("epc", "urn:epc:id:sgtin:4012345.098765.12345"),
        ("rssi_dbm", None),
        ("rssi_dbm", NAN),
        ("rssi_dbm", Decimal(-50)),
        ("phase_deg", 361.0),
        ("phase_deg", "90"),
        ("doppler_hz", INFINITE),
        ("channel", 1.5),
        ("count", 0),
        ("count", None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_read_with_a_wrong_field_is_left_out_and_the_field_is_named(
    field: str, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    one = inbox()
    good = TagRead(**GOOD)
    one.deliver([good, TagRead(**{**GOOD, field: value}), good])
    assert taken(one) == [good, good]
    assert one.refused == 1
    assert f"refused what it delivered: {field} " in caplog.text


@pytest.mark.parametrize(
    "record", [None, 1, "read", {"epc": EPC}, SimpleNamespace(**GOOD), TagRead], ids=lambda each: type(each).__name__
)
def test_what_is_no_record_is_left_out(record: Any) -> None:
    one = inbox()
    one.deliver([record, *reads("dock-1", 1)])
    assert (len(taken(one)), one.refused) == (1, 1)


@pytest.mark.parametrize(("field", "value"), [("gpi", -1), ("gpi", None), ("state", 1), ("state", "high")])
def test_an_input_change_with_a_wrong_field_is_left_out(field: str, value: object) -> None:
    one = inbox()
    one.deliver([InputChange(**{"at": NOW, "reader": "dock-1", "gpi": 1, "state": True, field: value})])
    assert (taken(one), one.refused) == ([], 1)


@pytest.mark.parametrize(
    "news",
    [
        None,
        ReaderNews(0, "dock-1", "up"),
        ReaderNews(1_767_600_000_000_000, "", "up"),
        ReaderNews(1_767_600_000_000_000, "dock-1", "on fire"),  # type: ignore[arg-type]
        ReaderNews(1_767_600_000_000_000, "dock-1", "up", antenna="2"),  # type: ignore[arg-type]
        ReaderNews(1_767_600_000_000_000, "dock-1", "up", detail=b"?"),  # type: ignore[arg-type]
    ],
    ids=["none", "time", "reader", "state", "antenna", "detail"],
)
def test_news_that_make_no_sense_are_left_out(news: Any) -> None:
    one = inbox()
    one.report(news)
    one.measure(["22 kg"])  # type: ignore[list-item]
    assert (one.take(0).news, one.take(0).readings, one.refused) == ([], [], 2)


def test_a_recording_may_have_any_time() -> None:
    one = inbox(own_time=True)
    one.deliver([TagRead(**{**GOOD, "at": datetime(2020, 1, 1, tzinfo=UTC)})])
    assert len(taken(one)) == 1


def test_a_reader_that_floods_loses_its_own_reads_only() -> None:
    one = inbox(reads_at_most=1000)
    one.deliver(reads("quiet", 10))
    for _ in range(5000):
        one.deliver(reads("flood", 3))
    one.deliver(reads("quiet", 10))
    by_reader = [record.reader for record in taken(one)]
    assert by_reader.count("quiet") == 20
    assert 900 <= by_reader.count("flood") <= 1000
    assert one.lost_reads == 15_000 - by_reader.count("flood")


def test_of_one_delivery_that_is_too_long_the_newest_reads_stay() -> None:
    one = inbox(reads_at_most=1000)
    one.deliver([TagRead(**{**GOOD, "antenna": n % 60_000}) for n in range(5000)])
    assert [record.antenna for record in taken(one)] == list(range(4000, 5000))
    assert one.lost_reads == 4000


def test_memory_stays_bounded_while_nobody_takes() -> None:
    one = inbox(reads_at_most=100)
    for _ in range(5000):
        one.deliver(reads("flood", 1))
        one.deliver(reads("other", 1))
    assert len(one._deliveries) <= 400


def test_a_delivery_is_the_inboxs_own() -> None:
    one = inbox()
    batch = reads("dock-1", 2)
    one.deliver(batch)
    batch.clear()
    assert len(taken(one)) == 2
