"""Sparkplug B payloads as plain records, within bounds; rebirth requests as bytes. Only this knows protobuf.

Source: Eclipse Sparkplug 3.0.0, 6.4.1 (field numbers), 6.4.16 (data types), 6.4.9 (the property Quality). The
descriptor is built here and has what a value needs; data sets, templates, meta data and bodies stay unknown fields that
nobody reads.
"""

import math
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

PAYLOAD_BYTES_AT_MOST = 1024 * 1024
METRICS_AT_MOST = 10_000
"""A rack of 1,000 bins with 10 metrics each in one birth; what has more is refused whole."""
_NAME_AT_MOST = 400
_PROPERTIES_AT_MOST = 32
GOOD, BAD, STALE = 192, 0, 500
"""The three quality codes there are (6.4.9)."""
_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
_UNSIGNED = frozenset({5, 6, 7, 8})
_FLOATS = frozenset({9, 10})
_BOOLEAN = 11
_NUMBERS = _UNSIGNED | _FLOATS | set(_SIGNED_BITS) | {_BOOLEAN}

_F = descriptor_pb2.FieldDescriptorProto
_SCALARS = {"uint32": _F.TYPE_UINT32, "uint64": _F.TYPE_UINT64, "float": _F.TYPE_FLOAT, "double": _F.TYPE_DOUBLE}
_SCALARS |= {"bool": _F.TYPE_BOOL, "bytes": _F.TYPE_BYTES}
# Texts are read as bytes: one that is no UTF-8 shall not spoil the whole payload.
_FIELDS: dict[str, tuple[tuple[str, int, str], ...]] = {
    "Property": (
        ("type", 1, "uint32"),
        ("is_null", 2, "bool"),
        ("int_value", 3, "uint32"),
        ("long_value", 4, "uint64"),
        ("string_value", 8, "bytes"),
    ),
    "Properties": (("keys", 1, "bytes*"), ("values", 2, "Property*")),
    "Metric": (
        ("name", 1, "bytes"),
        ("alias", 2, "uint64"),
        ("timestamp", 3, "uint64"),
        ("datatype", 4, "uint32"),
        ("is_historical", 5, "bool"),
        ("is_null", 7, "bool"),
        ("properties", 9, "Properties"),
        ("int_value", 10, "uint32"),
        ("long_value", 11, "uint64"),
        ("float_value", 12, "float"),
        ("double_value", 13, "double"),
        ("boolean_value", 14, "bool"),
    ),
    "Payload": (("timestamp", 1, "uint64"), ("metrics", 2, "Metric*"), ("seq", 3, "uint64")),
}
_VALUE_FIELDS = ("double_value", "float_value", "int_value", "long_value", "boolean_value")


class PayloadRefusedError(Exception):
    """Bytes are no Sparkplug payload, or one beyond all bounds; the message says why."""


class Metric(NamedTuple):
    """One metric. `number` is as it stands on the wire: see `value_of`. Times in milliseconds since 1970."""

    name: str | None
    alias: int | None
    at_ms: int | None
    datatype: int | None
    historical: bool
    number: float | None
    """None: null, or no number at all."""
    quality: int = GOOD
    unit: str | None = None


class Payload(NamedTuple):
    """One payload."""

    at_ms: int | None
    seq: int | None
    metrics: tuple[Metric, ...]


def _class() -> Any:
    """Build the payload's class from a descriptor; proto2, because presence counts."""
    file = descriptor_pb2.FileDescriptorProto(name="tagdock/edge/bins.proto", package="tagdock.edge", syntax="proto2")
    for name, fields in _FIELDS.items():
        described = file.message_type.add(name=name)
        for field, tag, kind in fields:
            added = described.field.add(name=field, number=tag)
            added.label = _F.LABEL_REPEATED if kind.endswith("*") else _F.LABEL_OPTIONAL
            bare = kind.rstrip("*")
            if bare in _SCALARS:
                added.type = _SCALARS[bare]
            else:
                added.type, added.type_name = _F.TYPE_MESSAGE, f".tagdock.edge.{bare}"
    pool = descriptor_pool.DescriptorPool()  # our own: others may describe the same messages in this process
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tagdock.edge.Payload"))


_PAYLOAD = _class()


def read_payload(data: bytes) -> Payload:
    """Decode a payload. Raises PayloadRefusedError where it is damaged or too big."""
    if len(data) > PAYLOAD_BYTES_AT_MOST:
        raise PayloadRefusedError(f"{len(data)} bytes")
    try:
        told = _PAYLOAD.FromString(data)
    except (message.DecodeError, RecursionError) as error:
        raise PayloadRefusedError("no protobuf, or cut short") from error
    if len(told.metrics) > METRICS_AT_MOST:
        raise PayloadRefusedError(f"{len(told.metrics)} metrics; {METRICS_AT_MOST} at most")
    at_ms = told.timestamp if told.HasField("timestamp") else None
    seq = told.seq if told.HasField("seq") else None
    return Payload(at_ms, seq, tuple(map(_metric, told.metrics)))


def _metric(told: Any) -> Metric:
    has = told.HasField
    number: float | None = None
    if not (has("is_null") and told.is_null):
        number = next((getattr(told, field) for field in _VALUE_FIELDS if has(field)), None)
    quality, unit = _properties(told.properties) if has("properties") else (GOOD, None)
    return Metric(
        _text(told.name) if has("name") else None,
        told.alias if has("alias") else None,
        told.timestamp if has("timestamp") else None,
        told.datatype if has("datatype") else None,
        told.is_historical,
        number,
        quality,
        unit,
    )


def _properties(told: Any) -> tuple[int, str | None]:
    quality, unit = GOOD, None
    for key, value in list(zip(told.keys, told.values, strict=False))[:_PROPERTIES_AT_MOST]:
        if key == b"Quality" and value.HasField("int_value"):
            quality = value.int_value
        elif key == b"engUnit" and value.HasField("string_value"):
            unit = _text(value.string_value)
    return quality, unit


def _text(data: bytes) -> str | None:
    """Read a name; one that is too long or no UTF-8 is nobody's."""
    if len(data) > _NAME_AT_MOST:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def value_of(number: float | None, datatype: int) -> float | None:
    """Read a wire value as its data type has it (6.4.16): two's complement in the type's own width; None: no number.

    Raises PayloadRefusedError where the type is none of a number, or the value is not of the type.
    """
    if datatype not in _NUMBERS:
        raise PayloadRefusedError(f"the data type {datatype}, which is no number")
    if number is None:
        return None
    if datatype == _BOOLEAN:
        return float(bool(number))
    if datatype in _FLOATS:
        if math.isinf(number):
            raise PayloadRefusedError("an infinite number")
        return None if math.isnan(number) else float(number)
    if not isinstance(number, int) or isinstance(number, bool):
        raise PayloadRefusedError(f"a value that is not of its data type {datatype}")
    bits = _SIGNED_BITS.get(datatype)
    if bits is not None:
        low = number % 2**bits
        return float(low - 2**bits if low >= 2 ** (bits - 1) else low)
    return float(number)


def rebirth_request(at_ms: int) -> bytes:
    """Write the payload of the NCMD that asks an edge node to introduce itself again (5.12)."""
    told = _PAYLOAD(timestamp=at_ms)
    told.metrics.add(name=b"Node Control/Rebirth", timestamp=at_ms, datatype=_BOOLEAN, boolean_value=True)
    data: bytes = told.SerializeToString()
    return data
