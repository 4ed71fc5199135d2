"""Which tags are read when: a Poisson process, faster with more power at the tag, shared among all that answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import pi

import numpy as np
from tagdock_contract import TagRead

from scenes.doors import Door
from scenes.hall import STEP_S, Floats, Hall, Ints, Readers
from scenes.loads import Load
from scenes.radio import active, fade_db, one_way_db

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
_WAKES_OVER_DB = 1.2
"""A tag near its least power answers now and then, over about twice so many dB."""
_REACH_M = 12.0
"""Readers farther away than this from every place of a load's way hear nothing of it."""
_MODULATION_DB = 7.0


@dataclass(frozen=True, slots=True)
class _Answers:
    """The steps in which a load's tags can answer one reader: columns of one length."""

    load: Load
    reader: str
    step: Ints
    tag: Ints
    port: Ints
    rate: Floats
    """Reads a second if nobody else were there."""
    echo_dbm: Floats
    distance_m: Floats


def reads(
    rng: np.random.Generator, doors: Sequence[Door], loads: Iterable[Load], hall: Hall, readers: Readers
) -> list[tuple[float, TagRead]]:
    """Return all reads with the time at which each came, sorted by that time (seconds from the start)."""
    wired: dict[str, list[tuple[Door, int]]] = {}
    for door in doors:
        wired.setdefault(door.reader, []).extend((door, place) for place in range(len(door.antennas)))
    shifts = {reader: int(rng.integers(0, 8)) for reader in wired}
    answers = [
        _answers(rng, load, reader, ports, hall, readers, shifts[reader])
        for load in loads
        for reader, ports in wired.items()
        if min(np.abs(load.way.y_m - door.y_m).min() for door, _ in ports) < _REACH_M
    ]
    last = max((int(each.step.max()) for each in answers if len(each.step)), default=0)
    wanted = {reader: np.zeros(last + 1) for reader in wired}
    for each in answers:
        np.add.at(wanted[each.reader], each.step, each.rate)
    told = [one for each in answers for one in _counted(rng, each, wanted[each.reader], hall, readers)]
    return sorted(told, key=lambda one: (one[0], one[1].reader, one[1].epc, one[1].antenna))


def _answers(
    rng: np.random.Generator,
    load: Load,
    reader: str,
    ports: list[tuple[Door, int]],
    hall: Hall,
    readers: Readers,
    shift: int,
) -> _Answers:
    steps = load.first + np.arange(len(load.way))
    on = active(ports, steps, readers, shift)
    gain, distance = one_way_db(load, ports, on, hall, readers)
    gain += np.take_along_axis(fade_db(rng, load, len(ports), hall), on[:, None, None], axis=1)[:, 0, :]
    over_db = readers.transmit_dbm + gain - readers.tag_dbm
    echo = readers.transmit_dbm + 2.0 * gain - _MODULATION_DB
    woken = _soft(over_db / _WAKES_OVER_DB) * _soft((echo - readers.hears_dbm) / _WAKES_OVER_DB)
    step, tag = np.nonzero(woken > 0.01)
    numbers = np.array([door.antennas[place].port for door, place in ports])
    return _Answers(
        load,
        reader,
        steps[step],
        tag,
        numbers[on[step]],
        readers.tag_reads_a_s * woken[step, tag],
        echo[step, tag],
        distance[step, tag],
    )


def _counted(
    rng: np.random.Generator, found: _Answers, wanted: Floats, hall: Hall, readers: Readers
) -> Iterable[tuple[float, TagRead]]:
    share = np.minimum(1.0, readers.reads_a_s / np.maximum(wanted[found.step], 1e-9))
    which = np.repeat(np.arange(len(found.step)), rng.poisson(found.rate * share * STEP_S))
    made_s = (found.step[which] + rng.random(len(which))) * STEP_S
    echo = found.echo_dbm[which] + rng.normal(0.0, readers.rssi_noise_db, len(which))
    rssi = np.clip(np.round(echo / readers.rssi_step_db) * readers.rssi_step_db, -120.0, 10.0)
    turns = 2.0 * found.distance_m[which] / hall.wavelength_m + found.load.offset_turns[found.tag[which]]
    turns += rng.normal(0.0, 0.02, len(which)) + 0.5 * rng.integers(0, 2, len(which))
    phase = np.round(turns % 1.0 * 4096) % 4096 * (360.0 / 4096)
    stamp_s = made_s if readers.message_s == 0.0 else np.ceil(made_s / readers.message_s) * readers.message_s
    comes_s = stamp_s + readers.late_s * _by_message(stamp_s, pi)
    for at_s, comes, n, dbm, degrees in zip(stamp_s, comes_s, which, rssi, phase, strict=True):
        at = START + timedelta(microseconds=round(float(at_s) * 1e6))
        told_phase = float(degrees) if readers.phase else None
        epc = found.load.epcs[found.tag[n]]
        yield float(comes), TagRead(at, found.reader, int(found.port[n]), epc, float(dbm), told_phase)


def _by_message(stamp_s: Floats, salt: float) -> Floats:
    """Return a number in [0, 1) for each time, the same for the same: messages are late, not reads."""
    result: Floats = np.abs(np.sin(stamp_s * 12.9898 + salt) * 43758.5453) % 1.0
    return result


def _soft(over: Floats) -> Floats:
    result: Floats = 1.0 / (1.0 + np.exp(-np.clip(over, -40.0, 40.0)))
    return result
