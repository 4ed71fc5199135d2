"""All bin sensors of one broker: its messages and the time in, readings and answers out. The whole of this folder."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tagdock_edge.clock import SECOND_US
from tagdock_edge.config.sensor_model import SensorConfig
from tagdock_edge.sensors.channel import Channel
from tagdock_edge.sensors.complaints import Complaints
from tagdock_edge.sensors.esphome import Esphome
from tagdock_edge.sensors.homeassistant import HomeAssistant
from tagdock_edge.sensors.mapped import Mapped
from tagdock_edge.sensors.sparkplug import Sparkplug
from tagdock_edge.sensors.tasmota import Tasmota
from tagdock_edge.sensors.told import Gone, Measurement, Message, Publish, Reading, Source, Told

CUT_GRACE_US = 30 * SECOND_US
"""A connection may be away for so long before all its sensors are stale: most breaks are over in seconds."""


@dataclass(slots=True)
class Outcome:
    """What a message or a moment led to."""

    readings: list[Reading] = field(default_factory=list)
    answers: list[Publish] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Health:
    """How the sensors of a broker stand, by what was said of them last."""

    good: int
    bad: tuple[str, ...]
    """Names of those that fell silent, died, or say that they can't measure."""
    unheard: tuple[str, ...]
    """Names of those that never said anything."""


class Station:
    """The sources and channels of one broker. All times are microseconds since 1970."""

    def __init__(self, sensors: Sequence[SensorConfig], host: str) -> None:
        """Take the sensors of one broker; `host` is our id as Sparkplug's host application."""
        by_channel = dict(enumerate(sensors))
        self.complaints = Complaints()
        self._channels = [Channel(each) for each in sensors]
        self._sparkplug = Sparkplug(by_channel, host, self.complaints)
        every: tuple[Source, ...] = (
            HomeAssistant(by_channel, self.complaints),
            Esphome(by_channel, self.complaints),
            Tasmota(by_channel, self.complaints),
            self._sparkplug,
            Mapped(by_channel, self.complaints),
        )
        self._sources = tuple(each for each in every if each.topics)
        self._cut_us: int | None = None

    @property
    def topics(self) -> frozenset[str]:
        """Name the topic filters that are wanted now."""
        return frozenset(topic for source in self._sources for topic in source.topics)

    @property
    def rebirths_asked(self) -> int:
        """Count the requests for a Sparkplug rebirth since the start."""
        return self._sparkplug.rebirths_asked

    def connecting(self, now_us: int) -> Publish | None:
        """Begin anew; returns what the broker shall say, retained, if the connection to be made breaks."""
        for source in self._sources:
            source.forget()
        return self._sparkplug.will(now_us)

    def connected(self, now_us: int) -> list[Publish]:
        """Begin a connection; messages may have come already."""
        self._cut_us = None
        return self._sparkplug.connected(now_us)

    def cut(self, now_us: int) -> None:
        """Note that the connection broke."""
        if self._cut_us is None:
            self._cut_us = now_us

    def leaving(self, now_us: int) -> list[Publish]:
        """Say what is published before an intended end."""
        return self._sparkplug.leaving(now_us)

    def take(self, message: Message, now_us: int) -> Outcome:
        """Work through one message."""
        return self._worked((told for each in self._sources for told in each.take(message, now_us)), now_us)

    def advance(self, now_us: int) -> Outcome:
        """Do what is due."""
        outcome = self._worked((told for each in self._sources for told in each.advance(now_us)), now_us)
        if self._cut_us is not None and now_us - self._cut_us >= CUT_GRACE_US:
            for channel in self._channels:
                outcome.readings += channel.gone(now_us)
        for channel in self._channels:
            outcome.readings += channel.advance(now_us)
        return outcome

    def health(self) -> Health:
        """Say how the sensors stand."""
        bad = [each for each in self._channels if each.quality in ("stale", "out_of_range")]
        unheard = [each for each in self._channels if each.quality is None]
        good = len(self._channels) - len(bad) - len(unheard)
        return Health(good, _names(bad), _names(unheard))

    def _worked(self, every: Iterable[Told], now_us: int) -> Outcome:
        """Let the channels judge what the sources understood."""
        outcome = Outcome()
        for told in every:
            if isinstance(told, Measurement):
                outcome.readings += self._channels[told.channel].take(told, now_us)
            elif isinstance(told, Gone):
                outcome.readings += self._channels[told.channel].gone(now_us)
            else:
                outcome.answers.append(told)
        return outcome


def _names(channels: Sequence[Channel]) -> tuple[str, ...]:
    return tuple(each.config.name for each in channels)
