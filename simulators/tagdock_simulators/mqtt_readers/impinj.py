"""Impinj's IoT device interface (R700 and its kin): reader events as MQTT messages, one event a message.

Source: Impinj Reader Configuration API 1.7 (OpenAPI): ReaderEvent, TagInventoryEvent, TagInventoryEventConfiguration,
MqttConfiguration, OverflowEvent, AntennaConnectedEvent. Where published messages of real readers differ from it, or
it is silent, they are followed: base64 is the URL-safe one, times have nanoseconds without trailing zeros, and the
status of the inventory stands in `inventoryStatus` (the description says `status`; `status_field` chooses).
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import msgspec
from tagdock_contract import InputChange, TagRead

from tagdock_simulators.mqtt.messages import Hello, Message, Qos
from tagdock_simulators.mqtt_readers.frequency import frequency_khz
from tagdock_simulators.mqtt_readers.instants import nano, ns_of
from tagdock_simulators.mqtt_readers.messages import (
    SILENCE,
    Answer,
    AntennaChanged,
    Connected,
    Delivery,
    Happening,
    InventoryChanged,
    Leaving,
    Purged,
)
from tagdock_simulators.mqtt_readers.tagmemory import pc_of, tid_of
from tagdock_simulators.radio import ETSI, Region

FIELDS = (
    "epc",
    "epcHex",
    "tid",
    "tidHex",
    "pc",
    "antennaPort",
    "antennaName",
    "peakRssiCdbm",
    "frequency",
    "transmitPowerCdbm",
    "lastSeenTime",
    "phaseAngle",
)
"""What can be switched, in the order in which readers write it. `xpcHex` is not there: our tags have no XPC."""
DEFAULT_FIELDS = ("epc", "antennaPort", "peakRssiCdbm", "frequency", "transmitPowerCdbm")
"""TagInventoryEventConfiguration's defaults, but for `tid`, which also needs FastID; that is off by default."""
DELIVERY = Delivery(qos=0, buffer_reads=100_000, window=10)
"""MqttConfiguration's defaults: eventQualityOfService 0, eventBufferSize 100,000 (it allows 1,000 to 300,000),
eventPendingDeliveryLimit 10, eventPerSecondLimit 0."""
_CLIENT_ID_CHARS = 23


