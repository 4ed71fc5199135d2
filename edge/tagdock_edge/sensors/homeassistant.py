"""Home Assistant's MQTT discovery: entities that tell by themselves on which topics and in which units they speak.

Only configured entities are kept: thousands of other devices' messages cost a look at their topic.
"""

from collections.abc import Mapping

from tagdock_edge.config.sensor_model import HomeAssistantEntity, SensorConfig
from tagdock_edge.sensors.complaints import Complaints
from tagdock_edge.sensors.discovered import DiscoveryRefusedError, components, entity
from tagdock_edge.sensors.entities import LiveEntity
from tagdock_edge.sensors.told import Gone, Message, Told
from tagdock_edge.sensors.values import ValueRefusedError, json_value

_KEPT_BYTES = 4096
"""States and availability are short; what is longer is not kept for entities that are discovered later."""


class HomeAssistant:
    """All discovered entities of one broker that are configured, by their channels."""

    def __init__(self, sensors: Mapping[int, SensorConfig], complaints: Complaints) -> None:
        """Take the sensors whose origin this is."""
        self._complaints = complaints
        self._wanted: dict[tuple[str, str], list[int]] = {}
        self._sensors: dict[int, SensorConfig] = {}
        for channel, sensor in sensors.items():
            if isinstance(sensor.origin, HomeAssistantEntity):
                key = (sensor.origin.prefix, sensor.origin.entity)
                self._wanted.setdefault(key, []).append(channel)
                self._sensors[channel] = sensor
        self._prefixes = frozenset(prefix for prefix, _ in self._wanted)
        self._live: dict[int, LiveEntity] = {}
        self._from: dict[int, str] = {}
        self._listeners: dict[str, list[LiveEntity]] = {}
        self._heard: dict[str, Message] = {}
        self._index()

    @property
    def topics(self) -> frozenset[str]:
        """Name the discovery topics, and those of what was discovered."""
        return self._topics

    @property
    def undiscovered(self) -> list[str]:
        """Name the sensors that nobody has introduced yet."""
        return [sensor.name for channel, sensor in self._sensors.items() if channel not in self._live]

    def forget(self) -> None:
        """Begin anew: discovery, states and availability are retained and come again."""
        self._heard.clear()
        for live in self._live.values():
            live.forget()

    def take(self, message: Message, now_us: int) -> list[Told]:
        """Take a discovery message or a state."""
        prefix, _, rest = message.topic.partition("/")
        if prefix in self._prefixes and rest.endswith("/config"):
            return self._discovered(prefix, rest, message, now_us)
        listeners = self._listeners.get(message.topic, ())
        if listeners and len(message.payload) <= _KEPT_BYTES:
            self._heard[message.topic] = message
        return [told for each in listeners for told in each.take(message, now_us)]

    def advance(self, now_us: int) -> list[Told]:
        """Let values expire."""
        return [told for live in self._live.values() for told in live.advance(now_us)]

    def _discovered(self, prefix: str, rest: str, message: Message, now_us: int) -> list[Told]:
        """Take one discovery message; `rest` is `<component>/[<node>/]<object>/config`."""
        component, *names, _ = rest.split("/")
        path = "/".join(names)
        if not 1 <= len(names) <= 2 or not self._concerns(prefix, component, path):
            return []
        if not message.payload:
            return self._removed(message.topic)
        try:
            found = list(components(path, component, json_value(message.payload)))
        except (DiscoveryRefusedError, ValueRefusedError) as error:
            self._complaints.note(f"discovery of {path}", str(error))
            return []
        told: list[Told] = []
        for name, kind, said in found:
            for channel in self._wanted.get((prefix, name), ()):
                told += self._renew(channel, kind, said, message.topic, now_us)
        self._index()
        return told

    def _concerns(self, prefix: str, component: str, path: str) -> bool:
        if component == "device":
            return any(key[0] == prefix and key[1].startswith(path + "/") for key in self._wanted)
        return (prefix, path) in self._wanted

    def _renew(self, channel: int, kind: str, said: Mapping[str, object], topic: str, now_us: int) -> list[Told]:
        """Make an entity, or replace it by what is said now; the very same again changes nothing."""
        sensor = self._sensors[channel]
        try:
            made = entity(kind, said, sensor.quantity, sensor.unit)
        except DiscoveryRefusedError as error:
            self._complaints.note(f"{sensor.name}: discovery", str(error))
            return []
        self._from[channel] = topic
        before = self._live.get(channel)
        if before is not None and before.entity == made:
            return []
        live = self._live[channel] = LiveEntity(channel, sensor.name, made, self._complaints)
        # The broker tells what it keeps only at a subscription; others may have subscribed to these topics before.
        heard = [self._heard[each] for each in sorted(made.topics) if each in self._heard]
        return [told for each in heard for told in live.take(each._replace(retained=True), now_us)]

    def _removed(self, topic: str) -> list[Told]:
        gone = [channel for channel, told_on in self._from.items() if told_on == topic]
        for channel in gone:
            del self._live[channel], self._from[channel]
        self._index()
        return [Gone(channel) for channel in gone]

    def _index(self) -> None:
        """Note who listens to which topic."""
        self._listeners = {}
        for live in self._live.values():
            for topic in live.entity.topics:
                self._listeners.setdefault(topic, []).append(live)
        found = (f"{prefix}/{levels}/config" for prefix in self._prefixes for levels in ("+/+", "+/+/+"))
        self._topics = frozenset({*found, *self._listeners})
        self._heard = {topic: message for topic, message in self._heard.items() if topic in self._listeners}
