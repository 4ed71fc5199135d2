"""EPC decoding against the standard's own examples, and back again by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_edge.epc import decode, epc_uri, raw_uri
from tagdock_edge.epc.schemes import SGTIN_96, SSCC_96, Scheme, check_digit
from tagdock_edge.errors import EpcError

# GS1 TDS 2.x, annex E.3 (SGTIN-96, SSCC-96)
STANDARD = {
    "sgtin-96": (
        "3074257BF7194E4000001A85",
        "urn:epc:id:sgtin:0614141.812345.6789",
        "urn:epc:tag:sgtin-96:3.0614141.812345.6789",
        "https://id.gs1.org/01/80614141123458/21/6789",
    ),
    "sscc-96": (
        "3174257BF4499602D2000000",
        "urn:epc:id:sscc:0614141.1234567890",
        "urn:epc:tag:sscc-96:3.0614141.1234567890",
        "https://id.gs1.org/00/106141412345678908",
    ),
}


@pytest.mark.parametrize(("code", "pure", "tag", "link"), STANDARD.values(), ids=STANDARD)
def test_the_standards_example(code: str, pure: str, tag: str, link: str) -> None:
    identity = decode(code.lower())
    assert (identity.pure_identity, identity.tag_uri, identity.digital_link) == (pure, tag, link)
    assert epc_uri(code) == pure


REFUSED = {
    "partition": ("301C257BF7194E4000001A85", "partition 7 is not defined"),
    "company prefix": ("3003" + "F" * 20, "company prefix .* has more than 12 digits"),
    "reference": (f"{0x30 << 88 | 0 << 82 | 1 << 42 | 15 << 38:024X}", "reference 15 has more than 1 digits"),
    "unallocated": ("3174257BF4499602D2000001", "last 24 bits are unallocated"),
    "unprogrammed": ("00" * 12, "not programmed"),
    "other header": ("E2" * 12, "header 0xE2 belongs to no scheme"),
    "too long": ("3074257BF7194E4000001A850000", "sgtin-96 has 96 bits, this tag 112"),
    "blanks": ("30 74 257BF7194E400001A8", "is not hex"),
    "underscore": ("3074257BF7194E40_0001A85", "is not hex"),
    "letters": ("zz", "is not hex"),
    "odd": ("307", "has 3 hex digits"),
    "nothing": ("", "has 0 hex digits"),
    "endless": ("30" * 63, "has 126 hex digits"),
}


@pytest.mark.parametrize(("code", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_epc_is_told(code: str, told: str) -> None:
    with pytest.raises(EpcError, match=told):
        decode(code)


def test_the_iso_toggle_is_named() -> None:
    with pytest.raises(EpcError, match="ISO toggle is set, application family 0xA2"):
        decode(STANDARD["sgtin-96"][0], pc=0x31A2)


@pytest.mark.parametrize("code", [REFUSED["partition"][0], "e2801160", "00" * 12])
def test_the_rest_keeps_its_raw_bits(code: str) -> None:
    assert epc_uri(code) == raw_uri(code) == f"urn:epc:raw:{len(code) * 4}.x{code.upper()}"


@pytest.mark.parametrize(("digits", "check"), [("8061414112345", "8"), ("10614141234567890", "8"), ("0" * 13, "0")])
def test_check_digits(digits: str, check: str) -> None:
    assert check_digit(digits) == check


def encoded(scheme: Scheme, partition: int, company: int, reference: int, tail: int) -> str:
    """Put the fields where TDS 2.3 table 14-2 says: the other way round than the decoder does."""
    company_bits = (40, 37, 34, 30, 27, 24, 20)[partition]
    fields = ((scheme.header, 8), (1, 3), (partition, 3), (company, company_bits))
    bits = "".join(f"{value:0{width}b}" for value, width in fields)
    bits += f"{reference:0{96 - len(bits) - scheme.tail_bits}b}" + f"{tail:0{scheme.tail_bits}b}"
    return f"{int(bits, 2):024X}"


@given(partition=st.integers(0, 6), data=st.data())
def test_every_sgtin_comes_back(partition: int, data: st.DataObject) -> None:
    company = data.draw(st.integers(0, 10 ** (12 - partition) - 1))
    reference = data.draw(st.integers(0, 10 ** (1 + partition) - 1))
    serial = data.draw(st.integers(0, 2**38 - 1))
    expected = f"{company:0{12 - partition}}.{reference:0{1 + partition}}.{serial}"
    code = encoded(SGTIN_96, partition, company, reference, serial)
    assert decode(code).pure_identity == f"urn:epc:id:sgtin:{expected}"


@given(partition=st.integers(0, 6), data=st.data())
def test_every_sscc_comes_back(partition: int, data: st.DataObject) -> None:
    company = data.draw(st.integers(0, 10 ** (12 - partition) - 1))
    reference = data.draw(st.integers(0, 10 ** (5 + partition) - 1))
    expected = f"{company:0{12 - partition}}.{reference:0{5 + partition}}"
    assert decode(encoded(SSCC_96, partition, company, reference, 0)).pure_identity == f"urn:epc:id:sscc:{expected}"


@given(st.binary(min_size=1, max_size=62))
def test_any_memory_has_a_name(memory: bytes) -> None:
    assert epc_uri(memory.hex()).startswith("urn:epc:")
