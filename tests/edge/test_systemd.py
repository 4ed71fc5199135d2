"""What systemd hears: as sd_notify(3) writes it, no more often than it needs."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tagdock_edge.systemd import Systemd


class Manager:
    """Systemd's end of the socket."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address[0] == "@" else address)
        self._socket.settimeout(0.05)
        self.environ = {"NOTIFY_SOCKET": address}

    def heard(self) -> list[str]:
        words = []
        while True:
            try:
                words.append(self._socket.recv(100).decode())
            except TimeoutError:
                return words

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    one = Manager(str(tmp_path / "notify") if request.param == "path" else f"@tagdock-test-{os.getpid()}")
    yield one
    one.close()


def test_words_arrive(manager: Manager) -> None:
    systemd = Systemd(manager.environ)
    systemd.say("READY=1")
    assert manager.heard() == ["READY=1"]


def test_the_watchdog_hears_three_words_a_period(manager: Manager) -> None:
    systemd = Systemd({**manager.environ, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())})
    for second in range(61):
        systemd.alive(float(second))
    assert manager.heard() == ["WATCHDOG=1"] * 7  # at 0, 10, ... 60


@pytest.mark.parametrize(
    "more",
    [{}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}],
    ids=["none", "nonsense", "somebody else's"],
)
def test_without_a_watchdog_nothing_is_said(manager: Manager, more: dict[str, str]) -> None:
    Systemd({**manager.environ, **more}).alive(0.0)
    assert manager.heard() == []


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "nonsense", "@"])
def test_without_a_manager_nothing_happens(address: str) -> None:
    Systemd({"NOTIFY_SOCKET": address}).say("READY=1")
