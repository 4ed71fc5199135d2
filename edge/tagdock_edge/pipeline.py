"""From records to movements: what doors and shelves make of the reads. Pure, and so replayable.

It is deterministic in the sequence of `add` and `advance`: the same calls give the same movements with the same ids.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from tagdock_contract import Movement, Record, Side, TagRead

from tagdock_edge.clock import seconds_us, to_us
from tagdock_edge.config import GatewayConfig
from tagdock_edge.errors import SnapshotError
from tagdock_edge.passage import Detector, Verdict, movement
from tagdock_edge.presence import Change, Presence
from tagdock_edge.presence import movement as bin_movement

SIDES: tuple[Side, ...] = ("outside", "inside")


class _Snapshot(msgspec.Struct, array_like=True):
    """What is undecided at doors and at shelves."""

    doors: bytes
    shelves: bytes


class Pipeline:
    """All that one gateway knows of the goods in its fields."""

    def __init__(self, config: GatewayConfig) -> None:
        """Begin with empty fields."""
        self._address = config.address
        self._doors = config.doors
        self._passage = config.passage
        self._detector = Detector(config.doors, config.passage)
        self._presence = Presence(config.shelves, config.presence)
        self._has_shelves = bool(config.shelves)

    @property
    def late_reads(self) -> int:
        """Count the reads that came after their passage's verdict, or too late to tell which bin a tag is in."""
        return self._detector.counts.late + self._presence.counts.late

    @property
    def open_tags(self) -> int:
        """Count the tags that are in the field of a door, or left it just now; those in bins are not among them."""
        return self._detector.open_tags

    @property
    def tags_given_up(self) -> int:
        """Count the tags that were told to have left their bins because memory was full."""
        return self._presence.counts.departed_early

    def eyes(self, now_us: int) -> dict[tuple[str, Side], bool]:
        """Tell of each photo-eye, by door and side, whether it is mute: stuck or silent, and not asked any more."""
        told: dict[tuple[str, Side], bool] = {}
        for door in self._doors:
            if door.photo_eyes is not None:
                mute = self._detector.mute_eyes(door.name, now_us)
                wired = {"outside": door.photo_eyes.outside_gpi, "inside": door.photo_eyes.inside_gpi}
                told |= {(door.name, side): side in mute for side in SIDES if wired[side] is not None}
        return told

    def add(self, records: Sequence[Record]) -> None:
        """Take records in the order in which they came."""
        for record in records:
            if not isinstance(record, TagRead):
                self._detector.add_input(record)
            elif self._has_shelves and self._presence.serves(record):
                self._presence.add(record)
            else:
                self._detector.add(record)

    def advance(self, now_us: int) -> list[Movement]:
        """Decide what is over at this time (microseconds, by the clock of the reads)."""
        return self._movements(self._detector.advance(now_us), self._presence.advance(now_us))

    def flush(self) -> list[Movement]:
        """Decide every passage that is still open: the reads end here. What is in bins stays there."""
        return self._movements(self._detector.flush(), self._presence.flush())

    def begin_anew(self) -> list[Movement]:
        """Decide every passage that is still open, and forget when it was: the clock of the reads was set back."""
        decided = self.flush()
        counts = self._detector.counts
        self._detector = Detector(self._doors, self._passage)
        self._detector.counts = counts
        return decided

    def snapshot(self) -> bytes:
        """Return everything that is undecided, and what was decided a moment ago, as bytes."""
        return msgspec.msgpack.encode(_Snapshot(self._detector.snapshot(), self._presence.snapshot()))

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot, of this configuration or another. Raises SnapshotError where it is none."""
        try:
            parts = msgspec.msgpack.decode(snapshot, type=_Snapshot)
        except msgspec.DecodeError as error:
            raise SnapshotError(f"it is no snapshot of this version ({error})") from error
        self._detector.restore(parts.doors)
        self._presence.restore(parts.shelves)

    def wake(self) -> None:
        """Say that a gateway begins to listen, after what it goes on from: it was deaf meanwhile."""
        self._presence.wake()

    def _movements(self, verdicts: Iterable[Verdict], changes: Iterable[Change]) -> list[Movement]:
        address = self._address
        at_doors = [movement(verdict, address) for verdict in verdicts]
        return at_doors + [bin_movement(change, address) for change in changes]


def replay(records: Iterable[Record], config: GatewayConfig) -> Iterator[Movement]:
    """Turn recorded reads into movements. Only the reads' own time counts: twice gives the same twice.

    After the last read time goes on until all have left the field, as it does before a gateway: what leaves together is
    judged together, not what is there when the recording ends.
    """
    pipeline, newest_us = Pipeline(config), 0
    for record in records:
        pipeline.add((record,))
        at_us = to_us(record.at)
        newest_us = max(newest_us, at_us)
        yield from pipeline.advance(at_us)
    yield from pipeline.advance(newest_us + seconds_us(config.passage.left_after_s))
    yield from pipeline.flush()
