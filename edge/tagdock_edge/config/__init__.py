"""What the gateway is told: frozen data, and one module a section that reads it from the tables of a TOML file."""

from tagdock_edge.config.broker import PASSWORD_VARIABLE, read_broker
from tagdock_edge.config.doors import check_antennas_once, read_door, references, wiring
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
    "ReaderConfig",
    "Thresholds",
    "TlsConfig",
    "check_antennas_once",
    "read_broker",
    "read_door",
    "read_journal_section",
    "read_metrics",
    "read_passage",
    "references",
    "wiring",
]
