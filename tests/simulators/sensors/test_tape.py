"""Tapes: what nodes would publish, as lines; one golden tape a format."""

import base64
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tagdock_simulators.mqtt.messages import Message
from tagdock_simulators.sensors.formats.choice import FORMATS, Format, Formats, nodes_for
from tagdock_simulators.sensors.kit import Span
from tagdock_simulators.sensors.life import bin_life, bin_names
from tagdock_simulators.sensors.rack import rack_readings, usual_kits
from tagdock_simulators.sensors.tape import published, tape_line

GOLDEN = Path(__file__).parent / "golden"
BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)


def tape(form: Format, bins: int, seed: int, lasts: timedelta, bins_a_node: int = 20) -> Iterator[bytes]:
    names, span = bin_names(bins), Span(BEGIN, BEGIN + lasts)
    kits = usual_kits(names)
    nodes = nodes_for(form, {name: kit.quantities for name, kit in kits.items()}, Formats(), bins_a_node)
    readings = rack_readings(kits, lambda name: bin_life(name, seed, BEGIN), seed, span)
    return (tape_line(at, each) for at, each in published(nodes, readings, span.begin, span.until))


@pytest.mark.parametrize("form", FORMATS)
def test_a_tape_is_the_golden_one(form: Format) -> None:
    """Set TAGDOCK_WRITE_GOLDEN to write them anew; look at the difference before it is committed."""
    lines = b"".join(tape(form, 1, 3, timedelta(minutes=6)))
    file = GOLDEN / f"{form}.jsonl"
    if os.environ.get("TAGDOCK_WRITE_GOLDEN"):
        file.write_bytes(lines)
    assert lines == file.read_bytes()


@pytest.mark.parametrize("form", FORMATS)
def test_lines_are_whole_and_in_order(form: Format) -> None:
    told: list[dict[str, Any]] = [json.loads(line) for line in tape(form, 5, 1, timedelta(minutes=20), 2)]
    assert all(one["at"] <= other["at"] for one, other in pairwise(told))
    assert all(set(each) - {"payload", "payload_base64"} == {"at", "topic", "qos", "retained"} for each in told)
    assert all(("payload" in each) is not ("payload_base64" in each) for each in told)
    assert len(told) > 10


@pytest.mark.parametrize(
    ("payload", "is_text"),
    [
        (b"13.752", True),
        ("°C".encode(), True),
        (b"", True),
        ("�".encode(), True),
        (b"\x08\x01", False),
        (b"\xff", False),
        (b"a\nb", False),
    ],
)
def test_every_payload_comes_back(payload: bytes, is_text: bool) -> None:
    told = json.loads(tape_line(BEGIN, Message("t", payload, 1, True)))
    assert ("payload" in told) is is_text
    back = told["payload"].encode() if "payload" in told else base64.b64decode(told["payload_base64"])
    assert back == payload
    assert (told["topic"], told["retained"], told["qos"]) == ("t", True, 1)


def test_a_gateway_carries_as_many_bins_as_it_is_told() -> None:
    bins = {name: kit.quantities for name, kit in usual_kits(bin_names(5)).items()}
    assert len(set(nodes_for("sparkplug", bins, Formats(), 2).values())) == 3
    assert len(set(nodes_for("plain", bins, Formats()).values())) == 1
    assert len(set(nodes_for("tasmota", bins, Formats()).values())) == 5
    clients = [node.client_id for node in nodes_for("homeassistant", bins, Formats()).values()]
    assert len(set(clients)) == 5


def test_bins_whose_topics_would_be_the_same_are_refused() -> None:
    with pytest.raises(ValueError, match="'A-1' and 'a 1' are both written 'a-1'"):
        nodes_for("tasmota", {"A-1": (), "B-1": (), "a 1": ()}, Formats())
