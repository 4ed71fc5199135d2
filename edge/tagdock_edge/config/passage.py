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

    crossing_db: float = 11.0
    """Two rows: how much inside-over-outside changes, in dB a standard deviation of the looks' time, for goods that go
    through. Rows 1 to 3 m apart give 7 to 25, the less the more the hall echoes; fitted on simulated two-row doors."""
    crossing_spread_db: float = 4.0
    """Two rows: how far single goods are from `crossing_db` (standard deviation); fitted with it."""
    crossing_middle_db: float = 4.0
    """Two rows: how far from equal the rows hear goods half-way through (standard deviation); fitted with it."""
    staying_spread_db: float = 3.0
    """Two rows: the change of goods that stand, pass by or turn round, where it averages out to 0 (its spread)."""
    staying_middle_db: float = 12.0
    """Two rows: how far from equal the rows hear goods that keep to one side, or turn; fitted with the others."""
    door_db: float = 4.0
    """Doors: a door that hears a tag by so many dB less is e times less likely to be its own; fitted on doors 3 to 4 m
    apart, in halls that echo little and much."""
    load_nats: float = 5.0
    """Loads: how much better two loads have to explain the tags than one (log-likelihood); fitted with `door_db`."""
    later: float = 0.55
    """One row, turned to its side: how much more of a tag's strength it hears after the tag passed than before it, -1
    to 1, for goods that move the way it looks, and as much less for the others; fitted on posts turned 45 degrees."""
    later_spread: float = 0.22
    """One row: how far single tags are from `later`, and from 0 where the row looks straight across; fitted with it."""
    rise_db: float = 10.0
    """One row: goods that pass it rise by more than this above what is just heard, goods that keep away do not; in both
    radio models 95 % of the first rose by 10 dB and more, 95 % of those that went along the wall by less than 8."""
    eyes_wrong: float = 0.003
    """Photo-eyes: how often (0..1) a tag is loudest with another body than its own in the beams, or an eye errs."""
    clear: float = 0.7
    """The likeliest way's share (0..1) that it takes to be reported; below it a person has to decide."""


RANGES: dict[str, tuple[float, float]] = {
    "crossing_db": (1.0, 60.0),
    "crossing_spread_db": (0.1, 60.0),
    "crossing_middle_db": (0.1, 60.0),
    "staying_spread_db": (0.1, 60.0),
    "staying_middle_db": (0.1, 60.0),
    "door_db": (0.1, 60.0),
    "load_nats": (0.0, 1000.0),
    "later": (0.1, 1.0),
    "later_spread": (0.02, 1.0),
    "rise_db": (0.0, 60.0),
    "eyes_wrong": (0.000_001, 0.5),
    "clear": (0.34, 0.999),
}
"""Least and most of each threshold; what lies outside is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class PassageConfig:
    """When a passage is over: seconds after the tag left the field, and after it came to rest in it.

    Goods that turn round where nothing hears them come back within three seconds, mostly: until then nothing is told.
    """

    left_after_s: float = 2.8
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
