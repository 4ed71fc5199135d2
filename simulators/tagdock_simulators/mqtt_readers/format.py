"""What the player needs of a product's way of writing: one protocol, met by plain frozen settings."""

from collections.abc import Sequence
from typing import Protocol

from tagdock_contract import InputChange, TagRead

from tagdock_simulators.mqtt.messages import Hello
from tagdock_simulators.mqtt_readers.messages import Answer, Delivery, Happening


class Format(Protocol):
    """How a product writes its messages. Pure: times come in as nanoseconds since 1970."""

    @property
    def reader(self) -> str:
        """The reader's name."""

    @property
    def delivery(self) -> Delivery:
        """How it delivers."""

    @property
    def session(self) -> Hello:
        """How it introduces itself."""

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics that it publishes to."""

    def topic(self, record: TagRead | InputChange) -> str:
        """Name the topic of a record's event."""

    def event(self, record: TagRead | InputChange, number: int, at_ns: int) -> bytes:
        """Write one event; `number` counts this reader's events of that kind."""

    def bundle(self, events: Sequence[bytes], at_ns: int) -> bytes:
        """Put reads into one payload."""

    def tell(self, happening: Happening, at_ns: int) -> Answer:
        """Write what the reader says because of something that befell it."""
