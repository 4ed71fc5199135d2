"""What passes between a broker, the sources that understand its messages, and the channels that judge values."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

Quality = Literal["good", "settling", "stale", "out_of_range"]
"""The contract's words for how far a value can be trusted."""


class Message(NamedTuple):
    """What a broker delivered; `retained`: it was published some time before we asked."""

    topic: str
    payload: bytes
    retained: bool = False


class Measurement(NamedTuple):
    """One value of the sensor number `channel`, in its quantity's unit, before tare and scale.

    `value` None: the sensor says that it could not measure. `late`: it waited for a broker and is not the present.
    """

    channel: int
    at_us: int
    value: float | None
    quality: Literal["good", "stale", "out_of_range"] = "good"
    late: bool = False


class Gone(NamedTuple):
    """The source says that the sensor number `channel` is dead or away; its value is known no longer."""

    channel: int


class Publish(NamedTuple):
    """What a source wants to say to a device."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


Told = Measurement | Gone | Publish


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one quantity of one bin, as it is reported. `at_us`: microseconds since 1970."""

    at_us: int
    bin: str
    quantity: str
    value: float
    quality: Quality


class Source(Protocol):
    """One way in which sensors talk. All times are microseconds since 1970."""

    @property
    def topics(self) -> frozenset[str]:
        """Name the topic filters that it wants to hear now; they may change with what is discovered."""

    def forget(self) -> None:
        """Begin anew: there will be a new connection, and what is said until then is missed."""

    def take(self, message: Message, now_us: int) -> list[Told]:
        """Understand a message; what is nobody's gives nothing."""

    def advance(self, now_us: int) -> list[Told]:
        """Do what is due."""
