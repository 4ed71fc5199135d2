"""Readers whose JSON is told by configuration: a Keonn-like one, one built at home, and what they get wrong."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tagdock_contract import GatewayAddress, InputChange, TagRead
from tagdock_edge.clock import SECOND_US, from_us
from tagdock_edge.config import BrokerConfig
from tagdock_edge.driver import Station
from tagdock_edge.readers.heard import Heard
from tagdock_edge.readers.mapped import Mapped, MappedSettings, read_settings
from tagdock_edge.tables import Table

EPC = "3034257BF7194E4000001A85"
NOW = 1_767_600_000 * SECOND_US

KEONN = """
topic = "keonn/{reader}/events"

[mapping]
array = "events"
when = [{ path = "ctx_type", is = "TAG_READ" }]
epc = "hexEpc"
antenna = { path = "antenna.port", values = { 1 = 1, 2 = 2 } }
rssi = "rssi"
time = { path = "ts", format = "epoch_ms" }

[inputs]
topic = "keonn/{reader}/events"
array = "events"
when = [{ path = "ctx_type", is = "GPI" }]
gpi = "line"
state = { path = "ctx_subtype", values = { LOW_TO_HIGH = true, HIGH_TO_LOW = false } }
time = { path = "ts", format = "epoch_ms" }
"""
HOME = """
topic = "shop/{reader}/{antenna}/tag"
status_topic = "shop/{reader}/LWT"
connect_message = "Online"
mapping = { epc = "$", antenna = { topic = "antenna" }, rssi = { const = -60 } }
"""


def configured(toml: str) -> tuple[MappedSettings, list[str]]:
    problems: list[str] = []
    table = Table(tomllib.loads(toml), "reader[0]", problems)
    address = GatewayAddress("s1", "gw-1")
    station = Station("dock-1", Path(), (1, 2), (), address, BrokerConfig("127.0.0.1", 1883), {})
    settings = read_settings(table, station)
    table.close()
    return settings, problems


def reader(toml: str) -> Mapped:
    settings, problems = configured(toml)
    assert problems == []
    return Mapped("dock-1", settings)


def hear(mapped: Mapped, topic: str, message: Any) -> Heard:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return mapped.hear(topic, payload, NOW)


def test_a_keonn_like_message_gives_reads_and_input_changes() -> None:
    at_ms = NOW // 1000 - 250
    events = [
        {"ctx_type": "TAG_READ", "hexEpc": EPC.lower(), "antenna": {"port": 2}, "rssi": -61, "ts": at_ms},
        {"ctx_type": "GPI", "ctx_subtype": "LOW_TO_HIGH", "line": 1, "ts": at_ms},
        {"ctx_type": "TAG_ALARM"},
    ]
    heard = hear(reader(KEONN), "keonn/dock-1/events", {"device": "adrd", "events": events})
    at = from_us(NOW - 250_000)
    assert heard.records == [TagRead(at, "dock-1", 2, EPC, -61.0), InputChange(at, "dock-1", 1, True)]
    assert (heard.misfits, heard.present) == (0, True)


def test_a_bare_epc_whose_topic_names_the_antenna_is_a_read_at_its_arrival() -> None:
    heard = hear(reader(HOME), "shop/dock-1/7/tag", f'"{EPC}"'.encode())
    assert heard.records == [TagRead(from_us(NOW), "dock-1", 7, EPC, -60.0)]


@pytest.mark.parametrize(
    ("text", "present"), [(b"Online", True), (b"Offline", False), (b"", None)], ids=["up", "down", "cleared"]
)
def test_a_will_tells_whether_the_reader_is_there(text: bytes, present: bool | None) -> None:
    mapped = reader(HOME)
    assert hear(mapped, "shop/dock-1/LWT", text).present is present
    assert mapped.state_topics == ("shop/dock-1/LWT",)


def test_only_reads_with_their_own_time_are_kept_by_the_broker() -> None:
    assert configured(KEONN)[0].line.stored
    assert not configured(HOME)[0].line.stored


def test_each_topic_is_subscribed_once() -> None:
    assert configured(KEONN)[0].line.topics == ("keonn/dock-1/events",)
    assert configured(HOME)[0].line.topics == ("shop/dock-1/+/tag", "shop/dock-1/LWT")


def test_a_wrong_clock_is_corrected_and_told() -> None:
    mapped = reader(KEONN)
    event = {"ctx_type": "TAG_READ", "hexEpc": EPC, "antenna": {"port": 2}, "rssi": -61, "ts": 5_000}
    assert hear(mapped, "keonn/dock-1/events", {"events": [event]}).records[0].at == from_us(NOW)
    assert "set its NTP" in mapped.notes()[0]


@pytest.mark.parametrize(
    ("message", "misfits"),
    [
        ({"events": [{"ctx_type": "TAG_READ", "hexEpc": EPC, "rssi": -61}]}, 1),
        ({"events": [{"ctx_type": "TAG_READ", "hexEpc": EPC, "antenna": {"port": 3}, "rssi": -61}]}, 1),
        ({"events": [{"ctx_type": "TAG_READ", "hexEpc": EPC, "antenna": {"port": 1}, "rssi": 99}]}, 1),
        ({"events": [{"ctx_type": "GPI", "ctx_subtype": "UP", "line": 1}]}, 1),
        (b"\xff\xd8\xff", 1),
        (b"{", 1),
        ({"events": [7] * 100_000}, 0),
        ({"events": None}, 0),
        ([], 0),
    ],
)
def test_what_does_not_fit_is_counted(message: Any, misfits: int) -> None:
    heard = hear(reader(KEONN), "keonn/dock-1/events", message)
    assert heard.records == []
    assert heard.misfits >= misfits


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('topic = "a"', "reader[0].mapping.epc: is missing"),
        (KEONN.replace('rssi = "rssi"', ""), "reader[0].mapping.rssi: is missing"),
        (KEONN.replace("hexEpc", "hex..Epc"), "reader[0].mapping.epc.path: makes no sense"),
        (KEONN.replace('gpi = "line"', 'gip = "line"'), "reader[0].inputs.gip: is not known; did you mean gpi?"),
        (HOME.replace("{antenna}/", "+/"), "reader[0].topic: must not hold + or #"),
        (HOME.replace("{ topic = ", "{ path = "), "reader[0].mapping.topic: level {antenna} is used nowhere here"),
        (HOME.replace('"antenna"', '"port"'), "reader[0].mapping.antenna.topic: 'port' is no named level"),
        (HOME.replace("Online", "x").replace("LWT", "{x}"), "reader[0].status_topic: must name one topic"),
        (HOME.replace("-60", "-300"), "reader[0].mapping.rssi.const: -300 is no rssi"),
    ],
)
def test_each_mistake_names_its_key(toml: str, told: str) -> None:
    _, problems = configured(toml)
    assert any(told in problem for problem in problems), problems


def test_topics_that_a_session_kept_from_former_settings_are_left_out() -> None:
    heard = hear(reader(HOME), "shop/dock-2/7/tag", b"{")
    assert (heard.records, heard.present, heard.misfits) == ([], None, 0)


def test_settings_are_equal_where_their_tables_are_so_that_a_reload_leaves_the_reader_alone() -> None:
    assert configured(KEONN)[0] == configured(KEONN)[0]
    assert configured(KEONN)[0] != configured(KEONN.replace("hexEpc", "epc"))[0]
