"""The goods in the field as bytes and back: all that a detector knows, for a crash or another configuration.

Antennas go by (reader, number) and doors by name, so that another layout can take them; what is not there any more is
left out. The bytes come from a disk, so they are checked as a whole before anything is believed.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from tagdock_edge.errors import SnapshotError
from tagdock_edge.passage.course import Course
from tagdock_edge.passage.ends import NOBODYS, Stay
from tagdock_edge.passage.eyes import Kept
from tagdock_edge.passage.judge import Verdict
from tagdock_edge.passage.kinship import Numbering
from tagdock_edge.passage.layout import Layout
from tagdock_edge.passage.profile import Seen
from tagdock_edge.passage.witness import Ways, Witness

VERSION = 3
_Place = Annotated[int, Meta(ge=0, le=1_000_000)]
_Epc = Annotated[str, Meta(pattern="^[0-9A-Fa-f]+$")]
_Value = TypeVar("_Value")
_Time = Annotated[int, Meta(ge=-(2**62), le=2**62)]


class KeptSeen(NamedTuple):
    """A read; its antenna by its place in the snapshot's list."""

    at_us: _Time
    antenna: _Place
    rssi_dbm: float
    phase_deg: float
    doppler_hz: float
    channel: int


class KeptWitness(msgspec.Struct, array_like=True):
    """A witness; its doors by their place in the snapshot's list."""

    epc: _Epc
    first_us: _Time
    last_us: _Time
    middle_s: float
    course: Course
    stood: bool
    doors: dict[_Place, Ways]
    reasons: dict[_Place, str]
    few: bool
    stay: Stay = NOBODYS
    """None in a snapshot of before it was told."""
    halting: dict[_Place, Ways] = {}
    """The same."""


class KeptTrack(msgspec.Struct, array_like=True):
    """An open passage."""

    epc: _Epc
    first_us: _Time
    last_us: _Time
    look_at_us: _Time
    stood: bool
    resting_us: _Time
    witness: KeptWitness | None
    heard_reads: _Place
    reads: list[KeptSeen]


class State(msgspec.Struct):
    """Everything that a detector knows."""

    version: int
    antennas: list[tuple[str, int]]
    doors: list[str]
    tracks: list[KeptTrack]
    due: list[tuple[_Time, str]]
    closed: list[tuple[_Time, str]]
    stayed: list[str]
    told: dict[str, tuple[str, str]]
    witnesses: list[KeptWitness]
    loads: list[list[KeptWitness]]
    grouped_us: _Time
    numbering: Numbering
    eyes: dict[str, Kept]
    verdicts: list[Verdict]
    counts: tuple[_Place, _Place, _Place, _Place]
    stays: dict[str, Stay] = {}
    """How tags began their time in the field that passed no door yet; none in a snapshot of before."""


def keep(state: State) -> bytes:
    """Write a state down."""
    return msgspec.msgpack.encode(state)


def taken_up(data: bytes) -> State:
    """Read a state back. Raises SnapshotError where it is none, or of another version."""
    try:
        state = msgspec.msgpack.decode(data, type=State)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SnapshotError(f"the doors' part is damaged ({error}); passages under way begin anew") from error
    if state.version != VERSION:
        raise SnapshotError(f"the doors' part is of version {state.version}, not {VERSION}; passages begin anew")
    antennas, doors = len(state.antennas), len(state.doors)
    for track in state.tracks:
        if any(read.antenna >= antennas for read in track.reads):
            raise SnapshotError(f"a read of {track.epc} names an antenna that is not listed; passages begin anew")
    if not state.numbering.possible:
        raise SnapshotError("what was learned of numbers is impossible; passages begin anew")
    for epc, stay in [*state.stays.items(), *((one.epc, one.stay) for one in _witnesses(state))]:
        if not stay.possible:
            raise SnapshotError(f"how {epc} came into the field is impossible; passages begin anew")
    for one in _witnesses(state):
        if not one.course.possible:
            raise SnapshotError(f"the witness {one.epc} tells an impossible time; passages begin anew")
        if one.halting and one.halting.keys() != one.doors.keys():
            raise SnapshotError(f"the witness {one.epc} tells of other doors if it halted; passages begin anew")
        if not one.doors or any(door >= doors for door in (*one.doors, *one.reasons)):
            raise SnapshotError(f"the witness {one.epc} names a door that is not listed; passages begin anew")
    return state


def kept_witness(one: Witness) -> KeptWitness:
    """Write a witness."""
    return KeptWitness(
        one.epc,
        one.first_us,
        one.last_us,
        one.middle_s,
        one.course,
        one.stood,
        one.doors,
        one.reasons,
        one.few,
        one.stay,
        one.halting,
    )


class Moved:
    """Places of a snapshot's layout in the layout of today."""

    def __init__(self, state: State, layout: Layout) -> None:
        names = {door.name: place for place, door in enumerate(layout.doors)}
        self._antennas = [layout.place_of.get(antenna) for antenna in state.antennas]
        self._doors = [names.get(name) for name in state.doors]

    def reads(self, kept: Sequence[KeptSeen]) -> list[Seen]:
        """Return the reads of antennas that are still there."""
        places = ((read, self._antennas[read.antenna]) for read in kept)
        return [Seen(read.at_us, place, *read[2:]) for read, place in places if place is not None]

    def witness(self, kept: KeptWitness | None) -> Witness | None:
        """Return a witness, or None where none of its doors is there any more."""
        if kept is None:
            return None
        doors = self._at(kept.doors)
        if not doors:
            return None
        times = kept.first_us, kept.last_us, kept.middle_s, kept.course
        reasons, halting = self._at(kept.reasons), self._at(kept.halting)
        return Witness(kept.epc, *times, kept.stood, doors, reasons, kept.few, kept.stay, halting)

    def _at(self, by_door: Mapping[int, _Value]) -> dict[int, _Value]:
        return {place: value for door, value in by_door.items() if (place := self._doors[door]) is not None}


def _witnesses(state: State) -> list[KeptWitness]:
    of_tracks = [track.witness for track in state.tracks if track.witness is not None]
    return [*of_tracks, *state.witnesses, *(one for load in state.loads for one in load)]
