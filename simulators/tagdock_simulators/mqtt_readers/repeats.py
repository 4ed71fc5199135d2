"""A tag that stays before an antenna is not reported at every read, when a reader is told so.

Source: Impinj Reader Configuration API, TagReportingConfiguration (`reportingIntervalSeconds`, `tagCacheSize`); Zebra
IoT Connector, `reportFilter` (the report carries the number of reads since the last one and their peak RSSI); Keonn's
"inventory tag TTL".
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from tagdock_contract import TagRead


@dataclass(slots=True)
class _Seen:
    reported_at: datetime
    count: int = 0
    peak_dbm: float = -200.0


class Repeats:
    """Decides which reads are reported. Remembers so many pairs of tag and antenna; the longest silent is forgotten."""

    def __init__(self, repeat_s: float, tags_at_most: int) -> None:
        self._repeat, self._tags_at_most = timedelta(seconds=repeat_s), tags_at_most
        self._seen: OrderedDict[tuple[str, int], _Seen] = OrderedDict()

    def report(self, read: TagRead) -> TagRead | None:
        """Return the read to report, with the reads that were swallowed before it added, or None: it is swallowed.

        A clock that jumped back does not silence a tag: a read from before the last report is reported.
        """
        key = (read.epc, read.antenna)
        seen = self._seen.get(key)
        if seen is None:
            self._seen[key] = _Seen(read.at)
            if len(self._seen) > self._tags_at_most:
                self._seen.popitem(last=False)
            return read
        self._seen.move_to_end(key)
        seen.peak_dbm = max(seen.peak_dbm, read.rssi_dbm)
        seen.count += read.count
        if timedelta() <= read.at - seen.reported_at < self._repeat:
            return None
        merged = msgspec.structs.replace(read, count=seen.count, rssi_dbm=seen.peak_dbm)
        self._seen[key] = _Seen(read.at)
        return merged
