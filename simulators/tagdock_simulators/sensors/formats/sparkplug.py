"""A Sparkplug B edge node whose devices are bins: births, data by exception, deaths, rebirth on request.

Source: Eclipse Sparkplug 3.0.0, chapters 4 (topics), 5 (behaviour), 6 (payloads); the tests name its statements.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tagdock_simulators.mqtt.messages import Message
from tagdock_simulators.sensors.formats.node import changed
from tagdock_simulators.sensors.formats.sparkplug_payload import (
    DataType,
    Payload,
    PayloadError,
    read_payload,
    set_value,
)
from tagdock_simulators.sensors.readings import Quality, Quantity, Reading

NAMESPACE = "spBv1.0"
REBIRTH, BD_SEQ = "Node Control/Rebirth", "bdSeq"
_NUMBERS = 256
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUALITIES: dict[Quality, int] = {"good": 192, "settling": 192, "out_of_range": 0, "stale": 500}
GOOD = 192


@dataclass(frozen=True, slots=True)
class Metric:
    """How a quantity appears as a metric."""

    name: str
    datatype: DataType
    unit: str | None = None


METRICS = {
    Quantity.MASS: Metric("mass_kg", DataType.DOUBLE, "kg"),
    Quantity.DISTANCE: Metric("distance_mm", DataType.UINT16, "mm"),
    Quantity.OCCUPIED: Metric("occupied", DataType.BOOLEAN),
    Quantity.MOTION: Metric("motion", DataType.BOOLEAN),
    Quantity.TEMPERATURE: Metric("temperature_c", DataType.FLOAT, "°C"),
    Quantity.HUMIDITY: Metric("humidity_pct", DataType.FLOAT, "%"),
    Quantity.BATTERY: Metric("battery_pct", DataType.UINT8, "%"),
}


@dataclass(frozen=True, slots=True)
class Sparkplug:
    """An edge node's settings."""

    group: str = "warehouse"
    aliases: bool = True
    nan_as_null: bool = True
    """Else a value that could not be measured travels as the NaN of its Float or Double, which some products do."""
    lost_after: timedelta = timedelta(minutes=15)
    """A bin of which nothing came for so long is dead (DDEATH), until something comes."""
    primary_host: str | None = None
    """Born only while this host application says on its STATE topic that it is online."""


