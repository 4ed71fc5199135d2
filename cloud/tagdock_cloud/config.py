"""The service's configuration: frozen objects, built once by the command line and passed down."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from tagdock_cloud.access.roles import Role
from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.ingest.shares import Share

_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the MQTT broker is and how to log in. The password is kept out of every repr."""

    host: str
    port: int
    has_tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @property
    def url(self) -> str:
        """The whole address, password and all: for a program's environment, never for people or logs."""
        login = "" if self.user is None else f"{quote(self.user, safe='')}:{quote(self.password or '', safe='')}@"
        return self.shown.replace("://", f"://{login}", 1)

    @property
    def shown(self) -> str:
        """The address for people: no password."""
        scheme = "mqtts" if self.has_tls else "mqtt"
        return f"{scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """What ingest needs to know."""

    database: str = field(repr=False)
    broker: BrokerAddress
    is_open: bool = False
    client_id: str = "tagdock-cloud-ingest"
    group_bytes: int = 2 * 1024 * 1024
    group_wait_s: float = 0.005
    is_mqtt5: bool = False
    share: Share | None = None
    shared_group: str | None = None
    ahead_s: float = 3600.0
    behind_days: float = 3650.0


@dataclass(frozen=True, slots=True)
class Grant:
    """What a member of a provider's group becomes here. `sites` None: all."""

    group: str
    role: Role
    sites: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class OidcConfig:
    """An OpenID provider that lets people in, and what its groups become here. The secret is kept out of every repr."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    public_url: str
    grants: tuple[Grant, ...]
    groups_claim: str = "groups"
    name_claim: str = "preferred_username"

    @property
    def settings(self) -> dict[str, str]:
        """The environment that says the same to another program."""
        known = {
            "ISSUER": self.issuer,
            "CLIENT_ID": self.client_id,
            "CLIENT_SECRET": self.client_secret,
            "GROUPS_CLAIM": self.groups_claim,
            "NAME_CLAIM": self.name_claim,
            "ROLES": ";".join(
                f"{grant.group}={grant.role}" + ("@" + ",".join(sorted(grant.sites)) if grant.sites else "")
                for grant in self.grants
            ),
        }
        settings = {f"TAGDOCK_OIDC_{name}": value for name, value in known.items() if value is not None}
        return {**settings, "TAGDOCK_PUBLIC_URL": self.public_url}


@dataclass(frozen=True, slots=True)
class Front:
    """How the HTTP interface meets the world.

    `proxies`: addresses or networks whose X-Forwarded headers are believed; with them it may listen without TLS.
    `rate_per_s`: requests of one caller, 0: no limit. `kept_s`: how long a token that was looked up is remembered.
    """

    tls_cert: Path | None = None
    tls_key: Path | None = None
    proxies: tuple[str, ...] = ()
    rate_per_s: float = 200.0
    kept_s: float = 5.0
    oidc: OidcConfig | None = None


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """What the HTTP interface needs to know."""

    database: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8000
    is_open: bool = False
    private_webhooks: bool = False
    front: Front = Front()
    data_dir: Path | None = None
    """Whose disk the health page watches; None: the data lies on another machine."""


@dataclass(frozen=True, slots=True)
class WorkConfig:
    """What the program that does due work needs to know. `private_webhooks`: they may go to private addresses."""

    database: str = field(repr=False)
    private_webhooks: bool = False


@dataclass(frozen=True, slots=True)
class EmbeddedBrokerConfig:
    """What the embedded broker needs to know. `password` is ingest's.

    With a certificate it speaks TLS on `port`, and `inside_port` is plain on loopback, for ingest on the same box.
    """

    database: str = field(repr=False)
    password: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 1883
    is_open: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    inside_port: int | None = None


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """What `serve` needs to know; without `database` or `broker` it brings its own. Port 0: any free one."""

    data: Path
    database: str | None = field(default=None, repr=False)
    broker: BrokerAddress | None = None
    host: str = "127.0.0.1"
    http_port: int = 8000
    broker_port: int = 1883
    is_open: bool = False
    private_webhooks: bool = False
    front: Front = Front()


def parse_broker(url: str, ca_file: Path | None = None) -> BrokerAddress:
    """Read `mqtt://[user:password@]host[:port]` or `mqtts://...`.

    Raises ConfigurationError, which never repeats the password.
    """
    remedy = "--broker must look like mqtt://user:password@host:1883 (mqtts:// for TLS)"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError(remedy) from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigurationError(remedy)
    if ca_file is not None and not ca_file.is_file():
        raise ConfigurationError(f"--broker-ca {ca_file}: there is no such file")
    return BrokerAddress(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        has_tls=parts.scheme == "mqtts",
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        ca_file=ca_file,
    )


def check_open(host: str, is_open: bool) -> None:
    """Refuse lab mode anywhere but on loopback. Raises ConfigurationError."""
    if is_open and not is_loopback(host):
        raise ConfigurationError(
            f"--open lets anybody in, so it listens on loopback only, not on {host}: "
            "leave out --host, or leave out --open and add gateways and tokens"
        )


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on is this machine's alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
