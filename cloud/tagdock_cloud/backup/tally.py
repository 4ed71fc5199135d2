"""A count and a checksum of a table's rows that do not depend on their order. Pure."""

from hashlib import blake2b

_BITS = 128
_MASK = (1 << _BITS) - 1


class Tally:
    """Takes a table as COPY's text format in pieces of any size; a row is a line, newlines in values are escaped.

    The checksum is the sum, modulo 2^128, of every row's BLAKE2b hash (RFC 7693): equal for the same rows in any order.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0
        self._rest = b""

    def take(self, piece: bytes) -> None:
        """Take the next piece of the stream."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._sum += int.from_bytes(blake2b(line, digest_size=_BITS // 8).digest(), "big")
        self.rows += len(lines)

    @property
    def checksum(self) -> str:
        """The checksum of the whole rows so far, in hex."""
        return f"{self._sum & _MASK:032x}"
