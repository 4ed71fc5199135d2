"""The command `tagdock-slotting`."""

import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import msgspec

from tagdock_slotting.errors import ProblemError, SlottingError
from tagdock_slotting.evaluate import evaluate as evaluate_layout
from tagdock_slotting.plan import Evaluation, Plan
from tagdock_slotting.progress import talking
from tagdock_slotting.reading import MAX_BYTES, decode_assignment, decode_problem, too_large
from tagdock_slotting.solve import solve as solve_problem

WORK_FAILED, BAD_USAGE = 1, 2


_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}


class _Duration(click.ParamType[float]):
    """A time such as 60s, 5m or 1h; a bare number counts seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        match = _TIME.fullmatch(str(value))
        if match is None or not 0 < (seconds := float(match[1]) * _UNIT_S[match[2]]) <= 86_400:
            self.fail(f"{value!r} is no time between 0 and 24h such as 60s or 5m", param, ctx)
        return seconds


DURATION = _Duration()
SOURCE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
TARGET = click.Path(dir_okay=False, path_type=Path)


T = TypeVar("T")


def _option(*names: str, **settings: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Declare an option with its environment twin TAGDOCK_<FLAG>."""
    variable = "TAGDOCK_" + names[-1].lstrip("-").replace("-", "_").upper()
    return click.option(*names, envvar=variable, show_envvar=True, **settings)


@click.group(context_settings={"show_default": True})
@click.version_option(package_name="tagdock-slotting")
def main() -> None:
    """Find the layout that measured flow asks for, and the moves worth making."""


@main.command()
@click.argument("problem", type=SOURCE)
@_option("-o", "--output", type=TARGET, help="Write the plan here instead of to stdout.")
@_option("--time-limit", type=DURATION, default="60s", help="How long to search where nothing is proven.")
@_option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, help="Same seed, same plan.")
def solve(problem: Path, output: Path | None, time_limit: float, seed: int) -> None:
    """Solve PROBLEM (a JSON file, or - for stdin) and print the plan.

    Exit status: 0 a legal plan, 1 infeasible or none found, 2 the problem is wrong.
    """
    task = _loaded(problem, decode_problem)
    with talking(f"solving {len(task.items):,} items in {len(task.bins):,} bins, search limit {time_limit:g} s"):
        plan = _done(lambda: solve_problem(task, time_limit, seed))
    _write(output, msgspec.json.format(msgspec.json.encode(plan), indent=1))
    click.echo(_summary(plan), err=True)
    if plan.status == "infeasible":
        sys.exit(WORK_FAILED)


@main.command()
@click.argument("problem", type=SOURCE)
@_option("--plan", type=SOURCE, help="Evaluate this plan's layout instead of today's.")
@_option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def evaluate(problem: Path, plan: Path | None, as_json: bool) -> None:
    """Print what a layout of PROBLEM (a JSON file, or - for stdin) costs, term by term, tour by tour."""
    task = _loaded(problem, decode_problem)
    layout = None if plan is None else _loaded(plan, decode_assignment)
    with talking("evaluating"):
        evaluation = _done(lambda: evaluate_layout(task, layout))
    click.echo(msgspec.json.encode(evaluation).decode() if as_json else _table(evaluation))


@main.command()
@_option("--database", required=True, help="Where the plans are asked for: postgresql://user@host/name.")
@_option("--once", is_flag=True, help="Solve what is asked for now, then exit.")
def work(database: str, once: bool) -> None:
    """Solve the plans that planners ask for, until SIGINT or SIGTERM."""
    from tagdock_slotting.worker import run_worker  # noqa: PLC0415 - `solve` starts without the database's libraries

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    _done(lambda: run_worker(database, once=once))


def _loaded(source: Path, decode: Callable[[bytes], T]) -> T:
    """Read and decode a file; a wrong one ends the program with a line for each finding."""
    try:
        return decode(_read(source))
    except OSError as error:
        _give_up(BAD_USAGE, f"{source}: {error.strerror or error}")
    except ProblemError as error:
        _give_up(BAD_USAGE, "\n".join(f"{source}: {line}" for line in str(error).splitlines()))


def _read(source: Path) -> bytes:
    if str(source) == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with source.open("rb") as file:
        if (size := source.stat().st_size) > MAX_BYTES:
            raise ProblemError([too_large(size)])
        return file.read(MAX_BYTES + 1)


def _done(work: Callable[[], T]) -> T:
    try:
        return work()
    except ProblemError as error:
        _give_up(BAD_USAGE, str(error))
    except SlottingError as error:
        _give_up(WORK_FAILED, str(error))


def _give_up(status: int, message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(status)


def _write(output: Path | None, text: bytes) -> None:
    if output is None:
        click.echo(text.decode())
        return
    try:
        output.write_bytes(text + b"\n")
    except OSError as error:
        _give_up(BAD_USAGE, f"{output}: {error.strerror or error}")


def _summary(plan: Plan) -> str:
    if plan.objective_m_per_day is None:
        return "\n".join(["infeasible:", *plan.broken_rules])
    before = "" if plan.current_m_per_day is None else f" (today {plan.current_m_per_day:,.1f})"
    return (
        f"{plan.status}: {plan.objective_m_per_day:,.1f} m a day{before}, "
        f"bound {plan.lower_bound_m_per_day:,.1f}, {len(plan.moves)} moves, {plan.seconds:.1f} s"
    )


def _table(evaluation: Evaluation) -> str:
    rows = [*msgspec.structs.asdict(evaluation.terms).items(), ("objective", evaluation.objective_m_per_day)]
    lines = [f"{name:<12}{value:>16,.1f} m a day" for name, value in rows]
    lines += [f"tour {index:<7}{length:>16,.1f} m" for index, length in enumerate(evaluation.tours_m)]
    return "\n".join(lines + [f"broken: {rule}" for rule in evaluation.broken_rules])
