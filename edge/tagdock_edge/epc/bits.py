"""A bit string read from its front."""

from tagdock_edge.errors import EpcError


class Bits:
    """Read unsigned integers off the front of a bit string: `value` is `count` bits wide."""

    __slots__ = ("_left", "_value")

    def __init__(self, value: int, count: int) -> None:
        self._value = value
        self._left = count

    def take(self, count: int) -> int:
        """Read the next bits. Raises EpcError where the string ends before."""
        self._left -= count
        if self._left < 0:
            raise EpcError(f"the memory ends {-self._left} bits too early")
        return self._value >> self._left & ((1 << count) - 1)
