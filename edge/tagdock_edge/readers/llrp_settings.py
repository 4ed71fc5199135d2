"""What an installer tells of an LLRP reader: the keys of its `[[reader]]` table.

[[reader]]
name = "dock-1"
driver = "llrp"
host = "10.0.0.21"
power_dbm = 30.0                            # all antennas; left out: the most that the reader sends
mode = "autoset-dense-reader-deep-scan"     # or its number; left out: the reader's own choice
session = 0
tag_population = 32
filters = [{ epc = "3034257" }]             # only tags whose EPC begins so; several: any of them
antennas = [{ antenna = 2, power_dbm = 24.5, mode = 3 }]    # what is different at some of them
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from msgspec import Meta

from tagdock_edge.config.kinds import AntennaNumber, Port, Text, is_host
from tagdock_edge.driver import Station
from tagdock_edge.tables import Table

SearchMode = Literal["dual-target", "single-target", "tag-focus", "dual-target-reset", "single-target-reset"]
_SEARCH_MODE_WORDS = '"dual-target", "single-target", "tag-focus", "dual-target-reset" or "single-target-reset"'
_Power = Annotated[float, Meta(ge=-20, le=40)]
_POWER_WORDS = "dBm from -20 to 40"
_ModeNumber = Annotated[int, Meta(ge=0, le=65535)]
_MODE_WORDS = 'the number of one of the reader\'s modes, or on an Impinj its name, like "dense-reader-m4"'
_Epc = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{1,124}$(?!\n)")]


@dataclass(frozen=True, slots=True)
class EpcFilter:
    """Tags whose EPC has these hex digits (four bits each) from bit `at_bit` on; bit 0 is the EPC header's first."""

    epc: str
    at_bit: int = 0


@dataclass(frozen=True, slots=True)
class AntennaSettings:
    """One antenna: its transmit power (None: the reader's most) and mode (None: the reader's choice)."""

    antenna: int
    power_dbm: float | None = None
    mode: int | str | None = None


@dataclass(frozen=True, slots=True)
class LlrpSettings:
    """One LLRP reader. `antennas` and `inputs` are those that doors and shelves use.

    `session` 0: tags answer again and again, so that their strength over time tells the way they go. `phase` asks an
    Impinj for phase, Doppler and RSSI in hundredths of a dB: True insists, None takes it where there is, False leaves
    it. `report_every_n_tags` 1: a verdict never waits for the next tag to fill a report.
    """

    host: str
    port: int = 5084
    report_every_n_tags: int = 1
    keepalive_s: float = 5.0
    antennas: tuple[AntennaSettings, ...] = ()
    inputs: tuple[int, ...] = ()
    session: int = 0
    tag_population: int = 32
    search_mode: SearchMode | None = None
    phase: bool | None = None
    filters: tuple[EpcFilter, ...] = ()


def read_settings(table: Table, station: Station) -> LlrpSettings:
    """Read the keys of a `[[reader]]` with `driver = "llrp"`; mistakes are noted in the table."""
    host = table.take("host", Text, "the reader's host name or IPv4 address")
    if host is not None and (not is_host(host) or ":" in host):
        table.complain("host", "must be a host name or an IPv4 address (the port has its own key)")
    if not station.antennas:
        table.complain("name", "is used by no door and no shelf; name its antennas there, or leave the reader out")
    return LlrpSettings(
        host=host or "",
        port=table.take("port", Port, "a port from 1 to 65535", 5084),
        report_every_n_tags=table.take("report_every_n_tags", Annotated[int, Meta(ge=1, le=1000)], "1 to 1000", 1),
        keepalive_s=table.take("keepalive_s", Annotated[float, Meta(ge=0.5, le=60)], "seconds from 0.5 to 60", 5.0),
        antennas=_antennas(table, station),
        inputs=station.inputs,
        session=table.take("session", Annotated[int, Meta(ge=0, le=3)], "0, 1, 2 or 3", 0),
        tag_population=table.take("tag_population", Annotated[int, Meta(ge=1, le=65535)], "tags from 1 to 65535", 32),
        search_mode=table.take("search_mode", SearchMode, _SEARCH_MODE_WORDS, None),
        phase=table.take("phase", bool, "true or false", None),
        filters=tuple(_filter(inner) for inner in table.tables("filters")),
    )


def _antennas(table: Table, station: Station) -> tuple[AntennaSettings, ...]:
    """Give each antenna that is used what is said of all, then what is said of it alone."""
    power_dbm = table.take("power_dbm", _Power, _POWER_WORDS, None)
    mode = table.take("mode", _ModeNumber | Text, _MODE_WORDS, None)
    antennas = {number: AntennaSettings(number, power_dbm, mode) for number in station.antennas}
    told: set[int] = set()
    for inner in table.tables("antennas"):
        number = inner.take("antenna", AntennaNumber, "the antenna's number, from 1")
        here = AntennaSettings(
            number or 0,
            inner.take("power_dbm", _Power, _POWER_WORDS, power_dbm),
            inner.take("mode", _ModeNumber | Text, _MODE_WORDS, mode),
        )
        inner.close()
        if number in told:
            inner.complain("antenna", f"{number} was told of before; say all of it in one place")
        elif number in antennas:
            antennas[number] = replace(here, antenna=number)
        elif number is not None:
            used = ", ".join(map(str, station.antennas)) or "none"
            inner.complain("antenna", f"{number} is used by no door and no shelf; those of this reader use {used}")
        told.add(number or 0)
    return tuple(antennas.values())


def _filter(table: Table) -> EpcFilter:
    chosen = EpcFilter(
        table.take("epc", _Epc, "the first hex digits of EPCs, 1 to 124 of them") or "",
        table.take("at_bit", Annotated[int, Meta(ge=0, le=495)], "the bit of the EPC to begin at, 0 to 495", 0),
    )
    table.close()
    return chosen
