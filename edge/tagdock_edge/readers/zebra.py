"""Zebra readers (FX7500, FX9600, ATR7000) that publish to an MQTT broker through Zebra's IoT Connector.

    [[reader]]
    name = "dock-1"
    driver = "zebra"
    topic = "zebra/{reader}/data"             # of the data interface; {reader} stands for the name
    events_topic = "zebra/{reader}/events"    # of the management events interface: heartbeat and inputs
    silent_after_s = 150                      # two and a half heartbeats of a minute; 0 without heartbeats
    antenna = 1                               # of reads that name none: only where one antenna is connected

The product has no topics of its own by default; these are ours, and the simulators'. Ask for the `tagMetaData`
ANTENNA, RSSI and, where the way is told by phase, PHASE and CHANNEL with a `reportFilter` of 0: SIMPLE reports none of
them, PORTAL and CONVEYOR the antenna only. Without RSSI all reads weigh the same. Set QoS 1 where the endpoint allows
it.

Source: Zebra IoT Connector documentation: tag data events, asynchronous management events, operating modes, tag data
retention.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from msgspec import Struct
from tagdock_contract import InputChange, TagRead

from tagdock_edge.clock import to_us
from tagdock_edge.config.kinds import AntennaNumber
from tagdock_edge.driver import Driver, Station
from tagdock_edge.inbox import ReaderNews
from tagdock_edge.mapping import MisfitError
from tagdock_edge.mapping.epcs import from_hex
from tagdock_edge.mapping.misfits import shown
from tagdock_edge.readers.event_numbers import EventNumbers
from tagdock_edge.readers.events import Moment, decode_events
from tagdock_edge.readers.heard import Heard, channel_of, input_change, tag_read
from tagdock_edge.readers.line import LineSettings, read_fixed_topic, read_line
from tagdock_edge.readers.mqtt_reader import MqttReader
from tagdock_edge.readers.stamp_clock import StampClock
from tagdock_edge.tables import Table

SILENT_AFTER_S = 150.0
"""Two and a half heartbeats a minute apart, as the LLRP driver counts its keepalives."""
_STATES = {"HIGH": True, "LOW": False}


@dataclass(frozen=True, slots=True)
class ZebraSettings:
    """A Zebra reader: its topics, the antenna of reads that name none, and the antennas that doors use."""

    line: LineSettings
    topic: str
    events_topic: str = ""
    antenna: int | None = None
    antennas: tuple[int, ...] = ()


class _Data(Struct):
    number: int | None = msgspec.field(default=None, name="eventNum")
    epc: str | None = msgspec.field(default=None, name="idHex")
    antenna: int | None = None
    rssi_dbm: float | None = msgspec.field(default=None, name="peakRssi")
    phase_deg: float | None = msgspec.field(default=None, name="phase")
    mhz: float | None = msgspec.field(default=None, name="channel")
    count: int = msgspec.field(default=1, name="reads")


class _TagEvent(Struct):
    timestamp: Moment
    data: _Data


class _Path(Struct):
    dropped: int = msgspec.field(default=0, name="numDataMessagesDropped")


class _Gateway(Struct):
    paths: list[_Path] = msgspec.field(default_factory=list, name="dataPathStatistics")


class _Radio(Struct):
    antennas: dict[str, str] = {}
    activity: str = msgspec.field(default="", name="radioActivity")
    connection: str = msgspec.field(default="", name="radioConnection")


class _Managed(Struct):
    """The `data` of a management event: a heartbeat's two sections that matter here, or an input's change."""

    radio: _Radio | None = msgspec.field(default=None, name="radio_control")
    gateway: _Gateway | None = msgspec.field(default=None, name="reader_gateway")
    pin: int | None = None
    state: str | None = None


class _ManagementEvent(Struct):
    timestamp: Moment
    kind: str = msgspec.field(name="type")
    data: _Managed = msgspec.field(default_factory=_Managed)


class Zebra:
    """One reader's messages. Management events that are unknown here only show that the reader is there."""

    def __init__(self, reader: str, settings: ZebraSettings) -> None:
        self._reader, self._settings = reader, settings
        self.clock = StampClock()
        self.numbers = EventNumbers()
        self._radio_note = ""
        self._weightless = False
        self._dropped = 0
        self._antennas_down: set[int] = set()

    @property
    def state_topics(self) -> Sequence[str]:
        """Topics whose retained message tells how the reader stands: none, it shows by its heartbeat."""
        return ()

    def notes(self) -> Sequence[str]:
        """Say what a person should know of the reader."""
        lost = f"{self.numbers.lost} tag events are missing by their numbers" if self.numbers.lost else ""
        dropped = f"it dropped {self._dropped} data messages" if self._dropped else ""
        weightless = "it tells no RSSI, so all reads weigh the same; ask for RSSI" if self._weightless else ""
        return [note for note in (self.clock.note, self._radio_note, lost, dropped, weightless) if note]

    def hear(self, topic: str, payload: bytes, now_us: int) -> Heard:
        """Understand one message."""
        heard = Heard(present=None)
        if topic == self._settings.events_topic:
            self._hear_management(payload, now_us, heard)
        elif topic == self._settings.topic:
            self._hear_tags(payload, now_us, heard)
        return heard

    def _hear_tags(self, payload: bytes, now_us: int, heard: Heard) -> None:
        events = decode_events(payload, _TagEvent, heard)
        heard.present = True if events else None
        if events:
            self.clock.watch(to_us(events[-1].timestamp), now_us)
        missing = 0
        for event in events:
            if event.data.number is not None:
                missing += self.numbers.note(event.data.number)
            try:
                heard.records.append(self._read(event, now_us))
            except MisfitError as misfit:
                heard.refuse(misfit)
        if missing:
            detail = f"{missing} tag events are missing by their numbers: lost on their way, or in the reader's buffer"
            heard.news.append(ReaderNews(now_us, self._reader, "buffer_overflow", detail=detail))

    def _read(self, event: _TagEvent, now_us: int) -> TagRead:
        data = event.data
        try:
            epc = from_hex(data.epc or "")
        except ValueError as error:
            raise MisfitError("idHex", f"{shown(data.epc)} is no EPC") from error
        antenna = self._settings.antenna if data.antenna is None else data.antenna
        if antenna is None:
            raise MisfitError("antenna", "is missing; ask for ANTENNA in tagMetaData, or say antenna = in [[reader]]")
        self._weightless = data.rssi_dbm is None
        return tag_read(
            self.clock.at_us(to_us(event.timestamp), now_us),
            self._reader,
            epc,
            antenna=antenna,
            rssi_dbm=data.rssi_dbm,
            phase_deg=data.phase_deg,
            channel=None if data.mhz is None else channel_of(data.mhz * 1000),
            count=data.count,
        )

    def _hear_management(self, payload: bytes, now_us: int, heard: Heard) -> None:
        events = decode_events(payload, _ManagementEvent, heard)
        heard.present = True if events else None
        for event in events:
            self.clock.watch(to_us(event.timestamp), now_us)
            at_us = self.clock.at_us(to_us(event.timestamp), now_us)
            try:
                if event.kind == "gpi":
                    heard.records.append(self._input(event.data, at_us))
                elif event.kind == "heartbeat":
                    self._take_heartbeat(event.data, at_us, heard)
            except MisfitError as misfit:
                heard.refuse(misfit)

    def _input(self, data: _Managed, at_us: int) -> InputChange:
        state = _STATES.get((data.state or "").upper())
        if state is None or data.pin is None:
            raise MisfitError("gpi", f"pin {data.pin}, state {shown(data.state)} is no change of an input")
        return input_change(at_us, self._reader, data.pin, state)

    def _take_heartbeat(self, data: _Managed, at_us: int, heard: Heard) -> None:
        radio = data.radio
        if radio is not None:
            self._radio_note = _radio_note(radio)
            for antenna in self._settings.antennas:
                self._note_antenna(antenna, radio.antennas.get(str(antenna)), at_us, heard)
        dropped = sum(max(path.dropped, 0) for path in data.gateway.paths) if data.gateway is not None else 0
        if dropped > self._dropped:
            detail = f"it dropped {dropped - self._dropped} data messages: its buffer was full"
            heard.news.append(ReaderNews(at_us, self._reader, "buffer_overflow", detail=detail))
        self._dropped = dropped

    def _note_antenna(self, antenna: int, state: str | None, at_us: int, heard: Heard) -> None:
        """Tell of an antenna that a door uses when it comes or goes."""
        if state == "disconnected" and antenna not in self._antennas_down:
            self._antennas_down.add(antenna)
            heard.news.append(ReaderNews(at_us, self._reader, "antenna_down", antenna))
        elif state == "connected" and antenna in self._antennas_down:
            self._antennas_down.discard(antenna)
            heard.news.append(ReaderNews(at_us, self._reader, "antenna_up", antenna))


def _radio_note(radio: _Radio) -> str:
    if radio.connection == "disconnected":
        return "its radio module is disconnected; restart it"
    return "its radio is inactive; start the inventory" if radio.activity == "inactive" else ""


def read_settings(table: Table, station: Station) -> ZebraSettings:
    """Read the keys of a `[[reader]]` with `driver = "zebra"`."""
    topic = read_fixed_topic(table, "topic", station, "zebra/{reader}/data")
    events = read_fixed_topic(table, "events_topic", station, "zebra/{reader}/events")
    if topic == events:
        table.complain("events_topic", "must not be the topic of the tag data; give the interfaces a topic each")
    antenna = table.take("antenna", AntennaNumber, "the antenna's number, from 1", None)
    silent_after_s = SILENT_AFTER_S if events else 0.0
    line = read_line(table, station, (topic, events), silent_after_s=silent_after_s)
    return ZebraSettings(line, topic, events, antenna, station.antennas)


DRIVER = Driver(read_settings, lambda name, settings: MqttReader(name, settings.line, Zebra(name, settings)))
