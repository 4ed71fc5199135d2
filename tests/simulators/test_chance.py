"""Chance is the same everywhere, and is what it says."""

import numpy as np
from tagdock_simulators.chance import Chance


def test_the_same_seed_and_purpose_give_the_same_numbers_for_ever() -> None:
    """The numbers were written down once; they follow from BLAKE2b and PCG64's raw stream alone."""
    drawn = Chance(7, "a", "b").uniform(3)
    assert drawn.tolist() == EVER


EVER = [0.6341370352751976, 0.7739159470157361, 0.419150418945215]


def test_another_seed_or_purpose_gives_others() -> None:
    streams = [Chance(7, "a"), Chance(8, "a"), Chance(7, "b"), Chance(7, "a", "b"), Chance(7, "ab")]
    assert len({stream.uniform(1)[0] for stream in streams}) == len(streams)


def test_numbers_lie_where_they_should() -> None:
    chance = Chance(1)
    uniform, normal = chance.uniform(100, 100), chance.normal(100_000)
    assert uniform.shape == (100, 100)
    assert 0.0 <= uniform.min() < 0.01
    assert 0.99 < uniform.max() < 1.0
    assert abs(normal.mean()) < 0.02
    assert abs(normal.std() - 1.0) < 0.02
    assert np.isfinite(normal).all()
    assert {chance.below(3) for _ in range(100)} == {0, 1, 2}
    assert all(2.0 <= chance.between(2.0, 3.0) < 3.0 for _ in range(100))
