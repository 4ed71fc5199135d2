"""Orders without a file: a seeded stream of the shape of the real sample.

The figures were taken from 40,000 order lines of a UK gift retailer, 2010-12 to 2011-12 (UCI "Online Retail",
Chen 2015); the cumulative share of the ranked SKUs deviates by at most 3 percentage points from the sample's.
"""

from datetime import datetime, timedelta

import numpy as np

from tagdock_simulators.chance import Chance
from tagdock_simulators.warehouse.orders import OrderBook, OrderLine

_SKUS = 1_500
_FIRST_DAY = datetime(2026, 1, 5)  # noqa: DTZ001  # a shop's export has local times without a zone
_INVOICES_A_DAY = 43  # 13,199 invoices on 305 days
_SATURDAY = 5  # the sample has no invoice on any Saturday
_OPENING_H, _HOURS = 8, 10
_POPULARITY_OFFSET, _POPULARITY_EXPONENT = 0.254, 2.35  # Zipf-Mandelbrot over rank / number of SKUs
_BASKET_LOG_MEAN, _BASKET_LOG_SD = 0.326, 1.144  # lines an invoice: 39 % have one, 90 % have 6 at most
_QUANTITY_LOG_MEAN, _QUANTITY_LOG_SD = 1.381, 1.208
_SHARE_OF_RETURNS = 0.0195
_BASKET_AT_MOST, _QUANTITY_AT_MOST = 88, 2_700  # the sample's largest, one outlier of 9,058 pieces aside

_COLOURS = ("RED", "BLUE", "GREEN", "WHITE", "IVORY", "PINK", "SILVER", "BLACK", "CREAM", "ORANGE")
_STYLES = ("RETROSPOT", "VINTAGE", "ZINC", "WOODEN", "GLASS", "PAISLEY", "CERAMIC", "WICKER", "ENAMEL", "FELT")
_THINGS = (
    *("LANTERN", "LUNCH BAG", "CAKE STAND", "PICTURE FRAME", "MUG", "DOORMAT", "CANDLE HOLDER", "HAND WARMER"),
    *("JAM JAR", "CUSHION", "TEA TOWEL", "CLOCK", "NOTEBOOK", "TRAY", "BASKET", "BUNTING"),
)


def generate_orders(seed: int, lines: int = 40_000) -> OrderBook:
    """Generate at least `lines` order lines, invoice by invoice; the same seed gives the same orders."""
    chance = Chance(seed, "orders")
    skus, cumulative = _skus(chance)
    made: list[OrderLine] = []
    day, invoice = _FIRST_DAY, 700_000
    while len(made) < lines:
        minutes = np.sort((chance.uniform(_INVOICES_A_DAY) * _HOURS * 60).astype(int))
        for minute in minutes.tolist():
            invoice += 1
            at = day + timedelta(hours=_OPENING_H, minutes=minute)
            made.extend(_invoice(chance, at, invoice, skus, cumulative))
        day += timedelta(days=2 if (day.weekday() + 1) % 7 == _SATURDAY else 1)
    return OrderBook(tuple(made), {})


def _invoice(
    chance: Chance, at: datetime, number: int, skus: list[tuple[str, str]], cumulative: np.ndarray
) -> list[OrderLine]:
    """Make one invoice: lines of different SKUs, or one returned line."""
    is_return = float(chance.uniform(1)[0]) < _SHARE_OF_RETURNS * 3  # a return has one line, a sale three on average
    size = 1 if is_return else min(_BASKET_AT_MOST, int(np.ceil(_log_normal(chance, _BASKET_LOG_MEAN, _BASKET_LOG_SD))))
    ranks = dict.fromkeys(np.searchsorted(cumulative, chance.uniform(size), side="right").tolist())
    name = f"C{number}" if is_return else str(number)
    return [OrderLine(at, name, skus[rank][0], skus[rank][1], _quantity(chance), is_return) for rank in ranks]


def _skus(chance: Chance) -> tuple[list[tuple[str, str]], np.ndarray]:
    """Make the SKUs (code, description), most popular first, and their cumulative share of all lines."""
    codes = np.argsort(chance.uniform(90_000))[:_SKUS] + 10_000  # the code says nothing about the popularity
    ranks = np.arange(1, _SKUS + 1)
    weights = (ranks / _SKUS + _POPULARITY_OFFSET) ** -_POPULARITY_EXPONENT
    return [(str(code), _description(code)) for code in codes.tolist()], np.cumsum(weights / weights.sum())[:-1]


def _description(code: int) -> str:
    rest, colour = divmod(code, len(_COLOURS))
    rest, style = divmod(rest, len(_STYLES))
    return f"{_COLOURS[colour]} {_STYLES[style]} {_THINGS[rest % len(_THINGS)]}"


def _quantity(chance: Chance) -> int:
    return min(_QUANTITY_AT_MOST, max(1, round(_log_normal(chance, _QUANTITY_LOG_MEAN, _QUANTITY_LOG_SD))))


def _log_normal(chance: Chance, mean: float, deviation: float) -> float:
    return float(np.exp(mean + deviation * chance.normal(1)[0]))
