"""Rates foretold from the real sample, against what came: beside the naive, the mean and the TSB forecast.

    TAGDOCK_TEST_DATA=... .venv/bin/python benchmarks/slotting_rates.py

Nine times, four weeks apart, the coming four weeks are foretold for every SKU that had sold until then. RMSSE and MASE
are the root mean square and the mean absolute error of the sums against those of the naive forecast (the last four
weeks again): below 1 is better. The absolute error is smallest for a median, which is 0 for most SKUs: a rate is a
mean, so the squares and the bias judge it. Pinball is the loss of the interval's two ends (5 % and 95 %), beside the
quantiles of past months. Regret is the turnover that a sort by the rates leaves out of the best tenth of places.
"""

import csv
import gzip
import os
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tagdock_slotting.rates import History, estimate

HORIZON = 28
ORIGINS = (120, 148, 176, 204, 232, 260, 288, 316, 344)
TAIL = 0.05
SIZES = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Lines foretold for the horizon between which coverage is told apart."""

Amounts = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.intp]


def read(folder: Path) -> History:
    """Return the order lines of goods that were sold, by SKU and day."""
    with gzip.open(folder / "online_retail_sample.csv.gz", "rt") as file:
        rows = [
            (row["stock_code"], date.fromisoformat(row["invoiced_at"][:10]))
            for row in csv.DictReader(file)
            if not row["invoice"].startswith("C") and int(row["quantity"]) > 0 and row["stock_code"][:1].isdigit()
        ]
    first = min(day for _, day in rows)
    index = {sku: number for number, sku in enumerate(sorted({sku for sku, _ in rows}))}
    lines = np.zeros((len(index), (max(day for _, day in rows) - first).days + 1))
    np.add.at(lines, ([index[sku] for sku, _ in rows], [(day - first).days for _, day in rows]), 1.0)
    return History(first, lines)


def naive(lines: Amounts) -> Amounts:
    """The last four weeks come again."""
    return np.asarray(lines[:, -HORIZON:].sum(axis=1))


def mean(lines: Amounts) -> Amounts:
    """All that lies there counts alike."""
    return np.asarray(lines.mean(axis=1) * HORIZON)


def month(lines: Amounts) -> Amounts:
    """The mean of the last thirty days."""
    return np.asarray(lines[:, -30:].mean(axis=1) * HORIZON)


def tsb(lines: Amounts, alpha: float = 0.02, beta: float = 0.02) -> Amounts:
    """Probability and size smoothed apart, the probability in every period (doi:10.1016/j.ejor.2011.05.018)."""
    chance = (lines > 0).mean(axis=1)
    size = np.where(chance > 0, lines.sum(axis=1) / np.maximum((lines > 0).sum(axis=1), 1), 0.0)
    for day in lines.T:
        sold = day > 0
        chance += beta * (sold - chance)
        size += np.where(sold, alpha * (day - size), 0.0)
    return np.asarray(chance * size * HORIZON)


def pinball(actual: Amounts, forecast: Amounts, at: float) -> float:
    """Mean loss of a quantile."""
    miss = actual - forecast
    return float(np.maximum(at * miss, (at - 1) * miss).mean())


def regret(actual: Amounts, forecast: Amounts) -> float:
    """Return the share of turnover missed in the first tenth."""
    first = len(actual) // 10
    best = np.sort(actual)[::-1][:first].sum()
    return float(1 - actual[np.argsort(-forecast, kind="stable")[:first]].sum() / best)


def print_coverage(within: list[Flags], plain: list[Flags], sizes: list[Indices], widths: list[Amounts]) -> None:
    """Print how many of what came lay in the intervals: of all, at each origin, and by how much was foretold."""
    each = ", ".join(f"{held.mean():.1%}" for held in within)
    print(f"90 % interval holds {np.concatenate(within).mean():.1%}; origin by origin {each}")
    print(f"  5 to 95 % of past months hold {np.concatenate(plain).mean():.1%}")
    held, size, width = np.concatenate(within), np.concatenate(sizes), np.concatenate(widths)
    for number, upto in enumerate([*SIZES, np.inf]):
        there = size == number
        share, count, wide = held[there].mean(), there.sum(), width[there].mean()
        print(f"  below {upto:>4g} lines foretold: {share:.1%} of {count}, {wide:.1f} lines wide")


def main() -> None:
    """Print one table."""
    history = read(Path(os.environ["TAGDOCK_TEST_DATA"]))
    peers: dict[str, Callable[[Amounts], Amounts]] = {"naive": naive, "30 days": month, "mean": mean, "TSB": tsb}
    scores: dict[str, list[tuple[float, ...]]] = {name: [] for name in (*peers, "Tagdock")}
    within, losses, plain_losses, seconds, chosen = [], [], [], 0.0, []
    sizes, widths, plain_within = [], [], []
    for origin in ORIGINS:
        known = history.lines[:, :origin].sum(axis=1) > 0
        past = history.lines[known, :origin]
        came = history.lines[known, origin : origin + HORIZON].sum(axis=1)
        error = naive(past) - came
        started = time.process_time()
        rates = estimate(History(history.first_day, past), HORIZON)
        seconds += time.process_time() - started
        chosen.append((rates.discount, rates.drift, [round(chance, 3) for chance in rates.tails.chances]))
        forecasts = {name: peer(past) for name, peer in peers.items()} | {"Tagdock": rates.rate * HORIZON}
        for name, forecast in forecasts.items():
            off = forecast - came
            squares = float(np.sqrt((off**2).mean() / (error**2).mean()))
            bias = float(forecast.sum() / came.sum() - 1)
            scores[name].append(
                (squares, float(np.abs(off).mean() / np.abs(error).mean()), bias, regret(came, forecast))
            )
        low, high = rates.low * HORIZON, rates.high * HORIZON
        held = (came >= low - 1e-9) & (came <= high + 1e-9)
        within.append(held)
        sizes.append(np.digitize(rates.rate * HORIZON, SIZES))
        widths.append(high - low)
        losses.append(pinball(came, low, TAIL) + pinball(came, high, 1 - TAIL))
        months = past[:, origin % HORIZON :].reshape(len(past), -1, HORIZON).sum(axis=2)
        plain = [np.quantile(months, at, axis=1) for at in (TAIL, 1 - TAIL)]
        plain_within.append((came >= plain[0]) & (came <= plain[1]))
        plain_losses.append(pinball(came, plain[0], TAIL) + pinball(came, plain[1], 1 - TAIL))
    print(f"{len(history.lines)} SKUs, {history.days} days, {len(ORIGINS)} origins, {HORIZON} days ahead")
    for name, found in scores.items():
        squares, absolute, bias, lost = np.mean(found, axis=0)
        print(f"{name:<8} RMSSE {squares:.3f}   MASE {absolute:.3f}   bias {bias:+6.1%}   regret {lost:6.1%}")
    print_coverage(within, plain_within, sizes, widths)
    print(f"pinball at 5 and 95 % {np.mean(losses):.3f}, past months {np.mean(plain_losses):.3f}")
    print(
        f"{seconds / len(ORIGINS):.2f} s of CPU an estimate; discount, drift and tails chosen: {chosen}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
