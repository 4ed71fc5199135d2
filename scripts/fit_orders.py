"""Fit the generator of orders to the real sample, say how well it fits, and draw it.

    .venv/bin/python scripts/fit_orders.py SAMPLE.csv.gz [--search] [--picture docs/pictures/orders-fit.svg]

Prints the parameters as `tagdock_simulators.warehouse.shape.GIFTS` holds them, then the distances between the sample
and a generated year that was thinned as the sample was. `--search` also searches those parameters that only
simulation can fit (popularity and affinity; some minutes).
"""

import argparse
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
from scipy import optimize, special, stats
from tagdock_simulators.warehouse.generate import order_days
from tagdock_simulators.warehouse.likeness import (
    affinity,
    ks_distance,
    lines_per_invoice,
    ranked_share,
    ranked_share_gap,
    sold,
)
from tagdock_simulators.warehouse.orders import OrderLine, read_orders
from tagdock_simulators.warehouse.shape import GIFTS, SAMPLED, Shape

FIRST_DAY, DAYS = date(2010, 12, 1), 374
SEED = 1
KNOTS = (4, 60, 120, 180, 240, 265, 290, 315, 330, 345, 357)
"""Days of the year between which the season is a straight line: closer where it rises."""
USUAL = 18
"""How many numbers of pieces are usual."""
TOP = 200
BULK_FROM = 121  # the sample has at most 88 lines seen of one invoice


def main() -> None:
    """Fit, compare, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--search", action="store_true", help="search popularity and affinity by simulation too")
    parser.add_argument("--picture", type=Path, help="draw the fit into this SVG file")
    arguments = parser.parse_args()
    lines = read_orders(arguments.file).lines
    sample = sold(lines)
    shape = counted(replace(GIFTS, **basket_sizes(sample)), sample)
    shape = replace(shape, **returns(lines, len({line.invoice for line in sample}) / seen_share(shape)))
    if arguments.search:
        shape = searched(shape, sample)
    for name in Shape.__slots__:
        print(f"{name} = {rounded(getattr(shape, name))}")
    print()
    like_the_delay(lines)
    fitted = list(year(GIFTS))
    for name, distance in distances(list(lines), fitted).items():
        print(f"{name}: {distance}")
    if arguments.picture:
        from fit_picture import draw  # noqa: PLC0415  # matplotlib is only needed to draw

        draw(arguments.picture, sample, sold(fitted), FIRST_DAY)


def year(shape: Shape, seed: int = SEED, kept: float = SAMPLED) -> list[OrderLine]:
    """Generate the days of the sample, thinned as it was."""
    return [line for day in islice(order_days(seed, FIRST_DAY, shape=shape, kept=kept), DAYS) for line in day]


def basket_sizes(sample: list[OrderLine]) -> dict[str, object]:
    """Fit the sizes of complete invoices by maximum likelihood: of n lines k are seen (binomial), where any is."""
    seen = np.bincount(lines_per_invoice(sample), minlength=BULK_FROM)[:BULK_FROM]

    def loss(theta: np.ndarray) -> float:
        share = seen_of(size_shares(*unpacked(theta)))
        return float(-(seen[1:] * np.log(share[1:] / (1.0 - share[0]))).sum())

    found = optimize.minimize(loss, [2.8, -0.1, -4.3, 5.7, -0.7], method="Nelder-Mead", options={"maxiter": 4000})
    lines, bulk_lines, bulk_share = unpacked(found.x)
    return {"lines": lines, "bulk_lines": bulk_lines, "bulk_share": bulk_share}


def unpacked(theta: np.ndarray) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Return (mean, sd) of ordinary and of bulk invoices and the share of the latter."""
    return (theta[0], np.exp(theta[1])), (theta[3], np.exp(theta[4])), float(special.expit(theta[2]))


SIZES = np.arange(1, GIFTS.lines_at_most + 1)
THINNING = stats.binom.pmf(np.arange(BULK_FROM)[:, None], SIZES[None, :], SAMPLED)


def size_shares(lines: tuple[float, float], bulk_lines: tuple[float, float], bulk_share: float) -> np.ndarray:
    """Return the share of invoices of each size."""
    parts = [np.diff(stats.norm.cdf((np.log(np.append(0.5, SIZES + 0.5)) - m) / s)) for m, s in (lines, bulk_lines)]
    return (1.0 - bulk_share) * parts[0] / parts[0].sum() + bulk_share * parts[1] / parts[1].sum()


