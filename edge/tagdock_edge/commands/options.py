"""What several commands take: the configuration, the data folder, spans of time; and where talk goes."""

import logging
import sys
from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


class Seconds(click.ParamType[float]):
    """A span like 5s, 500ms, 2m or a plain number of seconds."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Turn the text into seconds."""
        if isinstance(value, float):
            return value
        for unit, factor in (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("", 1.0)):
            if value.endswith(unit) and value.removesuffix(unit).replace(".", "", 1).isdecimal():
                return float(value.removesuffix(unit)) * factor
        raise click.BadParameter(f"{value!r} is no span; write it like 5s or 500ms", ctx, param)


CONFIG_OPTION = click.option(
    "--config",
    "config_file",
    type=FILE,
    required=True,
    envvar="TAGDOCK_CONFIG",
    show_envvar=True,
    help="The gateway's TOML file.",
)
DATA_OPTION = click.option(
    "--data",
    "data_dir",
    type=FOLDER,
    envvar="TAGDOCK_DATA",
    show_envvar=True,
    help="Folder of the outbox and the journal; without it, beside the configuration.",
)
JSON_OPTION = click.option(
    "--json", "as_json", is_flag=True, envvar="TAGDOCK_JSON", show_envvar=True, help="JSON, an entry a line."
)


def log_to_stderr(verbose: bool = False, *, silent: bool = False) -> None:
    """Write warnings (with `verbose`, more; with `silent`, nothing) to stderr; sllurp's words are not for operators."""
    level = logging.CRITICAL + 1 if silent else logging.DEBUG if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("sllurp").setLevel(logging.CRITICAL + 1)
