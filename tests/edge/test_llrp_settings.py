"""What an installer writes of an LLRP reader, and what is said to mistakes."""

import tomllib
from pathlib import Path

import pytest
from tagdock_contract import GatewayAddress
from tagdock_edge.config import BrokerConfig
from tagdock_edge.driver import Station
from tagdock_edge.readers.llrp_settings import AntennaSettings, EpcFilter, LlrpSettings, read_settings
from tagdock_edge.tables import Table

STATION = Station("dock-1", Path(), (1, 2), (1,), GatewayAddress("s1", "gw-1"), BrokerConfig("127.0.0.1", 1883), {})


def read(text: str) -> tuple[LlrpSettings, list[str]]:
    problems: list[str] = []
    table = Table(tomllib.loads(text), "reader[0]", problems)
    settings = read_settings(table, STATION)
    table.close()
    return settings, problems


def test_what_is_left_out_has_a_default_and_the_doors_say_which_antennas() -> None:
    settings, problems = read('host = "10.0.0.21"')
    assert problems == []
    assert settings == LlrpSettings("10.0.0.21", antennas=(AntennaSettings(1), AntennaSettings(2)), inputs=(1,))
    assert (settings.session, settings.tag_population, settings.report_every_n_tags) == (0, 32, 1)


def test_what_is_said_of_one_antenna_counts_more_than_what_is_said_of_all() -> None:
    settings, problems = read(
        """
        host = "dock.example"
        power_dbm = 30
        mode = "hybrid"
        session = 1
        tag_population = 200
        search_mode = "tag-focus"
        phase = false
        filters = [{ epc = "3034257" }, { epc = "E2", at_bit = 8 }]
        antennas = [{ antenna = 2, power_dbm = 24.5, mode = 3 }, { antenna = 1, mode = 1002 }]
        """
    )
    assert problems == []
    assert settings.antennas == (AntennaSettings(1, 30.0, 1002), AntennaSettings(2, 24.5, 3))
    assert settings.filters == (EpcFilter("3034257", 0), EpcFilter("E2", 8))
    assert (settings.session, settings.tag_population) == (1, 200)
    assert (settings.search_mode, settings.phase) == ("tag-focus", False)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("power_db = 30", "reader[0].power_db: is not known; did you mean power_dbm?"),
        ("power_dbm = 300", "reader[0].power_dbm: must be dBm from -20 to 40, not 300"),
        ("session = 4", "reader[0].session: must be 0, 1, 2 or 3, not 4"),
        ("tag_population = 0", "reader[0].tag_population: must be tags from 1 to 65535, not 0"),
        ("search_mode = 'dual'", 'reader[0].search_mode: must be "dual-target", "single-target"'),
        ("filters = [{ epc = '30X4' }]", "reader[0].filters[0].epc: must be the first hex digits of EPCs"),
        ("filters = [{ epc = '30', at = 3 }]", "reader[0].filters[0].at: is not known; known here: epc, at_bit"),
        ("antennas = [{ antenna = 3 }]", "reader[0].antennas[0].antenna: 3 is used by no door and no shelf; those of"),
        ("antennas = [{ power_dbm = 3 }]", "reader[0].antennas[0].antenna: is missing; give the antenna's number"),
        ("antennas = [{ antenna = 1 }, { antenna = 1 }]", "reader[0].antennas[1].antenna: 1 was told of before"),
        ("antennas = [1, 2]", "reader[0].antennas[0]: must be a table, not a number"),
    ],
    ids=[
        *("unknown key", "power", "session", "population", "search mode", "filter", "unknown filter key"),
        *("unused antenna", "nameless antenna", "antenna twice", "antennas as numbers"),
    ],
)
def test_a_mistake_is_told_with_its_key_and_the_remedy(line: str, problem: str) -> None:
    _, problems = read(f'host = "10.0.0.21"\n{line}')
    assert problems[0].startswith(problem)


def test_a_reader_that_nothing_uses_is_a_mistake() -> None:
    problems: list[str] = []
    nowhere = Station("dock-1", Path(), (), (), STATION.address, STATION.broker, {})
    read_settings(Table({"host": "10.0.0.21"}, "reader[0]", problems), nowhere)
    assert problems == [
        "reader[0].name: is used by no door and no shelf; name its antennas there, or leave the reader out"
    ]
