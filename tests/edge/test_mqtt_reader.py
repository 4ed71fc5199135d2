"""The runner of readers behind a broker, with mosquitto between: up, down, silent, away, flooded."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_contract import TagRead
from tagdock_edge.backoff import Backoff
from tagdock_edge.clock import from_us, to_us
from tagdock_edge.config import AntennaConfig, BrokerConfig, DoorConfig, PassageConfig
from tagdock_edge.inbox import Inbox
from tagdock_edge.passage import Detector
from tagdock_edge.readers.heard import Format, Heard
from tagdock_edge.readers.impinj import Impinj, ImpinjSettings
from tagdock_edge.readers.line import LineSettings
from tagdock_edge.readers.mqtt_reader import MqttReader
from tagdock_edge.readers.stamp_clock import StampClock

EVENTS, STATUS = "impinj/dock-1/events", "impinj/dock-1/status"
EPC = "3034257BF7194E4000001A85"
SILENT_S = 0.4


def until(done: Callable[[], Any], within_s: float = 30.0) -> None:
    end_s = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end_s, "it did not happen in time"
        time.sleep(0.01)


def event(antenna: int = 1) -> bytes:
    at = from_us(time.time_ns() // 1000).isoformat()
    tag = f'{{"epcHex":"{EPC}","antennaPort":{antenna},"peakRssiCdbm":-5000}}'
    return f'{{"timestamp":"{at}","eventType":"tagInventory","tagInventoryEvent":{tag}}}'.encode()


class Source:
    """The reader's side: a paho client that publishes what it is told."""

    def __init__(self, port: int, will: bytes | None = None) -> None:
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        if will is not None:
            self.client.will_set(STATUS, will, 1, retain=True)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def say(self, payload: bytes, topic: str = EVENTS, *, retain: bool = False) -> None:
        self.client.publish(topic, payload, 1, retain=retain).wait_for_publish(10)

    def die(self) -> None:
        """Be gone without a goodbye, so that the broker publishes the will."""
        self.client._sock_close()  # type: ignore[no-untyped-call]  # nothing public breaks a connection
        self.close()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Running:
    """A reader that runs on a thread of its own, and what came out of it."""

    def __init__(self, reader: MqttReader) -> None:
        self.reader, self.stop, self.inbox = reader, threading.Event(), Inbox()
        self.reads: list[Any] = []
        self.states: list[str] = []
        self.details: list[str] = []
        self.times_us: list[int] = []
        self._thread = threading.Thread(target=reader.run, args=(self.inbox, self.stop))
        self._thread.start()

    def look(self) -> "Running":
        taken = self.inbox.take(0.0)
        self.reads += [record for delivery in taken.deliveries for record in delivery]
        self.states += [news.state for news in taken.news]
        self.details += [news.detail for news in taken.news]
        self.times_us += [news.at_us for news in taken.news]
        return self

    def end(self) -> None:
        self.stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


@pytest.fixture
def run(broker: Any) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*, silent_after_s: float = 0.0, stored: bool = True, form: Format | None = None) -> Running:
        address = BrokerConfig("127.0.0.1", broker.port)
        line = LineSettings(address, "s1.gw-1.dock-1", (EVENTS, STATUS), silent_after_s, stored)
        form = form or Impinj("dock-1", ImpinjSettings(line, EVENTS, STATUS))
        started.append(Running(MqttReader("dock-1", line, form, retry=Backoff(0.1, 0.2))))
        return started[-1]

    yield start
    for each in started:
        each.end()


@pytest.fixture
def source(broker: Any) -> Iterator[Source]:
    one = Source(broker.port)
    yield one
    one.close()


def subscribed(running: Running) -> None:
    until(lambda: "has said nothing yet" in running.reader.status().detail)
    time.sleep(0.1)  # the broker's answer to the subscription


def test_reads_arrive_and_the_reader_is_up_from_its_first_word(run: Callable[..., Running], source: Source) -> None:
    running = run()
    subscribed(running)
    assert running.reader.status().state == "connecting"
    source.say(event())
    until(lambda: running.look().reads)
    assert running.states == ["up"]
    status = running.reader.status()
    assert (status.state, status.reads, status.last_read_at) == ("up", 1, running.reads[0].at)


def test_what_the_broker_kept_of_old_events_is_left_out_and_counted(
    run: Callable[..., Running], source: Source
) -> None:
    source.say(event(), retain=True)
    running = run()
    until(lambda: running.reader.retained == 1)
    assert running.look().reads == []
    source.say(event(antenna=2))
    until(lambda: running.look().reads)
    assert [read.antenna for read in running.reads] == [2]
    assert "1 retained messages were left out" in running.reader.status().detail


@pytest.mark.parametrize(("text", "state"), [(b"connected", "up"), (b"connection lost", "down")])
def test_a_kept_status_tells_at_once_how_the_reader_stands(
    run: Callable[..., Running], source: Source, text: bytes, state: str
) -> None:
    source.say(text, STATUS, retain=True)
    running = run()
    until(lambda: running.look().states == [state])


@pytest.mark.parametrize(("text", "state"), [(b"connected", "up"), (b"connection lost", "down")])
def test_what_is_heard_before_the_connections_own_notice_stays(text: bytes, state: str) -> None:
    line = LineSettings(BrokerConfig("127.0.0.1", 1), "x", (EVENTS, STATUS))
    reader = MqttReader("dock-1", line, Impinj("dock-1", ImpinjSettings(line, EVENTS, STATUS)))
    reader.take(STATUS, text, True)  # paho's thread is quicker
    reader._on_up()
    assert reader.status().state == state
    reader._on_down("gone")
    reader._on_up()
    assert reader.status().state == "connecting"


