"""Which version of the protocol is spoken, and how client and reader settle it (LLRP 1.1, chapter 9)."""

import asyncio
from typing import Any

import pytest
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.codec import decode_message, encode_message, read_header
from tagdock_simulators.llrp.config import (
    EventNotificationState,
    KeepaliveSpec,
    KeepaliveTrigger,
    Notification,
    ReaderEventNotificationSpec,
)
from tagdock_simulators.llrp.errors import StatusCode
from tagdock_simulators.llrp.profiles import DEFAULT
from tagdock_simulators.llrp.profiles.generic import GENERIC
from tagdock_simulators.llrp.rospec import LoopSpec
from tagdock_simulators.llrp.status import SUCCESS


@pytest.fixture
def clerk(clerk_of: Any) -> Any:
    return clerk_of(GENERIC)


def raw(clerk: Any, request: object, version: int) -> tuple[int, Any]:
    """Ask in some version; return the answer's version and the answer."""
    frame = bytearray(encode_message(request, 7, version))
    frame[0] = version << 2 | frame[0] & 0b11
    (out,) = clerk.device.receive(bytes(frame), clerk.now_us)
    spoken = read_header(out.data).version
    return spoken, decode_message(out.data, spoken)[1]


def test_a_client_that_does_not_ask_is_spoken_to_in_1_0_1(clerk: Any) -> None:
    assert raw(clerk, m.GetROSpecs(), 1) == (1, m.GetROSpecsResponse(SUCCESS))


def test_the_reader_says_what_it_speaks_in_1_1(clerk: Any) -> None:
    assert raw(clerk, m.GetSupportedVersion(), 2) == (2, m.GetSupportedVersionResponse(1, 2, SUCCESS))


@pytest.mark.parametrize("version", [1, 2])
def test_what_was_settled_is_spoken_from_then_on_even_unasked(version: int, clerk: Any) -> None:
    assert raw(clerk, m.SetProtocolVersion(version), 2) == (2, m.SetProtocolVersionResponse(SUCCESS))
    assert raw(clerk, m.GetSupportedVersion(), 2)[1].current == version
    assert raw(clerk, m.GetROSpecs(), version)[0] == version
    raw(clerk, m.SetReaderConfig(False, keepalive=KeepaliveSpec(KeepaliveTrigger.PERIODIC, 10)), version)
    clerk.now_us += 10_000
    (keepalive,) = clerk.device.tick(clerk.now_us)
    assert read_header(keepalive.data).version == version


def test_another_version_than_the_settled_one_is_refused(clerk: Any) -> None:
    raw(clerk, m.SetProtocolVersion(2), 2)
    spoken, answer = raw(clerk, m.GetROSpecs(), 1)
    assert isinstance(answer, m.ErrorMessage)
    assert (spoken, answer.status.status_code) == (2, StatusCode.M_UNSUPPORTED_VERSION)


@pytest.mark.parametrize("wanted", [0, 3, 255])
def test_a_version_that_there_is_not_is_refused_and_nothing_changes(wanted: int, clerk: Any) -> None:
    _, answer = raw(clerk, m.SetProtocolVersion(wanted), 2)
    assert isinstance(answer, m.SetProtocolVersionResponse)
    assert answer.status.status_code is StatusCode.M_UNSUPPORTED_VERSION
    assert raw(clerk, m.SetProtocolVersion(2), 2)[1].status == SUCCESS


@pytest.mark.parametrize("before", [m.GetROSpecs(), m.SetProtocolVersion(1)], ids=["another request", "settled once"])
def test_the_version_is_settled_once_and_first(before: object, clerk: Any) -> None:
    raw(clerk, before, 2 if isinstance(before, m.SetProtocolVersion) else 1)
    _, answer = raw(clerk, m.SetProtocolVersion(2), 2)
    assert answer.status.status_code is StatusCode.M_UNEXPECTED_MESSAGE


def test_to_ask_for_the_versions_is_not_too_late_to_settle(clerk: Any) -> None:
    raw(clerk, m.GetSupportedVersion(), 2)
    assert raw(clerk, m.SetProtocolVersion(2), 2)[1].status == SUCCESS


@pytest.mark.parametrize("request_", [m.GetSupportedVersion(), m.SetProtocolVersion(2)], ids=["ask", "set"])
def test_a_reader_of_1_0_1_knows_nothing_of_it(request_: object, clerk_of: Any) -> None:
    clerk = clerk_of(DEFAULT)
    spoken, answer = raw(clerk, request_, 2)
    assert isinstance(answer, m.ErrorMessage)
    assert (spoken, answer.status.status_code) == (1, StatusCode.M_UNSUPPORTED_VERSION)
    spoken, answer = raw(clerk, request_, 1)
    assert isinstance(answer, m.ErrorMessage)


def test_even_what_cannot_be_a_message_is_refused_in_the_settled_version(serving: Any, raw_client: Any) -> None:
    async def scene() -> None:
        async with serving(GENERIC) as (_, port), raw_client(port) as client:
            await client.get()
            client.writer.write(encode_message(m.SetProtocolVersion(2), 1))
            assert read_header(await client.stream.readexactly(18)).version == 2
            client.writer.write(b"\x08\x1a" + b"\xff" * 8)
            assert read_header(await client.stream.readexactly(10)).version == 2

    asyncio.run(scene())


def test_each_client_begins_with_1_0_1(clerk: Any) -> None:
    raw(clerk, m.SetProtocolVersion(2), 2)
    clerk.device.lose()
    (greeting,) = clerk.device.accept(clerk.now_us)
    assert read_header(greeting.data).version == 1
    assert raw(clerk, m.SetProtocolVersion(2), 2)[1].status == SUCCESS


def test_what_only_1_1_has_is_unknown_to_1_0_1(clerk: Any, rospec: Any) -> None:
    looping = rospec(specs=(*rospec().specs, LoopSpec(2)))
    frame = bytearray(encode_message(m.AddROSpec(looping), 7, 2))
    frame[0] = 1 << 2 | frame[0] & 0b11
    (answer,) = clerk.said(clerk.device.receive(bytes(frame), clerk.now_us))
    assert answer.status.parameter_error.error_code is StatusCode.P_UNKNOWN_PARAMETER


@pytest.mark.parametrize("version", [1, 2])
def test_the_event_of_1_1_is_shown_and_set_in_1_1_only(version: int, clerk: Any) -> None:
    clerk.ask(m.SetProtocolVersion(version))
    states = clerk.ask(m.GetReaderConfig(0, m.Setting.EVENT_NOTIFICATION, 0, 0))[0].event_notification.states
    assert (Notification.SPEC_LOOP in [state.event_type for state in states]) == (version == 2)
    loops = ReaderEventNotificationSpec((EventNotificationState(Notification.SPEC_LOOP, True),))
    _, answer = raw(clerk, m.SetReaderConfig(False, loops), version)
    wanted = StatusCode.M_SUCCESS if version == 2 else StatusCode.M_PARAMETER_ERROR
    assert answer.status.status_code is wanted


def test_flags_of_1_1_are_reserved_bits_in_1_0_1() -> None:
    told = m.GetReaderCapabilitiesResponse(SUCCESS, air_protocol=GENERIC.air_protocol())
    (flags,) = (decode_message(encode_message(told, 1, version), version)[1].air_protocol for version in (1,))
    assert not flags.can_support_block_permalock
