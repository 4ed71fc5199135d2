"""TCP ports of this box: which are free, and whether somebody answers."""

import asyncio
import socket

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Tell whether a server could listen on a port of the loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: an old connection does not matter
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def give_way(preferred: int) -> int:
    """Return the preferred port, or 0 (any free one) where it is taken."""
    return preferred if is_free(preferred) else 0


async def answers(host: str, port: int, within_s: float) -> bool:
    """Tell whether somebody accepts connections at an address."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), within_s)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
