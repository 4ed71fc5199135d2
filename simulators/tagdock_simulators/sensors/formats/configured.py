"""The `[[sensor]]` tables with which a gateway reads simulated sensors, as the TOML that `tagdock-edge` reads."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tagdock_simulators.sensors.formats.choice import Format, Formats
from tagdock_simulators.sensors.formats.homeassistant import ENTITIES
from tagdock_simulators.sensors.formats.node import Node, slug
from tagdock_simulators.sensors.formats.sparkplug import METRICS, SparkplugNode
from tagdock_simulators.sensors.kit import Kit
from tagdock_simulators.sensors.readings import Quantity

_TASMOTA = {
    Quantity.MASS: "HX711.Weight",
    Quantity.OCCUPIED: "Switch1",
    Quantity.MOTION: "Switch2",
    Quantity.TEMPERATURE: "SHT3X.Temperature",
    Quantity.HUMIDITY: "SHT3X.Humidity",
}
"""Fields of its telemetry; the ranging sensor is called by its chip, and it tells no battery."""

Keys = dict[str, Any]


def sensors_toml(
    name: Format,
    nodes: Mapping[str, Node],
    kits: Mapping[str, Kit],
    settings: Formats,
    unit_mass_kg: Mapping[str, float] | None = None,
) -> str:
    """Write a table for each quantity of each bin; `unit_mass_kg` are the masses of one item by bin, where known."""
    described = _SOURCES[name]
    tables = []
    for bin_name, kit in kits.items():
        for quantity in kit.quantities:
            origin = described(bin_name, quantity, nodes[bin_name], settings)
            if origin is not None:
                keys = {"bin": bin_name, "quantity": quantity.value, "source": _NAMES.get(name, name), **origin}
                tables.append(_table(keys | _calibration(kit, quantity, (unit_mass_kg or {}).get(bin_name))))
    return "\n".join(tables)


def _homeassistant(bin_name: str, quantity: Quantity, node: Node, settings: Formats) -> Keys:
    del node
    own = settings.homeassistant.prefix
    prefix = {} if own == "homeassistant" else {"discovery_prefix": own}
    return {"entity": f"bin-{slug(bin_name)}/{ENTITIES[quantity].object_id}", **prefix}


def _tasmota(bin_name: str, quantity: Quantity, node: Node, settings: Formats) -> Keys | None:
    del node
    field = f"{settings.tasmota.ranger}.Distance" if quantity is Quantity.DISTANCE else _TASMOTA.get(quantity)
    return None if field is None else {"device": f"bin_{slug(bin_name).replace('-', '_')}", "field": field}


def _sparkplug(bin_name: str, quantity: Quantity, node: Node, settings: Formats) -> Keys:
    assert isinstance(node, SparkplugNode)  # noqa: S101  # they are made by the same name
    group = settings.sparkplug.group
    name = node.client_id.removeprefix(f"{group}-")
    return {"group": group, "node": name, "device": bin_name, "metric": METRICS[quantity].name}


def _plain(bin_name: str, quantity: Quantity, node: Node, settings: Formats) -> Keys:
    del node
    plain = settings.plain
    key = plain.keys.get(quantity, quantity.value)
    value: Keys = {"path": _path(key if plain.together else plain.value_key)}
    if quantity in plain.units:
        value["unit"] = plain.units[quantity]
    mapping: Keys = {"value": value}
    if plain.time_key is not None:
        told = {"path": _path(plain.time_key)}
        mapping["time"] = told if plain.time in ("iso", "local") else told | {"format": plain.time}
        if plain.time == "local":
            mapping["time"] = told | {"offset": "+00:00"}
    return {"topic": plain.topic.format(bin=slug(bin_name), quantity=key), "mapping": mapping}


_NAMES = {"plain": "mapped"}
_SOURCES: Mapping[Format, Callable[[str, Quantity, Node, Formats], Keys | None]] = {
    "homeassistant": _homeassistant,
    "tasmota": _tasmota,
    "sparkplug": _sparkplug,
    "plain": _plain,
}


def _calibration(kit: Kit, quantity: Quantity, unit_mass_kg: float | None) -> Keys:
    if quantity is Quantity.MASS and kit.weight is not None:
        return {"high": kit.weight.capacity_kg * 2, **({"unit_mass_kg": unit_mass_kg} if unit_mass_kg else {})}
    if quantity is Quantity.DISTANCE and kit.distance is not None:
        return {"empty_mm": kit.distance.floor_mm, "full_mm": kit.distance.full_mm}
    return {}


def _path(key: str) -> str:
    return f'"{key}"'


def _table(keys: Keys) -> str:
    return "[[sensor]]\n" + "".join(f"{key} = {_written(value)}\n" for key, value in keys.items())


def _written(value: object) -> str:
    """Write a value on one line, as TOML: JSON's texts and numbers are TOML's, too."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_written(each)}" for key, each in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
