"""What a driver is: one file that reads its own settings and delivers reads, and one entry point that names it.

An entry point of the group `tagdock_edge.drivers` makes a driver known under its name: ours stand in this part's
`pyproject.toml`, anybody else's in their own.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from tagdock_contract import GatewayAddress, ReaderStatus

from tagdock_edge.config import BrokerConfig
from tagdock_edge.errors import DriverError
from tagdock_edge.inbox import Inbox
from tagdock_edge.tables import Table

GROUP = "tagdock_edge.drivers"


@dataclass(frozen=True, slots=True)
class Station:
    """What a driver is told beside its own table: what the rest of the configuration wants of this reader."""

    name: str
    """The reader's name: the reads that it delivers carry it."""
    base: Path
    """The configuration's folder; relative paths count from here."""
    antennas: tuple[int, ...]
    """The antennas that doors and shelves use, in order."""
    inputs: tuple[int, ...]
    """The general-purpose inputs that photo-eyes are wired to, in order."""
    address: GatewayAddress
    broker: BrokerConfig
    """The gateway's own broker, for readers that speak MQTT and name no other."""
    environ: Mapping[str, str]


class Reader(Protocol):
    """One reader as the gateway runs it, on a thread of its own."""

    name: str

    def run(self, inbox: Inbox, stop: threading.Event) -> None:
        """Deliver what is read until stopped, and return soon then; come back from every trouble that may pass.

        Whatever it raises is told, and a new reader is started after a pause that grows from 1 s to 60 s.
        """

    def status(self) -> ReaderStatus:
        """Return how the reader stands; called from other threads."""


@dataclass(frozen=True, slots=True)
class Driver:
    """How a reader is configured and made."""

    settings: Callable[[Table, Station], Any]
    """Take the keys of a `[[reader]]` table (`name` and `driver` are taken) and note what is wrong with them."""
    reader: Callable[[str, Any], Reader]
    """Make the reader from its name and its settings, for each start a new one; nothing is opened yet."""
    own_time: bool = False
    """The reads come from another time and from readers with their own names: a recording, which is played alone."""


def driver_settings(name: str, driver: Driver, table: Table, station: Station) -> Any:
    """Have a driver take its keys. What it raises is a mistake of the table, so that all others are told as well."""
    try:
        return driver.settings(table, station)
    except Exception as error:  # whatever a foreign driver raises
        table.complain("driver", f"{name!r} can't read its settings ({type(error).__name__}: {error})")
        return None


def driver_names() -> list[str]:
    """Name the drivers that are installed."""
    return sorted({each.name for each in entry_points(group=GROUP)})


def find_driver(name: str) -> Driver:
    """Return a driver by its name. Raises DriverError where there is none, or it can't be used."""
    found = next(iter(entry_points(group=GROUP, name=name)), None)
    if found is None:
        raise DriverError(f"{name!r} is no driver; installed are {', '.join(driver_names())}")
    try:
        driver = found.load()
    except Exception as error:  # whatever a foreign module raises when it is imported
        raise DriverError(f"{name!r} can't be loaded from {found.value} ({type(error).__name__}: {error})") from error
    if not isinstance(driver, Driver):
        raise DriverError(f"{name!r}: {found.value} is no tagdock_edge.driver.Driver")
    return driver
