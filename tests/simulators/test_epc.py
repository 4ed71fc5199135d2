"""EPCs match the standard's own examples, and go there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_simulators.epc import check_digit, giai96, sgtin96, sgtin96_of_gtin, sscc96, urn_of

DIGITS = "0123456789"


@st.composite
def split_numbers(draw: st.DrawFn, digits: int) -> tuple[str, str]:
    company = draw(st.text(DIGITS, min_size=6, max_size=12))
    rest = digits - len(company)
    return company, draw(st.text(DIGITS, min_size=rest, max_size=rest))


def test_the_standards_sgtin_example() -> None:
    """GS1 TDS 2.3, section 15.3 (worked examples)."""
    epc = sgtin96("0614141", "812345", 6789, filter_value=1)
    assert epc == ("3034257BF7194E4000001A85", "urn:epc:id:sgtin:0614141.812345.6789")


def test_the_standards_sscc_example() -> None:
    epc = sscc96("0614141", "1234567890", filter_value=0)
    assert epc == ("3114257BF4499602D2000000", "urn:epc:id:sscc:0614141.1234567890")


def test_a_giai_as_other_encoders_write_it() -> None:
    assert giai96("0614141", 5678) == ("3414257BF40000000000162E", "urn:epc:id:giai:0614141.5678")


@given(st.text(DIGITS, min_size=6, max_size=12), st.integers(0, 2**42 - 1), st.integers(0, 7))
def test_a_giai_comes_back_as_its_urn(company: str, asset: int, filter_value: int) -> None:
    epc = giai96(company, asset, filter_value=filter_value)
    assert urn_of(epc.hex) == epc.urn


@given(split_numbers(13), st.integers(0, 2**38 - 1), st.integers(0, 7))
def test_an_sgtin_comes_back_as_its_urn(numbers: tuple[str, str], serial: int, filter_value: int) -> None:
    epc = sgtin96(*numbers, serial, filter_value=filter_value)
    assert len(epc.hex) == 24
    assert urn_of(epc.hex) == urn_of(epc.hex.lower()) == epc.urn


@given(split_numbers(17), st.integers(0, 7))
def test_an_sscc_comes_back_as_its_urn(numbers: tuple[str, str], filter_value: int) -> None:
    epc = sscc96(*numbers, filter_value=filter_value)
    assert urn_of(epc.hex) == epc.urn


@given(st.binary(min_size=1, max_size=62))
def test_any_tag_has_a_urn(memory: bytes) -> None:
    urn = urn_of(memory.hex())
    assert urn.startswith(("urn:epc:raw:", "urn:epc:id:sgtin:", "urn:epc:id:sscc:", "urn:epc:id:giai:"))


@pytest.mark.parametrize(
    ("epc_hex", "why"),
    [
        ("303C" + "0" * 20, "partition 7 is not defined"),
        ("3118" + "FFFFFFFFFF" + "0" * 10, "a company prefix of twelve digits and more"),
        ("3114257BF4499602D2000001", "bits that an SSCC-96 keeps at 0"),
        ("E2" + "0" * 22, "no EPC header"),
    ],
    ids=lambda value: value if " " in value else "",
)
def test_what_is_no_epc_is_shown_raw(epc_hex: str, why: str) -> None:
    assert urn_of(epc_hex) == f"urn:epc:raw:96.x{epc_hex}", why


def test_a_gtin_gives_its_sgtin() -> None:
    assert sgtin96_of_gtin("80614141123458", "0614141", 6789).urn == "urn:epc:id:sgtin:0614141.812345.6789"


@pytest.mark.parametrize(("digits", "check"), [("629104150021", "3"), ("8061414112345", "8"), ("0", "0")])
def test_check_digits_are_gs1s(digits: str, check: str) -> None:
    assert check_digit(digits) == check


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: sgtin96("12345", "12345678", 1), "6 to 12 digits"),
        (lambda: sgtin96("0614141", "12345", 1), "leaves 6 digits"),
        (lambda: sgtin96("0614141", "812345", 2**38), "38 bits"),
        (lambda: sgtin96("0614141", "812345", 1, filter_value=8), "0..7"),
        (lambda: sgtin96_of_gtin("80614141123459", "0614141", 1), "wrong check digit"),
        (lambda: sgtin96_of_gtin("8061414112345", "0614141", 1), "must be 14 digits"),
        (lambda: sscc96("0614141", "123456789"), "leaves 10 digits"),
    ],
    ids=["company", "item", "serial", "filter", "check digit", "length", "sscc"],
)
def test_what_does_not_fit_is_refused(call: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        call()  # type: ignore[operator]
