"""The CBV event hash: an event's id that follows from what the event says, whoever works it out. Pure.

Rules as in the standard's reference implementation where its text leaves two readings: a type stands before what it is
the type of, and lists of transactions, destinations and sources follow the sensors, with what is no standard's field.
Source: CBV 2.0, section 8.9; test vectors of epcis-event-hash-generator; RFC 6920 (ni URIs).
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tagdock_cloud.epcis.formats import read_time
from tagdock_cloud.epcis.links import canonical
from tagdock_cloud.epcis.words import ADDRESSES, CBV, GS1, URN_ADDRESSES

Prefixes = Mapping[str, str]
_Write = Callable[[Any, Prefixes], str]

STANDARD_PREFIXES: Final[Prefixes] = {"gs1": GS1, "cbv": CBV, "epcis": "https://ref.gs1.org/epcis/"}
_IGNORED: Final = frozenset({"type", "eventID", "recordTime", "errorDeclaration", "@context", "rdfs:comment"})


def event_hash(event: Mapping[str, Any], prefixes: Prefixes | None = None) -> bytes:
    """Return the SHA-256 of an event's pre-hash string; `prefixes` are those of its JSON-LD context."""
    return hashlib.sha256(pre_hash(event, prefixes).encode()).digest()


def hash_id(digest: bytes) -> str:
    """Write a hash as an event id."""
    return f"ni:///sha-256;{digest.hex()}?ver=CBV2.0"


def pre_hash(event: Mapping[str, Any], prefixes: Prefixes | None = None) -> str:
    """Return the text that is hashed: every field by its standard name, in the standard's order, canonical."""
    known = {**STANDARD_PREFIXES, **(prefixes or {})}
    text = "eventType=" + str(event["type"])
    for name, write in _FIELDS.items():
        if name in event:
            text += write(event[name], known)
    lists = [write(event[name], known) for name, write in _LISTS.items() if name in event]
    others = {name: value for name, value in event.items() if name not in _STANDARD}
    return text + "".join(sorted([*lists, *_extensions(others, known)]))


def _value(name: str, kind: str | None = None) -> _Write:
    def write(value: Any, prefixes: Prefixes) -> str:
        text = _canonical(value, prefixes, kind)
        return f"{name}={text}" if text else ""

    return write


def _time(name: str) -> _Write:
    return lambda value, prefixes: f"{name}={_milliseconds(str(value).strip())}"


def _all(name: str, child: _Write) -> _Write:
    """Write a list: its name once, then its children in the order of their texts."""

    def write(values: Any, prefixes: Prefixes) -> str:
        texts = sorted(filter(None, (child(value, prefixes) for value in _as_list(values))))
        return name + "".join(texts) if texts else ""

    return write


def _object(name: str, fields: Mapping[str, _Write], *, is_extensible: bool = False) -> _Write:
    def write(value: Any, prefixes: Prefixes) -> str:
        text = "".join(field(value[key], prefixes) for key, field in fields.items() if key in value)
        if is_extensible:
            text += "".join(_extensions({key: value[key] for key in value if key not in fields}, prefixes))
        return name + text if text else ""

    return write


def _typed(kind: str) -> _Write:
    return _object("", {"type": _value("type", kind), kind: _value(kind)})


def _extensions(values: Mapping[str, Any], prefixes: Prefixes) -> list[str]:
    """Write what is no standard's field, each by the full address of its name, in the order of the texts."""
    texts = []
    for key, value in values.items():
        if key in _IGNORED:
            continue
        prefix, colon, local = key.partition(":")
        name = f"{{{prefixes[prefix]}}}{local}" if colon and prefix in prefixes else key
        texts += [_extension(name, one, prefixes) for one in _as_list(value)]
    return sorted(texts)


def _extension(name: str, value: Any, prefixes: Prefixes) -> str:
    if isinstance(value, Mapping):
        return name + "".join(_extensions(value, prefixes))
    if isinstance(value, list):
        return name + "".join(sorted(_extension("", one, prefixes) for one in value))
    text = _canonical(value, prefixes)
    return f"{name}={text}" if text else name


