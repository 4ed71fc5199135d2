"""Tasmota devices: telemetry as JSON once a period, switches at once, a will, and their own discovery.

`<tele>/SENSOR` and `<tele>/STATE` tell values, `<stat>/RESULT`, `STATUS8`, `STATUS10` and `SWITCH<n>` too; `<tele>/LWT`
is the will. Where `tasmota/discovery/<mac>/config` names the device, its prefixes, full topic and words count; before,
Tasmota's defaults. `Time` is local and has no zone: the time of arrival counts.
Sources: Tasmota's documentation, "MQTT" and "Commands" (FullTopic, Prefix, SetOption4, SetOption19, SetOption114,
TempUnit, WeightUnit is kilograms); hatasmota 0.10 (the units of its sensors, the discovery's keys `t`, `ft`, `tp`,
`onln`, `ofln`, `hn`, `mac`, `ver`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tagdock_edge.config.sensor_model import TASMOTA_FIELDS, SensorConfig, TasmotaField
from tagdock_edge.config.units import SAME, Conversion, conversion
from tagdock_edge.sensors.complaints import Complaints
from tagdock_edge.sensors.lifeline import Lifeline
from tagdock_edge.sensors.told import Measurement, Message, Told
from tagdock_edge.sensors.values import Missing, Step, ValueRefusedError, json_value, number, path, text, walk

DISCOVERY = "tasmota/discovery/+/config"
_SWITCHED = {"ON": 1.0, "OFF": 0.0}
_VALUES = ("SENSOR", "STATE")
_ANSWERS = ("RESULT", "STATUS8", "STATUS10")
_WRAPPER = "StatusSNS"


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How one device is addressed, and its words."""

    topics: Mapping[str, str]
    """Topic -> what comes there: value, answer, LWT, or a switch's name."""
    online: str = "Online"
    offline: str = "Offline"


@dataclass(frozen=True, slots=True)
class _Field:
    channel: int
    name: str
    steps: tuple[Step, ...]
    conversion: Conversion | None
    """None: a temperature, by the message's own TempUnit."""
    lifeline: Lifeline


