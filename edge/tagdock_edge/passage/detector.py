"""Gather each tag's reads over all doors until its passage is over, then have it judged: once."""

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field

from tagdock_contract import InputChange, Side, TagRead

from tagdock_edge.clock import SECOND_US, seconds_us, to_us
from tagdock_edge.config import DoorConfig, PassageConfig
from tagdock_edge.passage.company import Company
from tagdock_edge.passage.ends import Stay
from tagdock_edge.passage.eyes import PhotoEyes
from tagdock_edge.passage.judge import Verdict, judge
from tagdock_edge.passage.kept import VERSION, KeptSeen, KeptTrack, Moved, State, keep, kept_witness, taken_up
from tagdock_edge.passage.layout import Layout
from tagdock_edge.passage.profile import NOT_TOLD, Seen
from tagdock_edge.passage.rest import rests
from tagdock_edge.passage.witness import STAY, Site, Witness, likeliest, witness

TAGS_AT_MOST = 100_000
"""Tags in the field at one time; beyond it the passage that is due next is decided early."""
READS_AT_MOST = 1_000_000
"""Reads in memory at one time (about 150 bytes each); beyond it the same happens."""
OPEN_AT_MOST_RESTS = 4
"""A passage that neither leaves nor rests is decided after so many times `rested_after_s`."""
SILENT_US = SECOND_US
"""A tag that was not read for so long is heard as a witness for its load, though it may come back."""
REST_LOOKS = 15
"""How often, per `rested_after_s`, a tag is looked at that stays in the field."""
SETTLING_US = 2 * SECOND_US
"""So much of the rest still counts as movement: goods slow down before they stand."""
SETTING_OUT_US = (10 * SECOND_US, 5 * SECOND_US, 20 * SECOND_US)
"""Of goods that stood and then left, only the reads of the last so many seconds tell the way: of the first time, as
they may dwell behind the door, or else of the second, in which those that go at once move all the time, or else of the
third: goods that creep are heard behind the door for so long that where they stood is farther back."""
REMEMBERED_US = 60 * SECOND_US
"""How long a decided passage is remembered: its late reads are known as such, its echoes are not told again."""


@dataclass(slots=True)
class Counts:
    """What happened to the reads and passages that made no verdict, for the operator."""

    late: int = 0
    """Reads that came after their passage had been decided."""
    elsewhere: int = 0
    """Reads of antennas that belong to no door."""
    decided_early: int = 0
    """Passages decided before their time because memory was full."""
    told_before: int = 0
    """Passages of tags that were reported a moment ago: without a crossing, or through the same door the same way
    again, which they can't without having gone back."""


@dataclass(slots=True)
class _Track:
    """One tag's open passage. `stood`: it was reported before and has been in the field ever since."""

    epc: str
    first_us: int
    last_us: int
    look_at_us: int
    stood: bool = False
    resting_us: int = 0
    """When it was found to rest, which has to be found twice; 0 while it moves."""
    witness: Witness | None = None
    """What it said when it was last heard out."""
    heard_reads: int = 0
    """How many reads it had to say it from."""
    reads: list[Seen] = field(default_factory=list)


