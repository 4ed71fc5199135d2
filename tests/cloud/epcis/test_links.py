import pytest
from tagdock_cloud.epcis.links import canonical


@pytest.mark.parametrize(
    ("uri", "link"),
    [
        ("urn:epc:id:sgtin:9521234.012345.17", "01/09521234123453/21/17"),
        ("urn:epc:id:sgtin:9521234.812345.a%2Fb.c", "01/89521234123459/21/a%2Fb.c"),
        ("urn:epc:id:sgtin:9521234.012345.a(b)", "01/09521234123453/21/a%28b%29"),
        ("urn:epc:id:sscc:9521234.3123456789", "00/395212341234567892"),
        ("urn:epc:id:sgln:9521234.00001.0", "414/9521234000013"),
        ("urn:epc:id:sgln:9521234.00001.D-1", "414/9521234000013/254/D-1"),
        ("urn:epc:id:pgln:952123456789.", "417/9521234567899"),
        ("urn:epc:id:giai:9521234.12.3", "8004/952123412.3"),
        ("urn:epc:id:itip:9521234.012345.01.02.9", "8006/095212341234530102/21/9"),
        ("urn:epc:class:lgtin:9521234.012345.L1", "01/09521234123453/10/L1"),
        ("urn:epc:idpat:sgtin:9521234.012345.*", "01/09521234123453"),
        ("https://shop.example/a/gtin/9521234123453/lot/L/ser/17?x=1#y", "01/09521234123453/21/17"),
        ("https://id.gs1.org/00/395212341234567896", "00/395212341234567896"),
    ],
)
def test_a_key_has_one_link(uri: str, link: str) -> None:
    assert canonical(uri) == f"https://id.gs1.org/{link}"


@pytest.mark.parametrize(
    "uri",
    [
        "urn:epc:id:sgtin:9521234.12345.17",
        "urn:epc:id:sgtin:9521234.012345",
        "urn:epc:id:sscc:9521234.",
        "urn:epc:id:sgtin:..",
        "urn:epc:idpat:sgtin:9521234.012345.17",
        "urn:epc:id:nobody:1.2.3",
        "urn:epc:raw:96.x3034257BF7194E4000001A85",
        "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8",
        "https://example.com/01/nothing/21/7",
        "https://example.com",
        "17",
        "",
    ],
)
def test_what_is_no_key_stays_as_it_is(uri: str) -> None:
    assert canonical(uri) == uri