def seen_of(shares: np.ndarray) -> np.ndarray:
    """Return the share of invoices of which 0, 1, 2, ... lines are seen."""
    return THINNING @ shares


def seen_share(shape: Shape) -> float:
    """Return the share of invoices of which at least one line is seen."""
    return float(1.0 - seen_of(size_shares(shape.lines, shape.bulk_lines, shape.bulk_share))[0])


def counted(shape: Shape, sample: list[OrderLine]) -> Shape:
    """Count what thinning leaves as it is: when invoices are written, and how many pieces lines have."""
    first = {line.invoice: line.at for line in reversed(sample)}
    per_day = Counter(at.date() for at in first.values())
    hours = Counter(at.hour for at in first.values())
    opens_h = min(hours)
    days = sorted(per_day)
    counts = np.array([per_day[day] for day in days], dtype=float)
    # weekday and season take turns until they agree
    weekday, level = np.ones(7), np.ones(len(days))
    of_week = np.array([day.weekday() for day in days])
    for _ in range(20):
        weekday = np.array([(counts / level)[of_week == d].mean() if (of_week == d).any() else 0.0 for d in range(7)])
        weekday /= weekday[weekday > 0].mean()
        season, level = seasons(days, counts / weekday[of_week])
    mean = (counts / (level * weekday[of_week])).mean()
    expected = mean * level * weekday[of_week]
    excess = max(0.0, float((((counts - expected) ** 2 - expected) / expected**2).mean()))
    pieces = np.array([line.quantity for line in sample])
    usual = Counter(pieces.tolist()).most_common(USUAL)
    rest = np.log(pieces[~np.isin(pieces, [number for number, _ in usual])])
    return replace(
        shape,
        invoices_a_day=mean / seen_share(shape),
        day_log_sd=float(np.sqrt(np.log1p(excess))),
        weekdays=tuple(weekday),
        opens_h=opens_h,
        hours=tuple(hours[hour] / len(first) for hour in range(opens_h, max(hours) + 1)),
        season=season,
        quantities=tuple((number, count / len(pieces)) for number, count in usual),
        other_quantity=(float(rest.mean()), float(rest.std())),
    )


def seasons(days: list[date], counts: np.ndarray) -> tuple[tuple[tuple[int, float], ...], np.ndarray]:
    """Fit straight lines between the knots by least squares; returns them with mean 1, and each day's level."""
    place = np.array([day.timetuple().tm_yday for day in days], dtype=float)
    hats = np.array([np.interp(place, KNOTS, row) for row in np.eye(len(KNOTS))]).T
    height = np.linalg.lstsq(hats, counts, rcond=None)[0]
    height /= np.interp(np.arange(4, 358), KNOTS, height).mean()
    return tuple(zip(KNOTS, height.tolist(), strict=True)), hats @ height


def returns(lines: tuple[OrderLine, ...], invoices: float) -> dict[str, float]:
    """Fit the lines of a credit note (geometric) through thinning, and from it how many there are."""
    back = [line for line in lines if line.is_return]
    seen = np.bincount(lines_per_invoice(back), minlength=BULK_FROM)[:BULK_FROM]

    def share(p: float) -> np.ndarray:
        return THINNING @ (p * (1.0 - p) ** (SIZES - 1))

    def loss(p: float) -> float:
        return float(-(seen[1:] * np.log(share(p)[1:] / (1.0 - share(p)[0]))).sum())

    p = float(optimize.minimize_scalar(loss, bounds=(0.02, 0.95), method="bounded").x)
    return {"returned_lines": 1.0 / p, "returned_invoices": seen.sum() / (1.0 - share(p)[0]) / invoices}


