"""How a simulated house works: how long work takes, how many hands there are, and what goes wrong how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MISTAKES: Mapping[str, str] = {
    "wrong-pallet": "of pallets loaded: it goes onto another door's truck, and that one's onto this",
    "short-shipment": "of order lines picked: one item stays in its bin, and is booked as gone",
    "wrong-bin": "of put-aways: the goods go into another bin than the one that is booked",
    "unannounced-return": "of returns: nobody announced it",
    "stolen": "of order lines picked: a person takes one such item out through a door",
    "dead-tag": "of items received: the tag never answers",
}
"""What goes wrong, and of what its rate is a share."""

DEFAULT_RATES: Mapping[str, float] = {
    "wrong-pallet": 0.01,
    "short-shipment": 0.005,
    "wrong-bin": 0.01,
    "unannounced-return": 0.2,
    "stolen": 0.0005,
    "dead-tag": 0.002,
}
"""ASSUMED, so that a month shows each kind; no source was found that gives them for one house."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When people work: from one full hour to another on some weekdays (0 is Monday)."""

    from_h: int
    to_h: int
    weekdays: frozenset[int] = frozenset(range(5))

    def __post_init__(self) -> None:
        if not (0 <= self.from_h < self.to_h <= 24 and self.weekdays <= frozenset(range(7)) and self.weekdays):
            raise ValueError(f"hours lie within one day and on weekdays 0 to 6, not {self}")


EARLY, LATE = Hours(6, 14), Hours(14, 22)


@dataclass(frozen=True, slots=True)
class Settings:
    """The house's rules. Durations in seconds; they are round figures of manual work, not fitted to any house."""

    rates: Mapping[str, float] = field(default_factory=lambda: DEFAULT_RATES)
    shifts: tuple[Hours, ...] = (EARLY, LATE)
    pickers: int | None = None
    forklifts: int | None = None
    """People of each shift; None: as many as twice the mean demand needs."""

    tour_s: float = 180.0
    """To start a tour, walk to the first bin and bring the cart back."""
    pick_line_s: float = 25.0
    pick_item_s: float = 4.0
    tour_lines: int = 40
    unload_s: float = 60.0
    load_s: float = 60.0
    """To bring a pallet through a door and come back."""
    put_away_s: float = 60.0
    """For the goods of one SKU on a pallet."""
    replenish_s: float = 120.0
    inspect_s: float = 90.0
    """For one return."""
    count_bin_s: float = 45.0

    face_items: int = 24
    """What a SKU's pick face holds."""
    reserve_items: int = 48
    """What a reserve bin holds; of one SKU."""
    reserve_bins_a_sku: float = 0.6
    replenish_below: int = 6
    pallet_items: int = 60
    items_a_line_at_most: int = 12
    """Larger quantities go from the supplier to the customer and never see the house."""
    lead_days: tuple[int, int] = (1, 3)
    """From ordering goods to their arrival."""
    cover_days: float = 10.0
    """How long a delivery is meant to last."""
    safety_days: float = 3.0
    bins_counted_a_day: int = 60
    return_days: tuple[int, int] = (1, 4)
    """From the announcement of a return to its arrival."""
    trucks_at_h: tuple[int, ...] = (11, 16, 21)
    """When trucks leave from each outbound door."""

    def __post_init__(self) -> None:
        for kind, rate in self.rates.items():
            if kind not in MISTAKES:
                raise ValueError(f"{kind!r} is no kind of mistake; there are {', '.join(MISTAKES)}")
            if not 0.0 <= rate <= 1.0:
                raise ValueError(f"the rate of {kind} is a share of 0 to 1, not {rate}")
        for people in (self.pickers, self.forklifts):
            if people is not None and not 1 <= people <= 1000:
                raise ValueError(f"a shift has 1 to 1000 people, not {people}")

    def rate(self, kind: str) -> float:
        """Return how often a mistake happens; 0 where nothing is said."""
        return self.rates.get(kind, 0.0)


def read_rates(text: str) -> dict[str, float]:
    """Read `wrong-pallet=0.01,stolen=0.001`; kinds that are not named never happen. `none` is none of them.

    Raises:
        ValueError: naming what is wrong and what is possible.
    """
    rates: dict[str, float] = {}
    for part in text.split(",") if text.strip() != "none" else ():
        kind, equals, number = part.strip().partition("=")
        if kind not in MISTAKES or not equals or kind in rates:
            raise ValueError(f"{part.strip()!r}: write each of {', '.join(MISTAKES)} once at most, as KIND=SHARE")
        try:
            rates[kind] = float(number)
        except ValueError:
            raise ValueError(f"{part.strip()!r}: the share is a number of 0 to 1") from None
        if not 0.0 <= rates[kind] <= 1.0:
            raise ValueError(f"{part.strip()!r}: the share is a number of 0 to 1")
    return rates
