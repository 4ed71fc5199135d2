"""The goods behind the orders: each SKU's GTIN, and the size and mass of the stock that a bin keeps of it."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tagdock_simulators.epc import check_digit
from tagdock_simulators.warehouse.orders import OrderLine

COMPANY_PREFIX = "9521234"
"""GS1 keeps the range 952 for demonstrations and examples (GS1 General Specifications, section 1.4)."""

_REFERENCES = 10 ** (13 - len(COMPANY_PREFIX))  # indicator digit and item reference
_VOLUME_M3 = (0.02, 0.9)
_DENSITY_KG_M3 = (60.0, 350.0)  # boxed gifts: from cushions to glassware


@dataclass(frozen=True, slots=True)
class Product:
    """One SKU; `volume_m3` and `mass_kg` are what its stock takes in one bin."""

    sku: str
    gtin: str
    description: str
    volume_m3: float
    mass_kg: float

    def upsert(self) -> dict[str, Any]:
        """Write the SKU as the cloud's API takes it."""
        return {**asdict(self), "bins_needed": 1, "zones": ["ambient"]}


def build_catalogue(lines: Iterable[OrderLine], known_gtins: Mapping[str, str]) -> dict[str, Product]:
    """Make a product of each SKU that occurs, in the order of their codes.

    A GTIN follows from the SKU's code; where two codes meet in one, the later takes the next that is free.
    `known_gtins` (SKU -> GTIN-14) are those that the warehouse uses already: they are kept.
    """
    descriptions: dict[str, str] = {}
    for line in lines:
        if not descriptions.get(line.sku):
            descriptions[line.sku] = line.description
    gtins = dict(known_gtins)
    taken = set(gtins.values())
    for sku in sorted(descriptions):
        if sku not in gtins:
            gtins[sku] = _free_gtin(sku, taken)
            taken.add(gtins[sku])
    return {sku: _product(sku, gtins[sku], descriptions[sku]) for sku in sorted(descriptions)}


def _free_gtin(sku: str, taken: set[str]) -> str:
    first = int(_share(sku, "gtin") * _REFERENCES)
    for step in range(_REFERENCES):
        reference = f"{(first + step) % _REFERENCES:0{13 - len(COMPANY_PREFIX)}d}"
        digits = reference[0] + COMPANY_PREFIX + reference[1:]
        gtin = digits + check_digit(digits)
        if gtin not in taken:
            return gtin
    raise ValueError(f"all {_REFERENCES:,} GTINs of the company prefix {COMPANY_PREFIX} are taken")


def _product(sku: str, gtin: str, description: str) -> Product:
    low, high = _VOLUME_M3
    volume_m3 = low * (high / low) ** _share(sku, "volume")  # small things are more frequent than large ones
    density = _DENSITY_KG_M3[0] + (_DENSITY_KG_M3[1] - _DENSITY_KG_M3[0]) * _share(sku, "density")
    return Product(sku, gtin, description, round(volume_m3, 3), round(volume_m3 * density, 1))


def _share(sku: str, purpose: str) -> float:
    """Return a number in [0, 1) that depends on the SKU and the purpose alone."""
    digest = hashlib.blake2b(f"{purpose}\x1f{sku}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48
