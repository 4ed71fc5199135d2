"""Impinj's events, written as Impinj's readers publish them, and what must not be taken for one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from tagdock_contract import GatewayAddress, InputChange, TagRead
from tagdock_edge.clock import SECOND_US, from_us
from tagdock_edge.config import BrokerConfig
from tagdock_edge.driver import Station
from tagdock_edge.readers.heard import Heard
from tagdock_edge.readers.impinj import Impinj, ImpinjSettings, read_settings
from tagdock_edge.readers.line import LineSettings
from tagdock_edge.tables import Table

EPC = "3034257BF7194E4000001A85"
NOW = 1_767_600_000 * SECOND_US
TOPIC, STATUS = "impinj/dock-1/events", "impinj/dock-1/status"
LINE = LineSettings(BrokerConfig("127.0.0.1", 1883), "s1.gw-1.dock-1", (TOPIC, STATUS))


@pytest.fixture
def impinj() -> Impinj:
    return Impinj("dock-1", ImpinjSettings(LINE, TOPIC, STATUS))


def tag(**fields: Any) -> dict[str, Any]:
    body = {"epcHex": EPC, "antennaPort": 1, "peakRssiCdbm": -5250, **fields}
    body = {name: value for name, value in body.items() if value is not None}
    return {
        "timestamp": "2026-01-05T08:00:00.000000000Z",
        "hostname": "impinj-14-2b-3c",
        "eventType": "tagInventory",
        "tagInventoryEvent": body,
    }


def event(kind: str, **body: Any) -> dict[str, Any]:
    return {"timestamp": "2026-01-05T07:59:59.75Z", "eventType": kind, f"{kind}Event": body}


def hear(impinj: Impinj, message: Any, topic: str = TOPIC) -> Heard:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return impinj.hear(topic, payload, NOW)


def test_an_event_with_every_field_becomes_a_read(impinj: Impinj) -> None:
    message = tag(
        epc="MDQle_cZTkAAABqF",
        tidHex="E28011602000",
        antennaName="left",
        frequency=866300,
        transmitPowerCdbm=3000,
        lastSeenTime="2026-01-05T07:59:59.123456789Z",
        phaseAngle=229.13,
    )
    read = TagRead(from_us(NOW - 876_543), "dock-1", 1, EPC, -52.5, 229.13, None, 34652)
    assert hear(impinj, message).records == [read]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"epcHex": None, "epc": "MDQle_cZTkAAABqF"}, EPC),
        ({"epcHex": EPC.lower()}, EPC),
        ({"epcHex": "E280"}, "E280"),
    ],
    ids=["base64 only", "lower case", "short"],
)
def test_the_epc_comes_in_either_field(impinj: Impinj, fields: dict[str, Any], told: str) -> None:
    (read,) = hear(impinj, tag(**fields)).records
    assert isinstance(read, TagRead)
    assert read.epc == told


def test_without_last_seen_time_the_events_own_time_counts(impinj: Impinj) -> None:
    assert hear(impinj, tag()).records[0].at == from_us(NOW)


def test_a_batch_is_an_array(impinj: Impinj) -> None:
    assert len(hear(impinj, [tag(), tag(antennaPort=2)]).records) == 2


def test_of_readers_that_share_a_topic_only_the_one_is_heard() -> None:
    one = Impinj("dock-1", ImpinjSettings(LINE, TOPIC, STATUS, hostname="impinj-14-2b-3c"))
    assert len(hear(one, [tag(), {**tag(), "hostname": "impinj-00-00-00"}]).records) == 1
    heard = hear(one, {**tag(), "hostname": "impinj-00-00-00"})
    assert (heard.records, heard.present, heard.misfits) == ([], None, 0)


@pytest.mark.parametrize(("transition", "state"), [("low-to-high", True), ("high-to-low", False)])
def test_an_input_changes(impinj: Impinj, transition: str, state: bool) -> None:
    change = InputChange(from_us(NOW - 250_000), "dock-1", 2, state)
    assert hear(impinj, event("gpiTransition", gpi=2, transition=transition)).records == [change]


@pytest.mark.parametrize(
    ("message", "state", "antenna"),
    [
        (event("antennaDisconnected", antennaPort=2), "antenna_down", 2),
        (event("antennaConnected", antennaPort=2), "antenna_up", 2),
        (event("overflow", eventsPurged=17, eventsRemaining=3), "buffer_overflow", None),
    ],
)
def test_what_happens_to_the_reader_is_news(impinj: Impinj, message: Any, state: Any, antenna: int | None) -> None:
    (news,) = hear(impinj, message).news
    assert (news.at_us, news.reader, news.state, news.antenna) == (NOW - 250_000, "dock-1", state, antenna)


@pytest.mark.parametrize("field", ["inventoryStatus", "status"])
def test_an_idle_inventory_is_noted_until_it_runs(impinj: Impinj, field: str) -> None:
    hear(impinj, event("inventoryStatus", **{field: "idle"}))
    assert "inventory is not running" in impinj.notes()[0]
    hear(impinj, event("inventoryStatus", **{field: "running"}))
    assert impinj.notes() == []


@pytest.mark.parametrize(
    ("text", "present"),
    [(b"connected", True), (b"connection lost", False), (b"disconnected", False), (b"\xff\x00", False), (b"", None)],
)
def test_status_messages_tell_whether_the_reader_is_there(impinj: Impinj, text: bytes, present: bool | None) -> None:
    assert hear(impinj, text, STATUS).present is present
    assert impinj.state_topics == (STATUS,)


def test_events_that_are_unknown_only_show_that_the_reader_is_there(impinj: Impinj) -> None:
    heard = hear(impinj, event("diagnostic", diagnosticEventCode=1))
    assert (heard.records, heard.misfits, heard.present) == ([], 0, True)


@pytest.mark.parametrize(
    ("message", "where"),
    [
        (tag(epcHex=EPC[:-1]), "epc"),
        (tag(epcHex=""), "epc"),
        (tag(epcHex=None), "epc"),
        (tag(epcHex="zz"), "epc"),
        (tag(antennaPort=None), "antenna"),
        (tag(antennaPort=-1), "antenna"),
        (tag(antennaPort=70_000), "antenna"),
        (tag(antennaPort="1"), "$.tagInventoryEvent.antennaPort"),
        (tag(peakRssiCdbm=9_900), "rssi"),
        (tag(phaseAngle=1e9), "phase"),
        (tag(lastSeenTime="2026-01-05T08:00:00"), "$.tagInventoryEvent.lastSeenTime"),
        (event("gpiTransition", gpi=1, transition="up"), "transition"),
        (event("gpiTransition", gpi=-1, transition="low-to-high"), "gpi"),
        (event("antennaConnected", antennaPort=-2), "antennaPort"),
        ({"eventType": "tagInventory"}, "message"),
        (b'{"timestamp": NaN}', "message"),
        (b"\xff\xfe", "message"),
        (b"", "message"),
        (b"[" * 100_000, "message"),
        (b'{"x":' * 100_000, "message"),
        (tag(padding="x" * 1_100_000), "message"),
        (b"[[]]", "message"),
    ],
)
def test_what_does_not_fit_is_counted_and_named(impinj: Impinj, message: Any, where: str) -> None:
    heard = hear(impinj, message)
    assert (heard.records, heard.misfits) == ([], 1)
    assert heard.first_misfit is not None
    assert heard.first_misfit.where == where


def test_one_wrong_event_leaves_the_others_of_its_batch_alone(impinj: Impinj) -> None:
    heard = hear(impinj, [tag(), tag(antennaPort="x"), tag(epcHex="3"), tag()])
    assert (len(heard.records), heard.misfits) == (2, 2)


@pytest.mark.parametrize("year", ["1970", "2100"])
def test_a_wrong_clock_is_corrected_and_told(impinj: Impinj, year: str) -> None:
    message = {**tag(), "timestamp": f"{year}-01-05T08:00:00Z"}
    assert hear(impinj, message).records[0].at == from_us(NOW)
    assert "set its NTP" in impinj.notes()[0]


def test_topics_that_a_session_kept_from_former_settings_are_left_out(impinj: Impinj) -> None:
    heard = hear(impinj, tag(), "impinj/old/events")
    assert (heard.records, heard.present, heard.misfits) == ([], None, 0)


@examples(max_examples=50)
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["timestamp", "eventType", "tagInventoryEvent", "gpiTransitionEvent", "epc", "antennaPort"]
                ),
                inner,
            )
        ),
    ).map(lambda message: json.dumps(message).encode())
)
def test_no_message_raises(payload: bytes) -> None:
    heard = Impinj("dock-1", ImpinjSettings(LINE, TOPIC, STATUS)).hear(TOPIC, payload, NOW)
    assert heard.records == []


def station() -> Station:
    address = GatewayAddress("s1", "gw-1")
    broker = BrokerConfig("10.0.0.5", 1883, password="secret", username="s1.gw-1")
    return Station("dock-1", Path(), (1, 2), (1,), address, broker, {})


def settings(**keys: Any) -> tuple[ImpinjSettings, list[str]]:
    problems: list[str] = []
    table = Table(keys, "reader[0]", problems)
    found = read_settings(table, station())
    table.close()
    return found, problems


def test_by_default_the_gateways_own_broker_is_asked_with_a_client_id_of_its_own() -> None:
    found, problems = settings()
    assert problems == []
    assert (found.line.broker.host, found.line.broker.username, found.line.broker.password) == (
        "10.0.0.5",
        "s1.gw-1",
        "secret",
    )
    assert (found.line.client_id, found.line.topics) == ("s1.gw-1.dock-1", (TOPIC, STATUS))
    assert "secret" not in repr(found)


def test_a_broker_of_its_own_gets_none_of_the_gateways_credentials() -> None:
    found, problems = settings(broker="mqtt://10.0.0.9", topic="door/{reader}", status_topic="", client_id="x")
    assert problems == []
    assert (found.line.broker, found.line.topics) == (BrokerConfig("10.0.0.9", 1883), ("door/dock-1",))


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"topic": "a/+"}, "reader[0].topic: must not hold + or #"),
        ({"topic": "a/{antenna}"}, "reader[0].topic: must name one topic"),
        ({"topic": 5}, "reader[0].topic: must be a topic like"),
        ({"topic": "a", "status_topic": "a"}, "reader[0].status_topic: must not be the topic of the events"),
        ({"silent_after_s": -1}, "reader[0].silent_after_s: must be seconds"),
        ({"auth": {"username": "x"}}, "reader[0].auth: goes with a broker of the reader's own"),
        ({"broker": "http://x"}, "reader[0].broker: must be mqtt://HOST:PORT"),
        ({"client_id": ""}, "reader[0].client_id: must be the name"),
        ({"tpic": "a"}, "reader[0].tpic: is not known; did you mean topic?"),
    ],
)
def test_each_mistake_names_its_key(keys: dict[str, Any], told: str) -> None:
    _, problems = settings(**keys)
    assert any(told in problem for problem in problems), problems
