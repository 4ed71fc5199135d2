"""EPC decoding against the standard's own examples; what is no EPC is told, whatever the memory holds."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tagdock_edge.cli import main
from tagdock_edge.epc import decode, epc_uri, raw_uri
from tagdock_edge.epc.classic import check_digit
from tagdock_edge.epc.schemes import SCHEMES
from tagdock_edge.errors import EpcError

# GS1 TDS 2.3, annex E.3: memory, key of the URNs, filter value, Digital Link (written there with example.com or with
# id.gs1.org; ours is always the canonical one). Erratum: the serial number of the SGTIN-96 is 123456789 in the element
# string and in the bits, 1234567896789 in the URN.
CLASSIC = {
    "sgtin-96": ("3066C4409047E140075BCD15", "95060001343.05.123456789", 3, "/01/09506000134352/21/123456789"),
    "sgtin-198": (
        "3666C4409047E159B2C2BF100000000000000000000000000000",
        "95060001343.05.32a%2Fb",
        3,
        "/01/09506000134352/21/32a%2Fb",
    ),
    "sscc-96": ("311BA1B300CE0A6A83000000", "952012.03456789123", 0, "/00/095201234567891235"),
    "sgln-96": ("3276451FD46072000000162E", "9521141.12345.5678", 3, "/414/9521141123454/254/5678"),
    "sgln-195": (
        "3976451FD46072CD9615F8800000000000000000000000000000",
        "9521141.12345.32a%2Fb",
        3,
        "/414/9521141123454/254/32a%2Fb",
    ),
    "grai-96": ("3376451FD40C0E400000162E", "9521141.12345.5678", 3, "/8003/095211411234545678"),
    "grai-170": (
        "3776451FD40C0E59B2C2BF1000000000000000000000",
        "9521141.12345.32a%2Fb",
        3,
        "/8003/0952114112345432a%2Fb",
    ),
    "giai-96": ("3476451FD40000000000162E", "9521141.5678", 3, "/8004/95211415678"),
    "giai-202": (
        "3876451FD59B2C2BF10000000000000000000000000000000000",
        "9521141.32a%2Fb",
        3,
        "/8004/952114132a%2Fb",
    ),
    "gsrn-96": ("2D76451FD4499602D2000000", "9521141.1234567890", 3, "/8018/952114112345678906"),
    "gsrnp-96": ("2E76451FD4499602D2000000", "9521141.1234567890", 3, "/8017/952114112345678906"),
    "gdti-96": ("2C76451FD46072000000162E", "9521141.12345.5678", 3, "/253/95211411234545678"),
    "gdti-174": (
        "3E76451FD7039B061438997367D0C18B266D1AB66EE0",
        "9521141.98765.ABCDefgh012345678",
        3,
        "/253/9521141987650ABCDefgh012345678",
    ),
    "cpi-96": ("3C76451FD400C0E680003039", "9521141.98765.12345", 3, "/8010/952114198765/8011/12345"),
    "cpi-var": (
        "3D76451FD75411DEF6B4CC00000003039000",
        "9521141.5PQ7%2FZ43.12345",
        3,
        "/8010/95211415PQ7%2FZ43/8011/12345",
    ),
    "sgcn-96": ("3F76451FD612640000019907", "9521141.67890.04711", 3, "/255/952114167890904711"),
    "gid-96": ("3500E86F8000A9E000000586", "952056.2718.1414", None, None),
    "usdod-96": ("2F320434147455900000162E", "CAGEY.5678", 3, None),
    "adi-var": ("3B0E0CF5E76C9047759AD00373DC7602E7200", "35962.PQ7VZ4.M37GXB92", 3, None),
    "itip-110": ("4076451FD40C0E40820000000F54", "9521141.012345.01.02.981", 3, "/8006/095211411234540102/21/981"),
    "itip-212": (
        "4176451FD40C0E4082DBDD8B36600000000000000000000000000000",
        "9521141.012345.01.02.mw133",
        3,
        "/8006/095211411234540102/21/mw133",
    ),
    # Not in the annex, as it is deprecated; made by hand after TDS 2.3, 14.6.8.2 and 14.4.6.
    "gdti-113": (
        f"{(0x3A << 105 | 3 << 102 | 5 << 99 | 9521141 << 75 | 12345 << 58 | 100678) << 7:030X}",
        "9521141.12345.00678",
        3,
        "/253/952114112345400678",
    ),
}

# The same annex. Errata: SGTIN++ and DSGTIN++ carry id.example.com (example.com is printed); SSCC++ and ITIP++ have the
# headers EF and ED of table 14-1 (F9 and F3, those of SSCC+ and ITIP+, are printed).
PLUS = {
    "sgtin+": ("F73795211411234538566CB0AFC4", "id.gs1.org/01/79521141123453/21/32a%2Fb", 3),
    "dsgtin+": ("FB342CDE795211411234538566CB0AFC4", "id.gs1.org/01/79521141123453/21/32a%2Fb?17=220630", 3),
    "sgtin++": (
        "FD3795211411234538566CB0AFC525065F1876F0D996D800",
        "id.example.com/01/79521141123453/21/32a%2Fb",
        3,
    ),
    "dsgtin++": (
        "FC342CDE795211411234538566CB0AFC525065F1876F0D996D80",
        "id.example.com/01/79521141123453/21/32a%2Fb?17=220630",
        3,
    ),
    "sscc+": ("F90095201234567891235", "id.gs1.org/00/095201234567891235", 0),
    "sscc++": ("EF009520123456789123592832F8C3B786CCB6C0", "id.example.com/00/095201234567891235", 0),
    "sgln+": ("F2395211411234548566CB0AFC4", "id.gs1.org/414/9521141123454/254/32a%2Fb", 3),
    "sgln++": (
        "E9395211411234548566CB0AFC525065F1876F0D996D8000",
        "id.example.com/414/9521141123454/254/32a%2Fb",
        3,
    ),
    "grai+": ("F13095211411234548566CB0AFC4", "id.gs1.org/8003/0952114112345432a%2Fb", 3),
    "grai++": ("EB3095211411234548566CB0AFC525065F1876F0D996D800", "id.example.com/8003/0952114112345432a%2Fb", 3),
    "giai+": ("FA3952114132E83C2BF10", "id.gs1.org/8004/952114132a%2Fb", 3),
    "giai++": ("EE3952114132E83C2BF1494197C61DBC3665B600", "id.example.com/8004/952114132a%2Fb", 3),
    "gsrn+": ("F43952114112345678906", "id.gs1.org/8018/952114112345678906", 3),
    "gsrn++": ("E7395211411234567890692832F8C3B786CCB6C0", "id.example.com/8018/952114112345678906", 3),
    "gsrnp+": ("F53952114112345678906", "id.gs1.org/8017/952114112345678906", 3),
    "gsrnp++": ("E8395211411234567890692832F8C3B786CCB6C0", "id.example.com/8017/952114112345678906", 3),
    "gdti+": ("F6395211411234540458B8", "id.gs1.org/253/95211411234545678", 3),
    "gdti++": ("EA395211411234540458BA4A0CBE30EDE1B32DB0", "id.example.com/253/95211411234545678", 3),
    "cpi+": ("F0395211415E87A145BAFB4D19A8C0E4", "id.gs1.org/8010/95211415PQ7%2FZ43/8011/12345", 3),
    "cpi++": (
        "E6395211415E87A145BAFB4D19A8C0E64A0CBE30EDE1B32DB000",
        "id.example.com/8010/95211415PQ7%2FZ43/8011/12345",
        3,
    ),
    "sgcn+": ("F839521141678909509338", "id.gs1.org/255/952114167890904711", 3),
    "sgcn++": ("EC3952114167890950933C94197C61DBC3665B60", "id.example.com/255/952114167890904711", 3),
    "itip+": ("F3309521141123454010266AE27FDF35", "id.gs1.org/8006/095211411234540102/21/rif981", 3),
    "itip++": (
        "ED309521141123454010266AE27FDF3592832F8C3B786CCB6C00",
        "id.example.com/8006/095211411234540102/21/rif981",
        3,
    ),
}


def whole_words(code: str) -> str:
    """Fill up the annex's hex, which may end in half a byte, as a tag's memory is: words of 16 bits."""
    return code + "0" * (-len(code) % 4)


@pytest.mark.parametrize("name", CLASSIC)
def test_the_standards_example_of_a_classic_scheme(name: str) -> None:
    code, key, filter_value, path = CLASSIC[name]
    identity = decode(whole_words(code).lower())
    assert identity.scheme.name == name
    assert identity.filter_value == filter_value
    first = "" if filter_value is None else f"{filter_value}."
    assert identity.pure_identity == f"urn:epc:id:{name.split('-', maxsplit=1)[0]}:{key}"
    assert identity.tag_uri == f"urn:epc:tag:{name}:{first}{key}"
    assert identity.digital_link == (None if path is None else f"https://id.gs1.org{path}")
    assert epc_uri(whole_words(code)) == identity.pure_identity


@pytest.mark.parametrize("name", PLUS)
def test_the_standards_example_of_a_scheme_without_a_urn(name: str) -> None:
    code, link, filter_value = PLUS[name]
    identity = decode(whole_words(code))
    assert identity.scheme.name == name
    assert identity.filter_value == filter_value
    assert (identity.pure_identity, identity.tag_uri) == (None, None)
    assert identity.digital_link == f"https://{link}"
    assert epc_uri(whole_words(code)) == f"https://{link.split('?')[0]}", "an event names the thing without its date"


def test_every_scheme_of_the_standard_has_an_example() -> None:
    assert {scheme.name for scheme in SCHEMES.values()} == {*CLASSIC, *PLUS}


def test_what_the_annex_prints_with_another_schemes_header_is_that_scheme() -> None:
    printed = decode("F9009520123456789123592832F8C3B786CCB6C0")
    assert printed.digital_link == "https://id.gs1.org/00/095201234567891235"


FILLED = {name: whole_words(code) for name, (code, *_) in {**CLASSIC, **PLUS}.items()}


@pytest.mark.parametrize("name", FILLED)
def test_words_after_the_epc_change_nothing(name: str) -> None:
    assert decode(FILLED[name] + "0000").uri == decode(FILLED[name] + "A5C3").uri == decode(FILLED[name]).uri


@pytest.mark.parametrize("name", FILLED)
def test_an_epc_cut_short_is_told(name: str) -> None:
    needed = FILLED[name].rstrip("0")
    needed = needed[: len(needed) - len(needed) % 2]
    for digits in range(2, len(needed) - 2, 2):
        with pytest.raises(EpcError, match=r"has \d+ bits, this tag|ends \d+ bits too early"):
            decode(needed[:digits])


def test_the_data_toggle_is_no_part_of_the_identity() -> None:
    code = FILLED["sgtin+"]
    toggled = f"{int(code, 16) | 1 << (len(code) * 4 - 9):0{len(code)}X}"
    assert toggled[:4] == "F7B7"
    assert decode(toggled) == decode(code)


LINKS = {
    "no extension": ("3276451FD460720000000000", "https://id.gs1.org/414/9521141123454"),
    "company prefix of 12 digits, no reference": (
        f"{0x32 << 88 | 952114112345 << 42 | 400:024X}",
        "https://id.gs1.org/414/9521141123454/254/400",
    ),
}


@pytest.mark.parametrize(("code", "link"), LINKS.values(), ids=LINKS)
def test_locations_without_parts(code: str, link: str) -> None:
    assert decode(code).digital_link == link


def test_a_reference_of_no_digits_leaves_two_dots() -> None:
    assert decode(LINKS["company prefix of 12 digits, no reference"][0]).key == "952114112345..400"


def sgtin_198(serial: str) -> str:
    packed = "".join(f"{ord(char):07b}" for char in serial).ljust(140, "0")
    return f"{int('00110110' + '011' + '101' + f'{9521141:024b}' + f'{12345:020b}' + packed, 2) << 2:050X}"


def test_urns_and_links_escape_as_each_is_told_to() -> None:
    """TDS annex A (seven characters) against RFC 3986, 2.3 (all but the unreserved)."""
    identity = decode(sgtin_198("!\"%&'()*+,-./:;<=>?_"))
    urn, link = str(identity.pure_identity), str(identity.digital_link)
    assert urn.endswith(".!%22%25%26'()*+,-.%2F:;%3C=%3E%3F_")
    assert link.endswith("/21/%21%22%25%26%27%28%29%2A%2B%2C-.%2F%3A%3B%3C%3D%3E%3F_")


def test_forklifts_of_the_simulated_warehouse_have_a_name() -> None:
    assert epc_uri("3414257BF40000000000002A") == "urn:epc:id:giai:0614141.42"


def row(*fields: tuple[int, int]) -> str:
    """Pack (value, bits) and fill up the last byte."""
    bits = "".join(f"{value:0{width}b}" for value, width in fields)
    bits += "0" * (-len(bits) % 8)
    return f"{int(bits, 2):0{len(bits) // 4}X}"


GTIN = (0x79521141123453, 56)
REFUSED = {
    "partition": ("301C257BF7194E4000001A85", "sgtin-96: partition 7 is not defined"),
    "company prefix": ("3003" + "F" * 20, "company prefix .* has more than 12 digits"),
    "reference": (f"{0x30 << 88 | 0 << 82 | 1 << 42 | 15 << 38:024X}", "reference 15 has more than 1 digits"),
    "reference of no digits": (f"{0x32 << 88 | 1 << 42 | 1 << 41:024X}", "reference 1 has more than 0 digits"),
    "company prefix before letters": (row((0x38, 8), (0, 3), (5, 3), (10**7, 24), (0x61, 7), (0, 157)), "-202: comp"),
    "bits after 23 letters": (row((0x38, 8), (0, 3), (5, 3), (9521141, 24), *[(0x61, 7)] * 23, (1, 3)), "must be zero"),
    "unallocated": ("3174257BF4499602D2000001", "last 24 bits are unallocated"),
    "unprogrammed": ("00" * 12, "not programmed"),
    "a TID": ("E2" * 12, "header 0xE2: these are the first bits of a TID"),
    "other header": ("CE" * 12, "header 0xCE: no scheme"),
    "too short": ("3074257BF7194E400000", "sgtin-96 has 96 bits, this tag 80"),
    "blanks": ("30 74 257BF7194E400001A8", "is not hex"),
    "underscore": ("3074257BF7194E40_0001A85", "is not hex"),
    "letters": ("zz", "is not hex"),
    "odd": ("307", "has 3 hex digits"),
    "nothing": ("", "has 0 hex digits"),
    "endless": ("30" * 63, "has 126 hex digits"),
    "string without a character": (sgtin_198(""), "sgtin-198: a string of 0 characters"),
    "string after its end": (sgtin_198("a\0b"), "7-bit value 0 is no character"),
    "string of other characters": (sgtin_198("a b"), "7-bit value 32 is no character"),
    "digits without their 1": ("3F76451FD612640000000007", "sgcn-96: 7 is no serial number"),
    "piece": (row((0x40, 8), (0, 6), (0, 44), (100, 7), (1, 7), (0, 38)), "piece 100 of 1: both have two digits"),
    "CAGE code": (row((0x2F, 8), (0, 4), (0x20434149, 32), (0x4559, 16), (1, 36)), "'CAIEY' is no CAGE code"),
    "part number": (row((0x3B, 8), (0, 6), (0x20, 6), (0x31, 6), (0x31, 6), (0x31, 6), (0x31, 6), (0x31, 6), (0x23, 6),
                        (0, 6), (0x31, 6), (0, 6)), "# may stand at the front of the serial number only"),
    "CPI-var without an end": (row((0x3D, 8), (0, 3), (5, 3), (9521141, 24), *[(0x31, 6)] * 40), "more than 23 charac"),
    "CPI-var's serial number": (
        row((0x3D, 8), (0, 3), (5, 3), (9521141, 24), (0x31, 6), (0, 6), (10**12, 40)), "more than 12 digits"),
    "GTIN with a letter": (row((0xF7, 8), (3, 4), (0x7952114112345A, 56), (0, 40)), "7952114112345A are no 14 digits"),
    "reserved encoding": (row((0xF7, 8), (3, 4), GTIN, (6, 3), (1, 5), (0, 40)), "sgtin\\+: encoding indicator 6"),
    "no serial number": (row((0xF7, 8), (3, 4), GTIN, (0, 3), (0, 5), (0, 40)), "0 characters, where 1 to 20"),
    "serial number too long": (row((0xF7, 8), (3, 4), GTIN, (1, 3), (21, 5), (0, 99)), "21 characters, where 1 to 20"),
    "number beyond its digits": (row((0xF7, 8), (3, 4), GTIN, (0, 3), (1, 5), (15, 4)), "15 has more than 1 digits"),
    "space": (row((0xF7, 8), (3, 4), GTIN, (4, 3), (1, 5), (32, 7)), "' ' is not allowed"),
    "pad in the middle": (row((0xF7, 8), (3, 4), GTIN, (5, 3), (3, 5), (1600 + 1, 16)), "other than 3 characters"),
    "no three characters": (row((0xF7, 8), (3, 4), GTIN, (5, 3), (3, 5), (64001, 16)), "64001 are no three"),
    "no date": (row((0xFB, 8), (3, 4), (4, 4), (22, 7), (13, 4), (1, 5), GTIN), "month 13, day 1 are no date"),
    "30 February": (row((0xFB, 8), (3, 4), (4, 4), (22, 7), (2, 4), (30, 5), GTIN), "month 2, day 30 are no date"),
    "kind of date": (row((0xFB, 8), (3, 4), (7, 4), (22, 7), (1, 4), (1, 5), GTIN), "date type 7 is reserved"),
    "asset without digits": (row((0xFA, 8), (3, 4), (0xE, 4), (1, 3), (1, 5), (10, 4)), "has to begin with a digit"),
    "digits ended by A": (row((0xFA, 8), (3, 4), (0x1A, 8)), "A is no digit"),
    "endless digits": (row((0xFA, 8), (3, 4), *[(1, 4)] * 40), "more than 30 digits without an end"),
    "part in small letters": (row((0xF0, 8), (3, 4), (0x1E, 8), (2, 3), (1, 5), (10, 4)), "'a' is not allowed"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_epc_is_told(code: str, told: str) -> None:
    with pytest.raises(EpcError, match=told):
        decode(code)


def hosted(*fields: tuple[int, int]) -> str:
    return row((0xEF, 8), (0, 4), (0x095201234567891235, 72), *fields)


def seven(*codes: int) -> str:
    return hosted((1, 1), (len(codes), 6), *((code, 7) for code in codes))


HOSTS = {
    "capitals": (hosted((0, 1), (5, 6), (1600 * 1 + 40 * 28 + 2 + 1, 16), (1600 * 28 + 40 * 3 + 1, 16)), "A.B.C"),
    "country": (seven(0x1F, ord("a"), 0, 0x37), "www.a.de"),
    "later country": (seven(ord("a"), 1, 0x23), "a.nl"),
    "compound": (seven(0x1E, ord("a"), 2, 6), "qr.a.com.br"),
    "printed with another prefix": (seven(ord("a"), 2, 29), "a.org.cn"),
    "tech": (seven(ord("a"), 3, 0), "a.tech"),
    "last country": (seven(ord("a"), 1, 0x74), "a.zw"),
    "port": (seven(*b"a-b.c:8443"), "a-b.c:8443"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "host"), HOSTS.values(), ids=HOSTS)
def test_host_names(code: str, host: str) -> None:
    assert decode(code).digital_link == f"https://{host}/00/095201234567891235"
    assert decode(code).uri == f"https://{host.lower()}/00/095201234567891235", "a host name has no case"


NO_HOSTS = {
    "empty": seven(),
    "a path": seven(*b"a.b/c"),
    "a query": seven(*b"a.b?c"),
    "another user": seven(*b"a.b:c"),
    "two dots": seven(*b"a..b"),
    "unused value": seven(ord("a"), 5),
    "unused pair": seven(ord("a"), 1, 0x75),
    "half a pair": seven(ord("a"), 1),
    "longer than 63": seven(ord("a"), *[2, 0] * 10),
}


@pytest.mark.parametrize("code", NO_HOSTS.values(), ids=NO_HOSTS)
def test_what_is_no_host_name_is_told(code: str) -> None:
    with pytest.raises(EpcError, match=r"sscc\+\+: .*(no host name|stands for nothing)"):
        decode(code)


def test_the_iso_toggle_is_named() -> None:
    with pytest.raises(EpcError, match="ISO toggle is set, application family 0xA2"):
        decode(CLASSIC["sgtin-96"][0], pc=0x31A2)


@pytest.mark.parametrize("code", [REFUSED["partition"][0], "e2801160", "00" * 12])
def test_the_rest_keeps_its_raw_bits(code: str) -> None:
    assert epc_uri(code) == raw_uri(code) == f"urn:epc:raw:{len(code) * 4}.x{code.upper()}"


@pytest.mark.parametrize(("digits", "check"), [("8061414112345", "8"), ("10614141234567890", "8"), ("0" * 13, "0")])
def test_check_digits(digits: str, check: str) -> None:
    assert check_digit(digits) == check


@given(header=st.sampled_from(sorted(SCHEMES)) | st.integers(0, 255), rest=st.binary(max_size=61))
def test_any_memory_has_a_name_that_events_can_carry(header: int, rest: bytes) -> None:
    name = epc_uri(bytes([header, *rest]).hex())
    assert name.startswith(("urn:epc:", "https://"))
    assert name.isascii() and name.isprintable() and " " not in name
    assert len(name) <= 400


@given(name=st.sampled_from(sorted(FILLED)), place=st.floats(0, 1), flipped=st.binary(min_size=1, max_size=4))
def test_a_damaged_epc_is_an_epc_or_is_told(name: str, place: float, flipped: bytes) -> None:
    data = bytearray.fromhex(FILLED[name])
    start = 1 + int(place * (len(data) - 1))
    for offset, byte in enumerate(flipped):
        if start + offset < len(data):
            data[start + offset] ^= byte
    try:
        identity = decode(data.hex())
    except EpcError as error:
        assert str(error).startswith(f"{name}: ")
    else:
        assert identity.scheme.name == name
        assert identity.uri.startswith(("urn:epc:id:", "https://"))


def test_the_command_tells_what_a_scheme_has_not() -> None:
    codes = ["3414257BF40000000000002A", FILLED["dsgtin++"], FILLED["gid-96"], "e2801160"]
    result = CliRunner().invoke(main, ["epc", "decode", *codes])
    assert result.exit_code == 1, "the last is no EPC"
    forklift, expiring, general, chip = (json.loads(line) for line in result.stdout.splitlines())
    assert forklift["pure_identity"] == "urn:epc:id:giai:0614141.42"
    assert (expiring["scheme"], expiring["pure_identity"], expiring["tag_uri"]) == ("dsgtin++", None, None)
    assert expiring["digital_link"] == "https://id.example.com/01/79521141123453/21/32a%2Fb?17=220630"
    assert (general["digital_link"], general["error"]) == (None, None)
    assert chip["error"] == "header 0xE2: these are the first bits of a TID, not of an EPC"
