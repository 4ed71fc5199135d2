"""Measure what simulated LLRP readers cost a tag, and 32 of them with 1,000 tags/s each in one process.

The peer is sllurp 3.0.5, decoding the same bytes. The clients of the load are drains in another process, which only
find where messages begin: so it is the simulator that is measured.

Run: .venv/bin/python benchmarks/simulators_llrp.py [SECONDS]
"""

import asyncio
import json
import selectors
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from sllurp.llrp import LLRPMessage
from tagdock_contract import TagRead
from tagdock_simulators.llrp import messages as m
from tagdock_simulators.llrp.codec import decode_message, encode_message
from tagdock_simulators.llrp.impinj import (
    ImpinjEnableExtensions,
    ImpinjEnablePeakRSSI,
    ImpinjEnableRFDopplerFrequency,
    ImpinjEnableRFPhaseAngle,
    ImpinjTagReportContentSelector,
    Mode,
)
from tagdock_simulators.llrp.reporting import PLAIN, Clock
from tagdock_simulators.llrp.rospec import (
    AISpec,
    AISpecStopTrigger,
    AIStopTrigger,
    InventoryParameterSpec,
    ReportTrigger,
    ROBoundarySpec,
    ROReportSpec,
    ROSpec,
    ROSpecStartTrigger,
    ROSpecState,
    ROSpecStopTrigger,
    StartTrigger,
    StopTrigger,
    TagReportContentSelector,
)
from tagdock_simulators.llrp.server import LlrpReader
from tagdock_simulators.llrp.tagreports import ReportContent, TagReportWriter, report_message

READERS, ASKED_TAGS_PER_S = 32, 1000
"""What one process shall play, and how many tags each reader shall report."""
BLOCK_TAGS = 10
"""A radio hands its reads over in blocks of so many: every 10 ms at the rate asked for."""
TAGS, ROUNDS = 20_000, 5
SHAPES = ((1, False), (1, True), (20, False), (20, True))
"""Tags a report, and whether Impinj's fields are in it."""
CONTENT = TagReportContentSelector(True, False, False, True, True, True, True, True, True, False)
IMPINJ = ImpinjTagReportContentSelector(
    phase=ImpinjEnableRFPhaseAngle(Mode.ON),
    peak_rssi=ImpinjEnablePeakRSSI(Mode.ON),
    doppler=ImpinjEnableRFDopplerFrequency(Mode.ON),
)
EPCS = [f"{i:024X}" for i in range(1000)]


def report_spec(n: int, impinj: bool) -> ROReportSpec:
    return ROReportSpec(ReportTrigger.N_TAGS_OR_END_OF_AISPEC, n, CONTENT, (IMPINJ,) if impinj else ())


def set_up(spec: ROReportSpec) -> bytes:
    """What a client says to get reports."""
    boundary = ROBoundarySpec(ROSpecStartTrigger(StartTrigger.IMMEDIATE), ROSpecStopTrigger(StopTrigger.NULL, 0))
    aispec = AISpec((0,), AISpecStopTrigger(AIStopTrigger.NULL, 0), (InventoryParameterSpec(1, 1),))
    rospec = ROSpec(1, 0, ROSpecState.DISABLED, boundary, (aispec,), spec)
    requests = (ImpinjEnableExtensions(), m.AddROSpec(rospec), m.EnableROSpec(1))
    return b"".join(encode_message(request, 1) for request in requests)


def reads(count: int) -> list[TagRead]:
    now = datetime.now(UTC)
    return [TagRead(now, "dock-1", 1 + i % 2, EPCS[i % 1000], -52.5, 123.4, -1.5, 1 + i % 4) for i in range(count)]


def reports(spec: ROReportSpec, seen: list[TagRead]) -> list[bytes]:
    writer = TagReportWriter(ReportContent(spec, 1, 1, 1), Clock(0, PLAIN))
    tags = [writer.tag_report(read) for read in seen]
    return [report_message(tags[start : start + spec.n], 1) for start in range(0, len(tags), spec.n)]


def cpu_us_a_tag(action: Callable[[], object], tags: int) -> float:
    """Median CPU time of an action: the machine may be shared."""
    action()
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        action()
        times.append(time.process_time() - began)
    return statistics.median(times) / tags * 1e6


class Drain:
    """A client that reads and throws away: counts tags, and notes how late each report's last tag was."""

    def __init__(self, port: int, n: int, impinj: bool) -> None:
        spec = report_spec(n, impinj)
        self.tags = 0
        self.late_us: list[int] = []
        self._rest = b""
        self._tag_bytes = len(reports(spec, reads(1))[0]) - 10
        self._at = encode_offset(spec)
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(set_up(spec))

    def read(self) -> bool:
        """Take what is there; False when the reader has hung up."""
        data = self.socket.recv(1 << 18)
        now_us = time.time_ns() // 1000
        buffer, start = self._rest + data, 0
        while len(buffer) - start >= 10:
            kind, length, _ = struct.unpack_from(">HII", buffer, start)
            if len(buffer) - start < length:
                break
            if kind & 0x3FF == 61:
                self.tags += (length - 10) // self._tag_bytes
                (at_us,) = struct.unpack_from(">Q", buffer, start + length - self._tag_bytes + self._at)
                self.late_us.append(now_us - at_us)
            start += length
        self._rest = buffer[start:]
        return bool(data)


