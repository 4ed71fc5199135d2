"""The command `tagdock-slotting`."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from tagdock_slotting.compiling import Compiler
from tagdock_slotting.evaluate import evaluate as evaluate_layout
from tagdock_slotting.network import COMMANDS
from tagdock_slotting.pictures import WHATS, What
from tagdock_slotting.pictures import draw as draw_picture
from tagdock_slotting.plan import Evaluation, Plan
from tagdock_slotting.problem import Policy
from tagdock_slotting.progress import talking
from tagdock_slotting.reading import (
    decode_assignment,
    decode_bins,
    decode_orders,
    decode_plan,
    decode_problem,
    decode_rates,
)
from tagdock_slotting.solve import solve as solve_problem
from tagdock_slotting.stopping import Stopwatch, stopped_by_interrupt
from tagdock_slotting.terminal import (
    BAD_USAGE,
    DURATION,
    FACTORS,
    SOURCE,
    TARGET,
    WORK_FAILED,
    done,
    give_up,
    loaded,
    option,
    write,
)
from tagdock_slotting.whatif import Scenario, changed
from tagdock_slotting.whatif import compare as compare_layouts
from tagdock_slotting.whatif.table import table


@click.group(context_settings={"show_default": True})
@click.version_option(package_name="tagdock-slotting")
def main() -> None:
    """Find the layout that measured flow asks for, and the moves worth making; and what many sites need solved."""


for command in COMMANDS:
    main.add_command(command)


@main.command()
@click.argument("problem", type=SOURCE)
@option("-o", "--output", type=TARGET, help="Write the plan here instead of to stdout.")
@option("--time-limit", type=DURATION, default="60s", help="How long to search where nothing is proven.")
@option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, help="Same seed, same plan.")
@option("--progress", "tells", is_flag=True, help="Say the best so far on stderr, a JSON object a line.")
def solve(problem: Path, output: Path | None, time_limit: float, seed: int, tells: bool) -> None:
    """Solve PROBLEM (a JSON file, or - for stdin) and print the plan.

    Interrupted (SIGINT) it ends its search and prints the best plan so far; interrupted twice, nothing. Exit status: 0
    a legal plan, 1 infeasible or none found, 2 the problem is wrong.
    """
    task = loaded(problem, decode_problem)
    what = f"solving {len(task.items):,} items in {len(task.bins):,} bins, search limit {time_limit:g} s"
    with talking(what, Compiler.word), stopped_by_interrupt() as watch:
        plan = done(lambda: solve_problem(task, time_limit, seed, watch, _teller(watch) if tells else None))
    plan = msgspec.structs.replace(plan, seconds=round(watch.spent_s(), 3))
    write(output, msgspec.json.format(msgspec.json.encode(plan), indent=1))
    click.echo(_summary(plan), err=True)
    if plan.status == "infeasible":
        sys.exit(WORK_FAILED)


def _teller(watch: Stopwatch) -> Callable[[float, float], None]:
    """Return what says the best so far and its bound, whenever it is better."""
    best = float("inf")

    def tell(objective_m: float, bound_m: float) -> None:
        nonlocal best
        if objective_m < best:
            best = objective_m
            seconds = round(watch.spent_s(), 3)
            told = {"objective_m_per_day": objective_m, "lower_bound_m_per_day": bound_m, "seconds": seconds}
            click.echo(msgspec.json.encode(told), err=True)

    return tell


@main.command()
@click.argument("problem", type=SOURCE)
@option("--plan", type=SOURCE, help="Evaluate this plan's layout instead of today's.")
@option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def evaluate(problem: Path, plan: Path | None, as_json: bool) -> None:
    """Print what a layout of PROBLEM (a JSON file, or - for stdin) costs, term by term, tour by tour."""
    task = loaded(problem, decode_problem)
    layout = None if plan is None else loaded(plan, decode_assignment)
    with talking("evaluating"):
        evaluation = done(lambda: evaluate_layout(task, layout))
    click.echo(msgspec.json.encode(evaluation).decode() if as_json else _table(evaluation))


@main.command()
@click.argument("problem", type=SOURCE)
@option("--plan", "plans", type=SOURCE, multiple=True, help="Compare this plan's layout with today's; several times.")
@option("--rates", type=SOURCE, help="Other order lines a day by SKU, as a JSON object.")
@option("--scale", type=FACTORS, multiple=True, help="Multiply rates, as in 85123A=2.0,22423=0.5.")
@option("--close-aisle", type=click.IntRange(0), multiple=True, help="Nothing may lie in this aisle; several times.")
@option("--add-rack", type=SOURCE, help="Bins that there would be, as a JSON list of a problem's `bins`.")
@option("--policy", type=click.Choice(get_args(Policy)), help="How pickers walk, instead of the problem's policy.")
@option("--weights", type=FACTORS, help="Other weights, as in travel=1,ergonomics=0.5.")
@option("--orders", type=SOURCE, help="Held-out orders, as a JSON list of lists of SKUs.")
@option("--solve", "solves", is_flag=True, help="Work out the best layout of the changed problem too.")
@option("--time-limit", type=DURATION, default="60s", help="How long to search with --solve.")
@option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, help="Of the drawn orders and of --solve.")
@option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def compare(**asked: Any) -> None:
    """Compare layouts of PROBLEM: today's, those of plans, and with --solve the best one; as it is or changed."""
    task = loaded(asked["problem"], decode_problem)
    orders = () if asked["orders"] is None else loaded(asked["orders"], decode_orders)
    layouts = {"today": task.current} if task.current else {}
    layouts |= {path.stem: loaded(path, decode_assignment) for path in asked["plans"]}
    with talking("comparing"):
        task = done(lambda: changed(task, _scenario(asked)))
        if asked["solves"]:
            layouts["solved"] = done(lambda: solve_problem(task, asked["time_limit"], asked["seed"])).assignment
        if not layouts or not layouts.get("solved", True):
            give_up(BAD_USAGE, "nothing to compare: no layout of today, no --plan, and none that --solve could find")
        found = done(lambda: compare_layouts(task, layouts, orders, asked["seed"]))
    click.echo(msgspec.json.encode(found).decode() if asked["as_json"] else table(found))


