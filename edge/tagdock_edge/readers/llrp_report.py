"""Whether a report's parameters end where they say: sllurp takes what is cut short for a shorter EPC. Pure.

Such a read would get antenna, power and time from the report before it, as if an unknown tag had been there.

Source: EPCglobal LLRP 1.0.1 (2007), 16.1 (encoding), 16.2.7.3 (TagReportData).
"""

import struct

_HEADER_BYTES = 10
_TLV, _BITS = struct.Struct("!HH"), struct.Struct("!H")
_TAG_REPORT, _EPC_DATA = 240, 241
_EPC_96, _EPC_96_BYTES = 0x80 | 13, 13
"""A parameter of a type and a value alone: its first byte, and how many it has."""


def check_report(message: bytes) -> None:
    """Look at one whole RO_ACCESS_REPORT. Raises ValueError, or struct.error, where something is cut short."""
    at, end = _HEADER_BYTES, len(message)
    while at < end:
        kind, length = _TLV.unpack_from(message, at)
        after = at + length
        if length < _TLV.size or after > end:
            raise ValueError(f"a parameter of {length} bytes at {at} does not fit into a message of {end}")
        if kind == _TAG_REPORT and length > _TLV.size:
            _check_epc(message, at + _TLV.size, after)
        at = after


def _check_epc(message: bytes, at: int, end: int) -> None:
    """Look at the EPC, which is a tag report's first parameter where it is there."""
    if message[at] == _EPC_96:
        is_whole = at + _EPC_96_BYTES <= end
    elif message[at] == 0 and message[at + 1] == _EPC_DATA:
        _, length = _TLV.unpack_from(message, at)
        (bits,) = _BITS.unpack_from(message, at + _TLV.size)
        is_whole = at + length <= end and length - _TLV.size - _BITS.size >= (bits + 7) // 8
    else:
        is_whole = True
    if not is_whole:
        raise ValueError(f"the EPC at {at} does not fit into its report")
