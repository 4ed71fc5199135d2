"""Reads a second through passage and outbox, beside what sllurp needs to decode the same reads from LLRP bytes.

.venv/bin/python benchmarks/edge_passage.py
"""

import statistics
import struct
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sllurp.llrp import LLRPMessage
from tagdock_contract import GatewayAddress, TagRead
from tagdock_edge.clock import to_us
from tagdock_edge.config import AntennaConfig, DoorConfig, OutboxConfig, PassageConfig
from tagdock_edge.outbox import Outbox
from tagdock_edge.passage import Detector, movement
from tagdock_edge.readers.reports import ReportReader

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
TAGS, READS_A_TAG, ROUNDS = 500, 80, 5
ON_THE_WAY_US = 5_000
"""From a tag's answer until the gateway has the report."""
DOORS = (DoorConfig("D1", (AntennaConfig("dock-1", 1, "outside"), AntennaConfig("dock-1", 2, "inside"))),)


def tag_reads() -> list[TagRead]:
    """Loads of 50 tags come in one after the other; each tag is read 80 times in 2 s."""
    reads = []
    for tag in range(TAGS):
        begin = START + timedelta(seconds=tag // 50 * 5.0, milliseconds=tag % 50)
        for n in range(READS_A_TAG):
            antenna, rssi = 1 + n % 2, (-45.0 - n / 4, -65.0 + n / 4)[n % 2]
            at, epc = begin + timedelta(milliseconds=25 * n), f"3034257BF7194E{tag:010X}"
            reads.append(TagRead(at, "dock-1", antenna, epc, rssi))
    return sorted(reads, key=lambda read: read.at)


def llrp_messages(reads: list[TagRead]) -> list[bytes]:
    """The same reads as a reader would report them, one a message."""
    messages = []
    for read in reads:
        body = b"\x8d" + bytes.fromhex(read.epc) + b"\x81" + struct.pack("!H", read.antenna)
        body += b"\x86" + struct.pack("!b", int(read.rssi_dbm)) + b"\x84" + struct.pack("!Q", to_us(read.at))
        body += b"\x88" + struct.pack("!H", 1)
        body = struct.pack("!HH", 240, 4 + len(body)) + body
        messages.append(struct.pack("!HII", 1 << 10 | 61, 10 + len(body), 1) + body)
    return messages


def through_passage(reads: list[TagRead], outbox: Outbox | None) -> int:
    detector, address, told = Detector(DOORS, PassageConfig()), GatewayAddress("s1", "gw-1"), 0
    for read in reads:
        detector.add(read)
        verdicts = detector.advance(to_us(read.at))
        if verdicts:
            told += len(verdicts)
            events = [movement(verdict, address) for verdict in verdicts]
            if outbox is not None:
                outbox.add(events)
    rest = [movement(verdict, address) for verdict in detector.flush()]
    if outbox is not None:
        outbox.add(rest)
    return told + len(rest)


def median_us(work: Callable[[], object], count: int) -> float:
    spans = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        spans.append((time.perf_counter() - began) / count * 1e6)
    return statistics.median(spans)


def main() -> None:
    reads = tag_reads()
    messages = llrp_messages(reads)
    reports = [LLRPMessage(msgbytes=message).msgdict["RO_ACCESS_REPORT"]["TagReportData"] for message in messages]
    now_us = [to_us(read.at) + ON_THE_WAY_US for read in reads]
    adapter = ReportReader("dock-1", iter(now_us * (ROUNDS + 1)).__next__)
    sllurp_us = median_us(lambda: [LLRPMessage(msgbytes=message) for message in messages], len(reads))
    rows = [("sllurp decode (the peer)", sllurp_us)]
    rows.append(("our adapter around it", median_us(lambda: [adapter.reads_of(r) for r in reports], len(reads))))
    assert through_passage(reads, None) == TAGS
    rows.append(("passage, verdicts, movements", median_us(lambda: through_passage(reads, None), len(reads))))
    with tempfile.TemporaryDirectory() as folder:

        def stored() -> None:
            file = Path(folder) / "outbox.sqlite"
            outbox = Outbox(OutboxConfig(file))
            through_passage(reads, outbox)
            outbox.close()
            for part in Path(folder).iterdir():
                part.unlink()

        rows.append(("the same into the outbox (FULL)", median_us(stored, len(reads))))
    for name, us in rows:
        print(f"{name:32} {us:7.2f} us a read {1e6 / us:12,.0f} reads/s {us / sllurp_us:6.2f} of sllurp")


if __name__ == "__main__":
    main()
