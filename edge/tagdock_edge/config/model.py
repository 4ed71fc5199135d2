"""What the gateway is told, as frozen data; the modules beside this one read it from the tables of a TOML file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tagdock_contract import GatewayAddress, Side

from tagdock_edge.config.journal import JournalConfig
from tagdock_edge.config.metrics import MetricsConfig
from tagdock_edge.config.passage import PassageConfig
from tagdock_edge.config.shelves import PresenceConfig, ShelfConfig

EVENTS_AT_MOST = 5_000_000
"""The outbox's bound: 13 hours at 100 movements a second."""


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """How the broker is known, and how we are known to it. Without `ca_file` the system's authorities count."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class BrokerConfig:
    """An MQTT broker; `tls` None means an open connection. The password never shows in a repr.

    Without `username` a password goes with the client id.
    """

    host: str
    port: int
    tls: TlsConfig | None = None
    password: str | None = field(default=None, repr=False)
    username: str | None = None


@dataclass(frozen=True, slots=True)
class OutboxConfig:
    """The outbox file. `synchronous` is SQLite's: normal survives a killed process, full a power cut as well."""

    path: Path
    synchronous: Literal["normal", "full"] = "full"
    events_at_most: int = EVENTS_AT_MOST

    @property
    def lock_path(self) -> Path:
        """The file that whoever uses the outbox holds locked."""
        return self.path.with_name(self.path.name + ".lock")


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """One reader: its name, its driver's name, and what the driver made of its table."""

    name: str
    driver: str
    settings: object


@dataclass(frozen=True, slots=True)
class AntennaConfig:
    """One antenna of a door and the row in which it hangs."""

    reader: str
    antenna: int
    side: Side


@dataclass(frozen=True, slots=True)
class PhotoEyesConfig:
    """The inputs of one reader that a door's photo-eyes are wired to."""

    reader: str
    outside_gpi: int | None = None
    inside_gpi: int | None = None


@dataclass(frozen=True, slots=True)
class DoorConfig:
    """A door: its antennas in two rows, and its photo-eyes where it has some."""

    name: str
    antennas: tuple[AntennaConfig, ...]
    photo_eyes: PhotoEyesConfig | None = None


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """All that the gateway is told."""

    address: GatewayAddress
    broker: BrokerConfig
    outbox: OutboxConfig
    journal: JournalConfig
    readers: tuple[ReaderConfig, ...]
    doors: tuple[DoorConfig, ...]
    passage: PassageConfig = field(default_factory=PassageConfig)
    metrics: MetricsConfig | None = None
    shelves: tuple[ShelfConfig, ...] = ()
    presence: PresenceConfig = field(default_factory=PresenceConfig)
