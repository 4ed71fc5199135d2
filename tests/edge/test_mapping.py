"""Mappings: what configuration can say of a JSON message, what it can't, and what hostile messages do."""

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tagdock_edge.mapping import MASS_KG, PHASE_DEG, RSSI_DBM, TEMPERATURE_C, Mapping, Spec, read_mapping
from tagdock_edge.mapping.misfits import MESSAGE_BYTES_AT_MOST, ROWS_AT_MOST
from tagdock_edge.mapping.topics import parse_topic
from tagdock_edge.tables import Table

EPC = "3034257BF7194E4000001A85"
SPECS = (
    Spec("epc", "epc", required=True),
    Spec("antenna", "integer", low=0, high=65535),
    Spec("rssi", "number", units=RSSI_DBM, low=-200, high=50),
    Spec("time", "time"),
    Spec("state", "state"),
    Spec("name", "text"),
)
VALUE = {
    "mass": Spec("value", "number", units=MASS_KG),
    "temperature": Spec("value", "number", units=TEMPERATURE_C),
    "phase": Spec("value", "number", units=PHASE_DEG),
    "rssi": Spec("value", "number", units=RSSI_DBM, low=-200, high=50),
    "whole": Spec("value", "integer", low=0, high=100),
    "state": Spec("value", "state"),
    "time": Spec("value", "time"),
    "epc": Spec("value", "epc"),
    "text": Spec("value", "text"),
}


def compiled(toml: str, specs: tuple[Spec, ...] = SPECS, levels: tuple[str, ...] = ()) -> Mapping:
    mapping, problems = read(toml, specs, levels)
    assert problems == []
    return mapping


def read(toml: str, specs: tuple[Spec, ...] = SPECS, levels: tuple[str, ...] = ()) -> tuple[Mapping, list[str]]:
    problems: list[str] = []
    table = Table(tomllib.loads(toml), "reader[0].mapping", problems)
    return read_mapping(table, specs, levels=levels, known={"reader": "dock-1"}), problems


def one(kind: str, toml: str, raw: Any) -> Any:
    """Map one raw value by one line of configuration; the misfit's text where it does not fit."""
    rows = compiled(f"value = {toml}", (VALUE[kind],)).rows(json.dumps({"x": raw}).encode())
    return rows.rows[0][0] if rows.rows else str(rows.first_misfit)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("tag", {"tag": EPC}),
        ("tag.epc", {"tag": {"epc": EPC}}),
        ("tags[1]", {"tags": [None, EPC]}),
        ("$.tag", {"tag": EPC}),
        ("$[0].tag", [{"tag": EPC}]),
        ("[1]", [["reader", EPC]]),
        ('\\"odd.key [0]\\".epc', {"odd.key [0]": {"epc": EPC}}),
        ("'it is'.DS18B20-1", {"it is": {"DS18B20-1": EPC}}),
        ("$", EPC),
    ],
)
def test_paths_find_values(path: str, message: Any) -> None:
    assert compiled(f'epc = "{path}"').rows(json.dumps(message).encode()).rows[0][0] == EPC


@pytest.mark.parametrize(
    "path",
    ["", ".", "a.", ".a", "a..b", "a[", "a[-1]", "a[x]", "a[0]b", "a b", '\\"\\"', "a" * 257, ".".join("a" * 17)],
)
def test_a_wrong_path_is_named(path: str) -> None:
    _, problems = read(f'epc = "{path}"')
    assert len(problems) == 1
    assert problems[0].startswith("reader[0].mapping.epc.path: ")


