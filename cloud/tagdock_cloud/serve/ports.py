"""Ports: a given one is checked, 0 means any free one that stays free while a program restarts."""

import random
import socket

from tagdock_cloud.errors import CloudError

_RANGE = range(20_000, 32_000)
"""Below the ports that Linux gives to outgoing connections (32,768 and up), so nobody takes one in passing."""
_TRIES = 200


def choose_port(host: str, wanted: int, flag: str, remembered: int | None = None) -> int:
    """Return `wanted`, or for 0 any free port, the remembered one first. Raises CloudError on a taken one."""
    if wanted:
        if not is_free(host, wanted):
            raise CloudError(
                f"port {wanted} on {host} is taken: stop what holds it, or choose another with {flag} (0: any free one)"
            )
        return wanted
    candidates = [remembered] if remembered else []
    for port in candidates + random.sample(_RANGE, _TRIES):
        if is_free(host, port):
            return port
    raise CloudError(f"no free port on {host} among {_TRIES} tried: choose one with {flag}")


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError:
        return False
    return True
