"""A simulated warehouse's recording through the gateway, judged by the truth about its doors."""

import json
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

PROGRAMS = Path(sys.executable).parent
NEAR = timedelta(seconds=10)


def run(*command: str, timeout_s: float = 120.0) -> str:
    program = str(PROGRAMS / command[0])
    done = subprocess.run((program, *command[1:]), capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_gateway_finds_what_passes_the_doors_of_a_warehouse(tmp_path: Path) -> None:
    reads, truth, config = (str(tmp_path / name) for name in ("reads.jsonl.gz", "truth.jsonl", "gateway.toml"))
    files = ("--reads", reads, "--door-truth", truth, "--gateway-config", config)
    told = json.loads(run("tagdock-sim", "warehouse", "--days", "2", "--seed", "5", "--json", *files))
    moved = lines_of(run("tagdock-edge", "replay", reads, "--config", config))
    found = Counter(_verdict(*each) for each in _by_epc(truth, moved))
    passages = found.total() - found["nothing"]
    assert told["crossings"] > 30
    assert passages > told["items_shipped"] * 0.99
    assert found["found"] / passages > 0.85, found  # one tag in ten sits on metal or liquid, in the middle of sixty
    assert found["wrong"] / passages < 0.03, found
    assert found["told of nothing"] == 0, found


def _by_epc(truth: str, moved: list[dict[str, Any]]) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    by_epc: dict[str, list[dict[str, Any]]] = {}
    for each in moved:
        by_epc.setdefault(each.get("epc_hex", ""), []).append(each)
    return [(each, by_epc.get(each["epc_hex"], [])) for each in lines_of(Path(truth).read_text())]


def _verdict(truth: dict[str, Any], told: list[dict[str, Any]]) -> str:
    at = datetime.fromisoformat(truth["at"])
    near = [each for each in told if abs(datetime.fromisoformat(each["observed_at"]) - at) < NEAR]
    if truth.get("nothing"):
        return "told of nothing" if near else "nothing"
    if any((each.get("door"), each["direction"]) == (truth["door"], truth["direction"]) for each in near):
        return "found"
    if not near or any(each["direction"] == "uncertain" for each in near):
        return "uncertain" if near else "missed"
    return "wrong"
