"""The command `tagdock-edge doctor`."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from tagdock_edge.commands.options import CONFIG_OPTION, DATA_OPTION, JSON_OPTION, Seconds, log_to_stderr
from tagdock_edge.config_file import load
from tagdock_edge.doctor import shown, visit


@click.command("doctor")
@CONFIG_OPTION
@DATA_OPTION
@JSON_OPTION
@click.option(
    "--for",
    "for_s",
    type=Seconds(),
    default=10.0,
    show_default="10s",
    envvar="TAGDOCK_FOR",
    show_envvar=True,
    metavar="SPAN",
    help="How long readers are listened to.",
)
@click.pass_context
def doctor(ctx: click.Context, config_file: Path, data_dir: Path | None, as_json: bool, for_s: float) -> None:
    """Check configuration, disk, clock, broker, rights and readers, each with its remedy.

    Status 1 if something keeps the gateway from its work. A gateway that runs is not disturbed.
    """
    log_to_stderr(silent=True)  # the findings say it
    config = load(config_file, os.environ, data_dir)
    click.echo(f"looking; readers are listened to for {for_s:g} s", err=True)
    bad = False
    for finding in visit(config, for_s):
        click.echo(json.dumps(asdict(finding)) if as_json else shown(finding))
        bad = bad or finding.verdict == "bad"
    ctx.exit(1 if bad else 0)
