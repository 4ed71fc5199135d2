"""ESPHome's own topics, without discovery: `<node>/<component>/<entity>/state`, `<node>/status` with its will.

Source: ESPHome, "MQTT Client Component": topic_prefix, birth_message and will_message (online, offline, retained).
"""

from collections.abc import Mapping

from tagdock_edge.config.sensor_model import EsphomeEntity, SensorConfig
from tagdock_edge.config.units import SAME, conversion
from tagdock_edge.sensors.complaints import Complaints
from tagdock_edge.sensors.entities import Availability, Entity, LiveEntity
from tagdock_edge.sensors.told import Message, Told


class Esphome:
    """All ESPHome entities of one broker, by their channels."""

    def __init__(self, sensors: Mapping[int, SensorConfig], complaints: Complaints) -> None:
        """Take the sensors whose origin this is."""
        self._by_topic: dict[str, list[LiveEntity]] = {}
        for channel, sensor in sensors.items():
            if isinstance(sensor.origin, EsphomeEntity):
                live = LiveEntity(channel, sensor.name, _entity(sensor, sensor.origin), complaints)
                for topic in live.entity.topics:
                    self._by_topic.setdefault(topic, []).append(live)

    @property
    def topics(self) -> frozenset[str]:
        """Name what is heard: it never changes."""
        return frozenset(self._by_topic)

    def forget(self) -> None:
        """Begin anew: states and status are retained and come again."""
        for live in self._by_topic.values():
            for each in live:
                each.forget()

    def take(self, message: Message, now_us: int) -> list[Told]:
        """Give a message to those who listen to its topic."""
        return [told for each in self._by_topic.get(message.topic, ()) for told in each.take(message, now_us)]

    def advance(self, now_us: int) -> list[Told]:
        """Wait for nothing: these topics say nothing of expiry."""
        del now_us
        return []


def _entity(sensor: SensorConfig, origin: EsphomeEntity) -> Entity:
    return Entity(
        state_topic=f"{origin.node}/{origin.component}/{origin.entity}/state",
        conversion=conversion(sensor.unit, sensor.quantity) or SAME,
        switch=("ON", "OFF") if origin.component == "binary_sensor" else None,
        availability=(Availability(f"{origin.node}/status"),),
    )
