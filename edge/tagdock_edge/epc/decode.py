"""From the EPC memory's hex digits to an identity, and to the one URI that movements carry."""

from functools import lru_cache

from tagdock_edge.epc.identity import Identity
from tagdock_edge.epc.schemes import SCHEMES, UNUSED
from tagdock_edge.errors import EpcError

MAX_HEX_DIGITS = 124
"""Gen2's EPC length field counts up to 31 words of 16 bits."""

_ISO_TOGGLE = 0x0100
_CACHED_TAGS = 65536

_from_hex = bytes.fromhex
"""Stricter than int(), which takes signs and underscores; it takes blanks."""
_integer = int.from_bytes
_scheme = SCHEMES.get


def decode(epc_hex: str, pc: int | None = None) -> Identity:
    """Decode an EPC from its hex digits; `pc` is the tag's 16-bit protocol-control word where it is known.

    Bits after the EPC are left out, as the standard says: they fill up words, or are data about the thing.
    Raises EpcError saying why the Tag Data Standard does not know it. Source: GS1 TDS 2.3, sections 9, 14.4 and 14.5.
    """
    data = _bytes(epc_hex)
    if pc is not None and pc & _ISO_TOGGLE:
        raise EpcError(f"holds no EPC: the ISO toggle is set, application family 0x{pc & 0xFF:02X}")
    scheme = _scheme(data[0])
    if scheme is None:
        reason = UNUSED.get(data[0], "no scheme of the Tag Data Standard 2.3 has it")
        raise EpcError(f"header 0x{data[0]:02X}: {reason}")
    value, bits, needed = _integer(data), len(data) * 8, scheme.bits
    if bits != needed and needed:
        if bits < needed:
            raise EpcError(f"{scheme.name} has {needed} bits, this tag {bits}")
        value >>= bits - needed
    try:
        return scheme.read(scheme, value, bits)
    except EpcError as error:
        raise EpcError(f"{scheme.name}: {error}") from None


@lru_cache(maxsize=_CACHED_TAGS)
def epc_uri(epc_hex: str) -> str:
    """Name the tag for a movement: pure identity or Digital Link, or its raw bits where it has neither.

    Raises EpcError where these are no hex digits.
    """
    try:
        return decode(epc_hex).uri
    except EpcError:
        return raw_uri(epc_hex)


def raw_uri(epc_hex: str) -> str:
    """Write the tag's bits as a raw URI. Raises EpcError where these are no hex digits. Source: GS1 TDS 2.3, 12."""
    _bytes(epc_hex)
    return f"urn:epc:raw:{len(epc_hex) * 4}.x{epc_hex.upper()}"


def _bytes(epc_hex: str) -> bytes:
    digits = len(epc_hex)
    if digits > MAX_HEX_DIGITS or digits & 1 or not digits:
        raise EpcError(f"has {digits} hex digits; 2 to {MAX_HEX_DIGITS}, two a byte, are taken")
    try:
        data = _from_hex(epc_hex)
    except ValueError:
        data = b""
    if len(data) * 2 != digits:
        raise EpcError("is not hex: use the digits 0-9 and A-F")
    return data
