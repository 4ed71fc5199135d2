"""What several commands share: their options, how they talk, the gateway's configuration they write."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from tagdock_simulators.gateway_config import gateway_toml
from tagdock_simulators.scenarios import SCENARIOS, Scenario, shaped

LLRP_PORT = 5084
"""LLRP's own (IANA)."""
LOOPBACK = "127.0.0.1"
_BROKER = "mqtt://127.0.0.1:1883"

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
    type=click.Path(dir_okay=False, path_type=Path),
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
    if not equals:
        raise click.UsageError(f"--set {text}: write KEY=VALUE")
    return key.strip(), value


def ports_from(scenario: Scenario, port: int) -> dict[str, int]:
    """Give each of a scenario's readers a port, from the first one on."""
    readers = dict.fromkeys(door.reader for door in scenario.geometry())
    return {reader: port + place for place, reader in enumerate(readers)}


def write_gateway_config(path: Path, scenario: Scenario, ports: dict[str, int]) -> None:
    """Write a gateway's configuration for a scenario's readers and doors. Raises OSError."""
    path.write_text(gateway_toml("lab", "gw-1", _BROKER, scenario.geometry(), ports), encoding="utf-8")


def say(line: str) -> None:
    """Talk on stderr."""
    click.echo(line, err=True)
