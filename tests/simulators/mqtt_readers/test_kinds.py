"""Readers as the command line makes them."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from tagdock_simulators.mqtt_readers.impinj import Impinj
from tagdock_simulators.mqtt_readers.kinds import KINDS, Wishes
from tagdock_simulators.mqtt_readers.mapped import Mapped
from tagdock_simulators.mqtt_readers.zebra import Zebra
from tagdock_simulators.radio import FCC


def test_each_reader_has_its_own_topics_and_client_id() -> None:
    for kind, make in KINDS.items():
        one, two = make("dock-1", Wishes()), make("dock-2", Wishes())
        assert not set(one.topics) & set(two.topics), kind
        assert one.session.client_id != two.session.client_id
    ids = {make("dock-1", Wishes()).session.client_id for make in KINDS.values()}
    assert len(ids) == len(KINDS)


def test_a_zebra_that_is_asked_for_fields_runs_in_custom_mode() -> None:
    asked, plain = KINDS["zebra"]("d", Wishes(fields=["RSSI"])), KINDS["zebra"]("d", Wishes())
    assert isinstance(asked, Zebra)
    assert isinstance(plain, Zebra)
    assert (asked.mode, asked.metadata, plain.mode) == ("CUSTOM", ["RSSI"], "INVENTORY")


def test_topic_quality_and_batches_are_as_wished() -> None:
    wishes = Wishes(topic="site/$reader/events", qos=2, batch_s=0.25)
    reader = KINDS["impinj"]("dock-1", wishes)
    assert isinstance(reader, Impinj)
    assert reader.topics == ("site/dock-1/events", "site/dock-1/status")
    assert (reader.delivery.qos, reader.delivery.batch_s) == (2, 0.25)


def test_power_and_frequency_are_those_of_the_scenarios_radio(mq: SimpleNamespace) -> None:
    wishes = Wishes(transmit_dbm=31.5, region=FCC)
    read = mq.read(channel=50)
    impinj = json.loads(KINDS["impinj"]("d", wishes).event(read, 1, 0))["tagInventoryEvent"]
    zebra = json.loads(KINDS["zebra"]("d", replace(wishes, fields=["CHANNEL"])).event(read, 1, 0))["data"]
    mapped = json.loads(KINDS["mapped"]("d", wishes).event(read, 1, 0))
    assert (impinj["transmitPowerCdbm"], impinj["frequency"]) == (3150, 927250)
    assert (zebra["channel"], mapped["freq"]) == (927.25, 927.25)


def test_a_shape_may_leave_the_topic_to_the_command_line() -> None:
    reader = KINDS["mapped"]("dock-1", Wishes(topic="x/$reader", shape="[read]\nid = '$epc'\n"))
    assert isinstance(reader, Mapped)
    assert reader.topics[0] == "x/dock-1"


@pytest.mark.parametrize(
    ("kind", "wishes", "complaint"),
    [
        ("impinj", Wishes(fields=["rssi"]), "field 'rssi' is unknown; there are epc, epcHex,"),
        ("zebra", Wishes(fields=["epc"]), "field 'epc' is unknown; there are ANTENNA,"),
        ("mapped", Wishes(fields=["epc"]), "a mapped reader's fields stand in its shape"),
        ("impinj", Wishes(topic="a/#"), "is no topic to publish to"),
        ("zebra", Wishes(topic="+"), "is no topic to publish to"),
        ("mapped", Wishes(topic="a/+"), "is no topic to publish to"),
        ("impinj", Wishes(topic=""), "is no topic to publish to"),
        ("mapped", Wishes(shape="x = 1"), "x: is unknown"),
    ],
    ids=["impinj", "zebra", "mapped", "wildcard", "wildcard of zebra", "wildcard of mapped", "empty", "shape"],
)
def test_a_wish_that_cannot_be_fulfilled_says_what_could(kind: str, wishes: Wishes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint.split("(", maxsplit=1)[0]):
        KINDS[kind]("dock-1", wishes)
