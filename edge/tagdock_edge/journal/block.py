"""A journal's block: what the gateway took in one step, packed, with a checksum; pure.

A block stands alone: it refers to no other, so a damaged one costs itself only. Layout, little-endian: magic (4 bytes),
length of what follows the header, CRC-32 of length and content; then MessagePack, deflated. MessagePack is msgspec's of
the contract's own structs, so what comes back equals what went in, to the last bit of every number.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
from tagdock_contract import InputChange, Record, TagRead

MAGIC = b"\x8fTJ1"
_HEADER = struct.Struct("<4sII")
_LENGTH = struct.Struct("<I")
_LEVEL = 1
"""The fastest deflate: a quarter of the size for 0.5 to 1 us a read (`benchmarks/edge_journal.py`)."""
BLOCK_BYTES_AT_MOST = 64 * 1024 * 1024
"""The largest content, unpacked: 200,000 reads (the inbox's bound) of 140 bytes are less than half of it."""


class Step(NamedTuple):
    """Records came, then the time was `now_us`. `missed` records before them could not be journaled."""

    records: Sequence[Record]
    now_us: int
    missed: int = 0


class Piece(NamedTuple):
    """A stretch of a segment: a block with its content, or None where the bytes are no block."""

    begin: int
    end: int
    content: memoryview | None


class _Block(msgspec.Struct, frozen=True, array_like=True):
    """`idle_us`: the last time before it that went by with nothing to decide; inputs by how many reads came before."""

    idle_us: int | None
    reads: Sequence[TagRead]
    inputs: Sequence[tuple[int, InputChange]]
    now_us: int
    missed: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Block).decode


def pack(idle_us: int | None, records: Sequence[Record], now_us: int, missed: int = 0) -> bytes:
    """Build the block of one step, and of the idle time before it."""
    reads = [record for record in records if type(record) is TagRead]
    inputs = [] if len(reads) == len(records) else list(_inputs(records))
    content = zlib.compress(_encode(_Block(idle_us, reads, inputs, now_us, missed)), _LEVEL)
    length = _LENGTH.pack(len(content))
    return _HEADER.pack(MAGIC, len(content), zlib.crc32(content, zlib.crc32(length))) + content


def pieces(data: bytes) -> Iterator[Piece]:
    """Cut a segment into its blocks and what lies between them; every byte is in one piece."""
    at = 0
    while at < len(data):
        block = _block_at(data, at)
        if block is not None:
            yield block
            at = block.end
            continue
        found = _next_block(data, at + 1)
        yield Piece(at, found, None)
        at = found


def unpack(piece: Piece) -> list[Step] | None:
    """Return a block's steps; None where the piece is no block, or one of another make."""
    if piece.content is None:
        return None
    try:
        block = _decode(zlib.decompressobj().decompress(piece.content, BLOCK_BYTES_AT_MOST))
    except (zlib.error, msgspec.DecodeError):
        return None
    return list(_steps(block))


def _inputs(records: Sequence[Record]) -> Iterator[tuple[int, InputChange]]:
    reads = 0
    for record in records:
        if isinstance(record, TagRead):
            reads += 1
        else:
            yield reads, record


def _next_block(data: bytes, at: int) -> int:
    """Find where the next whole block begins: its magic alone may stand anywhere."""
    while (at := data.find(MAGIC, at)) >= 0:
        if _block_at(data, at) is not None:
            return at
        at += 1
    return len(data)


def _block_at(data: bytes, at: int) -> Piece | None:
    begin = at + _HEADER.size
    if begin > len(data):
        return None
    magic, length, crc = _HEADER.unpack_from(data, at)
    end = begin + length
    if magic != MAGIC or end > len(data):
        return None
    content = memoryview(data)[begin:end]
    return Piece(at, end, content) if zlib.crc32(content, zlib.crc32(_LENGTH.pack(length))) == crc else None


def _steps(block: _Block) -> Iterator[Step]:
    if block.idle_us is not None:
        yield Step((), block.idle_us)
    yield Step(_merged(block), block.now_us, block.missed)


def _merged(block: _Block) -> Sequence[Record]:
    """Put the inputs back between the reads where they came."""
    if not block.inputs:
        return block.reads
    records: list[Record] = []
    taken = 0
    for before, change in block.inputs:
        records += block.reads[taken:before]
        records.append(change)
        taken = before
    return [*records, *block.reads[taken:]]
