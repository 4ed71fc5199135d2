"""What goes over a connection to a broker, and how long anybody waits there: plain data that all products share."""

from dataclasses import dataclass
from typing import Literal

Qos = Literal[0, 1, 2]


class BrokerError(ConnectionError):
    """The broker can't be reached, can't be used as configured, or refuses us; says what to do."""


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message; `tags` is how many tag reads travel in it."""

    topic: str
    payload: bytes
    qos: Qos = 0
    retained: bool = False
    tags: int = 0


@dataclass(frozen=True, slots=True)
class Hello:
    """How a client introduces itself on one connection."""

    client_id: str
    will: Message | None = None
    subscriptions: tuple[tuple[str, int], ...] = ()
    """Topic filters with their QoS."""
    clean: bool = True
    """Whether the broker forgets the client when it goes."""
    keepalive_s: int = 30


@dataclass(frozen=True, slots=True)
class Patience:
    """Deadlines and pauses in seconds, and how many messages may wait or be on their way."""

    connect_s: float = 5.0
    """For the connection, TLS and the broker's word together."""
    close_s: float = 5.0
    ack_s: float = 20.0
    """A broker that acknowledges nothing for so long is left (QoS 0: a line that takes nothing)."""
    retry_first_s: float = 1.0
    retry_longest_s: float = 60.0
    healthy_s: float = 10.0
    """A connection that held so long was a good one: the next retry is quick again."""
    queue: int = 10_000
    """Messages that wait for room in the window; then the oldest goes first."""
    window: int = 200
    """Messages on the way: sent, but not yet acknowledged (QoS 0: not yet written)."""
