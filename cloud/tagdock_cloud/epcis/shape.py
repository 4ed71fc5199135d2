"""What an EPCIS event may hold, field by field: stricter than GS1's JSON schema in places, laxer in none. Pure.

Own event types are refused, though the standard allows them: nobody here could say what they mean.
Source: EPCIS 2.0, section 7 (data model), section 10 (JSON); CBV 2.0, section 7.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tagdock_cloud.epcis.formats import OFFSET, is_uri, read_time
from tagdock_cloud.epcis.words import (
    ACTIONS,
    ALERTS,
    BIZ_STEPS,
    COMPONENTS,
    DISPOSITIONS,
    EVENT_TYPES,
    MEASUREMENTS,
    PARTIES,
    REASONS,
    TRANSACTIONS,
)  # fmt: skip

Fault = tuple[str, str]
"""A field as `eventList[3].readPoint.id`, and what is wrong with it."""
Check = Callable[[str, Any], Iterator[Fault]]

_CBV = re.compile(r"urn:epcglobal:cbv|https?://ns\.gs1\.org/cbv/")
_VOC = re.compile(r"https?://(?:www\.)?gs1\.org/voc/")
_UOM = re.compile(r"[A-Z0-9]{2,3}")
_HEX = re.compile(r"[A-Fa-f0-9]+")
_YEARS = range(1900, 2201)


def faults_of_event(path: str, event: Any) -> Iterator[Fault]:
    """Yield what is wrong with an event; nothing where it is sound."""
    if not isinstance(event, dict):
        yield path, "must be an object"
        return
    kind = event.get("type")
    if not isinstance(kind, str) or kind not in EVENTS:
        yield f"{path}.type", f"must be one of {', '.join(EVENT_TYPES)}"
        return
    fields, rule = EVENTS[kind]
    yield from _object({**_COMMON, **fields}, {"eventTime", "eventTimeZoneOffset"})(path, event)
    yield from rule(path, event)


def faults_of_context(path: str, value: Any) -> Iterator[Fault]:
    """Yield what is wrong with a JSON-LD context: only addresses and prefixes, and none is ever fetched."""
    for place, part in enumerate(value if isinstance(value, list) else [value]):
        at = f"{path}[{place}]" if isinstance(value, list) else path
        if isinstance(part, dict):
            for name, meaning in part.items():
                if not isinstance(meaning, str | dict):
                    yield f"{at}.{name[:100]}", "must be an address or an object"
        elif not is_uri(part):
            yield at, "must be a URI or an object of prefixes"
    if isinstance(value, list) and any(part in value[:place] for place, part in enumerate(value[:50])):
        yield path, "names something twice"
    if isinstance(value, list) and len(value) > 50:
        yield path, "has more than 50 parts"


def _uri(path: str, value: Any) -> Iterator[Fault]:
    if not is_uri(value):
        yield path, "must be a URI"


def _time(path: str, value: Any) -> Iterator[Fault]:
    at = read_time(value)
    if at is None:
        yield path, "must be a time as in 2026-01-05T08:00:00.000Z"
    elif at.year not in _YEARS:
        yield path, f"must lie in the years {_YEARS.start} to {_YEARS.stop - 1}"


def _text(path: str, value: Any) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield path, "must be a text"


def _number(path: str, value: Any) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield path, "must be a number"


def _boolean(path: str, value: Any) -> Iterator[Fault]:
    if not isinstance(value, bool):
        yield path, "must be true or false"


def _matching(pattern: re.Pattern[str], what: str) -> Check:
    def check(path: str, value: Any) -> Iterator[Fault]:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            yield path, f"must be {what}"

    return check


def _word(words: frozenset[str], foreign: re.Pattern[str] = _CBV) -> Check:
    """Check a standard word, which is written bare, or anybody's own, which is a URI."""

    def check(path: str, value: Any) -> Iterator[Fault]:
        if not isinstance(value, str) or (value not in words and (not is_uri(value) or foreign.match(value))):
            yield path, "must be a word of the standard, bare, or a URI of your own"

    return check


