"""Readers whose JSON nobody knew before: what a customer, an integrator or somebody at home has shaped.

[[reader]]
name = "dock-1"
driver = "mapped"
topic = "warehouse/{reader}/{antenna}/reads"   # {reader} is the name, {antenna} a level that the mapping uses
status_topic = "warehouse/{reader}/status"     # optional: retained, connect_message = "online" there means present
silent_after_s = 0                             # for readers that always say something

[reader.mapping]                               # see tagdock_edge.mapping
array = "data.reads"
when = [{ path = "$.type", is = "reads" }]
epc = "tag"
antenna = { topic = "antenna" }                # or a path; values = { north = 1 }; offset = 1 counts from 0
rssi = { path = "rssi", unit = "cdBm" }        # { const = -60 } where the reader tells none
time = { path = "ts", format = "epoch_ms" }    # without it a read was when its message arrived
phase = { path = "phase", unit = "rad" }       # also doppler, channel, count

[reader.inputs]                                # optional: photo-eyes
topic = "warehouse/{reader}/inputs"
gpi = "gpi"
state = "on"
time = { path = "ts", format = "epoch_ms" }
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tagdock_contract import Record

from tagdock_edge.driver import Driver, Station
from tagdock_edge.mapping import (
    PHASE_DEG,
    RSSI_DBM,
    Mapping,
    MisfitError,
    Rows,
    Spec,
    TopicPattern,
    decode_json,
    read_mapping,
    read_topic,
)
from tagdock_edge.readers.heard import HIGHEST_DBM, LOWEST_DBM, Heard, hear_status, input_change, tag_read
from tagdock_edge.readers.line import LineSettings, read_fixed_topic, read_line
from tagdock_edge.readers.mqtt_reader import MqttReader
from tagdock_edge.readers.stamp_clock import StampClock
from tagdock_edge.tables import Table

_NUMBERS_TO = 65_535
_READ = (
    Spec("epc", "epc", required=True),
    Spec("antenna", "integer", required=True, low=0, high=_NUMBERS_TO),
    Spec("rssi", "number", required=True, units=RSSI_DBM, low=LOWEST_DBM, high=HIGHEST_DBM),
    Spec("time", "time"),
    Spec("phase", "number", units=PHASE_DEG, low=-360, high=360),
    Spec("doppler", "number", units={"Hz": (1.0, 0.0)}, low=-1e4, high=1e4),
    Spec("channel", "integer", low=0, high=_NUMBERS_TO),
    Spec("count", "integer", low=1, high=1 << 32),
)
_INPUT = (
    Spec("gpi", "integer", required=True, low=0, high=_NUMBERS_TO),
    Spec("state", "state", required=True),
    Spec("time", "time"),
)
_READ_TIME, _INPUT_TIME = 3, 2


@dataclass(frozen=True, slots=True)
class MappedSettings:
    """A mapped reader: its topics with what is in them."""

    line: LineSettings
    topic: TopicPattern
    mapping: Mapping
    input_topic: TopicPattern | None = None
    inputs: Mapping | None = None
    status_topic: str = ""
    connect_message: str = "online"


class Mapped:
    """One reader's messages."""

    def __init__(self, reader: str, settings: MappedSettings) -> None:
        self._reader, self._settings = reader, settings
        self.clock = StampClock()

    @property
    def state_topics(self) -> Sequence[str]:
        """Topics whose retained message tells how the reader stands."""
        return (self._settings.status_topic,) if self._settings.status_topic else ()

    def notes(self) -> Sequence[str]:
        """Say what a person should know of the reader."""
        return [self.clock.note] if self.clock.note else []

    def hear(self, topic: str, payload: bytes, now_us: int) -> Heard:
        """Understand one message."""
        settings = self._settings
        is_input = settings.input_topic is not None and settings.input_topic.matches(topic)
        if topic == settings.status_topic:
            return hear_status(payload, settings.connect_message)
        heard = Heard(present=None)
        if not (is_input or settings.topic.matches(topic)):
            return heard
        try:
            message = decode_json(payload)
        except MisfitError as misfit:
            heard.refuse(misfit)
            return heard
        if settings.topic.matches(topic):
            rows = settings.mapping.rows_of(message, settings.topic.levels(topic))
            self._take(rows, _READ_TIME, now_us, heard)
        if is_input and settings.inputs is not None and settings.input_topic is not None:
            rows = settings.inputs.rows_of(message, settings.input_topic.levels(topic))
            self._take(rows, _INPUT_TIME, now_us, heard)
        return heard

    def _take(self, rows: Rows, time: int, now_us: int, heard: Heard) -> None:
        if rows.first_misfit is not None:
            heard.refuse(rows.first_misfit, rows.misfits)
        if rows.rows or rows.ignored:
            heard.present = True
        stamp_us = next((row[time] for row in reversed(rows.rows) if row[time] is not None), None)
        if stamp_us is not None:
            self.clock.watch(stamp_us, now_us)
        make = self._read if time == _READ_TIME else self._input
        for row in rows.rows:
            at_us = now_us if row[time] is None else self.clock.at_us(row[time], now_us)
            try:
                heard.records.append(make(row, at_us))
            except MisfitError as misfit:
                heard.refuse(misfit)

    def _read(self, row: tuple[Any, ...], at_us: int) -> Record:
        epc, antenna, rssi_dbm, _, phase_deg, doppler_hz, channel, count = row
        return tag_read(
            at_us,
            self._reader,
            epc,
            antenna=antenna,
            rssi_dbm=rssi_dbm,
            phase_deg=phase_deg,
            doppler_hz=doppler_hz,
            channel=channel,
            count=count or 1,
        )

    def _input(self, row: tuple[Any, ...], at_us: int) -> Record:
        return input_change(at_us, self._reader, row[0], row[1])


def read_settings(table: Table, station: Station) -> MappedSettings:
    """Read the keys of a `[[reader]]` with `driver = "mapped"`."""
    known = {"reader": station.name}
    topic = read_topic(table, "topic", known, "warehouse/{reader}/reads")
    status_topic = read_fixed_topic(table, "status_topic", station, "")
    connect = table.take("connect_message", str, "what the retained status says of a reader that is there", "online")
    inner = table.table("mapping") or Table({}, f"{table.path}.mapping", table.problems)
    mapping = read_mapping(inner, _READ, levels=topic.level_names, known=known)
    input_topic, inputs = _read_inputs(table.table("inputs"), known)
    filters = dict.fromkeys((topic.filter, input_topic.filter if input_topic else "", status_topic))
    line = read_line(table, station, tuple(filters), stored=inner.has("time"))
    return MappedSettings(line, topic, mapping, input_topic, inputs, status_topic, connect)


def _read_inputs(table: Table | None, known: dict[str, str]) -> tuple[TopicPattern | None, Mapping | None]:
    if table is None:
        return None, None
    topic = read_topic(table, "topic", known, "warehouse/{reader}/inputs")
    return topic, read_mapping(table, _INPUT, levels=topic.level_names, known=known)


DRIVER = Driver(read_settings, lambda name, settings: MqttReader(name, settings.line, Mapped(name, settings)))
