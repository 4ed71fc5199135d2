"""Zebra's IoT Connector (FX7500, FX9600): tag data events, management events, and start and stop by command.

Source: Zebra IoT Connector documentation (MQTT payload schemas: tag data events, asynchronous management events, raw
MQTT commands and responses; tag data batching; tag data retention; operating modes). Keys stand in alphabetical
order, hex is in lower case and times have milliseconds and `+0000`, as in published messages of real readers; the
documentation leaves that open.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import msgspec
from tagdock_contract import InputChange, TagRead

from tagdock_simulators.mqtt.messages import Hello, Message
from tagdock_simulators.mqtt_readers.frequency import frequency_mhz
from tagdock_simulators.mqtt_readers.heartbeat import heartbeat
from tagdock_simulators.mqtt_readers.instants import milli, ns_of
from tagdock_simulators.mqtt_readers.messages import (
    SILENCE,
    Answer,
    Beat,
    Command,
    Delivery,
    Happening,
)
from tagdock_simulators.mqtt_readers.tagmemory import crc_of, pc_of, tid_of
from tagdock_simulators.radio import ETSI, Region

Mode = Literal["SIMPLE", "INVENTORY", "PORTAL", "CONVEYOR", "CUSTOM"]
MODES: dict[Mode, tuple[str, ...]] = {
    "SIMPLE": (),
    "INVENTORY": ("ANTENNA", "RSSI", "SEEN_COUNT"),
    "PORTAL": ("ANTENNA",),
    "CONVEYOR": ("ANTENNA",),
    "CUSTOM": (),
}
"""The operating modes and the `tagMetaData` that each reports without being asked."""
METADATA = ("ANTENNA", "RSSI", "PHASE", "CHANNEL", "SEEN_COUNT", "PC", "CRC", "TID", "USER")
"""What can be asked for. `XPC` is not there: our tags have none, and then readers leave it out."""
DELIVERY = Delivery(qos=0, buffer_reads=150_000, window=20, backlog_per_s=500, heartbeat_s=60.0)
"""The documentation's defaults: QoS 0 recommended, retention of 150,000 events sent at 500 a second after an outage, no
batching over MQTT (over HTTP: 1 s, 256,000 bytes). The window and the heartbeat's minute are our choice."""
_NO_USER_MEMORY = "Error: tag returned error code 0x03 = Memory overrun"
_MAX_COMMAND_BYTES = 65_536


