"""A customer's own JSON: the built-in shape, other shapes, and what a wrong one is told."""

import json
import math
from types import SimpleNamespace
from typing import Any

import pytest
from tagdock_simulators.mqtt_readers.mapped import DELIVERY, INPUT, Mapped, Shape, read_holes, read_shape
from tagdock_simulators.mqtt_readers.messages import SILENCE, Connected, Delivery
from tagdock_simulators.mqtt_readers.template import TemplateError
from tagdock_simulators.radio import ETSI

NOW_NS = 1_767_600_000_944_189_383


def message(reader: Mapped, *reads: Any) -> Any:
    return json.loads(reader.bundle([reader.event(read, 1, NOW_NS) for read in reads], NOW_NS))


def test_the_built_in_shape_nests_reads_in_other_units(mq: SimpleNamespace) -> None:
    reader = Mapped("dock-1")
    assert reader.topics == ("warehouse/dock-1/reads", "warehouse/dock-1/inputs")
    told = message(reader, mq.read(0), mq.read(1))
    assert (told["device"], told["sent"], len(told["data"]["reads"])) == ("dock-1", NOW_NS // 1_000_000, 2)
    assert told["data"]["reads"][0] == {
        "tag": "3034257bf7194e4000000000",
        "ant": 0,
        "rssi_ddbm": -525,
        "phase": round(math.radians(123.4), 4),
        "freq": 865.7,
        "ts": 1767600000123,
        "n": 1,
    }


def test_what_the_radio_does_not_say_is_left_out(mq: SimpleNamespace) -> None:
    told = message(Mapped("dock-1"), mq.read(phase_deg=None, channel=None))
    assert not {"phase", "freq"} & set(told["data"]["reads"][0])


def test_an_input_change_stands_alone(mq: SimpleNamespace) -> None:
    reader = Mapped("dock-1")
    assert reader.topic(mq.change()) == "warehouse/dock-1/inputs"
    assert json.loads(reader.event(mq.change(gpi=3), 1, NOW_NS)) == {"gpi": 3, "on": 1, "ts": 1767600000123}


def test_a_shape_from_toml_replaces_what_it_names(mq: SimpleNamespace) -> None:
    shape = read_shape(
        """
        topic = "a/$reader/b"
        [message]
        v = 2
        from = "reader $reader"
        items = ["first", "$events"]
        [read]
        id = "$epc"
        where = ["$antenna", {power = "$rssi_dbm"}]
        """
    )
    reader = Mapped("dock-1", shape)
    assert reader.topics[0] == "a/dock-1/b"
    assert message(reader, mq.read()) == {
        "v": 2,
        "from": "reader dock-1",
        "items": ["first", [{"id": "3034257BF7194E4000000000", "where": [1, {"power": -52.5}]}]],
    }


@pytest.mark.parametrize("batch_s", [0.0, 0.1])
def test_an_empty_message_leaves_the_reads_alone_or_in_a_bare_array(batch_s: float, mq: SimpleNamespace) -> None:
    reader = Mapped("dock-1", Shape(message={}, read={"id": "$epc"}), Delivery(batch_s=batch_s))
    expected: Any = {"id": "3034257BF7194E4000000000"}
    assert message(reader, mq.read()) == ([expected] if batch_s else expected)


def test_every_placeholder_has_a_value_that_json_can_hold(mq: SimpleNamespace) -> None:
    holes = read_holes(ETSI)
    shape = Shape(read={name: f"${name}" for name in holes}, input={name: f"${name}" for name in INPUT}, message={})
    reader = Mapped("dock-1", shape, Delivery())
    assert set(message(reader, mq.read())) == set(holes)
    assert set(json.loads(reader.event(mq.change(), 1, NOW_NS))) == set(INPUT)


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("topic = 1", "topic: must be a text"),
        ("read = 1", "read: must be a table"),
        ("tpoic = 'a'", "tpoic: is unknown; there are topic, input_topic, message, read, input"),
        ("[read]\nid = '$epcc'", "read.id: $epcc is unknown; there are $antenna,"),
        ("topic = 'a/$antenna'", "topic: $antenna is unknown; there are $reader"),
        ("[message]\nx = 1", 'write "$events" where their array stands'),
        ("[message]\nx = '$epc $events'", "message.x: $epc is unknown"),
        ("[read]\nat = 2026-01-05", "read.at: a date can't stand in JSON"),
        ("[read]\nx = nan", "read.x: nan can't stand in JSON; write a finite number"),
        ("[read", "it is no TOML"),
        ("[read]\nx = " + "[" * 20 + "1" + "]" * 20, "is nested deeper than"),
    ],
    ids=[
        "topic",
        "table",
        "key",
        "placeholder",
        "placeholder in topic",
        "no place",
        "in message",
        "date",
        "no number",
        "toml",
        "deep",
    ],
)
def test_a_wrong_shape_is_told_where_and_what_could_stand_there(toml: str, complaint: str) -> None:
    with pytest.raises(TemplateError) as raised:
        Mapped("dock-1", read_shape(toml))
    assert complaint in str(raised.value)


def test_such_a_reader_says_nothing_but_reads() -> None:
    assert Mapped("dock-1").tell(Connected(True), NOW_NS) == SILENCE
    assert DELIVERY.heartbeat_s == 0
