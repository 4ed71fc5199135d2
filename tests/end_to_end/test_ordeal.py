"""A short ordeal: two gateways, broker, ingest, database; each killed once, wires cut, the disk filled."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def test_whatever_is_struck_nothing_is_lost_and_nothing_doubled(tmp_path: Path, programs: Path) -> None:
    if shutil.which("mosquitto", path="/usr/bin:/usr/sbin:/usr/local/sbin") is None:
        pytest.skip("no mosquitto here; apt-get install mosquitto runs this test")
    file = tmp_path / "report.json"
    asked = ["--minutes", "0.7", "--speed", "2", "--each", "1", "--seed", "5"]
    command = [str(programs / "tagdock-sim"), "ordeal", *asked]
    done = subprocess.run(
        [*command, "--data", str(tmp_path / "data"), "--report", str(file)],
        check=False,
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert file.exists(), done.stderr
    report: dict[str, Any] = json.loads(file.read_text())
    is_small = "no right to mount" not in done.stderr
    missed = [blow for blow in report["blows"] if not blow["hit"] and (is_small or blow["what"] != "fill")]
    assert missed == []
    kept = dict.fromkeys(("lost", "doubled", "strange", "acked_not_stored", "rebuild_differs"), 0)
    assert {name: report[name] for name in kept} == kept, done.stderr
    assert report["stored"] == report["events"] > 1000
    assert report["acked"] > 0
    assert report["least_stock"] >= 0
