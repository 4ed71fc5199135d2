"""Impinj readers (R700, R720 and their kin) that publish their IoT device interface's events to an MQTT broker.

    [[reader]]
    name = "dock-1"
    driver = "impinj"
    topic = "impinj/{reader}/events"          # the reader's eventTopic; {reader} stands for the name
    status_topic = "impinj/{reader}/status"   # its willTopic, "" where it has none
    connect_message = "connected"             # its connectMessage; any other text there says that it is gone
    hostname = "impinj-14-2b-3c"              # only where several readers publish to one topic, with `hostname` on

The interface has no topics of its own by default; these are ours, and the simulators'. On the reader switch on
`epcHex` (or `epc`), `antennaPort`, `peakRssiCdbm`, `lastSeenTime` and `phaseAngle`, and set `eventQualityOfService` to
1. Without `lastSeenTime` the event's own time counts, which is when the reader queued it.

Source: Impinj Reader Configuration API 1.7 (OpenAPI): ReaderEvent, TagInventoryEvent, GpiTransitionEvent,
AntennaConnectedEvent, InventoryStatusEvent, OverflowEvent, MqttConfiguration.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import Struct
from tagdock_contract import TagRead

from tagdock_edge.clock import to_us
from tagdock_edge.config.kinds import Text
from tagdock_edge.driver import Driver, Station
from tagdock_edge.inbox import ReaderNews
from tagdock_edge.mapping import MisfitError
from tagdock_edge.mapping.epcs import from_base64, from_hex
from tagdock_edge.mapping.misfits import shown
from tagdock_edge.readers.events import Moment, decode_events
from tagdock_edge.readers.heard import Heard, channel_of, hear_status, input_change, tag_read
from tagdock_edge.readers.line import LineSettings, read_fixed_topic, read_line
from tagdock_edge.readers.mqtt_reader import MqttReader
from tagdock_edge.readers.stamp_clock import StampClock
from tagdock_edge.tables import Table


@dataclass(frozen=True, slots=True)
class ImpinjSettings:
    """An Impinj reader: its topics, and what its status messages say."""

    line: LineSettings
    topic: str
    status_topic: str = ""
    connect_message: str = "connected"
    hostname: str | None = None
    """Events of others are left out: for readers that share a topic."""


class _Tag(Struct):
    epc_hex: str | None = msgspec.field(default=None, name="epcHex")
    epc: str | None = None
    antenna: int | None = msgspec.field(default=None, name="antennaPort")
    rssi_cdbm: float | None = msgspec.field(default=None, name="peakRssiCdbm")
    seen_at: Moment | None = msgspec.field(default=None, name="lastSeenTime")
    phase_deg: float | None = msgspec.field(default=None, name="phaseAngle")
    khz: float | None = msgspec.field(default=None, name="frequency")


class _Gpi(Struct):
    gpi: int
    transition: str


class _Antenna(Struct):
    port: int = msgspec.field(name="antennaPort")


class _Inventory(Struct):
    """Published messages write `inventoryStatus` where the description says `status`."""

    told: str | None = msgspec.field(default=None, name="inventoryStatus")
    status: str | None = None


class _Overflow(Struct):
    purged: int = msgspec.field(default=0, name="eventsPurged")


class _Event(Struct):
    timestamp: Moment
    kind: str = msgspec.field(name="eventType")
    hostname: str | None = None
    tag: _Tag | None = msgspec.field(default=None, name="tagInventoryEvent")
    gpi: _Gpi | None = msgspec.field(default=None, name="gpiTransitionEvent")
    connected: _Antenna | None = msgspec.field(default=None, name="antennaConnectedEvent")
    disconnected: _Antenna | None = msgspec.field(default=None, name="antennaDisconnectedEvent")
    inventory: _Inventory | None = msgspec.field(default=None, name="inventoryStatusEvent")
    overflow: _Overflow | None = msgspec.field(default=None, name="overflowEvent")


class Impinj:
    """One reader's messages. An event that is unknown here (diagnostics, tag locations) only shows that it is there."""

    def __init__(self, reader: str, settings: ImpinjSettings) -> None:
        self._reader, self._settings = reader, settings
        self.clock = StampClock()
        self._idle = False
        self.purged = 0
        """Events that the reader's buffer had no room for, as it told."""

    @property
    def state_topics(self) -> Sequence[str]:
        """Topics whose retained message tells how the reader stands."""
        return (self._settings.status_topic,) if self._settings.status_topic else ()

    def notes(self) -> Sequence[str]:
        """Say what a person should know of the reader."""
        idle = "its inventory is not running; start a preset" if self._idle else ""
        purged = f"its buffer lost {self.purged} events" if self.purged else ""
        return [note for note in (self.clock.note, idle, purged) if note]

    def hear(self, topic: str, payload: bytes, now_us: int) -> Heard:
        """Understand one message."""
        if topic == self._settings.status_topic:
            return hear_status(payload, self._settings.connect_message)
        if topic != self._settings.topic:
            return Heard(present=None)
        heard = Heard()
        events = decode_events(payload, _Event, heard)
        if self._settings.hostname is not None:
            events = [event for event in events if event.hostname == self._settings.hostname]
        if events:
            self.clock.watch(to_us(events[-1].timestamp), now_us)
        for event in events:
            try:
                self._take(event, now_us, heard)
            except MisfitError as misfit:
                heard.refuse(misfit)
        if not events:
            heard.present = None
        return heard

    def _take(self, event: _Event, now_us: int, heard: Heard) -> None:
        if event.tag is not None:
            heard.records.append(self._read(event.tag, event.timestamp, now_us))
            return
        at_us = self.clock.at_us(to_us(event.timestamp), now_us)
        if event.gpi is not None:
            if event.gpi.transition not in ("low-to-high", "high-to-low"):
                raise MisfitError("transition", f"{shown(event.gpi.transition)} is no transition")
            state = event.gpi.transition == "low-to-high"
            heard.records.append(input_change(at_us, self._reader, event.gpi.gpi, state))
        if event.connected is not None:
            heard.news.append(ReaderNews(at_us, self._reader, "antenna_up", _port(event.connected.port)))
        if event.disconnected is not None:
            heard.news.append(ReaderNews(at_us, self._reader, "antenna_down", _port(event.disconnected.port)))
        if event.inventory is not None:
            self._idle = (event.inventory.told or event.inventory.status) == "idle"
        if event.overflow is not None:
            purged = max(event.overflow.purged, 0)
            self.purged += purged
            detail = f"its buffer was full: {purged} events are lost"
            heard.news.append(ReaderNews(at_us, self._reader, "buffer_overflow", detail=detail))

    def _read(self, tag: _Tag, queued_at: datetime, now_us: int) -> TagRead:
        seen_us = to_us(queued_at if tag.seen_at is None else tag.seen_at)
        try:
            epc = from_hex(tag.epc_hex) if tag.epc_hex is not None else from_base64(tag.epc or "")
        except ValueError as error:
            raise MisfitError("epc", f"{shown(tag.epc_hex or tag.epc)} is none; switch epcHex or epc on") from error
        return tag_read(
            self.clock.at_us(seen_us, now_us),
            self._reader,
            epc,
            antenna=tag.antenna,
            rssi_dbm=None if tag.rssi_cdbm is None else tag.rssi_cdbm / 100,
            phase_deg=tag.phase_deg,
            channel=channel_of(tag.khz),
        )


def _port(port: int) -> int:
    if not 0 <= port <= 65_535:
        raise MisfitError("antennaPort", f"{port} is none: 0 to 65535")
    return port


def read_settings(table: Table, station: Station) -> ImpinjSettings:
    """Read the keys of a `[[reader]]` with `driver = "impinj"`."""
    topic = read_fixed_topic(table, "topic", station, "impinj/{reader}/events")
    status = read_fixed_topic(table, "status_topic", station, "impinj/{reader}/status")
    if topic == status:
        table.complain("status_topic", "must not be the topic of the events; give the reader a willTopic of its own")
    connect = table.take("connect_message", str, "what the reader's connectMessage says", "connected")
    hostname = table.take("hostname", Text, "the reader's host name, like impinj-14-2b-3c", None)
    return ImpinjSettings(read_line(table, station, (topic, status)), topic, status, connect, hostname)


DRIVER = Driver(read_settings, lambda name, settings: MqttReader(name, settings.line, Impinj(name, settings)))
