"""Zebra's tag data and management events, in all operating modes, and what must not be taken for one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tagdock_contract import GatewayAddress, InputChange, TagRead
from tagdock_edge.clock import SECOND_US, from_us
from tagdock_edge.config import BrokerConfig
from tagdock_edge.driver import Station
from tagdock_edge.readers.event_numbers import EventNumbers
from tagdock_edge.readers.heard import NO_RSSI_DBM, Heard
from tagdock_edge.readers.line import LineSettings
from tagdock_edge.readers.zebra import Zebra, ZebraSettings, read_settings
from tagdock_edge.tables import Table

EPC = "3034257BF7194E4000001A85"
NOW = 1_767_600_000 * SECOND_US
DATA, EVENTS = "zebra/dock-1/data", "zebra/dock-1/events"
LINE = LineSettings(BrokerConfig("127.0.0.1", 1883), "s1.gw-1.dock-1", (DATA, EVENTS))


@pytest.fixture
def zebra() -> Zebra:
    return Zebra("dock-1", ZebraSettings(LINE, DATA, EVENTS, None, (1, 2)))


def tag(mode: str = "INVENTORY", **fields: Any) -> dict[str, Any]:
    data = {"eventNum": 1, "format": "epc", "idHex": EPC.lower(), "antenna": 1, "peakRssi": -52, "reads": 1, **fields}
    data = {name: value for name, value in data.items() if value is not None}
    return {"data": data, "timestamp": "2026-01-05T08:59:59.750+0100", "type": mode}


def managed(kind: str, data: Any) -> dict[str, Any]:
    return {"component": "RG", "data": data, "eventNum": 7, "timestamp": "2026-01-05T07:59:59.750+0000", "type": kind}


def heartbeat(antennas: dict[str, str], dropped: int = 0, **radio: Any) -> dict[str, Any]:
    return managed(
        "heartbeat",
        {
            "radio_control": {"antennas": antennas, "radioActivity": "active", "cpu": 0.1, **radio},
            "reader_gateway": {"dataPathStatistics": [{"numDataMessagesDropped": dropped}], "ram": 2.9},
            "system": {"flash": None, "temperature": {"pa": 21}},
            "userapps": [],
        },
    )


def hear(zebra: Zebra, message: Any, topic: str = DATA) -> Heard:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return zebra.hear(topic, payload, NOW)


def test_an_event_with_every_field_becomes_a_read(zebra: Zebra) -> None:
    message = tag("CUSTOM", PC="3000", CRC="1214", TID="e280", USER="Error", channel=866.3, phase=238.5, reads=3)
    read = TagRead(from_us(NOW - 250_000), "dock-1", 1, EPC, -52.0, 238.5, None, 34652, 3)
    assert hear(zebra, message).records == [read]


@pytest.mark.parametrize("mode", ["PORTAL", "CONVEYOR"])
def test_a_mode_without_rssi_gives_reads_that_all_weigh_the_same(zebra: Zebra, mode: str) -> None:
    (read,) = hear(zebra, tag(mode, peakRssi=None, reads=None)).records
    assert isinstance(read, TagRead)
    assert read.rssi_dbm == NO_RSSI_DBM
    assert "tells no RSSI" in zebra.notes()[0]


def test_simple_mode_needs_to_be_told_the_antenna(zebra: Zebra) -> None:
    message = tag("SIMPLE", peakRssi=None, reads=None, antenna=None)
    heard = hear(zebra, message)
    assert (heard.records, heard.misfits) == ([], 1)
    assert "ask for ANTENNA" in str(heard.first_misfit)
    (read,) = hear(Zebra("dock-1", ZebraSettings(LINE, DATA, EVENTS, 3)), message).records
    assert isinstance(read, TagRead)
    assert read.antenna == 3


def test_a_batch_is_an_array(zebra: Zebra) -> None:
    assert len(hear(zebra, [tag(), tag(eventNum=2)]).records) == 2


def test_of_a_flood_in_one_message_the_first_ten_thousand_are_taken(zebra: Zebra) -> None:
    one = b'{"timestamp":"2026-01-05T08:00:00Z","data":{"idHex":"30","antenna":0}}'
    heard = hear(zebra, b"[" + b",".join([one] * 14_000) + b"]")
    assert (len(heard.records), heard.misfits) == (10_000, 4_000)


@pytest.mark.parametrize(("state", "told"), [("HIGH", True), ("LOW", False), ("low", False)])
def test_an_input_changes(zebra: Zebra, state: str, told: bool) -> None:
    change = InputChange(from_us(NOW - 250_000), "dock-1", 2, told)
    assert hear(zebra, managed("gpi", {"pin": 2, "state": state}), EVENTS).records == [change]


def test_a_heartbeat_tells_of_antennas_that_doors_use(zebra: Zebra) -> None:
    seen = [
        [(news.state, news.antenna) for news in hear(zebra, heartbeat(antennas), EVENTS).news]
        for antennas in (
            {"1": "connected", "2": "connected", "3": "disconnected"},
            {"1": "connected", "2": "disconnected"},
            {"1": "connected", "2": "disconnected"},
            {"1": "connected", "2": "connected"},
        )
    ]
    assert seen == [[], [("antenna_down", 2)], [], [("antenna_up", 2)]]


def test_a_heartbeat_tells_what_was_dropped(zebra: Zebra) -> None:
    assert [news.detail for news in hear(zebra, heartbeat({}, dropped=5), EVENTS).news] == [
        "it dropped 5 data messages: its buffer was full"
    ]
    assert hear(zebra, heartbeat({}, dropped=5), EVENTS).news == []


@pytest.mark.parametrize(
    ("radio", "note"),
    [({"radioActivity": "inactive"}, "start the inventory"), ({"radioConnection": "disconnected"}, "restart it")],
)
def test_a_radio_that_does_not_read_is_noted(zebra: Zebra, radio: dict[str, str], note: str) -> None:
    hear(zebra, heartbeat({}, **radio), EVENTS)
    assert note in zebra.notes()[0]
    hear(zebra, heartbeat({}), EVENTS)
    assert zebra.notes() == []


def test_management_events_that_are_unknown_only_show_that_the_reader_is_there(zebra: Zebra) -> None:
    heard = hear(zebra, managed("firmwareUpdateProgress", {"status": "x", "progress": 5}), EVENTS)
    assert (heard.records, heard.news, heard.misfits, heard.present) == ([], [], 0, True)


@pytest.mark.parametrize(
    ("numbers", "lost"),
    [
        ([1, 2, 3], 0),
        ([5, 6, 9], 2),
        ([1, 2, 2, 1, 3], 0),
        ([50_000, 1, 4], 2),
        ([1, 10_000_000, 10_000_001], 0),
        ([1, -5, 2], 0),
        ([1, 3, 2, 4], 1),
        ([1 << 80, 3], 0),
    ],
    ids=["all", "two missing", "repeats", "started anew", "another count", "negative", "out of order", "huge"],
)
def test_missing_numbers_are_counted(numbers: list[int], lost: int) -> None:
    counter = EventNumbers()
    for number in numbers:
        counter.note(number)
    assert counter.lost == lost


def test_missing_tag_events_are_news(zebra: Zebra) -> None:
    assert hear(zebra, tag(eventNum=4)).news == []
    (news,) = hear(zebra, tag(eventNum=8)).news
    assert (news.state, news.detail[:25]) == ("buffer_overflow", "3 tag events are missing ")
    assert "3 tag events are missing by their numbers" in zebra.notes()


@pytest.mark.parametrize(
    ("message", "topic", "where"),
    [
        (tag(idHex=EPC[:-1]), DATA, "idHex"),
        (tag(idHex=None), DATA, "idHex"),
        (tag(antenna=-1), DATA, "antenna"),
        (tag(peakRssi=77), DATA, "rssi"),
        (tag(phase=1e6), DATA, "phase"),
        (tag(eventNum="x"), DATA, "$.data.eventNum"),
        ({**tag(), "timestamp": "now"}, DATA, "$.timestamp"),
        ({"type": "SIMPLE"}, DATA, "message"),
        (b"not json", DATA, "message"),
        (b"\x80\x81", DATA, "message"),
        (b'{"data":' * 50_000, DATA, "message"),
        (managed("gpi", {"pin": 1, "state": "UP"}), EVENTS, "gpi"),
        (managed("gpi", {"state": "HIGH"}), EVENTS, "gpi"),
        (managed("gpi", {"pin": -1, "state": "HIGH"}), EVENTS, "gpi"),
        (managed("heartbeat", {"radio_control": {"antennas": {"1": 1}}}), EVENTS, "$.data.radio_control.antennas[...]"),
        (managed("gpi", []), EVENTS, "$.data"),
    ],
)
def test_what_does_not_fit_is_counted_and_named(zebra: Zebra, message: Any, topic: str, where: str) -> None:
    heard = hear(zebra, message, topic)
    assert (heard.records, heard.misfits) == ([], 1)
    assert heard.first_misfit is not None
    assert heard.first_misfit.where == where


@pytest.mark.parametrize(("count", "told"), [(0, 1), (-3, 1), (1 << 70, 1 << 32)])
def test_a_count_that_makes_no_sense_is_put_right(zebra: Zebra, count: int, told: int) -> None:
    (read,) = hear(zebra, tag(reads=count)).records
    assert isinstance(read, TagRead)
    assert read.count == told


def test_topics_that_a_session_kept_from_former_settings_are_left_out(zebra: Zebra) -> None:
    heard = hear(zebra, tag(), "zebra/old/data")
    assert (heard.records, heard.present, heard.misfits) == ([], None, 0)


@settings(max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["timestamp", "type", "data", "idHex", "antenna", "pin", "state"]), inner)
        ),
    ),
    st.sampled_from([DATA, EVENTS]),
)
def test_no_message_raises(message: Any, topic: str) -> None:
    Zebra("dock-1", ZebraSettings(LINE, DATA, EVENTS, 1)).hear(topic, json.dumps(message).encode(), NOW)


def test_without_management_events_silence_tells_nothing() -> None:
    address, problems = GatewayAddress("s1", "gw-1"), list[str]()
    station = Station("dock-1", Path(), (1, 2), (), address, BrokerConfig("10.0.0.5", 1883), {})
    found = [read_settings(Table(keys, "r", problems), station) for keys in ({}, {"events_topic": ""})]
    assert problems == []
    assert [each.line.silent_after_s for each in found] == [150.0, 0.0]
    assert [each.line.topics for each in found] == [(DATA, EVENTS), (DATA,)]
    assert found[0].antennas == (1, 2)