class SparkplugNode:
    """One edge node with the bins given, each with what its sensors tell."""

    def __init__(self, name: str, bins: dict[str, Sequence[Quantity]], settings: Sparkplug) -> None:
        """Number the aliases."""
        self._name, self._bins, self._settings = name, bins, settings
        wanted = ((bin_name, quantity) for bin_name, quantities in bins.items() for quantity in quantities)
        self._aliases = {key: number for number, key in enumerate(wanted, 1)}
        self._last: dict[tuple[str, Quantity], Reading] = {}
        self._heard_at: dict[str, datetime] = {}
        self._alive: set[str] = set()
        self._look_at = _EPOCH
        self._born = False
        self._seq = 0
        self._bd_seq = -1
        self._left = False
        self._host_online, self._host_ms = False, -1

    @property
    def client_id(self) -> str:
        """Name it by group and node, which together are unique."""
        return f"{self._settings.group}-{self._name}"

    @property
    def subscriptions(self) -> tuple[tuple[str, int], ...]:
        """Listen to commands, and to the host where one counts."""
        commands = (self._topic("NCMD"), 1)
        return (commands,) if self._settings.primary_host is None else (commands, (self._state_topic(), 1))

    @property
    def stays(self) -> bool:
        """Stay, unless the host that counts went away: then the session begins anew."""
        return not self._left

    def connecting(self, at: datetime) -> Message:
        """Count the connection; its death certificate is the will."""
        self._bd_seq = (self._bd_seq + 1) % _NUMBERS
        self._born = self._left = False
        return self._death(at)

    def born(self, at: datetime) -> list[Message]:
        """Send all births, unless a host that counts is not there."""
        if self._settings.primary_host is not None and not self._host_online:
            return []
        self._born = True
        self._alive = set()
        births = [self._node_birth(at)]
        return births + [self._device_birth(bin_name, at) for bin_name in self._bins if self._breathes(bin_name, at)]

    def tell(self, readings: Sequence[Reading], *, late: bool = False) -> list[Message]:
        """Publish what has changed, one message a bin; late readings are marked historical."""
        told: list[Message] = []
        for bin_name in dict.fromkeys(reading.bin for reading in readings if reading.bin in self._bins):
            told += self._tell_bin(bin_name, [each for each in readings if each.bin == bin_name], late)
        return told + (self._deaths(readings[-1].at) if readings and self._born else [])

    def heard(self, topic: str, payload: bytes, at: datetime) -> list[Message]:
        """Answer a request for rebirth; follow the host's state."""
        if topic == self._topic("NCMD") and self._born and _asks_rebirth(payload):
            return self.born(at)
        if self._settings.primary_host is not None and topic == self._state_topic():
            return self._follow_host(payload, at)
        return []

    def leaving(self, at: datetime) -> list[Message]:
        """Send the death certificate oneself: an orderly DISCONNECT makes the broker forget the will."""
        was_born, self._born = self._born, False
        return [self._death(at)] if was_born else []

    def _tell_bin(self, bin_name: str, readings: Sequence[Reading], late: bool) -> list[Message]:
        news = []
        for reading in readings:
            key = (bin_name, reading.sample.quantity)
            if key not in self._aliases:
                continue
            if late or _is_news(self._last.get(key), reading):
                news.append(reading)
            self._last[key] = reading
            self._heard_at[bin_name] = reading.at
        if not self._born or not news:
            return []
        if bin_name not in self._alive:
            return [self._device_birth(bin_name, readings[-1].at)]
        payload = self._payload(news[-1].at)
        for reading in news:
            self._add_value(payload, reading, late)
        return [self._published("DDATA", payload, bin_name)]

    def _deaths(self, at: datetime) -> list[Message]:
        """Say of which bins nothing comes any more; now and then is enough."""
        if at < self._look_at:
            return []
        self._look_at = at + self._settings.lost_after / 30
        gone = [bin_name for bin_name in self._bins if bin_name in self._alive and not self._breathes(bin_name, at)]
        self._alive.difference_update(gone)
        return [self._published("DDEATH", self._payload(at), bin_name) for bin_name in gone]

    def _breathes(self, bin_name: str, at: datetime) -> bool:
        heard_at = self._heard_at.setdefault(bin_name, at)
        return at - heard_at <= self._settings.lost_after

    def _follow_host(self, payload: bytes, at: datetime) -> list[Message]:
        """Take the host's state unless it is older than what is known: be born with it, die with it."""
        state = _host_state(payload)
        if state is None or state[1] < self._host_ms:
            return []
        self._host_online, self._host_ms = state
        if self._host_online == self._born:
            return []
        self._left = not self._host_online
        return self.born(at) if self._host_online else self.leaving(at)

    def _node_birth(self, at: datetime) -> Message:
        self._seq = -1
        payload = self._payload(at)
        self._add_bd_seq(payload, at)
        rebirth = payload.metrics.add(name=REBIRTH, timestamp=_ms(at), datatype=DataType.BOOLEAN)
        rebirth.boolean_value = False
        make = payload.metrics.add(name="Properties/Make", timestamp=_ms(at), datatype=DataType.STRING)
        make.string_value = "Tagdock simulators"
        if self._settings.aliases:
            make.alias = 0
        return self._published("NBIRTH", payload)

    def _device_birth(self, bin_name: str, at: datetime) -> Message:
        """Describe a bin's metrics with their current values; what was never measured is null."""
        self._alive.add(bin_name)
        payload = self._payload(at)
        for quantity in self._bins[bin_name]:
            told, last = METRICS[quantity], self._last.get((bin_name, quantity))
            metric = payload.metrics.add(
                name=told.name, timestamp=_ms(last.told_at if last else at), datatype=told.datatype
            )
            if self._settings.aliases:
                metric.alias = self._aliases[bin_name, quantity]
            self._set(metric, told.datatype, last.sample.value if last else None)
            if told.unit is not None:
                _add_property(metric, "engUnit", DataType.STRING, told.unit)
            _add_property(metric, "Quality", DataType.INT32, _QUALITIES[last.sample.quality] if last else 500)
        return self._published("DBIRTH", payload, bin_name)

    def _add_value(self, payload: Any, reading: Reading, late: bool) -> None:
        told = METRICS[reading.sample.quantity]
        metric = payload.metrics.add(timestamp=_ms(reading.told_at))
        if self._settings.aliases:
            metric.alias = self._aliases[reading.bin, reading.sample.quantity]
        else:
            metric.name = told.name
        if late:
            metric.is_historical = True
        self._set(metric, told.datatype, reading.sample.value)
        if _QUALITIES[reading.sample.quality] != GOOD:
            _add_property(metric, "Quality", DataType.INT32, _QUALITIES[reading.sample.quality])

    def _set(self, metric: Any, datatype: DataType, value: float | None) -> None:
        set_value(metric, datatype, value, nan_as_null=self._settings.nan_as_null)

    def _death(self, at: datetime) -> Message:
        payload = Payload(timestamp=_ms(at))
        self._add_bd_seq(payload, at)
        return Message(self._topic("NDEATH"), payload.SerializeToString(), qos=1)

    def _add_bd_seq(self, payload: Any, at: datetime) -> None:
        payload.metrics.add(name=BD_SEQ, timestamp=_ms(at), datatype=DataType.INT64, long_value=self._bd_seq)

    def _payload(self, at: datetime) -> Any:
        """Begin a message with the next number."""
        self._seq = (self._seq + 1) % _NUMBERS
        return Payload(timestamp=_ms(at), seq=self._seq)

    def _published(self, kind: str, payload: Any, bin_name: str | None = None) -> Message:
        topic = self._topic(kind) if bin_name is None else f"{self._topic(kind)}/{bin_name}"
        return Message(topic, payload.SerializeToString())

    def _topic(self, kind: str) -> str:
        return f"{NAMESPACE}/{self._settings.group}/{kind}/{self._name}"

    def _state_topic(self) -> str:
        return f"{NAMESPACE}/STATE/{self._settings.primary_host}"


def _is_news(last: Reading | None, now: Reading) -> bool:
    """Say whether a value or its quality changed; the very same reading again is a repetition on purpose."""
    if last is None or last == now:
        return True
    return changed(last.sample.value, now.sample.value) or last.sample.quality != now.sample.quality


def _add_property(metric: Any, key: str, datatype: DataType, value: float | str) -> None:
    metric.properties.keys.append(key)
    set_value(metric.properties.values.add(type=datatype), datatype, value)


def _asks_rebirth(payload: bytes) -> bool:
    try:
        metrics: Iterable[Any] = read_payload(payload).metrics
    except PayloadError:
        return False
    return any(metric.name == REBIRTH and metric.boolean_value for metric in metrics)


def _host_state(payload: bytes) -> tuple[bool, int] | None:
    """Read a STATE message: online, and since when in milliseconds; None when it is not one."""
    try:
        told = json.loads(payload)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    online, since_ms = told.get("online"), told.get("timestamp")
    return (online, since_ms) if isinstance(online, bool) and isinstance(since_ms, int) else None


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)
