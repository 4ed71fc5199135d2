"""`[[sensor]]`: one quantity of one bin, where it comes from, how it is calibrated and when it is reported."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Literal, get_args

from msgspec import Meta
from tagdock_contract.events import Place

from tagdock_edge.config.broker import read_broker
from tagdock_edge.config.kinds import PLACE_WORDS
from tagdock_edge.config.model import BrokerConfig
from tagdock_edge.config.sensor_model import (
    TASMOTA_FIELDS,
    WATCHES,
    Calibration,
    EsphomeEntity,
    HomeAssistantEntity,
    MappedValue,
    Origin,
    Quantity,
    SensorConfig,
    SparkplugMetric,
    TasmotaField,
    Watch,
)
from tagdock_edge.config.units import unit_names
from tagdock_edge.mapping import DISTANCE_MM, MASS_KG, SHARE_PCT, TEMPERATURE_C, Spec, read_mapping, read_topic
from tagdock_edge.mapping.units import Units
from tagdock_edge.tables import Table

SENSORS_AT_MOST = 5000
"""A rack of 1,000 bins with five quantities each; more is another gateway's work."""
_QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)
_Level = Annotated[str, Meta(pattern=r"^[^/+#$\x00-\x1f][^/+#\x00-\x1f]{0,127}$(?!\n)")]
_LEVEL_WORDS = "a text without /, + and #"
_Levels = Annotated[str, Meta(pattern=r"^[^/+#$\x00-\x1f][^+#\x00-\x1f]{0,255}$(?!\n)")]
_Field = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,40}(\.[A-Za-z0-9_-]{1,40}){0,5}$(?!\n)")]
_Metric = Annotated[str, Meta(min_length=1, max_length=400)]
_Number = Annotated[float, Meta(ge=-1e9, le=1e9)]
_Positive = Annotated[float, Meta(gt=0, le=1e9)]
_NotNegative = Annotated[float, Meta(ge=0, le=1e9)]
_Seconds = Annotated[float, Meta(ge=0, le=31 * 24 * 3600)]
_SECONDS_WORDS = "seconds from 0 to 2678400"
_MAPPED_UNITS: Mapping[Quantity, Units] = {
    "mass_kg": MASS_KG,
    "distance_mm": DISTANCE_MM,
    "temperature_c": TEMPERATURE_C,
    "humidity_pct": SHARE_PCT,
    "battery_pct": SHARE_PCT,
    "fill_pct": SHARE_PCT,
}
_SWITCHES = ("occupied", "motion")

Placed = tuple[BrokerConfig, SensorConfig]
"""A sensor and the broker that it speaks to."""


def read_sensors(
    tables: Iterable[Table], base: Path, environ: Mapping[str, str], own: BrokerConfig
) -> tuple[Placed, ...]:
    """Read all `[[sensor]]` tables. Without a `broker` a sensor speaks to the gateway's `own`.

    Mistakes are noted in the tables.
    """
    placed: list[Placed] = []
    owners: dict[tuple[str, str], str] = {}
    for table in tables:
        broker = read_broker(table, base, environ) if table.has("broker") else _own_broker(table, own)
        sensor = _sensor(table)
        if sensor is None:
            continue  # what was not asked for is no mistake yet
        table.close()
        for quantity in _told(sensor):
            owner = owners.setdefault((sensor.bin, quantity), table.path)
            if owner != table.path:
                table.complain("quantity", f"{quantity} of bin {sensor.bin} is told by {owner} already")
        placed.append((broker, sensor))
        if len(placed) == SENSORS_AT_MOST + 1:
            table.complain("bin", f"is one too many: a gateway serves {SENSORS_AT_MOST:,} sensors at most")
    return tuple(placed)


def _own_broker(table: Table, own: BrokerConfig) -> BrokerConfig:
    for key in ("broker", "tls", "auth"):
        table.refuse(key, "goes with a broker of the sensor's own; give broker as well")
    return own