def test_a_will_says_that_the_reader_is_gone(run: Callable[..., Running], broker: Any) -> None:
    running = run()
    subscribed(running)
    reader = Source(broker.port, will=b"connection lost")
    reader.say(b"connected", STATUS, retain=True)
    until(lambda: running.look().states == ["up"])
    reader.die()
    until(lambda: running.look().states == ["up", "down"])
    assert "connection lost" in running.reader.status().detail


def test_a_silent_reader_is_down_until_it_speaks_again(run: Callable[..., Running], source: Source) -> None:
    running = run(silent_after_s=SILENT_S)
    subscribed(running)
    source.say(event())
    until(lambda: running.look().states == ["up", "down"])
    assert "says nothing for 0.4 s" in running.details[1]
    source.say(event())
    until(lambda: running.look().states == ["up", "down", "up"])
    came, left, back = running.times_us
    assert came <= left <= back - int(SILENT_S * 1e6)  # away since its last word


def test_a_reader_that_never_speaks_is_down(run: Callable[..., Running]) -> None:
    running = run(silent_after_s=SILENT_S)
    until(lambda: running.look().states == ["down"])


def test_a_broker_that_is_killed_and_comes_back(run: Callable[..., Running], broker: Any) -> None:
    running = run()
    subscribed(running)
    first = Source(broker.port)
    first.say(event())
    until(lambda: running.look().states == ["up"])
    broker.kill()
    until(lambda: running.look().states == ["up", "down"])
    assert "broker 127.0.0.1" in running.details[1]
    first.close()
    broker.start()
    subscribed(running)
    second = Source(broker.port)
    second.say(event())
    until(lambda: running.look().states == ["up", "down", "up"])
    second.close()


@pytest.mark.parametrize(("stored", "count"), [(True, 4), (False, 1)], ids=["own time: kept", "no time: not kept"])
def test_what_is_said_while_we_are_away_is_kept_only_with_its_own_time(
    run: Callable[..., Running], source: Source, stored: bool, count: int
) -> None:
    running = run(stored=stored)
    subscribed(running)
    running.end()
    for _ in range(3):
        source.say(event())
    again = run(stored=stored)
    if not stored:
        subscribed(again)
    source.say(event(antenna=9))
    until(lambda: any(read.antenna == 9 for read in again.look().reads))
    assert len(again.reads) == count


def test_nonsense_is_told_once_and_counted(
    run: Callable[..., Running], source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    running = run()
    subscribed(running)
    with caplog.at_level(logging.WARNING):
        for payload in (b"\xff\xfe\x00", b"{", b"[" * 9_999, b'{"timestamp":1}', b'{"timestamp":2}', b"x" * 2_000_000):
            source.say(payload)
        source.say(event())
        until(lambda: running.look().reads)
    told = [record.getMessage() for record in caplog.records if "more of this kind is only counted" in record.message]
    assert running.reader.misfits == 6
    assert len(told) == 2  # of the message, and of the field
    assert "6 messages or reads did not fit" in running.reader.status().detail


class _Broken:
    """A format with a mistake of ours in it."""

    state_topics: Sequence[str] = ()
    clock = StampClock()

    def hear(self, topic: str, payload: bytes, now_us: int) -> Heard:
        raise ZeroDivisionError

    def notes(self) -> Sequence[str]:
        return ()


def test_a_mistake_of_ours_does_not_end_the_connection(run: Callable[..., Running], source: Source) -> None:
    running = run(form=_Broken())
    subscribed(running)
    source.say(b"1")
    source.say(b"2")
    until(lambda: running.reader.misfits == 2)


def test_a_flood_is_bounded_by_the_inbox() -> None:
    line = LineSettings(BrokerConfig("127.0.0.1", 1), "x", (EVENTS,))
    reader = MqttReader("dock-1", line, Impinj("dock-1", ImpinjSettings(line, EVENTS)))
    reader._inbox = Inbox(reads_at_most=1_000)
    message = b"[" + b",".join([event()] * 500) + b"]"
    for _ in range(10):
        reader.take(EVENTS, message, False)
    assert reader._inbox.lost_reads == 4_000
    assert reader.status().reads == 5_000


def test_a_broker_that_refuses_us_is_told_with_the_remedy(locked_broker: Any) -> None:
    line = LineSettings(BrokerConfig("127.0.0.1", locked_broker.port, password="wrong"), "s1.gw-1.dock-1", (EVENTS,))
    running = Running(MqttReader("dock-1", line, Impinj("dock-1", ImpinjSettings(line, EVENTS))))
    until(lambda: running.look().states == ["down"])
    running.end()
    assert "check the user's name and password" in running.details[0]
    assert "wrong" not in running.details[0]


def test_reads_that_come_twice_change_no_verdict() -> None:
    antennas = (AntennaConfig("dock-1", 1, "outside"), AntennaConfig("dock-1", 2, "inside"))
    begin_us = 1_767_600_000_000_000
    reads = [
        TagRead(from_us(begin_us + step * 50_000 + antenna), "dock-1", antenna, EPC, -40.0 - abs(step - peak) * 1.5)
        for step in range(40)
        for antenna, peak in ((1, 15), (2, 25))
        if abs(step - peak) < 18
    ]

    def verdicts(told: list[TagRead]) -> list[Any]:
        detector, found = Detector((DoorConfig("D1", antennas),), PassageConfig()), []
        for read in told:
            detector.add(read)
            found += detector.advance(to_us(read.at))
        found += detector.flush()
        return [(verdict.epc_hex, verdict.door, verdict.direction, verdict.first_us) for verdict in found]

    once = verdicts(reads)
    assert [direction for _, _, direction, _ in once] == ["in"]
    assert verdicts([read for read in reads for _ in (1, 2)]) == once
    assert verdicts(reads[:30] + reads[20:]) == once
