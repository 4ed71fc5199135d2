"""The program `tagdock-sim`: one module here a command, imported only when that command is asked for."""

from importlib import import_module
from typing import Any

import click

COMMANDS = {
    "demo": "demo:demo",
    "mqtt-reader": "mqtt_reader:mqtt_reader",
    "ordeal": "ordeal:ordeal",
    "picture": "picture:picture",
    "proxy": "proxy:proxy",
    "reader": "reader:reader",
    "record": "record:record_",
    "scenarios": "scenarios:scenarios",
    "sensors": "sensors:sensors",
    "warehouse": "warehouse:warehouse",
}
"""Each command's module in this folder, and its name there."""


class _Program(click.Group):
    """Finds commands by the table: one with much behind it (the demo, the pictures) slows no other down."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a full disk behind stdout, or the like, is told in one line."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click ends quietly: whoever reads has enough
            raise
        except OSError as error:
            raise click.ClickException(f"{error.filename or 'the output'}: {error.strerror or error}") from error


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tagdock-simulators")
def main() -> None:
    """Test Tagdock without hardware: simulated readers, recordings with their ground truth, the demo."""
