"""The command `tagdock-sim warehouse`, run as a user would."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tagdock_contract import TagRead, decode_record
from tagdock_simulators.commands import main

PROGRAM = [sys.executable, "-c", "from tagdock_simulators.commands import main; main()", "warehouse"]
ALL = "wrong-pallet=0.2,short-shipment=0.1,wrong-bin=0.2,unannounced-return=0.5,stolen=0.05,dead-tag=0.05"


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["warehouse", *arguments], env=environment, prog_name="tagdock-sim")


def lines_of(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    return [json.loads(line) for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()]


@pytest.fixture
def orders(tmp_path: Path) -> str:
    rows = ["invoiced_at,invoice,stock_code,description,quantity"]
    for number in range(60):
        at = f"2026-03-{2 + number // 20:02d}T{9 + number % 8:02d}:{number:02d}"
        rows += [
            f"{at},{5000 + number},SKU{(number * 7 + line) % 12},THING,{6 + line}" for line in range(1 + number % 4)
        ]
        if number % 10 == 9:
            rows.append(f"{at},C{6000 + number},SKU{number * 7 % 12},THING,-3")
    file = tmp_path / "orders.csv"
    file.write_text("\n".join(rows) + "\n")
    return str(file)


def test_all_files_tell_the_same_story_and_the_same_seed_tells_it_again(orders: str, tmp_path: Path) -> None:
    names = ("events.jsonl", "truth.jsonl.gz", "bins.jsonl", "reads.jsonl.gz", "door-truth.jsonl")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        options = [part for name in names for part in (f"--{name.split('.')[0]}", str(tmp_path / folder / name))]
        done = run("--orders", orders, "--days", "4", "--mistakes", ALL, "--json", *options)
        assert done.exit_code == 0, done.output
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    told = json.loads(done.stdout)
    kinds = Counter(each["type"] for each in lines_of(tmp_path / "a" / "events.jsonl"))
    assert (kinds["order"], kinds["shipment"], kinds["count"]) == (
        *(told["orders"], told["shipments"], told["bins_counted"]),
    )
    truth = lines_of(tmp_path / "a" / "truth.jsonl.gz")
    assert Counter(each["mistake"] for each in truth if "mistake" in each) == told["mistakes"]
    places = {each["epc"]: each["place"] for each in truth if "epc" in each}
    assert sum(place is not None for place in places.values()) == told["items_in_house"]
    reads = [
        decode_read(line) for line in gzip.decompress((tmp_path / "a" / "reads.jsonl.gz").read_bytes()).splitlines()
    ]
    assert len(reads) == told["reads"] > 1000
    seen = {read.epc.upper() for read in reads}
    passed = lines_of(tmp_path / "a" / "door-truth.jsonl")
    should = {each["epc_hex"] for each in passed if not each.get("nothing")}
    assert seen <= should
    assert len(seen) > 0.8 * len(should)
    at = [each["at"] for each in lines_of(tmp_path / "a" / "events.jsonl")]
    assert at == sorted(at)


def decode_read(line: bytes) -> TagRead:
    read = decode_record(line)
    assert isinstance(read, TagRead)
    return read


def test_generated_orders_drive_the_house_without_a_file(tmp_path: Path) -> None:
    done = run("--days", "2", "--seed", "3", "--events", str(tmp_path / "e.jsonl"))
    assert done.exit_code == 0, done.output
    told = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines())
    assert int(told["order lines"].replace(",", "")) > 500
    assert int(told["items in house"].replace(",", "")) > 10_000


def test_every_flag_has_an_environment_twin(orders: str, tmp_path: Path) -> None:
    twins = {"TAGDOCK_ORDERS": orders, "TAGDOCK_DAYS": "3", "TAGDOCK_SEED": "4", "TAGDOCK_MISTAKES": "dead-tag=0.1"}
    files = {f"TAGDOCK_{name}": str(tmp_path / name) for name in ("EVENTS", "TRUTH", "BINS", "READS", "DOOR_TRUTH")}
    more = {"TAGDOCK_GATEWAY_CONFIG": str(tmp_path / "gw.toml"), "TAGDOCK_JSON": "1", "TAGDOCK_SPEED": "1000000"}
    done = run(**twins, **files, **more)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["days"] == 3
    assert all(f"TAGDOCK_{name}" in run("--help").stdout for name in ("ORDERS", "SEED", "SPEED", "MISTAKES", "EVENTS"))
    assert all(Path(file).stat().st_size for file in files.values())
    plain = run("--orders", orders, "--days", "3", "--seed", "4", "--mistakes", "dead-tag=0.1", "--json")
    assert json.loads(plain.stdout).items() <= json.loads(done.stdout).items()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--mistakes", "fire=0.1"), "write each of wrong-pallet"),
        (("--mistakes", "stolen=7"), "a number of 0 to 1"),
        (("--speed", "fast"), "write real, max, or how many times faster"),
        (("--speed", "-1"), "is no speed"),
        (("--speed", "nan"), "is no speed"),
        (("--days", "0"), "--days"),
        (("--orders", "none.csv"), "none.csv"),
        (("--events", "same", "--truth", "./same"), "must be different"),
        (("--door-truth", "a"), "goes with --reads"),
    ],
    ids=["kind", "rate", "word", "negative", "nan", "no days", "no file", "one file twice", "truth without reads"],
)
def test_bad_usage_is_refused_before_anything_is_written(
    options: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*options)
    assert list(tmp_path.iterdir()) == []
    assert done.exit_code == 2
    assert words in done.stderr


def test_a_damaged_order_file_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("invoiced_at,invoice,stock_code,description,quantity\n2026-03-02T09:00,1,A\n")
    done = run("--orders", str(file))
    assert done.exit_code == 2
    assert "line 2: has 3 columns" in done.stderr


def test_a_place_that_cannot_be_written_is_a_failure(orders: str, tmp_path: Path) -> None:
    done = run("--orders", orders, "--events", str(tmp_path / "none" / "e.jsonl"))
    assert done.exit_code == 1
    assert "choose a place that can be written" in done.stderr


def test_events_can_be_followed_live_on_stdout(orders: str) -> None:
    command = [*PROGRAM, "--orders", orders, "--speed", "36000", "--days", "300", "--events", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [json.loads(process.stdout.readline())["type"] for _ in range(20)]
        process.send_signal(signal.SIGTERM)
        _, talk = process.communicate(timeout=20)
    assert set(told) >= {"booking"}
    assert process.returncode == 0
    assert "items in house" in talk


def test_ctrl_c_ends_a_slow_run_with_whole_files_and_a_summary(orders: str, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    command = [*PROGRAM, "--orders", orders, "--speed", "3600", "--days", "300", "--events", str(events), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ, text=True) as process:
        part, deadline = events.with_name("events.jsonl.part"), time.monotonic() + 20
        while not part.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert 1 <= json.loads(out)["days"] < 300
    assert lines_of(events)
