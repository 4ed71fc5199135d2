"""Impinj's reader events, against the documented fields and what published messages of real readers look like."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from tagdock_simulators.mqtt_readers.impinj import DEFAULT_FIELDS, FIELDS, Impinj, hostname_of
from tagdock_simulators.mqtt_readers.instants import nano, ns_of
from tagdock_simulators.mqtt_readers.messages import (
    AntennaChanged,
    Beat,
    Command,
    Connected,
    Delivery,
    Happening,
    InventoryChanged,
    Leaving,
    Purged,
)

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "impinj.json").read_text())
VALID = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
NOW_NS = 1_767_600_000_944_189_383
READER = Impinj("dock-1", "events", status_topic="status")


def event(reader: Impinj, record: Any) -> Any:
    told = json.loads(reader.event(record, 1, NOW_NS))
    VALID.validate(told)
    return told


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_can_be_switched_on_alone(field: str, mq: SimpleNamespace) -> None:
    told = event(Impinj("dock-1", "events", fields=[field]), mq.read(1))
    assert list(told["tagInventoryEvent"]) == [field]


def test_every_field_has_its_documented_form_and_unit(mq: SimpleNamespace) -> None:
    reader = Impinj("dock-1", "e", fields=FIELDS, hostname="impinj-14-2b-3c", antenna_names={2: "Portal1"})
    told = event(reader, mq.read(1, epc="E2801191A5030061F26ECCBF", rssi_dbm=-73.0))
    tid = told["tagInventoryEvent"].pop("tidHex")
    assert base64.urlsafe_b64decode(told["tagInventoryEvent"].pop("tid")).hex().upper() == tid
    assert told == {
        "timestamp": "2026-01-05T08:00:00.944189383Z",
        "hostname": "impinj-14-2b-3c",
        "eventType": "tagInventory",
        "tagInventoryEvent": {
            "epc": "4oARkaUDAGHybsy_",
            "epcHex": "E2801191A5030061F26ECCBF",
            "pc": "3000",
            "antennaPort": 2,
            "antennaName": "Portal1",
            "peakRssiCdbm": -7300,
            "frequency": 866300,
            "transmitPowerCdbm": 3000,
            "lastSeenTime": "2026-01-05T08:00:00.124456Z",
            "phaseAngle": 123.4,
        },
    }


def test_without_settings_the_documented_default_fields_are_told_and_no_hostname(mq: SimpleNamespace) -> None:
    told = event(READER, mq.read())
    assert set(told["tagInventoryEvent"]) == set(DEFAULT_FIELDS)
    assert "hostname" not in told


@pytest.mark.parametrize(
    ("what", "field"),
    [({"phase_deg": None}, "phaseAngle"), ({"channel": None}, "frequency"), ({"channel": 9}, "frequency")],
    ids=["no phase", "no channel", "a channel that we do not know"],
)
def test_what_the_radio_does_not_say_is_left_out(what: dict[str, Any], field: str, mq: SimpleNamespace) -> None:
    told = event(Impinj("dock-1", "e", fields=FIELDS), mq.read(**what))
    assert field not in told["tagInventoryEvent"]


def test_a_short_epc_is_padded_base64(mq: SimpleNamespace) -> None:
    told = event(Impinj("dock-1", "e", fields=["epc", "pc"]), mq.read(epc="8A450224"))
    assert told["tagInventoryEvent"] == {"epc": "ikUCJA==", "pc": "1000"}


@pytest.mark.parametrize(("state", "transition"), [(True, "low-to-high"), (False, "high-to-low")])
def test_an_input_change_is_a_gpi_transition(state: bool, transition: str, mq: SimpleNamespace) -> None:
    told = event(READER, mq.change(state, gpi=2))
    assert told["gpiTransitionEvent"] == {"gpi": 2, "transition": transition}


@pytest.mark.parametrize(
    ("happening", "events", "statuses"),
    [
        (Connected(running=True), [{"inventoryStatus": "running"}], [b"connected"]),
        (Connected(running=False), [{"inventoryStatus": "idle"}], [b"connected"]),
        (Leaving(), [{"inventoryStatus": "idle"}], [b"disconnected"]),
        (InventoryChanged(running=False), [{"inventoryStatus": "idle"}], []),
        (AntennaChanged(3, connected=True), [{"antennaPort": 3}], []),
        (AntennaChanged(3, connected=False), [{"antennaPort": 3}], []),
        (Beat(), [], []),
        (Command(b'{"command": "stop", "command_id": "1"}'), [], []),
    ],
    ids=str,
)
def test_what_befalls_the_reader_is_told(happening: Happening, events: list[Any], statuses: list[bytes]) -> None:
    answer = READER.tell(happening, NOW_NS)
    told = [json.loads(message.payload) for message in answer.messages if message.topic == "events"]
    for each in told:
        VALID.validate(each)
    assert [each[f"{each['eventType']}Event"] for each in told] == events
    kept = [message for message in answer.messages if message.topic == "status"]
    assert [message.payload for message in kept] == statuses
    assert all(message.retained and message.qos == 1 for message in kept)
    assert answer.running is None


def test_an_overflow_says_what_went() -> None:
    (message,) = READER.tell(Purged(1_000_000_000, 2_500_000_000, 17, 1000), NOW_NS).messages
    told = json.loads(message.payload)
    VALID.validate(told)
    assert told["overflowEvent"] == {
        "firstEventTimestamp": "1970-01-01T00:00:01Z",
        "lastEventTimestamp": "1970-01-01T00:00:02.5Z",
        "eventsPurged": 17,
        "eventsRemaining": 1000,
    }


def test_without_a_status_topic_no_status_is_sent_and_there_is_no_will() -> None:
    reader = Impinj("dock-1", "events")
    assert reader.session.will is None
    assert [message.topic for message in reader.tell(Connected(running=True), NOW_NS).messages] == ["events"]


def test_the_will_and_the_client_id_are_as_the_reader_allows() -> None:
    session = Impinj("North dock/door_17-and-more", "events", status_topic="status").session
    assert session.will is not None
    assert (session.will.payload, session.will.retained, session.will.qos) == (b"connection lost", True, 1)
    assert session.client_id.isalnum()
    assert 1 <= len(session.client_id) <= 23


def test_the_name_of_the_status_field_can_be_the_described_one() -> None:
    reader = Impinj("dock-1", "events", status_field="status")
    (message,) = reader.tell(InventoryChanged(running=True), NOW_NS).messages
    assert json.loads(message.payload)["inventoryStatusEvent"] == {"status": "running"}


def test_a_batch_is_an_array_and_without_batches_an_event_stands_alone() -> None:
    assert READER.bundle([b"{}"], 0) == b"{}"
    batching = Impinj("dock-1", "events", delivery=Delivery(batch_s=0.1))
    assert batching.bundle([b"1", b"2"], 0) == b"[1,2]"


@pytest.mark.parametrize(
    ("at_ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_612_304_315_908_535_000, "2021-02-02T22:18:35.908535Z"),
        (1_612_304_315_658_476_625, "2021-02-02T22:18:35.658476625Z"),
        (1_612_304_315_500_000_000, "2021-02-02T22:18:35.5Z"),
    ],
    ids=["none", "six", "nine", "one"],
)
def test_times_have_no_trailing_zeros(at_ns: int, text: str) -> None:
    assert nano(at_ns) == text


def test_a_time_loses_nothing_on_its_way_to_nanoseconds() -> None:
    assert ns_of(datetime(2026, 1, 5, 8, 0, 0, 123457, tzinfo=UTC)) == 1_767_600_000_123_457_000


def test_hostnames_look_like_a_readers() -> None:
    assert hostname_of("dock-1") == hostname_of("dock-1") != hostname_of("dock-2")
    Draft202012Validator({"pattern": "^impinj(-[0-9a-f]{2}){3}$"}).validate(hostname_of("dock-1"))
