"""docs/faults.md tells the truth: its table is the injector's, its schedule can be read."""

import re
from pathlib import Path

from tagdock_simulators.faults.kinds import kinds_table
from tagdock_simulators.faults.reading import read_schedule

GUIDE = Path(__file__).resolve().parents[2] / "docs/faults.md"


def test_the_table_is_what_the_command_prints() -> None:
    assert kinds_table() in GUIDE.read_text()


def test_the_example_is_a_schedule() -> None:
    found = re.search(r"^```toml\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    schedule = read_schedule(found[1])
    assert (schedule.seed, len(schedule.faults)) == (7, 2)
