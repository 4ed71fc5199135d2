"""Crash recovery: the last checkpoint, then the journal's steps after it, give the very same state and movements."""

import logging
import time
from collections.abc import Callable, Sequence

import msgspec
from tagdock_contract import Event, Movement

from tagdock_edge.clock import SECOND_US
from tagdock_edge.errors import EdgeError, SnapshotError
from tagdock_edge.journal import Journal
from tagdock_edge.journal.journal import Recovery
from tagdock_edge.outbox import Outbox
from tagdock_edge.pipeline import Pipeline

log = logging.getLogger(__name__)

AHEAD_US = 3600 * SECOND_US
"""What was seen at a time so far ahead of the system's was seen by a clock that was wrong, and is not gone on with."""
_STORED_TOGETHER = 500


class _Snapshot(msgspec.Struct, array_like=True):
    """What was undecided at a time."""

    now_us: int
    pipeline: bytes


def checkpoint(journal: Journal, outbox: Outbox, pipeline: Pipeline, now_us: int) -> None:
    """Write down what is undecided, once all that was decided before is safe in the outbox."""
    outbox.sync()
    began_s = time.monotonic()
    snapshot = msgspec.msgpack.encode(_Snapshot(now_us, pipeline.snapshot()))
    if journal.checkpoint(snapshot, time.monotonic() - began_s):
        outbox.forget_given()


def recover(
    journal: Journal, pipeline: Pipeline, store: Callable[[Sequence[Event]], object], system_us: int
) -> int | None:
    """Bring a fresh pipeline to where the last process left it; what it decides on the way is stored (again).

    The outbox knows what it was given since the checkpoint, so nothing is told twice. Returns the time up to which the
    passages were looked at, None where there is nothing to go on from; `system_us` is the system's clock.
    """
    left = journal.recover()
    if left.snapshot is None:
        return None
    try:
        snapshot = msgspec.msgpack.decode(left.snapshot, type=_Snapshot)
        if snapshot.now_us > system_us + AHEAD_US:
            raise SnapshotError("it is of a time to come: a clock was wrong")
        pipeline.restore(snapshot.pipeline)
    except (msgspec.DecodeError, SnapshotError) as error:
        log.error("the checkpoint can't be gone on from (%s); what was undecided before is lost", error)
        return None
    try:
        now_us, steps = _work_again(left, snapshot.now_us, pipeline, store)
    except EdgeError:
        raise
    except Exception:  # a mistake of ours that these reads bring about must not end every start anew
        log.exception("the journal can't be worked on again, please report this; what was undecided before is lost")
        return None
    pipeline.wake()
    if steps:
        log.warning("the gateway did not end in peace: worked on %d steps of its journal again", steps)
    return now_us


def _work_again(
    left: Recovery, now_us: int, pipeline: Pipeline, store: Callable[[Sequence[Event]], object]
) -> tuple[int, int]:
    """Take the journal's steps; returns the time of the last one and how many there were."""
    steps, decided = 0, list[Movement]()
    for step in left.steps:
        pipeline.add(step.records)
        decided += pipeline.advance(step.now_us)
        now_us, steps = step.now_us, steps + 1
        if len(decided) >= _STORED_TOGETHER:
            store(decided)
            decided = []
    store(decided)
    return now_us, steps
