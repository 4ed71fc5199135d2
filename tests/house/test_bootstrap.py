"""Set-up on a machine that has Python and nothing else: no pip, no ensurepip, no uv."""

import re
import shutil
import subprocess
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A copy of what set-up reads, beside a Python without pip."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/bootstrap.py", tmp_path / "scripts")
    shutil.copy(ROOT / "uv.lock", tmp_path)
    venv.create(tmp_path / "python", with_pip=False, symlinks=True)
    return tmp_path


def set_up(bare: Path) -> subprocess.CompletedProcess[str]:
    command = [bare / "python/bin/python", bare / "scripts/bootstrap.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if "could not be fetched" in done.stderr:
        pytest.skip(f"no network here: {done.stderr.strip()}")
    return done


def test_without_pip_the_locked_uv_is_fetched_and_runs(bare: Path) -> None:
    done = set_up(bare)
    assert done.returncode == 0, done.stderr
    told = subprocess.run([bare / ".venv/bin/uv", "--version"], capture_output=True, text=True, timeout=30, check=True)
    locked = re.search(r'name = "uv"\nversion = "([^"]+)"', (ROOT / "uv.lock").read_text())
    assert locked is not None and told.stdout.split()[1] == locked[1]
    again = set_up(bare)
    assert (again.returncode, again.stderr) == (0, ""), "a second time there is nothing to do"


def test_a_uv_that_does_not_match_the_locks_hash_is_not_installed(bare: Path) -> None:
    lock = bare / "uv.lock"
    before, uv, after = lock.read_text().partition('name = "uv"\n')
    lock.write_text(before + uv + re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", after))
    done = set_up(bare)
    assert done.returncode == 1
    assert "does not match the lock's hash" in done.stderr
    assert not (bare / ".venv/bin/uv").exists()
