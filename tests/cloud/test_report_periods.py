"""When periods begin and reports are due, in zones whose clocks jump; how rows are put together, shown and written."""

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_cloud.reports import periods
from tagdock_cloud.reports.kpis import KPI_NAMES
from tagdock_cloud.reports.paper import MOST_ROWS, write_pdf
from tagdock_cloud.reports.rules import COLUMNS, MOST_PEOPLE, build, readable
from tagdock_cloud.reports.telling import MOST_BYTES, content_of, letter_of, message
from tagdock_cloud.reports.words import Tongue

ZONES = st.sampled_from(
    ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Africa/Cairo", "America/Havana", "Asia/Kolkata",
     "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo"]
)  # fmt: skip
PERIODS = st.sampled_from(["day", "week", "month"])
DAYS = st.dates(date(2001, 1, 1), date(2090, 1, 1))
INSTANTS = st.builds(datetime.combine, DAYS, st.times(), st.just(UTC))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_day_of_a_changing_clock_has_23_or_25_hours() -> None:
    spring, autumn, zone = date(2026, 3, 29), date(2026, 10, 25), "Europe/Berlin"
    hours = [
        (periods.starts_at(day + timedelta(days=1), zone) - periods.starts_at(day, zone)) / timedelta(hours=1)
        for day in (spring, autumn, date(2026, 6, 1))
    ]
    assert hours == [23, 25, 24]
    assert periods.starts_at(spring, zone) == utc("2026-03-28T23:00")
    assert periods.starts_at(date(2026, 3, 30), zone) == utc("2026-03-29T22:00")


def test_a_day_whose_midnight_the_clock_skips_begins_at_the_change() -> None:
    assert periods.starts_at(date(2018, 11, 4), "America/Sao_Paulo") == utc("2018-11-04T03:00")


def test_a_report_at_a_skipped_time_is_due_once_and_at_one_that_comes_twice_too() -> None:
    skipped = periods.due_at("day", date(2026, 3, 28), time(2, 30), "Europe/Berlin")
    assert skipped == utc("2026-03-29T01:30")  # 03:30 on the wall
    twice = periods.due_at("day", date(2026, 10, 24), time(2, 30), "Europe/Berlin")
    assert twice == utc("2026-10-25T00:30")  # the first of both
    after = periods.due_at("day", date(2026, 10, 25), time(2, 30), "Europe/Berlin")
    assert after == utc("2026-10-26T01:30")


@pytest.mark.parametrize(
    ("period", "day", "first", "after", "before"),
    [
        ("day", "2028-02-29", "2028-02-29", "2028-03-01", "2028-02-28"),
        ("week", "2027-01-03", "2026-12-28", "2027-01-04", "2026-12-21"),
        ("month", "2026-12-31", "2026-12-01", "2027-01-01", "2026-11-01"),
        ("month", "2027-03-31", "2027-03-01", "2027-04-01", "2027-02-01"),
    ],
)
def test_periods_follow_the_calendar(period: Any, day: str, first: str, after: str, before: str) -> None:
    found = periods.first_day(period, date.fromisoformat(day))
    told = found, periods.following(period, found), periods.former(period, found)
    assert [one.isoformat() for one in told] == [first, after, before]


@given(PERIODS, DAYS, ZONES)
def test_periods_lie_end_to_end(period: Any, day: date, zone: str) -> None:
    first = periods.first_day(period, day)
    assert first <= day < periods.following(period, first)
    assert periods.former(period, periods.following(period, first)) == first
    assert periods.starts_at(first, zone) <= periods.starts_at(periods.following(period, first), zone)


@given(PERIODS, INSTANTS, ZONES, st.times())
def test_what_is_next_is_not_due_and_what_is_over_is_over(period: Any, now: datetime, zone: str, runs_at: time) -> None:
    last = periods.last_over(period, zone, now)
    over_at = periods.starts_at(periods.following(period, last), zone)
    assert over_at <= now < periods.starts_at(periods.following(period, periods.following(period, last)), zone)
    first = periods.next_due(period, runs_at, zone, now)
    assert periods.due_at(period, first, runs_at, zone) > now
    assert periods.due_at(period, periods.former(period, first), runs_at, zone) <= now or first == last


