"""Characters as EPCs pack them: 6, 7, 16/3 bits each, or decimal digits; and how URNs and links spell them.

Source: GS1 EPC Tag Data Standard 2.3, sections 14.4 (classic schemes), 14.5.4 to 14.5.6 and 14.5.13 (`+` schemes),
annexes A (7-bit characters) and G (6-bit characters).
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from tagdock_edge.epc.bits import Bits
from tagdock_edge.errors import EpcError

_DIGITS: Final = "0123456789"
_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

GS1_82: Final = frozenset("!\"%&'()*+,-./:;<=>?_" + _DIGITS + _UPPER + _UPPER.lower())
"""The 82 characters of serial numbers and the like (GS1 General Specifications, figure 7.11-1; TDS annex A)."""

GS1_39: Final = frozenset("#-/" + _DIGITS + _UPPER)
"""The 39 characters of component and part identifiers (GS1 General Specifications, figure 7.11-2; TDS annex G)."""

_URN_ESCAPED: Final = frozenset('"%&/<>?#')
_BASE_64: Final = _UPPER + _UPPER.lower() + _DIGITS + "-_"
_CODE_40: Final = "\0" + _UPPER + "-.:" + _DIGITS
"""URN Code 40 (TDS table 14-8); index 0 pads the last three."""

_SEVEN_BIT: Final = {ord(char): f"%{ord(char):02X}" if char in _URN_ESCAPED else char for char in GS1_82}
_SIX_BIT: Final = {ord(char) & 0x3F: f"%{ord(char):02X}" if char in _URN_ESCAPED else char for char in GS1_39}


def link_form(text: str) -> str:
    """Spell a value for a Digital Link: all but unreserved characters as %XX (RFC 3986, 2.3)."""
    return text if text.isalnum() else quote(text, safe="")


def seven_bit_string(value: int, bits: int, most: int) -> str:
    """Decode a 7-bit string that zero bits fill up, as the URN spells it (TDS 14.4.2 and 14.4.5). Raises EpcError."""
    spelled: list[str] = []
    while bits >= 7 and value:
        bits -= 7
        code = value >> bits
        value &= (1 << bits) - 1
        if code not in _SEVEN_BIT:
            raise EpcError(f"7-bit value {code} is no character of a serial number")
        spelled.append(_SEVEN_BIT[code])
    if value:
        raise EpcError("bits that fill up a string must be zero")
    if not 1 <= len(spelled) <= most:
        raise EpcError(f"a string of {len(spelled)} characters, where 1 to {most} are taken")
    return "".join(spelled)


def six_bit_string(bits: Bits, least: int, most: int) -> str:
    """Decode 6-bit characters up to six zero bits, as the URN spells them (TDS 14.4.8). Raises EpcError."""
    spelled: list[str] = []
    while code := bits.take(6):
        if code not in _SIX_BIT:
            raise EpcError(f"6-bit value {code} is no character of a part or serial number")
        if len(spelled) == most:
            raise EpcError(f"a string of more than {most} characters")
        spelled.append(_SIX_BIT[code])
    if len(spelled) < least:
        raise EpcError(f"a string of {len(spelled)} characters, where {least} to {most} are taken")
    return "".join(spelled)


def six_bit_character(code: int) -> str:
    """Decode one 6-bit character. Raises EpcError where there is none."""
    if code not in _SIX_BIT:
        raise EpcError(f"6-bit value {code} is no character")
    return _SIX_BIT[code]


def numeric_string(value: int, most: int) -> str:
    """Decode digits that a leading 1 protects, so that their zeros survive (TDS 14.4.6). Raises EpcError."""
    digits = str(value)
    if digits[0] != "1" or not 2 <= len(digits) <= most + 1:
        raise EpcError(f"{value} is no serial number of 1 to {most} digits after a leading 1")
    return digits[1:]


def fixed_digits(bits: Bits, count: int) -> str:
    """Decode `count` digits of four bits each (TDS 14.5.4). Raises EpcError."""
    digits = f"{bits.take(4 * count):0{count}x}"
    if not digits.isdecimal():
        raise EpcError(f"{digits.upper()} are no {count} digits")
    return digits


def counted_number(bits: Bits, most: int) -> str:
    """Decode digits after their count in four bits, 1 to `most` of them (TDS 14.5.13). Raises EpcError."""
    return _number(bits, _count(bits.take(4), most), GS1_82)


def text(bits: Bits, most: int, characters: frozenset[str] = GS1_82) -> str:
    """Decode a "variable-length alphanumeric": encoding indicator, count, characters (TDS 14.5.6). Raises EpcError."""
    indicator = bits.take(3)
    if indicator not in _ENCODINGS:
        raise EpcError(f"encoding indicator {indicator} is reserved; 0 to 5 are defined")
    return _ENCODINGS[indicator](bits, _count(bits.take(5), most), characters)


def delimited_text(bits: Bits, most: int, characters: frozenset[str] = GS1_82) -> str:
    """Decode digits, then F at their end or E before alphanumeric characters (TDS 14.5.5). Raises EpcError."""
    digits = []
    while (nibble := bits.take(4)) < 10:
        digits.append(_DIGITS[nibble])
        if len(digits) > most:
            raise EpcError(f"more than {most} digits without an end")
    if nibble not in (0xE, 0xF):
        raise EpcError(f"{nibble:X} is no digit; E and F alone end the digits")
    if not digits:
        raise EpcError("the key has to begin with a digit")
    rest = text(bits, most - len(digits), characters) if nibble == 0xE else ""
    return "".join(digits) + rest


def code_40(bits: Bits, count: int) -> str:
    """Decode `count` characters of URN Code 40, three in 16 bits (TDS 14.5.6.5). Raises EpcError."""
    chars: list[str] = []
    for _ in range(-(-count // 3)):
        triple = bits.take(16) - 1
        if not 0 <= triple < 40**3:
            raise EpcError(f"{triple + 1} are no three characters of URN Code 40")
        chars += (_CODE_40[triple // 1600], _CODE_40[triple // 40 % 40], _CODE_40[triple % 40])
    if "\0" in chars[:count] or any(char != "\0" for char in chars[count:]):
        raise EpcError(f"URN Code 40 holds other than {count} characters")
    return "".join(chars[:count])


def _count(count: int, most: int) -> int:
    if not 1 <= count <= most:
        raise EpcError(f"a string of {count} characters, where 1 to {max(most, 0)} are taken")
    return count


def _number(bits: Bits, count: int, _: frozenset[str]) -> str:
    """Digits as one integer in as few bits as any of that length need (TDS 14.5.6.1)."""
    value = bits.take((10**count - 1).bit_length())
    if value >= 10**count:
        raise EpcError(f"{value} has more than {count} digits")
    return f"{value:0{count}}"


def _upper_hex(bits: Bits, count: int, _: frozenset[str]) -> str:
    return f"{bits.take(4 * count):0{count}X}"


def _lower_hex(bits: Bits, count: int, characters: frozenset[str]) -> str:
    return _checked(f"{bits.take(4 * count):0{count}x}", characters)


def _base_64(bits: Bits, count: int, characters: frozenset[str]) -> str:
    return _checked("".join(_BASE_64[bits.take(6)] for _ in range(count)), characters)


def _seven_bit(bits: Bits, count: int, characters: frozenset[str]) -> str:
    return _checked("".join(chr(bits.take(7)) for _ in range(count)), characters)


def _code_40(bits: Bits, count: int, characters: frozenset[str]) -> str:
    return _checked(code_40(bits, count), characters)


def _checked(chars: str, characters: frozenset[str]) -> str:
    for char in chars:
        if char not in characters:
            raise EpcError(f"the character {char!r} is not allowed here")
    return chars


_ENCODINGS: Final[dict[int, Callable[[Bits, int, frozenset[str]], str]]] = {
    0: _number,
    1: _upper_hex,
    2: _lower_hex,
    3: _base_64,
    4: _seven_bit,
    5: _code_40,
}
"""TDS 2.3 table E: encoding indicators."""
