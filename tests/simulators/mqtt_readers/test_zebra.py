"""Zebra's events, commands and answers, against the documented fields and captures of real readers."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tagdock_simulators.mqtt_readers.messages import (
    SILENCE,
    AntennaChanged,
    Beat,
    Command,
    Connected,
    Delivery,
    InventoryChanged,
    Leaving,
    Purged,
)
from tagdock_simulators.mqtt_readers.tagmemory import crc_of, pc_of, tid_of
from tagdock_simulators.mqtt_readers.zebra import METADATA, MODES, Mode, Zebra

SCHEMAS = {
    name: Draft202012Validator(json.loads((Path(__file__).parent / "schemas" / f"zebra_{name}.json").read_text()))
    for name in ("tag", "management", "response")
}
LONG = json.dumps({"command": "stop", "command_id": "1", "payload": "x" * 70_000}).encode()
NOW_NS = 1_767_600_000_944_189_383
READER = Zebra("dock-1", "data", "events", "ctrl/cmd", "ctrl/res")


def told(schema: str, payload: bytes) -> Any:
    message = json.loads(payload)
    SCHEMAS[schema].validate(message)
    return message


@pytest.mark.parametrize(
    ("mode", "fields"),
    [
        ("SIMPLE", {"eventNum", "format", "idHex"}),
        ("CUSTOM", {"eventNum", "format", "idHex"}),
        ("PORTAL", {"antenna", "eventNum", "format", "idHex"}),
        ("CONVEYOR", {"antenna", "eventNum", "format", "idHex"}),
        ("INVENTORY", {"antenna", "eventNum", "format", "idHex", "peakRssi", "reads"}),
    ],
)
def test_each_mode_reports_what_it_reports_unasked(mode: Mode, fields: set[str], mq: SimpleNamespace) -> None:
    event = told("tag", Zebra("dock-1", "d", "e", mode=mode).event(mq.read(), 1, NOW_NS))
    assert set(event["data"]) == fields
    assert event["type"] == mode


def test_every_field_has_its_documented_form_and_unit(mq: SimpleNamespace) -> None:
    reader = Zebra("dock-1", "data", "events", mode="CUSTOM", metadata=METADATA)
    record = mq.read(1, epc="E2806894000040017790E471", rssi_dbm=-37.4, count=3)
    event = told("tag", reader.event(record, 4828, NOW_NS))
    assert event == {
        "data": {
            "CRC": "f3b3",
            "PC": "3000",
            "TID": tid_of("E2806894000040017790E471").lower(),
            "USER": "Error: tag returned error code 0x03 = Memory overrun",
            "antenna": 2,
            "channel": 866.3,
            "eventNum": 4828,
            "format": "epc",
            "idHex": "e2806894000040017790e471",
            "peakRssi": -37,
            "phase": 123.4,
            "reads": 3,
        },
        "timestamp": "2026-01-05T08:00:00.124+0000",
        "type": "CUSTOM",
    }


def test_keys_stand_in_alphabetical_order_as_readers_write_them(mq: SimpleNamespace) -> None:
    reader = Zebra("dock-1", "d", "e", metadata=METADATA)
    for payload in (reader.event(mq.read(), 1, NOW_NS), *(m.payload for m in reader.tell(Beat(), NOW_NS).messages)):
        assert payload == json.dumps(json.loads(payload), sort_keys=True, separators=(",", ":")).encode()


def test_phase_and_channel_are_missing_when_not_every_read_is_reported(mq: SimpleNamespace) -> None:
    reader = Zebra("dock-1", "d", "e", metadata=("PHASE", "CHANNEL", "RSSI"), delivery=Delivery(repeat_s=1.0))
    assert set(json.loads(reader.event(mq.read(), 1, NOW_NS))["data"]) == {"eventNum", "format", "idHex", "peakRssi"}


@pytest.mark.parametrize(("state", "text"), [(True, "HIGH"), (False, "LOW")])
def test_an_input_change_is_a_management_event(state: bool, text: str, mq: SimpleNamespace) -> None:
    change = mq.change(state, gpi=2)
    assert READER.topic(change) == "events"
    event = told("management", READER.event(change, 9, NOW_NS))
    assert (event["type"], event["data"], event["eventNum"]) == ("gpi", {"pin": 2, "state": text}, 9)


def test_the_heartbeat_tells_what_the_reader_counted() -> None:
    beat = Beat(7, 3725.0, False, 100, 90, 6, 4, {1: 60, 2: 40}, {1: True})
    (message,) = READER.tell(beat, NOW_NS).messages
    event = told("management", message.payload)
    radio, gateway = event["data"]["radio_control"], event["data"]["reader_gateway"]
    assert message.topic == "events"
    assert radio["radioActivity"] == "inactive"
    assert radio["antennas"] == {"1": "connected", "2": "connected", "3": "disconnected", "4": "disconnected"}
    assert radio["numTagReadsPerAntenna"] == {"1": 60, "2": 40, "3": 0, "4": 0}
    assert radio["uptime"] == "01:02:05"
    (path,) = gateway["dataPathStatistics"]
    assert (path["numDataMessagesDropped"], path["numDataMessagesRetained"]) == (4, 6)
    assert event["data"]["system"]["GPI"]["1"] == "HIGH"


@pytest.mark.parametrize(
    ("command", "response", "running"),
    [
        ("start", "success", True),
        ("stop", "success", False),
        ("get_mode", "success", None),
        ("reboot", "failure", None),
    ],
)
def test_commands_are_answered_in_the_documented_envelope(command: str, response: str, running: bool | None) -> None:
    payload = json.dumps({"command": command, "command_id": "abc-1", "payload": {}}).encode()
    answer = READER.tell(Command(payload), NOW_NS)
    (message,) = answer.messages
    event = told("response", message.payload)
    assert (message.topic, event["command"], event["command_id"]) == ("ctrl/res", command, "abc-1")
    assert (event["response"], answer.running) == (response, running)


def test_the_mode_is_told_as_it_would_be_set() -> None:
    (message,) = READER.tell(Command(b'{"command": "get_mode", "command_id": "1"}'), NOW_NS).messages
    assert json.loads(message.payload)["payload"] == {"type": "INVENTORY", "tagMetaData": list(MODES["INVENTORY"])}


@pytest.mark.parametrize(
    "payload",
    [b"", b"start", b"[]", b'{"command": "start"}', b'{"command": 1, "command_id": "1"}', b"\xff", b"[" * 60_000, LONG],
    ids=["empty", "no JSON", "no object", "no id", "no text", "no UTF-8", "nested", "long"],
)
def test_what_is_no_command_gets_no_answer_and_changes_nothing(payload: bytes) -> None:
    assert READER.tell(Command(payload), NOW_NS) == SILENCE


@given(st.binary(max_size=200))
def test_no_payload_breaks_the_reader(payload: bytes) -> None:
    READER.tell(Command(payload), NOW_NS)


def test_without_a_response_topic_a_command_is_obeyed_in_silence() -> None:
    answer = Zebra("dock-1", "d", "e", "cmd").tell(Command(b'{"command": "stop", "command_id": "1"}'), NOW_NS)
    assert (answer.messages, answer.running) == ((), False)


@pytest.mark.parametrize(
    "happening",
    [Connected(True), Leaving(), InventoryChanged(True), AntennaChanged(1, True), Purged(0, 0, 1, 0)],
    ids=lambda each: type(each).__name__,
)
def test_all_else_shows_in_the_heartbeat_only(happening: Any) -> None:
    assert READER.tell(happening, NOW_NS) == SILENCE


@pytest.mark.parametrize(
    ("epc", "pc", "crc"),
    [
        ("e2806894000040017790e471", "3000", "F3B3"),
        ("3005fb63ac1f3681ec880468", "3000", "B06A"),
    ],
)
def test_pc_and_crc_are_those_that_real_readers_reported(epc: str, pc: str, crc: str) -> None:
    assert (pc_of(epc), crc_of(epc)) == (pc, crc)


def test_a_tag_keeps_its_tid() -> None:
    assert (
        tid_of("3034257BF7194E4000001A85") == tid_of("3034257BF7194E4000001A85") != tid_of("3034257BF7194E4000001A86")
    )
