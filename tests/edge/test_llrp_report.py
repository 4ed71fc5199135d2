"""Reports whose parameters end elsewhere than they say are no reads."""

import struct

import pytest
from tagdock_edge.readers.llrp_report import check_report

EPC = bytes.fromhex("3074257BF7194E4000001A85")
ANTENNA = b"\x81\x00\x02"


def tlv(kind: int, body: bytes, more: int = 0) -> bytes:
    return struct.pack("!HH", kind, 4 + len(body) + more) + body


def epc_data(epc: bytes, bits: int | None = None, more: int = 0) -> bytes:
    return tlv(241, struct.pack("!H", len(epc) * 8 if bits is None else bits) + epc, more)


def message(*parameters: bytes) -> bytes:
    body = b"".join(parameters)
    return struct.pack("!HII", 1 << 10 | 61, 10 + len(body), 0) + body


WHOLE = tlv(240, b"\x8d" + EPC + ANTENNA)


@pytest.mark.parametrize(
    "parameters",
    [
        [],
        [WHOLE, WHOLE],
        [tlv(240, ANTENNA)],
        [tlv(240, b"")],
        [tlv(240, epc_data(EPC) + ANTENNA)],
        [tlv(240, epc_data(EPC[:3], 20) + ANTENNA)],
        [WHOLE, tlv(1023, b"\x00\x00\x65\x1a\x00\x00\x00\x01")],
    ],
    ids=["empty", "two tags", "EPC left out", "all left out", "longer kind of EPC", "20 bits", "a vendor's"],
)
def test_whole_reports_pass(parameters: list[bytes]) -> None:
    check_report(message(*parameters))


@pytest.mark.parametrize(
    "parameters",
    [
        [WHOLE, tlv(240, b"\x8d" + EPC[:5])],
        [tlv(240, b"\x8d" + EPC[:5], more=200)],
        [tlv(240, b"\x8d" + EPC, more=1)],
        [tlv(240, epc_data(EPC[:4], 96))],
        [tlv(240, epc_data(EPC, more=3))],
        [tlv(240, b"\x00\xf1\x00")],
        [WHOLE, b"\x00\xf0\x00\x03"],
        [WHOLE, b"\x00\xf0"],
    ],
    ids=[
        "EPC cut",
        "report and EPC cut",
        "report cut",
        "EPC of fewer bytes than bits",
        "EPC beyond its report",
        "no room for an EPC's length",
        "length of nothing",
        "two bytes at the end",
    ],
)
def test_what_is_cut_short_is_refused(parameters: list[bytes]) -> None:
    with pytest.raises((ValueError, struct.error)):
        check_report(message(*parameters))
