"""The command `tagdock-edge explain`: one movement's reads over time, and why it was decided so."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import UUID

import click
from tagdock_contract import Record

from tagdock_edge.commands.options import CONFIG_OPTION, FILE, FOLDER
from tagdock_edge.config import GatewayConfig
from tagdock_edge.config_file import load
from tagdock_edge.explain import tell, write
from tagdock_edge.explain.text import ASCII, UNICODE, Signs
from tagdock_edge.journal import read_journal
from tagdock_edge.readers.recording import read_recording


@click.command("explain")
@click.argument("event_id", type=click.UUID)
@CONFIG_OPTION
@click.option(
    "--recording",
    type=FILE,
    envvar="TAGDOCK_RECORDING",
    show_envvar=True,
    help="The reads of that time: FILE.jsonl or FILE.jsonl.gz.",
)
@click.option(
    "--data",
    "data_dir",
    type=FOLDER,
    envvar="TAGDOCK_DATA",
    show_envvar=True,
    help="The gateway's data folder: its journal is read. Without --recording and --data, that of the configuration.",
)
@click.option(
    "--png",
    type=FILE,
    envvar="TAGDOCK_PNG",
    show_envvar=True,
    help="Draw it into this file, too; wants tagdock-edge[pictures].",
)
def explain_command(
    event_id: UUID, config_file: Path, recording: Path | None, data_dir: Path | None, png: Path | None
) -> None:
    """Explain the movement EVENT_ID: reads by antenna over time, photo-eyes, mates, doors, decision and reason."""
    if recording is not None and data_dir is not None:
        raise click.UsageError("give either --recording or --data, not both")
    config = load(config_file, os.environ, data_dir)
    story = tell(_records(config, recording), config, event_id)
    if png is not None:
        from tagdock_edge.picture import save  # noqa: PLC0415  # matplotlib is an extra, wanted for pictures only

        save(story, png)
        click.echo(f"drawn into {png}", err=True)
    click.echo(write(story, _signs()), nl=False)


def _records(config: GatewayConfig, recording: Path | None) -> Callable[[], Iterable[Record]]:
    if recording is not None:
        return lambda: read_recording(recording)
    return lambda: read_journal(config.journal.folder)


def _signs() -> Signs:
    """Draw with blocks where the terminal can show them."""
    try:
        UNICODE.levels.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE
