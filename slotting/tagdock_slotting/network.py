"""The commands for many sites: who ships which order, what moves between sites, first deliveries, delivery runs.

All have one shape: a question is read from a JSON file and checked whole, a solver answers it, the answer is written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import click
import msgspec

from tagdock_slotting.progress import talking
from tagdock_slotting.reading import decode
from tagdock_slotting.runs.checks import check_day
from tagdock_slotting.runs.records import Day, Runs
from tagdock_slotting.sites.balance import Balance, Levels, check_levels
from tagdock_slotting.sites.checks import check_demand
from tagdock_slotting.sites.records import Allocation, Demand
from tagdock_slotting.sites.split import Delivery, Split, check_delivery, split_delivery
from tagdock_slotting.stopping import Stopwatch
from tagdock_slotting.terminal import DURATION, SOURCE, TARGET, done, loaded, option, write

Asked = TypeVar("Asked")
Found = TypeVar("Found")


@dataclass(frozen=True)
class _Shape(Generic[Asked, Found]):
    """One command. `is_searched`: it takes a time limit and a seed, as what it finds is the best so far."""

    name: str
    kind: type[Asked]
    check: Callable[[Asked], None]
    solve: Callable[[Asked, float, int], Found]
    doing: Callable[[Asked], str]
    said: Callable[[Found], str]
    help: str
    is_searched: bool = True

    def command(self) -> click.Command:
        """Build the command."""
        decoder = msgspec.json.Decoder(self.kind)

        def read(payload: bytes) -> Asked:
            asked = decode(decoder, payload)
            self.check(asked)
            return asked

        def run(question: Path, output: Path | None, time_limit: float = 0.0, seed: int = 0) -> None:
            asked = loaded(question, read)
            with talking(self.doing(asked)):
                found = done(lambda: self.solve(asked, time_limit, seed))
            write(output, msgspec.json.format(msgspec.json.encode(found), indent=1))
            click.echo(self.said(found), err=True)

        for decorate in reversed(self._parameters()):
            run = decorate(run)
        return click.command(self.name, help=self.help)(run)

    def _parameters(self) -> list[Callable[[Any], Any]]:
        search = [
            option("--time-limit", type=DURATION, default="30s", help="How long to search where nothing is proven."),
            option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="Of the search."),
        ]
        return [
            click.argument("question", type=SOURCE, metavar=self.kind.__name__.upper()),
            option("-o", "--output", type=TARGET, help="Write the answer here instead of to stdout."),
            *(search if self.is_searched else []),
        ]


def _allocate(demand: Demand, time_limit_s: float, seed: int) -> Allocation:
    from tagdock_slotting.solvers.allocating import allocate as solve  # noqa: PLC0415 - `--help` starts without OR-Tools

    return solve(demand, time_limit_s, seed, Stopwatch())


def _balance(levels: Levels, _: float, __: int) -> Balance:
    from tagdock_slotting.solvers.balancing import balance as solve  # noqa: PLC0415 - `--help` starts without OR-Tools

    return solve(levels)


def _runs(day: Day, time_limit_s: float, seed: int) -> Runs:
    from tagdock_slotting.solvers.running import plan_runs  # noqa: PLC0415 - `--help` starts without PyVRP

    return plan_runs(day, time_limit_s, seed, Stopwatch())


def _runs_said(found: Runs) -> str:
    left = f", {len(found.left_out):,} stops left out" if found.left_out else ""
    return (
        f"{len(found.runs):,} runs, {found.km:,.1f} km{left}; going to the nearest next: {found.nearest_km:,.1f} km, "
        f"{found.nearest_left_out:,} left out"
    )


_ALLOCATE = _Shape[Demand, Allocation](
    name="allocate",
    kind=Demand,
    check=check_demand,
    solve=_allocate,
    doing=lambda demand: f"allocating {len(demand.orders):,} orders to {len(demand.sites):,} sites",
    said=lambda found: (
        f"{found.status}: {len(found.shipped):,} orders shipped, {len(found.waiting):,} wait; cost {found.cost:,.2f}, "
        f"at least {found.lower_bound:,.2f}; first come, nearest first: {found.first_come_cost:,.2f}"
    ),
    help="Give the orders of DEMAND (a JSON file, or - for stdin) to the sites that serve them best.",
)
_BALANCE = _Shape[Levels, Balance](
    name="balance",
    kind=Levels,
    check=check_levels,
    solve=_balance,
    doing=lambda levels: f"balancing {len(levels.levels):,} levels",
    said=lambda found: (
        f"{len(found.transfers):,} transfers gain {found.gains:,.2f}; units short: {found.short_before:,} before, "
        f"{found.short_after:,} after"
    ),
    help="Propose the transfers between sites that gain most, from LEVELS (a JSON file, or - for stdin).",
    is_searched=False,
)
_SPLIT = _Shape[Delivery, Split](
    name="split",
    kind=Delivery,
    check=check_delivery,
    solve=lambda delivery, _, __: split_delivery(delivery),
    doing=lambda delivery: f"splitting {delivery.quantity:,} units over {len(delivery.forecasts):,} sites",
    said=lambda found: (
        f"{sum(share.quantity for share in found.shares):,} units given, {found.kept:,} kept; "
        f"expected to be sold: {found.expected_sales:,.1f}, split by means: {found.by_means_sales:,.1f}"
    ),
    help="Split the first DELIVERY of a SKU (a JSON file, or - for stdin) over sites by what each is to sell.",
    is_searched=False,
)
_RUNS = _Shape[Day, Runs](
    name="runs",
    kind=Day,
    check=check_day,
    solve=_runs,
    doing=lambda day: f"planning runs to {len(day.stops):,} stops",
    said=_runs_said,
    help="Plan the delivery runs of DAY (a JSON file, or - for stdin) for vehicles of one's own.",
)

COMMANDS = tuple(shape.command() for shape in (_ALLOCATE, _BALANCE, _SPLIT, _RUNS))
