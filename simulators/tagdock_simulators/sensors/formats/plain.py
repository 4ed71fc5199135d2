"""JSON of a customer's own: topic, keys, units and time can be chosen."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from tagdock_contract import utc_text

from tagdock_simulators.mqtt.messages import Message, Qos
from tagdock_simulators.sensors.formats.node import slug
from tagdock_simulators.sensors.readings import Quantity, Reading

UNITS: Mapping[str, tuple[Quantity, float, float]] = {
    "kg": (Quantity.MASS, 1.0, 0.0),
    "g": (Quantity.MASS, 1000.0, 0.0),
    "lb": (Quantity.MASS, 1.0 / 0.45359237, 0.0),
    "mm": (Quantity.DISTANCE, 1.0, 0.0),
    "cm": (Quantity.DISTANCE, 0.1, 0.0),
    "m": (Quantity.DISTANCE, 0.001, 0.0),
    "C": (Quantity.TEMPERATURE, 1.0, 0.0),
    "F": (Quantity.TEMPERATURE, 1.8, 32.0),
}
"""What a unit is of; factor and offset from ours."""
_BOOLEANS = frozenset({Quantity.OCCUPIED, Quantity.MOTION})


@dataclass(frozen=True, slots=True)
class Plain:
    """What the messages look like. Raises ValueError for a unit of another quantity."""

    topic: str = "bins/{bin}"
    """`{bin}` and `{quantity}` are replaced."""
    together: bool = True
    """All values of one moment in one message; else one message a value, under `value_key`."""
    keys: Mapping[Quantity, str] = field(default_factory=dict)
    """Other names for quantities."""
    units: Mapping[Quantity, str] = field(default_factory=dict)
    """Other units: g, lb, cm, m, F."""
    bin_key: str | None = "bin"
    time_key: str | None = "at"
    value_key: str = "value"
    time: Literal["iso", "local", "epoch_s", "epoch_ms"] = "iso"
    """`local` has no zone: whoever reads it must know."""
    nan: Literal["NaN", "null", "left out"] = "null"
    """`NaN` is no JSON, and occurs."""
    retained: bool = False
    qos: Qos = 0

    def __post_init__(self) -> None:
        """Check the units."""
        for quantity, unit in self.units.items():
            if unit not in UNITS or UNITS[unit][0] is not quantity:
                fit = [name for name, (of, _, _) in UNITS.items() if of is quantity]
                raise ValueError(f"units: {unit!r} does not fit {quantity}; choose one of {fit or 'none'}")


class PlainNode:
    """A gateway that tells all its bins' values."""

    def __init__(self, name: str, settings: Plain) -> None:
        """Take the gateway's name."""
        self._name, self._settings = name, settings

    @property
    def client_id(self) -> str:
        """Name it."""
        return self._name

    @property
    def subscriptions(self) -> tuple[tuple[str, int], ...]:
        """Listen to nothing."""
        return ()

    @property
    def stays(self) -> bool:
        """Stay, always."""
        return True

    def connecting(self, at: datetime) -> Message | None:
        """Leave no will."""
        del at
        return None

    def born(self, at: datetime) -> list[Message]:
        """Say nothing."""
        del at
        return []

    def tell(self, readings: Sequence[Reading], *, late: bool = False) -> list[Message]:
        """Publish values, those of one bin and one moment together."""
        del late
        told: list[Message] = []
        group: list[Reading] = []
        for reading in readings:
            apart = not group or (reading.bin, reading.told_at) != (group[0].bin, group[0].told_at)
            # The same quantity twice is a repetition: it needs a message of its own.
            again = any(each.sample.quantity is reading.sample.quantity for each in group)
            if group and (apart or again or not self._settings.together):
                told.append(self._message(group))
                group = []
            group.append(reading)
        return [*told, self._message(group)] if group else told

    def heard(self, topic: str, payload: bytes, at: datetime) -> list[Message]:
        """Answer nothing."""
        del topic, payload, at
        return []

    def leaving(self, at: datetime) -> list[Message]:
        """Say nothing."""
        del at
        return []

    def _message(self, group: Sequence[Reading]) -> Message:
        settings, first = self._settings, group[0]
        told: dict[str, Any] = {}
        if settings.bin_key is not None:
            told[settings.bin_key] = first.bin
        if settings.time_key is not None:
            told[settings.time_key] = self._time(first.told_at)
        for reading in group:
            value = self._value(reading)
            if value is None and settings.nan == "left out":
                continue
            key = self._key(reading.sample.quantity) if settings.together else settings.value_key
            told[key] = math.nan if value is None and settings.nan == "NaN" else value
        topic = settings.topic.format(bin=slug(first.bin), quantity=self._key(first.sample.quantity))
        return Message(topic, json.dumps(told).encode(), settings.qos, settings.retained)

    def _key(self, quantity: Quantity) -> str:
        return self._settings.keys.get(quantity, quantity.value)

    def _value(self, reading: Reading) -> float | bool | None:
        quantity, value = reading.sample.quantity, reading.sample.value
        if math.isnan(value):
            return None
        if quantity in _BOOLEANS:
            return value > 0
        unit = self._settings.units.get(quantity)
        if unit is None:
            return value
        _, factor, offset = UNITS[unit]
        return round(value * factor + offset, 6)

    def _time(self, at: datetime) -> str | float | int:
        match self._settings.time:
            case "iso":
                return utc_text(at)
            case "local":
                return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
            case "epoch_s":
                return round(at.timestamp(), 3)
            case "epoch_ms":
                return round(at.timestamp() * 1000)
