"""Bytes to frozen LLRP messages and back; knows no socket.

Decoding is strict: parameters in the standard's order, none twice, none missing, no bytes left over. Whatever comes in,
the outcome is a message or an `LlrpError` with the status code that the reader must answer.
"""

from typing import Any, NamedTuple

from tagdock_simulators.llrp.bits import BitReader, BitWriter, decode_field, encode_field, fixed_bits
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.fields import Bits, Field
from tagdock_simulators.llrp.schema import CUSTOM, MAX_TV_TYPE, Key, Layout, layout, message_class, parameter_class

HEADER_BYTES = 10
LLRP_1_0_1, LLRP_1_1 = 1, 2
"""What the versions are called in the header."""
NEGOTIATION = frozenset({46, 47, 56, 57})
"""The messages that settle the version, and their answers, are of version 2 always (LLRP 1.1, chapter 9)."""
MAX_DEPTH = 16
"""The deepest nesting that the standard needs is 8; only ParameterError may hold itself."""
_TLV_HEADER_BYTES, _CUSTOM_HEADER_BYTES = 4, 8
_TV_BIT = 0x80


class Header(NamedTuple):
    """The ten bytes before each message."""

    version: int
    number: int
    length: int
    message_id: int


def read_header(data: bytes) -> Header:
    """Decode the first ten bytes of a message."""
    first = int.from_bytes(data[:2], "big")
    return Header(
        first >> 10 & 0b111, first & 0x3FF, int.from_bytes(data[2:6], "big"), int.from_bytes(data[6:10], "big")
    )


def encode_message(message: Any, message_id: int, version: int = LLRP_1_0_1) -> bytes:
    """Encode a message with its header. Raises ValueError naming the field when a value does not fit."""
    number, vendor, subtype = layout(type(message)).key
    version = version_of(number, version)
    body = _vendor_prefix(number, vendor, subtype, sizes=(4, 1)) + encode_body(message, version)
    head = (version << 10 | number).to_bytes(2, "big") + (HEADER_BYTES + len(body)).to_bytes(4, "big")
    return head + message_id.to_bytes(4, "big") + body


def decode_message(data: bytes, version: int = LLRP_1_0_1) -> tuple[Header, Any]:
    """Decode one whole message. Raises LlrpError with the status that the peer should be told."""
    header = read_header(data)
    if len(data) < HEADER_BYTES or header.length != len(data):
        raise LlrpError(StatusCode.M_PARAMETER_ERROR, f"the header says {header.length} bytes, there are {len(data)}")
    spoken = version_of(header.number, version)
    if header.version != spoken:
        raise LlrpError(StatusCode.M_UNSUPPORTED_VERSION, f"version {header.version} is not spoken; {spoken} is")
    return header, decode_body(header.number, data[HEADER_BYTES:], spoken)


def version_of(number: int, version: int) -> int:
    """Return the version that a message of this type has where that one is spoken."""
    return LLRP_1_1 if number in NEGOTIATION else version


def decode_body(number: int, body: bytes, version: int = LLRP_1_0_1) -> Any:
    """Decode what follows the header of a message of this type. Raises LlrpError."""
    start = 0
    key: Key = (number, 0, 0)
    if number == CUSTOM:
        key, start = (CUSTOM, int.from_bytes(body[:4], "big"), int.from_bytes(body[4:5], "big")), 5
    cls = message_class(key)
    if cls is None or layout(cls).since > version:
        raise LlrpError(StatusCode.M_UNSUPPORTED_MESSAGE, f"message type {_name(key)} is not supported")
    reader = BitReader(body, start, len(body))
    try:
        return _decode_record(cls, reader, _Scope(version))
    except LlrpError as error:
        if error.path:
            raise
        raise LlrpError(_for_message(error.status), error.reason, field=error.field) from None


def encode_body(record: Any, version: int = LLRP_1_0_1) -> bytes:
    """Encode a record's fields and sub-parameters, without a header; what the version does not have is left out."""
    shape = layout(type(record))
    writer = BitWriter()
    for field in shape.fields:
        value = getattr(record, field.name)
        encode_field(writer, field, value if _since(field) <= version else field.python())
    parts = [writer.to_bytes()]
    for slot in shape.slots:
        value = getattr(record, slot.name)
        if value is not None:
            parts.extend(encode_parameter(each, version) for each in (value if slot.many else (value,)))
    return b"".join(parts)


def encode_parameter(parameter: Any, version: int = LLRP_1_0_1) -> bytes:
    """Encode a parameter with its TV or TLV header; nothing where the version does not have it."""
    number, vendor, subtype = layout(type(parameter)).key
    if layout(type(parameter)).since > version:
        return b""
    body = encode_body(parameter, version)
    if number <= MAX_TV_TYPE:
        return bytes((_TV_BIT | number,)) + body
    body = _vendor_prefix(number, vendor, subtype, sizes=(4, 4)) + body
    length = _TLV_HEADER_BYTES + len(body)
    if length > 0xFFFF:
        raise ValueError(f"{type(parameter).__name__} has {length} bytes; a parameter has 65,535 at most")
    return number.to_bytes(2, "big") + length.to_bytes(2, "big") + body


def _vendor_prefix(number: int, vendor: int, subtype: int, sizes: tuple[int, int]) -> bytes:
    if number != CUSTOM or vendor == 0:
        return b""  # a general Custom carries vendor and subtype among its fields
    return vendor.to_bytes(sizes[0], "big") + subtype.to_bytes(sizes[1], "big")


