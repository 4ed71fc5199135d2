"""How the HTTP interface meets the world: its options, with their environment twins, and what they must not be."""

import functools
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from tagdock_cloud.access.roles import ROLES, Role
from tagdock_cloud.config import Front, Grant, OidcConfig, is_loopback
from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.options import option

Command = Callable[..., Any]
_FILE = click.Path(path_type=Path, dir_okay=False)
_OPTIONS = (
    option("--tls-cert", type=_FILE, help="Certificate chain (PEM) to serve HTTPS with."),
    option("--tls-key", type=_FILE, help="Its private key (PEM)."),
    option(
        "--behind-proxy",
        metavar="ADDRESSES",
        help="A proxy speaks TLS in front: its addresses or networks, commas between; only theirs are the "
        "X-Forwarded headers that are believed.",
    ),
    option(
        "--rate-per-s",
        type=click.FloatRange(0),
        default=200.0,
        show_default=True,
        help="Requests a second that one caller may send; 0: no limit.",
    ),
    option("--public-url", metavar="URL", help="Where people reach the console, for the OpenID provider."),
    option("--oidc-issuer", metavar="URL", help="An OpenID provider that lets people in."),
    option("--oidc-client-id", help="What the provider calls this service."),
    option("--oidc-client-secret", help="The secret it gave; none for a public client."),
    option(
        "--oidc-roles",
        metavar="GROUP=ROLE[@SITE,SITE];...",
        help="What a member of a group becomes; the first that fits counts.",
    ),
    option("--oidc-groups-claim", default="groups", show_default=True, help="The claim that lists the groups."),
    option("--oidc-name-claim", default="preferred_username", show_default=True, help="The claim that names people."),
)


def front_options(command: Command) -> Command:
    """Give a command these options as one argument, `front`. It raises ConfigurationError for what will not do."""

    @functools.wraps(command)
    def wrapped(*args: Any, **given: Any) -> Any:
        own = {name: given.pop(name) for name in _NAMES}
        return command(*args, front=_front(own), **given)

    wrapped_with_options: Command = wrapped
    for add in reversed(_OPTIONS):
        wrapped_with_options = add(wrapped_with_options)
    return wrapped_with_options


_NAMES = (
    "tls_cert",
    "tls_key",
    "behind_proxy",
    "rate_per_s",
    "public_url",
    "oidc_issuer",
    "oidc_client_id",
    "oidc_client_secret",
    "oidc_roles",
    "oidc_groups_claim",
    "oidc_name_claim",
)


def front_settings(front: Front) -> dict[str, str]:
    """Return the environment that gives a program under `serve` the same options."""
    settings = {"TAGDOCK_RATE_PER_S": str(front.rate_per_s)}
    if front.tls_cert is not None and front.tls_key is not None:
        settings |= {
            "TAGDOCK_TLS_CERT": str(front.tls_cert.absolute()),
            "TAGDOCK_TLS_KEY": str(front.tls_key.absolute()),
        }
    if front.proxies:
        settings["TAGDOCK_BEHIND_PROXY"] = ",".join(front.proxies)
    return settings | (front.oidc.settings if front.oidc else {})


def check_exposed(host: str, front: Front) -> None:
    """Refuse to send tokens and passwords over a network in plain. Raises ConfigurationError."""
    if is_loopback(host) or front.tls_cert is not None or front.proxies:
        return
    raise ConfigurationError(
        f"--host {host} is reached over a network, where tokens and passwords must not travel in plain: give "
        "--tls-cert and --tls-key, or --behind-proxy with the addresses of the proxy that speaks TLS in front"
    )


def _front(given: Mapping[str, Any]) -> Front:
    cert, key = given["tls_cert"], given["tls_key"]
    if (cert is None) is not (key is None):
        raise ConfigurationError("--tls-cert and --tls-key go together: give both or none")
    for flag, file in (("--tls-cert", cert), ("--tls-key", key)):
        if file is not None and not file.is_file():
            raise ConfigurationError(f"{flag} {file}: there is no such file")
    return Front(cert, key, _proxies(given["behind_proxy"]), given["rate_per_s"], oidc=_oidc(given))


def _proxies(text: str | None) -> tuple[str, ...]:
    proxies = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    for proxy in proxies:
        try:
            ip_network(proxy)
        except ValueError:
            raise ConfigurationError(
                f"--behind-proxy: {proxy[:64]!r} is neither an address nor a network such as 10.0.0.0/8"
            ) from None
    return proxies


def _oidc(given: Mapping[str, Any]) -> OidcConfig | None:
    if not given["oidc_issuer"]:
        return None
    needed = ("public_url", "oidc_client_id", "oidc_roles")
    missing = [f"--{name.replace('_', '-')}" for name in needed if not given[name]]
    if missing:
        raise ConfigurationError(f"--oidc-issuer needs {', '.join(missing)} too")
    for flag in ("oidc_issuer", "public_url"):
        parts = urlsplit(given[flag])
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise ConfigurationError(f"--{flag.replace('_', '-')} must be an https:// address")
    return OidcConfig(
        issuer=given["oidc_issuer"],
        client_id=given["oidc_client_id"],
        client_secret=given["oidc_client_secret"],
        public_url=given["public_url"].rstrip("/"),
        grants=parse_grants(given["oidc_roles"]),
        groups_claim=given["oidc_groups_claim"],
        name_claim=given["oidc_name_claim"],
    )


def parse_grants(text: str) -> tuple[Grant, ...]:
    """Read `GROUP=ROLE[@SITE,SITE];...`. Raises ConfigurationError."""
    grants = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        group, equals, rest = part.rpartition("=")
        role, at, sites = rest.partition("@")
        if not equals or not group or role not in ROLES or role == "device" or (at and not sites):
            raise ConfigurationError(f"--oidc-roles: {part[:100]!r} is not GROUP=ROLE or GROUP=ROLE@SITE,SITE")
        known: Role = role
        grants.append(Grant(group, known, frozenset(sites.split(",")) if at else None))
    if not grants:
        raise ConfigurationError("--oidc-roles names no group")
    return tuple(grants)
