"""The installer's guide: its configuration is taken as it stands, and its tables name all that can be set."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from tagdock_edge.config import JournalConfig, PresenceConfig
from tagdock_edge.config.passage import PassageConfig, Thresholds
from tagdock_edge.config_file import load

GUIDE = (Path(__file__).parents[2] / "docs" / "edge.md").read_text(encoding="utf-8")


def test_the_guides_configuration_is_taken(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "gateway.toml").write_text(text)
    (tmp_path / "ca.crt").write_text("")
    (tmp_path / "password").write_text("secret")
    config = load(tmp_path / "gateway.toml", {})
    assert [reader.name for reader in config.readers] == ["dock-1", "shelf-1", "sensors"]


def named(section: str) -> set[str]:
    """List the keys of a table whose head names the section."""
    lines = GUIDE.split(f"| `[{section}]` |")[1].splitlines()
    rows = lines[2 : lines.index("")]
    return {key for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1])}


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        ("journal", {each.name for each in fields(JournalConfig)}),
        ("presence", {each.name for each in fields(PresenceConfig)}),
        ("passage", {each.name for kind in (PassageConfig, Thresholds) for each in fields(kind)} - {"thresholds"}),
    ],
)
def test_all_that_can_be_set_is_there(section: str, keys: set[str]) -> None:
    assert named(section) == keys
