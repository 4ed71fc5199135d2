"""Events a second into the outbox by transaction size and SQLite's `synchronous`, and out again; beside bare inserts.

.venv/bin/python benchmarks/edge_outbox.py
"""

import sqlite3
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from tagdock_contract import Ack, Event, Movement, content_uuid7, encode
from tagdock_edge.config import OutboxConfig
from tagdock_edge.outbox import Outbox

ROUNDS = 3
WINDOW = 32
AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
EVIDENCE = {"reads": 40, "reason": "x" * 300}


def events(count: int) -> list[Event]:
    urn, code = "urn:epc:id:sgtin:0614141.812345.6789", "3034257BF7194E4000001A85"
    ids = (content_uuid7(1, str(number)) for number in range(count))
    return [Movement(one, AT, "s1", urn, code, "in", 1.0, door="D1", evidence=EVIDENCE) for one in ids]


def ours(rows: list[Event], size: int, synchronous: Literal["normal", "full"]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        outbox = Outbox(OutboxConfig(Path(folder) / "outbox.sqlite", synchronous))
        began = time.perf_counter()
        for start in range(0, len(rows), size):
            outbox.add(rows[start : start + size])
        took = time.perf_counter() - began
        outbox.close()
    return len(rows) / took


def bare(rows: list[Event], size: int, synchronous: str) -> float:
    """The physical limit: the same bytes into a table without index, bound or lock."""
    bodies = [(encode(row),) for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        db = sqlite3.connect(Path(folder) / "bare.sqlite", isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {synchronous}")
        db.execute("CREATE TABLE events (body BLOB)")
        began = time.perf_counter()
        for start in range(0, len(rows), size):
            db.execute("BEGIN")
            db.executemany("INSERT INTO events VALUES (?)", bodies[start : start + size])
            db.execute("COMMIT")
        took = time.perf_counter() - began
        db.close()
    return len(rows) / took


def drained(rows: list[Event]) -> float:
    """Form, hand out and settle batches until the outbox is empty."""
    with tempfile.TemporaryDirectory() as folder:
        outbox = Outbox(OutboxConfig(Path(folder) / "outbox.sqlite"))
        outbox.add(rows)
        began = time.perf_counter()
        while batches := outbox.form(WINDOW):
            outbox.settle([Ack(epoch=outbox.epoch, committed=tuple(batch.seq for batch in batches))])
        took = time.perf_counter() - began
        outbox.close()
    return len(rows) / took


def main() -> None:
    modes: tuple[Literal["normal", "full"], ...] = ("normal", "full")
    for synchronous in modes:
        for size in (1, 10, 100, 1000):
            rows = events(min(300 * size, 20_000))
            mine = statistics.median(ours(rows, size, synchronous) for _ in range(ROUNDS))
            limit = statistics.median(bare(rows, size, synchronous) for _ in range(ROUNDS))
            ratio = f"{mine:10,.0f}/s   bare inserts {limit:10,.0f}/s {mine / limit:6.2f}"
            print(f"{synchronous:6} {size:5} a transaction {ratio}")
    rate = statistics.median(drained(events(20_000)) for _ in range(ROUNDS))
    print(f"full   formed in batches of 100 and settled {rate:10,.0f}/s")


if __name__ == "__main__":
    main()
