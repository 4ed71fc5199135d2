"""The loads in the field: each with its tags as arrays, and all of them together for a stretch of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tagdock_simulators.chance import BELL_AT_MOST, Chance, Floats, Ints
from tagdock_simulators.doors import Crossing, Goods, Material, Path
from tagdock_simulators.radio import Radio
from tagdock_simulators.radio.gen2 import SESSIONS
from tagdock_simulators.radio.waves import ECHOES, SHADOWS

Vectors = tuple[Floats, Floats, Floats]
"""x, y and z, each a column."""

NEVER_DB = -1000.0
"""The gain of a tag that never answers."""


class Place(NamedTuple):
    """Where and when a load comes: its door's number and y in metres, seconds from the field's start."""

    door: int
    y_m: float
    starts_s: float


@dataclass(slots=True)
class Present:
    """One load in the field. All arrays have a row a tag; `quiet_until_s` changes as its tags are counted."""

    crossing: Crossing
    door: int
    y_m: float
    starts_s: float
    ends_s: float
    path: Path
    goods: Goods
    own_db: Floats
    """What each tag is better or worse than the kind: its material, its making."""
    through_db_per_m: Floats
    through_most_db: Floats
    echo_turns: Floats
    shadow_turns: Floats
    """(n, waves): each tag's place in the load's shadow field."""
    quiet_for_s: Floats
    quiet_until_s: Floats

    @classmethod
    def of(cls, crossing: Crossing, at: "Place", radio: Radio, seed: int) -> "Present":
        """Draw what is a load's own: its tags' places, echoes and shadows."""
        name = (crossing.door, crossing.starts_at.isoformat(), *crossing.epcs[:1])
        chance, tags, path = Chance(seed, "load", *name), len(crossing.epcs), crossing.path
        goods = Goods.of(crossing)
        detuning_db, per_m, most = _materials(crossing)
        readable = np.array([epc not in crossing.unreadable for epc in crossing.epcs], dtype=bool)
        own_db = radio.tag_spread_db * np.rint(chance.bell(tags) * 256.0) / 256.0 - detuning_db
        session = SESSIONS[radio.session]
        slopes = chance.bell(3, SHADOWS) / (2.0 * np.pi * radio.shadow_m)
        shadow = sum(goods.place_m[:, axis, None] * slopes[axis] for axis in range(3))
        return cls(
            crossing,
            at.door,
            at.y_m,
            at.starts_s,
            at.starts_s + path.seconds[-1],
            path,
            goods,
            np.where(readable, own_db, NEVER_DB),
            per_m,
            most,
            chance.uniform(tags, ECHOES),
            shadow + chance.uniform(SHADOWS),
            session.least_s + (session.most_s - session.least_s) * chance.uniform(tags),
            np.full(tags, -np.inf),
        )

    @property
    def radius_m(self) -> float:
        """Return half the diagonal of the box of goods."""
        across = self.goods.high_m - self.goods.low_m
        return float(np.sqrt(across[0] ** 2 + across[1] ** 2 + across[2] ** 2)) / 2


def best_own_db(radio: Radio) -> float:
    """Return the most by which a tag can be better than its kind."""
    return radio.tag_spread_db * BELL_AT_MOST


def _materials(crossing: Crossing) -> tuple[Floats, Floats, Floats]:
    """Return detuning, dB a metre, and dB at most, by tag."""
    given = crossing.materials
    each: Sequence[Material] = (given,) * len(crossing.epcs) if isinstance(given, Material) else given
    rows = np.array([(one.detuning_db, one.through_db_per_m, one.through_at_most_db) for one in each])
    columns = rows.reshape(len(each), 3).T
    return columns[0], columns[1], columns[2]


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of several loads in a row: columns over all tags, and where each load's begin."""

    first: Ints
    count: Ints
    place_m: Vectors
    axis: Vectors
    phase: Floats
    own_db: Floats
    through_db_per_m: Floats
    through_most_db: Floats
    echo_turns: Floats
    shadow_turns: Floats

    @classmethod
    def of(cls, loads: Sequence[Present]) -> "Tags":
        """Put the tags of loads in a row."""
        count = np.array([len(load.own_db) for load in loads])
        place = np.concatenate([load.goods.place_m for load in loads])
        axis = np.concatenate([load.goods.axis for load in loads])
        x_m, y_m, z_m = np.ascontiguousarray(place.T)
        along_x, along_y, along_z = np.ascontiguousarray(axis.T)
        return cls(
            np.cumsum(count) - count,
            count,
            (x_m, y_m, z_m),
            (along_x, along_y, along_z),
            np.concatenate([load.goods.phase for load in loads]),
            np.concatenate([load.own_db for load in loads]),
            np.concatenate([load.through_db_per_m for load in loads]),
            np.concatenate([load.through_most_db for load in loads]),
            np.ascontiguousarray(np.concatenate([load.echo_turns for load in loads]).T),
            np.ascontiguousarray(np.concatenate([load.shadow_turns for load in loads]).T),
        )
