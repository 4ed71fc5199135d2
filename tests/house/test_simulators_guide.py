"""docs/simulators.md tells the truth: its table is the scenarios', its pictures are there, its first commands work."""

import re
import subprocess
from pathlib import Path

import pytest
from tagdock_simulators.scenarios import SCENARIOS, Scenario

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs/simulators.md"
FIRST = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def row(scenario: Scenario) -> str:
    doors = f"{scenario.doors} {scenario.door_kind}{', eyes' if scenario.photo_eyes else ''}"
    tags, speed = (f"{low:g}..{high:g}" for low, high in (scenario.tags, scenario.speed_m_per_s))
    return f"| `{scenario.name}` | {scenario.hard_about} | {doors} | {scenario.loads} | {tags} | {speed} |"


def test_the_table_of_scenarios_is_what_there_is() -> None:
    told = [line for line in GUIDE.read_text().splitlines() if re.match(r"\| `[a-z-]+` \| .* \| \d+ \w+", line)]
    assert told == [row(scenario) for scenario in SCENARIOS.values()]


def test_the_guide_is_short_and_its_pictures_are_light() -> None:
    assert len(GUIDE.read_text().splitlines()) <= 250
    pictures = re.findall(r"!\[[^\]]+\]\((pictures/[^)]+)\)", GUIDE.read_text())
    assert len(pictures) >= 2
    for name in pictures:
        assert (GUIDE.parent / name).stat().st_size < 200_000, name


@pytest.mark.slow
def test_the_first_commands_work_when_pasted(tmp_path: Path) -> None:
    found = FIRST.search(GUIDE.read_text())
    assert found is not None
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", found[1]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {"reads.jsonl", "truth.jsonl", "gateway.toml", "scene.png"} <= {each.name for each in tmp_path.iterdir()}
    assert '"direction"' in done.stdout
