"""What several commands share: their options, how they talk, the gateway's configuration they write."""

import math
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from tagdock_simulators.gateway_config import gateway_file, gateway_toml
from tagdock_simulators.recording import new_file
from tagdock_simulators.scenarios import SCENARIOS, Scenario, shaped

LLRP_PORT = 5084
"""LLRP's own (IANA)."""
LOOPBACK = "127.0.0.1"
_BROKER = "mqtt://127.0.0.1:1883"


class _NewFile(click.Path):
    """A file to be written; that its place can be written to shows only when it is."""

    def __init__(self, *, allow_dash: bool = False) -> None:
        super().__init__(dir_okay=False, path_type=Path, allow_dash=allow_dash)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return its path."""
        if not str(value).strip():
            self.fail("is empty; give the name of a file", param, ctx)
        return super().convert(value, param, ctx)


class Within(click.FloatRange):
    """A number between bounds; `nan` is none, though it is in no bounds' way."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return it."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is no number", param, ctx)
        return number


class _Host(click.ParamType[str]):
    """Where to listen: an empty one would mean every network, and nobody would notice."""

    name = "host"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it as it is."""
        if not str(value).strip():
            self.fail("is empty; give an address, 0.0.0.0 for every network", param, ctx)
        return str(value)


HOST = _Host()
NEW_FILE, NEW_FILE_OR_DASH = _NewFile(), _NewFile(allow_dash=True)

SCENARIO_OPTION = click.option(
    "--scenario",
    "name",
    type=click.Choice(sorted(SCENARIOS)),
    default="clean-two-row",
    show_default=True,
    envvar="TAGDOCK_SCENARIO",
    show_envvar=True,
    help="What happens at the doors; `tagdock-sim scenarios` explains.",
)
SEED_OPTION = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=1,
    show_default=True,
    envvar="TAGDOCK_SEED",
    show_envvar=True,
    help="Same seed, same reads.",
)
GATEWAY_CONFIG_OPTION = click.option(
    "--gateway-config",
    type=NEW_FILE,
    envvar="TAGDOCK_GATEWAY_CONFIG",
    show_envvar=True,
    help="Write a gateway.toml for these readers and doors.",
)


_SHAPES = (
    click.option("--loads", metavar="N", envvar="TAGDOCK_LOADS", show_envvar=True, help="How many loads come."),
    click.option("--doors", metavar="N", envvar="TAGDOCK_DOORS", show_envvar=True, help="How many doors there are."),
    click.option(
        "--tags", metavar="LEAST..MOST", envvar="TAGDOCK_TAGS", show_envvar=True, help="How many tags a load has."
    ),
    click.option(
        "--set",
        "settings",
        metavar="KEY=VALUE",
        multiple=True,
        envvar="TAGDOCK_SET",
        show_envvar=True,
        help="Any other parameter, as often as needed; `tagdock-sim scenarios --json` shows them all.",
    ),
)


def scenario_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose and shape a scenario; it takes `scenario` and `seed`."""

    @wraps(command)
    def with_scenario(*, name: str, settings: tuple[str, ...], **more: Any) -> Any:
        short = {key: more.pop(key) for key in ("loads", "doors", "tags")}
        given = dict(map(_setting, settings)) | {key: text for key, text in short.items() if text is not None}
        try:
            scenario = shaped(SCENARIOS[name], given)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        return command(scenario=scenario, **more)

    for option in reversed((SCENARIO_OPTION, SEED_OPTION, *_SHAPES)):
        with_scenario = option(with_scenario)
    return with_scenario


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise click.UsageError(f"--set {text}: write KEY=VALUE")
    return key.strip(), value


def ports_from(scenario: Scenario, port: int) -> dict[str, int]:
    """Give each of a scenario's readers a port, from the first one on."""
    readers = dict.fromkeys(door.reader for door in scenario.geometry())
    return {reader: port + place for place, reader in enumerate(readers)}


def check_ports(scenario: Scenario, port: int) -> None:
    """Raise UsageError when a scenario's readers need more ports than there are from the first one on."""
    most = 65_536 - len({door.reader for door in scenario.geometry()})
    if port > most:
        raise click.UsageError(f"--port {port} leaves too few for this scenario's readers; {most} is the highest")


def why(error: OSError) -> str:
    """Say in words why an address cannot be used; those of name look-ups have numbers of their own."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


def write_gateway_config(path: Path, scenario: Scenario, ports: dict[str, int]) -> None:
    """Write a gateway's configuration for a scenario's readers and doors. Raises OSError."""
    write_text(path, gateway_toml("lab", "gw-1", _BROKER, scenario.geometry(), ports))


def write_mqtt_config(path: Path, scenario: Scenario, broker: str, readers: Sequence[str]) -> None:
    """Write the same for readers behind a broker, which is the gateway's own as well. Raises OSError."""
    write_text(path, gateway_file("lab", "gw-1", broker, scenario.geometry(), readers))


def write_text(path: Path, text: str) -> None:
    """Write a file as a whole. Raises OSError."""
    with new_file(path) as file:
        file.write(text.encode())


def check_all_different(files: Mapping[str, Path | None]) -> None:
    """Raise UsageError when two options name one file: what is read would be overwritten by what is written."""
    seen: dict[Path, str] = {}
    for option, path in files.items():
        if path is not None and (other := seen.setdefault(path.resolve(), option)) != option:
            raise click.UsageError(f"{other} and {option} must be different files; both are {path}")


_AGAIN_S = 0.5  # unwinding removes a file or two


@contextmanager
def writing() -> Iterator[None]:
    """End the program with 1 and one line when a file cannot be written; a signal leaves nothing half written."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in (number for number, handler in before.items() if handler is not signal.SIG_IGN):
        signal.signal(number, _end)
    try:
        yield
    except BrokenPipeError:  # whoever reads has enough: nothing to complain about
        raise
    except OSError as error:
        place = str(error.filename or "the output").removesuffix(".part")
        raise click.ClickException(f"{place}: {error.strerror}; choose a place that can be written") from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _frame: object) -> NoReturn:
    """Unwind what runs, with the status that a shell gives to a signal; Ctrl-C as ever.

    Once more soon: where a signal finds Python in a finalizer, it swallows what is raised there.
    """

    def leave(*_: object) -> NoReturn:
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    signal.signal(signal.SIGALRM, leave)
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_S, _AGAIN_S)
    leave()


def say(line: str) -> None:
    """Talk on stderr."""
    click.echo(line, err=True)
