"""The tags at shelves: each is in one bin until another antenna hears it clearly better, or nobody hears it at all."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from tagdock_contract import TagRead

from tagdock_edge.clock import SECOND_US, seconds_us, to_us
from tagdock_edge.config import PresenceConfig, ShelfConfig
from tagdock_edge.presence import snapshot as snapshots
from tagdock_edge.presence.rule import READS_TO_MOVE, needed_db
from tagdock_edge.presence.stay import Antenna, Change, Stay, Window

TAGS_AT_MOST = 40_000
"""Tags at the shelves at one time, about 2.5 kB each where two antennas hear them: 100 MB."""
WINDOWS_AT_MOST = 6
"""Antennas whose reads of one tag are kept; more can hardly hear the same tag."""
DEAF_US = 60 * SECOND_US
"""A gateway that goes on after so long did not listen meanwhile: that it heard no tag says nothing."""


@dataclass(slots=True)
class Counts:
    """What happened to the reads and tags that made no change, for the operator."""

    late: int = 0
    """Reads so old that their tag would be gone by now."""
    elsewhere: int = 0
    """Reads of antennas that belong to no shelf."""
    departed_early: int = 0
    """Tags that were reported gone because memory was full."""


class Presence:
    """Reads in, changes out. Time is handed in, by the reads and by `advance`, in microseconds."""

    def __init__(
        self, shelves: Iterable[ShelfConfig], presence: PresenceConfig, *, tags_at_most: int = TAGS_AT_MOST
    ) -> None:
        self.counts = Counts()
        self._bins = {(each.reader, each.antenna): shelf.bin for shelf in shelves for each in shelf.antennas}
        self._antennas = {antenna: antenna for antenna in self._bins}
        """Each antenna as the one tuple that all tags share."""
        self._presence = presence
        self._departed_us = seconds_us(presence.departed_after_s)
        self._tags_at_most = tags_at_most
        self._stays: dict[str, Stay] = {}
        self._due: list[tuple[int, str]] = []
        self._now_us = 0
        self._fresh = False
        """Just woken up: the next that is heard of the time tells how long nobody listened."""
        self._changes: list[Change] = []

    @property
    def tags(self) -> int:
        """How many tags are in bins."""
        return len(self._stays)

    def serves(self, read: TagRead) -> bool:
        """Tell whether the read is of an antenna at a shelf."""
        return (read.reader, read.antenna) in self._bins

    def add(self, read: TagRead) -> None:
        """Take one read. A read of an antenna at no shelf, or one that is too old to count, is only counted."""
        antenna = self._antennas.get((read.reader, read.antenna))
        if antenna is None:
            self.counts.elsewhere += 1
            return
        at_us, epc = to_us(read.at), read.epc
        if at_us + self._departed_us < self._now_us:
            self.counts.late += 1
            return
        if self._fresh:
            self._listen_again(at_us)
        stay = self._stays.get(epc)
        if stay is not None and at_us - stay.silent_us > self._departed_us:
            self._depart(epc, stay)
            stay = None
        if stay is None:
            self._arrive(epc, antenna, at_us, read.rssi_dbm)
            return
        stay.last_us, stay.silent_us = max(stay.last_us, at_us), max(stay.silent_us, at_us)
        window = stay.window(antenna, at_us, WINDOWS_AT_MOST)
        window.add(at_us, read.rssi_dbm)
        self._settle(epc, stay, antenna, window, at_us)

    def advance(self, now_us: int) -> list[Change]:
        """Let tags depart that nobody read for too long, and hand out all changes since the last call."""
        if self._fresh:
            self._listen_again(now_us)
            self._fresh = False
        self._now_us = max(self._now_us, now_us)
        while self._due and self._due[0][0] < now_us:
            found = self._next_due()
            if found is not None:
                self._depart(*found)
        return self._handed_out()

    def flush(self) -> list[Change]:
        """Hand out all changes since the last call. That the reads end says nothing of the goods: none departs."""
        return self._handed_out()

    def snapshot(self) -> bytes:
        """Write down everything, so that `restore` goes on from here. Take it when no changes wait."""
        return snapshots.write(self._now_us, self._stays)

    def restore(self, data: bytes) -> None:
        """Go on from a snapshot, of this layout or another. Raises SnapshotError where it is none.

        A tag whose antenna sees another bin now, or is at no shelf any more, is where the next read finds it.
        """
        self._now_us, self._stays = snapshots.read(data, self._bins.keys())
        self._due, self._changes = [], []
        for epc, stay in self._stays.items():
            self._look_again(epc, stay)

    def wake(self) -> None:
        """Say that a gateway begins to listen here: where it was off for long, silence counts from the next time on."""
        self._fresh = True

    def _arrive(self, epc: str, antenna: Antenna, at_us: int, rssi_dbm: float) -> None:
        while len(self._stays) >= self._tags_at_most:
            self._depart_early()
        stay = self._stays[epc] = Stay(self._bins[antenna], antenna, at_us)
        self._look_again(epc, stay)
        stay.window(antenna, at_us, WINDOWS_AT_MOST).add(at_us, rssi_dbm)
        reason = f"arrived: read for the first time, at {stay.bin}"
        self._changes.append(Change(epc, stay.bin, "in", at_us, at_us, stay.evidence((antenna,), reason)))

    def _settle(self, epc: str, stay: Stay, antenna: Antenna, window: Window, at_us: int) -> None:
        """See whether the tag is at this antenna now, and whether that is another bin."""
        before, why = stay.antenna, "its antenna sees another bin now"
        if antenna != before:
            here = stay.windows.get(before)
            if here is None:
                why = f"nothing is known of its antenna at {stay.bin} any more"
            else:
                needed = needed_db(at_us - here.last_us, self._presence)
                if len(window.recent_dbm) < READS_TO_MOVE or window.mean_dbm <= here.mean_dbm + needed:
                    return
                why = _why(window, here, needed, at_us, stay.bin)
            stay.antenna = antenna
        if self._bins[antenna] != stay.bin:
            self._move(epc, stay, before, why)

    def _move(self, epc: str, stay: Stay, before: Antenna, why: str) -> None:
        """Report a tag in another bin. It left the old one just before, so that the order of the two is clear."""
        cause_us = max(stay.last_us, stay.since_us + 2)
        left, stay.bin, stay.since_us = stay.bin, self._bins[stay.antenna], cause_us
        evidence = stay.evidence(
            tuple(dict.fromkeys((stay.antenna, before))), f"moved from {left} to {stay.bin}: {why}"
        )
        self._changes.append(Change(epc, left, "out", cause_us, cause_us - 1, evidence))
        self._changes.append(Change(epc, stay.bin, "in", cause_us, cause_us, evidence))

    def _depart(self, epc: str, stay: Stay, why: str = "") -> None:
        """Report a tag gone; the last that is known of it is its last read, so it left after that."""
        del self._stays[epc]
        last_us = max(stay.last_us, stay.since_us)
        why = why or f"not read for more than {self._departed_us / SECOND_US:g} s"
        evidence = stay.evidence((stay.antenna,), f"departed from {stay.bin}: {why}")
        self._changes.append(Change(epc, stay.bin, "out", last_us, last_us + 1, evidence))

    def _depart_early(self) -> None:
        """Make room: the tag that was silent for longest goes."""
        found = None
        while found is None:
            found = self._next_due()
        self.counts.departed_early += 1
        self._depart(*found, f"given up for room: more than {self._tags_at_most} tags are at the shelves")

    def _listen_again(self, now_us: int) -> None:
        """Where nobody listened for long, let every tag's silence count from now."""
        if now_us - self._now_us > DEAF_US:
            self._now_us, self._fresh = now_us, False
            for stay in self._stays.values():
                stay.silent_us = now_us

    def _look_again(self, epc: str, stay: Stay) -> None:
        stay.due_us = stay.silent_us + self._departed_us
        heapq.heappush(self._due, (stay.due_us, epc))

    def _next_due(self) -> tuple[str, Stay] | None:
        """Take the next tag out of the heap; None where it was read since, or is another stay's, or gone already."""
        due_us, epc = heapq.heappop(self._due)
        stay = self._stays.get(epc)
        if stay is None or stay.due_us != due_us:
            return None
        if stay.silent_us + self._departed_us > due_us:
            self._look_again(epc, stay)
            return None
        return epc, stay

    def _handed_out(self) -> list[Change]:
        changes, self._changes = self._changes, []
        return changes


def _why(window: Window, here: Window, needed: float, at_us: int, bin_name: str) -> str:
    silent_s = max(0, at_us - here.last_us) / SECOND_US
    more = window.mean_dbm - here.mean_dbm
    return (
        f"{len(window.recent_dbm)} reads of {window.mean_dbm:.1f} dBm on average are {more:+.1f} dB to the "
        f"{here.mean_dbm:.1f} dBm of {len(here.recent_dbm)} at {bin_name}, which was silent for {silent_s:.1f} s; "
        f"more than {needed:+.1f} dB were needed"
    )
