"""The outbox: what is in it stays until an ack names it, whatever happens to the program, the file or the disk."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
import tagdock_edge.outbox.file
from tagdock_contract import Ack, Event, Movement, ReaderEvent, Refusal, content_uuid7
from tagdock_edge.config import OutboxConfig
from tagdock_edge.errors import OutboxError, OutboxFullError
from tagdock_edge.outbox import EVENTS_A_BATCH, Outbox, StoredBatch, refused_batches

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
EPC = "3074257BF7194E4000001A85"


def movement(number: int, direction: str = "in") -> Movement:
    at = START + timedelta(seconds=number)
    return Movement(
        event_id=content_uuid7(1_767_600_000_000, "test", str(number)),
        observed_at=at,
        site="s1",
        epc="urn:epc:id:sgtin:0614141.812345.6789",
        epc_hex=EPC,
        direction=direction,  # type: ignore[arg-type]
        confidence=1.0,
        door="D1",
    )


def reader_event(number: int) -> ReaderEvent:
    return ReaderEvent(content_uuid7(1_767_600_000_000, "reader", str(number)), START, "s1", "dock-1", "up")


def ids(batch: StoredBatch | None) -> list[UUID]:
    assert batch is not None
    return [UUID(msgspec.json.decode(body)["event_id"]) for body in batch.bodies]


def only(batches: list[StoredBatch]) -> StoredBatch | None:
    return batches[0] if batches else None


def numbers(events: list[Event]) -> list[UUID]:
    return [event.event_id for event in events]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Outbox]]:
    """Open the test's one outbox; again closes it before."""
    current: list[Outbox] = []

    def reopen(events_at_most: int = 100_000, bytes_at_most: int | None = None) -> Outbox:
        if current:
            current.pop().close()
        config = OutboxConfig(tmp_path / "outbox.sqlite", "normal", events_at_most)
        current.append(Outbox(config, bytes_at_most=bytes_at_most))
        return current[0]

    yield reopen
    if current:
        current[0].close()


def test_events_come_out_in_their_order_and_in_batches(opened: Callable[..., Outbox]) -> None:
    outbox, events = opened(), [movement(n) for n in range(EVENTS_A_BATCH + 5)]
    assert outbox.add(events) == len(events)
    first, second = outbox.form(5)
    assert ids(first) + ids(second) == numbers(list(events))
    assert len(ids(first)) == EVENTS_A_BATCH
    assert outbox.form() == []


def test_an_event_that_is_there_changes_nothing(opened: Callable[..., Outbox]) -> None:
    outbox = opened()
    assert outbox.add([movement(1)]) == 1
    assert outbox.add([movement(1), movement(2)]) == 1
    assert outbox.fill().events == 2


def test_a_batch_stays_what_it_was_over_a_restart(opened: Callable[..., Outbox]) -> None:
    outbox = opened()
    outbox.add([movement(1), movement(2)])
    epoch, formed = outbox.epoch, only(outbox.form())
    outbox.add([movement(3)])
    outbox = opened()
    assert outbox.epoch == epoch
    assert only(outbox.unacked(0)) == formed
    later = only(outbox.form())
    assert formed is not None
    assert later is not None
    assert (later.seq, ids(later)) == (formed.seq + 1, numbers([movement(3)]))


def test_only_an_ack_deletes_and_only_what_it_names(opened: Callable[..., Outbox]) -> None:
    outbox = opened()
    batches = []
    for n in range(3):
        outbox.add([movement(n)])
        batches.append(only(outbox.form()))
    first, second, third = (batch.seq for batch in batches if batch)
    assert outbox.settle([Ack(epoch=outbox.epoch, committed=(second, second, 99))]) == {second}
    assert outbox.settle([Ack(epoch=outbox.epoch, committed=(second,))]) == set()
    assert [only(outbox.unacked(0)), only(outbox.unacked(first)), only(outbox.unacked(third))] == [
        batches[0],
        batches[2],
        None,
    ]
    assert outbox.fill().events == 2


def test_an_ack_for_another_outbox_changes_nothing(opened: Callable[..., Outbox]) -> None:
    outbox = opened()
    outbox.add([movement(1)])
    batch = only(outbox.form())
    assert outbox.settle([Ack(epoch=uuid4(), committed=(1,), refused=(Refusal(1, "no"),))]) == set()
    assert only(outbox.unacked(0)) == batch


def test_numbers_of_batches_are_never_used_again(opened: Callable[..., Outbox]) -> None:
    outbox = opened()
    seqs = []
    for n in range(3):
        outbox.add([movement(n)])
        batch = only(outbox.form())
        assert batch is not None
        seqs.append(batch.seq)
        outbox.settle([Ack(epoch=outbox.epoch, committed=(batch.seq,))])
        outbox = opened()
    assert seqs == [1, 2, 3]


