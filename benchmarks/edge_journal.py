"""What the journal costs a read, by step size; beside JSON lines into a file and beside a bare write of its bytes.

.venv/bin/python benchmarks/edge_journal.py
"""

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from tagdock_contract import Record, TagRead, encode
from tagdock_edge.config.journal import JournalConfig
from tagdock_edge.journal import Journal, read_journal
from tagdock_edge.journal.block import pack

READS = 80_000
ROUNDS = 5
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
TAGS = 2_000


def reads(rich: bool) -> list[TagRead]:
    """40,000 reads a second over 2,000 tags; `rich` with phase, Doppler and channel as an Impinj reader gives them."""
    chance = random.Random(1)
    return [one(number, chance, rich) for number in range(READS)]


def one(number: int, chance: random.Random, rich: bool) -> TagRead:
    at = START + timedelta(microseconds=number * 25 + chance.randrange(20))
    epc, antenna = f"3034257BF7194E40{chance.randrange(TAGS):08X}", chance.randrange(1, 5)
    if not rich:
        return TagRead(at, "dock-1", antenna, epc, float(chance.randrange(-80, -40)))
    rssi_dbm, phase_deg = chance.randrange(-8000, -4000) / 100, chance.randrange(4096) * 360 / 4096
    return TagRead(at, "dock-1", antenna, epc, rssi_dbm, phase_deg, chance.randrange(-160, 160) / 16, antenna * 11)


def steps(rows: list[TagRead], size: int) -> list[list[Record]]:
    return [list(rows[begin : begin + size]) for begin in range(0, len(rows), size)]


def journal(work: list[list[Record]], sync: Literal["none", "interval"]) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        one = Journal(JournalConfig(Path(folder), sync=sync))
        began = time.perf_counter()
        for number, records in enumerate(work):
            one.append(records, number)
        took = time.perf_counter() - began
        one.close()
        return took, float(sum(file.stat().st_size for file in Path(folder).glob("*.journal")))


def json_lines(work: list[list[Record]]) -> tuple[float, float]:
    """What a recording would be: the contract's own encoding, one write a step."""
    return written(work, lambda records: b"".join(encode(record) + b"\n" for record in records))


def bare(work: list[list[Record]]) -> tuple[float, float]:
    """The physical limit: the journal's bytes, made before."""
    packed = {id(records): pack(None, records, 0) for records in work}
    return written(work, lambda records: packed[id(records)])


def written(work: list[list[Record]], to_bytes: Callable[[list[Record]], bytes]) -> tuple[float, float]:
    with tempfile.NamedTemporaryFile() as file:
        began = time.perf_counter()
        for records in work:
            os.write(file.fileno(), to_bytes(records))
        return time.perf_counter() - began, float(os.fstat(file.fileno()).st_size)


def read_back(work: list[list[Record]]) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        one = Journal(JournalConfig(Path(folder), sync="none"))
        for number, records in enumerate(work):
            one.append(records, number)
        one.close()
        began = time.perf_counter()
        count = sum(1 for _ in read_journal(Path(folder)))
        assert count == READS
        return time.perf_counter() - began, 0.0


def main() -> None:
    print("medians of a read; 40,000 reads/s leave 25 us a read for the whole gateway")
    for rich in (False, True):
        rows = reads(rich)
        for size in (1, 20, 200, 4000):
            work = steps(rows if size > 1 else rows[:8000], size)
            count = sum(map(len, work))
            ways: dict[str, Callable[[], tuple[float, float]]] = {
                "journal, sync none": lambda work=work: journal(work, "none"),  # type: ignore[misc]
                "journal, sync 1 s": lambda work=work: journal(work, "interval"),  # type: ignore[misc]
                "JSON lines": lambda work=work: json_lines(work),  # type: ignore[misc]
                "bare write": lambda work=work: bare(work),  # type: ignore[misc]
            }
            print(f"{'rich' if rich else 'plain'} reads, {size} a step")
            for name, way in ways.items():
                results = [way() for _ in range(ROUNDS)]
                took = statistics.median(took for took, _ in results)
                print(f"  {name:20} {took / count * 1e6:8.2f} us {results[0][1] / count:8.1f} bytes")
        took = statistics.median(read_back(steps(rows, 200))[0] for _ in range(ROUNDS))
        print(f"  {'read back':20} {took / READS * 1e6:8.2f} us")


if __name__ == "__main__":
    main()
