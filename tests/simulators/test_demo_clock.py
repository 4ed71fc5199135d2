"""The clock of a played past: other programs go by it at once, but pass no time more; what lies ahead is not shown."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tagdock_simulators.demo.clock import PastClock
from tagdock_simulators.demo.errors import DemoError

TELL = """
import sys, time
for _ in sys.stdin:
    began = time.monotonic()
    time.sleep(0.01)
    print(time.time(), time.monotonic() >= began + 0.01, flush=True)
"""


@pytest.fixture
def clock(tmp_path: Path) -> PastClock:
    try:
        return PastClock(tmp_path)
    except DemoError as error:
        pytest.skip(str(error))


@pytest.fixture
def teller(clock: PastClock) -> Iterator["subprocess.Popen[str]"]:
    """A program that goes by the clock, and tells the time when it is asked."""
    clock.show(datetime.now(UTC) - timedelta(days=56))
    with subprocess.Popen(
        [sys.executable, "-c", TELL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **clock.environment},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ask(process: "subprocess.Popen[str]") -> datetime:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("?\n")
    process.stdin.flush()
    told, has_slept = process.stdout.readline().split()
    assert has_slept == "True"
    return datetime.fromtimestamp(float(told), UTC)


def test_a_program_shows_what_the_clock_was_set_to_at_once(clock: PastClock, teller: "subprocess.Popen[str]") -> None:
    for behind in (timedelta(weeks=8), timedelta(weeks=7), timedelta(0)):
        clock.show(datetime.now(UTC) - behind)
        told = ask(teller)
        assert abs(datetime.now(UTC) - behind - told) < timedelta(minutes=1)
        clock.check(told)


def test_what_lies_ahead_is_not_shown(clock: PastClock) -> None:
    with pytest.raises(ValueError, match="lies ahead"):
        clock.show(datetime.now(UTC) + timedelta(minutes=1))


def test_a_cloud_that_goes_by_another_clock_is_found_out(clock: PastClock) -> None:
    clock.show(datetime.now(UTC) - timedelta(days=7))
    with pytest.raises(DemoError, match="does not go by the clock"):
        clock.check(datetime.now(UTC))


def test_without_the_library_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DemoError, match=r"needs libfaketime: `pip install 'tagdock-simulators\[past\]'"):
        PastClock(tmp_path)
