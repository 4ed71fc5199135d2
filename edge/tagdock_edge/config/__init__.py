"""What the gateway is told: frozen data, and one module a section that reads it from the tables of a TOML file."""

from tagdock_edge.config.broker import PASSWORD_VARIABLE, read_broker
from tagdock_edge.config.doors import read_door
from tagdock_edge.config.journal import JournalConfig, read_journal_section
from tagdock_edge.config.metrics import MetricsConfig, read_metrics
from tagdock_edge.config.model import (
    EVENTS_AT_MOST,
    AntennaConfig,
    BrokerConfig,
    DoorConfig,
    GatewayConfig,
    OutboxConfig,
    PhotoEyesConfig,
    ReaderConfig,
    TlsConfig,
)
from tagdock_edge.config.passage import PassageConfig, Thresholds, read_passage
from tagdock_edge.config.shelves import PresenceConfig, ShelfAntenna, ShelfConfig, read_presence, read_shelf
from tagdock_edge.config.wiring import check_antennas_once, references, wiring

__all__ = [
    "EVENTS_AT_MOST",
    "PASSWORD_VARIABLE",
    "AntennaConfig",
    "BrokerConfig",
    "DoorConfig",
    "GatewayConfig",
    "JournalConfig",
    "MetricsConfig",
    "OutboxConfig",
    "PassageConfig",
    "PhotoEyesConfig",
    "PresenceConfig",
    "ReaderConfig",
    "ShelfAntenna",
    "ShelfConfig",
    "Thresholds",
    "TlsConfig",
    "check_antennas_once",
    "read_broker",
    "read_door",
    "read_journal_section",
    "read_metrics",
    "read_passage",
    "read_presence",
    "read_shelf",
    "references",
    "wiring",
]
