"""The examples of docs/many-sites.md run as they stand there."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from tagdock_slotting.cli import main

PAGE = (Path(__file__).parents[2] / "docs/many-sites.md").read_text()
EXAMPLES = dict(re.findall(r"## [\w ]+: `(\w+)`\n\n```json\n(.*?)```", PAGE, re.DOTALL))


@pytest.mark.parametrize("command", ["allocate", "balance", "split", "runs"])
def test_an_example_runs_as_it_stands_in_the_docs(command: str) -> None:
    limit = [] if command in ("balance", "split") else ["--time-limit", "200ms"]
    run = CliRunner().invoke(main, [command, "-", *limit], input=EXAMPLES[command])
    assert run.exit_code == 0, run.stderr
    answer = json.loads(run.stdout)
    assert answer.get("shipped") or answer.get("transfers") or answer.get("shares") or answer.get("runs")
