"""Where news may be sent: addresses read, checked and shown without their secrets. Pure.

A webhook's URL is `https://...` (a signed POST), `mailto://` or `mailtos://` (a mail), `mqtt://` or `mqtts://` (a
message). Hosts may be private for mail and MQTT: a relay or a broker beside the service is the usual case, and nothing
of what it answers is shown. For HTTP see `is_reachable`.
"""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from types import MappingProxyType
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

Kind = Literal["http", "mail", "mqtt"]
Address = IPv4Address | IPv6Address

KINDS: Mapping[str, Kind] = MappingProxyType(
    {"https": "http", "http": "http", "mailto": "mail", "mailtos": "mail", "mqtt": "mqtt", "mqtts": "mqtt"}
)
LONGEST_URL = 2000
_SETTINGS: Mapping[Kind, frozenset[str]] = MappingProxyType(
    {
        "mail": frozenset({"to", "from", "name", "smtp", "mode", "verify"}),
        "mqtt": frozenset({"version", "verify"}),
    }
)
"""What may follow the question mark. The library knows more, such as files to read; none of that is let through."""
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")
_NAT64 = ip_network("64:ff9b::/96")


def kind_of(url: str) -> Kind:
    """Tell what a checked URL leads to."""
    return KINDS[urlsplit(url).scheme.lower()]


def check_url(url: str, *, is_private_allowed: bool) -> str:
    """Return the URL if news may be sent there. Raises ValueError, which never repeats the URL."""
    if not 1 <= len(url) <= LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError(f"must have at most {LONGEST_URL} characters, printable ASCII without spaces")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # reading it is what checks it
    except ValueError:
        raise ValueError("is no URL") from None
    kind = KINDS.get(parts.scheme)
    if kind is None:
        raise ValueError("must begin with https://, mailto://, mailtos://, mqtt:// or mqtts://")
    if "#" in url:
        raise ValueError("must have no fragment, and no wildcard in a topic")
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        raise ValueError("must name a host")
    if kind == "http":
        _check_http(parts, is_private_allowed=is_private_allowed)
    else:
        _check_message(kind, parts)
    return url


def shown(url: str) -> str:
    """Write a URL for people: scheme, host and port; user, path and settings may hold secrets and become `…`."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    place = host if parts.port is None else f"{host}:{parts.port}"
    user = "…@" if parts.username is not None or parts.password is not None else ""
    rest = "/…" if parts.path.strip("/") or parts.query else "/" if parts.path else ""
    return f"{parts.scheme}://{user}{place}{rest}"


def is_reachable(address: Address, *, is_private_allowed: bool) -> bool:
    """Tell whether an HTTP request may go to an address: a public one, with the flag also a private or loopback one.

    Link-local addresses (cloud metadata lives there), multicast, broadcast and reserved ones are never allowed. An IPv4
    address inside an IPv6 one counts for itself.

    Source: RFC 6890 and its registries, as Python's `ipaddress` knows them; RFC 6052 for NAT64; RFC 3056 for 6to4.
    """
    inner = _embedded(address)
    if inner is not None:
        return is_reachable(inner, is_private_allowed=is_private_allowed)
    if address.is_multicast or address.is_link_local or address.is_unspecified:
        return False
    if address.is_global:
        return True
    return is_private_allowed and (address.is_loopback or address.is_private) and not address.is_reserved


def with_host(url: str, address: Address) -> tuple[str, str, str]:
    """Return the URL with the host replaced by an address, the Host header, and the name for TLS.

    The name is looked up once; the request goes to exactly the address that was looked at (no DNS rebinding).
    """
    parts = urlsplit(url)
    port = "" if parts.port is None else f":{parts.port}"
    literal = f"[{address}]" if address.version == 6 else str(address)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    placed = urlunsplit((parts.scheme, literal + port, parts.path or "/", parts.query, ""))
    return placed, host + port, parts.hostname or ""


def _embedded(address: Address) -> IPv4Address | None:
    if address.version == 4:
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _check_http(parts: SplitResult, *, is_private_allowed: bool) -> None:
    if parts.scheme == "http" and not is_private_allowed:
        raise ValueError("must begin with https://; plain http needs --private-webhooks")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must have neither user nor password; the signature proves who sends")
    try:
        address = ip_address(parts.hostname or "")
    except ValueError:
        return  # a name: looked up and looked at each time that something is sent
    if not is_reachable(address, is_private_allowed=is_private_allowed):
        raise ValueError("leads to a private or reserved address; private ones need --private-webhooks")


def _check_message(kind: Kind, parts: SplitResult) -> None:
    settings = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = settings.keys() - _SETTINGS[kind]
    if unknown:
        known = ", ".join(sorted(_SETTINGS[kind]))
        raise ValueError(f"has settings that are not known here; {parts.scheme}:// takes {known}")
    if kind == "mail" and "@" not in settings.get("to", "") and not parts.username:
        raise ValueError("must say who gets the mail: mailtos://user:password@host?from=...&to=...")
    if kind == "mqtt":
        topic = parts.path.strip("/")
        if not topic or "+" in topic or topic.startswith("tagdock/"):
            raise ValueError("must name a topic of its own, not below tagdock/: mqtts://user:password@host/topic")
