"""Sparkplug B's payload as protobuf messages, from a descriptor built here. Only this knows protobuf.

Source: Eclipse Sparkplug 3.0.0, 6.4.1 (field numbers) and 6.4.16 (data types). Left out is what no sensor of ours sends
(data sets, templates, meta data, body); a decoder keeps it as unknown fields.
"""

import math
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

_LABELS = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "bool": _LABELS.TYPE_BOOL,
    "double": _LABELS.TYPE_DOUBLE,
    "float": _LABELS.TYPE_FLOAT,
    "string": _LABELS.TYPE_STRING,
    "uint32": _LABELS.TYPE_UINT32,
    "uint64": _LABELS.TYPE_UINT64,
    "bytes": _LABELS.TYPE_BYTES,
}
_PACKAGE = "tagdock.sparkplug"
_VALUE = "value"
"""Fields that carry the value form a `oneof`: at most one of them is there."""

_MESSAGES: Mapping[str, tuple[tuple[int, str, str], ...]] = {
    "PropertyValue": (
        (1, "type", "uint32"),
        (2, "is_null", "bool"),
        (3, "int_value", "uint32"),
        (4, "long_value", "uint64"),
        (5, "float_value", "float"),
        (6, "double_value", "double"),
        (7, "boolean_value", "bool"),
        (8, "string_value", "string"),
    ),
    "PropertySet": ((1, "keys", "string*"), (2, "values", "PropertyValue*")),
    "Metric": (
        (1, "name", "string"),
        (2, "alias", "uint64"),
        (3, "timestamp", "uint64"),
        (4, "datatype", "uint32"),
        (5, "is_historical", "bool"),
        (6, "is_transient", "bool"),
        (7, "is_null", "bool"),
        (9, "properties", "PropertySet"),
        (10, "int_value", "uint32"),
        (11, "long_value", "uint64"),
        (12, "float_value", "float"),
        (13, "double_value", "double"),
        (14, "boolean_value", "bool"),
        (15, "string_value", "string"),
        (16, "bytes_value", "bytes"),
    ),
    "Payload": ((1, "timestamp", "uint64"), (2, "metrics", "Metric*"), (3, "seq", "uint64"), (4, "uuid", "string")),
}


class DataType(IntEnum):
    """The data types that are used here."""

    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12


_FIELDS = {
    DataType.INT32: "int_value",
    DataType.INT64: "long_value",
    DataType.UINT8: "int_value",
    DataType.UINT16: "int_value",
    DataType.FLOAT: "float_value",
    DataType.DOUBLE: "double_value",
    DataType.BOOLEAN: "boolean_value",
    DataType.STRING: "string_value",
}
_WHOLE = frozenset({DataType.INT32, DataType.INT64, DataType.UINT8, DataType.UINT16})


class PayloadError(Exception):
    """Bytes are no Sparkplug payload."""


def _described() -> descriptor_pb2.FileDescriptorProto:
    """Build the descriptor; proto2, because every field of it is optional and its presence counts."""
    file = descriptor_pb2.FileDescriptorProto(name="tagdock/sparkplug.proto", package=_PACKAGE, syntax="proto2")
    for name, fields in _MESSAGES.items():
        described = file.message_type.add(name=name)
        if any(field.endswith("_value") for _, field, _ in fields):
            described.oneof_decl.add(name=_VALUE)
        for number, field, kind in fields:
            added = described.field.add(name=field, number=number)
            added.label = _LABELS.LABEL_REPEATED if kind.endswith("*") else _LABELS.LABEL_OPTIONAL
            kind = kind.rstrip("*")  # noqa: PLW2901
            if kind in _TYPES:
                added.type = _TYPES[kind]
            else:
                added.type, added.type_name = _LABELS.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            if field.endswith("_value"):
                added.oneof_index = 0
    return file


# A pool of its own: other Sparkplug libraries in the same process describe the same messages under their own names.
_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_described())
Payload: Any = message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.Payload"))
"""The payload's class; built at run time, so that its fields are not known to the type checker."""


def set_value(metric: Any, datatype: DataType, value: float | str | None, *, nan_as_null: bool = True) -> None:
    """Put a value into a metric or a property; None is null, and so is NaN where it cannot or shall not travel."""
    is_nan = isinstance(value, float) and math.isnan(value)
    if value is None or (is_nan and (nan_as_null or datatype not in (DataType.FLOAT, DataType.DOUBLE))):
        metric.is_null = True
    elif datatype in _WHOLE:
        # Negative numbers travel as two's complement in the field's width (6.4.16).
        bits = 64 if datatype is DataType.INT64 else 32
        setattr(metric, _FIELDS[datatype], int(value) % 2**bits)
    else:
        setattr(metric, _FIELDS[datatype], bool(value) if datatype is DataType.BOOLEAN else value)


def read_payload(data: bytes) -> Any:
    """Decode a payload. Raises PayloadError."""
    try:
        return Payload.FromString(data)
    except message.DecodeError as error:
        raise PayloadError(f"{len(data)} bytes are no Sparkplug B payload ({error})") from error