@dataclass(frozen=True)
class Impinj:
    """One reader's settings: names as on the reader, defaults as documented where they are."""

    reader: str
    event_topic: str
    status_topic: str = ""
    """The reader's `willTopic`; empty: no status messages."""
    fields: Sequence[str] = DEFAULT_FIELDS
    hostname: str | None = None
    """Reported with every event when given; readers are called like `impinj-14-2b-3c`. Documented default: disabled."""
    antenna_names: Mapping[int, str] = field(default_factory=dict)
    transmit_power_cdbm: int = 3000
    region: Region = ETSI
    status_field: Literal["inventoryStatus", "status"] = "inventoryStatus"
    connect_message: str = "connected"
    disconnect_message: str = "disconnected"
    """The documented default is an empty one, after which a retained `connected` would stay."""
    will_message: str = "connection lost"
    status_qos: Qos = 1
    status_retained: bool = True
    """Not documented; kept, so that who subscribes later learns the state too."""
    delivery: Delivery = DELIVERY

    @cached_property
    def session(self) -> Hello:
        """How it connects; `clientId` takes letters and digits only, 23 at most."""
        client_id = "".join(char for char in self.reader if char.isascii() and char.isalnum())
        will = self._status(self.will_message)
        return Hello(f"impinj{client_id}"[:_CLIENT_ID_CHARS], will[0] if will else None, clean=False, keepalive_s=60)

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics that it publishes to."""
        return (self.event_topic, self.status_topic) if self.status_topic else (self.event_topic,)

    def topic(self, record: TagRead | InputChange) -> str:
        """Name the topic of a record's event: all events go to the one event topic."""
        del record
        return self.event_topic

    def event(self, record: TagRead | InputChange, number: int, at_ns: int) -> bytes:
        """Write one read or input change as a ReaderEvent; `at_ns` is when it was queued. Events have no number."""
        del number
        if isinstance(record, InputChange):
            transition = "low-to-high" if record.state else "high-to-low"
            return self._event("gpiTransition", {"gpi": record.gpi, "transition": transition}, at_ns)
        tag = {name: value for name, get in self._columns if (value := get(record)) is not None}
        return self._event("tagInventory", tag, at_ns)

    def bundle(self, events: Sequence[bytes], at_ns: int) -> bytes:
        """Put events into one payload: over MQTT each travels alone; a batch (as webhooks get) is an array."""
        del at_ns
        return b"[" + b",".join(events) + b"]" if self.delivery.batch_s else events[0]

    def tell(self, happening: Happening, at_ns: int) -> Answer:
        """Write what the reader says of itself. It takes no commands: those go over HTTP only."""
        match happening:
            case Connected(running):
                return Answer((*self._status(self.connect_message), self._inventory(running, at_ns)))
            case Leaving():
                return Answer((self._inventory(False, at_ns), *self._status(self.disconnect_message)))
            case InventoryChanged(running):
                return Answer((self._inventory(running, at_ns),))
            case AntennaChanged(port, connected):
                kind = "antennaConnected" if connected else "antennaDisconnected"
                return Answer((self._told(kind, {"antennaPort": port}, at_ns),))
            case Purged():
                return Answer((self._overflow(happening, at_ns),))
            case _:
                return SILENCE

    @cached_property
    def _columns(self) -> tuple[tuple[str, Callable[[TagRead], Any]], ...]:
        values: dict[str, Callable[[TagRead], Any]] = {
            "epc": lambda read: _base64(read.epc),
            "epcHex": lambda read: read.epc.upper(),
            "tid": lambda read: _base64(tid_of(read.epc)),
            "tidHex": lambda read: tid_of(read.epc),
            "pc": lambda read: pc_of(read.epc),
            "antennaPort": lambda read: read.antenna,
            "antennaName": lambda read: self.antenna_names.get(read.antenna, f"Antenna {read.antenna}"),
            "peakRssiCdbm": lambda read: round(read.rssi_dbm * 100),
            "frequency": lambda read: frequency_khz(read, self.region),
            "transmitPowerCdbm": lambda _: self.transmit_power_cdbm,
            "lastSeenTime": lambda read: nano(ns_of(read.at)),
            "phaseAngle": lambda read: None if read.phase_deg is None else round(read.phase_deg % 360.0, 2),
        }
        return tuple((name, values[name]) for name in FIELDS if name in self.fields)

    def _event(self, kind: str, body: Mapping[str, Any], at_ns: int) -> bytes:
        event: dict[str, Any] = {"timestamp": nano(at_ns)}
        if self.hostname is not None:
            event["hostname"] = self.hostname
        event["eventType"] = kind
        event[f"{kind}Event"] = body
        return msgspec.json.encode(event)

    def _inventory(self, running: bool, at_ns: int) -> Message:
        return self._told("inventoryStatus", {self.status_field: "running" if running else "idle"}, at_ns)

    def _overflow(self, purge: Purged, at_ns: int) -> Message:
        body = {
            "firstEventTimestamp": nano(purge.first_ns),
            "lastEventTimestamp": nano(purge.last_ns),
            "eventsPurged": purge.purged,
            "eventsRemaining": purge.remaining,
        }
        return self._told("overflow", body, at_ns)

    def _told(self, kind: str, body: Mapping[str, Any], at_ns: int) -> Message:
        return Message(self.event_topic, self._event(kind, body, at_ns), self.delivery.qos)

    def _status(self, text: str) -> tuple[Message, ...]:
        """Make a status message, unless the reader was given no topic or no text for it."""
        if not (self.status_topic and text):
            return ()
        return (Message(self.status_topic, text.encode(), self.status_qos, self.status_retained),)


def hostname_of(reader: str) -> str:
    """Return the host name that belongs to a reader: readers end theirs with the last three bytes of their MAC."""
    return "impinj-" + hashlib.blake2b(reader.encode(), digest_size=3).digest().hex("-")


def _base64(hexes: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(hexes)).decode()
