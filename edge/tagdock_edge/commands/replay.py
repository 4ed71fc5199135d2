"""The command `tagdock-edge replay`: recorded or journaled reads to movements."""

import os
import sys
from pathlib import Path

import click
from tagdock_contract import encode

from tagdock_edge.commands.options import CONFIG_OPTION
from tagdock_edge.config_file import load
from tagdock_edge.journal import read_journal
from tagdock_edge.pipeline import replay
from tagdock_edge.readers.recording import read_recording


@click.command("replay")
@click.argument("recording", type=click.Path(path_type=Path))
@CONFIG_OPTION
def replay_command(recording: Path, config_file: Path) -> None:
    """Turn recorded reads, or those of a journal's folder, into movements: JSON Lines on stdout."""
    config = load(config_file, os.environ)
    out = sys.stdout.buffer
    records = read_journal(recording) if recording.is_dir() else read_recording(recording)
    for movement in replay(records, config):
        out.write(encode(movement) + b"\n")
    out.flush()
