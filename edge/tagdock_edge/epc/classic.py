"""The classic schemes: rows of the table, and how each key is written as a GS1 Digital Link.

Source: GS1 EPC Tag Data Standard 2.3, table 14-1 (headers), section 14.6 (coding tables) and section 7 (GS1 keys).
The fields of USDOD-96: United States Department of Defense Suppliers' Passive RFID Information Guide 15, table of
the 96-bit tag (the standard points there in 14.6.13).
"""

from collections.abc import Callable
from functools import partial
from typing import Final
from urllib.parse import unquote

from tagdock_edge.epc.bits import Bits
from tagdock_edge.epc.characters import (
    link_form,
    numeric_string,
    seven_bit_string,
    six_bit_character,
    six_bit_string,
)
from tagdock_edge.epc.identity import Identity, Scheme
from tagdock_edge.epc.partition import Read, Tail, lettered, numbered, take_company
from tagdock_edge.errors import EpcError

_CAGE: Final = frozenset("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ")
"""CAGE codes and DoDAACs have no I and no O (TDS 2.3, 6.3.17)."""

_CAGE_BLANK: Final = 0b100000
"""Stands before a CAGE code, which has five characters to a DoDAAC's six (TDS 2.3, 14.4.7)."""


def check_digit(digits: str) -> str:
    """Compute the GS1 check digit of a key's other digits. Source: GS1 General Specifications, section 7.9."""
    total = sum((3 if place % 2 == 0 else 1) * int(digit) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _integer(bits: int) -> Tail:
    return Tail(bits)


def _string(characters: int) -> Tail:
    bits = 7 * characters
    return Tail(bits, partial(seven_bit_string, bits=bits, most=characters))


def _numeric(bits: int, digits: int) -> Tail:
    return Tail(bits, partial(numeric_string, most=digits))


def _unused(bits: int) -> Tail:
    return Tail(bits, partial(_nothing, bits=bits), written=False)


def _nothing(value: int, bits: int) -> str:
    if value:
        raise EpcError(f"the last {bits} bits are unallocated and must be zero")
    return ""


def _piece(serial: Tail) -> Tail:
    """Piece and total, seven bits each (TDS 14.4.10: two digits), before the serial number of an ITIP."""
    spell_serial = serial.spell or str

    def spell(value: int) -> str:
        piece, total = value >> (serial.bits + 7), value >> serial.bits & 0x7F
        if max(piece, total) > 99:
            raise EpcError(f"piece {piece} of {total}: both have two digits")
        return f"{piece:02}.{total:02}.{spell_serial(value & ((1 << serial.bits) - 1))}"

    return Tail(14 + serial.bits, spell)


def _leading_digit(key: str) -> tuple[str, str]:
    """Return the GS1 key whose reference gives its first digit to the front, check digit added; and what follows."""
    company, reference, *rest = key.split(".", 2)
    digits = reference[0] + company + reference[1:]
    return digits + check_digit(digits), rest[0] if rest else ""


def _checked(key: str) -> tuple[str, str]:
    """Return company prefix and reference with their check digit; and what follows."""
    company, reference, *rest = key.split(".", 2)
    return company + reference + check_digit(company + reference), rest[0] if rest else ""


def _relinked(urn_form: str) -> str:
    return link_form(unquote(urn_form))


def _sgtin(key: str) -> str:
    gtin, serial = _leading_digit(key)
    return f"/01/{gtin}/21/{_relinked(serial)}"


def _itip(key: str) -> str:
    gtin, rest = _leading_digit(key)
    piece, total, serial = rest.split(".", 2)
    return f"/8006/{gtin}{piece}{total}/21/{_relinked(serial)}"


def _sscc(key: str) -> str:
    return f"/00/{_leading_digit(key)[0]}"


def _sgln(key: str) -> str:
    """Extension 0 means that there is none (TDS 2.3, 14.6.3)."""
    gln, extension = _checked(key)
    return f"/414/{gln}" + ("" if extension == "0" else f"/254/{_relinked(extension)}")


def _grai(key: str) -> str:
    grai, serial = _checked(key)
    return f"/8003/0{grai}{_relinked(serial)}"


def _giai(key: str) -> str:
    company, asset = key.split(".", 1)
    return f"/8004/{company}{_relinked(asset)}"


def _service(ai: str, key: str) -> str:
    return f"/{ai}/{_checked(key)[0]}"


def _document(ai: str, key: str) -> str:
    document, serial = _checked(key)
    return f"/{ai}/{document}{_relinked(serial)}"


def _cpi(key: str) -> str:
    company, part, serial = key.split(".")
    return f"/8010/{company}{_relinked(part)}/8011/{serial}"


def _read_cpi_var(scheme: Scheme, value: int, count: int) -> Identity:
    """Filter, partition, company prefix, 6-bit string of 18 to 24 characters, serial number in 40 bits."""
    if count < 14 + 40:
        raise EpcError(f"the memory ends {14 + 40 - count} bits too early")
    number, company, rest_bits = take_company(value, count)
    bits = Bits(value, rest_bits)
    part = six_bit_string(bits, 1, 18 + number)
    serial = bits.take(40)
    if serial >= 10**12:
        raise EpcError(f"serial number {serial} has more than 12 digits")
    return Identity(scheme, value >> (count - 11) & 7, f"{company}.{part}.{serial}")


def _read_gid(scheme: Scheme, value: int, _: int) -> Identity:
    return Identity(scheme, None, f"{value >> 60 & 0xFFFFFFF}.{value >> 36 & 0xFFFFFF}.{value & 0xFFFFFFFFF}")


def _read_usdod(scheme: Scheme, value: int, _: int) -> Identity:
    """Filter (4 bits), six characters of eight bits each, serial number (36 bits)."""
    owner = (value >> 36 & 0xFFFFFFFFFFFF).to_bytes(6).decode("latin-1")
    return Identity(scheme, value >> 84 & 15, f"{_cage(owner.removeprefix(' '))}.{value & 0xFFFFFFFFF}")


def _read_adi(scheme: Scheme, value: int, count: int) -> Identity:
    """Filter (6 bits), CAGE or DoDAAC, part number of 0 to 32 characters, serial number of 1 to 30."""
    bits = Bits(value, count - 8)
    filter_value = bits.take(6)
    first = bits.take(6)
    owner = "" if first == _CAGE_BLANK else six_bit_character(first)
    owner += "".join(six_bit_character(bits.take(6)) for _ in range(5))
    part, serial = six_bit_string(bits, 0, 32), six_bit_string(bits, 1, 30)
    if "%23" in part or "%23" in serial[1:]:
        raise EpcError("# may stand at the front of the serial number only")
    return Identity(scheme, filter_value, f"{_cage(owner)}.{part}.{serial}")


def _cage(owner: str) -> str:
    if len(owner) not in (5, 6) or not _CAGE.issuperset(owner):
        raise EpcError(f"{owner!r} is no CAGE code or DoDAAC (5 or 6 of 0-9 and A-Z without I and O)")
    return owner


Row = tuple[str, int, int, Read, Callable[[str], str] | None]

_ROWS: Final[tuple[Row, ...]] = (
    ("sgtin-96", 0x30, 96, numbered(96, _integer(38), 1), _sgtin),
    ("sgtin-198", 0x36, 198, numbered(198, _string(20), 1), _sgtin),
    ("sscc-96", 0x31, 96, numbered(96, _unused(24), 5), _sscc),
    ("sgln-96", 0x32, 96, numbered(96, _integer(41), 0), _sgln),
    ("sgln-195", 0x39, 195, numbered(195, _string(20), 0), _sgln),
    ("grai-96", 0x33, 96, numbered(96, _integer(38), 0), _grai),
    ("grai-170", 0x37, 170, numbered(170, _string(16), 0), _grai),
    ("giai-96", 0x34, 96, numbered(96, _unused(0), None), _giai),
    ("giai-202", 0x38, 202, lettered(202, 18), _giai),
    ("gsrn-96", 0x2D, 96, numbered(96, _unused(24), 5), partial(_service, "8018")),
    ("gsrnp-96", 0x2E, 96, numbered(96, _unused(24), 5), partial(_service, "8017")),
    ("gdti-96", 0x2C, 96, numbered(96, _integer(41), 0), partial(_document, "253")),
    ("gdti-113", 0x3A, 113, numbered(113, _numeric(58, 17), 0), partial(_document, "253")),
    ("gdti-174", 0x3E, 174, numbered(174, _string(17), 0), partial(_document, "253")),
    ("cpi-96", 0x3C, 96, numbered(96, _integer(31), None), _cpi),
    ("cpi-var", 0x3D, 0, _read_cpi_var, _cpi),
    ("sgcn-96", 0x3F, 96, numbered(96, _numeric(41, 12), 0), partial(_document, "255")),
    ("itip-110", 0x40, 110, numbered(110, _piece(_integer(38)), 1), _itip),
    ("itip-212", 0x41, 212, numbered(212, _piece(_string(20)), 1), _itip),
    ("gid-96", 0x35, 96, _read_gid, None),
    ("usdod-96", 0x2F, 96, _read_usdod, None),
    ("adi-var", 0x3B, 0, _read_adi, None),
)
"""Name, header, bits (0: they vary), reader, path of the Digital Link."""

CLASSIC: Final = tuple(
    Scheme(name, header, bits, read, urn=name.split("-")[0], link=link) for name, header, bits, read, link in _ROWS
)
"""The schemes that have a URN."""
