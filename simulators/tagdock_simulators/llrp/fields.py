"""The kinds of field that LLRP's messages and parameters are made of (LLRP 1.0.1, chapter 16).

A field's kind stands in its annotation: `index: U16`. Fields of a few bits share bytes; the run of them is filled up
with reserved bits to a whole byte, or by `reserved` where the standard leaves more room.
"""

from dataclasses import dataclass
from typing import Annotated, NamedTuple


@dataclass(frozen=True, slots=True)
class Bits:
    """A number of fixed width, then that many reserved bits.

    Before version `since` its bits are reserved too; `known_to_1_0` is the highest choice that LLRP 1.0.1 has.
    """

    width: int
    signed: bool = False
    reserved: int = 0
    since: int = 1
    known_to_1_0: int | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """That many bytes as they are."""

    size: int


@dataclass(frozen=True, slots=True)
class Counted:
    """A 16-bit count, then that many numbers of `width` bits."""

    width: int


@dataclass(frozen=True, slots=True)
class Utf8:
    """A 16-bit byte count, then text."""


@dataclass(frozen=True, slots=True)
class BitCounted:
    """A 16-bit bit count, then the bits, filled up to whole bytes."""


@dataclass(frozen=True, slots=True)
class Rest:
    """All bytes that are left."""


Kind = Bits | Fixed | Counted | Utf8 | BitCounted | Rest


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name, its kind, and the Python type that its value has."""

    name: str
    kind: Kind
    python: type


class BitString(NamedTuple):
    """Some bits, the first one highest in the first byte; bits past the count are zero."""

    bits: int
    data: bytes


Flag = Annotated[bool, Bits(1)]
NewFlag = Annotated[bool, Bits(1, since=2)]
"""A flag of LLRP 1.1, reserved before."""
U2 = Annotated[int, Bits(2)]
U8 = Annotated[int, Bits(8)]
U16 = Annotated[int, Bits(16)]
U32 = Annotated[int, Bits(32)]
U64 = Annotated[int, Bits(64)]
S8 = Annotated[int, Bits(8, signed=True)]
S16 = Annotated[int, Bits(16, signed=True)]
Bytes12 = Annotated[bytes, Fixed(12)]
U8s = Annotated[tuple[int, ...], Counted(8)]
U16s = Annotated[tuple[int, ...], Counted(16)]
U32s = Annotated[tuple[int, ...], Counted(32)]
BitField = Annotated[BitString, BitCounted()]
Text = Annotated[str, Utf8()]
Tail = Annotated[bytes, Rest()]
