"""Loads at a row of doors, for the tests of what readers report of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_simulators.doors import Behaviour, Crossing
from tagdock_simulators.epc import sgtin96

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
Loads = Callable[..., Crossing]


@pytest.fixture
def load() -> Loads:
    """Make a load of tags that are its own; `number` tells loads apart, `after_s` is when it starts."""

    def make(
        tags: int, direction: Behaviour = "in", door: str = "D2", after_s: float = 0.0, number: int = 0, **more: Any
    ) -> Crossing:
        epcs = tuple(sgtin96("9521234", "012345", number * 1000 + serial).hex for serial in range(tags))
        return Crossing(epcs, door, direction, AT + timedelta(seconds=after_s), **more)

    return make
