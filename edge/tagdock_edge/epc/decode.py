"""From the EPC memory's hex digits to an identity, and to the one URI that movements carry."""

from functools import lru_cache

from tagdock_edge.epc.schemes import SCHEMES, Identity
from tagdock_edge.errors import EpcError

MAX_HEX_DIGITS = 124
"""Gen2's EPC length field counts up to 31 words of 16 bits."""

_ISO_TOGGLE = 0x0100
_CACHED_TAGS = 65536


def decode(epc_hex: str, pc: int | None = None) -> Identity:
    """Decode an EPC from its hex digits; `pc` is the tag's 16-bit protocol-control word where it is known.

    Raises EpcError saying why the Tag Data Standard does not know it. Source: GS1 TDS 2.3, sections 9 and 14.
    """
    value, bits = _bits(epc_hex)
    if pc is not None and pc & _ISO_TOGGLE:
        raise EpcError(f"holds no EPC: the ISO toggle is set, application family 0x{pc & 0xFF:02X}")
    header = value >> (bits - 8)
    scheme = SCHEMES.get(header)
    if scheme is None:
        if header == 0:
            raise EpcError("the tag is not programmed (header 0x00)")
        raise EpcError(f"header 0x{header:02X} belongs to no scheme that is decoded here")
    if bits != scheme.bits:
        raise EpcError(f"{scheme.name} has {scheme.bits} bits, this tag {bits}")
    return scheme.decode(value)


@lru_cache(maxsize=_CACHED_TAGS)
def epc_uri(epc_hex: str) -> str:
    """Name the tag for a movement: its pure identity, or its raw bits where it has none.

    Raises EpcError where these are no hex digits.
    """
    try:
        return decode(epc_hex).pure_identity
    except EpcError:
        return raw_uri(epc_hex)


def raw_uri(epc_hex: str) -> str:
    """Write the tag's bits as a raw URI. Raises EpcError where these are no hex digits. Source: GS1 TDS 2.3, 12."""
    _bits(epc_hex)
    return f"urn:epc:raw:{len(epc_hex) * 4}.x{epc_hex.upper()}"


def _bits(epc_hex: str) -> tuple[int, int]:
    digits = len(epc_hex)
    if not 2 <= digits <= MAX_HEX_DIGITS or digits % 2:
        raise EpcError(f"has {digits} hex digits; 2 to {MAX_HEX_DIGITS}, two a byte, are taken")
    try:
        data = bytes.fromhex(epc_hex)  # stricter than int(), which takes signs and underscores; it takes blanks
    except ValueError:
        data = b""
    if len(data) * 2 != digits:
        raise EpcError("is not hex: use the digits 0-9 and A-F")
    return int.from_bytes(data), digits * 4
