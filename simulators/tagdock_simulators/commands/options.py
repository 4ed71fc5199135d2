"""What several commands share: their options, how they talk, the gateway's configuration they write."""

from collections.abc import Iterator
from pathlib import Path

import click

from tagdock_simulators.gateway_config import gateway_toml
from tagdock_simulators.scenarios import SCENARIOS, Scenario

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


def ports_from(scenario: Scenario, port: int) -> Iterator[tuple[str, int]]:
    """Give each of a scenario's readers a port, from the first one on."""
    for place, door in enumerate(scenario.geometry()):
        yield door.reader, port + place


def write_gateway_config(path: Path, scenario: Scenario, ports: dict[str, int]) -> None:
    """Write a gateway's configuration for a scenario's readers and doors. Raises OSError."""
    path.write_text(gateway_toml("lab", "gw-1", _BROKER, scenario.geometry(), ports), encoding="utf-8")


def say(line: str) -> None:
    """Talk on stderr."""
    click.echo(line, err=True)
