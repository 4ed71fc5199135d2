"""Shelves in the configuration: what is taken, and what each mistake is told."""

from pathlib import Path

import pytest
from tagdock_edge.config import GatewayConfig, PresenceConfig, ShelfAntenna, ShelfConfig
from tagdock_edge.config_file import load
from tagdock_edge.errors import ConfigError
from tagdock_edge.readers.llrp_settings import LlrpSettings

SHELF = """
[gateway]
id = "gw-1"
site = "hangzhou-1"
broker = "mqtt://127.0.0.1:1884"

[[reader]]
name = "shelf-1"
driver = "llrp"
host = "10.0.0.21"

[[shelf]]
bin = "A-01-1"
antennas = [{ reader = "shelf-1", antenna = 3 }, { reader = "shelf-1", antenna = 4 }]
"""
DOOR = """
[[door]]
name = "D1"
antennas = [{ reader = "shelf-1", antenna = 1, side = "outside" }, { reader = "shelf-1", antenna = 2, side = "inside" }]
"""


def loaded(folder: Path, text: str) -> GatewayConfig:
    file = folder / "gateway.toml"
    file.write_text(text)
    return load(file, {})


def test_a_gateway_may_serve_shelves_alone(tmp_path: Path) -> None:
    config = loaded(tmp_path, SHELF)
    assert config.shelves == (ShelfConfig("A-01-1", (ShelfAntenna("shelf-1", 3), ShelfAntenna("shelf-1", 4))),)
    assert config.presence == PresenceConfig(6.0, 0.5, -8.0, 600.0), "what EdgeX documents"


def test_a_reader_hears_of_the_antennas_that_doors_and_shelves_use(tmp_path: Path) -> None:
    settings = loaded(tmp_path, SHELF + DOOR).readers[0].settings
    assert isinstance(settings, LlrpSettings)
    assert [each.antenna for each in settings.antennas] == [1, 2, 3, 4]


def test_the_rule_can_be_set(tmp_path: Path) -> None:
    rule = "[presence]\nthreshold_db = 3\nholdoff_s = 60\nslope_db_per_s = -0.5\ndeparted_after_s = 30\n"
    assert loaded(tmp_path, SHELF + rule).presence == PresenceConfig(3.0, 60.0, -0.5, 30.0)


MISTAKES = {
    "no bin": ('bin = "A-01-1"', "", "shelf[0].bin: is missing; give"),
    "misspelt": ("bin =", "bim =", "shelf[0].bim: is not known; did you mean bin?"),
    "no antennas": ("antennas = [{ reader", "antennae = [{ reader", "shelf[0].antennas: is empty; give { reader ="),
    "a side": ("antenna = 3 }", 'antenna = 3, side = "inside" }', "shelf[0].antennas[0].side: is not known"),
    "unknown reader": (
        '{ reader = "shelf-1", antenna = 4 }',
        '{ reader = "shelf-2", antenna = 4 }',
        "shelf[0].antennas[1].reader: 'shelf-2' is no [[reader]]; there is shelf-1",
    ),
    "twice in a shelf": (
        "antenna = 4",
        "antenna = 3",
        "shelf[0].antennas[1]: antenna 3 of shelf-1 belongs to shelf[0]",
    ),
    "a door's and a shelf's": (
        "antenna = 3",
        "antenna = 2",
        "shelf[0].antennas[0]: antenna 2 of shelf-1 belongs to door[0].antennas[1] already",
    ),
    "a bin twice": (
        "[[door]]",
        '[[shelf]]\nbin = "A-01-1"\nantennas = [{ reader = "shelf-1", antenna = 5 }]\n[[door]]',
        "shelf[1].bin: 'A-01-1' is taken by shelf[0]",
    ),
    "a rising slope": (
        "[[door]]",
        "[presence]\nslope_db_per_s = 8\n[[door]]",
        "presence.slope_db_per_s: must be decibels a second from -1000 to 0, not 8",
    ),
}


@pytest.mark.parametrize(("found", "instead", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_names_its_key_and_the_remedy(tmp_path: Path, found: str, instead: str, told: str) -> None:
    text = SHELF + DOOR
    assert found in text
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text.replace(found, instead))
    assert any(f"gateway.toml: {told}" in problem for problem in caught.value.problems), caught.value.problems


def test_without_doors_and_shelves_there_is_nothing_to_serve(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, SHELF.split("[[shelf]]", maxsplit=1)[0])
    assert any(
        "door: is missing; the gateway needs one [[door]] or [[shelf]] at least" in p for p in caught.value.problems
    )
