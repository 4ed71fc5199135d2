"""What a reader tells unasked, to whom it was asked to; and what it keeps for a client that is away."""

from dataclasses import replace
from typing import Any

import pytest
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp import outbound, pending
from tagdock_simulators.llrp.config import (
    EventNotificationState,
    EventsAndReports,
    GPIPortCurrentState,
    KeepaliveSpec,
    KeepaliveTrigger,
    Notification,
    ReaderEventNotificationSpec,
)
from tagdock_simulators.llrp.events import ConnectionAttempt
from tagdock_simulators.llrp.impinj import ImpinjEnableExtensions, ImpinjLinkMonitorConfiguration, Mode
from tagdock_simulators.llrp.profiles import DEFAULT
from tagdock_simulators.llrp.profiles.generic import GENERIC
from tagdock_simulators.llrp.rospec import (
    AISpec,
    AISpecStopTrigger,
    AIStopTrigger,
    InventoryParameterSpec,
    ReportTrigger,
)
from tagdock_simulators.llrp.states import Connection
from tagdock_simulators.llrp.status import SUCCESS

ROOM = 100
HOPPING = replace(GENERIC, band=replace(GENERIC.band, hops=True))


def listen(clerk: Any, *events: Notification) -> None:
    states = tuple(EventNotificationState(event, True) for event in events)
    assert clerk.ask(m.SetReaderConfig(False, ReaderEventNotificationSpec(states)))[0].status == SUCCESS


def events(said: list[Any], name: str) -> list[Any]:
    told = [getattr(each.data, name) for each in said if isinstance(each, m.ReaderEventNotification)]
    return [event for event in told if event is not None]


def tags(said: list[Any]) -> list[str]:
    reports = [each for each in said if isinstance(each, m.ROAccessReport)]
    return [tag.epc.epc.hex().upper() for report in reports for tag in report.tags]


def reconnect(clerk: Any) -> list[Any]:
    clerk.device.lose()
    clerk.version = 1
    return clerk.said(clerk.device.accept(clerk.now_us))  # type: ignore[no-any-return]


class TestAntennas:
    def test_one_that_fell_off_is_told_shown_and_silent(self, clerk: Any, rospec: Any, read: Any) -> None:
        listen(clerk, Notification.ANTENNA)
        clerk.run(rospec())
        told = events(clerk.said(clerk.device.antenna(2, False, clerk.now_us)), "antenna")
        assert [(event.event_type, event.antenna_id) for event in told] == [(0, 2)]
        shown = clerk.ask(m.GetReaderConfig(0, m.Setting.ANTENNA_PROPERTIES, 0, 0))[0].antenna_properties
        assert [each.antenna_id for each in shown if not each.connected] == [2]
        assert tags(clerk.feed(read(antenna=2), read(antenna=1))) == [read().epc]
        told = events(clerk.said(clerk.device.antenna(2, True, clerk.now_us)), "antenna")
        assert [(event.event_type, event.antenna_id) for event in told] == [(1, 2)]
        assert tags(clerk.feed(read(antenna=2))) == [read().epc]

    def test_nothing_new_is_told_twice_and_nothing_unasked(self, clerk: Any) -> None:
        assert clerk.device.antenna(1, False, clerk.now_us) == []
        listen(clerk, Notification.ANTENNA)
        assert clerk.device.antenna(1, False, clerk.now_us) == []
        assert clerk.device.antenna(2, True, clerk.now_us) == []


def test_hops_are_told_by_a_reader_that_hops(clerk_of: Any, rospec: Any, read: Any) -> None:
    clerk = clerk_of(HOPPING)
    listen(clerk, Notification.HOPPING)
    clerk.run(rospec())
    told = events(clerk.feed(*(read(channel=channel) for channel in (3, 3, 1, 3))), "hopping")
    assert [(event.hop_table_id, event.next_channel_index) for event in told] == [(1, 3), (1, 1), (1, 3)]


def test_a_reader_that_stays_on_its_channel_tells_of_no_hops(clerk_of: Any, rospec: Any, read: Any) -> None:
    clerk = clerk_of(GENERIC)
    listen(clerk, Notification.HOPPING)
    clerk.run(rospec())
    assert events(clerk.feed(read(channel=3), read(channel=1)), "hopping") == []


