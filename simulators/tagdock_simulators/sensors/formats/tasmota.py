"""A Tasmota device under one bin: telemetry as JSON once a period, switches at once, its own discovery.

Sources: Tasmota's documentation, "MQTT" and "Commands" (TelePeriod 10..3600 s, 300 by default; FullTopic; LWT), and the
behaviour of its drivers: HX711 never below 0 kg, and without an answer it keeps its last value; VL53L0X in centimetres,
null for 0 and beyond 2200 mm; an SHT3X that does not answer is left out of the message; `Switch1` changes on
`stat/<topic>/RESULT` with SetOption114. `Time` is local and has no zone. Batteries are not part of it.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tagdock_simulators.mqtt.messages import Message
from tagdock_simulators.sensors.formats.node import mac_of, slug
from tagdock_simulators.sensors.readings import Quantity, Reading

_OUT_OF_RANGE_MM = 2200
_FIRST_TELEMETRY = timedelta(seconds=5)
_SWITCHES = {Quantity.OCCUPIED: "Switch1", Quantity.MOTION: "Switch2"}
_FOLLOWS = 1
"""SwitchMode 1: the action is the switch's level."""
_MAGNUS_B, _MAGNUS_C = 17.625, 243.04


@dataclass(frozen=True, slots=True)
class Tasmota:
    """A device's settings."""

    tele_period_s: int = 300
    utc_offset: timedelta = timedelta()
    """Of the local time that `Time` is told in."""
    counts_per_g: int = 84
    """What the scale was calibrated to: 50 kg are half of the converter's range."""
    item_g: float | None = None
    """The mass of one item, where it was set: then `Count` is told from two items on."""
    ranger: str = "VL53L0X"


