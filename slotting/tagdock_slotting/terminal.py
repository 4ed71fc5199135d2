"""What all commands share at the terminal: options with their environment twins, files read and written, how to end."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from tagdock_slotting.errors import ProblemError, SlottingError
from tagdock_slotting.reading import MAX_BYTES, too_large

WORK_FAILED, BAD_USAGE = 1, 2
_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|)")
_FACTOR = re.compile(r"(.+)=(\d+(?:\.\d+)?)")
MOST_FACTOR = 1e6
_UNIT_S = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}


class _Duration(click.ParamType[float]):
    """A time such as 60s, 5m or 1h; a bare number counts seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        match = _TIME.fullmatch(str(value))
        if match is None or not 0 < (seconds := float(match[1]) * _UNIT_S[match[2]]) <= 86_400:
            self.fail(f"{value!r} is no time between 0 and 24h such as 60s or 5m", param, ctx)
        return seconds


class _Factors(click.ParamType[dict[str, float]]):
    """NAME=NUMBER, several with commas between them."""

    name = "name=number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, float]:
        found: dict[str, float] = {}
        for part in str(value).split(","):
            match = _FACTOR.fullmatch(part)
            if match is None or not (factor := float(match[2])) <= MOST_FACTOR:
                self.fail(f"{part!r} is not NAME=NUMBER with a number of 0 to {MOST_FACTOR:g}", param, ctx)
            found[match[1]] = factor
        return found


FACTORS = _Factors()
DURATION = _Duration()
SOURCE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
TARGET = click.Path(dir_okay=False, path_type=Path)
T = TypeVar("T")


def option(*names: str, **settings: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Declare an option with its environment twin TAGDOCK_<FLAG>."""
    variable = "TAGDOCK_" + names[-1].lstrip("-").replace("-", "_").upper()
    return click.option(*names, envvar=variable, show_envvar=True, **settings)


def loaded(source: Path, decode: Callable[[bytes], T]) -> T:
    """Read and decode a file; a wrong one ends the program with a line for each finding."""
    try:
        return decode(_read(source))
    except OSError as error:
        give_up(BAD_USAGE, f"{source}: {error.strerror or error}")
    except ProblemError as error:
        give_up(BAD_USAGE, "\n".join(f"{source}: {line}" for line in str(error).splitlines()))


def _read(source: Path) -> bytes:
    if str(source) == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with source.open("rb") as file:
        if (size := source.stat().st_size) > MAX_BYTES:
            raise ProblemError([too_large(size)])
        return file.read(MAX_BYTES + 1)


def done(work: Callable[[], T]) -> T:
    """Do the work; what keeps it from being done ends the program with a line a person can act on."""
    try:
        return work()
    except ProblemError as error:
        give_up(BAD_USAGE, str(error))
    except SlottingError as error:
        give_up(WORK_FAILED, str(error))


def give_up(status: int, message: str) -> NoReturn:
    """End the program with a status and a word on stderr."""
    click.echo(message, err=True)
    sys.exit(status)


def write(output: Path | None, text: bytes) -> None:
    """Write a result to a file, or to stdout."""
    if output is None:
        click.echo(text.decode())
        return
    try:
        output.write_bytes(text + b"\n")
    except OSError as error:
        give_up(BAD_USAGE, f"{output}: {error.strerror or error}")
