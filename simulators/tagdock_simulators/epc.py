"""EPCs as tags carry them: SGTIN-96, SSCC-96 and GIAI-96 as hex, and the URN each stands for.

Source: GS1 EPC Tag Data Standard 2.0, sections 14.6.1 (SGTIN-96), 14.6.2 (SSCC-96), 14.6.5 (GIAI-96) and 12 (raw).
"""

import re
from typing import NamedTuple

_SGTIN_96, _SSCC_96, _GIAI_96 = 0x30, 0x31, 0x34
_COMPANY_BITS = {12: 40, 11: 37, 10: 34, 9: 30, 8: 27, 7: 24, 6: 20}
"""Bits of the company prefix by its number of digits; partition 0 is twelve digits (TDS tables 14-2 and 14-5)."""
_ITEM_BITS, _ITEM_DIGITS = 44, 13  # company prefix and item reference share them in an SGTIN
_SERIAL_BITS, _SERIAL_DIGITS = 58, 17  # company prefix and serial reference share them in an SSCC
_ASSET_BITS = 82  # company prefix and asset reference share them in a GIAI
_HEX_96 = re.compile(r"[0-9A-Fa-f]{24}")


class Epc(NamedTuple):
    """One identity twice: the 96 bits on the tag as upper-case hex, and the pure-identity URN."""

    hex: str
    urn: str


def sgtin96(company_prefix: str, item_reference: str, serial: int, *, filter_value: int = 2) -> Epc:
    """Encode one item: prefix and item reference are 13 digits together (the reference starts with the indicator).

    `serial` has 38 bits; `filter_value` 2 is a full case (TDS table 10-1). Raises ValueError when one does not fit.
    """
    bits = _two_numbers(company_prefix, item_reference, _ITEM_DIGITS, _ITEM_BITS)
    if not 0 <= serial < 2**38:
        raise ValueError(f"the serial of an SGTIN-96 has 38 bits; {serial} does not fit")
    value = _header(_SGTIN_96, filter_value, company_prefix) << 82 | bits << 38 | serial
    return Epc(f"{value:024X}", f"urn:epc:id:sgtin:{company_prefix}.{item_reference}.{serial}")


def sgtin96_of_gtin(gtin: str, company_prefix: str, serial: int) -> Epc:
    """Encode one item of a GTIN-14 whose company prefix is known. Raises ValueError when they disagree."""
    if not re.fullmatch(r"[0-9]{14}", gtin) or not gtin[1:].startswith(company_prefix):
        raise ValueError(f"GTIN {gtin!r} must be 14 digits, the company prefix {company_prefix!r} from the second on")
    if check_digit(gtin[:13]) != gtin[13]:
        raise ValueError(f"GTIN {gtin!r} has a wrong check digit; {check_digit(gtin[:13])} is right")
    return sgtin96(company_prefix, gtin[0] + gtin[1 + len(company_prefix) : 13], serial)


def sscc96(company_prefix: str, serial_reference: str, *, filter_value: int = 2) -> Epc:
    """Encode one logistic unit: prefix and serial reference are 17 digits together (the extension digit leads).

    Raises ValueError when something does not fit.
    """
    bits = _two_numbers(company_prefix, serial_reference, _SERIAL_DIGITS, _SERIAL_BITS)
    value = _header(_SSCC_96, filter_value, company_prefix) << 82 | bits << 24
    return Epc(f"{value:024X}", f"urn:epc:id:sscc:{company_prefix}.{serial_reference}")


def giai96(company_prefix: str, asset: int, *, filter_value: int = 0) -> Epc:
    """Encode one asset of a company's own, such as a forklift. Raises ValueError when something does not fit."""
    if not re.fullmatch(r"[0-9]{6,12}", company_prefix):
        raise ValueError(f"a company prefix has 6 to 12 digits, not {company_prefix!r}")
    bits = _ASSET_BITS - _COMPANY_BITS[len(company_prefix)]
    if not 0 <= asset < 2**bits:
        raise ValueError(f"prefix {company_prefix} leaves {bits} bits for the asset; {asset} does not fit")
    value = _header(_GIAI_96, filter_value, company_prefix) << 82 | int(company_prefix) << bits | asset
    return Epc(f"{value:024X}", f"urn:epc:id:giai:{company_prefix}.{asset}")


def check_digit(digits: str) -> str:
    """Return the GS1 check digit of the digits before it (GS1 General Specifications, section 7.9)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def urn_of(epc_hex: str) -> str:
    """Return the URN of a tag's hex: pure identity for the schemes above, `urn:epc:raw:...` for the rest."""
    if _HEX_96.fullmatch(epc_hex):
        value = int(epc_hex, 16)
        header = value >> 88
        if header == _SGTIN_96:
            numbers = _split(value, _ITEM_BITS, _ITEM_DIGITS)
            if numbers:
                return f"urn:epc:id:sgtin:{numbers[0]}.{numbers[1]}.{value & (2**38 - 1)}"
        if header == _SSCC_96 and value & (2**24 - 1) == 0:
            numbers = _split(value, _SERIAL_BITS, _SERIAL_DIGITS)
            if numbers:
                return f"urn:epc:id:sscc:{numbers[0]}.{numbers[1]}"
        if header == _GIAI_96:
            asset = _split_asset(value)
            if asset:
                return f"urn:epc:id:giai:{asset[0]}.{asset[1]}"
    return f"urn:epc:raw:{len(epc_hex) * 4}.x{epc_hex.upper()}"


def _header(header: int, filter_value: int, company_prefix: str) -> int:
    if not 0 <= filter_value <= 7:
        raise ValueError(f"a filter value lies in 0..7, not {filter_value}")
    return header << 6 | filter_value << 3 | 12 - len(company_prefix)


def _two_numbers(first: str, second: str, digits: int, bits: int) -> int:
    """Pack company prefix and reference into the bits that their partition gives each."""
    if not re.fullmatch(r"[0-9]{6,12}", first):
        raise ValueError(f"a company prefix has 6 to 12 digits, not {first!r}")
    if not re.fullmatch(rf"[0-9]{{{digits - len(first)}}}", second):
        raise ValueError(f"prefix {first} leaves {digits - len(first)} digits, not {second!r}")
    return int(first) << (bits - _COMPANY_BITS[len(first)]) | int(second)


def _split(value: int, bits: int, digits: int) -> tuple[str, str] | None:
    """Unpack company prefix and reference; None where the bits are no valid EPC."""
    company_digits = 12 - (value >> 82 & 0b111)
    if company_digits not in _COMPANY_BITS:
        return None
    second_bits = bits - _COMPANY_BITS[company_digits]
    both = value >> (82 - bits) & (2**bits - 1)
    first, second = both >> second_bits, both & (2**second_bits - 1)
    second_digits = digits - company_digits
    if first >= 10**company_digits or second >= 10**second_digits:
        return None
    return f"{first:0{company_digits}d}", f"{second:0{second_digits}d}"


def _split_asset(value: int) -> tuple[str, int] | None:
    """Unpack a GIAI's company prefix and asset reference; None where the bits are no valid EPC."""
    company_digits = 12 - (value >> 82 & 0b111)
    if company_digits not in _COMPANY_BITS:
        return None
    asset_bits = _ASSET_BITS - _COMPANY_BITS[company_digits]
    company = value >> asset_bits & (2 ** _COMPANY_BITS[company_digits] - 1)
    if company >= 10**company_digits:
        return None
    return f"{company:0{company_digits}d}", value & (2**asset_bits - 1)
