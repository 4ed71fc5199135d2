"""The ingest program: broker -> intake -> record -> acks, in this order and no other."""

import logging
import random
import signal
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tagdock_contract import Ack, GatewayAddress, Refusal, encode

from tagdock_cloud.config import IngestConfig
from tagdock_cloud.ingest.admit import Accepted, Bounds, Delivery, Ignored, Refused, Reported, judge
from tagdock_cloud.ingest.intake import Arrival, Intake
from tagdock_cloud.ingest.link import BrokerLink
from tagdock_cloud.ingest.record import Outcome, Recorder
from tagdock_cloud.store.errors import StoreError

logger = logging.getLogger(__name__)

INTAKE_GROUPS = 4
"""The intake holds so many groups: one being committed, the next ones coming in."""
_IDLE_WAIT_S = 0.1
_BACK_OFF_S = (0.2, 10.0)


class Ingest:
    """Take batches until stopped. `start` raises BrokerUnavailableError, DatabaseUnavailableError."""

    def __init__(self, config: IngestConfig) -> None:
        self._config = config
        self._bounds = Bounds(timedelta(seconds=config.ahead_s), timedelta(days=config.behind_days))
        self._stopping = threading.Event()
        self._intake = Intake(INTAKE_GROUPS * config.group_events)
        self._recorder = Recorder(config.database, client_id=config.client_id, is_open=config.is_open)
        self._link = BrokerLink(config.broker, config.client_id, self._deliver)

    def start(self) -> None:
        """Reach the database, then the broker: what arrives can be committed."""
        self._recorder.open()
        self._link.start()

    def run(self, when_ready: Callable[[], None]) -> None:
        """Commit and acknowledge until `stop`, then leave broker and database; `when_ready` once it is subscribed.

        Raises BrokerUnavailableError when the broker does not let it subscribe.
        """
        is_ready = False
        try:
            while not self._stopping.is_set():
                if not is_ready and self._link.check():
                    is_ready = True
                    when_ready()
                self._step()
        finally:
            self._intake.close()
            self._link.stop()
            self._recorder.close()

    def stop(self) -> None:
        """Ask `run` to end after the group at hand. Safe in a signal handler and from any thread."""
        self._stopping.set()

    def _deliver(self, delivery: Delivery) -> None:
        self._intake.put(Arrival(delivery, judge(delivery, datetime.now(UTC), self._bounds)))

    def _step(self) -> None:
        self._intake.wait_for_events(1, _IDLE_WAIT_S)
        self._intake.wait_for_events(self._config.group_events, self._config.group_wait_s)
        group = self._intake.take(self._config.group_events, 0.0)
        if not group:
            return
        outcome = self._record(group)
        if outcome is None:
            return
        for address, ack in acks_of(outcome):
            self._link.publish(address.topic("ack"), encode(ack))
        self._link.settle([arrival.delivery for arrival in group])

    def _record(self, group: Sequence[Arrival]) -> Outcome | None:
        """Commit a group however long the database is away; None only when asked to stop before it was."""
        verdicts = [arrival.verdict for arrival in group]
        for verdict in verdicts:
            if isinstance(verdict, Ignored):
                logger.warning("ignored a message: %s", verdict.reason)
        accepted = [verdict for verdict in verdicts if isinstance(verdict, Accepted)]
        refused = [verdict for verdict in verdicts if isinstance(verdict, Refused)]
        reports = [verdict for verdict in verdicts if isinstance(verdict, Reported)]
        wait_s, longest_s = _BACK_OFF_S
        while not self._stopping.is_set():
            try:
                return self._recorder.record(accepted, refused, reports)
            except StoreError as error:
                logger.warning("%s; trying again with %d messages in hand", error, len(group))
                self._stopping.wait(wait_s * random.uniform(0.5, 1.0))  # noqa: S311
                wait_s = min(2 * wait_s, longest_s)
        return None


def run_ingest(config: IngestConfig) -> None:
    """Run until SIGINT or SIGTERM. Raises BrokerUnavailableError, DatabaseUnavailableError when it cannot start."""
    ingest = Ingest(config)
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: ingest.stop())
    ingest.start()
    ingest.run(when_ready=lambda: print("ready", flush=True))


def acks_of(outcome: Outcome) -> list[tuple[GatewayAddress, Ack]]:
    """Build the acks of a group: one for each gateway and epoch."""
    committed: dict[tuple[GatewayAddress, UUID], list[int]] = defaultdict(list)
    refusals: dict[tuple[GatewayAddress, UUID], list[Refusal]] = defaultdict(list)
    for taken in outcome.committed:
        committed[taken.address, taken.batch.epoch].append(taken.batch.seq)
    for one in outcome.refused:
        if one.epoch is None or one.seq is None:
            logger.warning("refused an unnamed batch of %s/%s: %s", one.address.site, one.address.gateway, one.reason)
            continue
        refusals[one.address, one.epoch].append(Refusal(one.seq, one.reason))
    keys = dict.fromkeys([*committed, *refusals])
    return [
        (address, Ack(epoch=epoch, committed=tuple(committed[address, epoch]), refused=tuple(refusals[address, epoch])))
        for address, epoch in keys
    ]
