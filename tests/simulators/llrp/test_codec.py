"""Bytes to messages and back, judged by pyllrp, by a real reader's bytes and by hostile input."""

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any

import bitstring
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyllrp import pyllrp
from tagdock_simulators.llrp import custom  # noqa: F401  # registers the general custom parameter
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.accessspec import ClientRequestOpSpec
from tagdock_simulators.llrp.codec import (
    decode_body,
    decode_message,
    encode_body,
    encode_message,
    encode_parameter,
    version_of,
)
from tagdock_simulators.llrp.custom import Custom
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.fields import BitCounted, Bits, BitString, Counted, Field, Fixed, Rest, Utf8
from tagdock_simulators.llrp.impinj import ImpinjEnableExtensions
from tagdock_simulators.llrp.schema import CustomParameter, Slot, layout, message_classes, parameter_classes
from tagdock_simulators.llrp.status import LLRPStatus, ParameterError

REAL = {
    "CloseConnectionResponse": 4,
    "GetReaderCapabilitiesResponse": 11,
    "GetReaderConfigResponse": 12,
    "ROAccessReport": 61,
    "ReaderEventNotification": 63,
}
EXAMPLES = int(os.environ.get("TAGDOCK_FUZZ_EXAMPLES", "200"))
NOT_PYLLRPS = (ImpinjEnableExtensions,)  # pyllrp writes reserved bits as 0
UNKNOWN_TO_PYLLRP = (ClientRequestOpSpec,)  # it has no class for it


def values(field: Field, version: int) -> st.SearchStrategy[Any]:
    """Every value that a field can carry in a version of the protocol."""
    match field.kind:
        case Bits(width, signed, _, since, known):
            if since > version:
                return st.just(field.python())
            if field.python is bool:
                return st.booleans()
            if issubclass(field.python, IntEnum):
                return st.sampled_from([each for each in field.python if version > 1 or known is None or each <= known])
            least = -(1 << width - 1) if signed else 0
            first = 1 if field.name in ("index", "channel_index") else least  # pyllrp knows that they count from 1
            return st.integers(first, least + (1 << width) - 1)
        case Fixed(size):
            return st.binary(min_size=size, max_size=size)
        case Counted(width):
            return st.lists(st.integers(0, (1 << width) - 1), max_size=4).map(tuple)
        case Utf8():
            return st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)  # pyllrp drops a NUL
        case BitCounted():
            return st.binary(max_size=8).map(lambda data: BitString(len(data) * 8, data))
        case Rest():
            return st.binary(max_size=8)
    raise AssertionError(field)


def records(cls: type, version: int, depth: int = 0) -> st.SearchStrategy[Any]:
    """Every record of a class, not too deep."""
    shape = layout(cls)
    parts = {field.name: values(field, version) for field in shape.fields}
    parts |= {slot.name: contents(slot, version, depth) for slot in shape.slots}
    return st.builds(cls, **parts)


def contents(slot: Slot, version: int, depth: int) -> st.SearchStrategy[Any]:
    there = [cls for cls in parameter_classes() if slot.takes(cls) and layout(cls).since <= version]
    choices = [cls for cls in there if cls is not Custom and (version > 1 or cls not in UNKNOWN_TO_PYLLRP)]
    if not choices:
        return st.none()
    if not slot.many and slot.least == 0 and depth > 5:
        return st.none()
    one = st.deferred(lambda: st.one_of([records(cls, version, depth + 1) for cls in choices]))
    if slot.many:
        most = 0 if depth > 2 and CustomParameter in slot.accepts else 2
        return st.lists(one, min_size=slot.least, max_size=most).map(tuple)
    return one if slot.least else st.none() | one


def messages(version: int) -> st.SearchStrategy[Any]:
    """Any message of a version of the protocol."""
    there = [cls for cls in message_classes() if layout(cls).since <= version]
    return st.sampled_from(there).flatmap(lambda cls: records(cls, version))


MESSAGE_OF_1_0 = messages(1)
MESSAGE_OF_1_1 = messages(2)


def by_pyllrp(data: bytes) -> Any:
    return _mended(pyllrp.UnpackMessage(bitstring.ConstBitStream(bytes=data)))


def _mended(judged: Any) -> Any:
    """Make fields of two bits numbers: pyllrp reads them as bit streams, which it then will not write."""
    for field in judged.FieldDefs:
        value = getattr(judged, field.Name, None)
        if isinstance(value, bitstring.Bits):
            setattr(judged, field.Name, value.uint)
    for inner in judged.Parameters:
        _mended(inner)
    return judged


