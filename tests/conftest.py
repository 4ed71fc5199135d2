"""What all parts' tests share: the order in which files begin, patience with a busy machine, and an ear for Ctrl-C."""

import contextlib
import signal

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so a shell starts its jobs, and what we start would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

with contextlib.suppress(ImportError):  # not every part uses it
    from hypothesis import HealthCheck, settings

    settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("steady")


@pytest.hookimpl(trylast=True)  # after the shuffle
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let files with slow tests begin first: the last one would run alone while other workers have nothing to do."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
