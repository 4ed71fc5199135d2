"""The worker: a few lanes that take what is due, until it is stopped."""

import logging
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence

from tagdock_cloud.config import WorkConfig
from tagdock_cloud.store.pool import SyncPool
from tagdock_cloud.webhooks.deliver import Deliverer
from tagdock_cloud.work.agenda import Agenda
from tagdock_cloud.work.complaints import Complaints
from tagdock_cloud.work.duties import DUTIES
from tagdock_cloud.work.duty import Duty, back_off_s
from tagdock_cloud.work.lane import Lane

logger = logging.getLogger(__name__)

LANES = 2
"""A duty that takes long holds up one lane, not the other."""
STOP_TIMEOUT_S = 0.8
_LONGEST_WAIT_S = 1.0
_LOOK_EVERY_S = 0.05


class Worker:
    """Do duties until stopped; the database may be away, then it tries again with back-off."""

    def __init__(self, config: WorkConfig, duties: Sequence[Duty] = DUTIES) -> None:
        self._pool = SyncPool(config.database, name="tagdock-cloud work", max_size=LANES + 1)
        self._deliverer = Deliverer(config.database, private_webhooks=config.private_webhooks)
        self._agenda = Agenda(duties, time.monotonic())
        self._failures: dict[str, int] = {}
        self._changed = threading.Condition()
        self._is_stopping = False
        complaints, lock = Complaints(), threading.Lock()
        self._lanes = [Lane(self._pool, complaints, lock) for _ in range(LANES)]
        self._threads = [
            threading.Thread(target=self._work, args=(lane,), name=f"lane-{number}", daemon=True)
            for number, lane in enumerate(self._lanes)
        ]

    def run(self, when_ready: Callable[[], None] = lambda: None) -> None:
        """Work until `stop`."""
        self._pool.open(wait=False)
        for thread in self._threads:
            thread.start()
        self._deliverer.start()
        when_ready()
        while not self._is_stopping:  # a signal's handler takes no lock, so the flag is looked at
            time.sleep(_LOOK_EVERY_S)
        self._end()

    def stop(self) -> None:
        """Ask `run` to end. Safe in a signal handler: it only raises a flag."""
        self._is_stopping = True

    def _end(self) -> None:
        deadline = time.monotonic() + STOP_TIMEOUT_S
        with self._changed:
            self._changed.notify_all()
        self._deliverer.stop()
        for lane in self._lanes:
            lane.cancel()
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.0))
        self._deliverer.join(max(deadline - time.monotonic(), 0.1))
        self._pool.close(timeout=max(deadline - time.monotonic(), 0.1))

    def _work(self, lane: Lane) -> None:
        while (duty := self._next()) is not None:
            outcome = lane.do(duty)
            with self._changed:
                self._agenda.put(duty, time.monotonic() + self._pause_s(duty, is_failed=outcome == "failed"))
                self._changed.notify()

    def _next(self) -> Duty | None:
        """Wait for the next duty; None when it is time to stop."""
        with self._changed:
            while not self._is_stopping:
                now_s = time.monotonic()
                if (duty := self._agenda.take(now_s)) is not None:
                    return duty
                self._changed.wait(self._agenda.wait_s(now_s, _LONGEST_WAIT_S))
        return None

    def _pause_s(self, duty: Duty, *, is_failed: bool) -> float:
        if not is_failed:
            self._failures.pop(duty.name, None)
            return duty.every_s * random.uniform(0.95, 1.0)  # noqa: S311  # workers drift apart
        self._failures[duty.name] = self._failures.get(duty.name, 0) + 1
        return back_off_s(duty.every_s, self._failures[duty.name])


def run_work(config: WorkConfig) -> None:
    """Work until SIGINT or SIGTERM."""
    worker = Worker(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: worker.stop())
    worker.run(when_ready=lambda: print("ready", flush=True))
