"""Recordings: the same bytes always, lines that keep the contract, files that are whole or not there."""

import gzip
import hashlib
import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest
from tagdock_contract import Record, TagRead, decode_record
from tagdock_simulators.recording import Files, Progress, new_file, record
from tagdock_simulators.scenarios import Scenario, crossings

SMALL = Scenario(
    "small", "", loads=6, tags=(1, 5), behaviours={"in": 0.3, "out": 0.3, "turn": 0.2, "pass": 0.2}, gap_s=(0.5, 1.0)
)
ONCE_AND_FOR_ALL = {
    "reads": "565efaccd4e3fde563954e5d9cdbfa0f4eb6ef90deaa0523b705b2be320dad19",
    "truth": "5f06ba7a372a62d2d9eb14d4589fea3e649c6072103fa0d3c66a9022d332b370",
}
"""SHA-256 of what seed 5 gives: it must not change with the machine, the Python or the NumPy."""


class Written(NamedTuple):
    reads: bytes
    truth: bytes
    last: Progress


def recorded(seed: int) -> tuple[bytes, bytes]:
    reads, truth, _ = written(seed)
    return reads, truth


def written(seed: int, change: Callable[[Iterable[Record]], Iterable[Record]] | None = None) -> Written:
    reads, truth = io.BytesIO(), io.BytesIO()
    loads, files = crossings(SMALL, seed), Files(reads, truth, change)
    *_, last = record(SMALL.geometry(), loads, seed, SMALL.radio, files)
    return Written(reads.getvalue(), truth.getvalue(), last)


def test_a_seed_gives_the_same_bytes_on_every_machine() -> None:
    reads, truth = recorded(5)
    digests = {"reads": hashlib.sha256(reads).hexdigest(), "truth": hashlib.sha256(truth).hexdigest()}
    assert digests == ONCE_AND_FOR_ALL
    assert recorded(6) != (reads, truth)


def test_another_processors_logarithms_and_sines_give_the_same_bytes(tmp_path: Path) -> None:
    """Without these instructions NumPy and the C library compute logarithms, powers and sines that differ in bits."""
    older = {
        "NPY_DISABLE_CPU_FEATURES": "AVX512_ICL AVX512_SPR X86_V4 X86_V3",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = ["record", "--scenario", "metal-and-liquid", "--seed", "3", "--loads", "5", "-o", "a", "--truth", "b"]
    digests = []
    for environment in ({}, older):
        program = [sys.executable, "-c", "from tagdock_simulators.commands import main; main()", *command]
        subprocess.run(program, cwd=tmp_path, env={**os.environ, **environment}, check=True, timeout=60)
        digests.append([hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("a", "b")])
    assert digests[0] == digests[1]


def test_every_line_is_a_record_of_the_contract_in_order() -> None:
    records = [decode_record(line) for line in recorded(5)[0].splitlines()]
    assert len(records) > 100
    assert all(isinstance(each, TagRead) for each in records)
    times = [each.at for each in records]
    assert times == sorted(times)


def test_the_truth_says_where_each_tag_went_or_why_nowhere() -> None:
    reads, truth = recorded(5)
    told = [json.loads(line) for line in truth.splitlines()]
    assert {each["epc_hex"] for each in told} >= {decode_record(line).epc for line in reads.splitlines()}  # type: ignore[union-attr]
    for each in told:
        assert each["epc"].startswith("urn:epc:id:sgtin:9521234.")
        assert each["door"] in {"D1", "D2", "D3", "D4"}
        assert datetime.fromisoformat(each["at"]).tzinfo is not None
        if each.get("nothing"):
            assert each["why"] == "turned round in the doorway"
        else:
            assert each["direction"] in {"in", "out", "pass"}


def test_progress_counts_what_was_written() -> None:
    reads, truth, last = written(5)
    assert last.reads == len(reads.splitlines())
    assert last.tags == len(truth.splitlines())
    assert last.loads == SMALL.loads


def test_who_changes_records_on_their_way_to_the_file_changes_nothing_else() -> None:
    plain = written(5)
    assert written(5, iter) == plain
    assert written(5, lambda records: islice(records, 10)).reads.splitlines() == plain.reads.splitlines()[:10]


def test_a_gzipped_recording_carries_neither_name_nor_time(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        with new_file(tmp_path / name) as file:
            file.write(b"x\n" * 1000)
    packed = (tmp_path / "a.jsonl.gz").read_bytes()
    assert packed == (tmp_path / "b.jsonl.gz").read_bytes()
    assert packed[3:8] == bytes(5)  # no flags, so no name; no time (RFC 1952, section 2.3)
    assert gzip.decompress(packed) == b"x\n" * 1000


def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), new_file(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_or_device_is_written_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with new_file(pipe) as file:
        file.write(b"x\n")
    assert os.read(reading, 10) == b"x\n"
    os.close(reading)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_link_still_leads_to_the_file_that_it_led_to(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    with new_file(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
