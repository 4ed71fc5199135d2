"""A simulated reader with its faults, heard by sllurp."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sllurp.llrp import LLRPReaderClient, LLRPReaderConfig
from tagdock_contract import TagRead
from tagdock_simulators.faults.kinds import Kind
from tagdock_simulators.faults.reader import TroubledReader
from tagdock_simulators.faults.schedule import Fault, Schedule
from tagdock_simulators.fixtures.loop_thread import LoopThread
from tagdock_simulators.llrp.server import LlrpReader

EPC = "3034257BF7194E4000001A85"
DEAD = Fault(Kind.DEAD_ANTENNA, "dock-1", 0.0, 3600.0, 2, number=1)
CONTENT = {"EnableAntennaID": True, "EnablePeakRSSI": True, "EnableLastSeenTimestamp": True}


class Heard:
    """A reader in trouble and a client that listens to it."""

    def __init__(self) -> None:
        self._loop = LoopThread()
        schedule = Schedule((DEAD, Fault(Kind.CLOCK_JUMP, "dock-1", 0.0, 3600.0, 77.0, number=2)))
        self.reader = self._loop.call(lambda: TroubledReader("dock-1", LlrpReader(), schedule, datetime.now(UTC)))
        port = self._loop.run(self.reader.start())
        config = LLRPReaderConfig({"antennas": [1, 2], "report_every_n_tags": 1, "tag_content_selector": CONTENT})
        self.client = LLRPReaderClient("127.0.0.1", port, config)
        self._tags: list[dict[str, Any]] = []
        self._came = threading.Condition()
        self.client.add_tag_report_callback(lambda _, tags: self._take(tags))
        self.client.connect()
        self.await_(lambda: self.reader.is_reporting)

    def _take(self, tags: list[dict[str, Any]]) -> None:
        with self._came:
            self._tags += tags
            self._came.notify_all()

    def await_(self, done: Callable[[], Any]) -> None:
        end_s = time.monotonic() + 30
        while not done():
            assert time.monotonic() < end_s
            time.sleep(0.01)

    def tags(self, *antennas: int) -> list[dict[str, Any]]:
        """Let a tag be read by antennas; returns what the client hears of it."""
        reads = [TagRead(datetime.now(UTC), "dock-1", antenna, EPC, -52.0) for antenna in antennas]
        self._loop.call(lambda: self.reader.feed(*reads))
        with self._came:
            assert self._came.wait_for(lambda: self._tags, 30)
            heard, self._tags = self._tags, []
        return heard

    def do(self, kind: Kind, amount: float | None = None) -> Fault:
        fault = Fault(kind, "dock-1", 0.0, 1.0, amount)
        self._loop.call(lambda: self.reader.begin(fault))
        return fault

    def heal(self, fault: Fault) -> None:
        self._loop.call(lambda: self.reader.end(fault))

    def close(self) -> None:
        self.client.disconnect_requested.set()
        self._loop.run(self.reader.close())
        self.client.join(30)
        self.client.hard_disconnect()
        self._loop.close()


@pytest.fixture
def heard() -> Iterator[Heard]:
    one = Heard()
    yield one
    one.close()


def off_s(tag: dict[str, Any]) -> float:
    """By how much a report's time is ahead of the true one."""
    at = datetime.fromtimestamp(tag["LastSeenTimestampUTC"] / 1e6, UTC)
    return (at - datetime.now(UTC)) / timedelta(seconds=1)


def test_a_dead_antenna_of_the_schedule_is_heard_no_more(heard: Heard) -> None:
    assert [tag["AntennaID"] for tag in heard.tags(2, 1)] == [1]


def test_the_readers_clock_jumps_and_comes_back(heard: Heard) -> None:
    (before,) = heard.tags(1)
    jump = heard.do(Kind.CLOCK_JUMP, 3600.0)
    (wrong,) = heard.tags(1)
    heard.heal(jump)
    (after,) = heard.tags(1)
    assert [round(off_s(tag) / 100) for tag in (before, wrong, after)] == [0, 36, 0]


def test_a_reader_without_utc_stamps_with_its_uptime(heard: Heard) -> None:
    fault = heard.do(Kind.UPTIME_ONLY)
    (tag,) = heard.tags(1)
    assert "LastSeenTimestampUTC" not in tag
    assert 0 < tag["LastSeenTimestampUptime"] < 60e6
    heard.heal(fault)
    assert "LastSeenTimestampUTC" in heard.tags(1)[0]


def test_what_did_not_change_is_left_out(heard: Heard) -> None:
    heard.do(Kind.FIELDS_LEFT_OUT)
    heard.tags(1)
    (again,) = heard.tags(1)
    assert "PeakRSSI" not in again
    assert "AntennaID" not in again


def test_habits_add_up_and_go_one_by_one(heard: Heard) -> None:
    ahead, more = heard.do(Kind.CLOCK_JUMP, 1000.0), heard.do(Kind.CLOCK_JUMP, 500.0)
    assert round(off_s(heard.tags(1)[0]) / 100) == 15
    heard.heal(ahead)
    assert round(off_s(heard.tags(1)[0]) / 100) == 5
    heard.heal(more)
    assert round(off_s(heard.tags(1)[0]) / 100) == 0


def test_a_cut_of_the_wire_is_told_to_the_client(heard: Heard) -> None:
    heard.do(Kind.CUT)
    heard.await_(lambda: not heard.client.is_alive())
    heard.await_(lambda: not heard.reader.is_reporting)
    assert heard.reader.proxy.counts.faults == {Kind.CUT: 1}