def _as_list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _canonical(value: Any, prefixes: Prefixes, kind: str | None = None) -> str:
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    text = str(value).strip()
    if kind and text in ADDRESSES[kind][0]:
        return ADDRESSES[kind][1] + text
    prefix, colon, local = text.partition(":")
    if colon and prefix in prefixes:
        text = prefixes[prefix] + local
    for urn, address in URN_ADDRESSES:
        text = text.replace(urn, address)
    return canonical(_number(text))


def _number(text: str) -> str:
    """Write a number without zeros that say nothing; XML knows no types, so a text that reads as a number is one."""
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return str(int(number)) if number == int(number) else str(number)


def _milliseconds(text: str) -> str:
    at = read_time(text)
    if at is None:
        return text
    return write_milliseconds(at)


def write_milliseconds(at: datetime) -> str:
    """Write a time in UTC with milliseconds, half of one rounded up."""
    rounded = at.astimezone(UTC) + timedelta(microseconds=500)
    return rounded.isoformat(timespec="milliseconds")[:-6] + "Z"


_QUANTITY = _object(
    "quantityElement", {"epcClass": _value("epcClass"), "quantity": _value("quantity"), "uom": _value("uom")}
)
_PLACE_ID = {"id": _value("id")}
_METADATA = {name: _time(name) for name in ("time", "startTime", "endTime")} | {
    name: _value(name) for name in ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")
}
_REPORT: dict[str, _Write] = {
    "type": _value("type", "measurement"),
    "exception": _value("exception", "exception"),
    **{name: _value(name) for name in ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod")},
    "time": _time("time"),
    **{name: _value(name) for name in ("microorganism", "chemicalSubstance", "value")},
    "component": _value("component", "component"),
    **{
        name: _value(name)
        for name in (
            "stringValue", "booleanValue", "hexBinaryValue", "uriValue", "minValue", "maxValue", "meanValue", "sDev",
            "percRank", "percValue", "uom", "coordinateReferenceSystem",
        )
    },
}  # fmt: skip
_SENSOR = _object(
    "sensorElement",
    {
        "sensorMetadata": _object("sensorMetadata", _METADATA, is_extensible=True),
        "sensorReport": _all("", _object("sensorReport", _REPORT, is_extensible=True)),
    },
    is_extensible=True,
)
_FIELDS: Final[Mapping[str, _Write]] = {
    "eventTime": _time("eventTime"),
    "eventTimeZoneOffset": _value("eventTimeZoneOffset"),
    "certificationInfo": _all("", _value("certificationInfo")),
    "parentID": _value("parentID"),
    "epcList": _all("epcList", _value("epc")),
    "inputEPCList": _all("inputEPCList", _value("epc")),
    "childEPCs": _all("childEPCs", _value("epc")),
    "quantityList": _all("quantityList", _QUANTITY),
    "childQuantityList": _all("childQuantityList", _QUANTITY),
    "inputQuantityList": _all("inputQuantityList", _QUANTITY),
    "outputEPCList": _all("outputEPCList", _value("epc")),
    "outputQuantityList": _all("outputQuantityList", _QUANTITY),
    "action": _value("action"),
    "transformationID": _value("transformationID"),
    "bizStep": _value("bizStep", "bizStep"),
    "disposition": _value("disposition", "disposition"),
    "persistentDisposition": _object(
        "persistentDisposition",
        {"set": _all("", _value("set", "disposition")), "unset": _all("", _value("unset", "disposition"))},
    ),
    "readPoint": _object("readPoint", _PLACE_ID, is_extensible=True),
    "bizLocation": _object("bizLocation", _PLACE_ID, is_extensible=True),
    "sensorElementList": _all("sensorElementList", _SENSOR),
}
_LISTS: Final[Mapping[str, _Write]] = {
    "bizTransactionList": _all("bizTransactionList", _typed("bizTransaction")),
    "destinationList": _all("destinationList", _typed("destination")),
    "sourceList": _all("sourceList", _typed("source")),
    "ilmd": lambda value, prefixes: "ilmd" + "".join(_extensions(value, prefixes)) if value else "",
}
_STANDARD: Final = _FIELDS.keys() | _LISTS.keys() | _IGNORED
