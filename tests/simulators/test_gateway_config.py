"""The gateway's configuration is TOML that names every door's reader."""

import tomllib
from typing import Any

import pytest
from tagdock_simulators.doors import two_row
from tagdock_simulators.gateway_config import gateway_file, gateway_toml
from tagdock_simulators.mqtt_readers.gateway_reader import reader_toml
from tagdock_simulators.mqtt_readers.kinds import KINDS, Wishes


def test_the_configuration_has_the_shape_of_the_design() -> None:
    doors = [two_row("D1", "dock-1"), two_row("D2", "dock-2", first_port=3)]
    read = tomllib.loads(gateway_toml("demo", "gw-1", "mqtt://127.0.0.1:1883", doors, {"dock-1": 5084, "dock-2": 5085}))
    assert read["gateway"] == {"id": "gw-1", "site": "demo", "broker": "mqtt://127.0.0.1:1883"}
    assert [(r["name"], r["driver"], r["host"], r["port"]) for r in read["reader"]] == [
        ("dock-1", "llrp", "127.0.0.1", 5084),
        ("dock-2", "llrp", "127.0.0.1", 5085),
    ]
    assert read["door"][1] == {
        "name": "D2",
        "antennas": [
            {"reader": "dock-2", "antenna": 3, "side": "outside"},
            {"reader": "dock-2", "antenna": 4, "side": "inside"},
        ],
    }


def test_names_and_addresses_are_written_as_strings_whatever_they_hold() -> None:
    read = tomllib.loads(gateway_toml("demo", "gw-1", 'mqtt://h:1883/"\n', [], {}))
    assert read["gateway"]["broker"] == 'mqtt://h:1883/"\n'


def test_a_reader_of_several_doors_is_named_once_and_photo_eyes_by_their_inputs() -> None:
    doors = [two_row("D1", "dock-1", eyes=True), two_row("D2", "dock-1", first_port=3, eyes=True, first_gpi=3)]
    read = tomllib.loads(gateway_toml("demo", "gw-1", "mqtt://127.0.0.1:1883", doors, {"dock-1": 5084}))
    assert [reader["name"] for reader in read["reader"]] == ["dock-1"]
    assert [door["photo_eyes"] for door in read["door"]] == [
        {"reader": "dock-1", "outside_gpi": 1, "inside_gpi": 2},
        {"reader": "dock-1", "outside_gpi": 3, "inside_gpi": 4},
    ]


@pytest.mark.parametrize(
    ("kind", "topic", "keys"),
    [
        ("impinj", None, {"topic": "impinj/dock-1/events", "status_topic": "impinj/dock-1/status"}),
        ("impinj", "x/$reader", {"topic": "x/dock-1", "status_topic": "x/dock-1/status"}),
        ("zebra", None, {"topic": "zebra/dock-1/data", "events_topic": "zebra/dock-1/events", "silent_after_s": 150.0}),
        ("mapped", None, {"topic": "warehouse/dock-1/reads"}),
    ],
)
def test_readers_behind_a_broker_are_told_by_their_topics(kind: str, topic: str | None, keys: dict[str, Any]) -> None:
    section = reader_toml(KINDS[kind]("dock-1", Wishes(topic=topic)))
    read = tomllib.loads(gateway_file("lab", "gw-1", "mqtt://h:1883", [two_row("D1", "dock-1")], [section]))
    (reader,) = read["reader"]
    assert {key: reader[key] for key in ("name", "driver", *keys)} == {"name": "dock-1", "driver": kind, **keys}


def test_a_mapped_reader_brings_its_mapping() -> None:
    (reader,) = tomllib.loads(reader_toml(KINDS["mapped"]("dock-1", Wishes())))["reader"]
    assert reader["mapping"]["antenna"] == {"path": "ant", "offset": 1}
    assert reader["inputs"]["topic"] == "warehouse/dock-1/inputs"


def test_a_shape_of_ones_own_needs_a_mapping_of_ones_own() -> None:
    mapped = KINDS["mapped"]("dock-1", Wishes(shape="[message]\n[read]\nid = '$epc'\n"))
    with pytest.raises(ValueError, match=r"write \[reader.mapping\]"):
        reader_toml(mapped)