def test_what_was_missed_is_made_up_for_and_a_year_is_not() -> None:
    now = utc("2026-05-10T07:00")
    missed = periods.missed("day", date(2026, 5, 7), time(6), "UTC", now)
    assert missed == [date(2026, 5, 7), date(2026, 5, 8), date(2026, 5, 9)]
    long_ago = periods.missed("day", date(2025, 1, 1), time(6), "UTC", now)
    assert (len(long_ago), long_ago[-1]) == (periods.MOST_MISSED, date(2026, 5, 9))
    assert periods.missed("day", date(2026, 5, 10), time(6), "UTC", now) == []
    months = periods.missed("month", date(2026, 2, 1), time(6), "UTC", now)
    assert months == [date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)]


# ---- rows


def counted(kpi: str, level: str, **told: Any) -> dict[str, Any]:
    nothing = {
        "is_now": True,
        "site": None,
        "person": None,
        "word": None,
        "part": 0,
        "whole": 0,
        "words": 0,
        "times": 0,
    }
    return {"kpi": kpi, "level": level, **nothing, "median_s": None, "nine_of_ten_s": None, **told}


def test_every_figure_and_site_is_there_also_with_nothing_to_tell() -> None:
    rows, left_out = build(KPI_NAMES, ["s1"], [])
    assert [(row["kpi"], row["level"]) for row in rows] == [
        (kpi, level) for kpi in KPI_NAMES for level in ("all", "site")
    ]
    assert {row["value"] for row in rows} == {None} and left_out == 0


def test_persons_beyond_the_bound_are_counted() -> None:
    many = [
        counted("first_time_fix", "person", site="s1", person=f"user:{n}", part=1, whole=n + 1)
        for n in range(MOST_PEOPLE + 3)
    ]
    rows, left_out = build(["first_time_fix"], [], many)
    people = [row["person"] for row in rows if row["level"] == "person"]
    assert (len(people), left_out, people[0]) == (MOST_PEOPLE, 3, f"user:{MOST_PEOPLE + 2}")


def test_figures_of_persons_are_for_managers_and_for_themselves() -> None:
    people = [counted("first_time_fix", "person", site="s1", person=f"user:{name}", whole=1) for name in ("li", "mei")]
    rows, _ = build(["first_time_fix"], ["s1"], people)

    def seen(person: str, *, is_manager: bool) -> set[str | None]:
        return {row["person"] for row in readable(rows, person, is_manager=is_manager)}

    assert seen("user:ann", is_manager=True) == {None, "user:li", "user:mei"}
    assert seen("user:li", is_manager=False) == {None, "user:li"}
    assert seen("token:li", is_manager=False) == {None}  # a token of the same name is somebody else


# ---- files


def result_of(rows: list[dict[str, Any]], **asked: Any) -> dict[str, Any]:
    told = {
        "name": "=1+1", "kpis": ["return_rate", "time_in_state"], "period": "month", "time_zone": "Europe/Berlin",
        "language": "en", "formats": ["csv", "pdf"], "first_day": "2026-05-01", "next_day": "2026-06-01",
        "former_day": "2026-04-01", **asked,
    }  # fmt: skip
    return {
        "asked": told, "since": utc("2026-04-30T22:00"), "until": utc("2026-05-31T22:00"), "report_id": "r",
        "result_id": "x", "figures": {"rows": rows},
    }  # fmt: skip


HOSTILE = "=HYPERLINK('http://x')"
ROWS, _ = build(
    ["return_rate", "time_in_state"], ["s1", "s2"],
    [
        counted("return_rate", "all", part=1, whole=4, words=1), counted("return_rate", "word", word=HOSTILE, words=1),
        counted("return_rate", "all", is_now=False, part=2, whole=4, words=2),
        counted("return_rate", "person", site="s1", person="@SUM(A1)", part=1, whole=4),
        counted("time_in_state", "word", word="<b>graded</font>", times=2, median_s=93_600.0, nine_of_ten_s=1e5),
    ],
)  # fmt: skip


