"""An entity on plain topics: a state, maybe its availability. What Home Assistant discovers, and ESPHome always has.

Source: Home Assistant, "MQTT sensor", "MQTT binary sensor" and "MQTT availability": availability_mode latest, all, any;
expire_after; payload_on and payload_off.
"""

from dataclasses import dataclass
from typing import Any, Literal

from tagdock_edge.clock import seconds_us
from tagdock_edge.config.units import SAME, Conversion
from tagdock_edge.sensors.complaints import Complaints
from tagdock_edge.sensors.lifeline import Lifeline
from tagdock_edge.sensors.template import PLAIN, Template
from tagdock_edge.sensors.told import Gone, Measurement, Message, Told
from tagdock_edge.sensors.values import Missing, ValueRefusedError, number


@dataclass(frozen=True, slots=True)
class Availability:
    """A topic that tells whether a device is there."""

    topic: str
    online: str = "online"
    offline: str = "offline"
    template: Template = PLAIN


@dataclass(frozen=True, slots=True)
class Entity:
    """How a value is told: where, in which form and unit, and who says that it is alive."""

    state_topic: str
    template: Template = PLAIN
    conversion: Conversion = SAME
    switch: tuple[str, str] | None = None
    """What stands for 1 and for 0; None: it is a number."""
    availability: tuple[Availability, ...] = ()
    availability_mode: Literal["latest", "all", "any"] = "latest"
    expire_after_s: float = 0.0
    """The source's own word on when a value is stale; 0: none."""

    @property
    def topics(self) -> frozenset[str]:
        """Name the topics that it is heard on."""
        return frozenset({self.state_topic, *(each.topic for each in self.availability)})


class LiveEntity:
    """One entity as it goes on."""

    def __init__(self, channel: int, name: str, entity: Entity, complaints: Complaints) -> None:
        """Know nothing of its state yet."""
        self.entity = entity
        self._channel, self._name, self._complaints = channel, name, complaints
        self._lifeline = Lifeline(channel, watched=bool(entity.availability))
        self._there: dict[str, bool] = {}
        self._expires_us: int | None = None

    def forget(self) -> None:
        """The connection is new."""
        self._there.clear()
        self._lifeline.forget()

    def take(self, message: Message, now_us: int) -> list[Told]:
        """Take a message on one of its topics; one topic may be both."""
        told: list[Told] = []
        for each in self.entity.availability:
            if each.topic == message.topic:
                told += self._presence(each, message, now_us)
        if message.topic == self.entity.state_topic:
            told += self._state(message, now_us)
        return told

    def advance(self, now_us: int) -> list[Told]:
        """Let a value expire."""
        if self._expires_us is None or now_us < self._expires_us:
            return []
        self._expires_us = None
        return [Gone(self._channel)]

    def _presence(self, availability: Availability, message: Message, now_us: int) -> list[Told]:
        try:
            said = availability.template(message.payload)
        except ValueRefusedError as error:
            self._complaints.note(f"{self._name}: availability", str(error))
            return []
        if said not in (availability.online, availability.offline):
            return []
        latest = self._there[availability.topic] = said == availability.online
        known = [self._there.get(each.topic) for each in self.entity.availability]
        there = {"latest": latest, "all": all(known), "any": any(known)}[self.entity.availability_mode]
        return self._lifeline.presence(there, now_us)

    def _state(self, message: Message, now_us: int) -> list[Told]:
        try:
            value = self._value(message.payload)
        except ValueRefusedError as error:
            self._complaints.note(f"{self._name}: state", str(error))
            return []
        if value is Missing:
            return []
        if self.entity.expire_after_s and not message.retained:
            self._expires_us = now_us + seconds_us(self.entity.expire_after_s)
        return self._lifeline.value(Measurement(self._channel, now_us, value), retained=message.retained)

    def _value(self, payload: bytes) -> Any:
        """Return a number, None where nothing could be measured, or Missing."""
        if not payload:
            return None if self.entity.switch is None else Missing
        said = self.entity.template(payload)
        if said is Missing:
            return Missing
        if self.entity.switch is not None:
            return _switched(said, self.entity.switch)
        value = number(said)
        return None if value is None else self.entity.conversion(value)


def _switched(said: object, switch: tuple[str, str]) -> float | None:
    """Read a switch; JSON's own booleans are as good as the words."""
    if isinstance(said, bool):
        return float(said)
    if said in switch:
        return float(said == switch[0])
    if said is None or (isinstance(said, str) and said.lower() in ("none", "unknown", "unavailable")):
        return None
    raise ValueRefusedError(f"neither {switch[0]} nor {switch[1]}: {str(said)[:40]!r}")
