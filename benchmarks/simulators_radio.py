"""Measure how fast a scenario is recorded on one core, against the goal of 200,000 reads/s, and what each part costs.

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
from tagdock_simulators.recording import record
from tagdock_simulators.scenarios import SCENARIOS, Scenario, scenes

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
        *_, last = record(scenario, 1, io.BytesIO(), None)
        return last.reads

    return whole(), seconds(whole)


def main() -> None:
    print(f"NumPy {np.__version__}, median CPU time of {ROUNDS} rounds on one core")
    reads, whole_s = recording(RUSH)
    played = list(scenes(RUSH, 1))
    simulate_s = seconds(lambda: list(scenes(RUSH, 1)))
    encode_s = seconds(lambda: [encode(read) for scene in played for read in scene.reads])
    raw = msgspec.json.Encoder()
    raw_s = seconds(lambda: [raw.encode(read) for scene in played for read in scene.reads])
    print(f"{'recording':34} {reads / whole_s:10,.0f} reads/s = {reads / whole_s / GOAL_READS_PER_S:.2f} of the goal")
    print(f"{'  of it: radio and TagReads':34} {simulate_s / reads * 1e6:10.2f} us a read")
    print(f"{'  of it: JSON, checked by contract':34} {encode_s / reads * 1e6:10.2f} us a read")
    print(f"{'  (JSON by msgspec, unchecked)':34} {raw_s / reads * 1e6:10.2f} us a read, the limit")
    print("as doors and tags grow:")
    for doors in (1, 4, 16):
        count, took_s = recording(replace(RUSH, doors=doors))
        print(f"{f'  {doors} doors, 30 to 60 tags':34} {count / took_s:10,.0f} reads/s")
    for tags in (1, 10, 60, 150):
        count, took_s = recording(replace(RUSH, tags=(tags, tags)))
        print(f"{f'  4 doors, {tags} tags':34} {count / took_s:10,.0f} reads/s")


if __name__ == "__main__":
    main()