class TasmotaNode:
    """One bin's device."""

    def __init__(self, bin_name: str, quantities: Sequence[Quantity], settings: Tasmota) -> None:
        """Take the bin's name, and what its sensors tell."""
        self._settings = settings
        self._has = frozenset(quantities)
        self._topic = f"bin_{slug(bin_name).replace('-', '_')}"
        self._name, self._mac = bin_name, mac_of(bin_name)
        self._last: dict[Quantity, Reading] = {}
        self._switches: dict[str, bool] = {}
        self._started_at: datetime | None = None
        self._tele_at: datetime | None = None
        self._connections = 0

    @property
    def client_id(self) -> str:
        """Name it by the last half of its MAC."""
        return f"DVES_{self._mac[6:]}"

    @property
    def subscriptions(self) -> tuple[tuple[str, int], ...]:
        """Listen to its commands."""
        return ((f"cmnd/{self._topic}/#", 0),)

    @property
    def stays(self) -> bool:
        """Stay, always."""
        return True

    def connecting(self, at: datetime) -> Message:
        """Leave word that it is offline, retained."""
        self._started_at = self._started_at or at
        return Message(f"tele/{self._topic}/LWT", b"Offline", retained=True, qos=1)

    def born(self, at: datetime) -> list[Message]:
        """Say online and who it is; telemetry follows five seconds later."""
        self._connections += 1
        self._tele_at = at + _FIRST_TELEMETRY
        sensors = {"sn": self._sensor(at), "ver": 1}
        discovery = f"tasmota/discovery/{self._mac}"
        return [
            Message(f"tele/{self._topic}/LWT", b"Online", retained=True),
            _json(f"{discovery}/config", self._config(), retained=True),
            _json(f"{discovery}/sensors", sensors, retained=True),
        ]

    def tell(self, readings: Sequence[Reading], *, late: bool = False) -> list[Message]:
        """Take the values in; publish a switch's change at once and all values once a period. Nothing is sent late."""
        told = []
        for reading in readings:
            change = self._take(reading)
            if late:
                continue
            if change:
                told.append(_json(f"stat/{self._topic}/RESULT", change))
            if self._tele_at is not None and reading.at >= self._tele_at:
                told += self._telemetry(reading.told_at)
                self._tele_at = reading.at + timedelta(seconds=self._settings.tele_period_s)
        return told

    def heard(self, topic: str, payload: bytes, at: datetime) -> list[Message]:
        """Answer TelePeriod and Status 8 or 10, as an integrator tries them; other commands are unknown."""
        command = topic.rpartition("/")[2].upper()
        argument = payload.decode("utf-8", "replace").strip()
        if command == "TELEPERIOD":
            return [_json(f"stat/{self._topic}/RESULT", {"TelePeriod": self._settings.tele_period_s})]
        if command == "STATUS" and argument in ("8", "10"):
            return [_json(f"stat/{self._topic}/STATUS{argument}", {"StatusSNS": self._sensor(at)})]
        return [_json(f"stat/{self._topic}/RESULT", {"Command": "Unknown"})]

    def leaving(self, at: datetime) -> list[Message]:
        """Say offline."""
        return [self.connecting(at)]

    def _take(self, reading: Reading) -> dict[str, Any] | None:
        """Remember a value as the driver would; return what a switch has to say."""
        quantity, value = reading.sample.quantity, reading.sample.value
        if quantity is Quantity.MASS and math.isnan(value):
            return None
        self._last[quantity] = reading
        switch = _SWITCHES.get(quantity)
        if switch is None or self._switches.get(switch) == (value > 0):
            return None
        self._switches[switch] = value > 0
        return {switch: {"Action": "ON" if value > 0 else "OFF"}}

    def _telemetry(self, at: datetime) -> list[Message]:
        state = _json(f"tele/{self._topic}/STATE", self._state(at))
        return [state, _json(f"tele/{self._topic}/SENSOR", self._sensor(at))]

    def _sensor(self, at: datetime) -> dict[str, Any]:
        """Write what SENSOR tells: switches first, then the drivers in their order."""
        told: dict[str, Any] = {"Time": self._local(at)}
        for quantity, switch in _SWITCHES.items():
            if quantity in self._has:
                told[switch] = "ON" if self._switches.get(switch) else "OFF"
        told |= self._climate()
        if Quantity.MASS in self._has:
            told["HX711"] = self._weight()
        if Quantity.DISTANCE in self._has:
            told[self._settings.ranger] = {"Distance": self._distance_cm()}
        return told | ({"TempUnit": "C"} if "SHT3X" in told else {})

    def _weight(self) -> dict[str, Any]:
        reading = self._last.get(Quantity.MASS)
        grams = max(0, int(reading.sample.value * 1000)) if reading else 0
        raw = reading.sample.raw if reading else 0
        told: dict[str, Any] = {"Weight": round(grams / 1000, 3)}
        if self._settings.item_g and grams / self._settings.item_g >= 2:
            told["Count"] = int(grams / self._settings.item_g)
        return told | {"WeightRaw": int(raw / self._settings.counts_per_g), "AbsRaw": raw}

    def _distance_cm(self) -> float | None:
        reading = self._last.get(Quantity.DISTANCE)
        mm = reading.sample.value if reading else math.nan
        return None if math.isnan(mm) or mm == 0 or mm > _OUT_OF_RANGE_MM else round(mm / 10, 1)

    def _climate(self) -> dict[str, Any]:
        """Write the SHT3X's values; it is not there when it did not answer."""
        both = [self._last.get(quantity) for quantity in (Quantity.TEMPERATURE, Quantity.HUMIDITY)]
        values = [each.sample.value for each in both if each is not None]
        if len(values) < 2 or any(map(math.isnan, values)):
            return {}
        temperature_c, humidity_pct = values
        damp = math.log(max(humidity_pct, 0.1) / 100) + _MAGNUS_B * temperature_c / (_MAGNUS_C + temperature_c)
        dew_c = _MAGNUS_C * damp / (_MAGNUS_B - damp)
        return {
            "SHT3X": {
                "Temperature": round(temperature_c, 1),
                "Humidity": round(humidity_pct, 1),
                "DewPoint": round(dew_c, 1),
            }
        }

    def _state(self, at: datetime) -> dict[str, Any]:
        up = max(timedelta(), at - (self._started_at or at))
        seconds = int(up.total_seconds())
        hours, minutes = seconds // 3600 % 24, seconds // 60 % 60
        return {
            "Time": self._local(at),
            "Uptime": f"{seconds // 86400}T{hours:02}:{minutes:02}:{seconds % 60:02}",
            "UptimeSec": seconds,
            "Heap": 25,
            "SleepMode": "Dynamic",
            "Sleep": 50,
            "LoadAvg": 19,
            "MqttCount": self._connections,
            "Wifi": {"AP": 1, "SSId": "dock", "Channel": 6, "Mode": "11n", "RSSI": 74, "Signal": -63, "LinkCount": 1},
        }

    def _config(self) -> dict[str, Any]:
        """Describe the device as Tasmota's own discovery does, version 1."""
        used = [quantity in self._has for quantity in _SWITCHES]
        names = list(_SWITCHES.values())
        return {
            "ip": f"192.0.2.{int(self._mac[-2:], 16) % 254 + 1}",
            "dn": self._name,
            "fn": [self._name, None, None, None, None, None, None, None],
            "hn": self._topic.replace("_", "-"),
            "mac": self._mac,
            "md": "Generic",
            "ty": 0,
            "if": 0,
            "ofln": "Offline",
            "onln": "Online",
            "state": ["OFF", "ON", "TOGGLE", "HOLD"],
            "sw": "15.0.1",
            "t": self._topic,
            "ft": "%prefix%/%topic%/",
            "tp": ["cmnd", "stat", "tele"],
            "rl": [0] * 8,
            "swc": [_FOLLOWS if n < 2 and used[n] else -1 for n in range(8)],
            "swn": [names[n] if n < 2 and used[n] else None for n in range(8)],
            "btn": [0] * 8,
            "so": {"4": 0, "11": 0, "13": 0, "17": 0, "20": 0, "30": 0, "68": 0, "73": 0, "82": 0, "114": 1, "117": 0},
            "lk": 0,
            "lt_st": 0,
            "bat": 0,
            "dslp": 0,
            "sho": [],
            "sht": [],
            "ver": 1,
        }

    def _local(self, at: datetime) -> str:
        return (at + self._settings.utc_offset).strftime("%Y-%m-%dT%H:%M:%S")


def _json(topic: str, told: dict[str, Any], *, retained: bool = False) -> Message:
    return Message(topic, json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(), retained=retained)
