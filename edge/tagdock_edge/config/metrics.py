"""`[metrics]`: where Prometheus finds the gateway; without it, nowhere."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from tagdock_edge.config.kinds import Text, is_host
from tagdock_edge.tables import Table


@dataclass(frozen=True, slots=True)
class MetricsConfig:
    """The address that is listened at. Whoever reaches it may read: keep it on loopback or a network of your own."""

    host: str
    port: int


def read_metrics(table: Table | None) -> MetricsConfig | None:
    """Read the section; None where it is left out."""
    if table is None:
        return None
    text = table.take("listen", Text, 'an address like "127.0.0.1:9464"')
    table.close()
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if text is not None and (not is_host(host) or port is None):
        table.complain("listen", f'must be an address like "127.0.0.1:9464", not {text!r}')
    return MetricsConfig(host, port or 0)
