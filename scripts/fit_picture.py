"""Draw how the generated orders fit the real sample: six small charts, one line each for what is and what is made."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tagdock_simulators.warehouse.likeness import affinity, lines_per_invoice, ranked_share
from tagdock_simulators.warehouse.orders import OrderLine

SAMPLE, MADE = "#1f5a8a", "#d9772b"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
TOP = 200
mpl.rcParams.update(
    {
        "svg.hashsalt": "tagdock",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
    }
)


def draw(file: Path, sample: list[OrderLine], made: list[OrderLine], first_day: date) -> None:
    """Write the picture; the same lines give the same bytes."""
    figure = Figure(figsize=(10.0, 6.4), layout="constrained")
    both = (sample, made)
    axes = figure.subplots(2, 3)
    popularity(axes[0, 0], both)
    sizes(axes[0, 1], both)
    pair_lift(axes[0, 2], both)
    hours(axes[1, 0], both)
    weekdays(axes[1, 1], both)
    weeks(axes[1, 2], both, first_day)
    handles = [axes[1, 2].plot([], [], color=colour, lw=2, marker="o", ms=3)[0] for colour in (SAMPLE, MADE)]
    names = [f"real sample ({len(sample):,} sold lines)", f"generated and thinned alike ({len(made):,})"]
    figure.legend(handles, names, loc="outside upper center", ncols=2, frameon=False)
    figure.savefig(file, metadata={"Date": None, "Creator": None})


def popularity(axes: Axes, both: Sequence[list[OrderLine]]) -> None:
    """Share of lines that the most frequent SKUs have."""
    for lines, colour in zip(both, (SAMPLE, MADE), strict=True):
        share = ranked_share(lines)
        ranks = np.unique(np.geomspace(1, len(share), 60).astype(int))
        line(axes, ranks, share[ranks - 1], colour)
    axes.set(title="Popularity", xscale="log", xlabel="the most frequent SKUs", ylabel="share of lines", ylim=(0, 1.02))


def sizes(axes: Axes, both: Sequence[list[OrderLine]]) -> None:
    """Share of invoices of which at least so many lines are seen."""
    for lines, colour in zip(both, (SAMPLE, MADE), strict=True):
        counts = lines_per_invoice(lines)
        points = np.unique(np.geomspace(1, counts.max(), 40).astype(int))
        line(axes, points, [(counts >= point).mean() for point in points], colour)
    axes.set(title="Baskets", xscale="log", yscale="log", xlabel="lines seen, at least", ylabel="share of invoices")


def pair_lift(axes: Axes, both: Sequence[list[OrderLine]]) -> None:
    """Lift of the most frequent pairs, sorted."""
    for lines, colour in zip(both, (SAMPLE, MADE), strict=True):
        lifts = np.sort([pair.lift for pair in affinity(lines, TOP).top])
        line(axes, lifts, np.arange(1, len(lifts) + 1) / len(lifts), colour)
    axes.set(title="Bought together", xscale="log", xlabel="lift, at most", ylabel=f"share of the top {TOP} pairs")
    axes.set(xlim=(1, 400), ylim=(0, 1.02))


def hours(axes: Axes, both: Sequence[list[OrderLine]]) -> None:
    """Share of invoices by hour of the day."""
    shown = range(7, 21)
    for lines, colour in zip(both, (SAMPLE, MADE), strict=True):
        first = first_lines(lines)
        count = Counter(each.at.hour for each in first)
        line(axes, shown, [count[hour] / len(first) for hour in shown], colour, dots=True)
    axes.set(title="Hour", xlabel="hour of the day", ylabel="share of invoices", ylim=(0, None))
    axes.set_xticks(range(8, 21, 4))


def weekdays(axes: Axes, both: Sequence[list[OrderLine]]) -> None:
    """Share of invoices by weekday."""
    for lines, colour in zip(both, (SAMPLE, MADE), strict=True):
        first = first_lines(lines)
        count = Counter(each.at.weekday() for each in first)
        line(axes, range(7), [count[day] / len(first) for day in range(7)], colour, dots=True)
    axes.set(title="Weekday", ylabel="share of invoices", ylim=(0, None))
    axes.set_xticks(range(7), WEEKDAYS)


def weeks(axes: Axes, both: Sequence[list[OrderLine]], first_day: date) -> None:
    """Invoices of each week."""
    for lines, colour in zip(both, (SAMPLE, MADE), strict=True):
        count = Counter((each.at.date() - first_day).days // 7 for each in first_lines(lines))
        line(axes, range(53), [count[week] for week in range(53)], colour)
    axes.set(title="Season", ylabel="invoices a week", ylim=(0, None))
    axes.set_xticks((0, 13, 26, 39, 52), ("Dec", "Mar", "Jun", "Sep", "Dec"))


def first_lines(lines: list[OrderLine]) -> list[OrderLine]:
    """Return the first line of each invoice."""
    return list({each.invoice: each for each in reversed(lines)}.values())


def line(
    axes: Axes, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray, colour: str, *, dots: bool = False
) -> None:
    """Draw one line: the sample's is wide, so that the other can lie on it and both are seen."""
    wide = colour == SAMPLE
    axes.plot(
        x, y, color=colour, lw=3.5 if wide else 1.5, alpha=0.55 if wide else 1.0, marker="o" if dots else None, ms=3.5
    )
