"""Topics with named levels: `shop/{reader}/{antenna}/tags` is the filter `shop/dock-1/+/tags` for one reader. Pure.

A level that is not known beforehand has a name, never a bare `+` or `#`: so whoever subscribes to many says what tells
them apart. Source: MQTT 3.1.1, section 4.7.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tagdock_edge.tables import Table

_LEVEL_NAME = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_CHARS_AT_MOST = 512
_LEVELS_AT_MOST = 32


@dataclass(frozen=True, slots=True)
class TopicPattern:
    """Levels in order, as text, or None for the one that has a name."""

    filter: str
    """What to subscribe to."""
    names: tuple[tuple[int, str], ...]

    @property
    def level_names(self) -> tuple[str, ...]:
        """Name the levels that messages fill."""
        return tuple(name for _, name in self.names)

    def matches(self, topic: str) -> bool:
        """Tell whether the filter lets a topic through."""
        wanted, parts = self.filter.split("/"), topic.split("/")
        return len(wanted) == len(parts) and all(want in ("+", part) for want, part in zip(wanted, parts, strict=True))

    def levels(self, topic: str) -> dict[str, str]:
        """Return what the named levels are in a topic that the filter let through."""
        if not self.names:
            return {}
        parts = topic.split("/")
        return {name: parts[index] for index, name in self.names if index < len(parts)}


def read_topic(table: Table, key: str, known: Mapping[str, str], default: str) -> TopicPattern:
    """Take a topic of the configuration; `{name}` stands for what is `known`, or for a level that messages fill.

    Mistakes are noted in the table.
    """
    text = table.take(key, str, f'a topic like "{default}"', default) or default
    try:
        return parse_topic(text, known)
    except ValueError as error:
        table.complain(key, f"{error}")
        return TopicPattern("", ())


def parse_topic(text: str, known: Mapping[str, str]) -> TopicPattern:
    """Read a topic with named levels. Raises ValueError that says what is wrong with it."""
    if not 0 < len(text) <= _CHARS_AT_MOST or "\0" in text or text.count("/") >= _LEVELS_AT_MOST:
        raise ValueError(f"must be a topic of 1 to {_CHARS_AT_MOST} characters and {_LEVELS_AT_MOST} levels at most")
    if "+" in text or "#" in text:
        raise ValueError(
            "must not hold + or #; give the level that differs a name, like {antenna}, and use it in the mapping"
        )
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    levels, names = text.split("/"), []
    for index, level in enumerate(levels):
        match = _LEVEL_NAME.fullmatch(level)
        if match is not None:
            names.append((index, match[1]))
            levels[index] = "+"
        elif "{" in level or "}" in level:
            raise ValueError(f"{level!r}: a named level stands alone between slashes, like shop/{{antenna}}/tags")
    if len({name for _, name in names}) < len(names):
        raise ValueError("has two levels of the same name; give each its own")
    return TopicPattern("/".join(levels), tuple(names))
