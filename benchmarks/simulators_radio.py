"""Measure how fast a scenario is recorded on one core, against the goal of 200,000 reads/s, and what each part costs.

Peers: the contract's own encoder, which checks each line, and msgspec unchecked, the limit for objects.
Run: .venv/bin/python benchmarks/simulators_radio.py
"""

import io
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
from tagdock_contract import encode
from tagdock_simulators.reading import ReadBlock, block_lines, field_reads
from tagdock_simulators.recording import Files, record
from tagdock_simulators.scenarios import SCENARIOS, Scenario, crossings

GOAL_READS_PER_S = 200_000
ROUNDS = 5
RUSH = replace(SCENARIOS["rush-hour"], loads=30)


def seconds(action: Callable[[], object]) -> float:
    """Median CPU time of an action: the machine may be shared."""
    action()
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        action()
        times.append(time.process_time() - began)
    return statistics.median(times)


def recording(scenario: Scenario) -> tuple[int, float]:
    def whole() -> int:
        loads, files = crossings(scenario, 1), Files(io.BytesIO())
        *_, last = record(scenario.geometry(), loads, 1, scenario.radio, files)
        return last.reads

    return whole(), seconds(whole)


def blocks(scenario: Scenario) -> list[ReadBlock]:
    return list(field_reads(scenario.geometry(), crossings(scenario, 1), 1, scenario.radio))


def main() -> None:
    print(f"NumPy {np.__version__}, median CPU time of {ROUNDS} rounds on one core")
    reads, whole_s = recording(RUSH)
    columns = blocks(RUSH)
    simulate_s = seconds(lambda: blocks(RUSH))
    lines_s = seconds(lambda: [block_lines(block) for block in columns])
    objects = [record for block in columns for record in block.records()]
    objects_s = seconds(lambda: [record for block in columns for record in block.records()])
    encode_s = seconds(lambda: [encode(each) for each in objects])
    raw = msgspec.json.Encoder()
    raw_s = seconds(lambda: [raw.encode(each) for each in objects])
    print(f"{'recording':40} {reads / whole_s:10,.0f} reads/s = {reads / whole_s / GOAL_READS_PER_S:.2f} of the goal")
    for part, took_s in (
        ("  of it: doors, radio, inventory", simulate_s),
        ("  of it: JSON lines from columns", lines_s),
        ("  instead: reads as objects", objects_s),
        ("    and the contract's encode, checked", encode_s),
        ("    or msgspec, unchecked", raw_s),
    ):
        print(f"{part:40} {took_s / reads * 1e6:10.2f} us a read")
    print("as doors and tags grow:")
    for doors in (1, 4, 16, 32):
        count, took_s = recording(replace(RUSH, doors=doors, loads=max(30, 3 * doors)))
        print(f"{f'  {doors} doors, 30 to 60 tags':40} {count / took_s:10,.0f} reads/s")
    for tags in (1, 10, 60, 150):
        count, took_s = recording(replace(RUSH, tags=(tags, tags)))
        print(f"{f'  4 doors, {tags} tags':40} {count / took_s:10,.0f} reads/s")


if __name__ == "__main__":
    main()
