"""The crew: a driver that breaks comes back, those that are unchanged go on, one that never ends is left behind."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tagdock_contract import ReaderStatus
from tagdock_edge import crew
from tagdock_edge.config import ReaderConfig
from tagdock_edge.driver import Driver
from tagdock_edge.errors import RecordingError
from tagdock_edge.inbox import Inbox

RUNS: list[tuple[str, object]] = []
"""Name and settings of every start."""


class Scripted:
    """Does what its settings say: works until stopped, breaks, or never ends."""

    def __init__(self, name: str, settings: Any) -> None:
        self.name, self._does = name, settings

    def run(self, inbox: Inbox, stop: threading.Event) -> None:
        RUNS.append((self.name, self._does))
        if self._does == "breaks":
            raise ZeroDivisionError("no such antenna")
        if self._does == "fails for good":
            raise RecordingError("line 3 is no record")
        stop.wait(30)
        if self._does == "never ends":
            threading.Event().wait(30)

    def status(self) -> ReaderStatus:
        if self._does == "has no status":
            raise LookupError("lost it")
        if self._does == "has another's status":
            return ReaderStatus("somebody", "on fire", reads="many")  # type: ignore[arg-type]
        return ReaderStatus(self.name, "up")


@pytest.fixture
def hired(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[crew.Crew, Inbox, list[BaseException]]]:
    RUNS.clear()
    monkeypatch.setattr(crew, "find_driver", lambda name: Driver(lambda table, station: None, Scripted, name == "tape"))
    monkeypatch.setattr(crew, "JOIN_S", 0.3)
    inbox, failures = Inbox(), list[BaseException]()
    one = crew.Crew(inbox, failures.append)
    yield one, inbox, failures
    one.stop()


def until(done: Any, within_s: float = 30.0) -> None:
    end = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def reader(name: str, does: str = "works", driver: str = "scripted") -> ReaderConfig:
    return ReaderConfig(name, driver, does)


def test_a_driver_that_breaks_is_told_and_started_again(hired: Any, caplog: pytest.LogCaptureFixture) -> None:
    one, inbox, failures = hired
    one.set([reader("a", "breaks"), reader("b")])
    until(lambda: RUNS.count(("a", "breaks")) >= 2)
    news = inbox.take(0).news
    assert (news[0].reader, news[0].state) == ("a", "down")
    assert "ZeroDivisionError: no such antenna" in news[0].detail
    assert RUNS.count(("b", "works")) == 1
    assert not failures


def test_a_driver_that_can_not_say_how_it_is_shows_as_down(hired: Any) -> None:
    one, _, _ = hired
    one.set([reader("a", "has no status"), reader("b", "has another's status"), reader("c"), reader("d", "breaks")])
    until(lambda: len(RUNS) >= 4)
    until(lambda: one.status()[3].state == "down")
    assert [(each.name, each.state) for each in one.status()[:3]] == [("a", "down"), ("b", "down"), ("c", "up")]
    assert "LookupError: lost it" in one.status()[0].detail
    assert "ZeroDivisionError: no such antenna" in one.status()[3].detail


def test_what_no_new_start_can_mend_is_handed_up(hired: Any) -> None:
    one, _, failures = hired
    one.set([reader("a", "fails for good"), reader("b", "fails for good", "tape")])
    until(lambda: failures and RUNS.count(("a", "fails for good")) >= 2)
    assert [type(each) for each in failures] == [RecordingError]  # of the recording, which runs alone; not of others


def test_unchanged_readers_go_on_while_others_are_exchanged(hired: Any) -> None:
    one, _, _ = hired
    one.set([reader("a"), reader("b"), reader("c")])
    until(lambda: len(RUNS) == 3)
    one.set([reader("a"), reader("b", "works otherwise"), reader("d")])
    until(lambda: len(RUNS) == 5)
    assert sorted(RUNS[3:]) == [("b", "works otherwise"), ("d", "works")]
    assert [each.name for each in one.status()] == ["a", "b", "d"]


def test_a_reader_begins_when_its_predecessor_has_left(hired: Any) -> None:
    one, _, _ = hired
    one.set([reader("a", "never ends")])
    until(lambda: RUNS)
    one.set([reader("a")])
    assert ("a", "works") not in RUNS  # the old one still holds the connection
    until(lambda: ("a", "works") in RUNS)


def test_one_that_never_ends_is_left_behind(hired: Any, caplog: pytest.LogCaptureFixture) -> None:
    one, _, _ = hired
    one.set([reader("a", "never ends"), reader("b")])
    until(lambda: len(RUNS) == 2)
    one.stop()
    assert "reader a: its driver did not stop" in caplog.text
    assert "reader b" not in caplog.text
