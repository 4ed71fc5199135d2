"""The command line: `tagdock-edge run | replay | epc decode | outbox list | outbox show`."""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from tagdock_contract import encode

from tagdock_edge import epc
from tagdock_edge.config import GatewayConfig
from tagdock_edge.config_file import load
from tagdock_edge.errors import ConfigError, EdgeError, EpcError, OutboxError
from tagdock_edge.gateway import Gateway, replay
from tagdock_edge.outbox import Outbox, refused_batches
from tagdock_edge.readers.recording import read_recording
from tagdock_edge.uplink import check_broker

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


class _Group(click.Group):
    """Turn our errors into one line on stderr and an exit status: 2 for configuration, 1 for work that failed."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            for problem in error.problems:
                click.echo(f"error: {problem}", err=True)
            ctx.exit(2)
        except EdgeError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(1)


class _Seconds(click.ParamType[float]):
    """A span like 5s, 500ms, 2m or a plain number of seconds."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        for unit, factor in (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("", 1.0)):
            if value.endswith(unit) and value.removesuffix(unit).replace(".", "", 1).isdecimal():
                return float(value.removesuffix(unit)) * factor
        raise click.BadParameter(f"{value!r} is no span; write it like 5s or 500ms", ctx, param)


def _config_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--config",
        "config_file",
        type=_FILE,
        required=True,
        envvar="TAGDOCK_CONFIG",
        show_envvar=True,
        help="The gateway's TOML file.",
    )(function)


def _data_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--data",
        "data_dir",
        type=_FOLDER,
        envvar="TAGDOCK_DATA",
        show_envvar=True,
        help="Folder of the outbox; without it, beside the configuration.",
    )(function)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tagdock-edge")
def main() -> None:
    """Tagdock's gateway: readers to movements, handed over exactly once."""


@main.command()
@_config_option
@_data_option
@click.option(
    "--require-broker",
    type=_Seconds(),
    envvar="TAGDOCK_REQUIRE_BROKER",
    show_envvar=True,
    metavar="SPAN",
    help="End with status 1 if the broker can't be reached in this time (5s); without it, keep collecting and trying.",
)
@click.option("--verbose", is_flag=True, envvar="TAGDOCK_VERBOSE", show_envvar=True, help="Tell more on stderr.")
def run(config_file: Path, data_dir: Path | None, require_broker: float | None, verbose: bool) -> None:
    """Run the gateway until SIGTERM or Ctrl-C."""
    _log_to_stderr(verbose)
    config = load(config_file, os.environ, data_dir)
    outbox = Outbox(config.outbox)
    try:
        if require_broker is not None:
            check_broker(config.address, config.broker, require_broker)
        gateway = Gateway(config, outbox)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: gateway.stop())
        _greet(config, outbox)
        gateway.run()
    finally:
        outbox.close()


@main.command("replay")
@click.argument("recording", type=_FILE)
@_config_option
def replay_command(recording: Path, config_file: Path) -> None:
    """Turn recorded reads into movements, as JSON Lines on stdout."""
    config = load(config_file, os.environ)
    out = sys.stdout.buffer
    for movement in replay(read_recording(recording), config):
        out.write(encode(movement) + b"\n")
    out.flush()


@main.group("epc")
def epc_group() -> None:
    """Look at EPCs."""


@epc_group.command("decode")
@click.argument("codes", metavar="HEX...", nargs=-1, required=True)
@click.pass_context
def epc_decode(ctx: click.Context, codes: tuple[str, ...]) -> None:
    """Decode EPC memory given as hex, a JSON line each; status 1 if one can't be decoded."""
    failed = False
    for code in codes:
        line = _decoded(code)
        failed = failed or line["error"] is not None
        click.echo(json.dumps(line))
    ctx.exit(1 if failed else 0)


def _decoded(code: str) -> dict[str, str | None]:
    try:
        identity = epc.decode(code)
    except EpcError as error:
        nothing = dict.fromkeys(("scheme", "pure_identity", "tag_uri", "digital_link"))
        return {"hex": code, **nothing, "error": str(error)}
    return {
        "hex": code.upper(),
        "scheme": identity.scheme.name,
        "pure_identity": identity.pure_identity,
        "tag_uri": identity.tag_uri,
        "digital_link": identity.digital_link,
        "error": None,
    }


@main.group("outbox")
def outbox_group() -> None:
    """Look at batches that the cloud refused; they stay parked until somebody has understood why."""


@outbox_group.command("list")
@_config_option
@_data_option
@click.option("--json", "as_json", is_flag=True, envvar="TAGDOCK_JSON", show_envvar=True, help="JSON, a batch a line.")
def outbox_list(config_file: Path, data_dir: Path | None, as_json: bool) -> None:
    """List the refused batches with their reasons."""
    for batch in refused_batches(load(config_file, os.environ, data_dir).outbox.path):
        line = {"seq": batch.seq, "events": len(batch.bodies), "reason": batch.refused}
        click.echo(json.dumps(line) if as_json else f"{batch.seq:>8}  {len(batch.bodies):>4} events  {batch.refused}")


@outbox_group.command("show")
@click.argument("seq", type=click.IntRange(min=1))
@_config_option
@_data_option
def outbox_show(seq: int, config_file: Path, data_dir: Path | None) -> None:
    """Write the events of one refused batch, as JSON Lines."""
    batches = refused_batches(load(config_file, os.environ, data_dir).outbox.path)
    found = next((batch for batch in batches if batch.seq == seq), None)
    if found is None:
        raise OutboxError(f"no refused batch has the number {seq}; see: outbox list")
    for body in found.bodies:
        click.echo(body.decode())


def _log_to_stderr(verbose: bool) -> None:
    """Write warnings (with `verbose`, more) to stderr; sllurp's own words are not for operators."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("sllurp").setLevel(logging.CRITICAL + 1)


def _greet(config: GatewayConfig, outbox: Outbox) -> None:
    fill = outbox.fill()
    click.echo(
        f"gateway {config.address.gateway} at {config.address.site}: {len(config.readers)} readers, "
        f"{len(config.doors)} doors, broker {config.broker.host}:{config.broker.port}, "
        f"{fill.events} events waiting in {config.outbox.path}",
        err=True,
    )
