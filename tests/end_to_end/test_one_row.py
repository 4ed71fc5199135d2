"""Doors with one row of antennas, from simulated reads to movements: turned, blind, and with photo-eyes."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

PROGRAMS = Path(sys.executable).parent


def run(program: str, *arguments: str | Path) -> str:
    command = [PROGRAMS / program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def outcomes(name: str, folder: Path, *shape: str) -> Counter[tuple[str, str]]:
    """Play a scenario; count (what a tag truly did, what the gateway said of it), `none` where it said nothing."""
    reads, truth, config = folder / "reads.jsonl", folder / "truth.jsonl", folder / "gateway.toml"
    files = ("-o", reads, "--truth", truth, "--gateway-config", config)
    run("tagdock-sim", "record", "--scenario", name, "--seed", "7", "--loads", "16", *shape, *files)
    said: dict[str, list[str]] = {}
    for line in run("tagdock-edge", "replay", reads, "--config", config).splitlines():
        moved = json.loads(line)
        said.setdefault(moved["epc_hex"], []).append(moved["direction"])
    true = [json.loads(line) for line in truth.read_text().splitlines()]
    return Counter((each.get("direction") or "stay", ",".join(said.get(each["epc_hex"], ["none"]))) for each in true)


def share(found: Counter[tuple[str, str]], *pairs: tuple[str, str]) -> float:
    """Return the share of the tags that came in or went out."""
    passed = sum(count for (true, _), count in found.items() if true != "stay")
    return sum(found[pair] for pair in pairs) / passed


RIGHT = ("in", "in"), ("out", "out")


@pytest.mark.parametrize(("name", "least"), [("single-row", 0.96), ("photo-eyes", 0.99), ("conveyor", 0.99)], ids=str)
def test_a_row_that_can_tell_tells_the_way(name: str, least: float, tmp_path: Path) -> None:
    found = outcomes(name, tmp_path)
    assert share(found, *RIGHT) >= least, found
    assert not any("in" in said or "out" in said for true, said in found if true == "stay"), found


def test_a_row_that_cannot_tell_says_so(tmp_path: Path) -> None:
    """No `pass`, which would be silence, and hardly a guess."""
    found = outcomes("blind-row", tmp_path)
    assert share(found, ("in", "uncertain"), ("out", "uncertain")) >= 0.8, found
    assert not any("pass" in said or said == "none" for _, said in found), found


def test_a_turned_row_tells_slow_goods_and_fast_ones(tmp_path: Path) -> None:
    found = outcomes("single-row", tmp_path, "--set", "speed_m_per_s=0.7..3", "--set", "radio.region=FCC")
    assert share(found, *RIGHT) >= 0.96, found
