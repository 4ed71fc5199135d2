"""Pauses after failed logins, by user and by address, shared by all API processes through the database. Pure.

An attempt is counted before the password is looked at, so that attempts at the same time all count; a good one takes
its count back. Pauses end by themselves after a minute for a user: whoever knows the password is never shut out for
long, and the command line and API tokens do not pass here at all.
"""

import hashlib
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any


@dataclass(frozen=True, slots=True)
class Pause:
    """How failures grow into a pause: nothing for the first `free`, then doubling from two seconds up to `most_s`."""

    free: int
    most_s: float


OF_A_USER = Pause(free=5, most_s=60.0)
OF_AN_ADDRESS = Pause(free=20, most_s=900.0)
"""A whole warehouse may share one address, so it has more attempts; who goes on from there waits long."""


def attempt_values(kind: str, name: str, pause: Pause) -> dict[str, Any]:
    """Return the values of the query `login_attempt`."""
    return {"key": attempt_key(kind, name), "free": pause.free, "most_s": pause.most_s}


def attempt_key(kind: str, name: str) -> bytes:
    """Return the key under which attempts are counted: hashed, because people type passwords into the wrong field."""
    return hashlib.sha256(f"{kind}:{name}".encode("utf-8", "surrogatepass")).digest()


def address_group(host: str) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 that one household or firm has of IPv6."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)
