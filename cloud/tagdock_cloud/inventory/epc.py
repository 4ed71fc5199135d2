"""Epcs as people and tags write them: hex, URNs and GS1 Digital Link, brought to the forms that the record may hold.

Pure. Source: GS1 EPC Tag Data Standard 2.3 (TDS), sections 6.3 (URNs), 7 (GS1 keys), 9 (bits after the EPC), 12.3 (tag
URIs), 14.6.1 (SGTIN-96), 14.6.2 (SSCC-96), annex A (escapes); GS1 Digital Link 1.2.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

RAW: Final = "urn:epc:raw:"

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){4,62}")
_URN = re.compile(r"urn:epc:(?:id:[a-z-]+|raw):[\x21-\x7e]{1,380}")
_TAG = re.compile(
    r"urn:epc:tag:(?:"
    r"(?P<scheme>sgtin|sscc|sgln|grai|giai|gsrn|gsrnp|gdti|cpi|itip|sgcn|usdod|adi)-(?:[0-9]{2,3}|var):"
    r"(?:\[[a-z]+=[0-9a-zA-Z]{1,16}\]){0,4}[0-9]{1,2}\."
    r"|(?P<general>gid)-96:(?:\[[a-z]+=[0-9a-zA-Z]{1,16}\]){0,4})(?P<rest>[\x21-\x7e]{1,360})"
)
"""Scheme and size, what the tag says beside its EPC (attribute bits, user memory), filter; GID has none (TDS 12.3)."""
_LINK = re.compile(r"https?://([!-.0-~]+)(/[!-~]*?)(?:[?#][!-~]*)?")
_CANONICAL_HOST = "id.gs1.org"
_URN_KEYS = {
    "sgtin": re.compile(r"urn:epc:id:sgtin:([0-9]{6,12})\.([0-9]{1,7})()\.(.+)"),
    "itip": re.compile(r"urn:epc:id:itip:([0-9]{6,12})\.([0-9]{1,7})\.([0-9]{2}\.[0-9]{2})\.(.+)"),
    "sscc": re.compile(r"urn:epc:id:sscc:([0-9]{6,12})\.([0-9]{5,11})()()"),
}
"""Company prefix, indicator or extension with the reference, piece and total, serial number (TDS 6.3)."""
_LINK_KEYS = {
    "sgtin": re.compile(r"/01/([0-9]{13})([0-9])()/21/(.+)"),
    "itip": re.compile(r"/8006/([0-9]{13})([0-9])([0-9]{4})/21/(.+)"),
    "sscc": re.compile(r"/00/([0-9]{17})([0-9])()()"),
}
"""Key, check digit, piece and total, serial number to the path's end: so a / not written as %2F is found."""
_PATHS = {"sgtin": "/01/", "itip": "/8006/", "sscc": "/00/"}
_DIGITS = {"sgtin": 13, "itip": 13, "sscc": 17}
_URN_ESCAPED = frozenset('"%&/<>?#')
_COMPANY_BITS = {12: 40, 11: 37, 10: 34, 9: 30, 8: 27, 7: 24, 6: 20}
"""Bits of the company prefix by its digits; partition 0 is twelve digits (TDS tables 14-2 and 14-5)."""
_CACHED_KEYS = 50_000


class _Key(NamedTuple):
    """What a URN and a link both say: digits without check digit, `PPTT` or nothing, the serial as it was spelled."""

    scheme: str
    digits: str
    pieces: str
    serial: str


def epc_candidates(text: str) -> tuple[str, ...]:
    """Return every form in which the record may hold the EPC that was written, likeliest first; empty for no EPC.

    A Digital Link does not say how long the company prefix is, so it stands for one URN for each length, and itself.
    A raw form says no more than its bits: ask the record by them, too.
    """
    text = _pure(text.strip())
    if _HEX.fullmatch(text):
        return (urn_of_hex(text),)
    if urn := _spelled_urn(text):
        key = _key_of_urn(urn)
        return _unique(urn, text, *([f"https://{_CANONICAL_HOST}{_path(key)}"] if key else []))
    if len(text) <= 400 and (match := _LINK.fullmatch(text)):
        return _link_candidates(text, match[1].lower(), match[2])
    return ()


def kept_form(text: str) -> str | None:
    """Return the one form under which a gateway will report the EPC; None where that cannot be told from the text.

    It cannot from a Digital Link, nor from hex whose scheme is one of the standard's that this part does not decode.
    """
    text = _pure(text.strip())
    if not _HEX.fullmatch(text):
        return _spelled_urn(text)
    header = int(text[:2], 16)
    if header not in (0x30, 0x31) and (0x2C <= header <= 0x41 or 0xE6 <= header <= 0xFD):  # TDS table 14-1
        return None
    return urn_of_hex(text)


