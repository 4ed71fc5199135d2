"""Which tags answer in a turn, and what the reader reports of those that it counted."""

from typing import NamedTuple

import numpy as np
from tagdock_contract import InputChange

from tagdock_simulators.radio.measuring import doppler_hz, phase_deg, phase_noise_rad, rssi_dbm
from tagdock_simulators.reading.blocks import ReadBlock
from tagdock_simulators.reading.links import Links, Stretch
from tagdock_simulators.reading.moments import moments
from tagdock_simulators.reading.rounds import Answers, Counted, Keys
from tagdock_simulators.reading.sights import Bools, heard


class Framed(NamedTuple):
    """What a block of reads needs besides them: when the field started, and the input changes of the same time."""

    start_us: int
    inputs: tuple[InputChange, ...]


def answering(stretch: Stretch, found: Links) -> Answers:
    """Find the links whose tags take part in the rounds of a turn: those that answer in its middle."""
    seen, hall = stretch.sights, stretch.hall
    now = moments(stretch, found, np.arange(len(found.sight)), seen.middle_s[found.sight])
    link = np.flatnonzero(heard(hall, seen.antenna[found.sight], found.base_db + now.fade_db))
    turns = stretch.turns
    return Answers(link, seen.turn[found.sight[link]], turns.begin_s, hall.tag_s[turns.antenna])


def measured(stretch: Stretch, found: Links, counted: Counted, keys: Keys, framed: Framed) -> ReadBlock:
    """Keep the singulations whose tag was heard, and measure them as a reader does; in time order."""
    hall, turns, radio = stretch.hall, stretch.turns, stretch.hall.radio
    now = moments(stretch, found, counted.link, counted.seconds)
    antenna, tag = turns.antenna[counted.turn], found.tag[counted.link]
    gain_db, sent_dbm = found.base_db[counted.link] + now.fade_db, hall.transmit_dbm[antenna]
    each = np.ones(len(antenna), dtype=np.int64)
    noise = [keys.draw_bell(counted.turn, each) for _ in range(3)]
    flips = 0.5 * (keys.draw(counted.turn, each) < 0.5) * radio.phase_flips
    echo_dbm = sent_dbm + 2.0 * gain_db - radio.modulation_loss_db
    wrong_rad = phase_noise_rad(echo_dbm, hall.weakest_dbm[antenna], radio)
    echoed = (wrong_rad * noise[1] - 2.0 * np.arctan2(now.imaginary, now.real)) / (2.0 * np.pi)
    turned = 2.0 * now.distance_m / now.wavelength_m + stretch.tags.phase[tag] + echoed + flips
    at_us = framed.start_us + np.rint(counted.seconds * 1e6).astype(np.int64)
    reader, port = hall.reader[antenna], hall.port[antenna]
    kept = np.flatnonzero(heard(hall, antenna, gain_db) & _there(stretch, found, counted))
    kept = kept[np.lexsort((tag[kept], port[kept], reader[kept], at_us[kept]))]
    return ReadBlock(
        hall.readers,
        tuple(epc for load in stretch.loads for epc in load.crossing.epcs),
        at_us[kept],
        reader[kept],
        port[kept],
        tag[kept],
        rssi_dbm(echo_dbm, noise[0], radio)[kept],
        phase_deg(turned)[kept],
        doppler_hz(now.towards_m_per_s, now.wavelength_m, wrong_rad * noise[2], hall.epc_s[antenna])[kept],
        turns.channel[counted.turn[kept]],
        framed.inputs,
    )


def _there(stretch: Stretch, found: Links, counted: Counted) -> Bools:
    """Tell which singulations fall into the time of their load: a turn may begin before it, or end after it."""
    load = stretch.sights.load[found.sight[counted.link]]
    starts_s = np.array([each.starts_s for each in stretch.loads])[load]
    ends_s = np.array([each.ends_s for each in stretch.loads])[load]
    result: Bools = (counted.seconds >= starts_s) & (counted.seconds < ends_s)
    return result