def _scenario(asked: dict[str, Any]) -> Scenario:
    return Scenario(
        rates={} if asked["rates"] is None else loaded(asked["rates"], decode_rates),
        scale={sku: factor for part in asked["scale"] for sku, factor in part.items()},
        close_aisles=asked["close_aisle"],
        add_bins=() if asked["add_rack"] is None else loaded(asked["add_rack"], decode_bins),
        policy=asked["policy"],
        weights=asked["weights"] or {},
    )


@main.command()
@click.argument("problem", type=SOURCE)
@option("--plan", type=SOURCE, help="The plan that is drawn; `flow` without one shows today.")
@option("--what", type=click.Choice(WHATS), required=True, help="Which picture.")
@option("-o", "--output", type=TARGET, help="Write the SVG here instead of to stdout.")
def draw(problem: Path, plan: Path | None, what: What, output: Path | None) -> None:
    """Draw a picture of PROBLEM and its plan as SVG."""
    task = loaded(problem, decode_problem)
    given = None if plan is None else loaded(plan, decode_plan)
    with talking("drawing"):
        picture = done(lambda: draw_picture(task, given, what))
    write(output, picture.encode())


@main.command()
@option("--database", required=True, help="Where the plans are asked for: postgresql://user@host/name.")
@option("--once", is_flag=True, help="Solve what is asked for now, then exit.")
def work(database: str, once: bool) -> None:
    """Solve the plans that planners ask for, until SIGINT or SIGTERM."""
    from tagdock_slotting.worker import run_worker  # noqa: PLC0415 - `solve` starts without the database's libraries

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    done(lambda: run_worker(database, once=once))


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
