"""`[passage]`: when a passage is over, and the thresholds by which it is judged."""

from dataclasses import dataclass, field, fields
from typing import Annotated

from msgspec import Meta

from tagdock_edge.tables import Table


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What passages are judged by: few numbers, each with its unit and origin; `RANGES` says what each may be.

    Set in `[passage]` by name; `tagdock-edge fit` finds those of an installed door.
    """

    crossing_db: float = 13.0
    """Two rows: how much inside-over-outside changes, in dB a standard deviation of the reads' time, for goods that go
    through. Rows 1 to 3 m apart with antennas of 60 to 70 degrees give 8 to 18; fitted on simulated two-row doors."""
    crossing_spread_db: float = 4.0
    """Two rows: how far single goods are from `crossing_db` (standard deviation); fitted with it."""
    staying_spread_db: float = 2.0
    """Two rows: the same for goods that stand, pass by or turn round, where the change averages out to 0."""
    clear: float = 0.7
    """The likeliest way's share (0..1) that it takes to be reported; below it a person has to decide."""


RANGES: dict[str, tuple[float, float]] = {
    "crossing_db": (1.0, 60.0),
    "crossing_spread_db": (0.1, 60.0),
    "staying_spread_db": (0.1, 60.0),
    "clear": (0.34, 0.999),
}
"""Least and most of each threshold; what lies outside is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class PassageConfig:
    """When a passage is over: seconds after the tag left the field, and after it came to rest in it."""

    left_after_s: float = 2.5
    rested_after_s: float = 15.0
    thresholds: Thresholds = field(default_factory=Thresholds)


def read_passage(table: Table | None) -> PassageConfig:
    """Read the section; without it the defaults hold."""
    if table is None:
        return PassageConfig()
    seconds = Annotated[float, Meta(ge=0.2, le=600)]
    default = PassageConfig()
    config = PassageConfig(
        table.take("left_after_s", seconds, "seconds from 0.2 to 600", default.left_after_s),
        table.take("rested_after_s", seconds, "seconds from 0.2 to 600", default.rested_after_s),
        _thresholds(table),
    )
    table.close()
    return config


def _thresholds(table: Table) -> Thresholds:
    values: dict[str, float] = {}
    for each in fields(Thresholds):
        least, most = RANGES[each.name]
        number = Annotated[float, Meta(ge=least, le=most)]
        values[each.name] = table.take(each.name, number, f"a number from {least:g} to {most:g}", each.default)
    return Thresholds(**values)
