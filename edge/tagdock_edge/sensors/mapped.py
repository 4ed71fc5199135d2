"""Values in JSON of any form, by a mapping from the configuration."""

from collections.abc import Mapping

from tagdock_edge.clock import seconds_us
from tagdock_edge.config.sensor_model import MappedValue, SensorConfig
from tagdock_edge.mapping import MisfitError, decode_json
from tagdock_edge.sensors.complaints import Complaints
from tagdock_edge.sensors.instants import trusted_us
from tagdock_edge.sensors.lifeline import Lifeline
from tagdock_edge.sensors.told import Measurement, Message, Told


class Mapped:
    """All mapped sensors of one broker."""

    def __init__(self, sensors: Mapping[int, SensorConfig], complaints: Complaints) -> None:
        """Take the sensors whose origin this is."""
        self._complaints = complaints
        self._sensors = sensors
        self._told_us: dict[int, int] = {}
        self._by_filter: dict[str, list[tuple[int, MappedValue]]] = {}
        for channel, sensor in sensors.items():
            if isinstance(sensor.origin, MappedValue):
                self._by_filter.setdefault(sensor.origin.topic.filter, []).append((channel, sensor.origin))
        self._lifelines = {channel: Lifeline(channel, watched=False) for channel in sensors}
        self._patterns = [(each.split("/"), each) for each in self._by_filter if "+" in each]

    @property
    def topics(self) -> frozenset[str]:
        """Name what is heard: it never changes."""
        return frozenset(self._by_filter)

    def forget(self) -> None:
        """Have nothing to forget: there is no session."""

    def advance(self, now_us: int) -> list[Told]:
        """Wait for nothing."""
        del now_us
        return []

    def take(self, message: Message, now_us: int) -> list[Told]:
        """Decode a message once, and let each sensor's mapping find its value."""
        wanted = [each for listed in self._filters(message.topic) for each in self._by_filter[listed]]
        if not wanted:
            return []
        try:
            decoded = decode_json(message.payload)
        except MisfitError as misfit:
            self._complaints.note(f"mapped {self._sensors[wanted[0][0]].name}: message", misfit.what)
            return []
        return [told for channel, origin in wanted for told in self._rows(channel, origin, decoded, message, now_us)]

    def _rows(self, channel: int, origin: MappedValue, decoded: object, message: Message, now_us: int) -> list[Told]:
        rows = origin.mapping.rows_of(decoded, origin.topic.levels(message.topic))
        if rows.first_misfit is not None:
            self._complaints.note(f"{self._sensors[channel].name}: {rows.first_misfit.where}", rows.first_misfit.what)
        told: list[Told] = []
        for value, at_us in rows.rows:
            if value is not None and not self._is_again(channel, at_us):
                measured = Measurement(channel, trusted_us(at_us, now_us), float(value))
                kept = message.retained and not self._is_recent(channel, at_us, now_us)
                told += self._lifelines[channel].value(measured, retained=kept)
        return told

    def _is_again(self, channel: int, at_us: int | None) -> bool:
        """Say whether a measurement of this time was told already: a second delivery, or a device that is stuck."""
        again = at_us is not None and self._told_us.get(channel) == at_us
        if at_us is not None:
            self._told_us[channel] = at_us
        return again

    def _is_recent(self, channel: int, at_us: int | None, now_us: int) -> bool:
        """Say whether what the broker kept may be the present: by its own time; where it has none, nobody knows."""
        stale_s = self._sensors[channel].watch.stale_s
        return at_us is not None and (not stale_s or now_us - at_us <= seconds_us(stale_s))

    def _filters(self, topic: str) -> list[str]:
        exact = [topic] if topic in self._by_filter else []
        if not self._patterns:
            return exact
        levels = topic.split("/")
        return exact + [each for pattern, each in self._patterns if _matches(pattern, levels)]


def _matches(pattern: list[str], levels: list[str]) -> bool:
    return len(pattern) == len(levels) and all(
        wanted in ("+", level) for wanted, level in zip(pattern, levels, strict=True)
    )