class Detector:
    """Reads in, verdicts out. Time is handed in, by the reads and by `advance`, in microseconds."""

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
        self._eyes = PhotoEyes()
        self._site = Site(self._layout, self._eyes, passage.thresholds)
        self._left_us = seconds_us(passage.left_after_s)
        self._company = Company(passage.thresholds, self._left_us)
        self._silent_us = min(SILENT_US, self._left_us)
        self._rested_us = seconds_us(passage.rested_after_s)
        self._tags_at_most, self._reads_at_most = tags_at_most, reads_at_most
        self._tracks: dict[str, _Track] = {}
        self._due: list[tuple[int, str]] = []
        self._closed: dict[str, int] = {}
        self._closed_order: deque[tuple[int, str]] = deque()
        self._stayed: set[str] = set()
        self._told: dict[str, tuple[str, str]] = {}
        self._stays: dict[str, Stay] = {}
        self._verdicts: list[Verdict] = []
        self._reads = 0

    @property
    def open_tags(self) -> int:
        """How many tags are in the field, or left it just now."""
        return len(self._tracks)

    def mute_eyes(self, door: str, now_us: int) -> frozenset[Side]:
        """Return the photo-eyes of a door that are not asked just now."""
        return self._eyes.mute(door, now_us)

    @property
    def open_reads(self) -> int:
        """How many reads are kept of them."""
        return self._reads

    def add(self, read: TagRead) -> None:
        """Take one read. A read of an antenna that belongs to no door, or of a decided passage, is only counted."""
        antenna = self._layout.place_of.get((read.reader, read.antenna))
        if antenna is None:
            self.counts.elsewhere += 1
            return
        at_us, epc = to_us(read.at), read.epc
        track = self._tracks.get(epc)
        if track is not None and at_us - track.last_us >= self._left_us:
            self._close(track, track.last_us + self._left_us)
            track = None
        if track is None:
            track = self._open(epc, at_us)
        if track is None or at_us <= track.first_us - self._left_us:
            self.counts.late += 1
            return
        track.reads.append(self._seen(at_us, antenna, read))
        self._reads += 1
        if at_us > track.last_us:
            track.last_us = at_us
        elif at_us < track.first_us:
            track.first_us = at_us
        if self._reads > self._reads_at_most:
            self._decide_early()

    def _seen(self, at_us: int, antenna: int, read: TagRead) -> Seen:
        """Keep of a read what its door's opinions are about."""
        if self._layout.doors[self._layout.door_of[antenna]].two_rows:
            return Seen(at_us, antenna, read.rssi_dbm)
        phase_deg = NOT_TOLD if read.phase_deg is None else read.phase_deg
        doppler_hz = NOT_TOLD if read.doppler_hz is None else read.doppler_hz
        return Seen(at_us, antenna, read.rssi_dbm, phase_deg, doppler_hz, read.channel or 0)

    def add_input(self, change: InputChange) -> None:
        """Take a photo-eye's change; other inputs are nobody's here."""
        eye = self._layout.eyes.get((change.reader, change.gpi))
        if eye is not None:
            self._eyes.add(*eye, to_us(change.at), change.state)

    def advance(self, now_us: int) -> list[Verdict]:
        """Decide what is over at this time, and hand out all verdicts since the last call."""
        while self._due and self._due[0][0] <= now_us:
            due_us, epc = heapq.heappop(self._due)
            track = self._tracks.get(epc)
            if track is not None:
                self._look(track, due_us)
        while self._closed_order and self._closed_order[0][0] + REMEMBERED_US < now_us:
            until_us, epc = self._closed_order.popleft()
            if self._closed.get(epc) == until_us:
                del self._closed[epc]
                self._stayed.discard(epc)
                self._told.pop(epc, None)
                self._stays.pop(epc, None)
        verdicts, self._verdicts = self._verdicts, []
        return verdicts

    def flush(self) -> list[Verdict]:
        """Decide everything that is still open: the reads end here."""
        tracks = sorted(self._tracks.values(), key=lambda track: (track.last_us, track.epc))
        for track in tracks:
            if track.reads:
                self._hear(track)
        for track in tracks:
            self._close(track, track.last_us)
        self._due.clear()
        verdicts, self._verdicts = self._verdicts, []
        return verdicts

    def snapshot(self) -> bytes:
        """Write down everything, so that `restore` goes on from here."""
        tracks = [
            KeptTrack(
                track.epc,
                track.first_us,
                track.last_us,
                track.look_at_us,
                track.stood,
                track.resting_us,
                None if track.witness is None else kept_witness(track.witness),
                track.heard_reads,
                [KeptSeen(*read) for read in track.reads],
            )
            for track in self._tracks.values()
        ]
        return keep(
            State(
                version=VERSION,
                antennas=[(one.reader, one.antenna) for one in self._layout.antennas],
                doors=[door.name for door in self._layout.doors],
                tracks=tracks,
                due=sorted(self._due),
                closed=[each for each in self._closed_order if self._closed.get(each[1]) == each[0]],
                stayed=sorted(self._stayed),
                told=self._told,
                witnesses=[kept_witness(one) for one in self._company.witnesses.values()],
                loads=[[kept_witness(one) for one in load.witnesses] for load in self._company.loads],
                grouped_us=self._company.grouped_us,
                numbering=self._company.numbering,
                eyes=self._eyes.kept(),
                verdicts=self._verdicts,
                counts=astuple(self.counts),
                stays=self._stays,
            )
        )

    def restore(self, data: bytes) -> None:
        """Go on from a snapshot, of this layout or another.

        Raises SnapshotError where it is none; then nothing has changed.
        """
        state = taken_up(data)
        moved = Moved(state, self._layout)
        self._tracks, self._due, self._reads = {}, sorted(state.due), 0
        for kept in state.tracks:
            reads = moved.reads(kept.reads)
            if reads or not kept.reads:
                self._restore_track(kept, reads, moved.witness(kept.witness))
        self._closed_order = deque(state.closed)
        self._closed = {epc: until_us for until_us, epc in state.closed}
        self._told, self._stays = state.told, state.stays
        self._stayed, self._verdicts = set(state.stayed), state.verdicts
        self._eyes.restore(state.eyes)
        self.counts = Counts(*state.counts)
        self._company.take_up(
            filter(None, map(moved.witness, state.witnesses)),
            [list(filter(None, map(moved.witness, load))) for load in state.loads],
            state.grouped_us,
            state.numbering,
        )

    def _restore_track(self, kept: KeptTrack, reads: list[Seen], one: Witness | None) -> None:
        self._tracks[kept.epc] = _Track(
            kept.epc,
            kept.first_us,
            kept.last_us,
            kept.look_at_us,
            kept.stood,
            kept.resting_us,
            one,
            kept.heard_reads if one is not None and len(reads) == len(kept.reads) else 0,
            reads,
        )
        self._reads += len(reads)

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
        """When to look next: when it may be silent for good, has left, or may have come to rest."""
        heard = not track.reads or (track.witness is not None and track.heard_reads == len(track.reads))
        return min(track.last_us + (self._left_us if heard else self._silent_us), track.look_at_us)

    def _look(self, track: _Track, due_us: int) -> None:
        """Hear, close or split a passage, or come back later.

        Everything is measured at the time for which the look was due, so that it does not matter when it is taken.
        """
        if track.last_us + self._left_us <= due_us:
            self._close(track, due_us)
            return
        if track.last_us + self._silent_us <= due_us and track.reads and track.heard_reads != len(track.reads):
            self._hear(track)
        if track.look_at_us <= due_us:
            overdue = track.look_at_us - track.first_us >= OPEN_AT_MOST_RESTS * self._rested_us
            if overdue or rests(track.reads, track.look_at_us - self._rested_us, track.look_at_us):
                if track.resting_us:
                    self._split(track)
                    return
                track.resting_us = track.look_at_us
                self._hear(track, (track.first_us, track.look_at_us - self._rested_us + SETTLING_US))
            else:
                track.resting_us = 0
            track.look_at_us += self._rested_us // REST_LOOKS
        heapq.heappush(self._due, (self._due_us(track), track.epc))

    def _hear(self, track: _Track, moved_us: tuple[int, int] | None = None) -> Witness:
        """Sum up what the reads say by now, and let the others know."""
        stood = track.stood or track.epc in self._stayed
        before = len(track.reads)
        track.reads = sorted(set(track.reads))
        if track.epc in self._tracks:
            self._reads -= before - len(track.reads)
        track.witness = self._heard(track, moved_us, stood)
        track.heard_reads = len(track.reads)
        self._company.hear(track.witness)
        return track.witness

    def _heard(self, track: _Track, moved_us: tuple[int, int] | None, stood: bool) -> Witness:
        """Hear a tag about the time in which it moved."""
        before = self._before(track)
        if moved_us is not None or not stood:
            return witness(track.epc, track.reads, self._site, moved_us, stood, before=before)
        for since_us in SETTING_OUT_US:
            one = witness(
                track.epc, track.reads, self._site, (track.last_us - since_us, track.last_us), stood, before=before
            )
            if likeliest(one.doors)[1] != STAY:
                break
        return one

    def _before(self, track: _Track) -> Stay | None:
        """Return what was heard before of the stay with which a passage goes on."""
        stay = self._stays.get(track.epc)
        if stay is None or track.first_us - stay.until_us <= self._rested_us:
            return stay
        return Stay(track.first_us, track.first_us, 0, (), stay.came_us)

    def _split(self, track: _Track) -> None:
        """Judge a passage that came to rest; what is read from now on is the beginning of another."""
        cut_us = track.look_at_us
        after = [read for read in track.reads if read.at_us >= cut_us]
        track.reads = [read for read in track.reads if read.at_us < cut_us]
        self._reads -= len(after)
        last_us = track.last_us
        track.last_us = min(last_us, cut_us)
        self._close(track, cut_us, (track.first_us, cut_us - self._rested_us + SETTLING_US))
        self._begin(_Track(track.epc, cut_us, last_us, cut_us + self._rested_us, True, reads=after))
        self._reads += len(after)

    def _close(self, track: _Track, due_us: int, moved_us: tuple[int, int] | None = None) -> None:
        """Judge a passage and remember that it was."""
        del self._tracks[track.epc]
        self._reads -= len(track.reads)
        told = track.stood or track.epc in self._closed
        until_us = track.last_us + self._left_us
        self._closed[track.epc] = until_us
        self._closed_order.append((until_us, track.epc))
        if not track.reads:
            return
        rested = track.stood or moved_us is not None
        one = track.witness
        if one is None or len(track.reads) != track.heard_reads:
            one = self._hear(track, moved_us)
        verdict = judge(track.reads, one, self._company.load_of(one, due_us), self._site)
        if verdict.direction != "pass":
            self._stayed.discard(track.epc)
        elif rested:
            self._stayed.add(track.epc)
        if verdict.direction in ("in", "out"):
            self._stays.pop(track.epc, None)
        else:
            self._stays[track.epc] = one.stay
        again = self._told.get(track.epc) == (verdict.door, verdict.direction)
        if again or (told and verdict.direction == "pass"):
            self.counts.told_before += 1
            return
        if verdict.direction in ("in", "out"):
            self._told[track.epc] = verdict.door, verdict.direction
        self._verdicts.append(verdict)

    def _decide_early(self) -> None:
        while self._due:
            track = self._tracks.get(heapq.heappop(self._due)[1])
            if track is not None:
                self.counts.decided_early += 1
                self._close(track, track.last_us)
                return
