"""Many bins at once: their kits, their contents, and all readings in one stream. Pure."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tagdock_simulators.sensors.climate import HALL, House
from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.sensors.kit import Kit, Span, bin_readings
from tagdock_simulators.sensors.occupancy import Infrared
from tagdock_simulators.sensors.readings import Reading

_INFRARED_EVERY = 4


def usual_kits(names: Sequence[str]) -> dict[str, Kit]:
    """Give every bin all sensors, and every fourth an infrared one besides."""
    usual = Kit()
    watched = replace(usual, infrared=Infrared())
    return {name: usual if place % _INFRARED_EVERY else watched for place, name in enumerate(names)}


def rack_readings(
    kits: Mapping[str, Kit],
    contents: Callable[[str], Iterable[BinTruth]],
    seed: int,
    span: Span,
    *,
    house: House = HALL,
) -> Iterator[Reading]:
    """Give the readings of all bins in time order; `contents` gives one bin's, in time order."""
    bins = (bin_readings(name, contents(name), kit, seed, span, house=house) for name, kit in kits.items())
    return heapq.merge(*bins, key=lambda reading: reading.at)


def with_truth(
    readings: Iterable[Reading], truth: Iterable[tuple[datetime, bytes]], tell: Callable[[bytes], object]
) -> Iterator[Reading]:
    """Pass readings on; tell each line of the truth before the first reading that is not older, the rest at the end."""
    coming = iter(truth)
    line = next(coming, None)
    for reading in readings:
        while line is not None and line[0] <= reading.at:
            tell(line[1])
            line = next(coming, None)
        yield reading
    while line is not None:
        tell(line[1])
        line = next(coming, None)
