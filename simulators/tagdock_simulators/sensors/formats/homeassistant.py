"""Home Assistant's MQTT discovery with plain state topics, as an ESPHome node with one bin's sensors speaks it.

Sources: Home Assistant, "MQTT discovery" (single component and device discovery, abbreviations), "MQTT sensor", "MQTT
binary sensor"; ESPHome, MQTT client component: states retained, QoS 0, `<node>/<component>/<object>/state`;
`<node>/status` with online and offline, also as will; discovery retained; a value that is not a number is `nan` (or
`None` with publish_nan_as_none); its VL53L0X component tells metres, and nan from 8190 mm on.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tagdock_simulators.mqtt.messages import Message
from tagdock_simulators.sensors.distance import NO_TARGET_MM
from tagdock_simulators.sensors.formats.node import mac_of, slug
from tagdock_simulators.sensors.readings import Quantity, Reading, Sample


@dataclass(frozen=True, slots=True)
class Entity:
    """How a quantity appears in Home Assistant."""

    component: Literal["sensor", "binary_sensor"]
    object_id: str
    device_class: str
    unit: str | None = None
    decimals: int = 0
    factor: float = 1.0
    diagnostic: bool = False


ENTITIES = {
    Quantity.MASS: Entity("sensor", "mass", "weight", "kg", 3),
    Quantity.DISTANCE: Entity("sensor", "distance", "distance", "m", 3, 0.001),
    Quantity.OCCUPIED: Entity("binary_sensor", "occupied", "occupancy"),
    Quantity.MOTION: Entity("binary_sensor", "motion", "motion"),
    Quantity.TEMPERATURE: Entity("sensor", "temperature", "temperature", "°C", 1),
    Quantity.HUMIDITY: Entity("sensor", "humidity", "humidity", "%", 1),
    Quantity.BATTERY: Entity("sensor", "battery", "battery", "%", 0, diagnostic=True),
}

ABBREVIATIONS = {
    "availability_topic": "avty_t",
    "components": "cmps",
    "device": "dev",
    "device_class": "dev_cla",
    "entity_category": "ent_cat",
    "expire_after": "exp_aft",
    "origin": "o",
    "platform": "p",
    "state_class": "stat_cla",
    "state_topic": "stat_t",
    "unique_id": "uniq_id",
    "unit_of_measurement": "unit_of_meas",
}
DEVICE_ABBREVIATIONS = {
    "connections": "cns",
    "identifiers": "ids",
    "manufacturer": "mf",
    "model": "mdl",
    "sw_version": "sw",
}


@dataclass(frozen=True, slots=True)
class HomeAssistant:
    """A node's settings; the defaults are ESPHome's, but for `expire_after_s`, which it leaves out."""

    prefix: str = "homeassistant"
    discovery: Literal["component", "device"] = "component"
    """One message an entity, or one for the whole device (Home Assistant 2024.11 and later)."""
    abbreviated: bool = True
    expire_after_s: int | None = 900
    nan: Literal["nan", "None"] = "nan"
    """What stands for a value that could not be measured."""


class HomeAssistantNode:
    """One bin's node."""

    def __init__(self, bin_name: str, quantities: Sequence[Quantity], settings: HomeAssistant) -> None:
        """Take the bin's name, and what its sensors tell."""
        self._bin, self._settings = bin_name, settings
        self._entities = {quantity: ENTITIES[quantity] for quantity in quantities}
        self._name = f"bin-{slug(bin_name)}"
        self._last: dict[Quantity, Message] = {}

    @property
    def client_id(self) -> str:
        """Name it as ESPHome does: name and MAC."""
        return f"{self._name}-{mac_of(self._name).lower()}"

    @property
    def subscriptions(self) -> tuple[tuple[str, int], ...]:
        """Listen to Home Assistant's own birth."""
        return ((f"{self._settings.prefix}/status", 0),)

    @property
    def stays(self) -> bool:
        """Stay, always."""
        return True

    def connecting(self, at: datetime) -> Message:
        """Leave word that it is offline, retained."""
        del at
        return Message(f"{self._name}/status", b"offline", retained=True)

    def born(self, at: datetime) -> list[Message]:
        """Say online, who it is and what it measured last."""
        del at
        online = Message(f"{self._name}/status", b"online", retained=True)
        return [online, *self._discovery(), *self._last.values()]

    def tell(self, readings: Sequence[Reading], *, late: bool = False) -> list[Message]:
        """Publish each value on its topic, retained; late ones are as good, there is no time with them."""
        del late
        told = []
        for reading in readings:
            entity = self._entities.get(reading.sample.quantity)
            if entity is not None:
                state = Message(self._state_topic(entity), self._state(entity, reading.sample), retained=True)
                self._last[reading.sample.quantity] = state
                told.append(state)
        return told

    def heard(self, topic: str, payload: bytes, at: datetime) -> list[Message]:
        """Introduce itself again when Home Assistant has been started."""
        del at
        awake = topic == f"{self._settings.prefix}/status" and payload == b"online"
        return [*self._discovery(), *self._last.values()] if awake else []

    def leaving(self, at: datetime) -> list[Message]:
        """Say offline."""
        return [self.connecting(at)]

    def _state_topic(self, entity: Entity) -> str:
        return f"{self._name}/{entity.component}/{entity.object_id}/state"

    def _state(self, entity: Entity, sample: Sample) -> bytes:
        """Write a value as firmware's printf does: -0.000 occurs."""
        if entity.component == "binary_sensor":
            return b"ON" if sample.value > 0 else b"OFF"
        unseen = sample.quantity is Quantity.DISTANCE and sample.value >= NO_TARGET_MM
        if unseen or math.isnan(sample.value):
            return self._settings.nan.encode()
        return f"{sample.value * entity.factor:.{entity.decimals}f}".encode()

    def _discovery(self) -> list[Message]:
        """Write the discovery messages, retained."""
        prefix = self._settings.prefix
        if self._settings.discovery == "device":
            components = {e.object_id: {"platform": e.component, **self._config(e)} for e in self._entities.values()}
            whole = {
                "device": self._device(),
                "origin": {"name": "Tagdock simulators"},
                "availability_topic": f"{self._name}/status",
                "components": components,
            }
            return [self._retained(f"{prefix}/device/{self._name}/config", whole)]
        return [
            self._retained(
                f"{prefix}/{entity.component}/{self._name}/{entity.object_id}/config",
                {**self._config(entity), "availability_topic": f"{self._name}/status", "device": self._device()},
            )
            for entity in self._entities.values()
        ]

    def _config(self, entity: Entity) -> dict[str, Any]:
        """Describe one entity."""
        config: dict[str, Any] = {
            "name": entity.object_id.capitalize(),
            "unique_id": f"{mac_of(self._name).lower()}-{entity.component}-{entity.object_id}",
            "state_topic": self._state_topic(entity),
            "device_class": entity.device_class,
        }
        if entity.unit is not None:
            config |= {"unit_of_measurement": entity.unit, "state_class": "measurement"}
        if entity.diagnostic:
            config["entity_category"] = "diagnostic"
        # What reports a change only (a PIR sensor) must not expire while nothing happens.
        if self._settings.expire_after_s is not None and entity.device_class not in ("motion", "battery"):
            config["expire_after"] = self._settings.expire_after_s
        return config

    def _device(self) -> dict[str, Any]:
        mac = mac_of(self._name).lower()
        return {
            "identifiers": mac,
            "name": self._bin,
            "manufacturer": "Tagdock",
            "model": "simulated bin node",
            "sw_version": "1",
            "connections": [["mac", ":".join(mac[n : n + 2] for n in range(0, 12, 2))]],
        }

    def _retained(self, topic: str, told: dict[str, Any]) -> Message:
        if self._settings.abbreviated:
            told = _shortened(told)
        return Message(topic, json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(), retained=True)


def _shortened(told: dict[str, Any]) -> dict[str, Any]:
    """Write a discovery message's keys short; the keys of `components` are names, not keys."""
    short: dict[str, Any] = {}
    for key, value in told.items():
        if key == "device":
            value = {DEVICE_ABBREVIATIONS.get(name, name): each for name, each in value.items()}  # noqa: PLW2901
        elif key == "components":
            value = {name: _shortened(each) for name, each in value.items()}  # noqa: PLW2901
        short[ABBREVIATIONS.get(key, key)] = value
    return short
