"""What commands share that do faults: the option, the file read and checked, the log."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from tagdock_simulators.commands.options import NEW_FILE, check_all_different, say
from tagdock_simulators.faults.acting import Patient, act
from tagdock_simulators.faults.errors import ScheduleError
from tagdock_simulators.faults.kinds import Place
from tagdock_simulators.faults.log import FaultLog
from tagdock_simulators.faults.reading import MAX_TEXT_BYTES, read_schedule, schedule_for
from tagdock_simulators.faults.schedule import Schedule
from tagdock_simulators.scenarios import Scenario

FAULTS_OPTION = click.option(
    "--faults",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="TAGDOCK_FAULTS",
    show_envvar=True,
    help="What goes wrong and when: a TOML file; `tagdock-sim proxy --kinds` lists the faults.",
)
FAULT_LOG_OPTION = click.option(
    "--fault-log",
    type=NEW_FILE,
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
            text = opened.read(MAX_TEXT_BYTES + 1).decode("utf-8-sig")
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


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong while a command plays, from when on."""

    schedule: Schedule
    log: FaultLog
    began_at: datetime


def troubled(
    file: Path | None, log: Path | None, scenario: Scenario, places: Iterable[Place], files: ExitStack
) -> Trouble | None:
    """Read what goes wrong with a scenario's readers, beginning now; None without a file of faults."""
    if file is None:
        if log is not None:
            raise click.UsageError("--fault-log goes with --faults")
        return None
    check_all_different({"--faults": file, "--fault-log": log})
    names = {door.reader for door in scenario.geometry()}
    return Trouble(faults_here(file, None, names, places), opened_log(log, files), datetime.now(UTC))


@asynccontextmanager
async def acting(trouble: Trouble | None, patients: Mapping[str, object]) -> AsyncIterator[None]:
    """Do the faults to those of the patients that can have them, as long as the block runs."""
    if trouble is None:
        yield
        return
    able = {name: each for name, each in patients.items() if isinstance(each, Patient)}
    task = asyncio.create_task(act(trouble.schedule, able, trouble.log, trouble.began_at))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def opened_log(file: Path | None, files: ExitStack) -> FaultLog:
    """Open the log of faults, for as long as `files` is open. Ends the program with 1 when it cannot be written."""
    if file is None:
        return FaultLog()
    try:
        return FaultLog(files.enter_context(file.open("w", encoding="utf-8")))
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}; choose a place that can be written") from error
