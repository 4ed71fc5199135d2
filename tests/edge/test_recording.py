"""Recordings: read as they were written, refused line by line where they are not."""

import gzip
import threading
from pathlib import Path

import pytest
from tagdock_contract import InputChange, TagRead, decode_record
from tagdock_edge.errors import RecordingError
from tagdock_edge.inbox import Inbox
from tagdock_edge.readers.recording import RecordingReader, RecordingSettings, read_recording

READ = '{"at":"2026-01-05T08:00:00.%06dZ","reader":"dock-1","antenna":1,"epc":"3074257BF7194E40","rssi_dbm":-52.5}\n'
EYE = '{"at":"2026-01-05T08:00:00.5Z","reader":"dock-1","gpi":1,"state":true}\n'


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
def test_plain_and_packed_are_read(tmp_path: Path, name: str) -> None:
    file, text = tmp_path / name, (READ % 1 + "\n" + EYE).encode()
    file.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    assert [type(record) for record in read_recording(file)] == [TagRead, InputChange]


HOSTILE = {
    "no JSON": (b"nonsense\n", "line 2"),
    "no record": (b'{"at": "2026-01-05T08:00:00Z"}\n', "line 2"),
    "endless line": (b"x" * 10_000_000, "line 2: is longer than 4096 bytes"),
    "binary": (bytes(range(128, 256)) + b"\n", "line 2"),
    "year": (READ.replace("2026", "9999").encode() % 1, "line 2"),
}


@pytest.mark.parametrize(("line", "told"), HOSTILE.values(), ids=HOSTILE)
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: bytes, told: str) -> None:
    file = tmp_path / "r.jsonl"
    file.write_bytes((READ % 1).encode() + line)
    with pytest.raises(RecordingError, match=told):
        list(read_recording(file))


@pytest.mark.parametrize("data", [b"no gzip", gzip.compress((READ % 1).encode() * 100)[:-9]], ids=["other", "cut off"])
def test_a_file_that_is_not_gzip_or_is_cut_off_is_told(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "r.jsonl.gz"
    file.write_bytes(data)
    with pytest.raises(RecordingError, match="can't be read"):
        list(read_recording(file))


def test_a_recording_plays_as_a_reader_in_its_own_order(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text("".join(READ % n for n in range(2000)))
    inbox, reader = Inbox(own_time=True), RecordingReader("tape", RecordingSettings(file, speed=0))
    reader.run(inbox, threading.Event())
    deliveries, _, news = inbox.take(0)
    assert [record.at.microsecond for delivery in deliveries for record in delivery] == list(range(2000))
    assert [one.state for one in news] == ["up", "down"]
    assert reader.status().reads == 2000


def test_the_inbox_never_blocks_and_lets_the_oldest_go() -> None:
    inbox = Inbox(reads_at_most=10, own_time=True)
    reads = [decode_record(READ % n) for n in range(4)]
    for _ in range(5):
        inbox.deliver(reads)
    deliveries, *_ = inbox.take(0)
    assert (len(deliveries), inbox.lost_reads) == (2, 12)
