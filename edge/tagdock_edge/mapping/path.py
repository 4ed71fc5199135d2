"""Paths into JSON: `data.reads[0]."odd key"`, from the row, or from the message where they begin with `$`. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Fetch = Callable[[Any], Any]
_CHARS_AT_MOST = 256
_STEPS_AT_MOST = 16
_INDEX_AT_MOST = 9_999
_STEP = re.compile(r"""(?:^|\.)(?:"([^"]+)"|'([^']+)'|([^.\[\]"'\s$]+))|\[(\d{1,4})\]""")


@dataclass(frozen=True, slots=True)
class Path:
    """Keys (str) and indexes (int) in order, from the message (`from_message`) or from the row."""

    text: str
    steps: tuple[str | int, ...]
    from_message: bool

    def fetch(self) -> Fetch:
        """Compile into a function that finds the value, or None where nothing is there."""
        if not self.steps:
            return lambda value: value
        if len(self.steps) == 1 and isinstance(self.steps[0], str):
            key = self.steps[0]
            return lambda value: value.get(key) if type(value) is dict else None
        return self._walk

    def _walk(self, value: Any) -> Any:
        for step in self.steps:
            if type(step) is str:
                if type(value) is not dict:
                    return None
                value = value.get(step)
            elif type(value) is list and step < len(value):  # type: ignore[operator]  # it is an int
                value = value[step]  # type: ignore[index]
            else:
                return None
        return value


def parse_path(text: str) -> Path:
    """Read a path. Raises ValueError that says what is wrong with it."""
    if len(text) > _CHARS_AT_MOST:
        raise ValueError(f"has {len(text)} characters; {_CHARS_AT_MOST} at most are taken")
    from_message = text.startswith("$")
    rest = text[1:].removeprefix(".") if from_message else text
    if not rest and not from_message:
        raise ValueError("is empty; write a path like data.reads[0].epc, or $ for the message itself")
    steps: list[str | int] = []
    at = 0
    while at < len(rest):
        match = _STEP.match(rest, at) if (at == 0) != (rest[at] == ".") or rest[at] == "[" else None
        if match is None:
            raise ValueError(
                f'makes no sense at {rest[at:][:20]!r}; write keys and indexes like data.reads[0]."odd key"'
            )
        steps.append(int(match[4]) if match[4] else match[1] or match[2] or match[3])
        at = match.end()
    if len(steps) > _STEPS_AT_MOST:
        raise ValueError(f"has {len(steps)} steps; {_STEPS_AT_MOST} at most are taken")
    return Path(text, tuple(steps), from_message)
