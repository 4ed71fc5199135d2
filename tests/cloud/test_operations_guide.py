"""docs/operations.md is true: its commands and options exist, its drill is run, its limits are those of the code."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tagdock_cloud.store import migrate

GUIDE = (Path(__file__).resolve().parents[2] / "docs/operations.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
COMMANDS = sorted(
    {
        line.partition("#")[0].strip()
        for block in BLOCKS
        for line in block.splitlines()
        if line.startswith("tagdock-cloud")
    }
)


def run(words: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TAGDOCK_")}
    return subprocess.run(
        [sys.executable, "-m", "tagdock_cloud", *words],
        env={**inherited, **environment}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("command", sorted({line.split()[1] for line in COMMANDS}))
def test_every_command_of_the_guide_knows_the_options_it_is_given(command: str) -> None:
    told = run([command, "--help"])
    assert told.returncode == 0
    given = {word for line in COMMANDS if line.split()[1] == command for word in line.split() if word.startswith("--")}
    assert given <= set(re.findall(r"--[a-z-]+", told.stdout))


def test_the_drill_of_the_guide_gives_back_what_was_there(
    database: str, empty_database: str, sql: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql("insert into sites (site) values ('s1')")
    sql("""insert into items (epc, site, state, since, registered_at, registered_site, registered_bin, bin)
           values ('urn:epc:id:sgtin:9521234.012345.1', 's1', 'sellable_accessible', now(), now(), 's1', 'B1', 'B1')""")
    (drill,) = [block for block in BLOCKS if "drill.zip" in block]
    monkeypatch.chdir(tmp_path)
    for line in drill.splitlines():
        words = shlex.split(line.replace('"$LIVE"', database).replace('"$DRILL"', empty_database), comments=True)
        if words[0] == "tagdock-cloud":
            done = run(words[1:])
            assert done.returncode == 0, done.stderr
    with psycopg.connect(empty_database) as there, psycopg.connect(database) as here:
        for view in ("items_v1", "stock_v1", "sites_v1"):
            question = (
                f"select site from {view}" if view != "items_v1" else "select epc, site, bin, state from items_v1"
            )
            assert there.execute(question).fetchall() == here.execute(question).fetchall()


def test_the_waits_of_a_migration_are_those_that_the_guide_names() -> None:
    assert "waits two seconds at most for a lock" in GUIDE
    assert migrate._STEP_LOCK_TIMEOUT_S == 2.0
    assert "tries again for ten minutes" in GUIDE
    assert migrate._GIVE_UP_S == 600.0


def test_what_the_guide_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (Path(__file__).resolve().parents[2] / "docs" / target).exists(), target
