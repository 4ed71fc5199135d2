"""The floor has room for all SKUs, and one place for each."""

import pytest
from tagdock_simulators.warehouse.floor import DOORS, build_floor, rearranged


@pytest.mark.parametrize("count", [1, 7, 300, 3_174], ids=str)
def test_every_sku_has_a_bin_of_its_own_and_some_bins_stay_free(count: int) -> None:
    skus = [f"S{number}" for number in range(count)]
    floor = build_floor(skus)
    bins = floor.layout["bins"]
    assert len({bin_["id"] for bin_ in bins}) == len(bins) > count
    assert [sku for bin_ in bins for sku in bin_["skus"]] == skus
    assert floor.bin_of == {sku: bin_["id"] for bin_ in bins for sku in bin_["skus"]}


def test_doors_stand_at_different_aisles_and_all_places_lie_within_them() -> None:
    layout = build_floor([f"S{number}" for number in range(1_000)]).layout
    aisles = layout["aisles"]
    assert [door["id"] for door in layout["doors"]] == list(DOORS)
    assert len({door["aisle"] for door in layout["doors"]}) == len(DOORS)
    assert all(0 <= place["aisle"] < aisles["count"] for place in layout["doors"] + layout["bins"])
    assert all(0 <= bin_["cell"] < aisles["cells"] for bin_ in layout["bins"])
    assert all(bin_["y_m"] == aisles["front_gap_m"] + bin_["cell"] * aisles["cell_m"] for bin_ in layout["bins"])


def test_goods_that_were_moved_stand_where_they_were_moved_to() -> None:
    floor = build_floor(["A", "B", "C"])
    free = next(bin_["id"] for bin_ in floor.layout["bins"] if not bin_["skus"])
    moved = rearranged(floor, {**floor.bin_of, "B": free})
    kept = {sku: bin_["id"] for bin_ in moved.layout["bins"] for sku in bin_["skus"]}
    assert kept == moved.bin_of == {**floor.bin_of, "B": free}
    assert [bin_["id"] for bin_ in moved.layout["bins"]] == [bin_["id"] for bin_ in floor.layout["bins"]]
