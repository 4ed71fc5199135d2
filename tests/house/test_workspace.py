"""The workspace keeps its promises: six parts, their licences, what an edge box has to carry."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("contract", "edge", "cloud", "slotting", "dashboards", "simulators")
LICENCES = dict.fromkeys(PARTS, "Apache-2.0") | {"edge": "GPL-3.0-or-later"}
FIRST_WORDS = {"Apache-2.0": "Apache License", "GPL-3.0-or-later": "GNU GENERAL PUBLIC LICENSE"}
EDGE_AT_MOST_MB = 60


def project(part: str) -> dict[str, object]:
    return tomllib.loads((ROOT / part / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize("part", PARTS)
def test_each_part_states_its_licence_and_carries_its_text(part: str) -> None:
    assert project(part)["license"] == LICENCES[part]
    assert FIRST_WORDS[LICENCES[part]] in (ROOT / part / "LICENSE").read_text()[:300]


@pytest.mark.parametrize("part", [part for part in PARTS if part != "edge"])
def test_no_apache_part_depends_on_the_gpl_edge_or_on_sllurp(part: str) -> None:
    declared = {re.split(r"[\[<>=! ]", str(name))[0] for name in project(part)["dependencies"]}  # type: ignore[union-attr]
    assert not declared & {"tagdock-edge", "sllurp"}


def test_an_edge_box_stays_small_and_free_of_server_packages(tmp_path: Path) -> None:
    environment = os.environ | {"UV_PROJECT_ENVIRONMENT": str(tmp_path / "edge"), "UV_LINK_MODE": "copy"}
    command = [
        ROOT / ".venv/bin/uv",
        "sync",
        "--locked",
        "--quiet",
        "--no-editable",
        "--no-dev",
        "--package",
        "tagdock-edge",
    ]
    rebuilt = [
        "--reinstall-package",
        "tagdock-edge",
        "--reinstall-package",
        "tagdock-contract",
    ]  # no wheel of yesterday
    subprocess.run([*command, *rebuilt], cwd=ROOT, env=environment, check=True, timeout=120)
    site_packages = next((tmp_path / "edge").glob("lib/python3*/site-packages"))
    size_mb = sum(file.stat().st_size for file in site_packages.rglob("*") if file.is_file()) / 1e6
    installed = {path.name.split("-")[0].lower() for path in site_packages.glob("*.dist-info")}
    assert size_mb < EDGE_AT_MOST_MB
    assert "tagdock_edge" in installed
    assert not installed & {"ortools", "fastapi", "psycopg", "psycopg_binary", "numpy"}


def test_the_lock_belongs_to_the_parts() -> None:
    subprocess.run([ROOT / ".venv/bin/uv", "lock", "--check", "--quiet"], cwd=ROOT, check=True, timeout=60)
