"""What really happened, as a truth file tells it: JSON Lines, one tag of one load a line.

A line names `epc_hex`, `door` and `at`, and either `direction` (`in`, `out`, or `pass`: it went by) or `nothing`. Other
fields are ignored. The simulators write such files (`--truth`); for a real door people do, from what they saw.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from tagdock_contract.events import EpcHex, Instant, Place

from tagdock_edge.clock import to_us
from tagdock_edge.errors import TruthError

LINE_BYTES_AT_MOST = 4096
LINES_AT_MOST = 5_000_000


class Truth(msgspec.Struct, frozen=True):
    """One tag at one door, in microseconds; `direction` None: it passed no door, and nothing is to be reported."""

    epc_hex: str
    door: str
    direction: Literal["in", "out"] | None
    at_us: int


class _Line(msgspec.Struct):
    epc_hex: EpcHex
    door: Place
    at: Instant
    direction: Literal["in", "out", "pass"] | None = None
    nothing: bool = False


_DECODER = msgspec.json.Decoder(_Line)


def read_truth(lines: Iterable[bytes], name: str) -> Iterator[Truth]:
    """Read a truth file's lines; `name` is what errors call it. Raises TruthError naming the line and the field."""
    for number, line in enumerate(lines, start=1):
        if number > LINES_AT_MOST:
            raise TruthError(f"{name}: has more than {LINES_AT_MOST:,} lines; judge it in parts")
        if line.strip():
            yield _truth(line, f"{name}, line {number}")


def _truth(line: bytes, where: str) -> Truth:
    if len(line) > LINE_BYTES_AT_MOST:
        raise TruthError(f"{where}: is longer than {LINE_BYTES_AT_MOST} bytes; is it a truth file?")
    try:
        told = _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TruthError(
            f"{where}: {error}; write epc_hex, door, at, and direction in, out or pass (or nothing)"
        ) from error
    if told.nothing == (told.direction is not None):
        raise TruthError(f"{where}: has to say either a direction or nothing = true, one of them")
    direction = told.direction if told.direction in ("in", "out") else None
    return Truth(told.epc_hex.upper(), told.door, direction, to_us(told.at))