@pytest.mark.parametrize(("version", "messages"), [(1, MESSAGE_OF_1_0), (2, MESSAGE_OF_1_1)], ids=["1.0.1", "1.1"])
@settings(max_examples=EXAMPLES // 5)
@given(data=st.data(), message_id=st.integers(0, 2**32 - 1))
def test_a_message_survives_the_wire(
    version: int, messages: st.SearchStrategy[Any], data: st.DataObject, message_id: int
) -> None:
    message = data.draw(messages)
    frame = encode_message(message, message_id, version)
    header, decoded = decode_message(frame, version)
    assert decoded == message
    assert header == (version_of(header.number, version), header.number, len(frame), message_id)


@settings(max_examples=EXAMPLES // 8, deadline=None)
@given(MESSAGE_OF_1_0.filter(lambda message: not isinstance(message, NOT_PYLLRPS)))
def test_pyllrp_writes_the_same_bytes_of_any_message(message: object) -> None:
    data = encode_message(message, 5)
    assert pyllrp.PackMessage(by_pyllrp(data)).tobytes() == data


def test_pyllrp_decodes_every_message_that_is_sent(example: object, frame: bytes) -> None:
    if frame[0] >> 2 != 1:
        return  # it knows LLRP 1.0.1 only; Wireshark judges the messages of 1.1
    judged = by_pyllrp(frame)
    assert judged.MessageID == 5
    if not any(isinstance(each, Custom) for each in getattr(example, "custom", ())):  # of these it drops the data
        assert pyllrp.PackMessage(judged).tobytes() == frame
    judged._validate()


def test_every_answer_and_report_has_an_example(examples: Mapping[str, object]) -> None:
    sent = {*m.RESPONSES.values(), m.ROAccessReport, m.Keepalive, m.ReaderEventNotification, m.ErrorMessage}
    assert sent <= {type(message) for message in examples.values()}


def test_golden_bytes_stand_for_their_json(
    example_name: str, example: object, frame: bytes, golden: Path, to_json: Callable[[Any], Any]
) -> None:
    """`TAGDOCK_WRITE_GOLDEN=1 pytest` writes the files anew; look at the difference before you commit it."""
    binary, text = golden / f"{example_name}.bin", golden / f"{example_name}.json"
    if os.environ.get("TAGDOCK_WRITE_GOLDEN"):
        binary.write_bytes(frame)
        text.write_text(json.dumps(to_json(example), indent=1, ensure_ascii=False) + "\n")
    decoded = decode_message(binary.read_bytes(), version=frame[0] >> 2)[1]
    assert json.loads(json.dumps(to_json(decoded))) == json.loads(text.read_text())
    assert frame == binary.read_bytes()


def test_no_golden_file_is_left_over(golden: Path, examples: Mapping[str, object]) -> None:
    assert {file.stem for file in golden.iterdir()} == set(examples)


def test_a_real_readers_bytes_are_decoded_whole_and_written_alike(real_messages: Path) -> None:
    files = sorted(real_messages.glob("*.bytes"))
    assert files
    for file in files:
        body = file.read_bytes()
        assert encode_body(decode_body(REAL[file.stem.split("-")[0]], body)) == body, file.name


def test_a_real_readers_report_says_what_its_json_says(real_messages: Path) -> None:
    told = json.loads((real_messages / "ROAccessReport-001.json").read_text())["TagReportData"][0]
    (tag,) = decode_body(61, (real_messages / "ROAccessReport-001.bytes").read_bytes()).tags
    assert tag.antenna_id.antenna_id == told["AntennaID"]
    assert tag.peak_rssi.rssi_dbm == told["PeakRSSI"]
    assert tag.first_seen_utc.microseconds == told["FirstSeenUTC"]


@settings(max_examples=EXAMPLES)
@given(st.binary(max_size=300), st.sampled_from([*range(1, 80), 100, 1023]))
def test_noise_is_decoded_or_refused_with_a_status(body: bytes, number: int) -> None:
    try:
        decode_body(number, body)
    except LlrpError as error:
        assert isinstance(error.status, StatusCode)


@settings(max_examples=EXAMPLES // 5)
@given(MESSAGE_OF_1_1, st.data())
def test_a_damaged_message_is_decoded_or_refused_with_a_status(message: object, data: st.DataObject) -> None:
    frame = bytearray(encode_message(message, 1, 2))
    for _ in range(data.draw(st.integers(1, 3))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(frame)))
    for hostile in (bytes(frame), bytes(frame[:cut])):
        try:
            header, decoded = decode_message(hostile, 2)
        except LlrpError as error:
            assert isinstance(error.status, StatusCode)
        else:
            assert len(hostile) == header.length
            assert dataclasses.is_dataclass(decoded)


def nested(levels: int) -> bytes:
    inner = b""
    for _ in range(levels):
        inner = (289).to_bytes(2, "big") + (8 + len(inner)).to_bytes(2, "big") + bytes((0, 177, 0, 200)) + inner
    return (287).to_bytes(2, "big") + (8 + len(inner)).to_bytes(2, "big") + bytes((0, 100, 0, 0)) + inner


def test_nesting_has_an_end() -> None:
    assert isinstance(decode_body(100, nested(10)).status.parameter_error, ParameterError)
    with pytest.raises(LlrpError, match="nested too deeply"):
        decode_body(100, nested(8000))


ENABLE = encode_message(m.EnableROSpec(1), 1)[10:]
STATUS = encode_parameter(LLRPStatus())
KEEPALIVE_SPEC = bytes.fromhex("00dc0009 01 00001388")
NOTIFICATIONS = bytes.fromhex("00f4000b 00f50007 0001 80")


@pytest.mark.parametrize(
    ("number", "body", "status", "reason"),
    [
        pytest.param(24, ENABLE[:-1], StatusCode.M_PARAMETER_ERROR, "in the middle of a field", id="too short"),
        pytest.param(24, ENABLE + STATUS, StatusCode.M_UNEXPECTED_PARAMETER, "does not belong", id="too much"),
        pytest.param(24, ENABLE + b"\0", StatusCode.M_PARAMETER_ERROR, "in the middle of a field", id="one byte more"),
        pytest.param(100, b"", StatusCode.M_MISSING_PARAMETER, "needs its status", id="missing"),
        pytest.param(100, STATUS + STATUS, StatusCode.M_DUPLICATE_PARAMETER, "stands twice", id="twice"),
        pytest.param(
            3, b"\0" + KEEPALIVE_SPEC + NOTIFICATIONS, StatusCode.M_UNEXPECTED_PARAMETER, "too late", id="order"
        ),
        pytest.param(3, b"\0" + b"\x01\x90\x00\x04", StatusCode.M_UNKNOWN_PARAMETER, "400 is not known", id="unknown"),
        pytest.param(3, b"\0" + b"\x00\xdc\x00\x03", StatusCode.M_PARAMETER_ERROR, "cannot have 3", id="no room"),
        pytest.param(
            3, b"\0" + b"\x00\xdc\xff\xff", StatusCode.M_PARAMETER_ERROR, "in the middle", id="beyond the end"
        ),
        pytest.param(1, b"\x09", StatusCode.M_FIELD_ERROR, "requested is 9", id="not in the list"),
        pytest.param(999, b"", StatusCode.M_UNSUPPORTED_MESSAGE, "999 is not supported", id="unknown message"),
        pytest.param(1023, bytes(5), StatusCode.M_UNSUPPORTED_MESSAGE, "custom 0/0", id="unknown custom message"),
    ],
)
def test_what_is_wrong_is_told_by_its_code(number: int, body: bytes, status: StatusCode, reason: str) -> None:
    with pytest.raises(LlrpError, match=reason) as caught:
        decode_body(number, body)
    assert caught.value.status is status


def test_an_error_inside_a_parameter_names_the_way_to_it() -> None:
    with pytest.raises(LlrpError) as caught:
        decode_body(3, b"\0" + bytes.fromhex("00dc0009 09 00001388"))
    assert (caught.value.status, caught.value.path, caught.value.field) == (StatusCode.P_FIELD_ERROR, (220,), 0)


def test_another_version_is_refused() -> None:
    data = bytearray(encode_message(m.Keepalive(), 1))
    data[0] = 2 << 2 | data[0] & 0b11
    with pytest.raises(LlrpError) as caught:
        decode_message(bytes(data))
    assert caught.value.status is StatusCode.M_UNSUPPORTED_VERSION


def test_a_vendors_unknown_parameter_is_kept_as_it_is() -> None:
    strange = Custom(9999, 7, b"\x01\x02")
    message = m.GetReaderCapabilities(m.Capability.ALL, (strange,))
    assert decode_message(encode_message(message, 1))[1] == message


@pytest.mark.parametrize(
    ("message", "named"),
    [
        pytest.param(m.EnableROSpec(2**32), "rospec_id has 32 bits", id="number"),
        pytest.param(m.EnableROSpec(-1), "rospec_id has 32 bits", id="negative"),
        pytest.param(m.ErrorMessage(LLRPStatus(error_description="x" * 70_000)), "error_description", id="text"),
        pytest.param(ImpinjEnableExtensions(2**40), "reserved has 32 bits", id="custom"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(message: object, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        encode_message(message, 1)