def searched(shape: Shape, sample: list[OrderLine]) -> Shape:
    """Search popularity and affinity: generate, thin, compare; the same chance each time."""
    names = ("skus", "popularity_offset", "popularity_exponent", "popularity_fade", "follow", "theme_skus", "on_theme")
    start = np.array([getattr(GIFTS, name) for name in names])
    share, lifts = ranked_share(sample), affinity(sample, TOP)

    def of(theta: np.ndarray) -> Shape:
        values = np.abs(start * np.exp(theta))
        return replace(shape, **dict(zip(names, [int(values[0]), *values[1:].tolist()], strict=True)))

    def loss(theta: np.ndarray) -> float:
        tried = of(theta)
        if tried.follow > 0.9 or tried.on_theme > 0.95:
            return 9.0
        made = sold(year(tried, seed=2))
        found = affinity(made, TOP)
        lift = ks_distance([each.lift for each in found.top], [each.lift for each in lifts.top])
        return (
            10.0 * ranked_share_gap(share, ranked_share(made))
            + lift
            + abs(np.log(found.mean_square_lift / lifts.mean_square_lift))
        )

    corners = np.vstack([np.zeros(len(names)), np.diag(np.full(len(names), 0.15))])
    found = optimize.minimize(
        loss, corners[0], method="Nelder-Mead", options={"maxfev": 150, "initial_simplex": corners}
    )
    return of(found.x)


def distances(lines: list[OrderLine], made: list[OrderLine]) -> dict[str, str]:
    """Say how far a generated year is from the sample."""
    a, b = sold(lines), sold(made)
    first = [{line.invoice: line.at for line in reversed(each)} for each in (a, b)]
    weeks = [Counter((at.date() - FIRST_DAY).days // 7 for at in each.values()) for each in first]
    lift = [affinity(each, TOP) for each in (a, b)]

    def ks(what: str) -> str:
        measures = {
            "lines": lambda each: lines_per_invoice(sold(each)),
            "hour": lambda each: [line.at.hour for line in {line.invoice: line for line in sold(each)}.values()],
            "weekday": lambda each: [
                line.at.weekday() for line in {line.invoice: line for line in sold(each)}.values()
            ],
            "pieces": lambda each: [line.quantity for line in sold(each)],
            "returned pieces": lambda each: [line.quantity for line in each if line.is_return],
            "returned lines": lambda each: lines_per_invoice([line for line in each if line.is_return]),
        }
        return f"{ks_distance(measures[what](lines), measures[what](made)):.4f}"

    gaps = [weeks[1][week] / weeks[0][week] - 1.0 for week in weeks[0] if weeks[0][week] > 100]
    return {
        "lines seen": f"{len(a):,} of the sample, {len(b):,} generated",
        "invoices seen": f"{len(first[0]):,}, {len(first[1]):,}",
        "SKUs seen": f"{len(ranked_share(a)):,}, {len(ranked_share(b)):,}",
        "share of ranked SKUs, largest gap": f"{ranked_share_gap(ranked_share(a), ranked_share(b)):.4f}",
        "lines per invoice, KS": ks("lines"),
        "hour, KS": ks("hour"),
        "weekday, KS": ks("weekday"),
        "invoices a week, root mean square of the relative gap": f"{np.sqrt(np.mean(np.square(gaps))):.3f}",
        "pieces a line, KS": ks("pieces"),
        "returned lines, share": f"{share_back(lines):.4f}, {share_back(made):.4f}",
        "pieces of a returned line, KS": ks("returned pieces"),
        "lines of a credit note, KS": ks("returned lines"),
        f"lift of the top {TOP} pairs, quartiles": " ".join(
            str(np.percentile([each.lift for each in found.top], [25, 50, 75]).round(1)) for found in lift
        ),
        f"lift of the top {TOP} pairs, KS": f"{ks_distance(*([e.lift for e in found.top] for found in lift)):.3f}",
        "mean square lift": ", ".join(f"{found.mean_square_lift:.2f}" for found in lift),
    }


def share_back(lines: list[OrderLine]) -> float:
    """Return the share of lines that came back."""
    return sum(line.is_return for line in lines) / len(lines)


def like_the_delay(lines: tuple[OrderLine, ...]) -> None:
    """Show how little the sample says of delays: sales of a returned SKU in as many pieces, before and after."""
    days: Counter[int] = Counter()
    sales: dict[tuple[str, int], list[OrderLine]] = {}
    for line in sold(lines):
        sales.setdefault((line.sku, line.quantity), []).append(line)
    for back in lines:
        if back.is_return:
            for sale in sales.get((back.sku, back.quantity), []):
                days[(back.at - sale.at) // timedelta(weeks=4)] += 1
    print("sales that a return could belong to, by four weeks before (after) it, which cannot be:")
    print(", ".join(f"{days[place]} ({days[-1 - place]})" for place in range(6)), "\n")


def rounded(value: object) -> object:
    """Round for reading; four digits are more than the sample carries."""
    if isinstance(value, tuple):
        return tuple(rounded(each) for each in value)
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
