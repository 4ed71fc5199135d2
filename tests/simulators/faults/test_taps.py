"""What is done to the bytes of one direction, without a socket."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tagdock_simulators.faults.kinds import Kind
from tagdock_simulators.faults.schedule import Fault
from tagdock_simulators.faults.taps import LlrpTap, PlainTap, Tap, refusal
from tagdock_simulators.llrp.codec import decode_message
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.events import ConnectionAttempt


def message(number: int, body: bytes = b"") -> bytes:
    return (1 << 10 | number).to_bytes(2, "big") + (10 + len(body)).to_bytes(4, "big") + bytes(4) + body


KEEPALIVE = message(62)
REPORT = message(61, b"12345678")
STREAM = KEEPALIVE + REPORT + KEEPALIVE


def out(tap: Tap, *chunks: bytes, lasting: tuple[Fault, ...] = ()) -> bytes:
    """Feed chunks until a cut; return what comes out, with the rest at the end where there was none."""
    data = b""
    for chunk in chunks:
        for piece in tap.feed(chunk, lasting):
            data += piece.data
            if piece.cut:
                return data
    return data + tap.end()


def fault(kind: Kind, amount: float | None = None) -> Fault:
    return Fault(kind, "dock-1", amount=amount)


@pytest.mark.parametrize("make", [PlainTap, LlrpTap])
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200)))
def test_without_faults_what_goes_in_comes_out(make: Any, data: bytes, cuts: list[int]) -> None:
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    chunks = [data[a:b] for a, b in pairwise(places)]
    assert out(make(), *chunks) == data


def test_messages_come_out_whole_however_they_come_in() -> None:
    tap = LlrpTap()
    pieces = [tap.feed(STREAM[i : i + 1], ()) for i in range(len(STREAM))]
    assert [piece.data for each in pieces for piece in each] == [KEEPALIVE, REPORT, KEEPALIVE]


def test_cut_inside_cuts_the_next_message_and_never_lets_it_through_whole() -> None:
    for after in (1, 9, 12, 10_000):
        tap = LlrpTap()
        tap.order(fault(Kind.CUT_INSIDE, after))
        assert out(tap, REPORT + KEEPALIVE) == REPORT[: min(after, len(REPORT) - 1)]


def test_mute_leaves_whole_messages_out_so_that_what_follows_is_in_step() -> None:
    tap = LlrpTap()
    mute = fault(Kind.MUTE)
    assert [piece.data for piece in tap.feed(REPORT + KEEPALIVE[:4], (mute,))] == [b""]
    assert out(tap, KEEPALIVE[4:] + REPORT) == KEEPALIVE + REPORT


def test_reports_come_twice_and_nothing_else_does() -> None:
    assert out(LlrpTap(), STREAM, lasting=(fault(Kind.DUPLICATE_REPORTS, 3),)) == KEEPALIVE + REPORT * 3 + KEEPALIVE


@pytest.mark.parametrize(("added", "told"), [(7, 25), (-100, 0), (2_000_000_000, 2_000_000_018)])
def test_wrong_length_changes_one_header_and_no_other_byte(added: int, told: int) -> None:
    tap = LlrpTap()
    tap.order(fault(Kind.WRONG_LENGTH, added))
    data = out(tap, REPORT + KEEPALIVE)
    assert int.from_bytes(data[2:6], "big") == told
    assert data[:2] + data[6:] == REPORT[:2] + REPORT[6:] + KEEPALIVE


@pytest.mark.parametrize("kind", [Kind.UNKNOWN_MESSAGE, Kind.FOREIGN_MESSAGE, Kind.UNDECODABLE_MESSAGE])
def test_a_strange_message_comes_between_two_and_is_whole_in_its_frame(kind: Kind) -> None:
    tap = LlrpTap()
    (before,) = tap.feed(KEEPALIVE + REPORT[:3], ())
    (strange,) = tap.order(fault(kind))
    assert before.data == KEEPALIVE
    assert out(LlrpTap(), before.data + strange.data + REPORT) == before.data + strange.data + REPORT
    assert out(tap, REPORT[3:]) == REPORT
    with pytest.raises(LlrpError) as caught:
        decode_message(strange.data)
    unknown = kind is not Kind.UNDECODABLE_MESSAGE
    assert (caught.value.status is StatusCode.M_UNSUPPORTED_MESSAGE) == unknown


@pytest.mark.parametrize("status", [1, 2, 3])
def test_a_refusal_is_an_event_that_says_why(status: int) -> None:
    _, told = decode_message(refusal(status, 1_767_600_000_000_000))
    assert told.data.connection_attempt.status == ConnectionAttempt(status)


def test_what_is_no_llrp_goes_through_as_it_is() -> None:
    tap = LlrpTap()
    http = b"HTTP/1.1 400 Bad Request\r\n"
    assert out(tap, http, REPORT, lasting=(fault(Kind.DUPLICATE_REPORTS),)) == http + REPORT