def by_broker(placed: Sequence[Placed]) -> dict[BrokerConfig, list[SensorConfig]]:
    """Sort sensors by the broker that they speak to."""
    sorted_: dict[BrokerConfig, list[SensorConfig]] = {}
    for broker, sensor in placed:
        sorted_.setdefault(broker, []).append(sensor)
    return sorted_


def _sensor(table: Table) -> SensorConfig | None:
    bin_ = table.take("bin", Place, PLACE_WORDS)
    source = table.take("source", str, f"one of {', '.join(_SOURCES)}")
    if source is not None and source not in _SOURCES:
        table.complain("source", f"must be one of {', '.join(_SOURCES)}, not {source!r}")
        source = None
    if source is None:
        return None
    words = f"one of {', '.join(_QUANTITIES)}"
    quantity = table.take("quantity", Quantity, words, None)
    origin, named = _SOURCES[source](table, quantity)
    quantity = quantity or named
    if quantity is None:
        table.complain("quantity", f"is missing; give {words}")
    if bin_ is None or quantity is None or origin is None:
        return None
    unit = None if isinstance(origin, MappedValue) else _unit(table, quantity)
    if isinstance(origin, MappedValue):
        table.refuse("unit", 'belongs into mapping.value, as { path = "...", unit = "g" }')
    return SensorConfig(bin_, quantity, origin, _watch(table, quantity, origin), unit, _calibration(table, quantity))


def _told(sensor: SensorConfig) -> list[str]:
    """List the quantities that a sensor is told as."""
    told: list[str] = [sensor.quantity]
    if sensor.calibration.unit_mass_kg is not None:
        told.append("count")
    if sensor.calibration.empty_mm is not None:
        told.append("fill_pct")
    return told


def _homeassistant(table: Table, quantity: Quantity | None) -> tuple[Origin | None, Quantity | None]:
    del quantity
    words = 'the entity as its discovery topic names it, "NODE/OBJECT" or "OBJECT"'
    entity = table.take("entity", _Levels, words)
    prefix = table.take("discovery_prefix", _Level, _LEVEL_WORDS, "homeassistant")
    return (None if entity is None else HomeAssistantEntity(entity, prefix)), None


def _esphome(table: Table, quantity: Quantity | None) -> tuple[Origin | None, Quantity | None]:
    usual: Literal["sensor", "binary_sensor"] = "binary_sensor" if quantity in _SWITCHES else "sensor"
    node = table.take("node", _Levels, "the node's topic prefix, its name where nothing else was set")
    entity = table.take("entity", _Level, _LEVEL_WORDS)
    component = table.take("component", Literal["sensor", "binary_sensor"], '"sensor" or "binary_sensor"', usual)
    return (None if node is None or entity is None else EsphomeEntity(node, entity, component)), None


def _tasmota(table: Table, quantity: Quantity | None) -> tuple[Origin | None, Quantity | None]:
    del quantity
    device = table.take("device", _Level, "the device's topic, as its console shows it")
    field = table.take("field", _Field, 'a field of its telemetry, like "HX711.Weight" or "Switch1"')
    if device is None or field is None:
        return None, None
    known = TASMOTA_FIELDS.get(field.rpartition(".")[2])
    return TasmotaField(device, field), known[0] if known else None


def _sparkplug(table: Table, quantity: Quantity | None) -> tuple[Origin | None, Quantity | None]:
    del quantity
    group = table.take("group", _Level, _LEVEL_WORDS)
    node = table.take("node", _Level, _LEVEL_WORDS)
    device = table.take("device", _Level, _LEVEL_WORDS, None)
    metric = table.take("metric", _Metric, "the metric's name")
    if group is None or node is None or metric is None:
        return None, None
    return SparkplugMetric(group, node, device, metric), metric if metric in _QUANTITIES else None


