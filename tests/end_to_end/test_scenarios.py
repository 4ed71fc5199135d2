"""Every scenario goes through the gateway: it takes the configuration written for it and makes movements of reads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tagdock_simulators.scenarios import SCENARIOS

pytestmark = pytest.mark.slow

PROGRAMS = Path(sys.executable).parent


def run(program: str, *arguments: str | Path) -> str:
    command = [PROGRAMS / program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_gateway_replays_a_scenario_with_the_configuration_written_for_it(name: str, tmp_path: Path) -> None:
    reads, truth, config = tmp_path / "reads.jsonl.gz", tmp_path / "truth.jsonl", tmp_path / "gateway.toml"
    shape = ("--loads", "4", "--tags", "1..5")
    files = ("-o", reads, "--truth", truth, "--gateway-config", config)
    run("tagdock-sim", "record", "--scenario", name, *shape, *files)
    told = {json.loads(line)["epc_hex"] for line in truth.read_text().splitlines()}
    moved = [json.loads(line) for line in run("tagdock-edge", "replay", reads, "--config", config).splitlines()]
    assert moved
    assert {each["epc_hex"] for each in moved} <= told
    assert {each["door"] for each in moved} <= {door.door for door in SCENARIOS[name].geometry()}
