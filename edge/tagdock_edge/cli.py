"""The program `tagdock-edge`: a table of commands, each imported only when it is asked for."""

from importlib import import_module
from typing import Any

import click

from tagdock_edge.errors import ConfigError, EdgeError

COMMANDS = {
    "doctor": "doctor:doctor",
    "epc": "epc:epc_group",
    "explain": "explain:explain_command",
    "fit": "fit:fit_command",
    "outbox": "outbox:outbox_group",
    "replay": "replay:replay_command",
    "run": "run:run",
}
"""Each command's module in `commands/`, and its name there."""


class _Program(click.Group):
    """Finds commands by the table; turns our errors into lines on stderr and an exit status.

    Status 2 is for a wrong configuration, 1 for work that failed.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(f"tagdock_edge.commands.{module}"), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            for problem in error.problems:
                click.echo(f"error: {problem}", err=True)
            ctx.exit(2)
        except EdgeError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(1)


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tagdock-edge")
def main() -> None:
    """Tagdock's gateway: readers to movements, handed over exactly once."""
