"""What a hand scanner types, and EPCs that nobody recorded."""

import pytest
from tagdock_cloud.inventory.scans import FNC1, Scan, read_scan, unknown_epc

GTIN = "09521234000013"
LINK = f"https://id.gs1.org/01/{GTIN}/21/17"


@pytest.mark.parametrize(
    ("text", "link", "gtin", "order"),
    [
        (f"(01){GTIN}(21)17", LINK, GTIN, None),
        (f"01{GTIN}2117", LINK, GTIN, None),
        (f"]d201{GTIN}2117{FNC1}10LOT", LINK, GTIN, None),
        (f"]C1{FNC1}01{GTIN}172701312117", LINK, GTIN, None),
        (f"01{GTIN}10LOT-7{FNC1}2117", LINK, GTIN, None),
        (f"(01){GTIN}(21)A/b#1", f"https://id.gs1.org/01/{GTIN}/21/A%2Fb%231", GTIN, None),
        ("(00)095212340000000013", "https://id.gs1.org/00/095212340000000013", None, None),
        ("00095212340000000013", "https://id.gs1.org/00/095212340000000013", None, None),
        ("095212340000000013", "https://id.gs1.org/00/095212340000000013", None, None),
        (f"(8006){GTIN}0102(21)5", f"https://id.gs1.org/8006/{GTIN}0102/21/5", GTIN, None),
        ("9521234000013", None, GTIN, None),
        (f"(02){GTIN}(37)12(400)SO-17", None, GTIN, "SO-17"),
    ],
    ids=[
        "brackets", "plain", "symbology", "fixed before serial", "FNC1 after lot", "serial escaped", "SSCC in brackets",
        "SSCC", "SSCC alone", "piece", "GTIN-13", "content and order",
    ],
)  # fmt: skip
def test_a_barcode_says_what_it_names(text: str, link: str | None, gtin: str | None, order: str | None) -> None:
    assert read_scan(text) == Scan(link, gtin, order)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "85123A",
        "A-01-3",
        "lantern",
        "10",
        "0101",
        "urn:epc:id:sgtin:9521234.000001.17",
        "9521234000014",
        "(01)",
        "()",
    ],
)
def test_what_is_no_barcode_says_nothing(text: str) -> None:
    assert read_scan(text) == Scan()


def test_a_wrong_check_digit_is_a_misread_barcode_and_names_nothing() -> None:
    assert read_scan("(01)09521234000014(21)17") == Scan(is_misread=True)


@pytest.mark.parametrize("text", ["(01" * 100, "01" + "9" * 398, FNC1 * 400, "(01)" + "(21)" * 90, "]" * 400])
def test_what_is_made_up_is_read_without_trouble(text: str) -> None:
    assert read_scan(text).link is None


def test_an_epc_that_nobody_recorded_is_named() -> None:
    urn = "urn:epc:id:sgtin:9521234.000001.17"
    assert unknown_epc(urn) == {"epc": urn, "scheme": "SGTIN", "gtin": GTIN, "serial": "17"}
    assert (unknown_epc(LINK) or {})["gtin"] == GTIN
    assert unknown_epc("lantern") is None
