from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_cloud.epcis.hashing import event_hash, hash_id, pre_hash

_RECEIVED: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventTime": "2026-01-05T08:00:00.123456Z",
    "eventTimeZoneOffset": "+00:00",
    "epcList": ["urn:epc:id:sgtin:9521234.012345.17"],
    "action": "OBSERVE",
    "bizStep": "receiving",
    "disposition": "in_progress",
    "readPoint": {"id": "urn:tagdock:door:hangzhou-1:D1"},
    "bizLocation": {"id": "urn:tagdock:site:hangzhou-1"},
}
_PACKED: dict[str, Any] = {
    "type": "AggregationEvent",
    "eventTime": "2026-01-05T09:30:00+01:00",
    "eventTimeZoneOffset": "+01:00",
    "parentID": "urn:epc:id:sscc:9521234.0123456789",
    "childEPCs": [
        "urn:epc:id:sgtin:9521234.012345.18",
        "https://shop.example/gtin/09521234123455/lot/A/ser/17?x=1",
    ],
    "childQuantityList": [{"epcClass": "urn:epc:class:lgtin:9521234.012345.LOT-1", "quantity": 12.50, "uom": "KGM"}],
    "action": "ADD",
    "bizStep": "packing",
    "bizTransactionList": [
        {"type": "po", "bizTransaction": "https://erp.example/po/7"},
        {"type": "desadv", "bizTransaction": "https://erp.example/asn/3"},
    ],
    "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:9521234.00000"}],
    "destinationList": [{"type": "location", "destination": "urn:epc:id:sgln:9521234.00001.0"}],
    "x:crates": 3,
}
_X = {"x": "https://x.example/epcis/"}


@pytest.mark.parametrize(
    ("event", "digest"),
    [
        pytest.param(_RECEIVED, "a0f3d76f1115880fcc23a4f4694b8ac0a9ca86af21adca35ea50ca3c116a2c0e", id="one-epc"),
        pytest.param(_PACKED, "d711dbde75388d5fdeb47c5a499a1ac6bd84d89816f2381e479d8b38b9a8f013", id="all-lists"),
    ],
)
def test_hashes_are_those_of_the_reference_implementation(event: dict[str, Any], digest: str) -> None:
    # epcis-event-hash-generator 1.9.5 gave these ids for these events
    assert hash_id(event_hash(event, _X)) == f"ni:///sha-256;{digest}?ver=CBV2.0"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"eventTime": "2026-01-05T16:00:00.1234+08:00"}, id="same-instant-elsewhere"),
        pytest.param({"epcList": ["https://id.gs1.org/01/09521234123453/21/17"]}, id="epc-as-link"),
        pytest.param({"epcList": ["https://other.example/gtin/09521234123453/ser/17?a=b"]}, id="epc-as-foreign-link"),
        pytest.param({"bizStep": "urn:epcglobal:cbv:bizstep:receiving"}, id="step-as-urn"),
        pytest.param({"bizStep": "https://ref.gs1.org/cbv/BizStep-receiving"}, id="step-as-link"),
        pytest.param({"bizStep": "cbv:BizStep-receiving"}, id="step-as-curie"),
        pytest.param({"disposition": " in_progress "}, id="white-space"),
        pytest.param({"eventID": "urn:uuid:c2a6b7a0-0000-4000-8000-000000000000"}, id="id"),
        pytest.param({"recordTime": "2026-01-05T09:00:00Z"}, id="record-time"),
        pytest.param({"errorDeclaration": {"declarationTime": "2026-01-06T00:00:00Z"}}, id="error-declaration"),
        pytest.param({"rdfs:comment": "seen by Ann"}, id="comment"),
    ],
)
def test_the_same_event_in_other_words_has_the_same_hash(changes: dict[str, Any]) -> None:
    assert event_hash({**_RECEIVED, **changes}) == event_hash(_RECEIVED)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"eventTime": "2026-01-05T08:00:00.124Z"}, id="a-millisecond"),
        pytest.param({"eventTimeZoneOffset": "+01:00"}, id="offset"),
        pytest.param({"epcList": ["urn:epc:id:sgtin:9521234.012345.18"]}, id="epc"),
        pytest.param({"disposition": "returned"}, id="disposition"),
        pytest.param({"readPoint": {"id": "urn:tagdock:door:hangzhou-1:D2"}}, id="door"),
        pytest.param({"x:note": "y"}, id="extension"),
    ],
)
def test_another_event_has_another_hash(changes: dict[str, Any]) -> None:
    assert event_hash({**_RECEIVED, **changes}) != event_hash(_RECEIVED)


def test_lists_count_as_sets_and_are_named_once() -> None:
    text = pre_hash({**_RECEIVED, "epcList": ["urn:b:2", "urn:a:1"]})
    assert "epcListepc=urn:a:1epc=urn:b:2action=" in text


@pytest.mark.parametrize(
    ("written", "counted"),
    [("08:00:00.1415", "08:00:00.142"), ("08:00:00.1414", "08:00:00.141"), ("08:00:00.9996", "08:00:01.000")],
    ids=["half-up", "down", "into-the-next-second"],
)
def test_times_are_rounded_to_milliseconds(written: str, counted: str) -> None:
    event = {**_RECEIVED, "eventTime": f"2026-01-05T{written}Z"}
    assert f"eventTime=2026-01-05T{counted}Z" in pre_hash(event)


def test_fields_of_ones_own_stand_behind_what_they_belong_to() -> None:
    event = {**_RECEIVED, "readPoint": {"id": "urn:r:1", "x:gate": "7"}, "x:b": {"x:c": [2, 1.50]}, "x:a": True}
    text = pre_hash(event, _X)
    assert "readPointid=urn:r:1{https://x.example/epcis/}gate=7bizLocation" in text
    assert text.endswith(
        "{https://x.example/epcis/}a=true{https://x.example/epcis/}b"
        "{https://x.example/epcis/}c=1.5{https://x.example/epcis/}c=2"
    )


@given(st.permutations(sorted(_PACKED)))
def test_the_order_of_fields_does_not_matter(names: list[str]) -> None:
    assert event_hash({name: _PACKED[name] for name in names}, _X) == event_hash(_PACKED, _X)
