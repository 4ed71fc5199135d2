"""EPCs in every form that people and tags write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_cloud.inventory.epc import check_digit, epc_candidates, gtin14, urn_of_hex

# The worked examples of GS1's EPC Tag Data Standard (annex E.3) and of tags that this project's readers report.
GOLDEN = [
    pytest.param("3074257BF7194E4000001A85", "urn:epc:id:sgtin:0614141.812345.6789", id="SGTIN-96"),
    pytest.param("3174257BF4499602D2000000", "urn:epc:id:sscc:0614141.1234567890", id="SSCC-96"),
    pytest.param(
        "3174257BF4499602D2000001", "urn:epc:raw:96.x3174257BF4499602D2000001", id="SSCC-96 with a used filler"
    ),
    pytest.param("307C257BF7194E4000001A85", "urn:epc:raw:96.x307C257BF7194E4000001A85", id="partition 7 is none"),
    pytest.param("e2801160600002054c2c5a1f", "urn:epc:raw:96.xE2801160600002054C2C5A1F", id="a chip's own number"),
    pytest.param("30000000", "urn:epc:raw:32.x30000000", id="too short"),
]


@pytest.mark.parametrize(("written", "urn"), GOLDEN)
def test_hex_becomes_the_urn_that_the_record_holds(written: str, urn: str) -> None:
    assert urn_of_hex(written) == urn
    assert epc_candidates(written) == (urn,)


def test_a_digital_link_stands_for_every_length_of_the_company_prefix() -> None:
    forms = epc_candidates("https://id.gs1.org/01/80614141123458/21/6789")
    assert "urn:epc:id:sgtin:0614141.812345.6789" in forms
    assert len(forms) == 8 and len(set(forms)) == 8
    assert {gtin14(form) for form in forms[1:]} == {"80614141123458"}


def test_a_digital_link_of_a_logistic_unit_is_found_too() -> None:
    assert "urn:epc:id:sscc:0614141.1234567890" in epc_candidates("https://id.gs1.org/00/106141412345678908")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "urn:epc:id:sgtin:",
        "https://id.gs1.org/01/80614141123457/21/1",
        "30 74",
        "A-01",
        "urn:epc:id:sgtin:a b.1",
    ],
)
def test_what_is_no_epc_has_no_form(text: str) -> None:
    assert epc_candidates(text) == ()


def test_the_gtin_of_an_sgtin_has_its_indicator_first() -> None:
    assert gtin14("urn:epc:id:sgtin:0614141.812345.6789") == "80614141123458"
    assert gtin14("urn:epc:id:sscc:0614141.1234567890") is None
    assert gtin14("urn:epc:id:sgtin:0614141.12345.1") is None


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert all(form.isprintable() for form in epc_candidates(text))


@given(st.text(alphabet="0123456789", min_size=13, max_size=13))
def test_a_check_digit_makes_the_weighted_sum_a_multiple_of_ten(digits: str) -> None:
    whole = digits + check_digit(digits)
    assert sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(whole)) % 10 == 0
