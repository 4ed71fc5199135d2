"""Gather each tag's reads over all doors until its passage is over, then have it judged: once."""

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from tagdock_contract import InputChange, TagRead

from tagdock_edge.clock import seconds_us, to_us
from tagdock_edge.config import DoorConfig, PassageConfig
from tagdock_edge.passage.judge import Layout, Verdict, judge
from tagdock_edge.passage.profile import Seen, mean_dbm, milliwatts

TAGS_AT_MOST = 100_000
"""Tags in the field at one time; beyond it the passage that is due next is decided early."""
READS_AT_MOST = 1_000_000
"""Reads in memory at one time (about 150 bytes each); beyond it the same happens."""
OPEN_AT_MOST_RESTS = 4
"""A passage that neither leaves nor rests is decided after so many times `rested_after_s`."""
REST_CHECKS = 15
"""How often, per `rested_after_s`, a tag is looked at that stays in the field."""
REST_DB = 3.0
"""A tag rests when no antenna's mean power changed by more than this between the two halves of the time."""
REMEMBERED_US = 60_000_000
"""How long a decided passage is remembered so that its late reads are known as such."""


@dataclass(slots=True)
class Counts:
    """What happened to the reads that made no verdict, for the operator."""

    late: int = 0
    elsewhere: int = 0
    decided_early: int = 0


@dataclass(slots=True)
class _Track:
    """One tag's open passage. `rested`: it was reported before and has been in the field ever since."""

    epc: str
    first_us: int
    last_us: int
    look_at_us: int
    rested: bool = False
    reads: list[Seen] = field(default_factory=list)


class Detector:
    """Reads in, verdicts out. Time is handed in: by the reads and by `advance`; both may come in any order."""

    def __init__(
        self,
        doors: Iterable[DoorConfig],
        passage: PassageConfig,
        *,
        tags_at_most: int = TAGS_AT_MOST,
        reads_at_most: int = READS_AT_MOST,
    ) -> None:
        self.counts = Counts()
        self._layout = Layout.of(doors)
        self._antennas = {(a.reader, a.antenna): index for index, a in enumerate(self._layout.antennas)}
        self._left_us = seconds_us(passage.left_after_s)
        self._rested_us = seconds_us(passage.rested_after_s)
        self._tags_at_most, self._reads_at_most = tags_at_most, reads_at_most
        self._tracks: dict[str, _Track] = {}
        self._due: list[tuple[int, str]] = []
        self._closed: dict[str, int] = {}
        self._closed_order: deque[tuple[int, str]] = deque()
        self._verdicts: list[Verdict] = []
        self._reads = 0

    @property
    def open_tags(self) -> int:
        """How many tags are in the field, or left it just now."""
        return len(self._tracks)

    def add(self, read: TagRead) -> None:
        """Take one read. A read of an antenna that belongs to no door, or of a decided passage, is only counted."""
        antenna = self._antennas.get((read.reader, read.antenna))
        if antenna is None:
            self.counts.elsewhere += 1
            return
        at_us, epc = to_us(read.at), read.epc
        track = self._tracks.get(epc)
        if track is not None and at_us - track.last_us >= self._left_us:
            self._close(track)
            track = None
        if track is None:
            track = self._open(epc, at_us)
        if track is None or at_us <= track.first_us - self._left_us:
            self.counts.late += 1
            return
        track.reads.append(Seen(at_us, antenna, read.rssi_dbm))
        self._reads += 1
        if at_us > track.last_us:
            track.last_us = at_us
        elif at_us < track.first_us:
            track.first_us = at_us
        if self._reads > self._reads_at_most:
            self._decide_early()

    def add_input(self, change: InputChange) -> None:
        """Take a photo-eye's change."""

    def advance(self, now_us: int) -> list[Verdict]:
        """Decide what is over at this time, and hand out all verdicts since the last call."""
        while self._due and self._due[0][0] <= now_us:
            track = self._tracks.get(heapq.heappop(self._due)[1])
            if track is not None:
                self._look(track, now_us)
        while self._closed_order and self._closed_order[0][0] + REMEMBERED_US < now_us:
            until_us, epc = self._closed_order.popleft()
            if self._closed.get(epc) == until_us:
                del self._closed[epc]
        verdicts, self._verdicts = self._verdicts, []
        return verdicts

    def flush(self) -> list[Verdict]:
        """Decide everything that is still open: the reads end here."""
        for track in list(self._tracks.values()):
            self._close(track)
        self._due.clear()
        return self.advance(0)

    def _open(self, epc: str, at_us: int) -> _Track | None:
        """Begin a passage, unless the read belongs to one that was decided."""
        if at_us < self._closed.get(epc, at_us):
            return None
        while len(self._tracks) >= self._tags_at_most:
            self._decide_early()
        return self._begin(_Track(epc, at_us, at_us, at_us + self._rested_us))

    def _begin(self, track: _Track) -> _Track:
        self._tracks[track.epc] = track
        heapq.heappush(self._due, (self._due_us(track), track.epc))
        return track

    def _due_us(self, track: _Track) -> int:
        return min(track.last_us + self._left_us, track.look_at_us)

    def _look(self, track: _Track, now_us: int) -> None:
        """Close a passage that is over, let a resting tag's passage begin anew, or come back later."""
        if track.last_us + self._left_us <= now_us:
            self._close(track)
            return
        if track.look_at_us <= now_us:
            overdue = now_us - track.first_us >= OPEN_AT_MOST_RESTS * self._rested_us
            if overdue or self._rests(track, now_us):
                self._close(track)
                self._begin(_Track(track.epc, now_us, track.last_us, now_us + self._rested_us, rested=True))
                return
            track.look_at_us = now_us + self._rested_us // REST_CHECKS
        heapq.heappush(self._due, (self._due_us(track), track.epc))

    def _rests(self, track: _Track, now_us: int) -> bool:
        """Tell whether the tag's power at each antenna stayed the same over the last `rested_after_s`."""
        begin_us, middle_us = now_us - self._rested_us, now_us - self._rested_us // 2
        halves: dict[int, tuple[list[float], list[float]]] = {}
        for read in track.reads:
            if read.at_us >= begin_us:
                halves.setdefault(read.antenna, ([], []))[read.at_us >= middle_us].append(milliwatts(read.rssi_dbm))
        strongest = max(halves.values(), key=lambda pair: sum(pair[0]) + sum(pair[1]), default=([], []))
        before, after = strongest
        return bool(before and after) and abs(mean_dbm(before) - mean_dbm(after)) <= REST_DB

    def _close(self, track: _Track) -> None:
        """Judge a passage and remember that it was."""
        del self._tracks[track.epc]
        self._reads -= len(track.reads)
        until_us = track.last_us + self._left_us
        self._closed[track.epc] = until_us
        self._closed_order.append((until_us, track.epc))
        if not track.reads:
            return
        verdict = judge(track.epc, track.reads, self._layout)
        if not (track.rested and verdict.direction in ("pass", "uncertain")):
            self._verdicts.append(verdict)

    def _decide_early(self) -> None:
        while self._due:
            track = self._tracks.get(heapq.heappop(self._due)[1])
            if track is not None:
                self.counts.decided_early += 1
                self._close(track)
                return