@pytest.mark.parametrize(
    ("kind", "toml", "raw", "value"),
    [
        ("rssi", '"x"', -52, -52.0),
        ("rssi", '"x"', "-52.5", -52.5),
        ("rssi", '{ path = "x", unit = "cdBm" }', -5230, -52.3),
        ("rssi", '{ path = "x", unit = "ddBm" }', -523, -52.3),
        ("rssi", '{ path = "x", unit = "-dBm" }', 52.5, -52.5),
        ("rssi", '{ path = "x", scale = 0.5, offset = -129 }', 120, -69.0),
        ("mass", '{ path = "x", unit = "g" }', 1250, 1.25),
        ("mass", '{ path = "x", unit = "lb" }', 10, pytest.approx(4.5359237)),
        ("mass", '{ path = "x", unit = "g", scale = 10, offset = -500 }', 150, 1.0),
        ("temperature", '{ path = "x", unit = "F" }', 68, pytest.approx(20.0)),
        ("temperature", '{ path = "x", unit = "K" }', 273.15, 0.0),
        ("phase", '{ path = "x", unit = "rad" }', 3.141592653589793, 180.0),
        ("whole", '{ path = "x", offset = 1 }', 0, 1),
        ("whole", '{ path = "x", values = { north = 1, south = 2 } }', "south", 2),
        ("whole", '{ path = "x", values = { 3 = 7 } }', 3, 7),
        ("whole", "{ const = 5 }", None, 5),
        ("state", '"x"', "HIGH", True),
        ("state", '"x"', 0, False),
        ("state", '{ path = "x", values = { HIGH = false, LOW = true } }', "LOW", True),
        ("state", '{ path = "x", values = { true = false, false = true } }', True, False),
        ("text", '"x"', 17, "17"),
        ("epc", '"x"', EPC.lower(), EPC),
        ("epc", '"x"', "0x" + EPC, EPC),
        ("epc", '"x"', "30-34-25-7b", "3034257B"),
        ("epc", '{ path = "x", encoding = "base64" }', "MDQle_cZTkAAABqF", EPC),
        ("epc", '{ path = "x", encoding = "base64" }', "MDQle/cZTkAAABqF", EPC),
        ("epc", '{ path = "x", encoding = "base64" }', "4oA=", "E280"),
        ("epc", '{ path = "x", encoding = "base64" }', "4oA", "E280"),
        ("epc", '{ path = "x", encoding = "uri" }', f"urn:epc:raw:96.x{EPC}", EPC),
        ("time", '"x"', "2026-01-05T08:00:00.25Z", 1767600000250000),
        ("time", '"x"', "2026-01-05T09:00:00.250+0100", 1767600000250000),
        ("time", '"x"', "2026-01-05T08:00:00.123456789Z", 1767600000123456),
        ("time", '{ path = "x", offset = "+01:00" }', "2026-01-05 09:00:00.25", 1767600000250000),
        ("time", '{ path = "x", format = "epoch_s" }', 1767600000.25, 1767600000250000),
        ("time", '{ path = "x", format = "epoch_s" }', "1767600000", 1767600000000000),
        ("time", '{ path = "x", format = "epoch_ms" }', 1767600000250, 1767600000250000),
        ("time", '{ path = "x", format = "epoch_us" }', 1767600000250001, 1767600000250001),
        ("time", '{ path = "x", format = "epoch_ns" }', 1767600000250001999, 1767600000250001),
        ("time", '{ path = "x", format = "%d.%m.%y %H:%M", offset = "-05:30" }', "05.01.26 02:30", 1767600000000000),
        ("time", '{ path = "x", format = "epoch_s" }', 12.0, 12000000),
    ],
)
def test_values_are_converted(kind: str, toml: str, raw: Any, value: Any) -> None:
    assert one(kind, toml, raw) == value


@pytest.mark.parametrize(
    ("kind", "toml", "raw"),
    [
        ("rssi", '"x"', True),
        ("rssi", '"x"', "-52 dBm"),
        ("rssi", '"x"', "nan"),
        ("rssi", '"x"', "1_0"),
        ("rssi", '"x"', "9" * 33),
        ("rssi", '"x"', {"deep": 1}),
        ("rssi", '"x"', [1]),
        ("rssi", '"x"', 51),
        ("rssi", '"x"', 1e308),
        ("whole", '"x"', -1),
        ("whole", '"x"', 101),
        ("whole", '"x"', 1.5),
        ("whole", '{ path = "x", values = { north = 1 } }', "west"),
        ("state", '"x"', "maybe"),
        ("state", '"x"', 2),
        ("state", '"x"', 1.0),
        ("text", '"x"', "a" * 257),
        ("text", '"x"', ""),
        ("epc", '"x"', EPC[:-1]),
        ("epc", '"x"', ""),
        ("epc", '"x"', "00" * 63),
        ("epc", '"x"', "zz"),
        ("epc", '"x"', 3034),
        ("epc", '"x"', ["30"]),
        ("epc", '"x"', "３０"),
        ("epc", '{ path = "x", encoding = "base64" }', "MDQ*"),
        ("epc", '{ path = "x", encoding = "base64" }', "é"),
        ("epc", '{ path = "x", encoding = "base64" }', ""),
        ("epc", '{ path = "x", encoding = "uri" }', "urn:epc:raw:95.x3034"),
        ("time", '"x"', "yesterday"),
        ("time", '"x"', "2026-01-05"),
        ("time", '"x"', "2026-01-05T08:00:00"),
        ("time", '"x"', 1767600000),
        ("time", '{ path = "x", format = "epoch_ms" }', -1),
        ("time", '{ path = "x", format = "epoch_ms" }', 1e300),
        ("time", '{ path = "x", format = "epoch_s" }', "12:00"),
        ("time", '{ path = "x", format = "epoch_s" }', True),
        ("time", '{ path = "x", format = "epoch_s" }', "1" * 5000),
    ],
)
def test_what_does_not_fit_is_told(kind: str, toml: str, raw: Any) -> None:
    told = one(kind, toml, raw)
    assert isinstance(told, str)
    assert told.startswith("value: ")
    assert len(told) < 200


