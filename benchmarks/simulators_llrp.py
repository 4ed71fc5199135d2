"""Measure what a simulated LLRP reader costs a tag, beside what sllurp 3.0.5 needs to decode the same bytes.

Run: .venv/bin/python benchmarks/simulators_llrp.py
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

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

TAGS, ROUNDS = 20_000, 5
ASKED_TAGS_PER_S = 32 * 1000
"""What one process shall play: 32 readers with 1,000 tags/s each."""
CONTENT = TagReportContentSelector(True, False, False, True, True, True, True, True, True, False)
IMPINJ = ImpinjTagReportContentSelector(
    phase=ImpinjEnableRFPhaseAngle(Mode.ON),
    peak_rssi=ImpinjEnablePeakRSSI(Mode.ON),
    doppler=ImpinjEnableRFDopplerFrequency(Mode.ON),
)
READS = [
    TagRead(datetime.now(UTC), "dock-1", 1 + i % 2, f"{i:024X}", -52.5, 123.4, -1.5, 1 + i % 4) for i in range(TAGS)
]


def seconds(action: Callable[[], object]) -> float:
    """Median CPU time of an action: the machine may be shared."""
    action()
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        action()
        times.append(time.process_time() - began)
    return statistics.median(times)


def report_spec(n: int, impinj: bool) -> ROReportSpec:
    return ROReportSpec(ReportTrigger.N_TAGS_OR_END_OF_AISPEC, n, CONTENT, (IMPINJ,) if impinj else ())


def reports(spec: ROReportSpec) -> list[bytes]:
    writer = TagReportWriter(ReportContent(spec, 1, 1, 1))
    tags = [writer.tag_report(read) for read in READS]
    return [report_message(tags[start : start + spec.n], 1) for start in range(0, len(tags), spec.n)]


def rospec(spec: ROReportSpec) -> ROSpec:
    boundary = ROBoundarySpec(ROSpecStartTrigger(StartTrigger.IMMEDIATE), ROSpecStopTrigger(StopTrigger.NULL, 0))
    aispec = AISpec((0,), AISpecStopTrigger(AIStopTrigger.NULL, 0), (InventoryParameterSpec(1, 1),))
    return ROSpec(1, 0, ROSpecState.DISABLED, boundary, (aispec,), spec)


async def served(spec: ROReportSpec) -> float:
    """Median CPU seconds to feed all tags to a reader whose client, in this process too, throws the bytes away."""
    reader = LlrpReader()
    stream, writer = await asyncio.open_connection("127.0.0.1", await reader.start())
    for request in (ImpinjEnableExtensions(), m.AddROSpec(rospec(spec)), m.EnableROSpec(1)):
        writer.write(encode_message(request, 1))
    while not reader.is_reporting:
        await asyncio.sleep(0.01)

    async def drain() -> None:
        while await stream.read(1 << 20):
            pass

    draining = asyncio.create_task(drain())
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for start in range(0, TAGS, 10):
            reader.feed(*READS[start : start + 10])
            if start % 200 == 0:
                await asyncio.sleep(0)
        times.append(time.process_time() - began)
    assert reader.tags_lost == 0, f"{reader.tags_lost} tags were lost: the figure would be too good"
    await reader.close()
    writer.close()
    await draining
    return statistics.median(times)


def main() -> None:
    print(
        f"{TAGS:,} tags, median CPU time of {ROUNDS} rounds on one core; tags/s, and the cost beside sllurp's decoding"
    )
    print(
        f"{'report':24} {'encoded':>10} {'served':>10} {'sllurp':>10} {'own decode':>11}  encoding/sllurp  served/asked"
    )
    for n, impinj in ((1, False), (1, True), (20, False), (20, True)):
        spec = report_spec(n, impinj)
        frames = reports(spec)
        encode_s = seconds(lambda spec=spec: reports(spec))
        sllurp_s = seconds(lambda frames=frames: [LLRPMessage(msgbytes=frame) for frame in frames])
        few = frames[: len(frames) // 10]
        decode_s = seconds(lambda few=few: [decode_message(frame) for frame in few]) * 10
        served_s = asyncio.run(served(spec))
        name = f"every {n}, {'Impinj' if impinj else 'plain'}"
        rates = " ".join(f"{TAGS / took:10,.0f}" for took in (encode_s, served_s, sllurp_s, decode_s))
        print(f"{name:24} {rates}  {encode_s / sllurp_s:15.2f}  {TAGS / served_s / ASKED_TAGS_PER_S:12.1f}")


if __name__ == "__main__":
    main()
