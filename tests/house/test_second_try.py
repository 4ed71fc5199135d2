"""A test that fails beside others gets one more try, alone; nothing else does, and it is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "try_tests.py"
ONCE = """
from pathlib import Path

def test_once():
    mark = Path(__file__).with_name("mark")
    first = not mark.exists()
    mark.touch()
    assert not first
"""


def tried(folder: Path, **files: str) -> "subprocess.CompletedProcess[str]":
    (folder / "pytest.ini").write_text("[pytest]\n")
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    command = [sys.executable, str(SCRIPT), ".", "-p", "xdist", "-n", "1"]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_who_passes_alone_has_passed_and_is_named(tmp_path: Path) -> None:
    done = tried(tmp_path, once=ONCE, right="def test_right():\n    pass\n")
    assert done.returncode == 0, done.stdout
    assert "passed at the second try only, look at them: test_once.py::test_once" in done.stdout


def test_who_fails_twice_has_failed(tmp_path: Path) -> None:
    done = tried(tmp_path, once=ONCE, wrong="def test_wrong():\n    assert False\n")
    assert done.returncode == 1
    assert "a second try" in done.stdout
    assert "passed at the second try" not in done.stdout


def test_many_get_none(tmp_path: Path) -> None:
    done = tried(tmp_path, **{f"once_{number}": ONCE.replace('"mark"', f'"mark{number}"') for number in range(4)})
    assert done.returncode == 1
    assert "second try" not in done.stdout


@pytest.mark.parametrize("text", ["import nothing_of_that_name\n", "def test_it(:\n"])
def test_what_can_not_be_collected_gets_none(tmp_path: Path, text: str) -> None:
    done = tried(tmp_path, broken=text)
    assert done.returncode not in (0, 5)
    assert "second try" not in done.stdout


def test_whoever_wants_none_gets_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TAGDOCK_SECOND_TRY", "0")
    assert tried(tmp_path, once=ONCE).returncode == 1


def test_a_run_that_is_stuck_is_ended_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TAGDOCK_LONGEST_S", "8")
    done = tried(tmp_path, once=ONCE, stuck="import time\n\ndef test_stuck():\n    time.sleep(100)\n")
    assert done.returncode == 124
    assert "stuck for 8 s" in done.stdout
    assert "second try" not in done.stdout
