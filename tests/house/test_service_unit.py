"""The gateway's systemd unit: what it starts exists, and it says what the gateway's guide promises."""

import configparser
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
UNIT = REPO / "deploy" / "tagdock-edge.service"
PROGRAM = REPO / ".venv" / "bin" / "tagdock-edge"


@pytest.fixture
def service() -> dict[str, str]:
    parser = configparser.ConfigParser(delimiters=("=",), comment_prefixes=("#",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    parser.read(UNIT)
    return dict(parser["Service"])


def test_every_flag_of_the_command_exists(service: dict[str, str]) -> None:
    program, command, *flags = shlex.split(service["ExecStart"])
    assert Path(program).name == PROGRAM.name
    told = subprocess.run([PROGRAM, command, "--help"], capture_output=True, text=True, check=True).stdout
    assert all(flag in told for flag in flags if flag.startswith("--"))


def test_what_hangs_is_killed_and_a_wrong_configuration_is_not_tried_again(service: dict[str, str]) -> None:
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) >= 10  # three words fit in
    assert service["RestartPreventExitStatus"] == "2"
    assert service["Restart"] == "on-failure"


def test_systemd_understands_it(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze here; apt-get install systemd runs this test")
    text = UNIT.read_text().replace("/opt/tagdock/bin/tagdock-edge run", f"{PROGRAM} run")
    copy = tmp_path / UNIT.name
    copy.write_text(text)
    result = subprocess.run([analyze, "verify", copy], capture_output=True, text=True, check=False, timeout=30)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
