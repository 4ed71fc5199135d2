"""Turn a panel's SQL into what Grafana would send: variables as the browser puts them in, then the server's macros.

Two quirks are kept because queries that work here must work there: a macro's arguments end at the first `)` and are
split on every comma, and `$__timeGroup(...)` directly before a comma names its column `time`.

Source: Grafana documentation, "PostgreSQL query editor: macros" and "Variable syntax"; behaviour compared with the
data source's own test cases (Grafana 12).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from tagdock_dashboards.errors import QueryError
from tagdock_dashboards.periods import length_ms, length_text

Value = str | Sequence[str]

_REFERENCE = re.compile(r"\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?::([\w:]+))?\}")
_MACRO = re.compile(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen for a variable, and how the browser writes it where the query names no format.

    `text`: with quotes doubled (single-value variables); `literals`: as SQL literals (multi-value ones); `raw`: as it
    stands (a variable's own value for "All").
    """

    value: Value
    style: Literal["text", "literals", "raw"] = "text"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a query is expanded for: period, one point's length, and whether `time_bucket` is there."""

    since: datetime
    until: datetime
    interval_ms: float
    timescaledb: bool = False


def expand(sql: str, choices: Mapping[str, Choice], setting: Setting) -> str:
    """Return the SQL that reaches the database.

    Raises:
        QueryError: a macro or a variable's format that Grafana does not know.
    """
    return expand_macros(put_in(sql, choices, setting), setting)


def put_in(sql: str, choices: Mapping[str, Choice], setting: Setting) -> str:
    """Replace variables as Grafana's browser side does; names that it does not know stay as they are."""
    built_in = {
        "__from": Choice(str(_epoch_ms(setting.since))),
        "__to": Choice(str(_epoch_ms(setting.until))),
        "__interval": Choice(length_text(setting.interval_ms)),
        "__interval_ms": Choice(f"{setting.interval_ms:.0f}"),
    }
    known = {**choices, **built_in}

    def replace(match: re.Match[str]) -> str:
        name = match[1] or match[2] or match[4]
        form = match[3] or match[5]
        if name not in known:
            return match[0]
        if name in ("__from", "__to") and form and form.startswith("date"):
            return _date(setting.since if name == "__from" else setting.until, form)
        return _write(known[name], form)

    return _REFERENCE.sub(replace, sql)


def expand_macros(sql: str, setting: Setting) -> str:
    """Replace `$__name(arguments)` as the PostgreSQL data source does on the server."""

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if name == "__timeGroup" and sql[match.end() : match.end() + 1] == ",":
            name = "__timeGroupAlias"
        return _macro(name, [argument.strip(" ") for argument in match[2].split(",")], setting)

    return _MACRO.sub(replace, sql)


def _macro(name: str, arguments: Sequence[str], setting: Setting) -> str:
    write = _MACROS.get(name)
    if write is None:
        raise QueryError(f"Grafana knows no macro ${name}()")
    return write(arguments, setting)


def _group(arguments: Sequence[str], setting: Setting) -> str:
    if len(arguments) < 2:
        raise QueryError("$__timeGroup needs a time column and an interval")
    _check_fill(arguments[2:])
    seconds = length_ms(arguments[1].strip("'")) / 1000
    if setting.timescaledb:
        return f"time_bucket('{seconds:.3f}s',{arguments[0]})"
    return f"floor(extract(epoch from {arguments[0]})/{seconds:g})*{seconds:g}"


def _check_fill(arguments: Sequence[str]) -> None:
    """Check the fill mode; Grafana fills after the query, so nothing of it reaches the database."""
    for fill in arguments[:1]:
        if fill not in ("NULL", "previous") and not re.fullmatch(r"-?\d+(\.\d+)?", fill):
            raise QueryError(f"$__timeGroup cannot fill with {fill!r}; it knows NULL, previous, or a number")


def _write(choice: Choice, form: str | None) -> str:
    values = [choice.value] if isinstance(choice.value, str) else choice.value
    match form or choice.style:
        case "raw" | "csv":
            return ",".join(values)
        case "text":
            return ",".join(values).replace("'", "''")
        case "literals" | "sqlstring" | "singlequote":
            return ",".join(_literal(one) for one in values)
    raise QueryError(f"the variable format :{form} is not for SQL; use none, :raw, :csv, :sqlstring or :singlequote")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _date(at: datetime, form: str) -> str:
    match form:
        case "date" | "date:iso":
            return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case "date:seconds":
            return str(_epoch_ms(at) // 1000)
    raise QueryError(f"the time format :{form} is not known here; use :date, :date:iso or :date:seconds")


def _instant(at: datetime) -> str:
    """Write a time as Go's RFC3339Nano does: no trailing zeros in the fraction."""
    text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
    return f"'{text}Z'"


def _epoch_ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


_MACROS: dict[str, Callable[[Sequence[str], Setting], str]] = {
    "__time": lambda arguments, _: f'{arguments[0]} AS "time"',
    "__timeEpoch": lambda arguments, _: f'extract(epoch from {arguments[0]}) as "time"',
    "__timeFilter": lambda arguments, at: f"{arguments[0]} BETWEEN {_instant(at.since)} AND {_instant(at.until)}",
    "__timeFrom": lambda _, at: _instant(at.since),
    "__timeTo": lambda _, at: _instant(at.until),
    "__timeGroup": _group,
    "__timeGroupAlias": lambda arguments, at: f'{_group(arguments, at)} AS "time"',
    "__unixEpochFrom": lambda _, at: str(_epoch_ms(at.since) // 1000),
    "__unixEpochTo": lambda _, at: str(_epoch_ms(at.until) // 1000),
    "__unixEpochFilter": lambda arguments, at: (
        f"{arguments[0]} >= {_epoch_ms(at.since) // 1000} AND {arguments[0]} <= {_epoch_ms(at.until) // 1000}"
    ),
}
