"""Weeks of the past come over the wire into a record that takes them for what they were, and are held against truth."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

SAVED = """
select count(*), bool_and(days > 0), max(moves_done) from plan_savings_v1
"""
PLAN = (
    "select approved_at, asked_at, finished_at from plans_v1 where approved_at is not null order by approved_at limit 1"
)
PASSED = """
select gateway, count(*), min(observed_at), max(stored_at - observed_at), bool_and(stored_at >= observed_at)
from movements_v1 where door is not null and observed_at < %(today)s group by gateway
"""


@pytest.mark.alone
def test_past_weeks_are_played_through_the_wire_and_told_right(
    tmp_path: Path, demo: Any, alive: Any, programs: Path
) -> None:
    file = Path(os.environ.get("TAGDOCK_TEST_DATA", "unset")) / "online_retail_sample.csv.gz"
    orders = ("--orders", str(file)) if file.is_file() else ()
    data, begun_at = tmp_path / "data", datetime.now(UTC)
    ended = demo(data, "--past", "2w", "--for", "2s", *orders, within_s=500.0)
    if "needs libfaketime" in ended.err:
        pytest.skip(ended.err.strip().splitlines()[-1])
    assert ended.status == 0, ended.err
    past = ended.report["past"]
    assert past["crossings"] == past["stored"] == past["order_lines"] > 100
    assert (past["lost"], past["doubled"], past["wrong_door"], past["unexpected"]) == (0, 0, 0, [])
    assert past["moves"]["confirmed_by_reads"] == past["moves"]["approved"] > 0
    assert "played as history by a clock set back" in ended.out
    assert alive(data) == []

    with started(data, programs, tmp_path) as url, psycopg.connect(url) as connection:
        today = begun_at.replace(hour=0, minute=0, second=0, microsecond=0)
        gateway, count, first_at, latest, is_after = connection.execute(PASSED, {"today": today}).fetchone() or ()
        assert (gateway, count, is_after) == ("gw-1", past["stored"], True)
        assert timedelta(days=12) < begun_at - first_at < timedelta(days=15)
        assert latest < timedelta(days=1)  # each was stored on its day, by the cloud's own clock
        approved_at, asked_at, finished_at = connection.execute(PLAN).fetchone() or ()
        assert asked_at < finished_at < approved_at < today - timedelta(days=3)
        weeks, are_whole, done = connection.execute(SAVED).fetchone() or ()
        assert (weeks >= 1, are_whole, done) == (True, True, past["moves"]["approved"])

    again = demo(data, "--past", "2w", "--for", "2s", within_s=60.0)
    assert again.status == 1
    assert "--past wants a new folder" in again.err


@pytest.mark.alone
def test_ctrl_c_while_the_past_is_played_ends_all_programs_without_a_fault(
    tmp_path: Path, programs: Path, alive: Any
) -> None:
    data, told = tmp_path / "data", tmp_path / "demo.err"
    command = [str(programs / "tagdock-sim"), "demo", "--data", str(data), "--past", "8w"]
    with told.open("wb") as errors, subprocess.Popen(command, stderr=errors, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 300
            # Slotting starts when the cloud of the past answers; the days are played after it, for a minute at least.
            while not list((data / "logs").glob("slotting*")) and process.poll() is None:
                assert time.monotonic() < deadline, told.read_text()
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            status = process.wait(120)
        finally:
            if process.poll() is None:
                process.terminate()  # the second signal: at once
                process.kill()
    said = told.read_text()
    if "needs libfaketime" in said:
        pytest.skip(said.strip().splitlines()[-1])
    assert status == 130, said
    assert "stopping the programs" in said and "Traceback" not in said
    deadline = time.monotonic() + 60
    while left := alive(data):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


@contextlib.contextmanager
def started(data: Path, programs: Path, folder: Path) -> Iterator[str]:
    """Run the cloud on what the demo left; yield the database's address."""
    command = [str(programs / "tagdock-cloud"), "serve", "--open", "--json", "--data", str(data / "cloud")]
    ports = ("--http-port", "0", "--broker-port", "0")
    out, log = folder / "cloud.out", folder / "cloud.log"
    with out.open("wb") as told, log.open("wb") as errors:
        process = subprocess.Popen([*command, *ports], stdout=told, stderr=errors)
    try:
        deadline = time.monotonic() + 120
        while not (lines := out.read_text().splitlines()):
            assert time.monotonic() < deadline, log.read_text()
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield json.loads(lines[0])["database"]
    finally:
        process.terminate()
        process.wait(30)
