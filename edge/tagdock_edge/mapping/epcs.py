"""EPCs as messages write them, to upper-case hex digits. Pure."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

ToHex = Callable[[Any], str]
BYTES_AT_MOST = 62
"""Gen2's EPC length field counts up to 31 words of 16 bits."""
_CACHED = 65_536
_RAW_URI = re.compile(r"urn:epc:raw:(\d{1,3})(?:\.x[0-9A-F]{1,4})?\.x([0-9A-F]+)")
_STANDARD = bytes.maketrans(b"-_", b"+/")


@lru_cache(_CACHED)
def from_hex(text: str) -> str:
    """Read hex digits in either case, with or without 0x, blanks or dashes between bytes. Raises ValueError."""
    if len(text) > 4 * BYTES_AT_MOST:
        raise ValueError("too long")
    return _checked(bytes.fromhex(text.removeprefix("0x").removeprefix("0X").replace("-", " ")))


@lru_cache(_CACHED)
def from_base64(text: str) -> str:
    """Read base64 in either alphabet, padded or not. Raises ValueError. Source: RFC 4648, sections 4 and 5."""
    if len(text) > 4 * BYTES_AT_MOST:
        raise ValueError("too long")
    digits = text.rstrip("=").encode("ascii").translate(_STANDARD)
    return _checked(base64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True))


@lru_cache(_CACHED)
def from_uri(text: str) -> str:
    """Read a raw EPC URI, `urn:epc:raw:96.x3034...`. Raises ValueError. Source: GS1 TDS 2.3, section 12."""
    match = _RAW_URI.fullmatch(text)
    if match is None or int(match[1]) != len(match[2]) * 4:
        raise ValueError("urn:epc:raw:<bits>.x<hex>")
    return _checked(bytes.fromhex(match[2]))


ENCODINGS: Mapping[str, ToHex] = {"hex": from_hex, "base64": from_base64, "uri": from_uri}
"""How a mapping calls them."""


def _checked(data: bytes) -> str:
    if not 1 <= len(data) <= BYTES_AT_MOST:
        raise ValueError("length")
    return binascii.hexlify(data).decode().upper()