def _list(item: Check, *, at_least: int = 0, is_set: bool = False) -> Check:
    def check(path: str, value: Any) -> Iterator[Fault]:
        if not isinstance(value, list) or len(value) < at_least:
            yield path, f"must be a list of at least {at_least}"
            return
        for place, one in enumerate(value):
            yield from item(f"{path}[{place}]", one)
        if is_set and len({str(one) for one in value}) < len(value):
            yield path, "names something twice"

    return check


def _object(fields: Mapping[str, Check], required: set[str], *, is_extensible: bool = True) -> Check:
    def check(path: str, value: Any) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield path, "must be an object"
            return
        for name in sorted(required - value.keys()):
            yield f"{path}.{name}", "is missing"
        for name, one in value.items():
            if name in fields:
                yield from fields[name](f"{path}.{name}", one)
            elif not is_extensible or not is_uri(name):
                yield f"{path}.{name[:100]}", "is no field of the standard; a field of your own has a prefix"

    return check


def _ilmd(path: str, value: Any) -> Iterator[Fault]:
    yield from _object({}, set())(path, value)


_STEP, _DISPOSITION = _word(BIZ_STEPS), _word(DISPOSITIONS)
_QUANTITY = _object(
    {"epcClass": _uri, "quantity": _number, "uom": _matching(_UOM, "a unit of UN/ECE recommendation 20")},
    {"epcClass"},
    is_extensible=False,
)
_PLACE = _object({"id": _uri}, {"id"})
_URIS = ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")
_METADATA = _object(dict.fromkeys(_URIS, _uri) | dict.fromkeys(("time", "startTime", "endTime"), _time), set())
_REPORT = _object(
    dict.fromkeys((*_URIS, "microorganism", "chemicalSubstance", "coordinateReferenceSystem", "uriValue"), _uri)
    | dict.fromkeys(("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"), _number)
    | {
        "type": _word(MEASUREMENTS, _VOC),
        "exception": _word(ALERTS, _VOC),
        "component": _word(COMPONENTS),
        "time": _time,
        "stringValue": _text,
        "booleanValue": _boolean,
        "hexBinaryValue": _matching(_HEX, "hex"),
        "uom": _text,
    },
    {"type"},
)
_SENSOR = _object({"sensorMetadata": _METADATA, "sensorReport": _list(_REPORT, at_least=1)}, {"sensorReport"})


def _certificates(path: str, value: Any) -> Iterator[Fault]:
    yield from (_list(_uri) if isinstance(value, list) else _uri)(path, value)


def _persistent(path: str, value: Any) -> Iterator[Fault]:
    words = _list(_DISPOSITION, at_least=1, is_set=True)
    yield from _object({"set": words, "unset": words}, set(), is_extensible=False)(path, value)
    if isinstance(value, dict) and not value:
        yield path, "must have `set` or `unset`"


def _transfer(name: str) -> Check:
    return _object({"type": _word(PARTIES), name: _uri}, {"type", name}, is_extensible=False)


_COMMON: Final[Mapping[str, Check]] = {
    "@context": faults_of_context,
    "type": _text,
    "eventTime": _time,
    "recordTime": _time,
    "eventTimeZoneOffset": _matching(OFFSET, "hours and minutes from UTC as in +01:00"),
    "eventID": _uri,
    "certificationInfo": _certificates,
    "errorDeclaration": _object(
        {"declarationTime": _time, "reason": _word(REASONS), "correctiveEventIDs": _list(_uri)}, {"declarationTime"}
    ),
}
_WHAT_AND_WHERE: Final[Mapping[str, Check]] = {
    "bizStep": _STEP,
    "disposition": _DISPOSITION,
    "readPoint": _PLACE,
    "bizLocation": _PLACE,
    "bizTransactionList": _list(
        _object({"type": _word(TRANSACTIONS), "bizTransaction": _uri}, {"bizTransaction"}, is_extensible=False)
    ),
    "sourceList": _list(_transfer("source")),
    "destinationList": _list(_transfer("destination")),
    "sensorElementList": _list(_SENSOR),
}
_ACTION = _matching(re.compile("|".join(sorted(ACTIONS))), "ADD, OBSERVE or DELETE")
_EPCS, _QUANTITIES = _list(_uri, is_set=True), _list(_QUANTITY)
_GROUP: Final[Mapping[str, Check]] = {
    **_WHAT_AND_WHERE, "action": _ACTION, "parentID": _uri, "childEPCs": _EPCS, "childQuantityList": _QUANTITIES
}  # fmt: skip


