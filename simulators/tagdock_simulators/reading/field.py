"""What all readers of a row of doors report of all loads, in time order."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from tagdock_contract import TagRead

from tagdock_simulators.doors import Crossing, DoorGeometry
from tagdock_simulators.radio import Radio
from tagdock_simulators.reading.blocks import ReadBlock, microseconds
from tagdock_simulators.reading.crossing import DEFAULT_RADIO, crossing_reads


def field_reads(
    doors: Sequence[DoorGeometry], crossings: Iterable[Crossing], seed: int, radio: Radio = DEFAULT_RADIO
) -> Iterator[ReadBlock]:
    """Yield the reads of crossings, given in the order of their start, as blocks in time order."""
    places = {door.door: place for place, door in enumerate(doors)}
    readers = tuple(dict.fromkeys(door.reader for door in doors))
    waiting: list[TagRead] = []
    for crossing in crossings:
        settled = [read for read in waiting if read.at < crossing.starts_at]
        if settled:
            yield _block(settled, readers)
            waiting = waiting[len(settled) :]
        place = places[crossing.door]
        near = (*doors[max(0, place - 1) : place], *doors[place + 1 : place + 2])
        waiting += crossing_reads(doors[place], crossing, seed, neighbours=near, radio=radio)
        waiting.sort(key=lambda read: (read.at, read.reader, read.antenna, read.epc))
    if waiting:
        yield _block(waiting, readers)


def _block(reads: Sequence[TagRead], readers: tuple[str, ...]) -> ReadBlock:
    epcs = tuple(dict.fromkeys(read.epc for read in reads))
    place = {epc: n for n, epc in enumerate(epcs)}
    return ReadBlock(
        readers,
        epcs,
        np.array([microseconds(read.at) for read in reads]),
        np.array([readers.index(read.reader) for read in reads]),
        np.array([read.antenna for read in reads]),
        np.array([place[read.epc] for read in reads]),
        np.array([read.rssi_dbm for read in reads]),
        np.array([read.phase_deg for read in reads]),
        np.array([read.doppler_hz for read in reads]),
        np.array([read.channel for read in reads]),
    )