def urn_of_link(text: str, prefix_digits: int) -> str | None:
    """Return the URN of a Digital Link whose company prefix has so many digits; None where it is no link of these."""
    match = _LINK.fullmatch(text.strip())
    key = _key_of_link(match[2]) if match else None
    return None if key is None else next(_urns(key, [prefix_digits]), None)


def own_link(text: str) -> str | None:
    """Return a Digital Link in the spelling under which gateways report a tag that is named by it; None for no link."""
    match = _LINK.fullmatch(text.strip())
    return _link_candidates(text, match[1].lower(), match[2])[0] if match else None


def urn_of_hex(epc_hex: str) -> str:
    """Return the URN of a tag's hex: pure identity for SGTIN-96 and SSCC-96, `urn:epc:raw:...` for all else."""
    value = int(epc_hex[:24], 16)
    header = value >> 88 if len(epc_hex) >= 24 else None
    if header == 0x30 and (numbers := _numbers(value, 44, 13)):
        return f"urn:epc:id:sgtin:{numbers}.{value & (2**38 - 1)}"
    if header == 0x31 and value & (2**24 - 1) == 0 and (numbers := _numbers(value, 58, 17)):
        return f"urn:epc:id:sscc:{numbers}"
    return f"{RAW}{len(epc_hex) * 4}.x{epc_hex.upper()}"


def gtin14(epc: str) -> str | None:
    """Return the GTIN-14 in an SGTIN's or ITIP's URN or Digital Link; None for every other EPC.

    A piece of a trade item (ITIP) is of the trade item's kind.
    """
    key = _key_of_urn(epc) if epc.startswith("urn:") else _key_of_link(epc)
    return None if key is None or key.scheme == "sscc" else key.digits + check_digit(key.digits)


@lru_cache(maxsize=_CACHED_KEYS)
def check_digit(digits: str) -> str:
    """Return the GS1 check digit that follows the digits (GS1 General Specifications, section 7.9)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _pure(text: str) -> str:
    """Leave of a tag URI what names the item; what the tag says beside that is no part of the name (TDS 12.3.2)."""
    tag = _TAG.fullmatch(text)
    return f"urn:epc:id:{tag['scheme'] or tag['general']}:{tag['rest']}" if tag else text


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


def _key_of_urn(urn: str) -> _Key | None:
    for scheme, pattern in _URN_KEYS.items():
        if match := pattern.fullmatch(urn):
            prefix, reference, pieces, serial = match.groups()
            digits = reference[0] + prefix + reference[1:]
            return _Key(scheme, digits, pieces.replace(".", ""), serial) if len(digits) == _DIGITS[scheme] else None
    return None


def _key_of_link(path: str) -> _Key | None:
    """Return the key at the end of a link; None where there is none of these, or its check digit is wrong."""
    for scheme, pattern in _LINK_KEYS.items():
        if (match := pattern.search(path)) and match.end() == len(path):
            digits, check, pieces, serial = match.groups()
            return _Key(scheme, digits, pieces, serial) if check == check_digit(digits) else None
    return None


def _link_candidates(link: str, host: str, path: str) -> tuple[str, ...]:
    key = _key_of_link(path)
    canonical = _path(key) if key else "/".join(_link_spelling(part) for part in path.split("/"))
    return _unique(
        f"https://{host}{canonical}", link, f"https://{_CANONICAL_HOST}{canonical}", *(_urns(key) if key else [])
    )


def _path(key: _Key) -> str:
    serial = f"/21/{_link_spelling(key.serial)}" if key.serial else ""
    return f"{_PATHS[key.scheme]}{key.digits}{check_digit(key.digits)}{key.pieces}{serial}"


def _urns(key: _Key, sizes: Iterable[int] = tuple(_COMPANY_BITS)) -> Iterator[str]:
    """Yield the URN for each length of the company prefix."""
    pieces = f".{key.pieces[:2]}.{key.pieces[2:]}" if key.pieces else ""
    serial = f".{key.serial}" if key.serial else ""
    for size in sizes:
        prefix, reference = key.digits[1 : 1 + size], key.digits[0] + key.digits[1 + size :]
        if urn := _spelled_urn(f"urn:epc:id:{key.scheme}:{prefix}.{reference}{pieces}{serial}"):
            yield urn


def _spelled_urn(text: str) -> str | None:
    """Escape what a URN has to escape and nothing else; None where it is no EPC's URN."""
    urn = "".join(f"%{ord(char):02X}" if char in _URN_ESCAPED else char for char in unquote(text))
    return urn if _URN.fullmatch(urn) else None


def _link_spelling(text: str) -> str:
    """Escape all but unreserved characters (RFC 3986, section 2.3)."""
    return quote(unquote(text), safe="")


def _unique(*forms: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(forms))
