"""A customer's own JSON: readers whose messages a customer shaped, or a box that somebody built at home.

Keonn's readers let the customer write the message (AdvanNet's MQTT service is given the payload as an expression), so
there is no format to follow: the shape is configuration. The built-in one has what such messages often have and a
driver has to cope with: reads in a nested array, epoch milliseconds, antennas counted from 0, RSSI in tenths of a
dBm, phase in radians.
"""

import base64
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import msgspec
from tagdock_contract import InputChange, TagRead

from tagdock_simulators.mqtt.messages import Hello
from tagdock_simulators.mqtt_readers.frequency import frequency_khz, frequency_mhz
from tagdock_simulators.mqtt_readers.instants import nano, ns_of
from tagdock_simulators.mqtt_readers.messages import SILENCE, Answer, Delivery, Happening
from tagdock_simulators.mqtt_readers.tagmemory import tid_of
from tagdock_simulators.mqtt_readers.template import Hole, TemplateError, compile_template, fill_text
from tagdock_simulators.radio import ETSI, Region

DELIVERY = Delivery(qos=1, buffer_reads=10_000, window=20, batch_s=0.1, batch_bytes=64_000)
"""Our choice, but for the 100 ms: so long Keonn's services gather reads for one message."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a customer's messages look like: the topics, a read, an input change, and what stands around the reads.

    In `message`, `"$events"` is the array of reads. An empty `message` means that reads stand alone, or in a bare
    array.
    """

    topic: str = "warehouse/$reader/reads"
    input_topic: str = "warehouse/$reader/inputs"
    message: Mapping[str, Any] = field(
        default_factory=lambda: {"device": "$reader", "sent": "$now_ms", "data": {"reads": "$events"}}
    )
    read: Mapping[str, Any] = field(
        default_factory=lambda: {
            "tag": "$epc_lower",
            "ant": "$antenna_from_0",
            "rssi_ddbm": "$rssi_ddbm",
            "phase": "$phase_rad",
            "freq": "$frequency_mhz",
            "ts": "$at_ms",
            "n": "$count",
        }
    )
    input: Mapping[str, Any] = field(default_factory=lambda: {"gpi": "$gpi", "on": "$state_01", "ts": "$at_ms"})


@dataclass(frozen=True, slots=True)
class _Bundle:
    reader: str
    now_ns: int
    events: msgspec.Raw


COMMON: Mapping[str, Hole] = {
    "reader": lambda record: record.reader,
    "at": lambda record: nano(ns_of(record.at)),
    "at_s": lambda record: ns_of(record.at) / 1e9,
    "at_ms": lambda record: ns_of(record.at) // 1_000_000,
    "at_us": lambda record: ns_of(record.at) // 1000,
}
"""What stands for a value of both reads and inputs."""
READ: Mapping[str, Hole] = {
    **COMMON,
    "epc": lambda read: read.epc,
    "epc_lower": lambda read: read.epc.lower(),
    "epc_base64": lambda read: base64.b64encode(bytes.fromhex(read.epc)).decode(),
    "tid": lambda read: tid_of(read.epc),
    "antenna": lambda read: read.antenna,
    "antenna_from_0": lambda read: read.antenna - 1,
    "rssi_dbm": lambda read: read.rssi_dbm,
    "rssi_ddbm": lambda read: round(read.rssi_dbm * 10),
    "rssi_cdbm": lambda read: round(read.rssi_dbm * 100),
    "rssi_positive": lambda read: -read.rssi_dbm,
    "phase_deg": lambda read: read.phase_deg,
    "phase_rad": lambda read: None if read.phase_deg is None else round(math.radians(read.phase_deg), 4),
    "doppler_hz": lambda read: read.doppler_hz,
    "channel": lambda read: read.channel,
    "count": lambda read: read.count,
}


def read_holes(region: Region) -> Mapping[str, Hole]:
    """Return what stands for a value of a read: the frequency depends on the region."""
    return {
        **READ,
        "frequency_mhz": lambda read: frequency_mhz(read, region),
        "frequency_khz": lambda read: frequency_khz(read, region),
    }


INPUT: Mapping[str, Hole] = {
    **COMMON,
    "gpi": lambda change: change.gpi,
    "state": lambda change: change.state,
    "state_01": lambda change: int(change.state),
    "state_text": lambda change: "high" if change.state else "low",
}
AROUND: Mapping[str, Hole] = {
    "reader": lambda bundle: bundle.reader,
    "now": lambda bundle: nano(bundle.now_ns),
    "now_s": lambda bundle: bundle.now_ns / 1e9,
    "now_ms": lambda bundle: bundle.now_ns // 1_000_000,
    "events": lambda bundle: bundle.events,
}


@dataclass(frozen=True)
class Mapped:
    """One reader that speaks a customer's JSON. Raises TemplateError when the mapping does."""

    reader: str
    shape: Shape = field(default_factory=Shape)
    delivery: Delivery = DELIVERY
    region: Region = ETSI

    def __post_init__(self) -> None:
        """Compile the shape now, not at the first read."""
        _ = self._topics, self._read, self._input, self._around

    @cached_property
    def session(self) -> Hello:
        """How it connects: without a will, as simple clients do."""
        return Hello(f"mapped-{self.reader}", keepalive_s=60)

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics that it publishes to."""
        return self._topics

    def topic(self, record: TagRead | InputChange) -> str:
        """Name the topic of a record's event."""
        return self._topics[isinstance(record, InputChange)]

    def event(self, record: TagRead | InputChange, number: int, at_ns: int) -> bytes:
        """Write one read or input change in its shape."""
        del number, at_ns
        build = self._input if isinstance(record, InputChange) else self._read
        return msgspec.json.encode(build(record))

    def bundle(self, events: Sequence[bytes], at_ns: int) -> bytes:
        """Put reads into the message that the shape has for them."""
        array = b"[" + b",".join(events) + b"]"
        if self._around is None:
            return array if self.delivery.batch_s else events[0]
        return msgspec.json.encode(self._around(_Bundle(self.reader, at_ns, msgspec.Raw(array))))

    def tell(self, happening: Happening, at_ns: int) -> Answer:
        """Say nothing but the reads."""
        del happening, at_ns
        return SILENCE

    @cached_property
    def _topics(self) -> tuple[str, str]:
        texts = {"reader": self.reader}
        return fill_text(self.shape.topic, texts, "topic"), fill_text(self.shape.input_topic, texts, "input_topic")

    @cached_property
    def _read(self) -> Hole:
        return compile_template(self.shape.read, read_holes(self.region), "read")

    @cached_property
    def _input(self) -> Hole:
        return compile_template(self.shape.input, INPUT, "input")

    @cached_property
    def _around(self) -> Hole | None:
        message = self.shape.message
        if message and "$events" not in json.dumps(message):
            raise TemplateError('message: has no place for the reads; write "$events" where their array stands')
        return compile_template(message, AROUND, "message") if message else None


def read_shape(text: str) -> Shape:
    """Read a shape from TOML: `topic`, `input_topic`, tables `message`, `read`, `input`; what is missing is built in.

    Raises TemplateError with the key and what could stand there.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"it is no TOML: {error}") from error
    kinds = {each.name: str if each.name.endswith("topic") else dict for each in fields(Shape)}
    for name, value in found.items():
        if name not in kinds:
            raise TemplateError(f"{name}: is unknown; there are {', '.join(kinds)}")
        if not isinstance(value, kinds[name]):
            raise TemplateError(f"{name}: must be a {'text' if kinds[name] is str else 'table'}")
    return Shape(**found)
