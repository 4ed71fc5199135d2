"""Hostile bytes: golden messages damaged in every way, and noise behind right headers.

`TAGDOCK_FUZZ_EXAMPLES=1000000 pytest tests/simulators/llrp/test_fuzz.py` looks longer.
"""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.codec import HEADER_BYTES, decode_message, encode_message, read_header
from tagdock_simulators.llrp.device import Device
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.impinj import ImpinjEnableExtensions
from tagdock_simulators.llrp.profiles import PROFILES
from tagdock_simulators.llrp.schema import layout, message_classes
from tagdock_simulators.llrp.states import Connection

EXAMPLES = int(os.environ.get("TAGDOCK_FUZZ_EXAMPLES", "200"))
GOLDEN = [file.read_bytes() for file in sorted((Path(__file__).parent.parent / "golden").glob("*.bin"))]
NUMBERS = sorted({layout(cls).key[0] for cls in message_classes()})
FUZZ = settings(max_examples=EXAMPLES, deadline=2000, suppress_health_check=list(HealthCheck))
"""No example takes two seconds: what hangs fails."""


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A golden message with bytes changed, cut out, doubled or taken from another one; its length is mended or not."""
    frame = bytearray(draw(st.sampled_from(GOLDEN)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(frame) - 1)))
        until = min(len(frame), at + draw(st.integers(1, 12)))
        match draw(st.sampled_from(("byte", "bit", "cut", "double", "splice", "length"))):
            case "byte":
                frame[at:until] = draw(st.binary(min_size=until - at, max_size=until - at))
            case "bit" if frame:
                frame[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del frame[at:until]
            case "double":
                frame[at:at] = frame[at:until] * draw(st.integers(1, 20))
            case "splice":
                other = draw(st.sampled_from(GOLDEN))
                frame[at:until] = other[draw(st.integers(0, len(other))) :]
            case "length":
                frame[at : at + 2] = draw(st.sampled_from((b"\0\0", b"\xff\xff", b"\0\x04", b"\x7f\xff")))
    if draw(st.booleans()) and len(frame) >= HEADER_BYTES:
        frame[2:6] = len(frame).to_bytes(4, "big")
    return bytes(frame)


@st.composite
def noise(draw: st.DrawFn) -> bytes:
    """Random bytes behind the right header of a message that there is."""
    body = draw(st.binary(max_size=200))
    first = draw(st.integers(1, 2)) << 10 | draw(st.sampled_from(NUMBERS))
    return first.to_bytes(2, "big") + (HEADER_BYTES + len(body)).to_bytes(4, "big") + bytes(4) + body


@pytest.mark.parametrize("version", [1, 2])
@FUZZ
@given(frame=damaged() | noise() | st.binary(max_size=300))
def test_whatever_comes_is_decoded_or_refused_with_a_status(version: int, frame: bytes) -> None:
    try:
        header, message = decode_message(frame, version)
    except LlrpError as error:
        assert isinstance(error.status, StatusCode)
        return
    again = decode_message(encode_message(message, header.message_id, version), version)[1]
    assert again == message


@pytest.mark.parametrize("name", sorted(PROFILES))
@settings(FUZZ, max_examples=max(40, EXAMPLES // 5))
@given(frames=st.lists(damaged() | noise(), max_size=12))
def test_whatever_a_client_sends_the_reader_answers_and_lives(name: str, frames: list[bytes]) -> None:
    device = Device(PROFILES[name], bytes(8), 0)
    device.accept(0)
    device.receive(encode_message(ImpinjEnableExtensions(), 1), 0)
    for number, frame in enumerate(frames):
        if len(frame) < HEADER_BYTES:
            continue  # the framer waits for the rest
        if device.outbound.connection is Connection.CLOSING:
            device.lose()
            device.accept(number)
        for out in device.receive(frame, number * 1000):
            spoken = read_header(out.data).version
            assert decode_message(out.data, spoken)[0].length == len(out.data)
        device.tick(number * 1000)
    if device.outbound.connection is Connection.CLOSING:
        device.lose()
        device.accept(10**6)
    request = encode_message(m.GetROSpecs(), 9, device.outbound.version)
    answers: list[Any] = [decode_message(out.data, device.outbound.version) for out in device.receive(request, 10**6)]
    assert isinstance(answers[-1][1], m.GetROSpecsResponse)
