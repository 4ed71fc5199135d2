"""Products follow from the SKU's code alone; GTINs are right and never shared."""

from datetime import datetime

import pytest
from tagdock_simulators.epc import check_digit
from tagdock_simulators.warehouse import catalogue
from tagdock_simulators.warehouse.catalogue import COMPANY_PREFIX, build_catalogue
from tagdock_simulators.warehouse.floor import build_floor
from tagdock_simulators.warehouse.orders import OrderLine


def lines(*skus: str) -> list[OrderLine]:
    return [OrderLine(datetime.fromisoformat("2011-01-04T10:00"), "1", sku, f"THING {sku}", 1, False) for sku in skus]


def test_a_product_does_not_depend_on_the_others() -> None:
    assert build_catalogue(lines("A1", "B2"), {})["A1"] == build_catalogue(lines("A1", "C3", "D4"), {})["A1"]


def test_gtins_are_valid_unique_and_under_the_company_prefix() -> None:
    products = build_catalogue(lines(*(f"{code:05d}" for code in range(5_000))), {}).values()
    gtins = {product.gtin for product in products}
    assert len(gtins) == 5_000
    assert all(gtin[1:8] == COMPANY_PREFIX and check_digit(gtin[:13]) == gtin[13] for gtin in gtins)


def test_known_gtins_are_kept_and_never_given_to_another_sku() -> None:
    gtin = build_catalogue(lines("A1"), {})["A1"].gtin
    products = build_catalogue(lines("A1", "B2"), {"OLD": gtin, "B2": "09521234000017"})
    assert products["B2"].gtin == "09521234000017"
    assert products["A1"].gtin != gtin
    assert set(products) == {"A1", "B2"}


def test_running_out_of_gtins_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "_REFERENCES", 3)
    with pytest.raises(ValueError, match="taken"):
        build_catalogue(lines("A", "B", "C", "D"), {})


def test_every_stock_fits_into_every_bin_and_no_two_are_alike() -> None:
    products = build_catalogue(lines(*(f"{code:05d}" for code in range(2_000))), {}).values()
    bins = build_floor(["X"]).layout["bins"]
    assert max(product.volume_m3 for product in products) < min(bin_["volume_m3"] for bin_ in bins)
    assert max(product.mass_kg for product in products) < min(bin_["mass_kg"] for bin_ in bins)
    assert len({(product.volume_m3, product.mass_kg) for product in products}) > 1_500


def test_the_first_description_that_says_something_wins() -> None:
    first, second = lines("A1", "A1")
    nameless = OrderLine(first.at, "0", "A1", "", 1, False)
    assert build_catalogue([nameless, first, second], {})["A1"].description == "THING A1"
