"""Tags that were seen and not yet reported, and how sightings of one tag become one (LLRP 1.0.1, section 13.2.3)."""

from datetime import datetime
from typing import NamedTuple

from tagdock_contract import TagRead

from tagdock_simulators.llrp.tagreports import NO_ACCESS, Access, LastSent, TagReportWriter


class Sighting(NamedTuple):
    """One or several reads of a tag, and who writes their report.

    `read` has the time of the first, `last_at` that of the last, where there were several.
    """

    writer: TagReportWriter
    read: TagRead
    access: Access = NO_ACCESS
    last_at: datetime | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Return what two sightings must have in common to become one: EPC, results, every field that is asked for."""
        antenna = self.read.antenna if self.writer.content.spec.content.enable_antenna_id else 0
        return id(self.writer), self.read.epc, antenna, self.access

    def with_later(self, later: "Sighting") -> "Sighting":
        """Accumulate: first and last time, the strongest echo's figures, the first channel, the sum of the counts."""
        first, last = self.read, later.read
        best = last if last.rssi_dbm > first.rssi_dbm else first
        count = first.count + last.count
        read = TagRead(
            first.at,
            first.reader,
            first.antenna,
            first.epc,
            best.rssi_dbm,
            best.phase_deg,
            best.doppler_hz,
            first.channel,
            count,
        )
        return self._replace(read=read, last_at=later.last_at or last.at)

    def report(self, sent: LastSent | None) -> bytes:
        """Encode the TagReportData; fields that `sent` knows are left out."""
        return self.writer.tag_report(self.read, self.access, self.last_at, sent)
