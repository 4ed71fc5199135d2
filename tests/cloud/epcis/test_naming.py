"""How places, companies and papers are called, and whose a name is."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tagdock_cloud.epcis.links import canonical
from tagdock_cloud.epcis.naming import Names, Naming, is_gln, party_of, pgln, sgln, spellings
from tagdock_cloud.epcis.places import Place
from tagdock_cloud.epcis.render import linked, query_document
from tagdock_cloud.epcis.shape import faults_of_event
from tagdock_cloud.epcis.telling import digest_of, own_event, said_of

_GLN = {"gln": "9521234000013", "extension": None, "company_prefix_digits": 7}
_OWN = {**_GLN, "uri_prefix": None, "party_gln": "9521234000006"}
_ADDRESS = "https://id.example/here/"
_BY_ADDRESS = {**dict.fromkeys(_OWN), "uri_prefix": _ADDRESS}


def naming(own: dict[str, Any] | None = None, **places: dict[str, Any]) -> Naming:
    return Naming("here", own or {}, {name.replace("_", "/"): row for name, row in places.items()})


@pytest.mark.parametrize("text", ["9521234000013", "4012345000009", "0614141000005"])
def test_a_gln_has_a_check_digit(text: str) -> None:
    assert is_gln(text)
    assert (
        not is_gln(f"{text[:12]}{(int(text[12]) + 1) % 10}") and not is_gln(text[:12]) and not is_gln(text[:12] + "x")
    )


@pytest.mark.parametrize(
    ("digits", "extension", "uri"),
    [
        (7, None, "urn:epc:id:sgln:9521234.00001.0"),
        (7, "D-1", "urn:epc:id:sgln:9521234.00001.D-1"),
        (12, None, "urn:epc:id:sgln:952123400001..0"),
        (None, None, "https://id.gs1.org/414/9521234000013"),
        (None, "D-1", "https://id.gs1.org/414/9521234000013/254/D-1"),
    ],
)
def test_a_location_is_the_same_however_it_is_written(digits: int | None, extension: str | None, uri: str) -> None:
    assert sgln("9521234000013", extension, digits) == uri
    assert canonical(uri) == sgln("9521234000013", extension, None)
    assert {uri, canonical(uri)} <= set(spellings(uri)) and set(spellings(canonical(uri))) == set(spellings(uri))


def test_a_party_is_the_same_however_it_is_written() -> None:
    assert canonical(pgln("9521234000006", 7)) == pgln("9521234000006", None) == "https://id.gs1.org/417/9521234000006"


@pytest.mark.parametrize(
    ("named", "door", "bin_", "site"),
    [
        pytest.param(
            naming(), "urn:tagdock:door:here:D1", "urn:tagdock:bin:here:A%201", "urn:tagdock:site:here", id="none"
        ),
        pytest.param(
            naming(_OWN), "urn:tagdock:door:here:D1", "urn:tagdock:bin:here:A%201", "urn:epc:id:sgln:9521234.00001.0",
            id="site",
        ),
        pytest.param(
            naming(_OWN, door_D1={**_GLN, "extension": "1"}), "urn:epc:id:sgln:9521234.00001.1",
            "urn:tagdock:bin:here:A%201", "urn:epc:id:sgln:9521234.00001.0", id="site-and-door",
        ),
        pytest.param(
            naming(_BY_ADDRESS), f"{_ADDRESS}loc/door/D1", f"{_ADDRESS}loc/bin/A%201", f"{_ADDRESS}loc/site",
            id="address",
        ),
    ],
)  # fmt: skip
def test_a_place_is_called_by_its_gln_then_its_address_then_as_we_call_it(
    named: Naming, door: str, bin_: str, site: str
) -> None:
    assert (named.uri("door/D1"), named.uri("bin/A 1"), named.uri(None)) == (door, bin_, site)


@pytest.mark.parametrize(
    ("own", "uri"),
    [
        ({}, "urn:tagdock:bt:here:outbound:PO%207"),
        (_OWN, "urn:epcglobal:cbv:bt:9521234000006:PO%207"),
        (_BY_ADDRESS, f"{_ADDRESS}bt/outbound/PO%207"),
    ],
)
def test_a_paper_is_called_after_who_wrote_it(own: dict[str, Any], uri: str) -> None:
    assert naming(own).transaction("outbound", "PO 7") == uri


@pytest.mark.parametrize(
    ("partner", "uri"),
    [
        ("9521234000006", "https://id.gs1.org/417/9521234000006"),
        ("urn:epc:id:pgln:9521234.00000", "urn:epc:id:pgln:9521234.00000"),
        ("https://acme.example/", "https://acme.example/"),
        ("9521234000007", None),
        ("Acme", None),
        ("", None),
    ],
)
def test_a_partner_is_told_where_a_uri_can_be_made_of_it(partner: str, uri: str | None) -> None:
    assert party_of(partner) == uri


_NAMES = Names({"https://id.gs1.org/414/9521234000013/254/1": Place("here", "door/D1")}, [(_ADDRESS, "here")])


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("urn:tagdock:door:here:D1", Place("here", "door/D1")),
        ("urn:epc:id:sgln:9521234.00001.1", Place("here", "door/D1")),
        ("https://any.example/414/9521234000013/254/1", Place("here", "door/D1")),
        (f"{_ADDRESS}loc/bin/A%201", Place("here", "bin/A 1")),
        (f"{_ADDRESS}loc/site", Place("here", None)),
        (f"{_ADDRESS}loc/bin/", None),
        (f"{_ADDRESS}loc/bin/%00", None),
        ("urn:epc:id:sgln:9521234.00001.2", None),
        (None, None),
    ],
)
def test_a_place_answers_to_all_its_names(uri: str | None, place: Place | None) -> None:
    assert _NAMES.place(uri) == place


def test_every_name_of_a_place_is_known_to_who_asks() -> None:
    assert set(_NAMES.uris(Place("here", "door/D1"))) == {
        "urn:tagdock:door:here:D1", "https://id.gs1.org/414/9521234000013/254/1", f"{_ADDRESS}loc/door/D1",
    }  # fmt: skip


_ROW = {
    "site": "here", "observed_at": datetime(2026, 1, 5, 8, 0, 0, 123456, UTC), "revision": 1,
    "epc": "urn:epc:id:sgtin:9521234.012345.17",
}  # fmt: skip
_PAPER = {"kind": "inbound", "order_id": "N-3", "partner": "4012345000009"}


@pytest.mark.parametrize(
    ("step", "place", "paper", "kind"),
    [
        ("shipping", "door/D1", {**_PAPER, "kind": "outbound"}, "po"),
        ("receiving", "door/D1", _PAPER, "desadv"),
        ("returned", "door/D1", _PAPER, "rma"),
        ("storing", "bin/A-1", None, None),
        ("picking", "bin/A-1", None, None),
    ],
)
def test_what_an_event_says_beside_its_row_is_sound_and_part_of_its_id(
    step: Any, place: str, paper: dict[str, str] | None, kind: str | None
) -> None:
    row = {**_ROW, "step": step, "place": place}
    said = said_of(row, naming(_OWN, **{"bin_A-1": _GLN}), paper)
    event = own_event({**row, "said": said})
    assert list(faults_of_event("event", event)) == []
    assert digest_of({**row, "said": said}) != digest_of({**row, "said": None})
    assert [one["type"] for one in event.get("bizTransactionList", [])] == ([kind] if kind else [])
    if kind == "po":
        assert [one["type"] for one in event["sourceList"]] == ["possessing_party", "location"]
        assert event["destinationList"] == [
            {"type": "possessing_party", "destination": "https://id.gs1.org/417/4012345000009"}
        ]


_PLACES = {
    "door/D1": {**_GLN, "extension": "D1"}, "bin/A 1": {**_GLN, "company_prefix_digits": None, "extension": "A.1"}
}  # fmt: skip
_SHIPPED = ("shipping", "door/D1", {"kind": "outbound", "order_id": "PO 7", "partner": "4012345000009"})
_RECEIVED = (
    "receiving", "door/D1", {"kind": "inbound", "order_id": "N:3", "partner": "urn:epc:id:pgln:4012345.00000"}
)  # fmt: skip
_RETURNED = ("returned", "door/D1", {"kind": "inbound", "order_id": "R-9", "partner": ""})
_STORED = ("storing", "bin/A 1", None)


@pytest.mark.parametrize(
    ("own", "told", "digest"),
    [
        pytest.param(_OWN, _SHIPPED, "a5e44cd2e1a1604e0bbfa741ffeb7dd226e97ab409f08d657693d5b55f13ff24", id="gln-po"),
        pytest.param(_OWN, _RECEIVED, "c9bee7cd5435cb646c32e3ae4b6d3233909c179e7f6cf5d5659b8642c6755b01", id="gln-asn"),
        pytest.param(_OWN, _RETURNED, "75a41f75ad68f27d5ad4528c58b0978983f809efb8f3a70a1f61506e743e8717", id="gln-rma"),
        pytest.param(_OWN, _STORED, "0f16205d2b0cc1f9256fa111c2cb62f1a88bd5431444636f72d74da1ec8891a5", id="gln-bin"),
        pytest.param(
            _BY_ADDRESS, _SHIPPED, "0dfc4630627e88cf965758b168f6c0a4003093170860852fce5e07b982080bca", id="address-po"
        ),
        pytest.param(
            _BY_ADDRESS, _RETURNED, "1e3eb7966b9d2280b5f79cdc264b9e0d2b71ef182e6460b15fd9fc9ac7cb567d", id="address-rma"
        ),
    ],
)
def test_ids_are_those_of_the_reference_implementation(
    own: dict[str, Any], told: tuple[Any, str, Any], digest: str
) -> None:
    # epcis-event-hash-generator 1.9.3 gave these ids for these events
    step, place, paper = told
    row = {**_ROW, "step": step, "place": place}
    named = Naming("here", own, _PLACES if own is _OWN else {})
    assert digest_of({**row, "said": said_of(row, named, paper)}).hex() == digest


@pytest.mark.parametrize("own", [{}, _OWN, _BY_ADDRESS], ids=["urns", "glns", "addresses"])
def test_every_event_with_names_and_papers_passes_the_schema(own: dict[str, Any], schema: Any) -> None:
    named = Naming("here", own, _PLACES)
    rows = [({**_ROW, "step": step, "place": place}, paper) for step, place, paper in (_SHIPPED, _RETURNED, _STORED)]
    events = [own_event({**row, "said": said_of(row, named, paper)}) for row, paper in rows]
    events += [linked(event) for event in events]
    document = query_document(events, datetime(2026, 1, 5, tzinfo=UTC), name="SimpleEventQuery")
    assert [error.message for error in schema.iter_errors(document)] == []


def test_what_has_no_name_of_its_own_says_nothing_beside_its_row() -> None:
    assert said_of({**_ROW, "step": "receiving", "place": "door/D1"}, naming(), None) == {}
