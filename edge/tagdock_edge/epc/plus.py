"""The `+` and `++` schemes of TDS 2: GS1 keys digit by digit, as in a bar code; they have a Digital Link and no URN.

After the header come the AIDC data toggle (1 bit), the filter (3 bits), the key, in a `++` scheme a host name; then
data about the thing, with or without the toggle (TDS 15.3). Those are no part of its identity and are left unread.
Source: GS1 EPC Tag Data Standard 2.3, table 14-1 (headers; annex E.3 prints SSCC++ and ITIP++ with those of SSCC+ and
ITIP+), sections 14.5 (encodings) and 14.6 (coding tables).
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from tagdock_edge.epc.bits import Bits
from tagdock_edge.epc.characters import (
    GS1_39,
    counted_number,
    delimited_text,
    fixed_digits,
    link_form,
    text,
)
from tagdock_edge.epc.hostname import hostname
from tagdock_edge.epc.identity import CANONICAL_HOST, Identity, Scheme
from tagdock_edge.epc.partition import Read
from tagdock_edge.errors import EpcError

_HEADER_BITS: Final = 8

Field = tuple[str, Callable[[Bits], str]]
"""What stands before a value in the path, and how the value is read."""


def _digits(count: int) -> Callable[[Bits], str]:
    return partial(fixed_digits, count=count)


def _text(most: int) -> Callable[[Bits], str]:
    return partial(text, most=most)


def _number(most: int) -> Callable[[Bits], str]:
    return partial(counted_number, most=most)


_EXTENSION: Final = ("/254/", _text(20))

_KEYS: Final[dict[str, tuple[int, int, tuple[Field, ...]]]] = {
    "sgtin": (0xF7, 0xFD, (("/01/", _digits(14)), ("/21/", _text(20)))),
    "dsgtin": (0xFB, 0xFC, (("/01/", _digits(14)), ("/21/", _text(20)))),
    "sscc": (0xF9, 0xEF, (("/00/", _digits(18)),)),
    "sgln": (0xF2, 0xE9, (("/414/", _digits(13)), _EXTENSION)),
    "grai": (0xF1, 0xEB, (("/8003/", _digits(14)), ("", _text(16)))),
    "giai": (0xFA, 0xEE, (("/8004/", partial(delimited_text, most=30)),)),
    "gsrn": (0xF4, 0xE7, (("/8018/", _digits(18)),)),
    "gsrnp": (0xF5, 0xE8, (("/8017/", _digits(18)),)),
    "gdti": (0xF6, 0xEA, (("/253/", _digits(13)), ("", _text(17)))),
    "cpi": (0xF0, 0xE6, (("/8010/", partial(delimited_text, most=30, characters=GS1_39)), ("/8011/", _number(12)))),
    "sgcn": (0xF8, 0xEC, (("/255/", _digits(13)), ("", _number(12)))),
    "itip": (0xF3, 0xED, (("/8006/", _digits(18)), ("/21/", _text(20)))),
}
"""Header of the `+` and of the `++` scheme, and the fields of the key with the longest that GS1 allows."""

_DATE_KINDS: Final = ("11", "13", "15", "16", "17", "7006", "7007")
"""GS1 application identifiers by the date type indicator (TDS 14.5.3)."""

_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _prioritised_date(bits: Bits) -> str:
    """Decode the date of a DSGTIN as `ai=YYMMDD`; day 0 stands for the month as a whole. Raises EpcError."""
    kind, year, month, day = bits.take(4), bits.take(7), bits.take(4), bits.take(5)
    if kind >= len(_DATE_KINDS):
        raise EpcError(f"date type {kind} is reserved; 0 to {len(_DATE_KINDS) - 1} are defined")
    if year > 99 or not 1 <= month <= 12 or day > _DAYS[month - 1]:
        raise EpcError(f"year {year}, month {month}, day {day} are no date")
    return f"{_DATE_KINDS[kind]}={year:02}{month:02}{day:02}"


def _reader(fields: tuple[Field, ...], *, dated: bool, hosted: bool) -> Read:
    def read(scheme: Scheme, value: int, count: int) -> Identity:
        bits = Bits(value, count - _HEADER_BITS)
        filter_value = bits.take(4) & 7  # the first of the four is the AIDC data toggle
        attributes = _prioritised_date(bits) if dated else ""
        path = []
        for field in fields:
            before, take = field
            chars = take(bits)
            if field is _EXTENSION and chars == "0":  # a GLN without extension (TDS 14.6.3)
                continue
            path.append(before + link_form(chars))
        host = hostname(bits) if hosted else CANONICAL_HOST
        return Identity(scheme, filter_value, "".join(path), host, attributes)

    return read


PLUS: Final = tuple(
    Scheme(f"{name}{suffix}", header, 0, _reader(fields, dated=name == "dsgtin", hosted=suffix == "++"))
    for name, (plus, plus_plus, fields) in _KEYS.items()
    for suffix, header in (("+", plus), ("++", plus_plus))
)
"""The schemes that have no URN."""
