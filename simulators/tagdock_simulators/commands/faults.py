"""What commands share that do faults: the option, the file read and checked, the log."""

from collections.abc import Collection, Iterable
from contextlib import ExitStack
from pathlib import Path

import click

from tagdock_simulators.commands.options import say
from tagdock_simulators.faults.errors import ScheduleError
from tagdock_simulators.faults.kinds import Place
from tagdock_simulators.faults.log import FaultLog
from tagdock_simulators.faults.reading import MAX_TEXT_BYTES, read_schedule, schedule_for
from tagdock_simulators.faults.schedule import Schedule

FAULTS_OPTION = click.option(
    "--faults",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="TAGDOCK_FAULTS",
    show_envvar=True,
    help="What goes wrong and when: a TOML file; `tagdock-sim proxy --kinds` lists the faults.",
)
FAULT_LOG_OPTION = click.option(
    "--fault-log",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="TAGDOCK_FAULT_LOG",
    show_envvar=True,
    help="What was done and when, as JSON Lines.",
)


def faults_here(file: Path | None, seed: int | None, names: Collection[str], places: Iterable[Place]) -> Schedule:
    """Read the faults that can be done here, and say which are left out. Ends the program with 2 at a mistake."""
    if file is None:
        return Schedule(seed=1 if seed is None else seed)
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_TEXT_BYTES + 1).decode()
        schedule, left_out = schedule_for(read_schedule(text, seed), names, places)
    except OSError as error:
        raise click.UsageError(f"--faults {file}: {error.strerror}; give a file that can be read") from error
    except UnicodeDecodeError as error:
        raise click.UsageError(f"--faults {file}: is no UTF-8 text; write TOML") from error
    except ScheduleError as error:
        raise click.UsageError("\n".join(f"--faults {file}: {problem}" for problem in error.problems)) from error
    for line in left_out:
        say(f"{file}: {line}")
    return schedule


def opened_log(file: Path | None, files: ExitStack) -> FaultLog:
    """Open the log of faults, for as long as `files` is open. Ends the program with 1 when it cannot be written."""
    if file is None:
        return FaultLog()
    try:
        return FaultLog(files.enter_context(file.open("w", encoding="utf-8")))
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}; choose a place that can be written") from error
