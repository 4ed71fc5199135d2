"""EPCs in every form that people and tags write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_cloud.inventory.epc import check_digit, epc_candidates, gtin14, kept_form, urn_of_hex

LINK = "https://id.gs1.org/01/79521141123453"
# The worked examples of GS1's EPC Tag Data Standard (annex E.3) and of tags that this project's readers report.
GOLDEN = [
    pytest.param("3074257BF7194E4000001A85", "urn:epc:id:sgtin:0614141.812345.6789", id="SGTIN-96"),
    pytest.param("3174257BF4499602D2000000", "urn:epc:id:sscc:0614141.1234567890", id="SSCC-96"),
    pytest.param(
        "3174257BF4499602D2000001", "urn:epc:raw:96.x3174257BF4499602D2000001", id="SSCC-96 with a used filler"
    ),
    pytest.param("307C257BF7194E4000001A85", "urn:epc:raw:96.x307C257BF7194E4000001A85", id="partition 7 is none"),
    pytest.param("3074257BF7194E4000001A850000ABCD", "urn:epc:id:sgtin:0614141.812345.6789", id="SGTIN-96 and a word"),
    pytest.param("e2801160600002054c2c5a1f", "urn:epc:raw:96.xE2801160600002054C2C5A1F", id="a chip's own number"),
    pytest.param("30000000", "urn:epc:raw:32.x30000000", id="too short"),
]


@pytest.mark.parametrize(("written", "urn"), GOLDEN)
def test_hex_becomes_the_urn_that_the_record_holds(written: str, urn: str) -> None:
    assert urn_of_hex(written) == urn
    assert epc_candidates(written) == (urn,)


@pytest.mark.parametrize(
    ("tag", "pure"),
    [
        pytest.param("sgtin-96:3.0614141.812345.6789", "sgtin:0614141.812345.6789", id="SGTIN-96"),
        pytest.param("sgtin-198:0.0614141.812345.32a%2Fb", "sgtin:0614141.812345.32a%2Fb", id="SGTIN-198"),
        pytest.param("sgtin-96:[att=x01][umi=1]3.0614141.812345.6789", "sgtin:0614141.812345.6789", id="attributes"),
        pytest.param("sscc-96:2.0614141.1234567890", "sscc:0614141.1234567890", id="SSCC-96"),
        pytest.param("gid-96:31415.271828.1414", "gid:31415.271828.1414", id="GID has no filter"),
        pytest.param("itip-110:1.9521141.012345.01.02.981", "itip:9521141.012345.01.02.981", id="ITIP-110"),
        pytest.param("adi-var:63.W81X9C.3KL984PX1.2WMA52", "adi:W81X9C.3KL984PX1.2WMA52", id="ADI-var"),
    ],
)
def test_a_tag_uri_names_the_item_that_its_pure_identity_names(tag: str, pure: str) -> None:
    assert kept_form(f"urn:epc:tag:{tag}") == f"urn:epc:id:{pure}"
    assert epc_candidates(f" urn:epc:tag:{tag}") == epc_candidates(f"urn:epc:id:{pure}")


def test_a_digital_link_stands_for_every_length_of_the_company_prefix() -> None:
    forms = epc_candidates("https://id.gs1.org/01/80614141123458/21/6789")
    assert "urn:epc:id:sgtin:0614141.812345.6789" in forms
    assert len(forms) == 8 and len(set(forms)) == 8
    assert forms[0] == "https://id.gs1.org/01/80614141123458/21/6789"
    assert {gtin14(form) for form in forms[1:]} == {"80614141123458"}


def test_a_digital_link_of_a_logistic_unit_is_found_too() -> None:
    assert "urn:epc:id:sscc:0614141.1234567890" in epc_candidates("https://id.gs1.org/00/106141412345678908")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "urn:epc:id:sgtin:",
        "https://id.gs1.org",
        "urn:epc:id:sgtin:0614141.812345.%C3%A9",
        "30 74",
        "A-01",
        "urn:epc:id:sgtin:a b.1",
        "urn:epc:tag:sgtin-96:0614141",
        "urn:epc:tag:sgtin:3.0614141.812345.6789",
        "urn:epc:tag:sgtin-96:x.0614141.812345.6789",
        "urn:epc:tag:nothing-96:3.1.2.3",
    ],
)
def test_what_is_no_epc_has_no_form(text: str) -> None:
    assert epc_candidates(text) == ()


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        pytest.param(f"{LINK}/21/32a%2Fb", f"{LINK}/21/32a%2Fb", id="as the gateway writes it"),
        pytest.param(f"{LINK}/21/32a%2fb", f"{LINK}/21/32a%2Fb", id="small hex digits"),
        pytest.param(f"{LINK}/21/32a/b", f"{LINK}/21/32a%2Fb", id="not escaped"),
        pytest.param(f"{LINK}/21/%33%32a%2Fb", f"{LINK}/21/32a%2Fb", id="escaped needlessly"),
        pytest.param(f"{LINK}/21/a!b", f"{LINK}/21/a%21b", id="not an unreserved character"),
        pytest.param(f"{LINK}/21/a%252Fb", f"{LINK}/21/a%252Fb", id="a percent sign is no escape of an escape"),
        pytest.param("http://ID.GS1.org/01/79521141123453/21/1", f"{LINK}/21/1", id="host and scheme"),
        pytest.param(f"{LINK}/21/32a%2Fb?17=220630#x", f"{LINK}/21/32a%2Fb", id="data about the thing"),
        pytest.param("https://brand.example/dl/01/79521141123453/21/1", f"{LINK}/21/1", id="a shop's own address"),
        pytest.param(f"{LINK}/21/32a%2Fb", "urn:epc:id:sgtin:9521141.712345.32a%2Fb", id="of a tag with a URN"),
        pytest.param("urn:epc:id:sgtin:9521141.712345.32a%2Fb", f"{LINK}/21/32a%2Fb", id="of a tag with a link"),
        pytest.param("urn:epc:id:sgtin:9521141.712345.a!b", f"{LINK}/21/a%21b", id="URN and link escape differently"),
        pytest.param(f"{LINK}/21/a%21b", "urn:epc:id:sgtin:9521141.712345.a!b", id="and back"),
        pytest.param(
            "urn:epc:id:sgtin:9521141.712345.32a/b", "urn:epc:id:sgtin:9521141.712345.32a%2Fb", id="a URN not escaped"
        ),
        pytest.param(
            "https://id.gs1.org/8006/095211411234540102/21/981", "urn:epc:id:itip:9521141.012345.01.02.981", id="ITIP"
        ),
        pytest.param("https://id.gs1.org/8004/952114132a%2fb", "https://id.gs1.org/8004/952114132a%2Fb", id="GIAI+"),
        pytest.param(
            "https://id.gs1.org/01/80614141123457/21/1",
            "https://id.gs1.org/01/80614141123457/21/1",
            id="a wrong check digit, as a tag may hold it",
        ),
    ],
)
def test_what_is_written_otherwise_is_looked_up_as_it_is_kept(written: str, kept: str) -> None:
    assert kept in epc_candidates(written)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        pytest.param("urn:epc:id:sgtin:9521141.712345.32a%2fb", "urn:epc:id:sgtin:9521141.712345.32a%2Fb", id="URN"),
        pytest.param("3074257BF7194E4000001A85", "urn:epc:id:sgtin:0614141.812345.6789", id="SGTIN-96"),
        pytest.param("E2801160600002054C2C5A1F", "urn:epc:raw:96.xE2801160600002054C2C5A1F", id="no EPC"),
        pytest.param("307C257BF7194E4000001A85", "urn:epc:raw:96.x307C257BF7194E4000001A85", id="a broken SGTIN-96"),
        pytest.param("3476451FD40000000000162E", None, id="GIAI-96, which gateways name by its URN"),
        pytest.param("F73795211411234538566CB0AFC4", None, id="SGTIN+, which gateways name by its link"),
        pytest.param(f"{LINK}/21/1", None, id="a link, which may be an SGTIN-96's too"),
        pytest.param("hello", None, id="no EPC at all"),
    ],
)
def test_an_item_is_kept_under_the_name_that_gateways_give_it(written: str, kept: str | None) -> None:
    assert kept_form(written) == kept


@pytest.mark.parametrize(
    ("epc", "gtin"),
    [
        pytest.param("urn:epc:id:sgtin:0614141.812345.6789", "80614141123458", id="SGTIN: the indicator comes first"),
        pytest.param(
            "urn:epc:id:sgtin:9521141.712345.a.b%2Fc", "79521141123453", id="SGTIN-198 with a dot and a slash"
        ),
        pytest.param(f"{LINK}/21/32a%2Fb", "79521141123453", id="SGTIN+"),
        pytest.param(f"{LINK}/21/1.5", "79521141123453", id="SGTIN+ with a dot"),
        pytest.param("https://id.example.com/01/79521141123453/21/00", "79521141123453", id="SGTIN++"),
        pytest.param("urn:epc:id:itip:9521141.012345.01.02.981", "09521141123454", id="ITIP"),
        pytest.param("https://id.gs1.org/8006/095211411234540102/21/rif981", "09521141123454", id="ITIP+"),
        pytest.param("urn:epc:id:sscc:0614141.1234567890", None, id="SSCC"),
        pytest.param("https://id.gs1.org/00/095201234567891235", None, id="SSCC+"),
        pytest.param("https://id.gs1.org/253/95211411234545678", None, id="GDTI+"),
        pytest.param("https://id.gs1.org/01/79521141123454/21/1", None, id="wrong check digit"),
        pytest.param("https://id.gs1.org/01/79521141123453", None, id="no serial number"),
        pytest.param("urn:epc:id:sgtin:0614141.12345.1", None, id="a digit too few"),
        pytest.param("urn:epc:raw:96.xE2801160600002054CC2096F", None, id="raw"),
    ],
)
def test_the_gtin_of_trade_items_and_their_pieces_is_known_in_every_form(epc: str, gtin: str | None) -> None:
    assert gtin14(epc) == gtin


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert all(form.isprintable() for form in epc_candidates(text))


@given(st.text(alphabet="0123456789", min_size=13, max_size=13))
def test_a_check_digit_makes_the_weighted_sum_a_multiple_of_ten(digits: str) -> None:
    whole = digits + check_digit(digits)
    assert sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(whole)) % 10 == 0