@pytest.mark.parametrize("asked", [True, False], ids=["asked for", "not asked for"])
def test_an_exception_is_told(asked: bool, clerk: Any) -> None:
    if asked:
        listen(clerk, Notification.READER_EXCEPTION)
    told = events(clerk.said(clerk.device.exception("too hot: 80 °C", clerk.now_us)), "reader_exception")
    assert [event.text for event in told] == ["too hot: 80 °C"] * asked


@pytest.mark.parametrize(
    ("kind", "details"), [(Notification.AISPEC, False), (Notification.AISPEC_WITH_DETAILS, True)], ids=["plain", "full"]
)
def test_the_end_of_an_aispec_has_its_slots_only_where_they_are_asked_for(
    kind: Notification, details: bool, clerk: Any, rospec: Any, read: Any
) -> None:
    listen(clerk, kind)
    turn = AISpecStopTrigger(AIStopTrigger.DURATION, 100)
    clerk.run(rospec(specs=(AISpec((0,), turn, (InventoryParameterSpec(1, 1),)),)))
    clerk.feed(*[read()] * 100)
    (ended,) = events(clerk.wait(100), "aispec")
    assert (ended.singulation is not None) is details
    if details:
        assert (ended.singulation.collision_slots, ended.singulation.empty_slots) == (72, 100)