def test_rows_come_from_an_array_and_look_back_at_the_message() -> None:
    mapping = compiled('array = "data.reads"\nepc = "tag"\nname = "$.device"\nantenna = { path = "ant", offset = 1 }')
    message = {"device": "dock-1", "data": {"reads": [{"tag": EPC, "ant": 0}, {"tag": "E280"}]}}
    found = mapping.rows(json.dumps(message).encode())
    assert [(row[0], row[1], row[5]) for row in found.rows] == [(EPC, 1, "dock-1"), ("E280", None, "dock-1")]


@pytest.mark.parametrize("message", [{"tag": EPC}, [{"tag": EPC}]], ids=["alone", "in a bare array"])
def test_one_or_many_need_no_second_mapping(message: Any) -> None:
    assert len(compiled('epc = "tag"').rows(json.dumps(message).encode()).rows) == 1


@pytest.mark.parametrize(
    ("condition", "message", "taken"),
    [
        ('{ path = "t", is = "read" }', {"t": "read"}, True),
        ('{ path = "t", is = "read" }', {"t": "gone"}, False),
        ('{ path = "t", is = ["a", "b"] }', {"t": "b"}, True),
        ('{ path = "t", is = 1 }', {"t": True}, False),
        ('{ path = "t", is = true }', {"t": 1}, False),
        ('{ path = "t", is_not = "gone" }', {}, True),
        ('{ path = "t", is_not = ["gone", "lost"] }', {"t": "lost"}, False),
        ('{ path = "t", exists = true }', {}, False),
        ('{ path = "t", exists = false }', {"t": None}, True),
        ('{ path = "t", is = "{reader}" }', {"t": "dock-1"}, True),
        ('{ path = "t", is = "{reader}" }', {"t": "dock-2"}, False),
        ('{ path = "t", is = "a" }', {"t": ["a"]}, False),
    ],
)
def test_conditions_say_what_counts(condition: str, message: dict[str, Any], taken: bool) -> None:
    found = compiled(f'epc = "e"\nwhen = [{condition}]').rows(json.dumps({"e": EPC, **message}).encode())
    assert (len(found.rows), found.ignored, found.misfits) == ((1, 0, 0) if taken else (0, 1, 0))


def test_the_topic_gives_values() -> None:
    topic = parse_topic("shop/{reader}/{antenna}/tags", {"reader": "dock-1"})
    assert topic.filter == "shop/dock-1/+/tags"
    mapping = compiled('epc = "$"\nantenna = { topic = "antenna" }', levels=("antenna",))
    assert mapping.rows(f'"{EPC}"'.encode(), topic.levels("shop/dock-1/3/tags")).rows[0][1] == 3


