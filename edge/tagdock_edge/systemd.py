"""Telling systemd that the gateway is ready, alive, reloading or stopping.

Source: sd_notify(3), sd_watchdog_enabled(3): datagrams to the socket that `NOTIFY_SOCKET` names.
"""

import os
import socket
from collections.abc import Mapping

_AT_LEAST_S = 0.5


class Systemd:
    """The service manager, where there is one; elsewhere nothing happens."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Find the socket, and how often systemd wants to hear that we live."""
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._alive_at_s = 0.0
        self._every_s = _watchdog_s(environ) / 3  # a word lost, and one late, are no reason to be killed

    def say(self, word: str) -> None:
        """Say READY=1, RELOADING=1, STOPPING=1 or the like; a manager that can't be reached is not waited for."""
        if not self._address.startswith(("/", "@")):
            return
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.setblocking(False)
                out.sendto(word.encode(), address)
        except OSError:
            return

    def alive(self, now_s: float) -> None:
        """Say that we live, as often as the watchdog needs it. `now_s` is monotonic."""
        if self._every_s and now_s >= self._alive_at_s:
            self._alive_at_s = now_s + max(self._every_s, _AT_LEAST_S)
            self.say("WATCHDOG=1")


def _watchdog_s(environ: Mapping[str, str]) -> float:
    usec, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not usec.isdecimal() or (pid and pid != str(os.getpid())):
        return 0.0
    return int(usec) / 1e6
