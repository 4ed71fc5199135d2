"""What is wrong in a sheet is told in the reader's language, in words that are checked against what the checks say."""

from collections.abc import Iterator

import pytest
from tagdock_cloud.console.language import LANGUAGES, speak
from tagdock_cloud.console.mistakes import told
from tagdock_cloud.layout.sheet import layout_of, read_sheet


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    yield
    speak(LANGUAGES["en"])


HEADER = "kind,id,x_m,y_m,aisle,cell,end,mass_kg\n"


@pytest.mark.parametrize(
    ("sheet", "english", "chinese"),
    [
        (HEADER + "bin,A,one,1,,,,\n", "must be a number", "必须是数字"),
        (HEADER + "bin,A,,,x,1,,\n", "must be a whole number", "必须是整数"),
        (HEADER + "bin,A,,,-1,1,,\n", "must be at least 0", "不得小于 0"),
        (HEADER + "bin,A,,,1,100001,,\n", "must be at most 100000", "不得大于 100000"),
        (HEADER + "bin,A,1,1,,,,\ndoor,D,,,1,,side,\n", "must be front or back", "必须是 front 或 back"),
        (HEADER + "door,D,1,1,,,,5\n", "is not for a door; leave it empty", "不适用于门；请留空"),
        (HEADER + "shelf,A,1,1,,,,\n", "must be bin or door", "必须是 bin 或 door"),
        (HEADER + "bin,A,1\n", "has 3 columns, the header has 8", "有 3 列，而表头有 8 列"),
        (HEADER + "bin,,1,1,,,,\n", "is missing", "缺失"),
        (HEADER, "has no bin; write one row a bin with the kind bin", "没有库位；每个库位写一行，kind 填 bin"),
        ("kind,id,id\nbin,A,A\n", "stands twice", "出现两次"),
        ("kind,id,name\nbin,A,A\n", "is no column; there are kind, ", "不是列名；可用的列有 kind, "),
        ("kind,id\nbin,\xff\n", "is no UTF-8; save the file as CSV UTF-8", "不是 UTF-8；请将文件另存为 CSV UTF-8"),
    ],
)
def test_a_mistake_in_a_sheet_is_told_in_the_readers_language(sheet: str, english: str, chinese: str) -> None:
    _, mistakes = layout_of(read_sheet(sheet.encode("latin-1")), {})
    reasons = [mistake.reason for mistake in mistakes]
    assert any((told(reason) or "").startswith(english) for reason in reasons), reasons
    speak(LANGUAGES["zh"])
    assert any((told(reason) or "").startswith(chinese) for reason in reasons), reasons


def test_words_that_nobody_has_translated_are_left_as_they_are() -> None:
    assert told("two bins stand at one place") is None
