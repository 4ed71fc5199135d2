"""What is drawn once for a scene: how waves go in its hall, and the habits of its readers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEP_S = 0.025
"""Everything moves, fades and is counted in steps of this length."""


@dataclass(frozen=True, slots=True)
class Hall:
    """A hall's waves. Gains and losses one way in dB, as antennas, tags and readers state them."""

    wavelength_m: float
    path_exponent: float
    floor_reflects: float
    """Share of the amplitude that the floor gives back; 0 is no floor."""
    nakagami_m: int
    """1 is Rayleigh's fading, more is calmer."""
    fade_m: float
    """A tag that moved so far fades anew."""
    fade_s: float
    """One that stands does so after this time: people and trucks move round it."""
    wall_db: float
    label_db: float
    """What a label loses to an antenna in its back, the goods between them."""
    tag_db: float
    """Standard deviation between tags: their own gain, what they stick on."""
    load_db: float
    """The same between loads."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Habits of a scene's readers."""

    transmit_dbm: float
    antenna_dbi: float
    beam_exponent: float
    back_lobe_db: float
    tag_dbm: float
    """A tag of no luck wakes at this power."""
    hears_dbm: float
    tag_reads_a_s: float
    """How often a strong tag alone is read."""
    reads_a_s: float
    """How many reads a reader makes at most."""
    turn_steps: int
    """How long it stays on one antenna."""
    rssi_step_db: float
    rssi_noise_db: float
    phase: bool
    message_s: float
    """Reads are stamped when their message leaves, every so often; 0: when they were made."""
    late_s: float
    """How much later than others a message may come."""


def draw_hall(rng: np.random.Generator, calm: bool) -> Hall:
    """Draw a hall; a calm one has a direct wave nearly everywhere."""
    return Hall(
        wavelength_m=float(rng.choice([0.346, 0.328])),
        path_exponent=rng.uniform(1.8, 2.2) if calm else rng.uniform(1.7, 2.6),
        floor_reflects=float(rng.choice([0.0, rng.uniform(0.1, 0.35)])) if calm else rng.uniform(0.0, 0.6),
        nakagami_m=int(rng.integers(3, 6) if calm else rng.integers(1, 5)),
        fade_m=rng.uniform(0.05, 0.12),
        fade_s=rng.uniform(2.0, 10.0),
        wall_db=rng.uniform(6.0, 14.0),
        label_db=rng.uniform(2.0, 6.0) if calm else rng.uniform(4.0, 12.0),
        tag_db=rng.uniform(1.0, 2.0) if calm else rng.uniform(1.5, 3.0),
        load_db=rng.uniform(0.5, 1.5) if calm else rng.uniform(1.0, 3.0),
    )


def draw_readers(rng: np.random.Generator) -> Readers:
    """Draw the readers of a scene: one product, set up in one way."""
    return Readers(
        transmit_dbm=rng.uniform(28.0, 31.5),
        antenna_dbi=rng.uniform(5.5, 9.0),
        beam_exponent=rng.uniform(2.0, 5.5),
        back_lobe_db=-rng.uniform(12.0, 22.0),
        tag_dbm=-rng.uniform(15.0, 19.0),
        hears_dbm=-rng.uniform(72.0, 82.0),
        tag_reads_a_s=rng.uniform(15.0, 45.0),
        reads_a_s=rng.uniform(180.0, 600.0),
        turn_steps=int(rng.choice([2, 3, 4, 6, 8])),
        rssi_step_db=float(rng.choice([0.5, 1.0])),
        rssi_noise_db=rng.uniform(0.4, 1.5),
        phase=bool(rng.random() < 0.5),
        message_s=float(rng.choice([0.0, 0.02, 0.05, 0.1])),
        late_s=float(rng.choice([0.0, 0.0, 0.02, 0.15])),
    )
