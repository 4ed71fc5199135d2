"""What a door's reader reports of a moving load: whose turn it is, who answers, what is heard.

The reader's antennas take turns, and the tags in the field share each turn as a Gen2 inventory lets them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tagdock_contract import TagRead

from tagdock_simulators.chance import Chance, Floats, Ints
from tagdock_simulators.doors import Crossing, DoorGeometry, Goods
from tagdock_simulators.radio import (
    CHANNELS_MHZ,
    Radio,
    Sight,
    doppler_hz,
    one_way_db,
    phase_deg,
    rician_db,
)

FADE_MARGIN_DB = 3.0
"""A tag this far under its sensitivity still takes part in a round: the fading of one read can lift it."""
RSSI_STEP_DB, PHASE_STEP_DEG, DOPPLER_STEP_HZ = 0.5, 360.0 / 4096, 1.0 / 16
"""What readers resolve (Impinj, Low Level User Data Support, 2013); it also hides a machine's last bits."""

DEFAULT_RADIO = Radio()


@dataclass(frozen=True, slots=True)
class _Load:
    """The tags of one crossing: places on the load (n, 3) in metres, and each tag's own phase (0..1)."""

    crossing: Crossing
    y_m: float
    place_m: Floats
    phase: Floats

    def where(self, seconds: Floats) -> Floats:
        """Return the load's centre at each time, (..., 3)."""
        x, y = self.crossing.path.at(seconds)
        return np.stack([x, y + self.y_m, np.zeros_like(x)], axis=-1)


@dataclass(frozen=True, slots=True)
class _Tries:
    """Singulations in the order of time; `tag` and `row` (the antenna) are indexes."""

    tag: Ints
    row: Ints
    channel: Ints
    seconds: Floats


@dataclass(frozen=True, slots=True)
class _Portal:
    """One door's antennas before one load: places (rows, 3), reader ports, and what stands in each tag's way."""

    reader: str
    place_m: Floats
    port: Ints
    shadow_db: Floats
    """By row and tag: how the load, and a wall between doors, weaken the link."""
    radio: Radio

    def one_way_db(self, row: Ints, tag: Ints, seen: Sight) -> Floats:
        """Return the mean gain of the links between antennas and tags."""
        result: Floats = one_way_db(seen, self.radio) + self.shadow_db[row, tag]
        return result


def crossing_reads(
    geometry: DoorGeometry,
    crossing: Crossing,
    seed: int,
    *,
    neighbours: Sequence[DoorGeometry] = (),
    radio: Radio = DEFAULT_RADIO,
) -> list[TagRead]:
    """Return the reads of a crossing at its own door and, rarely, at its neighbours, in time order.

    The same arguments give the same reads on every machine. Raises ValueError when the crossing is at another door.
    """
    if geometry.door != crossing.door:
        raise ValueError(f"the crossing is at door {crossing.door!r}, not at {geometry.door!r}")
    name = (crossing.door, crossing.starts_at.isoformat(), *crossing.epcs[:1])
    goods = Goods.of(crossing)
    load = _Load(crossing, geometry.y_m, goods.place_m, goods.phase)
    reads: list[TagRead] = []
    for door in (geometry, *neighbours):
        reads.extend(_reads_at(door, load, radio, Chance(seed, "radio", door.door, *name)))
    reads.sort(key=_order)
    return reads


def _order(read: TagRead) -> tuple[Any, ...]:
    return read.at, read.reader, read.antenna, read.epc


def _reads_at(door: DoorGeometry, load: _Load, radio: Radio, chance: Chance) -> Iterator[TagRead]:
    """Inventory a load with one door's reader."""
    antennas = door.antennas
    shield_db = 0.0 if door.door == load.crossing.door else radio.shield_db
    portal = _Portal(
        door.reader,
        np.array([(one.x_m, one.y_m, one.z_m) for one in antennas]),
        np.array([one.port for one in antennas]),
        radio.shadowing_db * chance.normal(len(antennas), len(load.phase)) - shield_db,
        radio,
    )
    tries = _tries(portal, load, chance)
    return _listen(portal, load, tries, chance) if len(tries.tag) else iter(())


