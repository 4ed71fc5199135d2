"""Epcs as people and tags write them: hex, URN and GS1 Digital Link, brought to the form that the record holds. Pure.

Source: GS1 EPC Tag Data Standard 2.0, sections 6.3 (URNs), 14.6.1 (SGTIN-96), 14.6.2 (SSCC-96); GS1 Digital Link 1.2.
"""

import re
from urllib.parse import unquote, urlsplit

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){4,62}")
_URN = re.compile(r"urn:epc:(?:id:[a-z-]+|raw):[\x21-\x7e]{1,380}")
_SGTIN_URN = re.compile(r"urn:epc:id:sgtin:([0-9]{6,12})\.([0-9]{1,7})\.([\x21-\x7e]+)")
_LINK_SGTIN = re.compile(r"/01/([0-9]{14})/21/([^/]{1,60})")
_LINK_SSCC = re.compile(r"/00/([0-9]{18})")
_COMPANY_BITS = {12: 40, 11: 37, 10: 34, 9: 30, 8: 27, 7: 24, 6: 20}
"""Bits of the company prefix by its digits; partition 0 is twelve digits (tables 14-2 and 14-5)."""


def epc_candidates(text: str) -> tuple[str, ...]:
    """Return every form in which the record may hold the EPC that was written; empty where it is none.

    A Digital Link does not say how long the company prefix is, so it stands for one URN for each length, and itself.
    """
    text = text.strip()
    if _URN.fullmatch(text):
        return (text,)
    if _HEX.fullmatch(text):
        return (urn_of_hex(text),)
    if text.startswith(("https://", "http://")) and len(text) <= 400:
        return _link_candidates(text)
    return ()


def urn_of_hex(epc_hex: str) -> str:
    """Return the URN of a tag's hex: pure identity for SGTIN-96 and SSCC-96, `urn:epc:raw:...` for all else."""
    value = int(epc_hex, 16)
    header = value >> 88 if len(epc_hex) == 24 else None
    if header == 0x30 and (numbers := _numbers(value, 44, 13)):
        return f"urn:epc:id:sgtin:{numbers}.{value & (2**38 - 1)}"
    if header == 0x31 and value & (2**24 - 1) == 0 and (numbers := _numbers(value, 58, 17)):
        return f"urn:epc:id:sscc:{numbers}"
    return f"urn:epc:raw:{len(epc_hex) * 4}.x{epc_hex.upper()}"


def gtin14(epc: str) -> str | None:
    """Return the GTIN-14 of an SGTIN's URN; None for every other EPC."""
    match = _SGTIN_URN.fullmatch(epc)
    if match is None or len(match[1]) + len(match[2]) != 13:
        return None
    prefix, reference = match[1], match[2]
    digits = reference[0] + prefix + reference[1:]
    return digits + check_digit(digits)


def check_digit(digits: str) -> str:
    """Return the GS1 check digit that follows the digits (GS1 General Specifications, section 7.9)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _numbers(value: int, bits: int, digits: int) -> str | None:
    """Split company prefix and reference, which share `bits` bits and `digits` digits; None where they are no EPC."""
    prefix_digits = 12 - (value >> 82 & 0b111)
    if prefix_digits not in _COMPANY_BITS:
        return None
    rest_bits = bits - _COMPANY_BITS[prefix_digits]
    both = value >> (82 - bits) & (2**bits - 1)
    prefix, rest = both >> rest_bits, both & (2**rest_bits - 1)
    if prefix >= 10**prefix_digits or rest >= 10 ** (digits - prefix_digits):
        return None
    return f"{prefix:0{prefix_digits}}.{rest:0{digits - prefix_digits}}"


def _link_candidates(link: str) -> tuple[str, ...]:
    path = urlsplit(link).path
    if match := _LINK_SGTIN.search(path):
        gtin, serial = match[1], unquote(match[2])
        if gtin[-1] != check_digit(gtin[:13]) or not re.fullmatch(r"[\x21-\x7e]+", serial):
            return ()
        company = ((gtin[1 : 1 + size], gtin[0] + gtin[1 + size : 13]) for size in _COMPANY_BITS)
        return (link, *(f"urn:epc:id:sgtin:{prefix}.{reference}.{serial}" for prefix, reference in company))
    if match := _LINK_SSCC.search(path):
        sscc = match[1]
        if sscc[-1] != check_digit(sscc[:17]):
            return ()
        company = ((sscc[1 : 1 + size], sscc[0] + sscc[1 + size : 17]) for size in _COMPANY_BITS)
        return (link, *(f"urn:epc:id:sscc:{prefix}.{serial}" for prefix, serial in company))
    return (link,)