def test_a_spreadsheet_runs_nothing_of_a_csv_and_reads_where_nothing_was() -> None:
    lines = list(csv.DictReader(io.StringIO(content_of("csv", result_of(ROWS), ROWS).decode())))
    assert list(lines[0]) == ["report", "since", "until", "time_zone", *COLUMNS, "says"]
    cells = {cell for line in lines for cell in line.values()}
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    assert {"'=1+1", f"'{HOSTILE}", "'@SUM(A1)"} <= cells
    told = {(line["kpi"], line["level"], line["site"]): (line["value"], line["says"]) for line in lines}
    assert told["return_rate", "all", ""] == ("0.25", "") and told["return_rate", "site", "s2"] == ("", "no data")
    assert lines[0]["since"] == "2026-04-30T22:00:00+00:00" and lines[0]["former_value"] == "0.5"


@pytest.mark.parametrize(
    ("asked", "font"),
    [
        pytest.param({"language": "en"}, b"Helvetica", id="english"),
        pytest.param({"language": "zh"}, b"STSong-Light", id="chinese"),
        pytest.param({"language": "en", "name": "杭州"}, b"STSong-Light", id="english-of-a-chinese-name"),
    ],
)
def test_a_pdf_is_written_in_a_font_that_has_its_letters(asked: dict[str, str], font: bytes) -> None:
    content = content_of("pdf", result_of(ROWS, **asked), ROWS)
    assert content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")
    assert font in content and (font == b"Helvetica") == (b"STSong-Light" not in content)
    assert content == content_of("pdf", result_of(ROWS, **asked), ROWS)  # the same bytes again


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_name_breaks_a_pdf(name: str, word: str) -> None:
    rows, _ = build(["return_rate"], ["s1"], [counted("return_rate", "word", word=word or "x", words=1)])
    assert write_pdf(letter_of(result_of(rows, name=name, kpis=["return_rate"]), rows)).startswith(b"%PDF-")


def test_a_long_table_is_cut_in_a_pdf_and_whole_in_a_csv() -> None:
    many = [counted("return_rate", "word", word=f"w{n:03}", words=1) for n in range(3 * MOST_ROWS)]
    rows, _ = build(["return_rate"], [], many)
    result = result_of(rows, kpis=["return_rate"])
    assert len(content_of("csv", result, rows).decode().splitlines()) == 1 + 1 + 3 * MOST_ROWS
    assert content_of("pdf", result, rows).count(b"/Type /Page\n") <= 3


def test_every_sentence_is_there_in_chinese() -> None:
    result = result_of(ROWS, language="zh", kpis=list(KPI_NAMES))
    rows, _ = build(
        KPI_NAMES, ["s1"], [counted(kpi, "person", site="s1", person="user:x", part=1, whole=1) for kpi in KPI_NAMES]
    )
    assert content_of("pdf", result, rows).startswith(b"%PDF-")  # a sentence without its translation is a KeyError
    assert "库存准确率: 无数据" in message("mailto://h?to=a@b.example", result, rows)["text"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (3661, "1 h 1 min"), (93_600, "1 d 2 h"), (86_400 * 400, "400 d")],
)
def test_times_are_told_by_their_two_largest_units(seconds: float, said: str) -> None:
    assert Tongue("en").span(seconds) == said


def test_what_is_too_large_for_the_queue_is_told_without_it() -> None:
    rows = [{**ROWS[0], "word": f"{n:0500}"} for n in range(MOST_BYTES // 500)]
    result = result_of(rows)
    mail = message("mailto://h?to=a@b.example", result, rows)
    assert mail["files"] == [] and "too large" in mail["text"] and mail["path"].endswith("/results/x")
    other = message("https://erp.example/", result, rows)
    assert other["rows"] is None and other["path"].endswith("/results/x")
    assert [file["name"] for file in message("mailto://h?to=a@b.example", result_of(ROWS), ROWS)["files"]] == [
        "tagdock-month-2026-05-01.csv", "tagdock-month-2026-05-01.pdf",
    ]  # fmt: skip
