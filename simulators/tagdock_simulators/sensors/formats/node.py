"""A node: what stands on one MQTT connection and tells the readings of one bin or of many."""

import hashlib
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tagdock_simulators.mqtt.messages import Message
from tagdock_simulators.sensors.readings import Reading


class Node(Protocol):
    """One product's behaviour. Pure, but it remembers sequence numbers and last values. `at` is now, in aware UTC."""

    @property
    def client_id(self) -> str:
        """Name it to the broker."""

    @property
    def subscriptions(self) -> tuple[tuple[str, int], ...]:
        """Say to which topics it listens, with their QoS."""

    @property
    def stays(self) -> bool:
        """Say whether it stays on this connection; if not, it wants another one."""

    def connecting(self, at: datetime) -> Message | None:
        """Give the will of a new connection."""

    def born(self, at: datetime) -> Sequence[Message]:
        """Say what is published once it is connected and subscribed."""

    def tell(self, readings: Sequence[Reading], *, late: bool = False) -> Sequence[Message]:
        """Publish readings of its bins, in the order in which they come; `late` ones had to wait for the broker."""

    def heard(self, topic: str, payload: bytes, at: datetime) -> Sequence[Message]:
        """Answer a message; what cannot be understood is answered by nothing."""

    def leaving(self, at: datetime) -> Sequence[Message]:
        """Say farewell before an intended end."""


def slug(name: str) -> str:
    """Write a bin's name as firmware does: small letters, digits and hyphens."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())


def mac_of(name: str) -> str:
    """Make a device's MAC address of its name: twelve digits, locally administered."""
    return "02" + hashlib.blake2b(name.encode(), digest_size=5).hexdigest().upper()


def changed(before: float | None, now: float) -> bool:
    """Say whether a value is another one; NaN is like NaN, and -0 is not like 0 (it is written otherwise)."""
    if before is None:
        return True
    if math.isnan(before) or math.isnan(now):
        return math.isnan(before) != math.isnan(now)
    return before != now or math.copysign(1.0, before) != math.copysign(1.0, now)
