"""The shape of a shop's orders: the parameters of the generator, and how each was found.

`GIFTS` describes the complete order book behind the real sample (UCI "Online Retail", D. Chen 2015,
doi:10.24432/C5BW33: a UK gift wholesaler, 2010-12 to 2011-12). The sample holds `SAMPLED` of its lines, each drawn
alone: its invoices are incomplete and most small ones are missing. What thinning changes was fitted through it: the
model's lines are thinned alike before the two are compared. `scripts/fit_orders.py` does both again.
"""

from dataclasses import dataclass
from datetime import date

SAMPLED = 40_000 / 541_909
"""The share of lines in the sample: their number over the published number of the whole."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A year of orders. Shares lie in 0..1; a log-normal is given by the mean and deviation of its logarithm."""

    skus: int
    popularity_offset: float
    popularity_exponent: float
    popularity_fade: float
    """A SKU at share x of the ranks weighs (x + offset) ** -exponent * (1 - x) ** fade: Zipf-Mandelbrot, fading out.

    These four were searched: generated, thinned, compared by the share of the ranked SKUs.
    """

    family_skus: float
    """Mean number of SKUs in a family (one design in several colours, one theme); geometric. Chosen."""
    family_log_sd: float
    """How unlike the popularity of a family's SKUs is: 0 groups SKUs of neighbouring ranks, large values any. Chosen:
    in families of any popularity, frequent pairs have no lift, and in the sample they have."""
    follow: float
    """The share of lines that stay in the family of the line before."""
    theme_skus: float
    """Mean number of SKUs in a theme, which is made of families; geometric."""
    on_theme: float
    """The share of the other lines that are drawn from the theme of the invoice, not from all SKUs.

    `follow` and these two were searched: generated, thinned, compared by the lift of the top pairs and its mean
    square; then set on a coarse grid over three seeds.
    """

    invoices_a_day: float
    """On a day that is open, of average weekday, at season 1: those seen, over the share that thinning leaves."""
    day_log_sd: float
    """What days differ beyond weekday, season and chance; log-normal. From the variance beyond Poisson's."""
    weekdays: tuple[float, ...]
    """Monday first; the mean of the open ones is 1. Counted, in turns with the season."""
    opens_h: int
    hours: tuple[float, ...]
    """The share of invoices in each hour from `opens_h` on. Counted."""
    season: tuple[tuple[int, float], ...]
    """(day of the year from 1, level), straight lines between. Least squares over the days' invoices."""
    closed: tuple[tuple[int, int], ...]
    """(month, day) on which nothing is written: the sample has none on these. Bank holidays are left out."""

    lines: tuple[float, float]
    """Lines of an invoice: log-normal."""
    bulk_lines: tuple[float, float]
    bulk_share: float
    """Some invoices gather a day of another channel. Both by maximum likelihood, through binomial thinning."""
    lines_at_most: int

    quantities: tuple[tuple[int, float], ...]
    """Usual numbers of pieces a line and the share of lines that have them. Counted."""
    other_quantity: tuple[float, float]
    """The other lines: log-normal, from the mean and deviation of their logarithms."""
    quantity_at_most: int

    returned_invoices: float
    """The share of invoices of which something comes back: credit notes over invoices, both through thinning."""
    returned_lines: float
    """Mean lines of a credit note; geometric, by maximum likelihood through thinning."""
    return_delay: tuple[float, float]
    """Days until goods come back: log-normal. ASSUMED (half within two weeks): the sample has no customers, and of the
    sale that a return belongs to it holds one in 13."""

    def level(self, day: date) -> float:
        """Return how busy a day is beside an average one: 0 where the shop is closed."""
        if (day.month, day.day) in self.closed:
            return 0.0
        return self.weekdays[day.weekday()] * _between(self.season, day.timetuple().tm_yday)


def _between(points: tuple[tuple[int, float], ...], place: int) -> float:
    """Interpolate along straight lines; flat outside."""
    before = points[0]
    for point in points:
        if place < point[0]:
            share = (place - before[0]) / max(1, point[0] - before[0])
            return before[1] + (point[1] - before[1]) * share
        before = point
    return before[1]


GIFTS = Shape(
    skus=4_005,
    popularity_offset=0.00223,
    popularity_exponent=0.491,
    popularity_fade=1.88,
    family_skus=5.0,
    family_log_sd=0.5,
    follow=0.304,
    theme_skus=70.0,
    on_theme=0.58,
    invoices_a_day=59.15,
    day_log_sd=0.144,
    weekdays=(1.045, 1.063, 1.028, 1.203, 0.917, 0.0, 0.744),
    opens_h=7,
    hours=(
        *(0.0013, 0.0249, 0.0678, 0.1155, 0.1218, 0.1665, 0.1432, 0.1254, 0.1185, 0.0656, 0.0319, 0.0092),
        *(0.0071, 0.0013),
    ),
    season=(
        *((4, 0.727), (60, 0.720), (120, 1.046), (180, 0.829), (240, 0.829), (265, 1.288), (290, 1.183)),
        *((315, 1.757), (330, 1.747), (345, 1.330), (357, 0.417)),
    ),
    closed=(*((12, day) for day in range(24, 32)), (1, 1), (1, 2), (1, 3)),
    lines=(2.785, 0.924),
    bulk_lines=(5.693, 0.491),
    bulk_share=0.0132,
    lines_at_most=1_500,
    quantities=(
        *((1, 0.2778), (2, 0.1515), (12, 0.1168), (6, 0.0764), (4, 0.0742), (3, 0.0706), (24, 0.0458)),
        *((10, 0.0423), (8, 0.0249), (5, 0.0220), (48, 0.0113), (25, 0.0095), (20, 0.0091), (16, 0.0079)),
        *((36, 0.0069), (7, 0.0063), (9, 0.0040), (96, 0.0038)),
    ),
    other_quantity=(3.884, 0.989),
    quantity_at_most=2_700,
    returned_invoices=0.1705,
    returned_lines=3.2,
    return_delay=(2.64, 0.8),
)
