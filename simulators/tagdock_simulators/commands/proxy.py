"""The command `tagdock-sim proxy`: faults on any wire, from a schedule."""

import asyncio
import signal
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click

from tagdock_simulators.commands.faults import FAULTS_OPTION, Trouble, acting, faults_here, opened_log
from tagdock_simulators.commands.options import LOOPBACK, NEW_FILE, check_all_different, say, why
from tagdock_simulators.faults.kinds import kinds_table
from tagdock_simulators.faults.log import FaultLog
from tagdock_simulators.faults.proxy import Protocol, TcpProxy
from tagdock_simulators.faults.schedule import Schedule

Address = tuple[str, int]


class _Address(click.ParamType[Address]):
    """HOST:PORT, [IPV6]:PORT or a port alone."""

    name = "address"

    def __init__(self, least_port: int) -> None:
        self._least_port = least_port

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        if isinstance(value, tuple):
            return value
        host, _, port = str(value).rpartition(":")
        if not port.isascii() or not port.isdecimal() or len(port) > 5 or not self._least_port <= int(port) <= 65535:
            raise click.BadParameter(f"{value!r} is no address; write it like 127.0.0.1:5084", ctx, param)
        return host.strip("[]") or LOOPBACK, int(port)


def _print_kinds(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(kinds_table())
        ctx.exit()


@click.command()
@click.option(
    "--listen",
    type=_Address(0),
    default=f"{LOOPBACK}:0",
    show_default=True,
    metavar="HOST:PORT",
    envvar="TAGDOCK_LISTEN",
    show_envvar=True,
    help="Where clients connect. Port 0: any free one.",
)
@click.option(
    "--to",
    type=_Address(1),
    required=True,
    metavar="HOST:PORT",
    envvar="TAGDOCK_TO",
    show_envvar=True,
    help="The server behind it.",
)
@click.option(
    "--protocol",
    type=click.Choice([each.value for each in Protocol]),
    default=Protocol.TCP.value,
    show_default=True,
    envvar="TAGDOCK_PROTOCOL",
    show_envvar=True,
    help="llrp: understands messages, for the faults that need it.",
)
@FAULTS_OPTION
@click.option(
    "--name",
    default="server",
    show_default=True,
    envvar="TAGDOCK_NAME",
    show_envvar=True,
    help='What the faults call it (their `on`); "*" means all.',
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    envvar="TAGDOCK_SEED",
    show_envvar=True,
    help="Same seed, same faults; wins over the file's.",
)
@click.option(
    "--log",
    type=NEW_FILE,
    envvar="TAGDOCK_LOG",
    show_envvar=True,
    help="What was done and when, as JSON Lines.",
)
@click.option(
    "--kinds",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_kinds,
    envvar="TAGDOCK_KINDS",
    show_envvar=True,
    help="Print the table of faults and end.",
)
def proxy(
    *, listen: Address, to: Address, protocol: str, faults: Path | None, name: str, seed: int | None, log: Path | None
) -> None:
    """Stand before a server and do faults to its connections until Ctrl-C."""
    check_all_different({"--faults": faults, "--log": log})
    if not name.strip():
        raise click.UsageError("--name is empty; give the name that the faults are done `on`")
    spoken = Protocol(protocol)
    schedule = faults_here(faults, seed, {name}, spoken.places)
    with ExitStack() as files:
        told = opened_log(log, files)
        sys.exit(asyncio.run(_serve(listen, TcpProxy(name, to, spoken, log=told, seed=schedule.seed), schedule, told)))


async def _serve(listen: Address, one: TcpProxy, schedule: Schedule, log: FaultLog) -> int:
    try:
        port = await one.start(*listen)
    except OSError as error:
        say(f"cannot listen at {listen[0]}:{listen[1]}: {why(error)}; choose another --listen, or port 0 for any")
        return 1
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    click.echo(f"{one.name} tcp://{listen[0]}:{port} -> {one.server[0]}:{one.server[1]}")
    try:
        async with acting(Trouble(schedule, log, datetime.now(UTC)), {one.name: one}):
            await stop.wait()  # a schedule that is over leaves a proxy that passes everything on
    finally:
        await one.close()
    say(_summary(one))
    return 0


def _summary(one: TcpProxy) -> str:
    counts = one.counts
    faults = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.faults.items())) or "none"
    return (
        f"stopped: {counts.connections:,} connections, {counts.turned_away:,} turned away, {counts.unreachable:,} did "
        f"not reach the server; {counts.bytes_to_server:,} bytes to it, {counts.bytes_to_client:,} to clients; "
        f"faults done: {faults}"
    )
