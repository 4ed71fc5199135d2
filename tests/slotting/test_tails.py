"""Where intervals end: nine of ten counts lie in them, few or many foretold, whether or not the model is right."""

import numpy as np
import pytest
from numpy.typing import NDArray
from tagdock_slotting.rates.tails import UNCHECKED, Tails, learn_tails, wildest

SKUS = 4000


def drawn(mean: NDArray[np.float64], shape: float, seed: int) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    return random.poisson(mean * random.gamma(shape, 1 / shape, len(mean))).astype(float)


def held(tails: Tails, came: NDArray[np.float64], shape: NDArray[np.float64], mean: NDArray[np.float64]) -> float:
    low, high = tails.interval(shape, mean)
    return float(((came >= low) & (came <= high)).mean())


@pytest.mark.parametrize("true_shape", [4.0, 2.0], ids=["the model is right", "rates spread more than was thought"])
@pytest.mark.parametrize(("least", "most"), [(0.3, 1.0), (1.0, 5.0), (5.0, 60.0)], ids=["few", "some", "many"])
def test_nine_of_ten_counts_lie_in_the_interval(true_shape: float, least: float, most: float) -> None:
    mean = np.random.default_rng(3).uniform(least, most, SKUS)
    shape = np.full(SKUS, 4.0)
    tails = learn_tails(drawn(mean, true_shape, 1), shape, mean)
    assert 0.88 <= held(tails, drawn(mean, true_shape, 2), shape, mean) <= 0.93


def test_small_counts_would_be_held_too_often_by_five_percent_at_each_end() -> None:
    mean, shape = np.full(SKUS, 0.45), np.full(SKUS, 4.0)
    assert held(UNCHECKED, drawn(mean, 4.0, 2), shape, mean) > 0.93


def test_few_skus_teach_nothing() -> None:
    mean, shape = np.full(50, 0.45), np.full(50, 4.0)
    assert learn_tails(drawn(mean, 4.0, 1), shape, mean) == UNCHECKED


def test_the_wildest_horizon_counts() -> None:
    assert wildest([Tails((0.1, 0.2)), Tails((0.3, 0.05))]) == Tails((0.1, 0.05))
    assert wildest([]) == UNCHECKED
