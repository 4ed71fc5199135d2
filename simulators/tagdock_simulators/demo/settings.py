"""What a demo was asked for, in one frozen object."""

from dataclasses import dataclass
from pathlib import Path

SITE = "demo"
SITES_AT_MOST = 8
"""More gateways, readers and people than that are no demo on one box any more."""
GATEWAY = "gw-1"
RACK_GATEWAY = "racks"

KILLABLE = ("gateway", "ingest", "broker", "database")
"""What `--kill` may name; the last two only while they are the embedded ones."""


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """Everything that the command line can say; `play_s` None means until Ctrl-C."""

    data: Path
    scenario: str
    seed: int
    play_s: float | None = None
    orders: Path | None = None
    http_port: int | None = None
    broker: str | None = None
    database: str | None = None
    kills: tuple[str, ...] = ()
    returns: bool = False
    sites: int = 1
    past_weeks: int = 0
    """So many weeks before today are played first."""


def site_names(sites: int) -> tuple[str, ...]:
    """Name the sites: the house whose doors the orders pass, then those that only take returns."""
    return (SITE, *(f"{SITE}-{number}" for number in range(2, sites + 1)))