@pytest.mark.parametrize(
    "topic", ["", "a/+/b", "a/#", "a/{x}y", "a/{x}/{x}", "a/{X}", "a\0b", "a" * 513, "/".join("a" * 33)]
)
def test_a_wrong_topic_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match=r"must|stands alone|same name"):
        parse_topic(topic, {})


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('antenna = "a"', "mapping.epc: is missing"),
        ("epc = 5", "mapping.epc: must be where epc is"),
        ('epc = { path = "a", const = "30" }', "mapping.epc.path: and const exclude each other"),
        ('epc = { path = "a", topic = "b" }', "mapping.epc.path: and topic exclude each other"),
        ("epc = {}", "mapping.epc.path: is missing"),
        ('epc = { topic = "b" }', "mapping.epc.topic: 'b' is no named level"),
        ('epc = { path = "a", encoding = "base32" }', 'mapping.epc.encoding: must be "hex", "base64" or "uri"'),
        ('epc = { const = "zz" }', "mapping.epc.const: 'zz' is no epc"),
        ('epc = "a"\nrssi = { path = "r", unit = "W" }', 'mapping.rssi.unit: must be one of "dBm"'),
        ('epc = "a"\nrssi = { path = "r", scale = 0 }', "mapping.rssi.scale: must be a finite number"),
        ('epc = "a"\nrssi = { path = "r", offset = nan }', "mapping.rssi.offset: must be a finite number"),
        ('epc = "a"\nrssi = { const = 99 }', "mapping.rssi.const: 99 is no rssi"),
        ('epc = "a"\nantenna = { path = "r", values = { a = "b" } }', "mapping.antenna.values: must be a table"),
        ('epc = "a"\ntime = { path = "t", format = "unix" }', "mapping.time.format: must be one of iso"),
        ('epc = "a"\ntime = { path = "t", format = "epoch_s", offset = "Z" }', "mapping.time.format: counts from 1970"),
        ('epc = "a"\ntime = { path = "t", offset = "CET" }', "mapping.time.offset: must be an offset"),
        ('epc = "a"\ntime = { path = "t", format = "%H:%M", offset = "Z" }', "mapping.time.format: does not hold"),
        ('epc = "a"\ntime = { path = "t", format = "%Y-%m-%d %H:%M" }', "mapping.time.format: names no offset"),
        ('epc = "a"\narray = "b..c"', "mapping.array: makes no sense"),
        ('epc = "a"\nrsi = "r"', "mapping.rsi: is not known; did you mean rssi?"),
        ('epc = "a"\nwhen = [{ path = "t" }]', "mapping.when[0].is: is missing"),
        ('epc = "a"\nwhen = [{ path = "t", is = { a = 1 } }]', "mapping.when[0].is: must be a text"),
        ('epc = "a"\nwhen = [' + '{ path = "t", is = 1 },' * 17 + "]", "mapping.when: has 17 conditions"),
    ],
)
def test_each_mistake_names_its_key(toml: str, told: str) -> None:
    _, problems = read(toml)
    assert any(told in problem for problem in problems), problems


def test_a_level_that_nobody_uses_is_refused() -> None:
    _, problems = read('epc = "a"', levels=("line",))
    assert problems == [
        "reader[0].mapping.topic: level {line} is used nowhere here, so many senders would be mixed; use it"
    ]


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (b"", "is no JSON"),
        (b"\x00\x01\xff", "is no JSON"),
        (b'{"tag": "\xff"}', "is no JSON"),
        (b'{"tag": NaN}', "is no JSON"),
        (b'{"tag": 1e999}', "is no JSON"),
        (b"9" * 5000, "is no JSON"),
        (b'{"tag": "30"', "is no JSON"),
        (b'{"tag": "\\ud800"}', "is no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "nested too deeply"),
        (b" " * (MESSAGE_BYTES_AT_MOST + 1), "at most"),
    ],
    ids=range(11),
)
def test_a_hostile_message_is_one_misfit(payload: bytes, told: str) -> None:
    found = compiled('epc = "tag"').rows(payload)
    assert (found.rows, found.misfits) == ([], 1)
    assert told in str(found.first_misfit)


def test_of_too_many_rows_the_first_are_taken_and_the_rest_counted() -> None:
    found = compiled('epc = "e"').rows(b"[" + b",".join([b'{"e":"30"}'] * 90_000) + b"]")
    assert (len(found.rows), found.misfits) == (ROWS_AT_MOST, 90_000 - ROWS_AT_MOST)


def test_a_wrong_row_leaves_the_others_alone() -> None:
    found = compiled('epc = "e"').rows(b'[{"e":"30"},{"e":"3"},7,null,{"e":"31"}]')
    assert ([row[0] for row in found.rows], found.misfits) == (["30", "31"], 3)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["e", "a", "r", "t", "d"]), inner),
    max_leaves=20,
)


@settings(max_examples=50)
@given(JSON)
def test_no_message_raises(message: Any) -> None:
    mapping = compiled(
        'array = "d"\nepc = "e"\nantenna = { path = "a", values = { x = 1 } }\nrssi = "r"\n'
        'time = { path = "t", format = "epoch_ms" }\nstate = "$.a"\nname = "$.e"\n'
        'when = [{ path = "t", is_not = [1, "a"] }]'
    )
    found = mapping.rows(json.dumps(message).encode())
    assert all(isinstance(row[0], str) for row in found.rows)


@given(st.binary(max_size=64))
def test_no_bytes_raise(payload: bytes) -> None:
    compiled('epc = "$"').rows(payload)
