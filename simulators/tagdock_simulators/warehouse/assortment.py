"""The SKUs of a generated shop: how much each sells, and which of them are bought together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagdock_simulators.chance import Chance, Floats, Ints
from tagdock_simulators.warehouse.shape import Shape

_COLOURS = ("RED", "BLUE", "GREEN", "WHITE", "IVORY", "PINK", "SILVER", "BLACK", "CREAM", "ORANGE")
_STYLES = (
    *("RETROSPOT", "VINTAGE", "ZINC", "WOODEN", "GLASS", "PAISLEY", "CERAMIC", "WICKER", "ENAMEL", "FELT"),
    *("GINGHAM", "BAROQUE", "WOODLAND", "NAUTICAL", "FLORAL", "STRIPED", "RUSTIC", "QUILTED", "POLKADOT", "LACE"),
)
_THINGS = (
    *("LANTERN", "LUNCH BAG", "CAKE STAND", "PICTURE FRAME", "MUG", "DOORMAT", "CANDLE HOLDER", "HAND WARMER"),
    *("JAM JAR", "CUSHION", "TEA TOWEL", "CLOCK", "NOTEBOOK", "TRAY", "BASKET", "BUNTING", "TEACUP", "APRON"),
    *("STORAGE TIN", "GIFT WRAP", "HEART", "BIRD HOUSE", "WATER BOTTLE", "DRAWER KNOB", "UMBRELLA", "WREATH"),
)
_CODES_FROM, _CODES = 10_000, 90_000


@dataclass(frozen=True, slots=True)
class Assortment:
    """The SKUs, theme by theme and in it family by family; all arrays have one entry a SKU."""

    codes: tuple[str, ...]
    descriptions: tuple[str, ...]
    sold_to: Floats
    """Share of all lines that this SKU and those before it have."""
    family: tuple[Floats, Floats]
    theme: tuple[Floats, Floats]
    """Where on that scale the SKU's family or theme begins, and how long it is."""

    def draw(self, places: Floats) -> Ints:
        """Return the SKU at each place (0..1) on the scale of shares."""
        found: Ints = np.minimum(np.searchsorted(self.sold_to, places, side="right"), len(self.codes) - 1)
        return found

    def draw_from(self, group: tuple[Floats, Floats], skus: Ints, places: Floats) -> Ints:
        """Return a SKU of the same family or theme for each SKU, at a place (0..1) within it."""
        start, length = group
        return self.draw(start[skus] + length[skus] * places)


def build_assortment(seed: int, shape: Shape) -> Assortment:
    """Make the SKUs of a shop; the same seed and shape give the same ones."""
    chance = Chance(seed, "assortment")
    codes = np.argsort(chance.uniform(_CODES))[: shape.skus] + _CODES_FROM  # a code says nothing about popularity
    weights, family = _families(chance, shape)
    sold_to = np.cumsum(weights / weights.sum())
    families = int(family[-1]) + 1
    theme = (np.cumsum(_starts(chance, families, shape.theme_skus / shape.family_skus)) - 1)[family]
    place = np.arange(shape.skus) - np.searchsorted(family, family)
    return Assortment(
        tuple(str(code) for code in codes.tolist()),
        tuple(_description(*each) for each in zip(family.tolist(), place.tolist(), strict=True)),
        sold_to,
        _stretches(sold_to, family),
        _stretches(sold_to, theme),
    )


def _families(chance: Chance, shape: Shape) -> tuple[Floats, Ints]:
    """Return each SKU's weight and family: SKUs of like popularity, families in any order."""
    rank = (np.arange(shape.skus) + 0.5) / shape.skus
    weights = (rank + shape.popularity_offset) ** -shape.popularity_exponent * (1.0 - rank) ** shape.popularity_fade
    like = np.argsort(-np.log(weights) + shape.family_log_sd * chance.normal(shape.skus))
    family = np.cumsum(_starts(chance, shape.skus, shape.family_skus)) - 1
    shuffled = np.argsort(chance.uniform(int(family[-1]) + 1))[family]
    order = np.argsort(shuffled, kind="stable")
    return weights[like][order], shuffled[order]


def _starts(chance: Chance, size: int, mean: float) -> NDArray[np.bool_]:
    """Say of each of some things in a row whether a new group begins with it; sizes are geometric."""
    starts: NDArray[np.bool_] = chance.uniform(size) < 1.0 / mean
    starts[0] = True
    return starts


def _stretches(sold_to: Floats, group: Ints) -> tuple[Floats, Floats]:
    """Return where each SKU's group begins on the scale of shares, and its length; groups are numbered from 0."""
    ends = np.concatenate([[0.0], sold_to])
    first = np.searchsorted(group, group, side="left")
    after = np.searchsorted(group, group, side="right")
    return ends[first], ends[after] - ends[first]


def _description(family: int, member: int) -> str:
    style, thing = divmod(family, len(_THINGS))
    return f"{_COLOURS[member % len(_COLOURS)]} {_STYLES[style % len(_STYLES)]} {_THINGS[thing]}"
