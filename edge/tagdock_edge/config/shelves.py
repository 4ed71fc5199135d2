"""`[[shelf]]`: the bins that antennas see, and `[presence]`: when a tag is in another bin, or in none any more."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta
from tagdock_contract.events import Place

from tagdock_edge.config.kinds import PLACE_WORDS, AntennaNumber
from tagdock_edge.tables import Table


@dataclass(frozen=True, slots=True)
class ShelfAntenna:
    """One antenna that sees a bin."""

    reader: str
    antenna: int


@dataclass(frozen=True, slots=True)
class ShelfConfig:
    """A bin and the antennas that see it."""

    bin: str
    antennas: tuple[ShelfAntenna, ...]


@dataclass(frozen=True, slots=True)
class PresenceConfig:
    """The parameters of the rule in `presence.rule`, which is EdgeX's; its defaults are those of EdgeX's service.

    Source: EdgeX app-rfid-llrp-inventory, mobility profile "asset tracking".
    """

    threshold_db: float = 6.0
    """So much louder another antenna has to be while the present one still hears the tag."""
    holdoff_s: float = 0.5
    """So long the present antenna may be silent before that begins to fall."""
    slope_db_per_s: float = -8.0
    """How it falls then: 0 after 1.25 s, and on. EdgeX writes -0.008 dB a millisecond."""
    departed_after_s: float = 600.0
    """A tag that nobody read for longer is gone."""


def read_shelf(table: Table) -> ShelfConfig:
    """Read one shelf; what is wrong is noted in the table's problems."""
    name = table.take("bin", Place, PLACE_WORDS) or ""
    antennas = tuple(_antenna(inner) for inner in table.tables("antennas"))
    if not antennas:
        table.complain("antennas", 'is empty; give { reader = "...", antenna = 1 } and so on')
    table.close()
    return ShelfConfig(name, antennas)


def _antenna(table: Table) -> ShelfAntenna:
    antenna = ShelfAntenna(
        reader=table.take("reader", Place, "the name of a [[reader]]") or "",
        antenna=table.take("antenna", AntennaNumber, "the antenna's number, from 1") or 0,
    )
    table.close()
    return antenna


def read_presence(table: Table | None) -> PresenceConfig:
    """Read the section; without it the defaults hold."""
    default = PresenceConfig()
    if table is None:
        return default
    decibels = Annotated[float, Meta(ge=0, le=60)]
    holdoff = Annotated[float, Meta(ge=0, le=3600)]
    slope = Annotated[float, Meta(ge=-1000, le=0)]
    departed = Annotated[float, Meta(ge=1, le=7 * 86_400)]
    config = PresenceConfig(
        table.take("threshold_db", decibels, "decibels from 0 to 60", default.threshold_db),
        table.take("holdoff_s", holdoff, "seconds from 0 to 3600", default.holdoff_s),
        table.take("slope_db_per_s", slope, "decibels a second from -1000 to 0", default.slope_db_per_s),
        table.take("departed_after_s", departed, "seconds from 1 to 604800 (a week)", default.departed_after_s),
    )
    table.close()
    return config
