"""Reading order files: what is usable, what is counted as not, and what is refused."""

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tagdock_simulators.warehouse import orders
from tagdock_simulators.warehouse.orders import OrderBook, OrderFileError, read_orders

HEADER = "invoiced_at,invoice,stock_code,description,quantity,unit_price_gbp,country\n"
GOOD = "2010-12-01T08:26,536365,71053,WHITE METAL LANTERN,6,3.39,United Kingdom\n"


def read(tmp_path: Path, text: str | bytes) -> OrderBook:
    file = tmp_path / "orders.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_orders(file)


def test_a_line_becomes_an_order_line(tmp_path: Path) -> None:
    (line,) = read(tmp_path, HEADER + GOOD).lines
    assert (line.invoice, line.sku, line.description, line.quantity, line.is_return) == (
        *("536365", "71053", "WHITE METAL LANTERN", 6, False),
    )
    assert line.at.isoformat() == "2010-12-01T08:26:00"


def test_the_order_of_columns_does_not_matter_and_others_may_be_missing(tmp_path: Path) -> None:
    book = read(tmp_path, "quantity,description,stock_code,invoice,invoiced_at\n2,LAMP,85123a,1,2011-01-04T10:00\n")
    assert [(line.sku, line.quantity) for line in book.lines] == [("85123A", 2)]


@pytest.mark.parametrize(
    ("invoice", "quantity", "is_return"),
    [("536365", "6", False), ("C536365", "-6", True), ("536365", "-6", True), ("c536365", "6", True)],
    ids=["sold", "credit note", "negative quantity alone", "C alone"],
)
def test_returns_are_known_by_quantity_or_invoice(tmp_path: Path, invoice: str, quantity: str, is_return: bool) -> None:
    (line,) = read(tmp_path, HEADER + f"2010-12-01T08:26,{invoice},71053,X,{quantity},1,UK\n").lines
    assert (line.is_return, line.quantity) == (is_return, 6)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2010-12-01T08:26,1,71053,X,0,1,UK", "zero quantity"),
        ("2010-12-01T08:26,1,71053,X,six,1,UK", "bad quantity"),
        ("2010-12-01T08:26,1,71053,X,1e9,1,UK", "bad quantity"),
        ("2010-12-01T08:26,1,71053,X,99999999999,1,UK", "bad quantity"),
        ("2010-13-01T08:26,1,71053,X,1,1,UK", "bad date"),
        (",1,71053,X,1,1,UK", "bad date"),
        ("2010-12-01T08:26,1,,X,1,1,UK", "bad stock code"),
        ("2010-12-01T08:26,1,71053;drop,X,1,1,UK", "bad stock code"),
        *(
            (f"2010-12-01T08:26,1,{code},X,1,1,UK", f"not goods: {code.upper()}")
            for code in ("POST", "D", "M", "DOT", "BANK CHARGES", "AMAZONFEE", "C2", "S", "PADS", "gift_0001_20")
        ),
    ],
)
def test_an_unusable_line_is_counted_by_reason(tmp_path: Path, row: str, reason: str) -> None:
    book = read(tmp_path, HEADER + GOOD + row + "\n" + row + "\n")
    assert len(book.lines) == 1
    assert dict(book.unusable) == {reason: 2}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HEADER + GOOD + "2010-12-01T08:26,1,71053\n", "line 3: has 3 columns, the header 7"),
        (HEADER.replace("stock_code", "code") + GOOD, "line 1: the column 'stock_code' is missing"),
        ("", "the column 'invoiced_at' is missing"),
        (HEADER, "no usable order line"),
        (HEADER + '2010-12-01T08:26,1,71053,"X"Y,1,1,UK\n', "line 2: is no CSV"),
        (HEADER + '2010-12-01T08:26,1,71053,"X\n', "is no CSV"),
        (HEADER.encode() + b"2010-12-01T08:26,1,71053,\xff\xfe,1,1,UK\n", "line 2: is not UTF-8"),
        (HEADER + GOOD + "\0" * 100 + "\n", "line 3: is longer than"),
        (HEADER + GOOD + "x" * 10_000, "line 3: is longer than"),
        (gzip.compress((HEADER + GOOD * 1000).encode())[:-30], "can't be unpacked"),
        (gzip.compress((HEADER + GOOD).encode())[:12] + b"\xff" * 40, "can't be unpacked"),
        (b"\x1f\x8b", "can't be unpacked"),
        (b"PK\x03\x04 a zip file", "the column"),
    ],
    ids=[
        *("short row", "missing column", "empty file", "header only", "stray quote", "open quote", "latin-1", "zeros"),
        *("endless line", "cut gzip", "broken gzip", "two bytes of gzip", "zip"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line_with_the_place(tmp_path: Path, content: str | bytes, words: str) -> None:
    with pytest.raises(OrderFileError) as refused:
        read(tmp_path, content)
    assert words in str(refused.value)
    assert "orders.csv" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OrderFileError, match="can't be read"):
        read_orders(tmp_path / "none.csv")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OrderFileError, match="can't be read"):
        read_orders(tmp_path)


def test_a_file_beyond_the_bounds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "LINES_AT_MOST", 10)
    assert len(read(tmp_path, HEADER + GOOD * 9).lines) == 9
    with pytest.raises(OrderFileError, match="too large"):
        read(tmp_path, HEADER + GOOD * 10)


def test_a_gzip_bomb_stops_at_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "BYTES_AT_MOST", 100_000)
    with pytest.raises(OrderFileError, match="too large"):
        read(tmp_path, gzip.compress((HEADER + GOOD * 100_000).encode()))


def test_gzip_is_known_by_its_content_not_by_its_name(tmp_path: Path) -> None:
    assert len(read(tmp_path, gzip.compress((HEADER + GOOD).encode())).lines) == 1


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(tmp_path: Path, junk: bytes) -> None:
    for content in (junk, HEADER.encode() + GOOD.encode() + junk, b"\x1f\x8b\x08\x00" + junk):
        try:
            book = read(tmp_path, content)
        except OrderFileError:
            continue
        assert book.lines


def test_the_real_sample_is_read_whole() -> None:
    folder = os.environ.get("TAGDOCK_TEST_DATA")
    file = Path(folder or "unset") / "online_retail_sample.csv.gz"
    if not file.is_file():
        pytest.skip("set TAGDOCK_TEST_DATA to the folder that holds online_retail_sample.csv.gz")
    book = read_orders(file)
    assert len(book.lines) + sum(book.unusable.values()) == 40_000
    assert book.unusable["not goods: POST"] == 93
    assert sum(line.is_return for line in book.lines) > 600
