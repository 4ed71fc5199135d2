"""The guide to bin sensors: its tables are taken, and its defaults are those that hold."""

import re
from dataclasses import fields
from pathlib import Path

from tagdock_edge.config.sensor_model import WATCHES, Watch
from tagdock_edge.config_file import load
from tagdock_edge.readers.bin_sensors import BinSensors

GUIDE = (Path(__file__).parents[2] / "docs" / "bin-sensors.md").read_text(encoding="utf-8")


def test_the_guides_tables_are_taken(tmp_path: Path) -> None:
    (toml,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    file = tmp_path / "gateway.toml"
    file.write_text(f'[gateway]\nid = "gw-1"\nsite = "s1"\nbroker = "mqtt://127.0.0.1:1883"\n{toml}')
    settings = [reader.settings for reader in load(file, {}).readers]
    sensors = [sensor for each in settings if isinstance(each, BinSensors) for sensor in each.sensors]
    assert [sensor.bin for sensor in sensors] == ["A-01-1", "A-01-1", "A-01-2", "A-01-3", "A-01-4"]
    assert len({type(sensor.origin) for sensor in sensors}) == 5


def test_the_guides_defaults_are_those_that_hold() -> None:
    rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")] for line in GUIDE.splitlines() if line[:3] == "| `"
    ]
    told = {row[0]: row[1:] for row in rows if len(row) == 9}
    (head,) = [
        re.findall(r"`(\w+)`", line) for line in GUIDE.splitlines() if line.startswith("| quantity |") and "low" in line
    ]
    assert set(head) == {each.name for each in fields(Watch)}
    assert told == {name: [f"{getattr(watch, key):g}" for key in head] for name, watch in WATCHES.items()}
