"""The mapping itself: conditions, array and fields, compiled once, applied to every message. Pure."""

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tagdock_edge.mapping.fields import Fetch, Get, Levels, NamedLevels, Scalar, Spec, read_fetch, read_field
from tagdock_edge.mapping.misfits import ROWS_AT_MOST, MisfitError, decode_json
from tagdock_edge.mapping.path import Fetch as Find
from tagdock_edge.mapping.path import parse_path
from tagdock_edge.tables import Table

_CONDITIONS_AT_MOST = 16


@dataclass(slots=True)
class Rows:
    """What a message gave: rows as tuples in the order of the specs, None where a value is missing."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    ignored: int = 0
    """Rows, or messages, that a condition left out."""
    misfits: int = 0
    """Rows, or messages, that do not fit."""
    first_misfit: MisfitError | None = None

    def refuse(self, misfit: MisfitError, count: int = 1) -> None:
        """Count what does not fit, and keep the first of it to be told."""
        self.misfits += count
        self.first_misfit = self.first_misfit or misfit


@dataclass(frozen=True, slots=True)
class _Condition:
    fetch: Fetch
    wanted: tuple[Scalar, ...] | None
    unwanted: tuple[Scalar, ...]
    exists: bool | None

    def holds(self, message: Any, row: Any, levels: Levels) -> bool:
        value = self.fetch(message, row, levels)
        if self.exists is not None and (value is not None) != self.exists:
            return False
        return (self.wanted is None or _among(value, self.wanted)) and not _among(value, self.unwanted)


@dataclass(frozen=True, slots=True)
class Mapping:
    """A compiled mapping. Made by `read_mapping`; equal where it was made from the same."""

    source: tuple[object, ...]
    array: Find = field(compare=False, repr=False)
    conditions: tuple[_Condition, ...] = field(compare=False, repr=False)
    fields: tuple[Get, ...] = field(compare=False, repr=False)

    def rows(self, payload: bytes, levels: Levels = {}) -> Rows:  # noqa: B006  # it is only read
        """Turn a message's bytes into rows; `levels` are the topic's named ones. Never raises."""
        try:
            message = decode_json(payload)
        except MisfitError as misfit:
            return Rows(misfits=1, first_misfit=misfit)
        return self.rows_of(message, levels)

    def rows_of(self, message: Any, levels: Levels = {}) -> Rows:  # noqa: B006  # it is only read
        """Turn a decoded message into rows."""
        found, result = self.array(message), Rows()
        rows = found if type(found) is list else [] if found is None else [found]
        if found is None:
            result.ignored = 1
        if len(rows) > ROWS_AT_MOST:
            result.refuse(
                MisfitError("array", f"has {len(rows):,} rows; {ROWS_AT_MOST:,} are taken"), len(rows) - ROWS_AT_MOST
            )
            rows = rows[:ROWS_AT_MOST]
        conditions, fields, keep = self.conditions, self.fields, result.rows.append
        for row in rows:
            try:
                if conditions and not all(each.holds(message, row, levels) for each in conditions):
                    result.ignored += 1
                    continue
                keep(tuple([get(message, row, levels) for get in fields]))
            except MisfitError as misfit:
                result.refuse(misfit)
        return result


def read_mapping(
    table: Table, specs: Sequence[Spec], *, levels: Sequence[str] = (), known: Dict[str, str] | None = None
) -> Mapping:
    """Read a mapping's table and compile it; the rows' values stand in the order of `specs`.

    `levels` are the topic's named levels; `{name}` in a condition's text stands for what is `known` (`{reader}`).
    Every mistake is noted in the table with its key and the remedy; the mapping is of use only where there was none.
    """
    array, named = _read_array(table), NamedLevels(levels)
    conditions = [_read_condition(inner, named, known or {}) for inner in table.tables("when")]
    if len(conditions) > _CONDITIONS_AT_MOST:
        table.complain("when", f"has {len(conditions)} conditions; {_CONDITIONS_AT_MOST} at most are taken")
    fields = [read_field(table, spec, named) or _nothing for spec in specs]
    for name in levels:
        if name not in named.used:
            table.complain("topic", f"level {{{name}}} is used nowhere here, so many senders would be mixed; use it")
    table.close()
    source = (table.text, tuple(specs), tuple(levels), tuple((known or {}).items()))
    return Mapping(source, array, tuple(each for each in conditions if each is not None), tuple(fields))


def _read_array(table: Table) -> Find:
    text = table.take("array", str, 'the path of the array of rows, like "data.reads"', "$")
    try:
        return parse_path(text).fetch()
    except ValueError as error:
        table.complain("array", f"{error}")
        return parse_path("$").fetch()


def _read_condition(table: Table, levels: NamedLevels, known: Dict[str, str]) -> _Condition | None:
    expected = "a text, number, true or false, or a list of those"
    wanted = table.take("is", Scalar | list[Scalar], expected, None)
    unwanted = table.take("is_not", Scalar | list[Scalar], expected, None)
    exists = table.take("exists", bool, "true or false", None)
    fetch = read_fetch(table, levels)
    table.close()
    if wanted is None and unwanted is None and exists is None:
        table.complain("is", "is missing; say what the value must be: is, is_not or exists")
    if fetch is None:
        return None
    return _Condition(fetch, None if wanted is None else _scalars(wanted, known), _scalars(unwanted, known), exists)


def _scalars(value: Any, known: Dict[str, str]) -> tuple[Scalar, ...]:
    values = [] if value is None else value if isinstance(value, list) else [value]
    return tuple(_filled(each, known) if isinstance(each, str) else each for each in values)


def _filled(text: str, known: Dict[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _among(value: Any, values: tuple[Scalar, ...]) -> bool:
    """Tell whether a value is one of several; true is not 1."""
    return any(value == each and (type(value) is bool) == (type(each) is bool) for each in values)


def _nothing(message: Any, row: Any, levels: Levels) -> None:
    del message, row, levels
