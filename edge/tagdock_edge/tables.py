"""Read TOML tables strictly: every mistake is collected with the path of its key, none ends the reading."""

import difflib
from collections.abc import Iterator
from typing import Any

import msgspec

_REQUIRED: Any = object()
_SHOWN_CHARS = 60


class Table:
    """One TOML table being read. Take each known key once, then `close`: what is left over is unknown."""

    def __init__(self, values: object, path: str, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        self._known: list[str] = []
        self._values: dict[str, object] = {}
        if isinstance(values, dict):
            self._values = values
        else:
            problems.append(f"{path}: must be a table, not {_kind(values)}")

    @property
    def text(self) -> str:
        """The values as text: what is compiled from equal tables is equal, though functions never are."""
        return repr(self._values)

    def has(self, key: str) -> bool:
        """Tell whether a key is there."""
        return key in self._values

    def take(self, key: str, kind: Any, expected: str, default: Any = _REQUIRED) -> Any:
        """Take a value that msgspec accepts as `kind`; `expected` tells a person what that is.

        Without a `default` the key has to be there. Returns the default (or None) where the value is wrong.
        """
        self._known.append(key)
        fallback = None if default is _REQUIRED else default
        if key not in self._values:
            if default is _REQUIRED:
                self.complain(key, f"is missing; give {expected}")
            return fallback
        try:
            return msgspec.convert(self._values[key], kind)
        except msgspec.ValidationError:
            self.complain(key, f"must be {expected}, not {_shown(self._values[key])}")
            return fallback

    def table(self, key: str) -> "Table | None":
        """Take a table inside this one, or None where it is left out."""
        self._known.append(key)
        return Table(self._values[key], self._at(key), self.problems) if key in self._values else None

    def tables(self, key: str) -> Iterator["Table"]:
        """Take an array of tables; nothing where it is left out."""
        self._known.append(key)
        values = self._values.get(key, [])
        if not isinstance(values, list):
            self.complain(key, f"must be an array of tables, not {_kind(values)}")
            return
        for index, value in enumerate(values):
            yield Table(value, f"{self._at(key)}[{index}]", self.problems)

    def refuse(self, key: str, why: str) -> None:
        """Complain if this key is there at all."""
        self._known.append(key)
        if key in self._values:
            self.complain(key, why)

    def complain(self, key: str, what: str) -> None:
        """Note one mistake of this table's key."""
        self.problems.append(f"{self._at(key)}: {what}")

    def close(self) -> None:
        """Refuse the keys that nobody took, each with the nearest known one."""
        for key in self._values.keys() - self._known:
            near = difflib.get_close_matches(key, self._known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(self._known)}"
            self.complain(key, f"is not known; {hint}")

    def _at(self, key: str) -> str:
        shown = key if key.isprintable() and len(key) <= _SHOWN_CHARS else _shown(key)
        return f"{self.path}.{shown}" if self.path else shown


def _shown(value: object) -> str:
    """Show a plain value, and of a table or an array only that it is one: there may be a password in it."""
    if isinstance(value, dict | list):
        return _kind(value)
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 3] + "..."


def _kind(value: object) -> str:
    kinds = {
        dict: "a table",
        list: "an array",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return kinds.get(type(value), "a time")