def _mapped(table: Table, quantity: Quantity | None) -> tuple[Origin | None, Quantity | None]:
    topic = read_topic(table, "topic", {}, "bins/a-01-3")
    inner = table.table("mapping")
    if inner is None:
        table.complain("mapping", 'is missing; give a table with value = "PATH", and time where the messages have one')
        return None, None
    units = _MAPPED_UNITS.get(quantity, {}) if quantity is not None else {}
    value = Spec("value", "state" if quantity in _SWITCHES else "number", units=units)
    before = len(table.problems)
    mapping = read_mapping(inner, [value, Spec("time", "time")], levels=[name for _, name in topic.names])
    if not inner.has("value"):
        inner.complain("value", 'is missing; say where the value is, like "weight"')
    return (None if len(table.problems) > before else MappedValue(topic, mapping)), None


_Read = Callable[[Table, Quantity | None], tuple[Origin | None, Quantity | None]]
_SOURCES: Mapping[str, _Read] = {
    "homeassistant": _homeassistant,
    "esphome": _esphome,
    "tasmota": _tasmota,
    "sparkplug": _sparkplug,
    "mapped": _mapped,
}
"""What reads the keys of a source: it gives the origin, and the quantity where a name of it tells."""


def _unit(table: Table, quantity: Quantity) -> str | None:
    known = unit_names(quantity)
    words = f"one of {', '.join(known)}" if known else f"left out: {quantity} has no units"
    unit: str | None = table.take("unit", str, words, None)
    if unit is not None and unit not in known:
        table.complain("unit", f"must be {words}, not {unit!r}")
        return None
    return unit


def _watch(table: Table, quantity: Quantity, origin: Origin) -> Watch:
    default = WATCHES[quantity]
    if isinstance(origin, SparkplugMetric):
        default = replace(default, stale_s=0.0)  # it reports by exception; births and deaths tell who is there
    if isinstance(origin, TasmotaField):
        default = replace(default, settled_by_silence_s=0.0)  # it speaks once a period: silence tells nothing
    values: dict[str, float] = {}
    for each in fields(Watch):
        usual = getattr(default, each.name)
        if each.name.endswith("_s"):
            values[each.name] = table.take(each.name, _Seconds, _SECONDS_WORDS, usual)
        elif each.name in ("low", "high"):
            values[each.name] = table.take(each.name, _Number, "a number", usual)
        else:
            values[each.name] = table.take(each.name, _NotNegative, "a number from 0 up", usual)
    watch = Watch(**values)
    if watch.low >= watch.high:
        table.complain("low", f"is {watch.low:g}, which is not below high ({watch.high:g})")
    if watch.stale_s and watch.heartbeat_s >= watch.stale_s:
        table.complain("heartbeat_s", f"is {watch.heartbeat_s:g}; it has to be below stale_s ({watch.stale_s:g})")
    return watch


def _calibration(table: Table, quantity: Quantity) -> Calibration:
    scale = table.take("scale", _Number, "a number that is not 0", 1.0)
    if scale == 0:
        table.complain("scale", "is 0, so that every value would be; give a number that is not 0")
    tare = table.take("tare", _Number, "what the empty bin shows, in the quantity's unit", 0.0)
    unit_mass_kg = empty_mm = full_mm = None
    if quantity == "mass_kg":
        unit_mass_kg = table.take("unit_mass_kg", _Positive, "the mass of one item in kilograms", None)
    if quantity == "distance_mm":
        empty_mm = table.take("empty_mm", _Positive, "the distance in millimetres in the empty bin", None)
        full_mm = table.take("full_mm", _NotNegative, "the distance in millimetres in the full bin", None)
        if (empty_mm is None) != (full_mm is None):
            table.complain("empty_mm", "and full_mm belong together; give both or neither")
            empty_mm = full_mm = None
        elif empty_mm is not None and full_mm is not None and empty_mm <= full_mm:
            table.complain("empty_mm", f"is {empty_mm:g}; the empty bin's floor is further away than full_mm")
    return Calibration(scale, tare, unit_mass_kg, empty_mm, full_mm)
