"""Affinity alone: published quadratic assignment cases, solved by the command, beside the best values known.

    .venv/bin/python benchmarks/slotting_affinity.py FOLDER [--time-limit 10] [--seeds 5] [--only nug30,tho30]

FOLDER holds QAPLIB cases (`*.qap`: size, bounds with the best known value last, flow matrix, distance matrix). Each
becomes a problem with `bin_bin_m` and `affinity`, travel weighing nothing, and goes through `tagdock-slotting solve`;
the plan's layout is judged by the case's own matrices. Beside it: swaps looked at per second by the compiled loop and
by the same step in numpy.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tagdock_slotting.kernels import tabu
from tagdock_slotting.kernels.chance import chance

COMMAND = Path(sys.executable).with_name("tagdock-slotting")


def read(path: Path) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the best known value, flows and ways of a case."""
    words = path.read_text().split()
    size, header = int(words[0]), len(path.read_text().splitlines()[0].split())
    table = np.array(words[header : header + 2 * size * size], dtype=float).reshape(2, size, size)
    return float(words[header - 1]), table[0], table[1]


def problem_of(flow: np.ndarray, way: np.ndarray) -> dict[str, object]:
    bins, items = [f"B{n}" for n in range(len(way))], [f"S{n}" for n in range(len(flow))]
    pairs = [[items[a], items[b], float(flow[a, b])] for a, b in np.argwhere(flow) if a != b]
    return {
        "doors": [{"id": "D", "x_m": 0, "y_m": 0}],
        "bins": [{"id": name, "x_m": 0, "y_m": 0, "items_at_most": 1} for name in bins],
        "items": [{"sku": name} for name in items],
        "bin_bin_m": {"bins": bins, "rows": way.tolist()},
        "affinity": pairs,
        "weights": {"travel": 0},
    }


def solved(problem: dict[str, object], seed: int, limit_s: float) -> dict:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(problem, file)
        file.flush()
        command = [COMMAND, "solve", file.name, "--time-limit", f"{limit_s}s", "--seed", str(seed)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=limit_s + 60).stdout)


def judged(plan: dict, flow: np.ndarray, way: np.ndarray) -> float:
    place = np.array([int(plan["assignment"][f"S{n}"][0][1:]) for n in range(len(flow))])
    return float((flow * way[np.ix_(place, place)]).sum())


def compiled_rate(flow: np.ndarray, way: np.ndarray, steps: int) -> float:
    """Return swaps looked at per second of processor time."""
    size = len(flow)
    at = tabu.stand(flow, way, np.zeros((size, size)), size, np.arange(size))
    draws = chance(0)
    tabu.walk(at, 1, size * size, draws)
    started = time.process_time()
    tabu.walk(at, steps, size * size, draws)
    return steps * size * (size - 1) / 2 / (time.process_time() - started)


def numpy_rate(flow: np.ndarray, way: np.ndarray, steps: int) -> float:
    """Return the same for the update in numpy: two outer differences, and all swaps of the two that moved."""
    size = len(flow)
    flow, between = flow.copy(), way.copy()
    change = np.zeros((size, size))
    random = np.random.default_rng(0)
    started = time.process_time()
    for _ in range(steps):
        r, s = random.choice(size, 2, replace=False)
        between[[r, s]] = between[[s, r]]
        between[:, [r, s]] = between[:, [s, r]]
        gaps, ways = flow[r] - flow[s], between[s] - between[r]
        change += 2 * (gaps[:, None] - gaps) * (ways[:, None] - ways)
        for u in (r, s):
            change[u] = 2 * ((flow[u] - flow) * (between - between[u])).sum(axis=1)
        np.argmin(change)
    return steps * size * (size - 1) / 2 / (time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--time-limit", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    wanted = set(filter(None, options.only.split(",")))
    print(f"{'case':<10} {'above the best known, per seed':<45} {'bound':>7} {'numba M/s':>9} {'numpy M/s':>9}")
    for path in sorted(options.folder.glob("*.qap")):
        if wanted and path.stem not in wanted:
            continue
        best, flow, way = read(path)
        plans = [solved(problem_of(flow, way), seed, options.time_limit) for seed in range(options.seeds)]
        diagonal = float(flow.diagonal() @ way.diagonal()) if np.ptp(way.diagonal()) == 0 else 0.0
        gaps = [judged(plan, flow, way) / best - 1 for plan in plans]
        bound = (plans[0]["lower_bound_m_per_day"] + diagonal) / best - 1
        rates = compiled_rate(flow, way, 20_000) / 1e6, numpy_rate(flow, way, 300) / 1e6
        shown = " ".join(f"{gap:>8.3%}" for gap in gaps)
        longest = max(plan["seconds"] for plan in plans)
        print(
            f"{path.stem:<10} {shown:<45} {bound:>7.1%} {rates[0]:>9.1f} {rates[1]:>9.2f}  {longest:.1f} s", flush=True
        )


if __name__ == "__main__":
    main()
