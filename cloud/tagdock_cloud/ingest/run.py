"""The ingest program: broker -> intake -> judge -> writers -> acks."""

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from tagdock_cloud.config import IngestConfig
from tagdock_cloud.ingest.admit import Bounds, Delivery
from tagdock_cloud.ingest.intake import Intake, Settlement
from tagdock_cloud.ingest.judge import Judge
from tagdock_cloud.ingest.link import BrokerLink
from tagdock_cloud.ingest.record import Recorder
from tagdock_cloud.ingest.shares import all_topics, shared_topics, topics_of
from tagdock_cloud.ingest.writer import Writer
from tagdock_cloud.store.errors import StoreError

logger = logging.getLogger(__name__)

WRITERS = 2
"""One copies while the other's group is being stored; more wait for each other where tables and indexes grow."""
INTAKE_GROUPS = 4
"""The intake holds so many groups' bytes."""
SITES_EVERY_S = 2.0
"""How soon a share takes a new site up."""
SWITCH_INTERVAL_S = 0.001
"""A writer whose statement is done takes Python's lock back within a millisecond instead of five."""
LEAVE_WITHIN_S = 8.0
"""How long after it was told to stop it ends at the latest, whatever database or broker do; container engines and the
like kill after ten seconds."""
_GOODBYE_S = 1.0
"""What of it is kept for the broker."""
_BEAT_S = 0.05


class Ingest:
    """Take batches until stopped. `start` raises BrokerUnavailableError, DatabaseUnavailableError."""

    def __init__(self, config: IngestConfig) -> None:
        self._config = config
        self._client_id = config.share.client_id(config.client_id) if config.share else config.client_id
        self._stopping = threading.Event()
        self._is_told_to_stop = False
        self._failure: BaseException | None = None
        self._intake = Intake(INTAKE_GROUPS * config.group_bytes)
        self._settlement = Settlement()
        self._judge = Judge(
            self._intake, bounds=Bounds(timedelta(seconds=config.ahead_s), timedelta(days=config.behind_days)),
            group_bytes=config.group_bytes, group_wait_s=config.group_wait_s, stopping=self._stopping,
        )  # fmt: skip
        self._link = BrokerLink(config.broker, self._client_id, self._deliver, is_mqtt5=config.is_mqtt5)
        self._recorders = [self._make_recorder(number) for number in range(WRITERS)]
        self._sites = self._make_recorder()

    def start(self) -> None:
        """Reach the database, then the broker: what arrives can be committed."""
        for recorder in self._recorders:
            recorder.open()
        self._link.start(self._topics())

    def run(self, when_ready: Callable[[], None]) -> None:
        """Commit and acknowledge until `stop`, then leave broker and database; `when_ready` once it is subscribed.

        Raises BrokerUnavailableError when the broker does not let it subscribe.
        """
        threads = [threading.Thread(target=self._work, args=(recorder,), daemon=True) for recorder in self._recorders]
        threads.append(threading.Thread(target=self._decide, daemon=True))
        if self._config.share is not None:
            threads.append(threading.Thread(target=self._follow_sites, daemon=True))
        for thread in threads:
            thread.start()
        try:
            self._watch(when_ready)
        finally:
            self._leave(threads)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Ask `run` to end after the groups at hand. Safe in a signal handler and from any thread: it raises a flag."""
        self._is_told_to_stop = True  # setting an event takes its lock, which the interrupted thread may hold

    def _leave(self, threads: Sequence[threading.Thread]) -> None:
        """Let the groups at hand be committed, then leave broker and database, all of it within a deadline."""
        deadline_s = time.monotonic() + LEAVE_WITHIN_S - _GOODBYE_S
        self._stopping.set()
        self._intake.close()
        for thread in threads:  # one that waits for a stuck database is left: it has acknowledged nothing
            thread.join(max(0.0, deadline_s - time.monotonic()))
        self._link.stop(_GOODBYE_S)

    def _watch(self, when_ready: Callable[[], None]) -> None:
        is_ready = False
        while not (self._is_told_to_stop or self._stopping.is_set()):
            time.sleep(_BEAT_S)
            if not is_ready and self._link.check():
                is_ready = True
                when_ready()

    def _follow_sites(self) -> None:
        """Listen to new sites of our share, on a thread of its own: the database may be stuck.

        Who asks closes the connection: closed from elsewhere while it waits, libpq reads what is freed.
        """
        try:
            while not self._stopping.wait(SITES_EVERY_S):
                self._look_for_sites()
        except BaseException as error:
            self._fail(error)
        finally:
            self._sites.close()

    def _look_for_sites(self) -> None:
        try:
            self._link.listen(self._topics())
        except StoreError as error:
            logger.info("cannot look for new sites now: %s", error)  # the writers say it where it matters

    def _topics(self) -> tuple[str, ...]:
        if self._config.shared_group is not None:
            return shared_topics(self._config.shared_group)
        if self._config.share is not None:
            return topics_of(self._config.share, self._sites.sites())
        return all_topics()

    def _work(self, recorder: Recorder) -> None:
        writer = Writer(self._judge, self._settlement, recorder, self._link, stopping=self._stopping)
        try:
            writer.run()
        except BaseException as error:
            self._fail(error)

    def _decide(self) -> None:
        try:
            self._judge.run()
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """End the program with an error of a thread: nothing of the group at hand was acknowledged."""
        self._failure = error
        self._stopping.set()

    def _deliver(self, deliveries: Sequence[Delivery]) -> None:
        self._settlement.expect(deliveries)
        self._intake.put(deliveries)

    def _make_recorder(self, writer: int = 0) -> Recorder:
        return Recorder(self._config.database, client_id=self._client_id, is_open=self._config.is_open, writer=writer)


def run_ingest(config: IngestConfig) -> None:
    """Run until SIGINT or SIGTERM. Raises BrokerUnavailableError, DatabaseUnavailableError when it cannot start."""
    ingest = Ingest(config)
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: ingest.stop())
    ingest.start()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # what a batch is made of has no cycles, and need not be searched for them
    ingest.run(when_ready=lambda: print("ready", flush=True))
    if threading.active_count() > 1:  # stuck in the database: nothing is left to say, so don't wait for it
        os._exit(0)
