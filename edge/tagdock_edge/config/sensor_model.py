"""What bin sensors are told, as frozen data: where a value comes from, how it is calibrated, when it is reported."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from tagdock_edge.mapping import Mapping as JsonMapping
from tagdock_edge.mapping import TopicPattern

Quantity = Literal[
    "mass_kg",
    "distance_mm",
    "count",
    "occupied",
    "motion",
    "temperature_c",
    "humidity_pct",
    "battery_pct",
    "fill_pct",
]
"""What a sensor can tell; the name has the unit, `occupied` and `motion` are 0 or 1."""


@dataclass(frozen=True, slots=True)
class Watch:
    """When a value counts and when it is reported, in the quantity's own unit and in seconds."""

    dead_band: float
    """Only what changed by more is reported."""
    low: float
    high: float
    """Beyond these the value is physically impossible: `out_of_range`."""
    settle_s: float = 0.0
    """A value counts once it stood within `settle_band` for so long (0: at once); until then it is `settling`."""
    settle_band: float = 0.0
    settled_by_silence_s: float = 0.0
    """Who reports changes only is silent while nothing changes: after so long the last value counts. 0: never."""
    heartbeat_s: float = 300.0
    """A value is reported at least so often, changed or not, as long as the sensor is heard."""
    stale_s: float = 900.0
    """After so long without a word the value is `stale`; 0: only when the source says that the sensor is gone."""


_ANY = 1e9
_HOUR_S = 3600.0
WATCHES: Mapping[Quantity, Watch] = MappingProxyType(
    {
        # OIML R 60, class C3: a cell has 3,000 intervals; those of a 60 kg cell are 20 g. Less than half a kilogram
        # below the tare is drift; more means that somebody took the bin away. Whoever puts something down leans on the
        # bin for seconds.
        "mass_kg": Watch(0.02, -0.5, _ANY, settle_s=3.0, settle_band=0.05, settled_by_silence_s=15.0),
        # VL53L1X board manual: error about 20 mm; ST's drivers say 8190 and 8191 for no target, others 0.
        "distance_mm": Watch(10.0, 1.0, 8000.0, settle_s=5.0, settle_band=20.0, settled_by_silence_s=45.0),
        "count": Watch(0.5, 0.0, _ANY, settle_s=3.0, settle_band=0.5, settled_by_silence_s=15.0),
        "occupied": Watch(0.5, 0.0, 1.0, stale_s=0.0),
        "motion": Watch(0.5, 0.0, 1.0, stale_s=0.0),
        # SHT3x datasheet, tables 1 and 2: -40 to 125 C, 0.2 to 0.3 C; 2 %RH.
        "temperature_c": Watch(0.3, -40.0, 125.0),
        "humidity_pct": Watch(2.0, 0.0, 100.0),
        # Battery nodes sleep for hours; a day and two hours is one daily word missed.
        "battery_pct": Watch(1.0, 0.0, 100.0, heartbeat_s=24 * _HOUR_S, stale_s=26 * _HOUR_S),
        "fill_pct": Watch(1.0, 0.0, 100.0),
    }
)
"""Silence is stale after 900 s, three of Tasmota's usual telemetry periods (TelePeriod 300); a heartbeat is one of
them."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """From what the sensor says to the quantity: value * scale - tare; and what follows from it."""

    scale: float = 1.0
    tare: float = 0.0
    """In the quantity's own unit."""
    unit_mass_kg: float | None = None
    """The mass of one item: the mass is told as `count`, too."""
    empty_mm: float | None = None
    full_mm: float | None = None
    """The distance to the goods in an empty and in a full bin: the distance is told as `fill_pct`, too."""


@dataclass(frozen=True, slots=True)
class HomeAssistantEntity:
    """An entity that is found by Home Assistant's discovery: `[<node>/]<object>`, or `<device>/<component>`."""

    entity: str
    prefix: str = "homeassistant"


@dataclass(frozen=True, slots=True)
class EsphomeEntity:
    """An entity on ESPHome's own topics: `<node>/<component>/<entity>/state`."""

    node: str
    entity: str
    component: Literal["sensor", "binary_sensor"] = "sensor"


@dataclass(frozen=True, slots=True)
class TasmotaField:
    """A field of a Tasmota device's telemetry, like `HX711.Weight` or `Switch1`."""

    device: str
    field: str


TASMOTA_FIELDS: Mapping[str, tuple[Quantity, str | None]] = MappingProxyType(
    {
        "Weight": ("mass_kg", "kg"),
        "Distance": ("distance_mm", "cm"),
        "Temperature": ("temperature_c", None),
        "Humidity": ("humidity_pct", "%"),
        "Battery": ("battery_pct", "%"),
        "Count": ("count", None),
    }
)
"""The last part of a Tasmota field: what it is, and the unit (temperatures: the message's TempUnit). Source: hatasmota
0.10."""


@dataclass(frozen=True, slots=True)
class SparkplugMetric:
    """A metric of a Sparkplug B edge node, or of one of its devices."""

    group: str
    node: str
    device: str | None
    metric: str


@dataclass(frozen=True, slots=True)
class MappedValue:
    """A value in JSON of any form; the mapping's row is (value, time)."""

    topic: TopicPattern
    mapping: JsonMapping


Origin = HomeAssistantEntity | EsphomeEntity | TasmotaField | SparkplugMetric | MappedValue


@dataclass(frozen=True, slots=True)
class SensorConfig:
    """One `[[sensor]]`: one quantity of one bin."""

    bin: str
    quantity: Quantity
    origin: Origin
    watch: Watch
    unit: str | None = None
    """What the sensor tells it in, where the source does not say or says it wrong."""
    calibration: Calibration = field(default_factory=Calibration)

    @property
    def name(self) -> str:
        """Name it in a log or a status."""
        return f"{self.bin} {self.quantity}"
