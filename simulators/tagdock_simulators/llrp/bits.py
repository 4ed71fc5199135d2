"""Fields to bits and back: the innermost part of the codec."""

from enum import IntEnum
from typing import Any

from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.fields import BitCounted, Bits, BitString, Counted, Field, Fixed, Rest, Utf8


class BitReader:
    """Reads numbers and bytes from a part of a buffer. Every step past the end is an LlrpError."""

    __slots__ = ("_bit", "_data", "end")

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data = data
        self._bit = start * 8
        self.end = end

    @property
    def byte(self) -> int:
        """Return the place of the next byte."""
        return (self._bit + 7) >> 3

    def align(self) -> None:
        """Step over reserved bits to the next whole byte."""
        self._bit = self.byte * 8

    def number(self, width: int) -> int:
        """Read an unsigned number."""
        first, stop = self._bit >> 3, (self._bit + width + 7) >> 3
        self._need(stop)
        self._bit += width
        return int.from_bytes(self._data[first:stop], "big") >> (stop * 8 - self._bit) & ((1 << width) - 1)

    def take(self, size: int) -> bytes:
        """Read whole bytes."""
        start = self.byte
        self._need(start + size)
        self._bit = (start + size) * 8
        return self._data[start : start + size]

    def rest(self) -> bytes:
        """Read all that is left."""
        return self.take(self.end - self.byte)

    def part(self, start: int, size: int) -> "BitReader":
        """Return a reader of the bytes from `start` on, and step over them."""
        self._need(start + size)
        self._bit = (start + size) * 8
        return BitReader(self._data, start, start + size)

    def _need(self, stop: int) -> None:
        if stop > self.end:
            raise LlrpError(StatusCode.P_PARAMETER_ERROR, "it ends in the middle of a field")


class BitWriter:
    """Collects numbers and bytes."""

    __slots__ = ("_bits", "_value")

    def __init__(self) -> None:
        self._value = 0
        self._bits = 0

    def number(self, value: int, width: int) -> None:
        """Append an unsigned number."""
        self._value = self._value << width | value
        self._bits += width

    def align(self) -> None:
        """Append reserved bits up to a whole byte."""
        self.number(0, -self._bits % 8)

    def take(self, data: bytes) -> None:
        """Append whole bytes."""
        self.align()
        self.number(int.from_bytes(data, "big"), len(data) * 8)

    def to_bytes(self) -> bytes:
        """Return everything, filled up to a whole byte."""
        self.align()
        return self._value.to_bytes(self._bits // 8, "big")


def fixed_bits(field: Field) -> int:
    """Return the width of a field of fixed width. Raises TypeError for any other kind."""
    match field.kind:
        case Bits(width, _, reserved):
            return width + reserved
        case Fixed(size):
            return size * 8
    raise TypeError(f"{field.name} has no fixed width")


def decode_field(reader: BitReader, field: Field) -> Any:
    """Read one field. Raises LlrpError."""
    kind = field.kind
    if isinstance(kind, Bits):
        return _decode_number(reader, field, kind)
    reader.align()
    match kind:
        case Fixed(size):
            return reader.take(size)
        case Counted(width):
            return _decode_numbers(reader, width)
        case Utf8():
            return _decode_text(reader, field)
        case BitCounted():
            bits = reader.number(16)
            return BitString(bits, reader.take((bits + 7) // 8))
        case Rest():
            return reader.rest()


def encode_field(writer: BitWriter, field: Field, value: Any) -> None:
    """Append one field. Raises ValueError naming the field when the value does not fit."""
    kind = field.kind
    if isinstance(kind, Bits):
        _encode_number(writer, field, kind, int(value))
        return
    writer.align()
    match kind:
        case Fixed(size):
            if len(value) != size:
                raise ValueError(f"{field.name} has {size} bytes, not {len(value)}")
            writer.take(value)
        case Counted(width):
            _encode_number(writer, field, Bits(16), len(value))
            writer.take(b"".join(number.to_bytes(width // 8, "big") for number in value))
        case Utf8():
            data = value.encode()
            _encode_number(writer, field, Bits(16), len(data))
            writer.take(data)
        case BitCounted():
            if len(value.data) != (value.bits + 7) // 8:
                raise ValueError(f"{field.name} has {value.bits} bits in {len(value.data)} bytes")
            _encode_number(writer, field, Bits(16), value.bits)
            writer.take(value.data)
        case Rest():
            writer.take(value)


def _decode_number(reader: BitReader, field: Field, kind: Bits) -> Any:
    if kind.width % 8 == 0:
        reader.align()
    value = reader.number(kind.width)
    if kind.reserved:
        reader.number(kind.reserved)
    if kind.signed and value >> (kind.width - 1):
        value -= 1 << kind.width
    if field.python is bool:
        return bool(value)
    if issubclass(field.python, IntEnum):
        try:
            return field.python(value)
        except ValueError:
            known = ", ".join(f"{choice.value} {choice.name}" for choice in field.python)
            raise LlrpError(StatusCode.P_FIELD_ERROR, f"{field.name} is {value}; known are {known}") from None
    return value


def _encode_number(writer: BitWriter, field: Field, kind: Bits, value: int) -> None:
    least = -(1 << kind.width - 1) if kind.signed else 0
    if not least <= value < least + (1 << kind.width):
        raise ValueError(f"{field.name} has {kind.width} bits; {value} does not fit")
    if kind.width % 8 == 0:
        writer.align()
    writer.number(value & ((1 << kind.width) - 1), kind.width)
    writer.number(0, kind.reserved)


def _decode_numbers(reader: BitReader, width: int) -> tuple[int, ...]:
    size = width // 8
    data = reader.take(reader.number(16) * size)
    return tuple(int.from_bytes(data[i : i + size], "big") for i in range(0, len(data), size))


def _decode_text(reader: BitReader, field: Field) -> str:
    data = reader.take(reader.number(16))
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise LlrpError(StatusCode.P_FIELD_ERROR, f"{field.name} is no UTF-8") from None