def encode_offset(spec: ROReportSpec) -> int:
    """Find where in a tag report the time stands when the tag was seen first."""
    at = datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)
    tag = TagReportWriter(ReportContent(spec, 1, 1, 1), Clock(0, PLAIN)).tag_report(TagRead(at, "r", 1, EPCS[1], -50.0))
    return tag.index(round(at.timestamp() * 1e6).to_bytes(8, "big"))


def drain(n: int, impinj: bool, ports: list[int]) -> None:
    """Drain every reader until it hangs up, and print what came."""
    drains = [Drain(port, n, impinj) for port in ports]
    waiting = selectors.DefaultSelector()
    for each in drains:
        waiting.register(each.socket, selectors.EVENT_READ, each)
    while waiting.get_map():
        for key, _ in waiting.select():
            if not key.data.read():
                waiting.unregister(key.fileobj)
    late_us = sorted(late for each in drains for late in each.late_us)
    print(json.dumps({"tags": [each.tags for each in drains], "late_us": late_us[:: max(1, len(late_us) // 10_000)]}))


def blocks(starts_at: datetime, seconds: float) -> Iterator[tuple[int, list[TagRead]]]:
    """Yield (reader, reads) in the order in which they are due: each read's time is its own, 1 ms after the last one's.

    The readers are out of step with each other, as real ones are.
    """
    step = timedelta(seconds=1 / ASKED_TAGS_PER_S)
    for block in range(round(seconds * ASKED_TAGS_PER_S / BLOCK_TAGS)):
        for reader in range(READERS):
            first = starts_at + step * (block * BLOCK_TAGS + reader * BLOCK_TAGS / READERS)
            yield (
                reader,
                [
                    TagRead(first + step * i, "dock-1", 1 + i % 2, EPCS[block % 100 * 10 + i], -52.5, 123.4, -1.5, 2)
                    for i in range(BLOCK_TAGS)
                ],
            )


async def load(n: int, impinj: bool, seconds: float) -> str:
    """Play all readers for a while; returns a line of figures."""
    readers = [LlrpReader() for _ in range(READERS)]
    ports = [await reader.start() for reader in readers]
    arguments = [sys.executable, __file__, "drain", str(n), str(int(impinj)), *map(str, ports)]
    clients = subprocess.Popen(arguments, stdout=subprocess.PIPE)  # it starts before the clock does
    while not all(reader.is_reporting for reader in readers):
        await asyncio.sleep(0.01)
    starts_at = datetime.now(UTC) + timedelta(seconds=0.2)
    began, cpu_began, feeding_s = time.monotonic(), time.process_time(), 0.0
    for reader, block in blocks(starts_at, seconds):
        # A block is there when its last read is: until then its radio is still reading.
        if (wait_s := (block[-1].at - datetime.now(UTC)).total_seconds()) > 0:
            await asyncio.sleep(wait_s)
        feeding = time.process_time()
        readers[reader].feed(*block)
        feeding_s += time.process_time() - feeding
    took_s, cpu_s = time.monotonic() - began - 0.2, time.process_time() - cpu_began
    for reader in readers:
        await reader.close()
    seen = json.loads(clients.communicate(timeout=30)[0])
    total, late_ms = sum(seen["tags"]), [late / 1000 for late in seen["late_us"]]
    lost = sum(reader.tags_lost for reader in readers)
    return (
        f"{total / took_s:10,.0f} {min(seen['tags']) / took_s:9,.0f} {lost:6,} "
        f"{statistics.median(late_ms):9.1f} {late_ms[len(late_ms) * 99 // 100]:8.1f} "
        f"{cpu_s / took_s:9.0%} {cpu_s / total * 1e6:12.1f} {feeding_s / total * 1e6:10.1f}"
    )


def main(seconds: float) -> None:
    seen = reads(TAGS)
    print(f"CPU time in microseconds a tag, median of {ROUNDS} rounds of {TAGS:,} tags")
    print(f"{'report':18} {'encoding':>9} {'sllurp decoding':>16} {'own decoding':>13} {'encoding/sllurp':>16}")
    for n, impinj in SHAPES:
        spec = report_spec(n, impinj)
        frames = reports(spec, seen)
        few = frames[: len(frames) // 10]
        encoding = cpu_us_a_tag(lambda spec=spec: reports(spec, seen), TAGS)
        sllurp = cpu_us_a_tag(lambda frames=frames: [LLRPMessage(msgbytes=frame) for frame in frames], TAGS)
        own = cpu_us_a_tag(lambda few=few: [decode_message(frame) for frame in few], TAGS // 10)
        name = f"every {n}, {'Impinj' if impinj else 'plain'}"
        print(f"{name:18} {encoding:9.1f} {sllurp:16.1f} {own:13.1f} {encoding / sllurp:16.2f}")
    asked = READERS * ASKED_TAGS_PER_S
    print(f"\n{READERS} readers in one process, {ASKED_TAGS_PER_S:,} tags/s each: {asked:,} tags/s asked for")
    print(
        f"{'report':18} {'tags/s':>10} {'slowest':>9} {'lost':>6} {'late ms':>9} {'p99':>8} {'of a core':>9} "
        f"{'us CPU a tag':>12} {'of it feed':>10}"
    )
    for n, impinj in SHAPES:
        name = f"every {n}, {'Impinj' if impinj else 'plain'}"
        print(f"{name:18} {asyncio.run(load(n, impinj, seconds))}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["drain"]:
        drain(int(sys.argv[2]), sys.argv[3] == "1", [int(port) for port in sys.argv[4:]])
    else:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
