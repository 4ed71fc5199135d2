"""The stream is cut into messages however it arrives."""

from collections.abc import Mapping

import pytest
from tagdock_simulators.llrp.errors import LlrpError
from tagdock_simulators.llrp.stream import Framer


@pytest.mark.parametrize("size", [1, 7, 10, 4096, 10**6], ids=lambda size: f"{size} bytes at a time")
def test_messages_come_out_whole_however_they_come_in(size: int, frames: Mapping[str, bytes]) -> None:
    stream, framer, got = b"".join(frames.values()), Framer(), []
    for start in range(0, len(stream), size):
        got += framer.feed(stream[start : start + size])
    assert got == list(frames.values())
    assert not framer.waiting


@pytest.mark.parametrize("length", [0, 9, 101, 2**32 - 1])
def test_a_length_that_cannot_be_is_refused_at_once(length: int) -> None:
    with pytest.raises(LlrpError, match="is not taken; 10 to 100 are"):
        Framer(max_bytes=100).feed(b"\x04\x3e" + length.to_bytes(4, "big") + bytes(4))
