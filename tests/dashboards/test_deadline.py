"""A deadline on a whole call."""

import threading
import time

import pytest
from tagdock_dashboards.deadline import within


def test_what_a_call_returns_and_raises_comes_through() -> None:
    assert within(5, lambda: None) is None
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)


def test_a_call_that_does_not_end_is_left_behind() -> None:
    release = threading.Event()
    start_s = time.monotonic()
    with pytest.raises(TimeoutError):
        within(0.05, lambda: release.wait(30))
    assert time.monotonic() - start_s < 5
    release.set()
