"""Events and documents, sound and unsound in every way; GS1's schema has the last word where it is here."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tagdock_cloud.epcis.document import (
    MOST_EVENTS,
    STANDARD_CONTEXT,
    NoDocumentError,
    own_context,
    prefixes_of,
    read_document,
    read_event,
    read_json,
)
from tagdock_cloud.epcis.shape import faults_of_event

_DATA = Path(os.environ.get("TAGDOCK_TEST_DATA", "/nowhere")) / "epcis"
_LEAVE_OUT = object()


def event(kind: str = "ObjectEvent", **changes: Any) -> dict[str, Any]:
    """Build a sound event with changes."""
    common = {"type": kind, "eventTime": "2026-01-05T08:00:00Z", "eventTimeZoneOffset": "+01:00"}
    own: dict[str, dict[str, Any]] = {
        "ObjectEvent": {"epcList": ["urn:epc:id:sgtin:9521234.012345.17"], "action": "OBSERVE"},
        "AggregationEvent": {"parentID": "urn:x:p", "childEPCs": ["urn:x:c"], "action": "ADD"},
        "AssociationEvent": {"parentID": "urn:x:p", "childEPCs": ["urn:x:c"], "action": "ADD"},
        "TransactionEvent": {
            "bizTransactionList": [{"type": "po", "bizTransaction": "urn:x:t"}], "epcList": ["urn:x:e"], "action": "ADD"
        },
        "TransformationEvent": {"inputEPCList": ["urn:x:i"], "outputEPCList": ["urn:x:o"]},
    }  # fmt: skip
    built = {**common, **own.get(kind, {}), **{name.replace("__", ":"): value for name, value in changes.items()}}
    return {name: value for name, value in built.items() if value is not _LEAVE_OUT}


def document(*events: Any, **changes: Any) -> dict[str, Any]:
    """Build a sound document."""
    built = {
        "@context": [STANDARD_CONTEXT, {"x": "https://x.example/epcis/"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-01-05T08:00:01Z",
        "epcisBody": {"eventList": list(events)},
        **changes,
    }
    return {name: value for name, value in built.items() if value is not _LEAVE_OUT}


_SENSED = {"sensorReport": [{"type": "Temperature", "value": 4.5, "uom": "CEL"}]}
SOUND = [
    pytest.param(event(), id="object"),
    pytest.param(event("AggregationEvent"), id="aggregation"),
    pytest.param(event("AggregationEvent", action="DELETE", childEPCs=_LEAVE_OUT), id="all-children-taken-out"),
    pytest.param(event("AssociationEvent"), id="association"),
    pytest.param(event("TransactionEvent"), id="transaction"),
    pytest.param(event("TransformationEvent"), id="transformation"),
    pytest.param(event("TransformationEvent", outputEPCList=_LEAVE_OUT, transformationID="urn:x:t"), id="half"),
    pytest.param(event(bizStep="https://x.example/steps/wrapping"), id="step-of-ones-own"),
    pytest.param(event(x__note="anything", x__more={"any": [1]}), id="field-of-ones-own"),
    pytest.param(event(action="ADD", ilmd={"x:bestBefore": "2027-01-01"}), id="ilmd"),
    pytest.param(
        event(epcList=_LEAVE_OUT, readPoint={"id": "urn:x:r"}, sensorElementList=[_SENSED]), id="sensor-without-epc"
    ),
    pytest.param(event(persistentDisposition={"set": ["recalled"]}), id="persistent-disposition"),
    pytest.param(event(certificationInfo=["urn:x:c"]), id="certificates"),
    pytest.param(
        event(errorDeclaration={"declarationTime": "2026-01-06T00:00:00Z", "reason": "did_not_occur"}), id="declared"
    ),
]
UNSOUND = [
    pytest.param(event(type="MyEvent"), id="type"),
    pytest.param(event(type=["ObjectEvent"]), id="type-is-a-list"),
    pytest.param(event(eventTime=_LEAVE_OUT), id="no-time"),
    pytest.param(event(eventTime="2026-01-05 08:00:00Z"), id="time-with-blank"),
    pytest.param(event(eventTime="2026-01-05T08:00:00"), id="time-without-zone"),
    pytest.param(event(eventTime="2026-02-30T08:00:00Z"), id="no-such-day"),
    pytest.param(event(eventTime="2026-01-05T25:00:00Z"), id="no-such-hour"),
    pytest.param(event(eventTime=1767600000), id="time-is-a-number"),
    pytest.param(event(eventTimeZoneOffset=_LEAVE_OUT), id="no-offset"),
    pytest.param(event(eventTimeZoneOffset="+14:30"), id="offset-too-large"),
    pytest.param(event(eventTimeZoneOffset="01:00"), id="offset-without-sign"),
    pytest.param(event(action=_LEAVE_OUT), id="no-action"),
    pytest.param(event(action="observe"), id="action-in-small-letters"),
    pytest.param(event(epcList=_LEAVE_OUT), id="no-epcs"),
    pytest.param(event(epcList="urn:x:1"), id="epcs-no-list"),
    pytest.param(event(epcList=["17"]), id="epc-no-uri"),
    pytest.param(event(epcList=["urn:x:a b"]), id="epc-with-blank"),
    pytest.param(event(epcList=["urn:x:1", "urn:x:1"]), id="epc-twice"),
    pytest.param(event(bizStep="wrapping"), id="step-unknown"),
    pytest.param(event(bizStep="urn:epcglobal:cbv:bizstep:shipping"), id="step-as-urn"),
    pytest.param(event(disposition="lost"), id="disposition-unknown"),
    pytest.param(event(readPoint="urn:x:r"), id="read-point-no-object"),
    pytest.param(event(readPoint={}), id="read-point-without-id"),
    pytest.param(event(readPoint={"id": "dock 1"}), id="read-point-no-uri"),
    pytest.param(event(quantityList=[{"epcClass": "urn:x:c", "quantity": "7"}]), id="quantity-as-text"),
    pytest.param(event(quantityList=[{"epcClass": "urn:x:c", "quantity": True}]), id="quantity-true"),
    pytest.param(event(quantityList=[{"epcClass": "urn:x:c", "uom": "kg"}]), id="unit"),
    pytest.param(event(quantityList=[{"epcClass": "urn:x:c", "colour": "red"}]), id="unknown-field-of-quantity"),
    pytest.param(event(note="x"), id="own-field-without-prefix"),
    pytest.param(event(ilmd={"x:y": 1}), id="ilmd-without-add"),
    pytest.param(event(action="ADD", ilmd={"bestBefore": 1}), id="ilmd-without-prefix"),
    pytest.param(event(bizTransactionList=[{"type": "po"}]), id="transaction-without-id"),
    pytest.param(event(sourceList=[{"source": "urn:x:s"}]), id="source-without-type"),
    pytest.param(event(sensorElementList=[{"sensorMetadata": {}}]), id="sensor-without-report"),
    pytest.param(event(sensorElementList=[{"sensorReport": [{"value": 1}]}]), id="report-without-type"),
    pytest.param(event(certificationInfo="paper"), id="certificate-no-uri"),
    pytest.param(event(errorDeclaration={"reason": "did_not_occur"}), id="declared-without-time"),
    pytest.param(
        event(errorDeclaration={"declarationTime": "2026-01-06T00:00:00Z", "reason": "oops"}), id="reason-unknown"
    ),
    pytest.param(event(persistentDisposition={}), id="persistent-disposition-empty"),
    pytest.param(event("AggregationEvent", childEPCs=[]), id="no-children"),
    pytest.param(event("AggregationEvent", persistentDisposition={"set": ["recalled"]}), id="field-of-another-type"),
    pytest.param(event("AssociationEvent", parentID=_LEAVE_OUT), id="association-without-parent"),
    pytest.param(event("TransactionEvent", bizTransactionList=[]), id="no-transaction"),
    pytest.param(event("TransformationEvent", outputEPCList=[]), id="no-output"),
    pytest.param(event("TransformationEvent", action="ADD"), id="transformation-with-action"),
]
BAD_DOCUMENTS = [
    pytest.param(b"", id="empty"),
    pytest.param(b"\xff\xfe", id="not-utf-8"),
    pytest.param(b"[" * 100_000, id="deep"),
    pytest.param(b"[]", id="list"),
    pytest.param(json.dumps(document(event(x__a=json.loads("[" * 50 + "]" * 50)))).encode(), id="deeper-than-40"),
    pytest.param(json.dumps(document(event(x__a="\x00"))).encode(), id="nul"),
    pytest.param(json.dumps(document(event(x__a=10**60))).encode(), id="beyond-all-measures"),
    pytest.param(json.dumps(document(event(), schemaVersion="1.2")).encode(), id="older-version"),
    pytest.param(b'{"type": "EPCISDocument", "x": NaN}', id="nan"),
    pytest.param(json.dumps(document(event(), **{"@context": _LEAVE_OUT})).encode(), id="no-context"),
    pytest.param(json.dumps(document(event(), **{"@context": "not a uri"})).encode(), id="context-no-uri"),
    pytest.param(json.dumps(document(event(), creationDate="yesterday")).encode(), id="creation-date"),
    pytest.param(json.dumps(document(event(), epcisBody={})).encode(), id="no-events"),
    pytest.param(json.dumps(document(event(), epcisBody=[event()])).encode(), id="body-is-a-list"),
    pytest.param(json.dumps(document(event(), extra=1)).encode(), id="own-field-without-prefix"),
    pytest.param(json.dumps(document(event(), type="Document")).encode(), id="type"),
]


@pytest.mark.parametrize("sound", SOUND)
def test_a_sound_event_has_no_faults(sound: dict[str, Any]) -> None:
    assert list(faults_of_event("e", sound)) == []


@pytest.mark.parametrize("unsound", UNSOUND)
def test_an_unsound_event_has_faults_that_name_the_field(unsound: dict[str, Any]) -> None:
    faults = list(faults_of_event("e", unsound))
    assert faults and all(path.startswith("e.") for path, _ in faults)


@pytest.mark.parametrize("sound", SOUND)
def test_what_passes_here_passes_the_schema(sound: dict[str, Any], schema: Any) -> None:
    assert [error.message for error in schema.iter_errors(document(sound))] == []


def _mutations(value: Any) -> Iterator[Any]:
    """Yield a value with each of its parts left out or replaced."""
    if isinstance(value, dict):
        for name in value:
            yield {other: part for other, part in value.items() if other != name}
            for changed in (*_mutations(value[name]), None, 17, "two words", [], {}, [{}], True):
                yield {**value, name: changed}
            yield {**{other: part for other, part in value.items() if other != name}, name + "s": value[name]}
    elif isinstance(value, list):
        for place in range(len(value)):
            for changed in _mutations(value[place]):
                yield [*value[:place], changed, *value[place + 1 :]]


def test_every_mutation_that_passes_here_passes_the_schema(schema: Any) -> None:
    wrong, count = [], 0
    full = event(
        bizStep="shipping", disposition="in_transit", readPoint={"id": "urn:x:r"}, bizLocation={"id": "urn:x:l"},
        bizTransactionList=[{"type": "po", "bizTransaction": "urn:x:t"}], sensorElementList=[_SENSED],
        sourceList=[{"type": "location", "source": "urn:x:s"}], eventID="urn:x:id",
        quantityList=[{"epcClass": "urn:x:c", "quantity": 2, "uom": "KGM"}],
    )  # fmt: skip
    for sound in (full, *(parameter.values[0] for parameter in SOUND)):
        for changed in _mutations(sound):
            count += 1
            if not list(faults_of_event("e", changed)) and not schema.is_valid(document(changed)):
                wrong.append(changed)
    assert count > 500
    assert wrong == []


@pytest.mark.parametrize(
    "name", ["9.6.1-ObjectEvent", "9.6.2-ObjectEvent", "9.6.3-AggregationEvent", "9.6.4-TransformationEvent"]
)
def test_the_standards_examples_are_sound(name: str, schema: Any) -> None:
    text = (_DATA / f"Example_{name}.jsonld").read_bytes()
    told = read_document(text.replace(b'"_:document1"', b'"urn:x:document1"'))  # which the schema itself refuses
    assert told
    assert [fault for one in told for fault in faults_of_event(one.path, one.event)] == []


@pytest.mark.parametrize("body", BAD_DOCUMENTS)
def test_what_is_no_document_is_refused_with_a_reason(body: bytes) -> None:
    with pytest.raises(NoDocumentError, match=r".+: .+"):
        read_document(body)


def test_a_document_of_too_many_events_is_too_large() -> None:
    with pytest.raises(NoDocumentError) as refused:
        read_document(json.dumps(document(*[1] * (MOST_EVENTS + 1))).encode())
    assert refused.value.is_too_large


def test_events_keep_the_namespaces_that_their_document_explains() -> None:
    (told,) = read_document(json.dumps(document(event())).encode())
    assert told.context == ({"x": "https://x.example/epcis/"},)
    assert prefixes_of(told.context) == {"x": "https://x.example/epcis/"}


def test_the_answer_of_another_repository_is_taken_as_well() -> None:
    body = {"queryResults": {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": [event()]}}}
    (told,) = read_document(json.dumps(document(type="EPCISQueryDocument", epcisBody=body)).encode())
    assert told.path == "epcisBody.queryResults.resultsBody.eventList[0]"


def test_a_single_event_brings_its_context() -> None:
    with pytest.raises(NoDocumentError, match="@context"):
        read_event(json.dumps(event()).encode())
    assert read_event(json.dumps({**event(), "@context": STANDARD_CONTEXT}).encode()).event["type"] == "ObjectEvent"


def test_contexts_are_told_apart() -> None:
    assert own_context(STANDARD_CONTEXT) == ()
    assert own_context([STANDARD_CONTEXT, "https://y.example/c", {"x": "urn:x:"}]) == (
        "https://y.example/c",
        {"x": "urn:x:"},
    )
    assert prefixes_of("https://y.example/c") == {}
    assert read_json(b'{"a": [1, 2.5, null]}') == {"a": [1, 2.5, None]}
