"""What a proxy does to the bytes of one direction, without a socket: bytes in, bytes out and whether to cut.

A tap never changes the order of bytes; it ends the stream early, or leaves whole LLRP messages out, puts some in or
passes them on twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tagdock_simulators.faults.kinds import Kind
from tagdock_simulators.faults.schedule import Fault
from tagdock_simulators.llrp.codec import HEADER_BYTES, encode_message, read_header
from tagdock_simulators.llrp.events import ConnectionAttempt, ConnectionAttemptEvent, ReaderEventNotificationData
from tagdock_simulators.llrp.messages import ReaderEventNotification
from tagdock_simulators.llrp.schema import CUSTOM
from tagdock_simulators.llrp.stream import MAX_MESSAGE_BYTES
from tagdock_simulators.llrp.times import UTCTimestamp

UNKNOWN_TYPE = 999
"""Between the types that LLRP 1.1 uses (below 100) and CUSTOM_MESSAGE (1023): nobody has it."""
FOREIGN_VENDOR, FOREIGN_SUBTYPE = 0xFFFF_FF00, 77
"""An enterprise number far beyond those that IANA has given away."""
RO_ACCESS_REPORT = 61
_VERSION = 1
_TAG_REPORT_DATA = 240
_MESSAGE_ID = 0x7FFF_FFFF


class Piece(NamedTuple):
    """Bytes to pass on; with `cut`, the connection is reset right after them. `done` is the faults in it."""

    data: bytes
    cut: bool = False
    done: tuple[Kind, ...] = ()


class Tap(Protocol):
    """One direction of one connection."""

    def order(self, fault: Fault) -> list[Piece]:
        """Take a momentary fault to do at the next chance; return what goes out at once."""

    def feed(self, data: bytes, lasting: Sequence[Fault]) -> list[Piece]:
        """Take bytes, under the faults that last now; return what goes on."""

    def end(self) -> bytes:
        """Return the bytes that still wait when the stream ends."""


class PlainTap:
    """Any protocol: knows no messages, so a chunk as it came from the network stands for one."""

    def __init__(self) -> None:
        self._cut: Fault | None = None

    def order(self, fault: Fault) -> list[Piece]:
        """Take a cut inside the next chunk."""
        if fault.kind is Kind.CUT_INSIDE:
            self._cut = fault
        return []

    def feed(self, data: bytes, lasting: Sequence[Fault]) -> list[Piece]:
        """Pass bytes on, or the first of them and a cut; never a whole chunk then."""
        if self._cut is None:
            return [Piece(data)]
        return [_cut_inside(data, self._cut)]

    def end(self) -> bytes:
        """Nothing waits here."""
        return b""


@dataclass(slots=True)
class _Orders:
    """What is to be done at the next message."""

    cut: Fault | None = None
    length: Fault | None = None


class LlrpTap:
    """LLRP, cut into messages. What is no LLRP goes through as it is, from then on."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._orders = _Orders()
        self._blind = False

    def order(self, fault: Fault) -> list[Piece]:
        """Take a fault for the next message, or put a message in: between two, as bytes only pass by messages."""
        if fault.kind is Kind.CUT_INSIDE:
            self._orders.cut = fault
        elif fault.kind is Kind.WRONG_LENGTH:
            self._orders.length = fault
        elif fault.kind in _INJECTED:
            return [Piece(_INJECTED[fault.kind], done=(fault.kind,))]
        return []

    def feed(self, data: bytes, lasting: Sequence[Fault]) -> list[Piece]:
        """Pass whole messages on."""
        self._buffer += data
        pieces = []
        while (frame := self._next()) is not None:
            pieces += self._passed(frame, lasting)
        return pieces

    def end(self) -> bytes:
        """Return the beginning of a message that has no end."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def _next(self) -> bytes | None:
        """Take the next message; everything there is once the stream is out of step."""
        length = len(self._buffer)
        if not self._blind:
            if length < HEADER_BYTES:
                return None
            length = read_header(bytes(self._buffer[:HEADER_BYTES])).length
            self._blind = not HEADER_BYTES <= length <= MAX_MESSAGE_BYTES
        if self._blind:
            length = len(self._buffer)
        if not length or len(self._buffer) < length:
            return None
        frame = bytes(self._buffer[:length])
        del self._buffer[:length]
        return frame

    def _passed(self, frame: bytes, lasting: Sequence[Fault]) -> list[Piece]:
        kinds = {fault.kind: fault for fault in lasting}
        if Kind.MUTE in kinds:
            return [Piece(b"", done=(Kind.MUTE,))]
        if self._orders.cut is not None:
            return [_cut_inside(frame, self._orders.cut)]
        if self._orders.length is not None:
            frame, self._orders.length = _wrong_length(frame, self._orders.length), None
            return [Piece(frame, done=(Kind.WRONG_LENGTH,))]
        copies = kinds.get(Kind.DUPLICATE_REPORTS)
        if copies is not None and not self._blind and read_header(frame).number == RO_ACCESS_REPORT:
            return [Piece(frame), *[Piece(frame, done=(Kind.DUPLICATE_REPORTS,))] * (int(copies.value) - 1)]
        return [Piece(frame)]


def refusal(status: int, now_us: int) -> bytes:
    """Write what a reader says to a client that it does not take (ConnectionAttemptEvent, LLRP 1.0.1, chapter 13)."""
    event = ConnectionAttemptEvent(ConnectionAttempt(status))
    told = ReaderEventNotificationData(UTCTimestamp(now_us), connection_attempt=event)
    return encode_message(ReaderEventNotification(told), 0)


def _cut_inside(data: bytes, fault: Fault) -> Piece:
    """Let the first bytes through, one too few at most, and cut."""
    return Piece(data[: min(int(fault.value), len(data) - 1)], cut=True, done=(Kind.CUT_INSIDE,))


def _wrong_length(frame: bytes, fault: Fault) -> bytes:
    """Change the length in a header; what it says stays a number of 32 bits."""
    length = min(max(len(frame) + int(fault.value), 0), 0xFFFF_FFFF)
    return frame[:2] + length.to_bytes(4, "big") + frame[6:]


def _message(number: int, body: bytes) -> bytes:
    head = (_VERSION << 10 | number).to_bytes(2, "big") + (HEADER_BYTES + len(body)).to_bytes(4, "big")
    return head + _MESSAGE_ID.to_bytes(4, "big") + body


_INJECTED = {
    Kind.UNKNOWN_MESSAGE: _message(UNKNOWN_TYPE, b"\x00\x01\x02\x03"),
    Kind.FOREIGN_MESSAGE: _message(CUSTOM, FOREIGN_VENDOR.to_bytes(4, "big") + bytes((FOREIGN_SUBTYPE,)) + b"\x01\x02"),
    # A TagReportData whose length goes beyond the message, after the EPC-96 of a tag that nobody has.
    Kind.UNDECODABLE_MESSAGE: _message(
        RO_ACCESS_REPORT, _TAG_REPORT_DATA.to_bytes(2, "big") + b"\x7f\xff" + b"\x8d" + bytes(5)
    ),
}
