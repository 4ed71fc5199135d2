"""The command `tagdock-sim reader`: LLRP readers that any client can talk to."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import click

from tagdock_simulators.commands.faults import FAULT_LOG_OPTION, FAULTS_OPTION, Trouble, acting, troubled
from tagdock_simulators.commands.options import (
    GATEWAY_CONFIG_OPTION,
    HOST,
    LLRP_PORT,
    LOOPBACK,
    check_ports,
    say,
    scenario_options,
    why,
    write_gateway_config,
)
from tagdock_simulators.faults.reader import PLACES, TroubledReader
from tagdock_simulators.live import play, start_readers
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.profiles import DEFAULT, PROFILES
from tagdock_simulators.llrp.server import LlrpReader
from tagdock_simulators.scenarios import Scenario

AnyReader = LlrpReader | TroubledReader
_PRODUCTS = "\b\nProfiles:\n" + "\n".join(f"  {each.name:18} {each.summary}" for each in PROFILES.values())


@click.command(epilog=_PRODUCTS)
@scenario_options
@click.option(
    "--host",
    type=HOST,
    default=LOOPBACK,
    show_default=True,
    envvar="TAGDOCK_HOST",
    show_envvar=True,
    help="Address to listen at.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=LLRP_PORT,
    show_default=True,
    envvar="TAGDOCK_PORT",
    show_envvar=True,
    help="Port of the first reader; the others follow. 0: any free ports.",
)
@click.option(
    "--profile",
    "profile_name",
    type=click.Choice(list(PROFILES)),
    default=DEFAULT.name,
    show_default=True,
    envvar="TAGDOCK_PROFILE",
    show_envvar=True,
    help="The product that every reader plays; below is what each is like.",
)
@GATEWAY_CONFIG_OPTION
@FAULTS_OPTION
@FAULT_LOG_OPTION
def reader(
    *,
    scenario: Scenario,
    seed: int,
    host: str,
    port: int,
    profile_name: str,
    gateway_config: Path | None,
    faults: Path | None,
    fault_log: Path | None,
) -> None:
    """Play a scenario's LLRP readers until Ctrl-C: any LLRP client can connect."""
    profile = PROFILES[profile_name]
    _check_fit(scenario, profile)
    check_ports(scenario, port)
    with ExitStack() as files:
        trouble = troubled(faults, fault_log, scenario, PLACES, files)
        made = partial(_made, profile, trouble)
        sys.exit(
            asyncio.run(_serve(scenario, seed, made, trouble, host=host, port=port, gateway_config=gateway_config))
        )


def _made(profile: Profile, trouble: Trouble | None, name: str) -> AnyReader:
    reader = LlrpReader(profile)
    return reader if trouble is None else TroubledReader(name, reader, trouble.schedule, trouble.began_at, trouble.log)


def _check_fit(scenario: Scenario, profile: Profile) -> None:
    """Raise UsageError when a door needs more antennas or inputs than the product has."""
    doors = scenario.geometry()
    antennas = max(antenna.port for door in doors for antenna in door.antennas)
    inputs = max((eye.gpi for door in doors for eye in door.photo_eyes), default=0)
    if antennas > profile.antennas or inputs > profile.inputs:
        raise click.UsageError(
            f"{scenario.name} needs readers with {antennas} antennas and {inputs} inputs; "
            f"{profile.name} has {profile.antennas} and {profile.inputs}: choose another --profile or --scenario"
        )


async def _serve(
    scenario: Scenario,
    seed: int,
    make: Callable[[str], AnyReader],
    trouble: Trouble | None,
    *,
    host: str,
    port: int,
    gateway_config: Path | None,
) -> int:
    try:
        started = await start_readers(scenario, host, port, make)
    except OSError as error:
        say(
            f"cannot listen at {host}, port {port} and those after it: {why(error)}; "
            "choose another --port, or 0 for any, or another --host"
        )
        return 1
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    readers = {name: each for name, (each, _) in started.items()}
    try:
        if gateway_config is not None:
            write_gateway_config(gateway_config, scenario, {name: bound for name, (_, bound) in started.items()})
        for name, (_, bound) in started.items():
            click.echo(f"{name} llrp://{host}:{bound}")
        async with acting(trouble, readers):
            await play(scenario, seed, readers, say, stop)
    except OSError as error:
        say(f"{error.filename or 'the log of faults'}: {error.strerror}; choose a place that can be written")
        return 1
    finally:
        await _close(readers)
    return 0


async def _close(readers: dict[str, AnyReader]) -> None:
    await asyncio.gather(*(each.close() for each in readers.values()))
    reported, lost = (sum(getattr(r, what) for r in readers.values()) for what in ("tags_reported", "tags_lost"))
    say(f"stopped: {reported:,} tag reports sent, {lost:,} that nobody took")
