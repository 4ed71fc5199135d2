"""A reader's habits: its clock, what it leaves out, what it merges, and that they change while it runs."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.config import EventsAndReports
from tagdock_simulators.llrp.report import FirstSeenTimestampUptime, LastSeenTimestampUTC
from tagdock_simulators.llrp.reporting import PLAIN, Clock, Reporting
from tagdock_simulators.llrp.rospec import ReportTrigger
from tagdock_simulators.llrp.times import Uptime, UTCTimestamp

UPTIME = Reporting(has_utc_clock=False)
SPARING = Reporting(leaves_out_unchanged=True)
MERGING = Reporting(accumulates=True)
OPTIONAL = ("antenna_id", "peak_rssi", "channel_index", "first_seen_utc", "last_seen_utc", "seen_count")


def all_at_the_end(rospec: Any) -> Any:
    return rospec(report=replace(rospec().report, n=0))


def sent(tag: Any) -> set[str]:
    return {name for name in (*OPTIONAL, "rospec_id") if getattr(tag, name) is not None}


class TestClock:
    def test_tells_the_time_or_how_long_the_reader_is_on(self) -> None:
        assert Clock(5, PLAIN).tell(100) == UTCTimestamp(100)
        assert Clock(5, UPTIME).tell(100) == Uptime(95)
        assert Clock(5, Reporting(False, clock_offset_us=-200)).tell(100) == Uptime(0)

    def test_its_offset_shifts_events_and_reads(self, clerk: Any, rospec: Any, read: Any) -> None:
        clerk.run(rospec())
        (before,) = clerk.feed(read())[0].tags
        clerk.device.set_reporting(Reporting(clock_offset_us=-2_500_000))
        (after,) = clerk.feed(read())[0].tags
        assert after.first_seen_utc.microseconds == before.first_seen_utc.microseconds - 2_500_000
        assert after.last_seen_utc.microseconds == before.last_seen_utc.microseconds - 2_500_000
        (goodbye,) = clerk.said(clerk.device.close(clerk.now_us))
        assert goodbye.data.timestamp == UTCTimestamp(clerk.now_us - 2_500_000)

    def test_without_utc_every_timestamp_is_uptime(self, clerk_of: Any, rospec: Any, read: Any) -> None:
        clerk = clerk_of(reporting=UPTIME)
        clerk.run(rospec())
        (tag,) = clerk.feed(read(at=read().at))[0].tags
        at_us = round(read().at.timestamp() * 1e6)
        assert tag.first_seen_utc is tag.last_seen_utc is None
        assert tag.first_seen_uptime == FirstSeenTimestampUptime(at_us - clerk.switched_on_us)
        assert tag.last_seen_uptime.microseconds == tag.first_seen_uptime.microseconds
        (refusal,) = clerk.said(clerk.device.refuse(clerk.now_us)[0])
        assert refusal.data.timestamp == Uptime(clerk.now_us - clerk.switched_on_us)
        (declared,) = clerk.ask(m.GetReaderCapabilities(m.Capability.GENERAL))
        assert declared.general.has_utc_clock is False


class TestLeavingOut:
    def test_only_news_are_sent(self, clerk_of: Any, rospec: Any, read: Any) -> None:
        clerk = clerk_of(reporting=SPARING)
        clerk.run(rospec())
        reads = (read(), read(), read(antenna=2), read(antenna=2, rssi_dbm=-60.0, at=read().at + timedelta(seconds=1)))
        tags = [said.tags[0] for said in clerk.feed(*reads)]
        assert [sent(tag) for tag in tags] == [
            {*OPTIONAL, "rospec_id"},
            set(),
            {"antenna_id"},
            {"peak_rssi", "first_seen_utc", "last_seen_utc"},
        ]
        assert all(tag.epc.epc.hex().upper() == read().epc for tag in tags)

    def test_a_client_that_fills_in_what_is_absent_has_the_whole(self, clerk_of: Any, rospec: Any, read: Any) -> None:
        """The standard's rule for clients gives back what a reader without the habit sends."""
        reads = [read(antenna=1 + n % 3 // 2, rssi_dbm=-50.0 - n // 4, channel=1 + n // 5) for n in range(20)]
        known: dict[str, Any] = {}
        whole, filled = [], []
        for reporting in (PLAIN, SPARING):
            clerk = clerk_of(reporting=reporting)
            clerk.run(rospec(report=replace(rospec().report, n=7)))
            clerk.feed(*reads)
        for reporting, into in ((PLAIN, whole), (SPARING, filled)):
            clerk = clerk_of(reporting=reporting)
            clerk.run(rospec(report=replace(rospec().report, n=5)))
            for tag in (tag for said in clerk.feed(*reads) for tag in said.tags):
                known |= {name: getattr(tag, name) for name in OPTIONAL if getattr(tag, name) is not None}
                into.append(dict(known))
        assert filled == whole

    def test_a_new_client_gets_everything(self, clerk_of: Any, rospec: Any, read: Any) -> None:
        clerk = clerk_of(reporting=SPARING)
        clerk.run(rospec())
        clerk.feed(read())
        clerk.device.lose()
        clerk.device.accept(clerk.now_us)
        assert sent(clerk.feed(read())[0].tags[0]) == {*OPTIONAL, "rospec_id"}

    def test_everything_is_sent_again_after_a_loss(self, clerk_of: Any, rospec: Any, read: Any) -> None:
        clerk = clerk_of(reporting=SPARING)
        clerk.run(rospec())
        clerk.feed(read())
        clerk.device.dropped(1)
        assert sent(clerk.feed(read())[0].tags[0]) == {*OPTIONAL, "rospec_id"}

    def test_reports_that_were_held_follow_each_other_as_they_are_sent(
        self, clerk_of: Any, rospec: Any, read: Any
    ) -> None:
        clerk = clerk_of(reporting=SPARING)
        clerk.ask(m.SetReaderConfig(False, events_and_reports=EventsAndReports(True)))
        clerk.run(rospec())
        clerk.device.lose()
        clerk.device.accept(clerk.now_us)
        clerk.feed(read(), read(antenna=2))
        released = [said for said in clerk.ask(m.EnableEventsAndReports()) if isinstance(said, m.ROAccessReport)]
        assert [sent(said.tags[0]) for said in released] == [{*OPTIONAL, "rospec_id"}, {"antenna_id"}]


class TestAccumulating:
    def test_sightings_of_a_tag_become_one(self, clerk_of: Any, rospec: Any, read: Any) -> None:
        clerk = clerk_of(reporting=MERGING)
        clerk.run(all_at_the_end(rospec))
        later = read().at + timedelta(milliseconds=40)
        clerk.feed(
            read(), read(rssi_dbm=-48.0, at=later, channel=1, count=3), read(rssi_dbm=-70.0, at=later), read(epc="30F4")
        )
        reports = [said for said in clerk.ask(m.StopROSpec(1)) if isinstance(said, m.ROAccessReport)]
        first, second = reports[0].tags
        assert (first.seen_count.count, first.peak_rssi.rssi_dbm, first.channel_index.index) == (5, -48, 3)
        assert first.last_seen_utc.microseconds - first.first_seen_utc.microseconds == 40_000
        assert second.seen_count.count == 1
        assert second.last_seen_utc == LastSeenTimestampUTC(second.first_seen_utc.microseconds)

    @pytest.mark.parametrize(("enabled", "tags"), [(True, 2), (False, 1)], ids=["antenna asked for", "antenna not"])
    def test_antennas_are_kept_apart_where_they_are_asked_for(
        self, enabled: bool, tags: int, clerk_of: Any, rospec: Any, read: Any
    ) -> None:
        clerk = clerk_of(reporting=MERGING)
        report = rospec().report
        content = replace(report.content, enable_antenna_id=enabled)
        clerk.run(rospec(report=replace(report, n=0, content=content)))
        clerk.feed(read(antenna=1), read(antenna=2), read(antenna=1))
        assert len(clerk.ask(m.GetReport())[0].tags) == tags

    def test_nothing_is_merged_where_a_number_of_tags_is_waited_for(
        self, clerk_of: Any, rospec: Any, read: Any
    ) -> None:
        clerk = clerk_of(reporting=MERGING)
        clerk.run(rospec(report=replace(rospec().report, n=3)))
        assert [len(said.tags) for said in clerk.feed(*[read()] * 6)] == [3, 3]

    def test_a_tag_that_stays_takes_no_more_room(self, clerk_of: Any, rospec: Any, read: Any) -> None:
        clerk = clerk_of(reporting=MERGING)
        clerk.run(rospec(report=replace(rospec().report, trigger=ReportTrigger.NONE)))
        clerk.feed(*[read()] * 70_000)
        (report,) = clerk.ask(m.GetReport())
        assert report.tags[0].seen_count.count == 0xFFFF
        assert clerk.device.outbound.tags_lost == 0


def test_habits_change_while_it_runs(clerk: Any, rospec: Any, read: Any) -> None:
    clerk.run(rospec())
    seen = []
    for reporting in (PLAIN, SPARING, SPARING, UPTIME, PLAIN):
        clerk.device.set_reporting(reporting)
        tag = clerk.feed(read())[0].tags[0]
        seen.append((len(sent(tag)), tag.first_seen_uptime is not None))
    assert seen == [(7, False), (7, False), (7, False), (5, True), (7, False)]
