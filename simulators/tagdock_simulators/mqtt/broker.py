"""Where an MQTT broker is, and who we are to it, read from an address; nothing is opened here."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_REMEDY = (
    "a broker's address is mqtt://host:1883 or mqtts://host:8883, with user:password@ where needed; "
    "the port is a number up to 65535, brackets belong round IPv6 alone"
)
"""The address itself is not repeated: it may hold a password."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is, and who we are to it."""

    host: str
    port: int = 1883
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    def __str__(self) -> str:
        """Name it without the secret."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


def broker_at(url: str, ca_file: Path | None = None) -> Broker:
    """Read `mqtt://[user:password@]host[:port]` or `mqtts://...`. Raises ValueError with the remedy."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(_REMEDY) from error
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(_REMEDY)
    username, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
    return Broker(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "mqtts", username, password, ca_file)
