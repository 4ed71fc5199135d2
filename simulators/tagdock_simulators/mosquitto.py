"""A real MQTT broker for tests: mosquitto, where the system has it."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

START_S = 10.0
_PLACES = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"


def mosquitto_program() -> str | None:
    """Find mosquitto; None where it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=_PLACES)


class Mosquitto:
    """A broker on a port of its own, which can be killed and started again there."""

    def __init__(self, program: str, folder: Path, more: str = "") -> None:
        """Start it; `more` is lines for its configuration. Raises RuntimeError with its log when it does not start."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._log = folder / "mosquitto.log"
        config = folder / "mosquitto.conf"
        # Without `user root`, a broker started by root becomes `nobody` and may not write into the test's folder.
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nuser root\nmax_queued_messages 100000\n{more}"
        )
        self._command = [program, "-c", str(config)]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, again, at the same port; returns when it takes connections."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        end_s = time.monotonic() + START_S
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > end_s:
                self.kill()
                raise RuntimeError(f"mosquitto did not start: {self._log.read_text()}")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it with SIGKILL, as a power failure would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(START_S)
            self._process = None

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True
