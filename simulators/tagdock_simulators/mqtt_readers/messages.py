"""What a reader sends and how it delivers: plain data that every format and the player share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tagdock_simulators.mqtt.messages import Message, Qos


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a reader delivers: its buffer, its pace, its batches, which repeats it keeps to itself."""

    qos: Qos = 0
    buffer_reads: int = 100_000
    """Reads that wait for the broker at most; then the oldest goes first."""
    keep_s: float = 0.0
    """How long a read may wait; 0: for ever."""
    window: int = 10
    """Messages on the way at most: sent, but not yet acknowledged (QoS 0: not yet written)."""
    per_s: int = 0
    """Events a second at most; 0: as fast as they come."""
    backlog_per_s: int = 0
    """The same for what waited through an outage."""
    batch_s: float = 0.0
    """How long a batch waits for more events; 0: every event is a message of its own."""
    batch_bytes: int = 256_000
    """Size of a batch at most."""
    repeat_s: float = 0.0
    """A tag that stays before an antenna is reported again after this time; 0: at every read."""
    repeat_tags: int = 2048
    """Tags remembered for that at most."""
    heartbeat_s: float = 0.0
    """Time between two signs of life; 0: none."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker took the reader, whose inventory is running or not."""

    running: bool


@dataclass(frozen=True, slots=True)
class Leaving:
    """The reader is about to disconnect, gracefully."""


@dataclass(frozen=True, slots=True)
class InventoryChanged:
    """The inventory began or stopped."""

    running: bool


@dataclass(frozen=True, slots=True)
class AntennaChanged:
    """An antenna was plugged in or fell off."""

    port: int
    connected: bool


@dataclass(frozen=True, slots=True)
class Purged:
    """Reads went because the buffer was full: how many, of which time (ns since 1970), and how many stayed."""

    first_ns: int
    last_ns: int
    purged: int
    remaining: int


@dataclass(frozen=True, slots=True)
class Beat:
    """It is time for a sign of life: what the reader counted so far, and the number of this event."""

    number: int = 1
    up_s: float = 0.0
    running: bool = True
    tags: int = 0
    messages: int = 0
    waiting: int = 0
    lost: int = 0
    by_antenna: Mapping[int, int] = field(default_factory=dict)
    inputs: Mapping[int, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody sent a command."""

    payload: bytes


Happening = Connected | Leaving | InventoryChanged | AntennaChanged | Purged | Beat | Command
"""What befalls a reader beside reads and input changes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader sends because of it, and, after a command, whether the inventory shall run from now on."""

    messages: tuple[Message, ...] = ()
    running: bool | None = None


SILENCE = Answer()
