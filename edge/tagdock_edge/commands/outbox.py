"""The command `tagdock-edge outbox`: the batches that the cloud refused."""

import json
import os
from pathlib import Path

import click

from tagdock_edge.commands.options import CONFIG_OPTION, DATA_OPTION, JSON_OPTION
from tagdock_edge.config_file import load
from tagdock_edge.errors import OutboxError
from tagdock_edge.outbox import refused_batches, retry_refused


@click.group("outbox")
def outbox_group() -> None:
    """Look at batches that the cloud refused; they stay parked until somebody has understood why, and retries them."""


@outbox_group.command("list")
@CONFIG_OPTION
@DATA_OPTION
@JSON_OPTION
def outbox_list(config_file: Path, data_dir: Path | None, as_json: bool) -> None:
    """List the refused batches with their reasons."""
    for batch in refused_batches(load(config_file, os.environ, data_dir).outbox.path):
        line = {"seq": batch.seq, "events": len(batch.bodies), "reason": batch.refused}
        click.echo(json.dumps(line) if as_json else f"{batch.seq:>8}  {len(batch.bodies):>4} events  {batch.refused}")


@outbox_group.command("show")
@click.argument("seq", type=click.IntRange(min=1))
@CONFIG_OPTION
@DATA_OPTION
def outbox_show(seq: int, config_file: Path, data_dir: Path | None) -> None:
    """Write the events of one refused batch, as JSON Lines."""
    batches = refused_batches(load(config_file, os.environ, data_dir).outbox.path)
    found = next((batch for batch in batches if batch.seq == seq), None)
    if found is None:
        raise OutboxError(f"no refused batch has the number {seq}; see: outbox list")
    for body in found.bodies:
        click.echo(body.decode())


@outbox_group.command("retry")
@click.argument("seq", type=click.IntRange(min=1), required=False)
@click.option("--all", "every", is_flag=True, envvar="TAGDOCK_ALL", show_envvar=True, help="All refused batches.")
@CONFIG_OPTION
@DATA_OPTION
def outbox_retry(seq: int | None, every: bool, config_file: Path, data_dir: Path | None) -> None:
    """Have a refused batch sent again, once its reason is mended; a running gateway sends it within half a minute."""
    if (seq is None) != every:
        raise click.UsageError("give the number of a batch, or --all")
    count = retry_refused(load(config_file, os.environ, data_dir).outbox.path, seq)
    if seq is not None and not count:
        raise OutboxError(f"no refused batch has the number {seq}; see: outbox list")
    click.echo(f"{count} batches will be sent again")
