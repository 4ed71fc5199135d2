"""The guide to readers that speak MQTT: what it shows is taken as it stands, and it names all that can be said."""

import re
import tomllib
from pathlib import Path

import pytest
from tagdock_contract import GatewayAddress
from tagdock_edge.config import BrokerConfig
from tagdock_edge.driver import Station, find_driver
from tagdock_edge.mapping import PHASE_DEG, RSSI_DBM
from tagdock_edge.mapping.epcs import ENCODINGS
from tagdock_edge.mapping.times import FORMATS
from tagdock_edge.tables import Table

GUIDE = (Path(__file__).parents[2] / "docs" / "mqtt-readers.md").read_text()
READERS = [
    reader for text in re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL) for reader in tomllib.loads(text)["reader"]
]


@pytest.mark.parametrize("values", READERS, ids=[reader["driver"] for reader in READERS])
def test_each_reader_that_is_shown_is_taken(values: dict[str, object]) -> None:
    problems: list[str] = []
    table = Table(values, "reader", problems)
    name, driver = table.take("name", str, "a name"), table.take("driver", str, "a driver")
    broker = BrokerConfig("127.0.0.1", 1883)
    find_driver(driver).settings(table, Station(name, Path(), (1, 2), (), GatewayAddress("s1", "gw-1"), broker, {}))
    table.close()
    assert problems == []


@pytest.mark.parametrize("word", [*ENCODINGS, *FORMATS, *RSSI_DBM, *PHASE_DEG])
def test_all_that_a_mapping_can_say_is_there(word: str) -> None:
    assert re.search(rf"(?<![\w-]){re.escape(word)}\b", GUIDE)
