"""Measure how hard each scenario is: for the naive rule of a portal, and for the gateway as it is.

The naive rule books a tag at the door whose antenna heard it loudest, and in the direction in which its two rows heard
it loudest one after the other. Both are judged by the truth, tag by tag.

Run: .venv/bin/python benchmarks/simulators_hardness.py [SCENARIO...]
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tagdock_contract import TagRead, decode_record
from tagdock_simulators.doors import DoorGeometry
from tagdock_simulators.scenarios import SCENARIOS

PROGRAMS = Path(sys.executable).parent
SEED = 1
_NEAR_S = 30.0
"""A movement belongs to the nearest truth of its tag, but not to one that is farther away than this."""
Verdict = tuple[str, str, datetime]
"""Door, direction, when."""


def main() -> None:
    """Print a line a scenario."""
    print(f"seed {SEED}; passages of tags through doors, and what was made of them, in percent of all")
    print("(unread: no read at all; nothing: tags that passed no door, but were booked through one)")
    print(f"{'':20}{'':>16}  naive rule            gateway")
    heads = ("tags", "unread", "door", "way", "", "right", "door", "way", "unsure", "missed", "nothing")
    print(f"{'scenario':20}" + "".join(f"{head:>8}" for head in heads))
    for name in sys.argv[1:] or SCENARIOS:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{name:20}" + told(name, Path(folder)), flush=True)


def told(name: str, folder: Path) -> str:
    reads, truth, config = folder / "reads.jsonl", folder / "truth.jsonl", folder / "gateway.toml"
    files = ("-o", reads, "--truth", truth, "--gateway-config", config)
    run("tagdock-sim", "record", "--scenario", name, "--seed", SEED, *files)
    passed, stayed = defaultdict(list), set()
    for line in map(json.loads, truth.read_text().splitlines()):
        if line.get("direction") in ("in", "out"):
            passed[line["epc_hex"]].append((line["door"], line["direction"], datetime.fromisoformat(line["at"])))
        else:
            stayed.add(line["epc_hex"])
    records = [record for record in map(decode_record, reads.read_bytes().splitlines()) if isinstance(record, TagRead)]
    naive = judged(passed, naive_verdicts(records, SCENARIOS[name].geometry(), passed))
    moved = [json.loads(line) for line in run("tagdock-edge", "replay", reads, "--config", config).splitlines()]
    gateway = judged(passed, gateway_verdicts(moved))
    ghosts = {each["epc_hex"] for each in moved if each["direction"] in ("in", "out")} & (stayed - set(passed))
    total = sum(map(len, passed.values()))

    def share(counts: Counter[str], what: str) -> str:
        return f"{counts[what] / total * 100:8.1f}" if total else f"{'-':>8}"

    shown = [f"{total:8}", share(naive, "missed"), share(naive, "door"), share(naive, "way"), f"{'':8}"]
    shown += [share(gateway, what) for what in ("right", "door", "way", "uncertain", "missed")]
    return "".join(shown) + (f"{len(ghosts) / len(stayed) * 100:8.1f}" if stayed else f"{'-':>8}")


def run(program: str, *arguments: object) -> str:
    command = [PROGRAMS / program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout


def naive_verdicts(
    reads: Iterable[TagRead], doors: Iterable[DoorGeometry], passed: Mapping[str, list[Verdict]]
) -> dict[str, list[Verdict]]:
    """Give each passage of a tag to the loudest door, its direction from the rows' loudest reads there."""
    place = {(door.reader, each.port): (door.door, each.side) for door in doors for each in door.antennas}
    heard: dict[tuple[str, int], list[tuple[float, datetime, str, str]]] = defaultdict(list)
    for read in reads:
        times = [at for _, _, at in passed.get(read.epc, ())]
        if times:
            nearest = min(range(len(times)), key=lambda n: abs(times[n] - read.at))
            heard[read.epc, nearest].append((read.rssi_dbm, read.at, *place[read.reader, read.antenna]))
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    for (epc, _), each in heard.items():
        _, at, door, _ = max(each)
        rows = {side: max(one for one in each if one[2:] == (door, side)) for *_, d, side in each if d == door}
        way = "uncertain"
        if len(rows) == 2:
            way = "in" if rows["outside"][1] < rows["inside"][1] else "out"
        verdicts[epc].append((door, way, at))
    return verdicts


def gateway_verdicts(movements: Iterable[Mapping[str, Any]]) -> dict[str, list[Verdict]]:
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    for each in movements:
        at = datetime.fromisoformat(each["observed_at"])
        verdicts[each["epc_hex"]].append((each["door"], each["direction"], at))
    return verdicts


def judged(passed: Mapping[str, list[Verdict]], verdicts: Mapping[str, list[Verdict]]) -> Counter[str]:
    """Count the passages by what was made of them: right, door or way wrong, uncertain, missed."""
    counts: Counter[str] = Counter()
    for epc, truths in passed.items():
        left = list(verdicts.get(epc, ()))
        for door, direction, at in truths:
            near = [each for each in left if abs((each[2] - at).total_seconds()) <= _NEAR_S and each[1] != "pass"]
            if not near:
                counts["missed"] += 1
                continue
            best = min(near, key=lambda each: abs(each[2] - at))
            left.remove(best)
            counts[_outcome(best, door, direction)] += 1
    return counts


def _outcome(verdict: Verdict, door: str, direction: str) -> str:
    if verdict[0] != door:
        return "door"
    if verdict[1] == "uncertain":
        return "uncertain"
    return "right" if verdict[1] == direction else "way"


if __name__ == "__main__":
    main()