class _Scope(NamedTuple):
    """Which version is decoded, and how deep inside."""

    version: int
    depth: int = 0

    def inner(self) -> "_Scope":
        return _Scope(self.version, self.depth + 1)


def _since(field: Field) -> int:
    return field.kind.since if isinstance(field.kind, Bits) else LLRP_1_0_1


def _in_version(field: Field, value: Any, version: int) -> Any:
    """Return the value as a version knows it. Raises LlrpError when it is a choice that the version has not."""
    known = field.kind.known_to_1_0 if isinstance(field.kind, Bits) else None
    if version == LLRP_1_0_1 and known is not None and value > known:
        raise LlrpError(StatusCode.P_FIELD_ERROR, f"{field.name} is {value}; LLRP 1.0.1 goes up to {known}")
    return value if _since(field) <= version else field.python()


def _decode_record(cls: type, reader: BitReader, scope: _Scope) -> Any:
    """Decode fields, then sub-parameters, up to the reader's end."""
    shape = layout(cls)
    values: dict[str, Any] = {}
    for number, field in enumerate(shape.fields):
        try:
            values[field.name] = _in_version(field, decode_field(reader, field), scope.version)
        except LlrpError as error:
            wrong_value = error.status is StatusCode.P_FIELD_ERROR
            raise LlrpError(error.status, error.reason, field=number if wrong_value else None) from None
    reader.align()
    return cls(**values, **_decode_slots(cls, shape, reader, scope))


def _decode_slots(cls: type, shape: Layout, reader: BitReader, scope: _Scope) -> dict[str, Any]:
    found: dict[str, list[Any]] = {slot.name: [] for slot in shape.slots}
    place = 0
    while reader.byte < reader.end:
        key, inner, body = _next_parameter(reader, scope)
        following = (i for i in range(place, len(shape.slots)) if shape.slots[i].takes(inner))
        index = next(following, None)
        if index is None:
            misplaced = any(slot.takes(inner) for slot in shape.slots)
            where = "comes too late in" if misplaced else "does not belong into"
            raise LlrpError(StatusCode.P_UNEXPECTED_PARAMETER, f"{inner.__name__} {where} {cls.__name__}")
        slot, place = shape.slots[index], index
        if found[slot.name] and not slot.many:
            raise LlrpError(StatusCode.P_DUPLICATE_PARAMETER, f"{inner.__name__} stands twice in {cls.__name__}")
        try:
            found[slot.name].append(_decode_record(inner, body, scope.inner()))
        except LlrpError as error:
            raise error.inside(key[0]) from None
    return {slot.name: _filled(cls, slot.name, slot.least, slot.many, found[slot.name]) for slot in shape.slots}


def _filled(cls: type, name: str, least: int, many: bool, values: list[Any]) -> Any:
    if len(values) < least:
        raise LlrpError(StatusCode.P_MISSING_PARAMETER, f"{cls.__name__} needs its {name}")
    if many:
        return tuple(values)
    return values[0] if values else None


def _next_parameter(reader: BitReader, scope: _Scope) -> tuple[Key, type, BitReader]:
    """Read a parameter's header; return what it is and a reader of its body, and step over it."""
    if scope.depth >= MAX_DEPTH:
        raise LlrpError(StatusCode.P_PARAMETER_ERROR, "parameters are nested too deeply")
    start = reader.byte
    first = reader.number(8)
    if first & _TV_BIT:
        key: Key = (first & ~_TV_BIT, 0, 0)
        cls = _known(key, scope.version)
        return key, cls, reader.part(start + 1, tv_bytes(cls))
    number = first << 8 | reader.number(8)
    length = reader.number(16)
    body_start = start + _TLV_HEADER_BYTES
    if length < _TLV_HEADER_BYTES:
        raise LlrpError(StatusCode.P_PARAMETER_ERROR, f"a parameter cannot have {length} bytes")
    key = (number & 0x3FF, 0, 0)
    if key[0] == CUSTOM:
        if length < _TLV_HEADER_BYTES + _CUSTOM_HEADER_BYTES:
            raise LlrpError(StatusCode.P_PARAMETER_ERROR, f"a custom parameter cannot have {length} bytes")
        key = (CUSTOM, reader.number(32), reader.number(32))
    cls = _known(key, scope.version)
    skipped = _CUSTOM_HEADER_BYTES if layout(cls).key[1] else 0
    return key, cls, reader.part(body_start + skipped, start + length - body_start - skipped)


def tv_bytes(cls: type) -> int:
    """Return the fixed length of a TV parameter without its header."""
    return sum(fixed_bits(field) for field in layout(cls).fields) // 8


def _known(key: Key, version: int) -> type:
    cls = parameter_class(key)
    if cls is None or layout(cls).since > version or (key[0] <= MAX_TV_TYPE) != (layout(cls).key[0] <= MAX_TV_TYPE):
        raise LlrpError(StatusCode.P_UNKNOWN_PARAMETER, f"parameter type {_name(key)} is not known")
    return cls


def _name(key: Key) -> str:
    return f"{key[0]}" if key[0] != CUSTOM else f"custom {key[1]}/{key[2]}"


def _for_message(status: StatusCode) -> StatusCode:
    """Turn a parameter's status code into the message's of the same meaning."""
    if status is StatusCode.P_UNSUPPORTED_PARAMETER:
        return StatusCode.M_UNSUPPORTED_PARAMETER
    return StatusCode(status - 100) if 200 <= status <= 208 else status