@dataclass(frozen=True)
class Zebra:
    """One reader's settings. `metadata` None means what the mode reports by itself."""

    reader: str
    data_topic: str
    events_topic: str
    command_topic: str = ""
    response_topic: str = ""
    mode: Mode = "INVENTORY"
    metadata: Sequence[str] | None = None
    antennas: int = 4
    """Ports of the reader, for its heartbeat: an FX9600 has 4 or 8."""
    region: Region = ETSI
    delivery: Delivery = DELIVERY

    @cached_property
    def session(self) -> Hello:
        """How it connects. It has no will: that it is gone shows by its heartbeat staying away."""
        commands = ((self.command_topic, 1),) if self.command_topic else ()
        return Hello(f"zebra-{self.reader}", subscriptions=commands, keepalive_s=60)

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics that it publishes to."""
        return tuple(topic for topic in (self.data_topic, self.events_topic, self.response_topic) if topic)

    def topic(self, record: TagRead | InputChange) -> str:
        """Name the topic of a record's event: reads are tag data, inputs are management events."""
        return self.events_topic if isinstance(record, InputChange) else self.data_topic

    def event(self, record: TagRead | InputChange, number: int, at_ns: int) -> bytes:
        """Write a read as a tag data event, an input change as a management event; `number` becomes `eventNum`."""
        if isinstance(record, InputChange):
            state = {"pin": record.gpi, "state": "HIGH" if record.state else "LOW"}
            return self._managed("gpi", state, number, ns_of(record.at))
        data = {name: value for name, get in self._columns if (value := get(record, number)) is not None}
        event = {"data": data, "timestamp": milli(ns_of(record.at)), "type": self.mode}
        return msgspec.json.encode(event)

    def bundle(self, events: Sequence[bytes], at_ns: int) -> bytes:
        """Put events into one payload: an array when batching is on, else the one event."""
        del at_ns
        return b"[" + b",".join(events) + b"]" if self.delivery.batch_s else events[0]

    def tell(self, happening: Happening, at_ns: int) -> Answer:
        """Write the heartbeat, and answer commands; all else shows in the heartbeat only."""
        match happening:
            case Beat():
                body = heartbeat(happening, self.antennas, milli(at_ns))
                event = self._managed("heartbeat", body, happening.number, at_ns)
                return Answer((Message(self.events_topic, event, self.delivery.qos),))
            case Command(payload):
                return self._obey(payload)
            case _:
                return SILENCE

    def _obey(self, payload: bytes) -> Answer:
        """Start, stop, tell the mode, and refuse everything else, in the documented envelope.

        What is no command at all gets no answer: there is no `command_id` to answer to. What `payload` says in a
        failure is not documented; code and message are those of the reader's local API.
        """
        command = _command(payload)
        if command is None:
            return SILENCE
        match command["command"]:
            case "start" | "stop" as word:
                return Answer(self._answered(command, "success", {}), word == "start")
            case "get_mode":
                mode = {"tagMetaData": list(self._metadata), "type": self.mode}
                return Answer(self._answered(command, "success", mode))
            case other:
                refusal = {"code": 1, "message": f"{other} is not supported here; start, stop and get_mode are"}
                return Answer(self._answered(command, "failure", refusal))

    @property
    def _metadata(self) -> Sequence[str]:
        return MODES[self.mode] if self.metadata is None else self.metadata

    @cached_property
    def _columns(self) -> tuple[tuple[str, Callable[[TagRead, int], Any]], ...]:
        """Each field of `data`, in order; PHASE and CHANNEL only where every single read is reported."""
        asked, single = set(self._metadata), not self.delivery.repeat_s
        columns: list[tuple[str, bool, Callable[[TagRead, int], Any]]] = [
            ("CRC", "CRC" in asked, lambda read, _: crc_of(read.epc).lower()),
            ("PC", "PC" in asked, lambda read, _: pc_of(read.epc).lower()),
            ("TID", "TID" in asked, lambda read, _: tid_of(read.epc).lower()),
            ("USER", "USER" in asked, lambda *_: _NO_USER_MEMORY),
            ("antenna", "ANTENNA" in asked, lambda read, _: read.antenna),
            ("channel", "CHANNEL" in asked and single, lambda read, _: frequency_mhz(read, self.region)),
            ("eventNum", True, lambda _, number: number),
            ("format", True, lambda *_: "epc"),
            ("idHex", True, lambda read, _: read.epc.lower()),
            ("peakRssi", "RSSI" in asked, lambda read, _: round(read.rssi_dbm)),
            ("phase", "PHASE" in asked and single, lambda read, _: read.phase_deg),
            ("reads", "SEEN_COUNT" in asked, lambda read, _: read.count),
        ]
        return tuple((name, get) for name, wanted, get in columns if wanted)

    def _managed(self, kind: str, data: Any, number: int, at_ns: int) -> bytes:
        event = {"component": "RG", "data": data, "eventNum": number, "timestamp": milli(at_ns), "type": kind}
        return msgspec.json.encode(event)

    def _answered(self, command: dict[str, str], outcome: str, payload: dict[str, Any]) -> tuple[Message, ...]:
        if not self.response_topic:
            return ()
        body = {**command, "payload": payload, "response": outcome}
        return (Message(self.response_topic, msgspec.json.encode(body), self.delivery.qos),)


def _command(payload: bytes) -> dict[str, str] | None:
    """Read a command, or None: not JSON, too long, nested beyond reason, or without the two texts it needs."""
    if len(payload) > _MAX_COMMAND_BYTES:
        return None
    try:
        command = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(command, dict):
        return None
    names = ("command", "command_id")
    texts = {name: text for name in names if isinstance(text := command.get(name), str) and len(text) <= 256}
    return texts if len(texts) == len(names) else None
