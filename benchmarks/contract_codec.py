"""Events a second encoded and decoded by the contract, beside plain orjson on the same bytes.

orjson gives untyped dictionaries and checks nothing but JSON; the contract gives frozen records whose every field was
checked, and `encode` decodes what it wrote before it hands it out. The ratio is what that costs.

    .venv/bin/python benchmarks/contract_codec.py
"""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from tagdock_contract import (
    AntennaEvidence,
    Batch,
    BinReading,
    Event,
    Evidence,
    Movement,
    content_uuid7,
    decode_batch,
    encode,
    write_evidence,
)

try:
    import orjson
except ImportError:
    sys.exit("orjson is the peer of this benchmark: .venv/bin/python benchmarks/contract_codec.py")

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
ROUNDS = 31
SIZES = (1, 10, 100, 1000)


def movement(number: int, *, explained: bool) -> Movement:
    at = START + timedelta(microseconds=1000 * number)
    seen = [AntennaEvidence("dock-1", antenna, 6, at, at, -52.5, at, "outside") for antenna in (1, 2)]
    return Movement(
        content_uuid7(int(at.timestamp() * 1000), str(number)),
        at,
        "hangzhou-1",
        f"urn:epc:id:sgtin:9521234.012345.{number}",
        f"30342545348C0E40{number:08X}",
        "out",
        0.97,
        door="D1",
        evidence=write_evidence(Evidence(reads=12, antennas=tuple(seen))) if explained else {},
    )


def bin_reading(number: int) -> BinReading:
    return BinReading(UUID(int=number), START + timedelta(milliseconds=number), "hangzhou-1", "A-01-1", "mass_kg", 12.5)


KINDS: dict[str, Callable[[int], Event]] = {
    "movement, evidence": lambda number: movement(number, explained=True),
    "movement, bare": lambda number: movement(number, explained=False),
    "bin reading": bin_reading,
}


def median_rates(events: int, *jobs: Callable[[], object]) -> list[float]:
    """Run the jobs in turns, so that noise hits all alike. Returns events a second of each, by its median round."""
    repeats = max(1, 1000 // events)
    seconds: list[list[float]] = [[] for _ in jobs]
    for _ in range(ROUNDS):
        for job, taken in zip(jobs, seconds, strict=True):
            started = time.perf_counter()
            for _ in range(repeats):
                job()
            taken.append((time.perf_counter() - started) / repeats)
    return [events / statistics.median(taken) for taken in seconds]


def main() -> None:
    """Print a line for every kind of event and size of batch."""
    print(f"median of {ROUNDS} rounds, thousand events/s; ratio = orjson's rate / ours\n")
    columns = f"{'orjson':>8}{'ratio':>7}"
    print(f"{'event':20}{'a batch':>8}{'bytes':>7} |{'decode':>8}{columns} |{'encode':>8}{columns}")
    for kind, make in KINDS.items():
        for size in SIZES:
            print(f"{kind:20}{size:>8}" + compare(tuple(make(number) for number in range(size))))


def compare(events: tuple[Event, ...]) -> str:
    batch = Batch(epoch=UUID(int=1), seq=1, sent_at=START, events=events)
    payload = encode(batch)
    jobs = [
        partial(decode_batch, payload),
        partial(orjson.loads, payload),
        partial(encode, batch),
        partial(orjson.dumps, orjson.loads(payload)),
    ]
    decoded, parsed, encoded, dumped = (rate / 1000 for rate in median_rates(len(events), *jobs))
    return (
        f"{len(payload) // len(events):>7} |{decoded:>8.0f}{parsed:>8.0f}{parsed / decoded:>7.2f} "
        f"|{encoded:>8.0f}{dumped:>8.0f}{dumped / encoded:>7.2f}"
    )


if __name__ == "__main__":
    main()
