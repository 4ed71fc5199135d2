"""One of the threads that commit: a judged group, into the record, then the acks, in this order only."""

import logging
import random
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import UUID

from tagdock_contract import Ack, GatewayAddress, Refusal, encode

from tagdock_cloud.ingest.admit import Accepted, Delivery
from tagdock_cloud.ingest.intake import Settlement
from tagdock_cloud.ingest.judge import Judge, Judged
from tagdock_cloud.ingest.record import Outcome, Recorder
from tagdock_cloud.store.errors import StoreError

logger = logging.getLogger(__name__)

_IDLE_WAIT_S = 0.1
_BACK_OFF_S = (0.2, 10.0)


class Line(Protocol):
    """Where acks go."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Send an ack to a gateway."""

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge messages to the broker."""


class Writer:
    """Commits groups until told to stop. Several may work at once: one copies while another is stored."""

    def __init__(self, judge: Judge, settlement: Settlement, recorder: Recorder, line: Line, *,
                 stopping: threading.Event) -> None:  # fmt: skip
        self._judge = judge
        self._settlement = settlement
        self._recorder = recorder
        self._line = line
        self._stopping = stopping

    def run(self) -> None:
        """Work until `stopping` is set, then give the database connection up."""
        try:
            while not self._stopping.is_set():
                self._step()
        finally:
            self._recorder.close()

    def _step(self) -> None:
        group = self._judge.take(_IDLE_WAIT_S)
        outcome = self._record(group) if group is not None else None
        if group is None or outcome is None:
            return
        for address, ack in acks_of(outcome):
            self._line.publish(address.topic("ack"), encode(ack))
        self._line.settle(self._settlement.settle(group.deliveries))

    def _record(self, group: Judged) -> Outcome | None:
        """Commit a group however long the database is away; None only when asked to stop before it was."""
        wait_s, longest_s = _BACK_OFF_S
        while not self._stopping.is_set():
            try:
                return self._recorder.record(group.accepted, group.refused, group.reports, group.rows)
            except StoreError as error:
                logger.warning("%s; trying again with %d messages in hand", error, len(group.deliveries))
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
