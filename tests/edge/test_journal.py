"""The journal: what was appended comes back as it was, whatever happens to the program, the files or the disk."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import tagdock_edge.journal.ring
from hypothesis import given
from hypothesis import strategies as st
from tagdock_contract import InputChange, Record, TagRead
from tagdock_edge.clock import to_us
from tagdock_edge.config import JournalConfig, read_journal_section
from tagdock_edge.errors import FolderError
from tagdock_edge.journal import Journal, Step, read_journal
from tagdock_edge.journal.block import pack, pieces, unpack
from tagdock_edge.tables import Table

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
START_US = to_us(START)
MICROSECOND = timedelta(microseconds=1)


def read(number: int) -> TagRead:
    return TagRead(START + timedelta(milliseconds=number), "dock-1", 1 + number % 4, f"30{number:022x}", -50.5, 12.25)


def step(number: int) -> Step:
    """Three reads with an input's change between them."""
    at = START + timedelta(milliseconds=10 * number)
    change = InputChange(at, "dock-1", 1, bool(number % 2))
    return Step([read(10 * number), change, read(10 * number + 1), read(10 * number + 2)], START_US + 10_000 * number)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"size_mb": 3}, "journal.size_mb: must be 4 to 1000000, not 3"),
        ({"size_mb": 16, "segment_mb": 8}, "journal.segment_mb: must go into size_mb 4 times"),
        ({"sync": "always"}, 'journal.sync: must be "none" or "interval"'),
        ({"sync_every_ms": 0}, "journal.sync_every_ms: must be 1 to 60000"),
        ({"checkpoint_every_s": 0}, "journal.checkpoint_every_s: must be seconds from 0.1 to 600"),
        ({"size": 3}, "journal.size: is not known; did you mean size_mb?"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_mistake_in_the_section_is_told(values: dict[str, object], told: str, tmp_path: Path) -> None:
    problems: list[str] = []
    read_journal_section(Table(values, "journal", problems), tmp_path)
    assert [problem.startswith(told) for problem in problems] == [True]


def test_the_section_may_be_left_out_and_its_folder_counts_from_the_outbox(tmp_path: Path) -> None:
    assert read_journal_section(None, tmp_path) == JournalConfig(tmp_path / "journal")
    table = Table({"folder": "ring", "size_mb": 100, "sync": "none"}, "journal", [])
    assert read_journal_section(table, tmp_path) == JournalConfig(tmp_path / "ring", 100, sync="none")


def append(journal: Journal, *numbers: int) -> None:
    for each in map(step, numbers):
        journal.append(each.records, each.now_us)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.journal"))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Journal]]:
    """Open the test's one journal; again closes it before."""
    current: list[Journal] = []

    def reopen(size_mb: int = 8) -> Journal:
        if current:
            current.pop().close()
        current.append(Journal(JournalConfig(tmp_path, size_mb=size_mb, segment_mb=1, sync="none")))
        return current[0]

    yield reopen
    if current:
        current[0].close()


def tail(journal: Journal) -> list[Step]:
    return list(journal.recover().steps)


texts = st.text("ABCDEF0123456789abcdef", min_size=2, max_size=24).map(lambda text: text[: len(text) // 2 * 2])
finite = st.floats(allow_nan=False, allow_infinity=False)
instants = st.integers(0, 100 * 365 * 86_400_000_000).map(
    lambda us: datetime(2000, 1, 2, tzinfo=UTC) + us * MICROSECOND
)
reads = st.builds(
    TagRead,
    at=instants,
    reader=st.sampled_from(["dock-1", "D 2"]),
    antenna=st.integers(0, 65535),
    epc=texts,
    rssi_dbm=st.floats(-200, 50),
    phase_deg=st.none() | st.floats(-360, 360),
    doppler_hz=st.none() | finite,
    channel=st.none() | st.integers(0, 65535),
    count=st.integers(1, 2**32),
)
changes = st.builds(InputChange, at=instants, reader=st.just("dock-1"), gpi=st.integers(0, 65535), state=st.booleans())


@given(st.lists(reads | changes, max_size=20), st.none() | st.integers(0, 2**62), st.integers(0, 9))
def test_a_block_gives_back_exactly_what_was_packed(records: list[Record], idle_us: int | None, missed: int) -> None:
    (piece,) = pieces(pack(idle_us, records, 7, missed))
    *idle, last = unpack(piece) or []
    assert idle == ([] if idle_us is None else [Step((), idle_us)])
    assert (list(last.records), last.now_us, last.missed) == (records, 7, missed)


def test_after_a_checkpoint_comes_what_was_appended_since(opened: Callable[..., Journal]) -> None:
    journal = opened()
    append(journal, 1, 2)
    assert journal.checkpoint(b"undecided")
    append(journal, 3)
    journal.append((), 5)
    append(journal, 4)
    recovery = opened().recover()
    assert recovery.snapshot == b"undecided"
    assert list(recovery.steps) == [step(3), Step([], 5), step(4)]


def test_a_journal_that_goes_on_after_a_recovery_keeps_what_came_before(opened: Callable[..., Journal]) -> None:
    opened().checkpoint(b"")
    for number in range(5):
        append(opened(), number)
    assert tail(opened()) == [step(number) for number in range(5)]


def test_of_idle_times_only_the_last_is_written_with_what_comes_next(opened: Callable[..., Journal]) -> None:
    journal = opened()
    journal.checkpoint(b"")
    for number in range(25):
        journal.pass_by(number)
    append(journal, 1)
    journal.pass_by(26)
    assert tail(opened()) == [Step((), 24), step(1)]


def test_a_tail_that_was_torn_off_anywhere_is_cut_off_and_told(
    opened: Callable[..., Journal], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = opened()
    journal.checkpoint(b"")
    append(journal, 1, 2)
    (file,) = files(tmp_path)
    whole = file.stat().st_size
    append(journal, 3)
    journal.close()
    data = file.read_bytes()
    for length in range(whole, len(data)):
        caplog.clear()
        file.write_bytes(data[:length])
        assert tail(opened()) == [step(1), step(2)]
        assert file.stat().st_size == whole
        assert ("cut off" in caplog.text) == (length > whole)
    file.write_bytes(data[:whole] + bytes(5000))  # a file system may leave zeros after a power cut
    append(opened(), 4)
    assert tail(opened()) == [step(1), step(2), step(4)]


@pytest.mark.parametrize("at", [0, 4, 8, 12, 40], ids=["magic", "length", "checksum", "content", "later content"])
def test_a_damaged_block_costs_only_itself_and_is_told(
    opened: Callable[..., Journal], tmp_path: Path, caplog: pytest.LogCaptureFixture, at: int
) -> None:
    journal = opened()
    journal.checkpoint(b"")
    append(journal, 1)
    (file,) = files(tmp_path)
    begin = file.stat().st_size
    append(journal, 2)
    end = file.stat().st_size
    append(journal, 3)
    journal.close()
    data = bytearray(file.read_bytes())
    data[begin + at] ^= 0xFF
    file.write_bytes(data)
    journal = opened()
    assert tail(journal) == [step(1), step(3)]
    assert journal.damaged_bytes == end - begin
    assert f"{end - begin} bytes are damaged" in caplog.text
    assert list(read_journal(tmp_path)) == [*step(1).records, *step(3).records]


def test_the_ring_keeps_its_size_and_lets_the_oldest_go(opened: Callable[..., Journal], tmp_path: Path) -> None:
    journal, count = opened(size_mb=4), 0
    for begin in range(0, 900_000, 3000):
        journal.append([noisy(number) for number in range(begin, begin + 3000)], begin)
        if journal.checkpoint_due():
            journal.checkpoint(b"")
        assert sum(file.stat().st_size for file in files(tmp_path)) <= 4_000_000
        count = begin + 3000
        if not files(tmp_path)[0].name.startswith("000000000001"):
            break
    kept = list(read_journal(tmp_path))
    assert kept == [noisy(number) for number in range(count - len(kept), count)]
    assert 0 < len(kept) < count
    assert journal.overrun_segments == 0


def noisy(number: int) -> TagRead:
    """A read that does not pack well, to fill the ring soon."""
    digits = f"{number * 2654435761 % 2**64:016X}{number * 40503 % 2**64:016X}{number:016X}"
    return TagRead(START, "dock-1", 1, digits * 2, -1 / (number + 2), 1 / (number + 1), 1 / (number + 3))


def test_a_ring_that_has_to_let_go_what_a_crash_would_need_says_so(
    opened: Callable[..., Journal], caplog: pytest.LogCaptureFixture
) -> None:
    journal = opened(size_mb=4)
    journal.checkpoint(b"")
    for begin in range(0, 900_000, 3000):
        journal.append([noisy(number) for number in range(begin, begin + 3000)], begin)
        if journal.overrun_segments == 2:
            break
    assert caplog.text.count("make [journal] size_mb larger") == 1
    assert tail(opened(size_mb=4))[0].now_us > 0
    assert "segments before" in caplog.text


@contextlib.contextmanager
def no_file_above(size_bytes: int) -> Iterator[None]:
    """Let the kernel refuse to make any file longer, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_stops_the_journal_with_a_word_until_there_is_room(
    opened: Callable[..., Journal], tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tagdock_edge.journal.ring, "RETRY_S", 0.0)
    journal = opened()
    journal.checkpoint(b"")
    append(journal, 1)
    (file,) = files(tmp_path)
    whole = file.stat().st_size
    with no_file_above(whole + 10):  # half a block fits
        append(journal, 2, 3)
        assert journal.failing
        assert journal.lost_records == 8
        assert file.stat().st_size == whole
    assert caplog.text.count("can't be written") == 1
    append(journal, 4, 5)
    assert not journal.failing
    assert "works again" in caplog.text
    assert tail(opened()) == [step(1), step(4)._replace(missed=8), step(5)]


def test_a_checkpoint_that_cannot_be_written_leaves_the_last_one(
    opened: Callable[..., Journal], caplog: pytest.LogCaptureFixture
) -> None:
    journal = opened()
    assert journal.checkpoint(b"first")
    append(journal, 1)
    with no_file_above(1000):
        assert not journal.checkpoint(b"x" * 2000)
    assert "a checkpoint can't be written" in caplog.text
    recovery = opened().recover()
    assert (recovery.snapshot, list(recovery.steps)) == (b"first", [step(1)])


def test_checkpoints_are_due_by_the_clock_but_take_a_small_share_of_the_time(tmp_path: Path) -> None:
    journal = Journal(JournalConfig(tmp_path, checkpoint_every_s=0.5))
    assert journal.checkpoint_due()
    for took_s, due in ((0.0, True), (100.0, False)):
        journal.checkpoint(b"", took_s)
        assert not journal.checkpoint_due()
        time.sleep(0.55)
        assert journal.checkpoint_due() == due
    journal.close()


@pytest.mark.parametrize("damage", [b"", b"short", b"TDCHECK1" + bytes(40)], ids=["empty", "short", "checksum"])
def test_a_damaged_checkpoint_is_told_and_nothing_is_made_up(
    opened: Callable[..., Journal], tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: bytes
) -> None:
    journal = opened()
    journal.checkpoint(b"undecided")
    append(journal, 1)
    (tmp_path / "checkpoint").write_bytes(damage)
    recovery = opened().recover()
    assert (recovery.snapshot, list(recovery.steps)) == (None, [])
    assert "what was undecided before is lost" in caplog.text


def test_a_checkpoint_that_speaks_of_more_than_a_power_cut_left_gives_its_snapshot(
    opened: Callable[..., Journal], tmp_path: Path
) -> None:
    journal = opened()
    append(journal, 1, 2)
    journal.checkpoint(b"all of it")
    journal.close()
    (file,) = files(tmp_path)
    os.truncate(file, 20)
    journal = opened()
    recovery = journal.recover()
    assert (recovery.snapshot, list(recovery.steps)) == (b"all of it", [])
    append(journal, 3)
    assert tail(opened()) == [step(3)]


def test_a_second_gateway_is_refused_the_folder(opened: Callable[..., Journal], tmp_path: Path) -> None:
    opened()
    with pytest.raises(FolderError, match="in use by another gateway"):
        Journal(JournalConfig(tmp_path))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="give a folder that is writable"):
        Journal(JournalConfig(tmp_path / "file" / "journal"))


def test_what_only_looks_like_a_part_of_the_journal_is_left_alone(
    opened: Callable[..., Journal], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = opened()
    journal.checkpoint(b"undecided")
    append(journal, 1)
    journal.close()
    (tmp_path / "victim").write_bytes(b"not ours")
    (tmp_path / "000000000005.journal").symlink_to(tmp_path / "victim")
    (tmp_path / "000000000006.journal").symlink_to("/dev/zero")
    (tmp_path / "000000000007.journal").mkdir()
    os.mkfifo(tmp_path / "000000000008.journal")
    (tmp_path / ("9" * 30 + ".journal")).write_bytes(b"")
    journal = opened()
    assert list(journal.recover().steps) == [step(1)]
    assert list(read_journal(tmp_path)) == list(step(1).records)
    assert journal.checkpoint(b"undecided")
    assert (tmp_path / "victim").read_bytes() == b"not ours"
    (tmp_path / "checkpoint").unlink()
    (tmp_path / "checkpoint").symlink_to("/dev/zero")
    journal.close()
    assert opened().recover().snapshot is None
    assert "it is no plain file" in caplog.text


@pytest.mark.parametrize("make", [True, False], ids=["empty", "not there"])
def test_a_folder_without_a_journal_is_told(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "journal"
    if make:
        folder.mkdir()
    with pytest.raises(FolderError, match="name the"):
        list(read_journal(folder))


def test_a_span_can_be_read_while_the_journal_is_written(opened: Callable[..., Journal], tmp_path: Path) -> None:
    journal = opened()
    append(journal, *range(50))
    with files(tmp_path)[0].open("ab") as file:
        file.write(pack(None, [read(1)], 1)[:-5])  # the next block, half written
    from_us, until_us = START_US + 100_000, START_US + 200_000
    expected = [record for number in range(10, 20) for record in step(number).records]
    assert list(read_journal(tmp_path, from_us, until_us)) == expected


def test_segments_of_another_time_are_not_read(
    opened: Callable[..., Journal], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    day_us = 86_400_000_000
    for day in range(3):
        journal = opened()
        journal.append([TagRead(START + timedelta(days=day), "dock-1", 1, "30", -50.0)], START_US + day * day_us)
        journal.close()
        files(tmp_path)[-1].rename(tmp_path / f"{day + 1:012d}.journal")
        if day < 2:
            (tmp_path / f"{day + 2:012d}.journal").write_bytes(b"")
    damaged = files(tmp_path)[0]
    damaged.write_bytes(damaged.read_bytes() + b"damage that nobody meets")
    last_us = START_US + 2 * day_us
    assert [record.at for record in read_journal(tmp_path, last_us, last_us + 1)] == [START + timedelta(days=2)]
    assert "damaged" not in caplog.text


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests_edge_journal import step
from tagdock_edge.config.journal import JournalConfig
from tagdock_edge.journal import Journal
journal = Journal(JournalConfig(Path(sys.argv[1]), sync="none"))
journal.checkpoint(b"")
for number in range(100_000):
    each = step(number)
    journal.append(each.records, each.now_us)
    print(number, flush=True)
"""


def test_a_killed_program_loses_nothing_that_was_appended(tmp_path: Path) -> None:
    (tmp_path / "tests_edge_journal.py").write_text(Path(__file__).read_text())
    folder = tmp_path / "journal"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder), str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        while int(program.stdout.readline()) < 40:
            pass
        program.kill()
        appended = 41 + len(program.stdout.readlines())
    journal = Journal(JournalConfig(folder))
    found = tail(journal)
    journal.close()
    assert found[:appended] == [step(number) for number in range(appended)]
    assert len(found) in (appended, appended + 1)  # the kill may fall between writing and saying so
