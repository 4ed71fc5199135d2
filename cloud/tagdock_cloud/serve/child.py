"""One supervised program: started, watched, started again with jittered back-off, stopped."""

import logging
import os
import random
import select
import signal
import subprocess
import threading
import time
from contextlib import ExitStack

from tagdock_cloud.errors import CloudError
from tagdock_cloud.serve.programs import Program

logger = logging.getLogger(__name__)

SHORTEST_BACK_OFF_S = 0.2
LONGEST_BACK_OFF_S = 10.0
STEADY_S = 30.0
"""A program that ran so long starts with the shortest back-off again."""


class Child:
    """A program and its present process."""

    def __init__(self, program: Program, lock: int) -> None:
        self.program = program
        self._lock = lock
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at_s = 0.0
        self._back_off_s = SHORTEST_BACK_OFF_S
        self._start_again_at_s: float | None = None

    @property
    def pid(self) -> int | None:
        """The process id; None while it is down."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def start(self) -> None:
        """Start it. The data directory's lock goes with it, so nobody takes the folder while it lives."""
        with ExitStack() as files:
            talk = None if self.program.talk is None else files.enter_context(self.program.talk.open("wb"))
            self._process = subprocess.Popen(
                self.program.command,
                env=self.program.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if talk is None else talk,
                stderr=talk,
                pass_fds=(self._lock,),
                start_new_session=True,
                cwd="/",
            )
        self._started_at_s = time.monotonic()
        self._start_again_at_s = None

    def wait_ready(self, timeout_s: float) -> None:
        """Wait for the line that says it is ready. Raises CloudError when it ends first, or after `timeout_s`."""
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("start() comes first")
        readable, _, _ = select.select([self._process.stdout], [], [], timeout_s)
        if not readable:
            raise CloudError(f"the {self.program.name} program was not ready within {timeout_s:.0f} s")
        if not self._process.stdout.readline():
            raise CloudError(f"the {self.program.name} program could not start")

    def look_after(self, now_s: float) -> bool:
        """Start it again where it died and its back-off is over. Returns True when its process changed."""
        if self.pid is not None:
            return False
        if self._start_again_at_s is None:
            self._note_death(now_s)
            return True
        if now_s < self._start_again_at_s:
            return False
        self.start()
        return True

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, where there is still a process."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; False when it lives on."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(timeout_s, 0.0))
        except subprocess.TimeoutExpired:
            return False
        self._close()
        return True

    def _note_death(self, now_s: float) -> None:
        status = None if self._process is None else self._process.returncode
        if now_s - self._started_at_s > STEADY_S:
            self._back_off_s = SHORTEST_BACK_OFF_S
        wait_s = self._back_off_s * random.uniform(0.5, 1.0)  # noqa: S311
        self._back_off_s = min(2 * self._back_off_s, LONGEST_BACK_OFF_S)
        self._start_again_at_s = now_s + wait_s
        logger.warning("the %s program ended (status %s); again in %.1f s", self.program.name, status, wait_s)
        self._close()

    def _close(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()


def end_with_parent() -> None:
    """End this process when the one that supervises it is gone, however it went. For programs, at their start."""
    parent = os.environ.get("TAGDOCK_PARENT")
    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