class TestBuffer:
    """Reports that nobody asks for."""

    @pytest.fixture
    def waiting(self, clerk_of: Any, rospec: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.setattr(pending, "MAX_TAGS_HELD", ROOM)
        clerk = clerk_of(GENERIC)
        listen(clerk, Notification.REPORT_BUFFER_FILL_WARNING)
        clerk.run(rospec(report=replace(rospec().report, trigger=ReportTrigger.NONE)))
        return clerk

    def test_a_warning_comes_once_and_again_after_the_reports_were_fetched(self, waiting: Any, read: Any) -> None:
        for _ in range(2):
            said = waiting.feed(*[read()] * (ROOM * 8 // 10 + 5))
            assert [event.percent_full for event in events(said, "buffer_warning")] == [80]
            waiting.ask(m.GetReport())

    def test_the_oldest_go_first_and_the_loss_is_told_once(self, waiting: Any, read: Any) -> None:
        epcs = [f"{number:024X}" for number in range(ROOM + 3)]
        said = waiting.feed(*(read(epc=epc) for epc in epcs))
        assert len(events(said, "buffer_overflow")) == 1
        assert waiting.device.outbound.tags_lost == 3
        assert tags(waiting.ask(m.GetReport())) == epcs[3:]


class TestHolding:
    """HoldEventsAndReportsUponReconnect (LLRP 1.0.1, section 12.2.6.4; decision 0012)."""

    @pytest.fixture
    def clerk(self, clerk_of: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.setattr(outbound, "MAX_TAGS_HELD", ROOM)
        clerk = clerk_of(GENERIC)
        clerk.ask(m.SetReaderConfig(False, events_and_reports=EventsAndReports(True)))
        return clerk

    def test_what_came_up_while_nobody_was_there_waits_for_who_asks(
        self, clerk: Any, rospec: Any, read: Any, input_change: Any
    ) -> None:
        listen(clerk, Notification.GPI)
        clerk.ask(m.SetReaderConfig(False, gpi_states=(GPIPortCurrentState(1, True, 2),)))
        clerk.run(rospec())
        clerk.device.lose()
        assert clerk.feed(read(epc="30" * 12), input_change(1, True), read(epc="31" * 12)) == []
        (greeting,) = clerk.said(clerk.device.accept(clerk.now_us))
        assert greeting.data.connection_attempt.status is ConnectionAttempt.SUCCESS
        assert clerk.feed(read(epc="32" * 12)) == []
        first, event, second, third = clerk.ask(m.EnableEventsAndReports())
        assert tags([first, second, third]) == ["30" * 12, "31" * 12, "32" * 12]
        assert event.data.gpi.event is True
        assert clerk.device.outbound.tags_lost == 0
        assert tags(clerk.feed(read())) == [read().epc]

    def test_the_oldest_reports_go_first_and_who_comes_back_is_told(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec())
        clerk.device.lose()
        epcs = [f"{number:024X}" for number in range(ROOM + 7)]
        clerk.feed(*(read(epc=epc) for epc in epcs))
        clerk.device.accept(clerk.now_us)
        said = clerk.ask(m.EnableEventsAndReports())
        assert tags(said) == epcs[7:]
        assert len(events(said, "buffer_overflow")) == 1
        assert clerk.device.outbound.tags_lost == 7

    def test_events_that_wait_have_a_bound_too(self, clerk: Any) -> None:
        listen(clerk, Notification.ANTENNA)
        clerk.device.lose()
        for number in range(outbound.MAX_EVENTS_HELD + 10):
            clerk.device.antenna(1, number % 2 == 1, clerk.now_us)
        clerk.device.accept(clerk.now_us)
        assert len(events(clerk.ask(m.EnableEventsAndReports()), "antenna")) == outbound.MAX_EVENTS_HELD

    def test_keepalives_and_answers_do_not_wait(self, clerk: Any) -> None:
        reconnect(clerk)
        (answer,) = clerk.ask(m.SetReaderConfig(False, keepalive=KeepaliveSpec(KeepaliveTrigger.PERIODIC, 10)))
        assert answer.status == SUCCESS
        assert clerk.wait(10) == [m.Keepalive()]

    def test_without_it_what_comes_up_meanwhile_is_lost_and_counted(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.ask(m.SetReaderConfig(False, events_and_reports=EventsAndReports(False)))
        clerk.run(rospec())
        clerk.device.lose()
        clerk.feed(read())
        assert len(clerk.said(clerk.device.accept(clerk.now_us))) == 1
        assert clerk.device.outbound.tags_lost == 1
        assert tags(clerk.feed(read())) == [read().epc]


class TestKeepalive:
    PERIOD = m.SetReaderConfig(False, keepalive=KeepaliveSpec(KeepaliveTrigger.PERIODIC, 1000))

    def test_a_client_that_does_not_answer_is_hung_up_on(self, clerk_of: Any) -> None:
        clerk = clerk_of(replace(DEFAULT, keepalive_misses=3))
        clerk.ask(self.PERIOD)
        said = clerk.wait(3000)
        assert said == [m.Keepalive()] * 3
        (goodbye,) = clerk.wait(1000)
        assert goodbye.data.connection_close is not None
        assert clerk.device.outbound.connection is Connection.CLOSING
        assert clerk.wait(10_000) == []

    def test_one_that_answers_stays_for_ever(self, clerk_of: Any) -> None:
        clerk = clerk_of(replace(DEFAULT, keepalive_misses=1))
        clerk.ask(self.PERIOD)
        for _ in range(20):
            assert clerk.wait(1000) == [m.Keepalive()]
            assert clerk.ask(m.KeepaliveAck()) == []

    def test_one_that_does_not_stays_too_on_a_reader_that_does_not_mind(self, clerk: Any) -> None:
        clerk.ask(self.PERIOD)
        assert clerk.wait(100_000) == [m.Keepalive()] * 100

    def test_an_impinj_client_says_how_many_may_be_missed(self, clerk: Any) -> None:
        clerk.ask(ImpinjEnableExtensions())
        monitor = ImpinjLinkMonitorConfiguration(Mode.ON, 2)
        clerk.ask(replace(self.PERIOD, custom=(monitor,)))
        said = clerk.wait(10_000)
        assert said[:2] == [m.Keepalive()] * 2
        assert [each.data.connection_close is not None for each in said[2:]] == [True]

    def test_the_next_client_begins_anew(self, clerk_of: Any) -> None:
        clerk = clerk_of(replace(DEFAULT, keepalive_misses=3))
        clerk.ask(self.PERIOD)
        clerk.wait(2000)
        reconnect(clerk)
        assert clerk.wait(3000) == [m.Keepalive()] * 3
