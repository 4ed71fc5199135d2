"""One of the threads that commit: a group from the intake, into the record, then the acks, in this order only."""

import logging
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from tagdock_contract import Ack, GatewayAddress, Refusal, encode

from tagdock_cloud.ingest.admit import (
    Accepted,
    Bounds,
    Delivery,
    Ignored,
    Refused,
    Reported,
    Verdict,
    judge_all,
    name_of,
)
from tagdock_cloud.ingest.intake import Intake, Settlement
from tagdock_cloud.ingest.record import Outcome, Recorder
from tagdock_cloud.store.errors import StoreError

logger = logging.getLogger(__name__)

GROUP_MESSAGES = 5_000
"""Most messages of a group: its acks name each, and the contract's acks name 10,000 at most."""
_IDLE_WAIT_S = 0.1
_BACK_OFF_S = (0.2, 10.0)


class Line(Protocol):
    """Where acks go."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Send an ack to a gateway."""

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge messages to the broker."""


class Writer:
    """Commits groups until told to stop. Several may work at once: one decodes while another waits for the database."""

    def __init__(self, intake: Intake, settlement: Settlement, recorder: Recorder, line: Line, *, bounds: Bounds,
                 group_bytes: int, group_wait_s: float, stopping: threading.Event) -> None:  # fmt: skip
        self._intake = intake
        self._settlement = settlement
        self._recorder = recorder
        self._line = line
        self._bounds = bounds
        self._group_bytes = group_bytes
        self._group_wait_s = group_wait_s
        self._stopping = stopping

    def run(self) -> None:
        """Work until `stopping` is set, then give the database connection up."""
        try:
            while not self._stopping.is_set():
                self._step()
        finally:
            self._recorder.close()

    def _step(self) -> None:
        if not self._intake.wait(_IDLE_WAIT_S):
            return
        if not self._intake.holds(self._group_bytes):
            time.sleep(self._group_wait_s)
        group = self._intake.take(self._group_bytes, GROUP_MESSAGES)
        outcome = self._record(self._judge(group)) if group else None
        if outcome is None:
            return
        for address, ack in acks_of(outcome):
            self._line.publish(address.topic("ack"), encode(ack))
        self._line.settle(self._settlement.settle(group))

    def _judge(self, group: Sequence[Delivery]) -> list[Verdict]:
        verdicts = judge_all(group, datetime.now(UTC), self._bounds)
        for verdict in verdicts:
            if isinstance(verdict, Ignored):
                logger.warning("ignored a message: %s", verdict.reason)
            elif isinstance(verdict, Refused):
                logger.warning("refused batch=%s: %s", name_of(verdict), verdict.reason)
        return verdicts

    def _record(self, verdicts: Sequence[Verdict]) -> Outcome | None:
        """Commit a group however long the database is away; None only when asked to stop before it was."""
        accepted = [verdict for verdict in verdicts if isinstance(verdict, Accepted)]
        refused = [verdict for verdict in verdicts if isinstance(verdict, Refused)]
        reports = [verdict for verdict in verdicts if isinstance(verdict, Reported)]
        wait_s, longest_s = _BACK_OFF_S
        while not self._stopping.is_set():
            try:
                return self._recorder.record(accepted, refused, reports)
            except StoreError as error:
                logger.warning("%s; trying again with %d messages in hand", error, len(verdicts))
                self._stopping.wait(wait_s * random.uniform(0.5, 1.0))  # noqa: S311
                wait_s = min(2 * wait_s, longest_s)
        return None


def acks_of(outcome: Outcome) -> list[tuple[GatewayAddress, Ack]]:
    """Build the acks of a group: one for each gateway and epoch."""
    committed: dict[tuple[GatewayAddress, UUID], list[int]] = defaultdict(list)
    refusals: dict[tuple[GatewayAddress, UUID], list[Refusal]] = defaultdict(list)
    for (_, epoch), batches in _by_sender(outcome.committed).items():
        committed[batches[0].address, epoch].extend(one.batch.seq for one in batches)
    for one in outcome.refused:
        if one.epoch is not None and one.seq is not None:  # else it can't be named, only kept
            refusals[one.address, one.epoch].append(Refusal(one.seq, one.reason))
    keys = dict.fromkeys([*committed, *refusals])
    return [
        (address, Ack(epoch=epoch, committed=tuple(committed[address, epoch]), refused=tuple(refusals[address, epoch])))
        for address, epoch in keys
    ]


def _by_sender(committed: Iterable[Accepted]) -> dict[tuple[int, UUID], list[Accepted]]:
    """Sort batches by address and epoch; addresses that are one object, as nearly all are, are not compared again."""
    found: dict[tuple[int, UUID], list[Accepted]] = defaultdict(list)
    for one in committed:
        found[id(one.address), one.batch.epoch].append(one)
    return found
