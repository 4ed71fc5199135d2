"""Order lines, and reading them from a shop's export: a CSV file, plain or gzipped.

Every line of the file becomes an order line or is counted by the reason why it can't be one. A file that is damaged
(not only a line that is of no use) is refused whole, with the number of the line.
"""

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import BinaryIO

COLUMNS = ("invoiced_at", "invoice", "stock_code", "description", "quantity")
"""The columns that are read; others (price, country) may stand beside them."""

LINES_AT_MOST = 2_000_000
BYTES_AT_MOST = 512 * 1024 * 1024
LINE_BYTES_AT_MOST = 8_192
QUANTITY_AT_MOST = 1_000_000

_YEARS = range(1980, 2101)
_ROUNDS = 60  # of at most 121 years each, so that no date leaves the calendar (which ends in the year 9999)

_NOT_GOODS = re.compile(r"POST|DOT|D|M|S|B|C2|PADS|CRUK|BANK CHARGES|AMAZONFEE|GIFT_.*")
"""Postage, carriage, discounts, manual corrections, samples, fees, donations and vouchers (UCI "Online Retail")."""
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,12}")
_STOCK_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}")


class OrderFileError(ValueError):
    """An order file that can't be used; whoever gave it has to mend it or to give another one."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an invoice: `quantity` (1 or more) pieces of a SKU that were sold, or came back."""

    at: datetime
    invoice: str
    sku: str
    description: str
    quantity: int
    is_return: bool


@dataclass(frozen=True)
class OrderBook:
    """The usable lines in the order of the file, and how many lines were of no use by reason."""

    lines: tuple[OrderLine, ...]
    unusable: Mapping[str, int]


def read_orders(path: Path) -> OrderBook:
    """Read an export whole.

    Raises:
        OrderFileError: when the file can't be read, is damaged, too large, or holds no usable line.
    """
    lines: list[OrderLine] = []
    unusable: Counter[str] = Counter()
    for row in _rows(path):
        line = _order_line(row)
        if isinstance(line, OrderLine):
            lines.append(line)
        else:
            unusable[line] += 1
    if not lines:
        raise OrderFileError(f"{path}: holds no usable order line; give an export with at least one")
    return OrderBook(tuple(lines), dict(unusable.most_common()))


def repeat_for_ever(lines: Sequence[OrderLine]) -> Iterator[OrderLine]:
    """Yield the lines; after the last, all of them again on the days that follow, and so on."""
    span = timedelta(days=(max(line.at for line in lines).date() - min(line.at for line in lines).date()).days + 1)
    for round_ in count():
        shift = span * (round_ % _ROUNDS)
        yield from (replace(line, at=line.at + shift) if round_ else line for line in lines)


def _order_line(row: Mapping[str, str]) -> OrderLine | str:
    """Turn a row into an order line, or into the reason why it is none."""
    code = row["stock_code"].strip().upper()
    if _NOT_GOODS.fullmatch(code):
        return f"not goods: {code[:32]}"
    if not _STOCK_CODE.fullmatch(code):
        return "bad stock code"
    quantity = _number(row["quantity"])
    if quantity is None or quantity == 0:
        return "bad quantity" if quantity is None else "zero quantity"
    at = _time(row["invoiced_at"])
    if at is None:
        return "bad date"
    invoice = row["invoice"].strip()
    is_return = quantity < 0 or invoice.upper().startswith("C")
    return OrderLine(at, invoice, code, row["description"].strip()[:200], abs(quantity), is_return)


def _time(text: str) -> datetime | None:
    """Read a local time of the years in which there was such an export; None for anything else."""
    try:
        at = datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        return None
    return at if at.year in _YEARS else None


def _number(text: str) -> int | None:
    """Read a whole number of a plausible size; None for anything else."""
    if not _WHOLE_NUMBER.fullmatch(text.strip()):
        return None
    number = int(text)
    return number if abs(number) <= QUANTITY_AT_MOST else None


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with _open(path) as raw:
        reader = csv.reader(_text_lines(path, raw), strict=True)
        try:
            header = next(reader, None)
            columns = _columns(path, header or [])
            for row in reader:
                if len(row) != len(header or []):
                    raise _damaged(path, reader.line_num, f"has {len(row)} columns, the header {len(header or [])}")
                yield {name: row[index] for name, index in columns.items()}
        except csv.Error as error:
            raise _damaged(path, reader.line_num, f"is no CSV ({error})") from None


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise OrderFileError(f"{path}, line 1: the column {missing[0]!r} is missing; needed are {', '.join(COLUMNS)}")
    return {name: header.index(name) for name in COLUMNS}


def _open(path: Path) -> BinaryIO:
    """Open a file by what it is, whatever it is called."""
    try:
        with path.open("rb") as raw:
            is_gzip = raw.read(2) == b"\x1f\x8b"
        return gzip.open(path, "rb") if is_gzip else path.open("rb")  # type: ignore[return-value]  # reads as a BinaryIO
    except OSError as error:
        raise OrderFileError(f"{path}: can't be read ({error.strerror}); give an existing .csv or .csv.gz") from None


def _text_lines(path: Path, raw: BinaryIO) -> Iterator[str]:
    """Decode line by line under bounds, so that neither a gzip bomb nor an endless line fills memory."""
    taken = 0
    for number in range(1, LINES_AT_MOST + 2):
        try:
            line = raw.readline(LINE_BYTES_AT_MOST + 1)
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise _damaged(path, number, "is not UTF-8") from None
        except (OSError, EOFError, zlib.error) as error:
            raise _damaged(path, number, f"can't be unpacked ({error})") from None
        if not line:
            return
        taken += len(line)
        if len(line) > LINE_BYTES_AT_MOST or "\0" in text:
            raise _damaged(path, number, f"is longer than {LINE_BYTES_AT_MOST:,} bytes or no text")
        if taken > BYTES_AT_MOST:
            break
        yield text
    raise OrderFileError(f"{path}: is too large; at most {LINES_AT_MOST:,} lines and {BYTES_AT_MOST:,} bytes are taken")


def _damaged(path: Path, line: int, what: str) -> OrderFileError:
    return OrderFileError(f"{path}, line {line}: {what}; the file is damaged, export or download it again")
