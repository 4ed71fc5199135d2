"""What several commands share: options with environment twins, a connection to the database, printing rows."""

import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tagdock_cloud.errors import ConfigurationError
from tagdock_cloud.store import pool

Command = Callable[..., Any]


def option(flag: str, *names: str, **settings: Any) -> Callable[[Command], Command]:
    """Build an option with its environment twin, as every part names them."""
    envvar = "TAGDOCK_" + flag.removeprefix("--").replace("-", "_").upper()
    return click.option(flag, *names, envvar=envvar, show_envvar=True, **settings)


def _default_data() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tagdock"


database_option = option("--database", metavar="URL", help="postgresql://user:password@host:5432/name")
data_option = option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=_default_data,
    show_default="~/.local/share/tagdock",
    help="Where `serve` keeps its own database and what it knows of itself.",
)
broker_option = option("--broker", metavar="URL", help="mqtt://user:password@host:1883, or mqtts://... for TLS.")
broker_ca_option = option(
    "--broker-ca", type=click.Path(path_type=Path), help="Certificates that vouch for an mqtts broker."
)
open_option = option(
    "--open",
    "is_open",
    is_flag=True,
    help="Lab mode: unknown gateways register themselves, reading needs no token; loopback only.",
)
json_option = option("--json", "as_json", is_flag=True, help="Print JSON.")


def with_connection(command: Command) -> Command:
    """Give a command a connection to the database: --database, or that of a `serve` running on --data."""

    @database_option
    @data_option
    @functools.wraps(command)
    def wrapped(*args: Any, database: str | None, data: Path, **options: Any) -> Any:
        with pool.connect(database or served_database(data)) as connection, pool.translated():
            return command(*args, connection=connection, **options)

    return wrapped


def served_database(data: Path) -> str:
    """Return the database of a `serve` that runs on a data directory. Raises ConfigurationError where none does."""
    try:
        url = json.loads((data / "addresses.json").read_text())["database"]
    except (OSError, ValueError, KeyError):
        raise ConfigurationError(
            f"no database: give --database URL, or --data DIR of a running `tagdock-cloud serve` (none in {data})"
        ) from None
    return str(url)


def print_rows(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Print rows for a person, or as JSON."""
    if as_json:
        click.echo(json.dumps({"items": rows}, default=str))
        return
    for row in rows:
        click.echo("  ".join("-" if value is None else str(value) for value in row.values()))