def test_a_refused_batch_is_parked_with_its_reason_and_not_sent_again(
    opened: Callable[..., Outbox], tmp_path: Path
) -> None:
    outbox = opened()
    outbox.add([movement(1)])
    batch = only(outbox.form())
    assert batch is not None
    assert outbox.settle([Ack(epoch=outbox.epoch, refused=(Refusal(batch.seq, "unknown gateway"),))]) == {batch.seq}
    assert only(outbox.unacked(0)) is None
    assert refused_batches(tmp_path / "outbox.sqlite") == [StoredBatch(batch.seq, batch.bodies, "unknown gateway")]
    assert (outbox.fill().events, outbox.fill().refused_batches) == (1, 1)


def test_at_the_bound_passes_go_first_then_readers_news_and_never_a_crossing(opened: Callable[..., Outbox]) -> None:
    outbox = opened(events_at_most=6)
    outbox.add([movement(1, "pass"), movement(2), reader_event(3), movement(4, "pass"), movement(5, "uncertain")])
    outbox.add([movement(6, "out"), movement(7, "in")])
    assert sum(outbox.lost.values()) == 1
    outbox.add([movement(8), movement(9)])
    outbox.add([movement(10)])
    kept = only(outbox.form())
    assert ids(kept) == numbers([movement(n) for n in (2, 5, 6, 7, 8, 9, 10)])
    assert (outbox.fill().events, sum(outbox.lost.values())) == (7, 3)


def test_what_is_in_a_batch_is_never_dropped(opened: Callable[..., Outbox]) -> None:
    outbox = opened(events_at_most=2)
    outbox.add([movement(1, "pass"), movement(2, "pass")])
    batch = only(outbox.form())
    outbox.add([movement(3), movement(4)])
    assert only(outbox.unacked(0)) == batch


def test_a_full_disk_is_told_and_what_was_stored_stays(opened: Callable[..., Outbox]) -> None:
    outbox, stored = opened(bytes_at_most=100_000), 0
    with pytest.raises(OutboxFullError, match="free some disk"):
        for n in range(10_000):
            stored += outbox.add([movement(n)])
    assert outbox.fill().events == stored > 10
    batch = only(outbox.unacked(0)) or only(outbox.form())  # forming needs room as well: there is some in the last page
    assert batch is not None
    outbox.settle([Ack(epoch=outbox.epoch, committed=(batch.seq,))])
    assert outbox.add([movement(10_001)]) == 1


@pytest.mark.parametrize("damage", [b"this is no database" * 100, None], ids=["other file", "overwritten page"])
def test_a_damaged_file_is_told_and_not_touched(
    opened: Callable[..., Outbox], tmp_path: Path, damage: bytes | None
) -> None:
    file = tmp_path / "outbox.sqlite"
    if damage is None:
        opened().add([movement(n) for n in range(500)])
        opened().close()
        damage = file.read_bytes()
        damage = damage[:4096] + b"\xff" * 8192 + damage[12288:]
    file.write_bytes(damage)
    with pytest.raises(OutboxError, match="Move it aside"):
        opened()
    assert file.read_bytes() == damage


def test_damage_in_a_file_too_large_to_be_checked_is_told_when_it_is_met(
    opened: Callable[..., Outbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tagdock_edge.outbox.file, "_CHECKED_BYTES", 0)
    opened().add([movement(n) for n in range(2000)])
    opened().close()
    file = tmp_path / "outbox.sqlite"
    data = file.read_bytes()
    file.write_bytes(data[:40_960] + b"\xff" * 300_000 + data[340_960:])
    with pytest.raises(OutboxError, match="Move it aside"):
        opened().form(20)


def test_a_second_gateway_is_refused_the_file(opened: Callable[..., Outbox], tmp_path: Path) -> None:
    opened()
    with pytest.raises(OutboxError, match="in use by another gateway"):
        Outbox(OutboxConfig(tmp_path / "outbox.sqlite"))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutboxError, match="give a folder that is writable"):
        Outbox(OutboxConfig(tmp_path / "file" / "outbox.sqlite"))


def test_no_outbox_no_refused_batches(tmp_path: Path) -> None:
    with pytest.raises(OutboxError, match="there is no outbox here"):
        refused_batches(tmp_path / "outbox.sqlite")


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests_edge_outbox import movement
from tagdock_edge.config import OutboxConfig
from tagdock_edge.outbox import Outbox
outbox = Outbox(OutboxConfig(Path(sys.argv[1])))
for n in range(1000):
    outbox.add([movement(n)])
    if n % 10 == 9:
        outbox.form()
    print(n, flush=True)
"""


@pytest.mark.parametrize("after", [1, 37, 120])
def test_a_killed_program_loses_nothing_that_was_stored(
    opened: Callable[..., Outbox], tmp_path: Path, after: int
) -> None:
    (tmp_path / "tests_edge_outbox.py").write_text(Path(__file__).read_text())
    command = [sys.executable, "-c", KILLED, str(tmp_path / "outbox.sqlite"), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        while int(program.stdout.readline()) < after:
            pass
        program.kill()
        stored = after + 1 + len(program.stdout.readlines())
    outbox, found, seq = opened(), [], 0
    while batch := only(outbox.unacked(seq)) or only(outbox.form()):
        found += ids(batch)
        seq = batch.seq
    assert found[:stored] == numbers([movement(n) for n in range(stored)])
    assert len(found) in (stored, stored + 1)  # the kill may fall between storing and saying so
