"""The retained messages of the embedded broker (MQTT 3.1.1, section 3.3.1.3): the last of each topic, bounded. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

MOST_TOPICS = 10_000
MOST_BYTES = 64 * 1024**2
"""Of payloads together; beyond either bound the topics that were longest not spoken to go first."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One retained message."""

    topic: str
    data: bytes
    qos: int


class Retained:
    """The last retained message of each topic."""

    def __init__(self, most_topics: int = MOST_TOPICS, most_bytes: int = MOST_BYTES) -> None:
        self._kept: dict[str, Kept] = {}  # in the order in which they were last spoken to
        self._bytes = 0
        self._most_topics, self._most_bytes = most_topics, most_bytes

    def keep(self, message: Kept) -> None:
        """Take the place of what the topic had; an empty payload leaves it with nothing ([MQTT-3.3.1-10])."""
        self._drop(message.topic)
        if not message.data:
            return
        self._kept[message.topic] = message
        self._bytes += len(message.data)
        while len(self._kept) > self._most_topics or self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def under(self, topic_filter: str) -> Iterator[Kept]:
        """Find what a subscription to a filter is told at once."""
        if not {"#", "+"} & set(topic_filter):
            kept = self._kept.get(topic_filter)
            return iter(() if kept is None else (kept,))
        levels = topic_filter.split("/")
        return iter([kept for topic, kept in self._kept.items() if _is_under(topic.split("/"), levels)])

    def _drop(self, topic: str) -> None:
        dropped = self._kept.pop(topic, None)
        self._bytes -= len(dropped.data) if dropped is not None else 0


def _is_under(topic: list[str], levels: list[str]) -> bool:
    """Match level by level (MQTT 3.1.1, section 4.7); `#` takes its parent too, and no wildcard a leading `$`."""
    if topic[0].startswith("$") and levels[0] in ("#", "+"):
        return False
    if levels[-1] == "#":
        levels = levels[:-1]
        topic = topic[: len(levels)]
    return len(topic) == len(levels) and all(level in ("+", name) for name, level in zip(topic, levels, strict=True))
