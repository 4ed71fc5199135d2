"""Door and direction, right or wrong: every simulated scenario through `tagdock-edge replay`, judged by its truth.

Beside it, on the same reads: the naive rule of a portal, which books a tag at the door that heard it loudest, in the
direction in which that door's two rows heard it loudest one after the other. Published for one real portal: Keller,
Thiesse, Kungl and Fleisch 2010, 95.5 % of 53,998 pallets.

    .venv/bin/python benchmarks/edge_accuracy.py [--seeds 3] [--first-seed 1000] [SCENARIO... warehouse]
"""

import argparse
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
from tagdock_simulators.warehouse.world.doors import house_doors

PROGRAMS = Path(sys.executable).parent
WAREHOUSE = "warehouse"
NEAR_S = 30.0
"""A movement belongs to the nearest passage of its tag, but not to one that is farther away than this."""
HEADS = ("passages", "unread", "naive", "right", "unsure", "door", "way", "missed", "precise", "invented", "of")
EXPLAINED = """\
Of all passages of tags through doors: the share that gave no read. Of the others: right by the naive rule; by the
gateway right, unsure, wrong door, wrong way, missed. Precise: right among all that it claims. Invented: tags booked
through a door when they passed none; beside it how many were there without passing."""

Passage = tuple[str, str, datetime]
"""Door, direction, when: the truth, or what somebody says of it."""
ByTag = Mapping[str, list[Passage]]


def main() -> None:
    """Print a line a scenario."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=1000)
    options = parser.parse_args()
    print(EXPLAINED)
    print(f"{'scenario':20}" + "".join(f"{head:>9}" for head in HEADS))
    for name in options.scenarios or (*SCENARIOS, WAREHOUSE):
        total: Counter[str] = Counter()
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            total += counted(name, seed)
        print(f"{name:20}" + shown(total), flush=True)


def counted(name: str, seed: int) -> Counter[str]:
    """Play a scenario, or two days of the warehouse; count what became of its passages, and other claims."""
    with tempfile.TemporaryDirectory() as folder:
        reads, truth, config = (Path(folder) / each for each in ("reads.jsonl", "truth.jsonl", "gateway.toml"))
        command, doors = ("record", "--scenario", name, "-o", reads, "--truth", truth), ()
        if name == WAREHOUSE:
            command, doors = ("warehouse", "--days", 2, "--reads", reads, "--door-truth", truth), house_doors()
        run("tagdock-sim", *command, "--seed", seed, "--gateway-config", config)
        records = [each for each in map(decode_record, reads.read_bytes().splitlines()) if isinstance(each, TagRead)]
        passed, stayed = truths(map(json.loads, truth.read_text().splitlines()))
        moved = [json.loads(line) for line in run("tagdock-edge", "replay", reads, "--config", config).splitlines()]
    heard = loudest(records, doors or SCENARIOS[name].geometry(), passed)
    read = {epc: [one for one in each if (epc, one[2]) in heard] for epc, each in passed.items()}
    naive = {epc: [heard[epc, one[2]] for one in each] for epc, each in read.items()}
    count = Counter({f"naive {outcome}": number for outcome, number in judged(read, naive).items()})
    count += judged(read, said(moved))
    count["passages"] = sum(map(len, passed.values()))
    count["read"] = sum(map(len, read.values()))
    count["stayed"] = len(stayed)
    return count


def run(program: str, *arguments: object) -> str:
    """Run one of our programs; return what it printed."""
    command = [PROGRAMS / program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def truths(lines: Iterable[Mapping[str, Any]]) -> tuple[ByTag, set[str]]:
    """Return the passages by tag, and the tags that were there but passed nothing."""
    passed, stayed = defaultdict(list), set()
    for line in lines:
        if line.get("direction") in ("in", "out"):
            passed[line["epc_hex"]].append((line["door"], line["direction"], datetime.fromisoformat(line["at"])))
        else:
            stayed.add(line["epc_hex"])
    return passed, stayed - set(passed)


def loudest(
    reads: Iterable[TagRead], doors: Iterable[DoorGeometry], passed: ByTag
) -> dict[tuple[str, datetime], Passage]:
    """Say by the naive rule what each passage that gave reads was; the reads near a passage in time are its own."""
    place = {(door.reader, each.port): (door.door, each.side) for door in doors for each in door.antennas}
    heard: dict[tuple[str, datetime], list[tuple[float, datetime, tuple[str, str]]]] = defaultdict(list)
    for read in reads:
        nearest = min((one[2] for one in passed.get(read.epc, ())), key=lambda at: abs(at - read.at), default=None)
        if nearest is not None and abs((nearest - read.at).total_seconds()) <= NEAR_S:
            heard[read.epc, nearest].append((read.rssi_dbm, read.at, place[read.reader, read.antenna]))
    verdicts = {}
    for which, each in heard.items():
        _, at, (door, _) = max(each)
        rows = {side: max(one for one in each if one[2] == (door, side)) for *_, (d, side) in each if d == door}
        way = "uncertain"
        if len(rows) == 2:
            way = "in" if rows["outside"][1] < rows["inside"][1] else "out"
        verdicts[which] = (door, way, at)
    return verdicts


def said(movements: Iterable[Mapping[str, Any]]) -> ByTag:
    """Return the gateway's movements by tag; going by is no claim."""
    verdicts = defaultdict(list)
    for each in movements:
        if each["direction"] != "pass":
            at = datetime.fromisoformat(each["observed_at"])
            verdicts[each["epc_hex"]].append((each["door"], each["direction"], at))
    return verdicts


def judged(passed: ByTag, verdicts: ByTag) -> Counter[str]:
    """Count passages by what was made of them, and claims (in or out) that belong to none as invented."""
    counts: Counter[str] = Counter()
    for epc in {*passed, *verdicts}:
        left = list(verdicts.get(epc, ()))
        for door, direction, at in passed.get(epc, ()):
            near = [each for each in left if abs((each[2] - at).total_seconds()) <= NEAR_S]
            best = min(near, key=lambda each: abs(each[2] - at), default=None)
            if best is not None:
                left.remove(best)
            counts[outcome(best, door, direction)] += 1
        counts["invented"] += sum(each[1] != "uncertain" for each in left)
    return counts


def outcome(verdict: Passage | None, door: str, direction: str) -> str:
    """Say what was made of one passage."""
    if verdict is None:
        return "missed"
    if verdict[1] == "uncertain":
        return "unsure"
    if verdict[0] != door:
        return "door"
    return "right" if verdict[1] == direction else "way"


def shown(count: Counter[str]) -> str:
    """Write the line of one scenario."""
    read, claims = count["read"], count["right"] + count["door"] + count["way"] + count["invented"]
    unread = share(count["passages"] - read, count["passages"])
    shares = [share(count[what], read) for what in ("naive right", "right", "unsure", "door", "way", "missed")]
    ends = (share(count["right"], claims), f"{count['invented']:9}", f"{count['stayed']:9}")
    return f"{count['passages']:9}" + unread + "".join((*shares, *ends))


def share(part: int, whole: int) -> str:
    """Write a percentage."""
    return f"{part / whole:9.2%}" if whole else f"{'-':>9}"


if __name__ == "__main__":
    main()
