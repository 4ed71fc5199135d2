"""What of a configuration can change while the gateway runs."""

from tagdock_edge.config import GatewayConfig
from tagdock_edge.driver import find_driver
from tagdock_edge.errors import ConfigError


def check_exchange(old: GatewayConfig, new: GatewayConfig) -> None:
    """Raise ConfigError where a running gateway can't go on by another configuration, naming what needs a new start."""
    fixed = {
        "gateway.site and gateway.id": (old.address, new.address),
        "gateway.outbox and what belongs to it": (old.outbox, new.outbox),
        "journal": (old.journal, new.journal),
        "metrics": (old.metrics, new.metrics),
        "playing a recording": (_plays(old), _plays(new)),
    }
    changed = [f"{what} can't change while the gateway runs; start it anew" for what, (a, b) in fixed.items() if a != b]
    if changed:
        raise ConfigError(changed)


def _plays(config: GatewayConfig) -> bool:
    return any(find_driver(each.driver).own_time for each in config.readers)
