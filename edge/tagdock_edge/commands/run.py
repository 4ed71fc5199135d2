"""The command `tagdock-edge run`: the gateway itself."""

import os
import signal
from pathlib import Path

import click

from tagdock_edge.commands.options import CONFIG_OPTION, DATA_OPTION, Seconds, log_to_stderr
from tagdock_edge.config import GatewayConfig
from tagdock_edge.config_file import load
from tagdock_edge.driver import find_driver
from tagdock_edge.gateway import Gateway
from tagdock_edge.journal import Journal
from tagdock_edge.outbox import Outbox
from tagdock_edge.uplink import check_broker


@click.command()
@CONFIG_OPTION
@DATA_OPTION
@click.option(
    "--require-broker",
    type=Seconds(),
    envvar="TAGDOCK_REQUIRE_BROKER",
    show_envvar=True,
    metavar="SPAN",
    help="End with status 1 if the broker can't be reached in this time (5s); without it, keep collecting and trying.",
)
@click.option("--verbose", is_flag=True, envvar="TAGDOCK_VERBOSE", show_envvar=True, help="Tell more on stderr.")
def run(config_file: Path, data_dir: Path | None, require_broker: float | None, verbose: bool) -> None:
    """Run the gateway until SIGTERM or Ctrl-C; SIGHUP loads the configuration anew."""
    log_to_stderr(verbose)
    config = load(config_file, os.environ, data_dir)
    outbox, journal = Outbox(config.outbox), None
    try:
        if require_broker is not None:
            check_broker(config.address, config.broker, require_broker)
        if not any(find_driver(each.driver).own_time for each in config.readers):
            journal = Journal(config.journal)
        gateway = Gateway(config, outbox, journal, os.environ)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: gateway.stop())
        signal.signal(signal.SIGHUP, lambda *_: gateway.reload(lambda: load(config_file, os.environ, data_dir)))
        _greet(config, outbox)
        gateway.run()
    finally:
        outbox.close()
        if journal is not None:
            journal.close()


def _greet(config: GatewayConfig, outbox: Outbox) -> None:
    fill = outbox.fill()
    click.echo(
        f"gateway {config.address.gateway} at {config.address.site}: {len(config.readers)} readers, "
        f"{len(config.doors)} doors, broker {config.broker.host}:{config.broker.port}, "
        f"{fill.events} events waiting in {config.outbox.path}",
        err=True,
    )
