"""Scenes of the second model of doors and radio: the same every time, and what the gateway makes of a clean one."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tagdock_contract import TagRead, decode_record
from tagdock_edge.clock import to_us
from tagdock_edge.config_file import load
from tagdock_edge.fitting import Claim, Tally, judge_claims, read_truth
from tagdock_edge.fitting.judging import ReadTimes
from tagdock_edge.pipeline import replay

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FILES = ("reads.jsonl", "truth.jsonl", "gateway.toml")


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[[str, int], dict[str, Path]]:
    def record(name: str, seed: int) -> dict[str, Path]:
        folder = tmp_path / f"{name}-{seed}-{len([*tmp_path.iterdir()])}"
        folder.mkdir()
        reads, truth, config = paths = [folder / file for file in FILES]
        arguments = [name, "--seed", str(seed), "-o", reads, "--truth", truth, "--gateway-config", config]
        command = [sys.executable, BENCHMARKS / "edge_scenes.py", *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        return dict(zip(FILES, paths, strict=True))

    return record


def test_a_seed_gives_the_same_scene(recorded: Callable[[str, int], dict[str, Path]]) -> None:
    runs = [recorded("other-single-row-eyes", seed) for seed in (7, 7, 8)]
    first, again, other = ([path.read_bytes() for path in files.values()] for files in runs)
    assert first == again
    assert first[0] != other[0]
    assert any("gpi" in json.loads(line) for line in first[0].splitlines())


def test_a_clean_door_of_another_radio_is_told_right(recorded: Callable[[str, int], dict[str, Path]]) -> None:
    files = recorded("other-clean", 1)
    records = [decode_record(line) for line in files["reads.jsonl"].read_bytes().splitlines()]
    truths = [*read_truth(files["truth.jsonl"].read_bytes().splitlines(), "truth")]
    reads = ReadTimes(truths)
    for record in records:
        if isinstance(record, TagRead):
            reads.add(record.epc, to_us(record.at))
    claims = [
        Claim(each.epc_hex, str(each.door), each.direction, to_us(each.observed_at))
        for each in replay(records, load(files["gateway.toml"], {}))
    ]
    tally = Tally.total(one.tally for one in judge_claims(truths, claims, reads))
    assert tally.read > 500
    assert tally.recall > 0.99
    assert tally.precision > 0.99