def _needs(*names: str) -> Callable[[str, Any], Iterator[Fault]]:
    def rule(path: str, event: Any) -> Iterator[Fault]:
        for name in names:
            if name not in event:
                yield f"{path}.{name}", "is missing"

    return rule


def _object_rule(path: str, event: Any) -> Iterator[Fault]:
    yield from _needs("action")(path, event)
    is_sensing = bool(event.get("sensorElementList")) and "readPoint" in event
    if "epcList" not in event and not event.get("quantityList") and not is_sensing:
        yield f"{path}.epcList", "is missing: name EPCs, quantities, or a sensor's report with its readPoint"
    if "ilmd" in event and event.get("action") != "ADD":
        yield f"{path}.ilmd", "goes with action ADD only"


def _group_rule(*required: str) -> Callable[[str, Any], Iterator[Fault]]:
    def rule(path: str, event: Any) -> Iterator[Fault]:
        yield from _needs("action", *required)(path, event)
        if event.get("action") != "DELETE" and not event.get("childEPCs") and not event.get("childQuantityList"):
            yield f"{path}.childEPCs", "is missing: only DELETE may leave it out, for all children"

    return rule


def _transaction_rule(path: str, event: Any) -> Iterator[Fault]:
    yield from _needs("action", "bizTransactionList")(path, event)
    if event.get("bizTransactionList") == []:
        yield f"{path}.bizTransactionList", "must name a transaction"
    if event.get("action") != "DELETE" and "epcList" not in event and not event.get("quantityList"):
        yield f"{path}.epcList", "is missing: only DELETE may leave it out, for all of the transaction"


def _transformation_rule(path: str, event: Any) -> Iterator[Fault]:
    has_input = bool(event.get("inputEPCList") or event.get("inputQuantityList"))
    has_output = bool(event.get("outputEPCList") or event.get("outputQuantityList"))
    has_enough = has_input or has_output if "transformationID" in event else has_input and has_output
    if not has_enough:
        yield f"{path}.inputEPCList", "name inputs and outputs; one of both with a transformationID"


EVENTS: Final[Mapping[str, tuple[Mapping[str, Check], Callable[[str, Any], Iterator[Fault]]]]] = {
    "ObjectEvent": (
        {
            **_WHAT_AND_WHERE, "action": _ACTION, "epcList": _EPCS, "quantityList": _QUANTITIES,
            "persistentDisposition": _persistent, "ilmd": _ilmd,
        },
        _object_rule,
    ),
    "AggregationEvent": (_GROUP, _group_rule()),
    "AssociationEvent": (_GROUP, _group_rule("parentID")),
    "TransactionEvent": (
        {**_WHAT_AND_WHERE, "action": _ACTION, "parentID": _uri, "epcList": _EPCS, "quantityList": _QUANTITIES},
        _transaction_rule,
    ),
    "TransformationEvent": (
        {
            **_WHAT_AND_WHERE, "transformationID": _uri, "persistentDisposition": _persistent, "ilmd": _ilmd,
            **dict.fromkeys(("inputEPCList", "outputEPCList"), _EPCS),
            **dict.fromkeys(("inputQuantityList", "outputQuantityList"), _QUANTITIES),
        },
        _transformation_rule,
    ),
}  # fmt: skip
"""Each type's own fields, and what only several fields together can break."""