class Tasmota:
    """All configured Tasmota devices of one broker."""

    def __init__(self, sensors: Mapping[int, SensorConfig], complaints: Complaints) -> None:
        """Take the sensors whose origin this is."""
        self._complaints = complaints
        self._fields: dict[str, list[_Field]] = {}
        for channel, sensor in sensors.items():
            if isinstance(sensor.origin, TasmotaField):
                self._fields.setdefault(sensor.origin.device, []).append(_field(channel, sensor, sensor.origin))
        self._dialects = {device: self._spoken(device, "%prefix%/%topic%/", {}) for device in self._fields}
        self._index()

    @property
    def topics(self) -> frozenset[str]:
        """Name the devices' topics, and the discovery's where there is a device."""
        return self._topics

    def forget(self) -> None:
        """Begin anew: wills and discovery are retained and come again."""
        for fields in self._fields.values():
            for each in fields:
                each.lifeline.forget()

    def take(self, message: Message, now_us: int) -> list[Told]:
        """Take telemetry, an answer, a will or a discovery message."""
        if message.topic.startswith("tasmota/discovery/"):
            self._discovered(message)
            return []
        device = self._owners.get(message.topic)
        if device is None:
            return []
        dialect = self._dialects[device]
        kind = dialect.topics[message.topic]
        try:
            if kind == "LWT":
                return self._will(device, dialect, text(message.payload), now_us)
            return self._values(device, kind, message, now_us)
        except ValueRefusedError as error:
            self._complaints.note(f"tasmota {device}: {kind}", str(error))
            return []

    def advance(self, now_us: int) -> list[Told]:
        """Wait for nothing: the will tells who is gone."""
        del now_us
        return []

    def _values(self, device: str, kind: str, message: Message, now_us: int) -> list[Told]:
        told = json_value(message.payload)
        if isinstance(told, dict) and isinstance(told.get(_WRAPPER), dict):
            told = told[_WRAPPER]
        if kind.startswith("Switch"):
            told = {kind: told}
        values: list[Told] = []
        for field in self._fields[device]:
            try:
                value = _value(field, told)
            except ValueRefusedError as error:
                self._complaints.note(f"{field.name}: value", str(error))
                continue
            if value is not Missing:
                measured = Measurement(field.channel, now_us, value)
                values += field.lifeline.value(measured, retained=message.retained)
        return values

    def _will(self, device: str, dialect: _Dialect, said: str, now_us: int) -> list[Told]:
        if said not in (dialect.online, dialect.offline):
            return []
        there = said == dialect.online
        return [told for each in self._fields[device] for told in each.lifeline.presence(there, now_us)]

    def _discovered(self, message: Message) -> None:
        """Learn how a configured device is addressed; others are passed over."""
        try:
            told = json_value(message.payload) if message.payload else None
        except ValueRefusedError as error:
            self._complaints.note("tasmota discovery", str(error))
            return
        if not isinstance(told, dict):
            return
        device = told.get("t")
        if not isinstance(device, str) or device not in self._fields:
            return
        if told.get("mac") != message.topic.split("/")[2]:
            self._complaints.note(f"tasmota {device}: discovery", "it is told under another device's address")
            return
        full_topic = told.get("ft")
        if not isinstance(full_topic, str) or not _is_full_topic(full_topic):
            self._complaints.note(f"tasmota {device}: discovery", "its full topic can't be used")
            return
        self._dialects[device] = self._spoken(device, full_topic, told)
        self._index()

    def _spoken(self, device: str, full_topic: str, told: Mapping[str, Any]) -> _Dialect:
        prefixes = told.get("tp")
        stat, tele = "stat", "tele"
        if isinstance(prefixes, list) and len(prefixes) == 3 and all(_is_level(each) for each in prefixes):
            _, stat, tele = prefixes

        def topic(prefix: str, last: str) -> str:
            written = full_topic.replace("%prefix%", prefix).replace("%topic%", device)
            written = written.replace("%hostname%", str(told.get("hn", ""))[:64])
            return written.replace("%id%", str(told.get("mac", ""))[-6:]) + last

        topics = {topic(tele, each): "values" for each in _VALUES} | {topic(stat, each): "answer" for each in _ANSWERS}
        # With SetOption4 a switch answers on a topic of its own.
        topics |= {
            topic(stat, str(each.steps[0]).upper()): str(each.steps[0])
            for each in self._fields[device]
            if str(each.steps[0]).startswith("Switch")
        }
        topics[topic(tele, "LWT")] = "LWT"
        words = (told.get("onln"), told.get("ofln"))
        if all(isinstance(word, str) and 0 < len(word) <= 64 for word in words):
            return _Dialect(topics, *words)  # type: ignore[arg-type]  # both are texts
        return _Dialect(topics)

    def _index(self) -> None:
        self._owners = {topic: device for device, dialect in self._dialects.items() for topic in dialect.topics}
        safe = {topic for topic in self._owners if not any(char in topic for char in "+#\0")}
        self._topics = frozenset({*safe, DISCOVERY} if self._fields else ())


def _field(channel: int, sensor: SensorConfig, origin: TasmotaField) -> _Field:
    known = TASMOTA_FIELDS.get(origin.field.rpartition(".")[2])
    by_message = sensor.unit is None and sensor.quantity == "temperature_c"
    unit = sensor.unit or (known[1] if known and known[0] == sensor.quantity else None)
    converts = None if by_message else conversion(unit, sensor.quantity) or SAME
    return _Field(channel, sensor.name, path(origin.field), converts, Lifeline(channel, watched=True))


def _value(field: _Field, told: object) -> Any:
    """Return a number, None where nothing could be measured, or Missing."""
    value = walk(told, field.steps)
    if isinstance(value, dict):  # a switch's answer: {"Switch1": {"Action": "ON"}}
        value = value.get("Action", Missing)
    if value is Missing:
        return Missing
    if isinstance(value, str) and value in _SWITCHED:
        return _SWITCHED[value]
    measured = number(value)
    if measured is None:
        return None
    converts = field.conversion
    if converts is None:
        unit = told.get("TempUnit") if isinstance(told, dict) else None
        converts = conversion(unit if isinstance(unit, str) else None, "temperature_c")
        if converts is None:
            raise ValueRefusedError(f"TempUnit {unit!r}")
    return converts(measured)


def _is_full_topic(full_topic: str) -> bool:
    """Take a full topic only with both parts: without the device's name it would be everybody's."""
    return (
        len(full_topic) <= 128
        and "%prefix%" in full_topic
        and any(part in full_topic for part in ("%topic%", "%hostname%", "%id%"))
        and not any(char in full_topic for char in "+#\0$")
        and not full_topic.startswith("tagdock/")
    )


def _is_level(value: object) -> bool:
    return (
        isinstance(value, str) and 0 < len(value) <= 32 and value.isprintable() and not any(c in value for c in "+#/$")
    )