def _tries(portal: _Portal, load: _Load, chance: Chance) -> _Tries:
    """Hand out each antenna turn to the tags that are likely in its field."""
    radio = portal.radio
    turns = int(np.ceil(load.crossing.path.seconds[-1] / radio.turn_s))
    begins: Floats = np.arange(turns, dtype=np.float64) * radio.turn_s
    row = (np.arange(turns) + chance.below(len(portal.port))) % len(portal.port)
    tags_at = load.where(begins + radio.turn_s / 2)[:, None, :] + load.place_m
    seen = Sight.along(tags_at - portal.place_m[row][:, None, :])
    forward_dbm = radio.transmit_dbm + portal.one_way_db(row[:, None], np.arange(len(load.phase)), seen)
    tag, offset_s, turn = _share(forward_dbm >= radio.tag_sensitivity_dbm - FADE_MARGIN_DB, radio, chance)
    channel = 1 + (chance.uniform(turns) * len(CHANNELS_MHZ)).astype(np.int64)
    return _Tries(tag, row[turn], channel[turn], begins[turn] + offset_s)


def _share(likely: NDArray[np.bool_], radio: Radio, chance: Chance) -> tuple[Ints, Floats, Ints]:
    """Run inventory rounds (every tag once, in random order) until each turn is over: (tag, seconds into it, turn)."""
    tags, seconds, turns = [np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros(0, np.int64)]
    for turn in np.flatnonzero(likely.any(axis=1)):
        present = np.flatnonzero(likely[turn])
        round_s = radio.round_s + radio.read_s * len(present)
        rounds = int(np.ceil(radio.turn_s / round_s))
        order = present[np.argsort(chance.uniform(rounds, len(present)), axis=1)].ravel()
        place = np.arange(1, len(present) + 1) * radio.read_s + radio.round_s
        when = (np.arange(rounds)[:, None] * round_s + place).ravel()
        fits = when < radio.turn_s
        tags.append(order[fits])
        seconds.append(when[fits])
        turns.append(np.full(int(fits.sum()), turn))
    return np.concatenate(tags), np.concatenate(seconds), np.concatenate(turns)


def _listen(portal: _Portal, load: _Load, tries: _Tries, chance: Chance) -> Iterator[TagRead]:
    """Keep the singulations whose tag woke up and was heard, and measure them as a reader does."""
    radio = portal.radio
    way = load.where(tries.seconds) + load.place_m[tries.tag] - portal.place_m[tries.row]
    seen = Sight.along(way)
    one_way = portal.one_way_db(tries.row, tries.tag, seen) + rician_db(
        radio.rician_k_db, chance.normal(2, len(tries.tag))
    )
    rssi_dbm = radio.transmit_dbm + 2.0 * one_way - radio.modulation_loss_db
    heard = (radio.transmit_dbm + one_way >= radio.tag_sensitivity_dbm) & (rssi_dbm >= radio.reader_sensitivity_dbm)
    vx, vy = load.crossing.path.velocity(tries.seconds)
    nearing_m_per_s = -(way[:, 0] * vx + way[:, 1] * vy) / seen.distance_m
    phase = phase_deg(seen.distance_m, tries.channel, load.phase[tries.tag])
    columns = (
        np.rint(tries.seconds * 1e6).astype(np.int64),
        portal.port[tries.row],
        tries.tag,
        np.rint(rssi_dbm / RSSI_STEP_DB) * RSSI_STEP_DB,
        np.rint(phase / PHASE_STEP_DEG) % 4096 * PHASE_STEP_DEG,
        np.rint(doppler_hz(nearing_m_per_s, tries.channel) / DOPPLER_STEP_HZ) * DOPPLER_STEP_HZ,
        tries.channel,
    )
    epcs, start = load.crossing.epcs, load.crossing.starts_at
    for us, port, tag, dbm, degrees, hertz, channel in zip(*(c[heard].tolist() for c in columns), strict=True):
        at = start + timedelta(microseconds=us)
        yield TagRead(at, portal.reader, port, epcs[tag], dbm, degrees, hertz, channel)
