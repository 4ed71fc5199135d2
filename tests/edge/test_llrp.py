"""The LLRP driver against a real TCP peer: each protection against what sllurp, or a reader, does wrong."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from tagdock_contract import InputChange, Record, TagRead
from tagdock_edge.backoff import Backoff
from tagdock_edge.clock import to_us
from tagdock_edge.inbox import Inbox, ReaderNews
from tagdock_edge.readers.llrp import LlrpReader
from tagdock_edge.readers.llrp_settings import AntennaSettings, EpcFilter, LlrpSettings

TAG = "3074257BF7194E4000001A85"


def now_us() -> int:
    return time.time_ns() // 1000


class Driven:
    """A driver at work, with all that it delivered."""

    def __init__(self, port: int, **wanted: Any) -> None:
        antennas = (AntennaSettings(1), AntennaSettings(2))
        settings = replace(LlrpSettings("127.0.0.1", port, keepalive_s=0.5, antennas=antennas), **wanted)
        self.reader = LlrpReader("dock-1", settings, handshake_s=1.0, first_word_s=0.5, retry=Backoff(0.05, 0.2))
        self.records: list[Record] = []
        self.news: list[ReaderNews] = []
        self._inbox, self._stop = Inbox(), threading.Event()
        self._thread = threading.Thread(target=self.reader.run, args=(self._inbox, self._stop))
        self._thread.start()

    def await_(self, done: Callable[["Driven"], Any], within_s: float = 30.0) -> None:
        until = time.monotonic() + within_s
        while not done(self):
            assert time.monotonic() < until, (self.records, self.news, self.reader.status())
            deliveries, _, news = self._inbox.take(0.02)
            self.records += [record for delivery in deliveries for record in delivery]
            self.news += news

    def states(self) -> list[str]:
        return [one.state for one in self.news]

    def close(self) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


@pytest.fixture
def drive(peer: Any) -> Iterator[Callable[..., Driven]]:
    started: list[Driven] = []

    def start(**options: Any) -> Driven:
        started.append(Driven(peer.port, **options))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def up(peer: Any, drive: Callable[..., Driven]) -> Driven:
    """A driver whose reader inventories."""
    driven = drive()
    driven.await_(lambda d: "up" in d.states())
    return driven


def epcs(driven: Driven) -> list[str]:
    return [record.epc for record in driven.records if isinstance(record, TagRead)]


def test_reads_arrive_with_antenna_power_and_time(peer: Any, llrp: Any, up: Driven) -> None:
    at_us = now_us()
    peer.send(llrp.report(llrp.tag(TAG, 2, -52, at_us)))
    up.await_(lambda d: d.records)
    (read,) = up.records
    assert isinstance(read, TagRead)
    assert (read.reader, read.antenna, read.epc, read.rssi_dbm, to_us(read.at)) == ("dock-1", 2, TAG, -52.0, at_us)
    assert up.reader.status().reads == 1


def test_the_reader_is_asked_for_reports_every_n_tags_without_an_end(peer: Any, drive: Callable[..., Driven]) -> None:
    drive(report_every_n_tags=3).await_(lambda d: "up" in d.states())
    add_rospec = next(body for kind, body in peer.received if kind == 20)
    report_spec = add_rospec.index(struct.pack("!H", 237))
    assert add_rospec[report_spec + 4 : report_spec + 7] == b"\x01" + struct.pack("!H", 3)  # or end of AISpec; N = 3
    stop_trigger = add_rospec.index(struct.pack("!HH", 184, 9))
    assert add_rospec[stop_trigger + 4] == 0  # null


def test_the_reader_is_asked_for_keepalives(peer: Any, up: Driven) -> None:
    set_config = next(body for kind, body in peer.received if kind == 3)
    assert struct.pack("!HHBI", 220, 9, 1, 500) in set_config


def test_a_message_in_two_pieces_is_one_message(peer: Any, llrp: Any, up: Driven) -> None:
    data = llrp.report(llrp.tag(TAG, 1, -50, now_us()))
    for byte in data:
        peer.send(bytes([byte]))
    up.await_(lambda d: epcs(d) == [TAG])


def test_what_the_reader_leaves_out_is_what_it_said_before(peer: Any, llrp: Any, up: Driven) -> None:
    at_us = now_us()
    peer.send(llrp.report(llrp.tag(TAG, 2, -52, at_us), llrp.tag(rssi_dbm=-49), llrp.tag(antenna=1)))
    up.await_(lambda d: len(d.records) == 3)
    told = [(r.epc, r.antenna, r.rssi_dbm, to_us(r.at)) for r in up.records if isinstance(r, TagRead)]
    assert told == [(TAG, 2, -52.0, at_us), (TAG, 2, -49.0, at_us), (TAG, 1, -49.0, at_us)]


def test_an_epc_that_is_cut_short_is_no_tag(peer: Any, llrp: Any, up: Driven) -> None:
    peer.send(llrp.report(llrp.tag(TAG, 2, -52, now_us())))
    peer.send(llrp.report(llrp.tag("3000000000")))
    peer.send(llrp.report(llrp.tag("30" * 12)))
    up.await_(lambda d: len(d.records) == 2)
    assert epcs(up) == [TAG, "30" * 12]


def test_nothing_is_filled_in_from_an_earlier_connection(peer: Any, llrp: Any, up: Driven) -> None:
    peer.send(llrp.report(llrp.tag(TAG, 2, -52, now_us())))
    up.await_(lambda d: len(d.records) == 1)
    peer.cut()
    up.await_(lambda d: d.states().count("up") == 2)
    peer.send(llrp.report(llrp.tag(rssi_dbm=-40)) + llrp.report(llrp.tag("30" * 12, 1, -45, now_us())))
    up.await_(lambda d: epcs(d) == [TAG, "30" * 12])


def test_a_cut_in_the_middle_of_a_message_does_not_poison_the_next_connection(peer: Any, llrp: Any, up: Driven) -> None:
    peer.send(llrp.report(llrp.tag(TAG, 1, -50, now_us()))[:17])
    peer.cut()
    up.await_(lambda d: d.states() == ["up", "down", "up"])
    peer.send(llrp.report(llrp.tag(TAG, 1, -50, now_us())))
    up.await_(lambda d: epcs(d) == [TAG])


def test_a_reader_that_falls_silent_is_left_and_tried_again(peer: Any, up: Driven) -> None:
    up.await_(lambda d: peer.connections == 2 and d.states() == ["up", "down", "up"])
    assert "said nothing for 1.2 s" in up.news[1].detail
    came, left, back = (each.at_us for each in up.news)
    assert came <= left <= back - 1_250_000  # away since its last word


def test_keepalives_are_answered_and_keep_the_connection(peer: Any, llrp: Any, up: Driven) -> None:
    until = time.monotonic() + 2.0
    while time.monotonic() < until:
        peer.send(llrp.KEEPALIVE)
        time.sleep(0.2)
    assert peer.connections == 1
    assert peer.kinds().count(72) >= 8


def test_a_mute_reader_is_left_soon(peer: Any, drive: Callable[..., Driven]) -> None:
    peer.mute = True
    driven = drive()
    driven.await_(lambda d: "down" in d.states())
    assert "said nothing for 0.5 s" in driven.news[0].detail
    peer.mute = False
    driven.await_(lambda d: d.states() == ["down", "up"])


def test_a_reader_that_greets_and_falls_silent_ends_at_the_deadline(peer: Any, drive: Callable[..., Driven]) -> None:
    peer.answers = False
    driven = drive()
    driven.await_(lambda d: "down" in d.states())
    assert "did not get ready within 1 s" in driven.news[0].detail
    peer.answers = True
    driven.await_(lambda d: d.states() == ["down", "up"])


def test_a_reader_with_another_client_is_named_and_tried_again(peer: Any, drive: Callable[..., Driven]) -> None:
    peer.attempt = 2
    driven = drive()
    driven.await_(lambda d: "down" in d.states())
    assert "a Client initiated connection already exists" in driven.news[0].detail
    peer.attempt = 0
    driven.await_(lambda d: d.states() == ["down", "up"])


@pytest.mark.parametrize("step", [1, 2, 3, 20, 24], ids=["capabilities", "config", "set config", "add", "enable"])
def test_a_refused_step_of_the_set_up_is_named_and_tried_again(
    peer: Any, drive: Callable[..., Driven], step: int
) -> None:
    peer.refuse[step] = 101
    driven = drive()
    driven.await_(lambda d: "down" in d.states())
    assert "refused the set-up" in driven.news[0].detail
    assert "FieldError no" in driven.news[0].detail
    peer.refuse.clear()
    driven.await_(lambda d: d.states() == ["down", "up"])


def test_a_refusal_by_a_code_that_nobody_knows_is_no_success(peer: Any, drive: Callable[..., Driven]) -> None:
    peer.refuse[20] = 4711
    driven = drive()
    driven.await_(lambda d: "down" in d.states())
    assert "an unknown status no" in driven.news[0].detail


def test_what_the_reader_can_not_do_is_told_with_the_key_and_the_remedy(
    peer: Any, drive: Callable[..., Driven]
) -> None:
    driven = drive(antennas=(AntennaSettings(1, power_dbm=33.0), AntennaSettings(7)), inputs=(5,))
    driven.await_(lambda d: "down" in d.states())
    detail = driven.reader.status().detail
    assert "antenna 7 is not there: this reader has 1 to 4" in detail
    assert "power_dbm = 33 (antenna 1): this reader sends 10 to 30 dBm" in detail
    assert "gpi 5 is not there: of inputs this reader has 1 to 4" in detail
    assert 20 not in peer.kinds()


def test_only_an_impinj_is_asked_for_its_extensions(peer: Any, llrp: Any, drive: Callable[..., Driven]) -> None:
    driven = drive()
    driven.await_(lambda d: "up" in d.states())
    assert peer.ready.wait(30)
    assert llrp.CUSTOM not in peer.kinds()
    peer.capabilities = llrp.capabilities(llrp.IMPINJ)
    peer.cut()
    driven.await_(lambda d: d.states().count("up") == 2)
    assert peer.kinds().count(llrp.CUSTOM) == 1
    add_rospec = [body for kind, body in peer.received if kind == 20][-1]
    assert struct.pack("!HHIIH", 1023, 14, llrp.IMPINJ, 52, 1) in add_rospec  # phase angle, please


def test_filters_are_asked_for_with_what_is_to_be_done_with_tags_that_match(
    peer: Any, llrp: Any, drive: Callable[..., Driven]
) -> None:
    drive(filters=(EpcFilter("303"), EpcFilter("E2", 8))).await_(lambda d: "up" in d.states())
    add_rospec = next(body for kind, body in peer.received if kind == 20)
    for mask, action in (
        (struct.pack("!BHH", 0x40, 32, 12) + b"\x30\x30", 0),
        (struct.pack("!BHHB", 0x40, 40, 8, 0xE2), 1),
    ):
        asked = b"\x00" + llrp.tlv(332, mask) + llrp.tlv(334, bytes([action]))
        assert add_rospec.count(llrp.tlv(331, asked)) == 2, "for each antenna"


def test_a_reader_that_sends_rubbish_without_end_is_left(peer: Any, llrp: Any, up: Driven) -> None:
    peer.send(llrp.message(61, 7, b"\x00\xf0\x00\x09\xff\xff\xff\xff\xff") * 100)
    up.await_(lambda d: d.states() == ["up", "down", "up"])
    assert "sent 100 messages in a row that can't be read" in up.news[1].detail


def test_an_antenna_that_fell_off_meanwhile_is_told_and_shown(peer: Any, llrp: Any, up: Driven) -> None:
    peer.standing = llrp.standing({1: True, 2: False, 3: False}, {})
    peer.cut()
    up.await_(lambda d: d.states().count("up") == 2)
    assert [(one.state, one.antenna) for one in up.news[2:]] == [("antenna_down", 2), ("up", None)]
    assert up.reader.status().detail == "antenna 2 not connected; check plug and cable"
    peer.standing = llrp.standing({1: True, 2: True}, {})
    peer.cut()
    up.await_(lambda d: "antenna_up" in d.states())


def test_a_light_beam_that_was_broken_while_nobody_listened_is_made_up_for(
    peer: Any, llrp: Any, drive: Callable[..., Driven]
) -> None:
    peer.standing = llrp.standing({}, {1: True, 2: False, 3: True})
    driven = drive(inputs=(1, 2))
    driven.await_(lambda d: "up" in d.states())
    peer.standing = llrp.standing({}, {1: False, 2: False})
    peer.cut()
    driven.await_(lambda d: d.states().count("up") == 2 and len(d.records) == 2)
    changes = [(one.gpi, one.state) for one in driven.records if isinstance(one, InputChange)]
    assert changes == [(1, True), (1, False)]


def test_the_offset_of_the_clock_is_shown(peer: Any, drive: Callable[..., Driven]) -> None:
    peer.clock_us = lambda: now_us() + 90_000_000
    driven = drive()
    driven.await_(lambda d: "up" in d.states())
    assert driven.reader.status().clock_offset_s == pytest.approx(90.0, abs=1.0)


def test_an_unreachable_reader_is_told_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    driven = Driven(port)
    try:
        driven.await_(lambda d: "down" in d.states())
        assert "check power, cable, address" in driven.news[0].detail
    finally:
        driven.close()


def test_bytes_out_of_step_end_the_connection(peer: Any, up: Driven) -> None:
    peer.send(b"\x04\x3d" + b"\xff" * 20)
    up.await_(lambda d: d.states() == ["up", "down", "up"])
    assert "out of step" in up.news[1].detail


@pytest.mark.parametrize("kind", [61, 62, 999], ids=["report", "keepalive", "unknown type"])
def test_a_message_that_makes_no_sense_is_skipped(peer: Any, llrp: Any, up: Driven, kind: int) -> None:
    peer.send(llrp.message(kind, 7, b"\x00\xf0\x00\x09\xff\xff\xff\xff\xff"))
    peer.send(llrp.report(llrp.tag(TAG, 1, -50, now_us())))
    up.await_(lambda d: epcs(d) == [TAG])
    assert peer.connections == 1


@pytest.mark.parametrize("epc", ["", "30" * 12], ids=["no EPC", "no antenna"])
def test_a_report_without_an_identity_or_place_is_left_out(peer: Any, llrp: Any, up: Driven, epc: str) -> None:
    broken = llrp.tlv(240, llrp.tlv(241, b"\x00\x00")) if not epc else llrp.tag(epc, None, -50)
    peer.send(llrp.report(broken, llrp.tag(TAG, 1, -50, now_us())))
    up.await_(lambda d: epcs(d) == [TAG])


def test_a_wrong_clock_is_corrected_and_told(peer: Any, llrp: Any, drive: Callable[..., Driven]) -> None:
    peer.clock_us = lambda: now_us() - 3_600_000_000
    driven = drive()
    driven.await_(lambda d: "up" in d.states())
    assert "off by -3600.0 s" in driven.news[0].detail
    at_us = now_us()
    peer.send(llrp.report(llrp.tag(TAG, 1, -50, at_us - 3_600_000_000)))
    driven.await_(lambda d: d.records)
    assert abs(to_us(driven.records[0].at) - at_us) < 200_000


def test_an_uptime_clock_is_translated(peer: Any, llrp: Any, up: Driven) -> None:
    later, sooner = (llrp.tag(TAG, 1, -50, uptime_us=at_us) for at_us in (5_000_000, 4_000_000))
    peer.send(llrp.report(later, sooner))
    up.await_(lambda d: len(d.records) == 2)
    first, second = (to_us(record.at) for record in up.records)
    assert first - second == 1_000_000
    assert abs(now_us() - first) < 2_000_000


def test_a_time_in_the_future_becomes_the_time_of_arrival(peer: Any, llrp: Any, up: Driven) -> None:
    peer.send(llrp.report(llrp.tag(TAG, 1, -50, now_us() + 10**15)))
    up.await_(lambda d: d.records)
    assert to_us(up.records[0].at) <= now_us()


def test_inputs_and_antennas_are_told(peer: Any, llrp: Any, drive: Callable[..., Driven]) -> None:
    driven = drive(inputs=(1,))
    driven.await_(lambda d: "up" in d.states())
    set_config = next(body for kind, body in peer.received if kind == 3)
    assert struct.pack("!HHHB", 245, 7, 1, 0x80) in set_config  # GPI events, please
    at_us = now_us()
    peer.send(llrp.gpi_event(at_us, 1, True) + llrp.antenna_event(at_us, 2, False))
    driven.await_(lambda d: d.records and "antenna_down" in d.states())
    (change,) = driven.records
    assert isinstance(change, InputChange)
    assert (change.gpi, change.state, to_us(change.at)) == (1, True, at_us)
    assert driven.news[-1].antenna == 2


def test_stopping_takes_the_inventory_off_the_reader(peer: Any, drive: Callable[..., Driven]) -> None:
    driven = drive()
    driven.await_(lambda d: "up" in d.states())
    before = peer.kinds().count(21)
    driven.close()
    assert peer.kinds().count(21) == before + 1


def test_retries_wait_longer_with_jitter_and_begin_anew_after_a_good_time() -> None:
    pauses = [Backoff().next_s() for _ in range(50)]
    assert all(0.5 <= pause <= 1.0 for pause in pauses)
    assert len(set(pauses)) > 1
    retry = Backoff()
    longest = [retry.next_s() for _ in range(10)][-1]
    assert 30 <= longest <= 60
    retry.reset()
    assert retry.next_s() <= 1.0
