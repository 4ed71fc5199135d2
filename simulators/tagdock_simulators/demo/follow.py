"""Follow what the cloud has on record while the loads are played."""

import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.report import Passed, Stored
from tagdock_simulators.gateway_config import LEFT_AFTER_S
from tagdock_simulators.warehouse.floor import DOORS

_OBSERVED_WITHIN = timedelta(seconds=3)  # a movement's time is that of the strongest read, not of the door line
_RECENT = 1_000
_LOOK_BACK_AT_MOST = timedelta(seconds=60)


class Follower:
    """Knows which movements are stored; asks only for those that are new."""

    def __init__(self, client: CloudClient, started_at: datetime, until: datetime | None = None) -> None:
        """Follow what was observed since `started_at`, and before `until` where it is given."""
        self._client = client
        self._started_at, self._until = started_at, until
        self._by_id: dict[str, Stored] = {}
        self.stored_at: dict[str, datetime] = {}
        """When each EPC's movement was stored; the first one where there are several."""
        self.placed: dict[str, tuple[str, str]] = {}
        """The arrivals in bins by their event: EPC and bin."""

    @property
    def stored(self) -> Sequence[Stored]:
        """Return the movements known to be stored."""
        return list(self._by_id.values())

    def missing(self, passed: Sequence[Passed]) -> list[Passed]:
        """Return the crossings that are not on record in any way."""
        return [one for one in passed if one.epc not in self.stored_at]

    def recent_latency_s(self, passed: Sequence[Passed]) -> float | None:
        """Return the median over the last crossings: seconds from the door line to the record; None without any."""
        recent = (one for one in passed[-_RECENT:] if one.epc in self.stored_at)
        seconds = [(self.stored_at[one.epc] - one.at).total_seconds() for one in recent]
        return statistics.median(seconds) if seconds else None

    async def look(self, passed: Sequence[Passed]) -> None:
        """Look for what is missing, not further back than a minute."""
        missing = self.missing(passed)
        if missing:
            newest = max(one.at for one in passed)
            await self._read_since(max(missing[0].at, newest - _LOOK_BACK_AT_MOST) - _OBSERVED_WITHIN)

    async def look_at_all(self) -> None:
        """Read the whole record of this run."""
        await self._read_since(self._started_at)

    async def _read_since(self, since: datetime) -> None:
        async for item in self._client.movements(since, self._until):
            if item["door"] is None:
                self._note_bin(item)
                continue
            if item["door"] not in DOORS:
                continue  # one of the doors for returns, which are judged item by item
            stored = self._by_id[item["event_id"]] = _stored(item)
            self.stored_at.setdefault(stored.epc, stored.stored_at)

    def _note_bin(self, item: Mapping[str, Any]) -> None:
        if item["direction"] == "in":
            self.placed[item["event_id"]] = item["epc"], item["bin"]


def _stored(item: Mapping[str, Any]) -> Stored:
    stored_at = datetime.fromisoformat(item["stored_at"])
    antennas = (item.get("evidence") or {}).get("antennas") or []
    last_reads = [datetime.fromisoformat(antenna["last_at"]) for antenna in antennas]
    decided_at = max(last_reads) + timedelta(seconds=LEFT_AFTER_S) if last_reads else None
    return Stored(item["event_id"], item["epc"], item["door"], item["direction"], stored_at, decided_at)
