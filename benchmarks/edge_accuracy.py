"""Door and direction, right or wrong: every simulated scenario through `tagdock-edge replay`, against its truth.

Peer: Keller, Thiesse, Kungl and Fleisch 2010 tell 95.5 % of 53,998 real pallets at one portal.
    .venv/bin/python benchmarks/edge_accuracy.py [--seeds 3] [--first-seed 1000] [SCENARIO...]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

BIN = Path(sys.executable).parent


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def run(*command: str) -> str:
    return subprocess.run([str(BIN / command[0]), *command[1:]], check=True, capture_output=True, text=True).stdout


def score(scenario: str, seed: int) -> Counter[str]:
    """Play one scenario and count what became of its crossings, and of what was reported as one."""
    with tempfile.TemporaryDirectory() as folder:
        recording, truth_file, config = (str(Path(folder) / name) for name in ("r.jsonl", "t.jsonl", "gateway.toml"))
        run(
            "tagdock-sim",
            "record",
            "--scenario",
            scenario,
            "--seed",
            str(seed),
            "-o",
            recording,
            "--truth",
            truth_file,
            "--gateway-config",
            config,
        )
        read = {str(line.get("epc")) for line in lines(Path(recording).read_text())}
        truth = lines(Path(truth_file).read_text())
        movements = lines(run("tagdock-edge", "replay", recording, "--config", config))
    told: dict[str, list[dict[str, object]]] = {}
    for movement in movements:
        told.setdefault(str(movement["epc"]), []).append(movement)
    count: Counter[str] = Counter(movements=len(movements))
    for one in truth:
        crossed = one.get("direction") in ("in", "out")
        mine = told.get(str(one["epc"]), [])
        claims = [m for m in mine if m["direction"] in ("in", "out")]
        right = [m for m in claims if crossed and m["door"] == one["door"] and m["direction"] == one.get("direction")]
        count["claims"] += len(claims)
        count["right claims"] += min(len(right), 1)
        count["uncertain"] += any(m["direction"] == "uncertain" for m in mine)
        if crossed and (mine or str(one.get("epc_hex")) in read):
            count["crossings"] += 1
            count["told right"] += len(right) == 1 and len(claims) == 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=1000)
    options = parser.parse_args()
    names = options.scenarios or [
        line.split()[0] for line in run("tagdock-sim", "scenarios").splitlines() if line.strip()
    ]
    print(f"{'scenario':16} {'crossings':>9} {'recall':>8} {'precision':>9} {'uncertain':>9} {'false':>6}")
    for name in names:
        total: Counter[str] = Counter()
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            total += score(name, seed)
        recall = total["told right"] / total["crossings"] if total["crossings"] else float("nan")
        precision = total["right claims"] / total["claims"] if total["claims"] else float("nan")
        false = total["claims"] - total["right claims"]
        print(
            f"{name:16} {total['crossings']:9} {recall:8.2%} {precision:9.2%} {total['uncertain']:9} {false:6}",
            flush=True,
        )


if __name__ == "__main__":
    main()
