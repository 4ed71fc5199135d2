"""The SKUs of a generated shop stand in families and themes, and sell as their shape says."""

import numpy as np
import pytest
from tagdock_simulators.chance import Chance
from tagdock_simulators.warehouse.assortment import Assortment, build_assortment
from tagdock_simulators.warehouse.shape import GIFTS


@pytest.fixture(scope="module")
def goods() -> Assortment:
    return build_assortment(1, GIFTS)


def test_codes_are_unique_and_all_sales_are_shared_out(goods: Assortment) -> None:
    assert len(set(goods.codes)) == len(goods.codes) == len(goods.descriptions) == GIFTS.skus
    assert goods.sold_to[-1] == pytest.approx(1.0)
    assert (np.diff(goods.sold_to) > 0.0).all()


def test_families_and_themes_have_about_the_size_of_the_shape_and_themes_are_made_of_families(
    goods: Assortment,
) -> None:
    families, themes = (set(group[0].tolist()) for group in (goods.family, goods.theme))
    assert GIFTS.skus / len(families) == pytest.approx(GIFTS.family_skus, rel=0.15)
    assert GIFTS.skus / len(themes) == pytest.approx(GIFTS.theme_skus, rel=0.5)
    assert themes < families


def test_a_family_is_a_thing_in_several_colours(goods: Assortment) -> None:
    whole = {}
    for description, start in zip(goods.descriptions, goods.family[0].tolist(), strict=True):
        whole.setdefault(start, set()).add(description.split(" ", 1)[1])
    assert all(len(things) == 1 for things in whole.values())


@pytest.mark.parametrize("place", [0.0, 0.3, 0.999_999_999], ids=["first", "within", "last"])
def test_a_sibling_is_of_the_same_family(goods: Assortment, place: float) -> None:
    every = np.arange(GIFTS.skus)
    siblings = goods.draw_from(goods.family, every, np.full(GIFTS.skus, place))
    assert (goods.family[0][siblings] == goods.family[0]).mean() > 0.9995  # the edges are sums of rounded shares


def test_siblings_are_drawn_by_what_they_sell(goods: Assortment) -> None:
    first = goods.draw(Chance(1, "any").uniform(400_000))
    second = goods.draw_from(goods.family, first, Chance(2, "any").uniform(400_000))
    top = np.argsort(np.diff(goods.sold_to, prepend=0.0))[-20:]
    for sku in top.tolist():
        assert (second == sku).mean() == pytest.approx((first == sku).mean(), rel=0.15)
