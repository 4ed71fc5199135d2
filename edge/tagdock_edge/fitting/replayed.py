"""What certain thresholds make of a recording that is held in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tagdock_contract import Record, TagRead

from tagdock_edge.clock import to_us
from tagdock_edge.config import DoorConfig, PassageConfig
from tagdock_edge.errors import TruthError
from tagdock_edge.fitting.fit import Case
from tagdock_edge.fitting.judging import Claim, ReadTimes
from tagdock_edge.fitting.truth import Truth
from tagdock_edge.passage import Detector

RECORDS_AT_MOST = 3_000_000
"""About a gigabyte of memory."""


def case(
    records: Iterable[Record], truths: Sequence[Truth], doors: Sequence[DoorConfig], passage: PassageConfig
) -> Case:
    """Keep a recording's records and work out which crossings gave reads.

    Raises TruthError when it is too long, or its truth is of other tags or doors.
    """
    kept: list[Record] = []
    reads = ReadTimes(truths)
    for record in records:
        kept.append(record)
        if len(kept) > RECORDS_AT_MOST:
            raise TruthError(f"a recording has more than {RECORDS_AT_MOST:,} lines; fit on shorter ones")
        if isinstance(record, TagRead):
            reads.add(record.epc.upper(), to_us(record.at))
    _check(truths, reads, doors)
    return Case(truths, reads, lambda thresholds: claims(kept, doors, replace(passage, thresholds=thresholds)))


def claims(records: Iterable[Record], doors: Sequence[DoorConfig], passage: PassageConfig) -> list[Claim]:
    """Return what the detector says of the records."""
    detector = Detector(doors, passage)
    verdicts = []
    for record in records:
        if isinstance(record, TagRead):
            detector.add(record)
        else:
            detector.add_input(record)
        verdicts += detector.advance(to_us(record.at))
    verdicts += detector.flush()
    return [Claim(each.epc_hex, each.door, each.direction, each.observed_us, each.confidence) for each in verdicts]


def _check(truths: Sequence[Truth], reads: ReadTimes, doors: Sequence[DoorConfig]) -> None:
    known = {door.name for door in doors}
    for truth in truths:
        if truth.door not in known:
            raise TruthError(f"the truth names door {truth.door!r}; --config has {', '.join(sorted(known)) or 'none'}")
    if not any(truth.direction is not None and reads.read(truth) for truth in truths):
        raise TruthError("not one crossing of the truth has a read near it; do truth and recording belong together?")
