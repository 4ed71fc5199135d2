"""The command `tagdock-edge replay`: recorded reads to movements."""

import os
import sys
from pathlib import Path

import click
from tagdock_contract import encode

from tagdock_edge.commands.options import CONFIG_OPTION, FILE
from tagdock_edge.config_file import load
from tagdock_edge.pipeline import replay
from tagdock_edge.readers.recording import read_recording


@click.command("replay")
@click.argument("recording", type=FILE)
@CONFIG_OPTION
def replay_command(recording: Path, config_file: Path) -> None:
    """Turn recorded reads into movements, as JSON Lines on stdout."""
    config = load(config_file, os.environ)
    out = sys.stdout.buffer
    for movement in replay(read_recording(recording), config):
        out.write(encode(movement) + b"\n")
    out.flush()
