"""Units foretold from the real sample, against what came: beside the naive forecast and plain means.

    TAGDOCK_TEST_DATA=... .venv/bin/python benchmarks/cloud_forecast.py

Six times, four weeks apart, the coming four weeks are foretold for every SKU that had sold until then. A SKU's error
is the root mean square of the six sums' errors. Beside the naive forecast (the last four weeks again) stand that of all
SKUs together and the geometric mean of the SKUs' own ratios: below 1 is better. `bias` is what is foretold too much of
the whole. The interval is to hold nine of ten.
"""

import csv
import gzip
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from tagdock_cloud.stockpolicy.forecast import HORIZON_WEEKS, Outlook, outlooks

ORIGINS = (28, 32, 36, 40, 44, 48)
"""Whole weeks that are known when the next four are foretold."""
Weeks = dict[str, tuple[float, ...]]


def read(folder: Path) -> Weeks:
    """Return the units of goods that were sold, by SKU and week; the last, broken week is left out."""
    sold: defaultdict[str, defaultdict[int, float]] = defaultdict(lambda: defaultdict(float))
    first = date(2010, 11, 29)  # the Monday of the sample's first week
    with gzip.open(folder / "online_retail_sample.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if not row["invoice"].startswith("C") and int(row["quantity"]) > 0 and row["stock_code"][:1].isdigit():
                week = (date.fromisoformat(row["invoiced_at"][:10]) - first).days // 7
                sold[row["stock_code"]][week] += int(row["quantity"])
    length = max(max(weeks) for weeks in sold.values())
    return {sku: tuple(weeks.get(week, 0.0) for week in range(length)) for sku, weeks in sold.items()}


def known(weeks: Weeks, origin: int) -> Weeks:
    """Return what was known before a week: each SKU from its first demand on."""
    begun = {sku: next((at for at, units in enumerate(own) if units), origin) for sku, own in weeks.items()}
    return {sku: own[begun[sku] : origin] for sku, own in weeks.items() if begun[sku] <= origin - HORIZON_WEEKS}


def main() -> None:
    """Print one table."""
    weeks = read(Path(os.environ["TAGDOCK_TEST_DATA"]))
    errors: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    totals: defaultdict[str, float] = defaultdict(float)
    held: list[bool] = []
    seconds: list[float] = []
    for origin in ORIGINS:
        past = known(weeks, origin)
        began_s = time.process_time()
        found = outlooks(past)
        seconds.append(time.process_time() - began_s)
        came = {sku: sum(weeks[sku][origin : origin + HORIZON_WEEKS]) for sku in found}
        compare(past, found, came, errors, totals)
        held += [found[sku].span.low <= units <= found[sku].span.high for sku, units in came.items()]
    print(f"{len(held)} forecasts, {len(ORIGINS)} origins; {sorted(seconds)[len(seconds) // 2]:.2f} s of CPU each")
    for name, squares in errors.items():
        ratios = [(own / errors["naive"][sku]) ** 0.5 for sku, own in squares.items() if errors["naive"][sku] and own]
        mean = statistics.geometric_mean(ratios)
        better = sum(ratio < 1 for ratio in ratios) / len(ratios)
        whole = (sum(squares.values()) / sum(errors["naive"].values())) ** 0.5
        bias = totals[name] / totals["came"] - 1
        print(f"{name:8} RMSE {whole:.3f} of naive; SKU by SKU {mean:.3f}, less for {better:.0%}; bias {bias:+.1%}")
    print(f"interval holds {sum(held) / len(held):.1%} (to hold 90 %)")


def compare(
    past: Weeks,
    found: dict[str, Outlook],
    came: dict[str, float],
    errors: dict[str, defaultdict[str, float]],
    totals: dict[str, float],
) -> None:
    """Add the squared errors of one origin."""

    def mean_of(own: Sequence[float]) -> float:
        return HORIZON_WEEKS * sum(own) / len(own)

    methods: dict[str, Callable[[str], float]] = {
        "naive": lambda sku: sum(past[sku][-HORIZON_WEEKS:]),
        "mean": lambda sku: mean_of(past[sku]),
        "13 weeks": lambda sku: mean_of(past[sku][-13:]),
        "tagdock": lambda sku: found[sku].span.mean,
    }
    for name, told in methods.items():
        for sku, units in came.items():
            errors[name][sku] += (told(sku) - units) ** 2
        totals[name] += sum(map(told, came))
    totals["came"] += sum(came.values())


if __name__ == "__main__":
    main()
