"""A stream of bytes cut into LLRP messages."""

from tagdock_simulators.llrp.codec import HEADER_BYTES, read_header
from tagdock_simulators.llrp.errors import LlrpError, StatusCode

MAX_MESSAGE_BYTES = 1024 * 1024
"""The longest message that is taken; a ROSpec with 32 AISpecs of 16 antennas has some 30 KiB."""


class Framer:
    """Collects bytes and gives whole messages back."""

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()

    @property
    def waiting(self) -> bool:
        """Say whether a message has begun but not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes; return the messages that are whole now.

        Raises LlrpError when a header's length cannot be: the stream is out of step then and has to be closed.
        """
        self._buffer += data
        frames = []
        while len(self._buffer) >= HEADER_BYTES:
            length = read_header(bytes(self._buffer[:HEADER_BYTES])).length
            if not HEADER_BYTES <= length <= self._max_bytes:
                allowed = f"{HEADER_BYTES} to {self._max_bytes} are"
                raise LlrpError(StatusCode.M_FIELD_ERROR, f"a message of {length} bytes is not taken; {allowed}")
            if len(self._buffer) < length:
                break
            frames.append(bytes(self._buffer[:length]))
            del self._buffer[:length]
        return frames
