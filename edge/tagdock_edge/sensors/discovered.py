"""Home Assistant's discovery messages as entities: one component a message, or one device with all of its components.

Sources: Home Assistant, "MQTT discovery" (discovery topic, device discovery, abbreviations, the base topic `~`), "MQTT
sensor" and "MQTT binary sensor" (defaults of payloads and of availability).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tagdock_edge.config.sensor_model import Quantity
from tagdock_edge.config.units import conversion
from tagdock_edge.sensors.entities import Availability, Entity
from tagdock_edge.sensors.template import TemplateRefusedError, read_template

_LONG = {
    "avty": "availability",
    "avty_mode": "availability_mode",
    "avty_t": "availability_topic",
    "avty_tpl": "availability_template",
    "cmps": "components",
    "dev_cla": "device_class",
    "exp_aft": "expire_after",
    "p": "platform",
    "pl_avail": "payload_available",
    "pl_not_avail": "payload_not_available",
    "pl_off": "payload_off",
    "pl_on": "payload_on",
    "stat_t": "state_topic",
    "t": "topic",
    "unit_of_meas": "unit_of_measurement",
    "val_tpl": "value_template",
}
"""Of Home Assistant's abbreviations those that say something about a value."""
_CLASSES: Mapping[str, frozenset[Quantity]] = {
    "weight": frozenset({"mass_kg"}),
    "distance": frozenset({"distance_mm"}),
    "temperature": frozenset({"temperature_c"}),
    "humidity": frozenset({"humidity_pct"}),
    "battery": frozenset({"battery_pct"}),
    "occupancy": frozenset({"occupied"}),
    "presence": frozenset({"occupied"}),
    "motion": frozenset({"motion"}),
}
"""Which quantities a device class can be; a class that is not here tells nothing about what is measured."""
_COMPONENTS = frozenset({"sensor", "binary_sensor"})
_TOPIC_AT_MOST = 256
_TOPICS_AT_MOST = 8
_FORBIDDEN = ("$", "tagdock/")
"""The broker's own topics, and ours: nobody makes the gateway listen to itself."""
_MODES = ("latest", "all", "any")


class DiscoveryRefusedError(Exception):
    """A discovery message can't be used; the message says why."""


def components(path: str, component: str, told: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give the components of a discovery message: name, kind and what is said of it, in long words.

    `path` is `[<node>/]<object>`. Raises DiscoveryRefusedError.
    """
    if not isinstance(told, dict):
        raise DiscoveryRefusedError("no JSON object")
    whole = _in_long_words(told)
    if component != "device":
        yield path, component, whole
        return
    parts = whole.pop("components", None)
    if not isinstance(parts, dict):
        raise DiscoveryRefusedError("a device without components")
    for key, part in parts.items():
        if isinstance(part, dict):
            # What is said of the device as a whole holds for each component that does not say otherwise.
            of_its_own = {**whole, **_in_long_words(part, whole.get("~"))}
            yield f"{path}/{key}", str(of_its_own.get("platform", "")), of_its_own


def entity(component: str, told: Mapping[str, Any], quantity: Quantity, unit: str | None) -> Entity:
    """Make an entity of what was discovered. `unit` is the configured one. Raises DiscoveryRefusedError."""
    if component not in _COMPONENTS:
        raise DiscoveryRefusedError(f"the component {component[:40]!r}; sensor and binary_sensor are understood")
    fits = _CLASSES.get(_text(told, "device_class") or "")
    if fits is not None and quantity not in fits:
        raise DiscoveryRefusedError(f"device class {told['device_class']}, configured is {quantity}")
    switch = None
    if component == "binary_sensor":
        switch = (_text(told, "payload_on") or "ON", _text(told, "payload_off") or "OFF")
    told_unit = unit or _text(told, "unit_of_measurement")
    converts = conversion(told_unit, quantity)
    if converts is None:
        raise DiscoveryRefusedError(f"the unit {told_unit!r} is none of {quantity}; set unit for this sensor")
    mode = _text(told, "availability_mode") or "latest"
    return Entity(
        state_topic=_topic(told, "state_topic"),
        template=_template(told, "value_template"),
        conversion=converts,
        switch=switch,
        availability=tuple(_availability(told)),
        availability_mode=mode if mode in _MODES else "latest",  # type: ignore[arg-type]  # one of the three
        expire_after_s=_seconds(told.get("expire_after")),
    )


def _in_long_words(told: Mapping[str, Any], base: object = None) -> dict[str, Any]:
    """Write the abbreviations out, and the base topic into the topics."""
    long = {_LONG.get(key, key): value for key, value in told.items()}
    base = long.get("~", base)
    if not isinstance(base, str) or len(base) > _TOPIC_AT_MOST:
        return long
    for key, value in long.items():
        if key.endswith("topic"):
            long[key] = _based(value, base)
    listed = long.get("availability")
    if isinstance(listed, list | dict):
        each = listed if isinstance(listed, list) else [listed]
        long["availability"] = [_in_long_words(one, base) for one in each[:_TOPICS_AT_MOST] if isinstance(one, dict)]
    return long


def _based(value: object, base: str) -> object:
    if not isinstance(value, str):
        return value
    if value.startswith("~"):
        return base + value[1:]
    return value[:-1] + base if value.endswith("~") else value


def _availability(told: Mapping[str, Any]) -> Iterator[Availability]:
    if "availability_topic" in told:
        template = _template(told, "availability_template")
        yield Availability(_topic(told, "availability_topic"), *_payloads(told), template)
        return
    listed = told.get("availability", [])
    each = listed if isinstance(listed, list) else [listed]
    if len(each) > _TOPICS_AT_MOST:
        raise DiscoveryRefusedError(f"{len(each)} availability topics; {_TOPICS_AT_MOST} at most")
    for one in each:
        if not isinstance(one, dict):
            raise DiscoveryRefusedError("availability that is no list of tables")
        long = _in_long_words(one)
        yield Availability(_topic(long, "topic"), *_payloads(long), _template(long, "value_template"))


def _payloads(told: Mapping[str, Any]) -> tuple[str, str]:
    return _text(told, "payload_available") or "online", _text(told, "payload_not_available") or "offline"


def _template(told: Mapping[str, Any], key: str) -> Any:
    try:
        return read_template(_text(told, key))
    except TemplateRefusedError as error:
        raise DiscoveryRefusedError(f"{key}: {error} can't be understood here") from error


def _text(told: Mapping[str, Any], key: str) -> str | None:
    value = told.get(key)
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str | int | float) and len(str(value)) <= 1000:
        return str(value)
    raise DiscoveryRefusedError(f"{key} that is no short text")


def _topic(told: Mapping[str, Any], key: str) -> str:
    """Take a topic that is safe to subscribe to."""
    topic = _text(told, key)
    if not topic or len(topic.encode()) > _TOPIC_AT_MOST or any(char in topic for char in "+#\0"):
        raise DiscoveryRefusedError(f"{key} is missing, too long or has a wildcard")
    if topic.startswith(_FORBIDDEN) or not topic.isprintable():
        raise DiscoveryRefusedError(f"{key} is a topic that no sensor has")
    return topic


def _seconds(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1e7:
        return float(value)
    return 0.0
