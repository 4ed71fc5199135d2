"""All antennas of a row of doors as arrays, and whose turn it is when."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tagdock_simulators.chance import Chance, Floats, Ints
from tagdock_simulators.doors import Antenna, DoorGeometry
from tagdock_simulators.radio import MODES, Gen2Mode, Radio
from tagdock_simulators.radio.waves import ECHOES, SHADOWS, directions

_DELAY_US = 0.06
"""How much longer echoes are under way at most (assumed: 18 m more): it makes channels fade differently."""
_DRIFT_TURNS_PER_S = 0.02
"""How fast echoes move when nothing seems to: people and trucks in the hall (assumed)."""


@dataclass(frozen=True, slots=True)
class Hall:
    """The antennas of all doors as columns of one length, or (n, 3) for places and directions; radio; echoes."""

    radio: Radio
    readers: tuple[str, ...]
    reader: Ints
    door: Ints
    port: Ints
    place_m: Floats
    boresight: Floats
    transmit_dbm: Floats
    weakest_dbm: Floats
    """The weakest echo that the reader hears in the port's mode."""
    tag_s: Floats
    """What a tag adds to a round in the port's mode."""
    epc_s: Floats
    turns: Ints
    """How many turns in a row each port gets."""
    echo_turns: Floats
    """(n, echoes): where in its turn each echo starts."""
    echo_us: Floats
    """(n, echoes): by how much each echo is later than the direct wave."""
    shadow_turns: Floats
    """(n, shadow waves)."""
    doors_y_m: Floats
    doors_half_m: Floats
    echoes: Floats
    """(echoes, 3): where the hall's echoes come from, as unit vectors."""
    drift_turns_per_s: Floats

    @classmethod
    def of(cls, doors: Sequence[DoorGeometry], radio: Radio, seed: int) -> "Hall":
        """Collect the antennas of doors. Raises ValueError when two share a reader's port, or a mode is unknown."""
        pairs = [(place, door, one) for place, door in enumerate(doors) for one in door.antennas]
        readers = tuple(dict.fromkeys(door.reader for door in doors))
        wires = [(door.reader, one.port) for _, door, one in pairs]
        if len(set(wires)) < len(wires):
            raise ValueError("two doors use the same port of one reader; give each antenna a port of its own")
        chances = [Chance(seed, "antenna", reader, str(port)) for reader, port in wires]
        modes = [_mode(one, radio) for _, _, one in pairs]
        hall = Chance(seed, "hall")
        return cls(
            radio,
            readers,
            np.array([readers.index(door.reader) for _, door, _ in pairs]),
            np.array([place for place, _, _ in pairs]),
            np.array([one.port for _, _, one in pairs]),
            np.array([(one.x_m, one.y_m, one.z_m) for _, _, one in pairs]),
            np.array([one.boresight for _, _, one in pairs]),
            np.array([radio.transmit_dbm if one.transmit_dbm is None else one.transmit_dbm for _, _, one in pairs]),
            np.array([radio.weakest_dbm(mode) for mode in modes]),
            np.array([mode.tag_s for mode in modes]),
            np.array([mode.epc_s for mode in modes]),
            np.array([one.turns for _, _, one in pairs]),
            np.stack([chance.uniform(ECHOES) for chance in chances]),
            np.stack([_DELAY_US * chance.uniform(ECHOES) for chance in chances]),
            np.stack([chance.uniform(SHADOWS) for chance in chances]),
            np.array([door.y_m for door in doors]),
            np.array([door.width_m / 2 for door in doors]),
            directions(hall, ECHOES),
            _DRIFT_TURNS_PER_S * hall.bell(ECHOES),
        )


def _mode(antenna: Antenna, radio: Radio) -> Gen2Mode:
    if antenna.mode is None:
        return radio.mode
    if antenna.mode not in MODES:
        raise ValueError(f"port {antenna.port} has the unknown mode {antenna.mode!r}; take one of {', '.join(MODES)}")
    return MODES[antenna.mode]


@dataclass(frozen=True, slots=True)
class Turns:
    """Turns of antennas in the order of their begin: columns of one length."""

    begin_s: Floats
    antenna: Ints
    channel: Ints
    """From 1."""


class Schedule:
    """Gives each reader's antennas their turns, round and round, and hops from channel to channel."""

    def __init__(self, hall: Hall, seed: int) -> None:
        self._radio = radio = hall.radio
        self._rings: list[tuple[Ints, Ints, float]] = []
        for number, reader in enumerate(hall.readers):
            chance = Chance(seed, "schedule", reader)
            ports = np.flatnonzero(hall.reader == number)
            ring = np.repeat(ports, hall.turns[ports])
            hops = np.argsort(chance.uniform(len(radio.region.channels_mhz)))
            first = chance.below(len(ring))
            self._rings.append((np.roll(ring, first), hops, radio.region.stay_s * chance.between(0.0, 1.0)))

    def between(self, first: int, until: int) -> Turns:
        """Return the turns whose numbers lie in [first, until); all readers switch at the same time."""
        number = np.arange(first, until)
        begin_s: Floats = number.astype(np.float64) * self._radio.turn_s
        antenna = np.stack([ring[number % len(ring)] for ring, _, _ in self._rings], axis=1)
        channel = np.stack([self._channel(begin_s, hops, ahead_s) for _, hops, ahead_s in self._rings], axis=1)
        return Turns(np.repeat(begin_s, len(self._rings)), antenna.ravel(), 1 + channel.ravel())

    def _channel(self, begin_s: Floats, hops: Ints, ahead_s: float) -> Ints:
        """Return the channel, from 0, that a reader is on."""
        hop = ((begin_s + ahead_s) / self._radio.region.stay_s).astype(np.int64)
        result: Ints = hops[hop % len(hops)]
        return result
