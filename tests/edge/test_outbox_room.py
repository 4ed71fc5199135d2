"""No room: what goes first, what never goes, each drop counted; bounds, full disks, what was given before."""

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
import tagdock_edge.outbox.outbox
from tagdock_contract import Ack, BinReading, Event, Movement, ReaderEvent, Refusal, content_uuid7
from tagdock_edge.config import OutboxConfig
from tagdock_edge.errors import OutboxError, OutboxFullError
from tagdock_edge.outbox import Outbox, refused_batches, retry_refused

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
START_MS = 1_767_600_000_000
NOTHING_LOST = {"bin_reading": 0, "pass": 0, "reader_event": 0}


def movement(number: int, direction: str = "in") -> Movement:
    return Movement(
        event_id=content_uuid7(START_MS + number, "movement", str(number)),
        observed_at=START + timedelta(seconds=number),
        site="s1",
        epc="urn:epc:id:sgtin:0614141.812345.6789",
        epc_hex="3074257BF7194E4000001A85",
        direction=direction,  # type: ignore[arg-type]
        confidence=1.0,
        door="D1",
    )


def reading(number: int, place: str = "A-1", quantity: str = "mass_kg") -> BinReading:
    at = START + timedelta(seconds=number)
    return BinReading(content_uuid7(START_MS + number, place, quantity), at, "s1", place, quantity, float(number))


def news(number: int) -> ReaderEvent:
    return ReaderEvent(content_uuid7(START_MS + number, "news"), START, "s1", "dock-1", "up")


def ids(events: list[Event]) -> list[UUID]:
    return [event.event_id for event in events]


def waiting(outbox: Outbox) -> list[UUID]:
    """All events in their order; they are in batches afterwards."""
    formed = [*outbox.unacked(0, 1000), *outbox.form(1000)]
    batches = {batch.seq: batch for batch in formed}
    return [UUID(msgspec.json.decode(body)["event_id"]) for seq in sorted(batches) for body in batches[seq].bodies]


def ack_all(outbox: Outbox) -> None:
    outbox.form(1000)
    outbox.settle([Ack(epoch=outbox.epoch, committed=tuple(outbox.unacked_seqs()))])


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Outbox]]:
    """Open the test's one outbox; again closes it before."""
    current: list[Outbox] = []

    def reopen(events_at_most: int = 100_000, folder: Path = tmp_path, **bounds: int) -> Outbox:
        if current:
            current.pop().close()
        current.append(Outbox(OutboxConfig(folder / "outbox.sqlite", "normal", events_at_most), **bounds))
        return current[0]

    yield reopen
    if current:
        current[0].close()


def test_readings_thin_out_first_and_the_newest_of_each_bin_and_quantity_stays(opened: Callable[..., Outbox]) -> None:
    outbox = opened(events_at_most=14)
    passes: list[Event] = [movement(100 + n, "pass") for n in range(3)]
    mass: list[Event] = [reading(n) for n in range(8)]
    alone: list[Event] = [reading(20, "A-2"), reading(21, "A-1", "humidity_pct")]
    outbox.add([*passes, *mass, *alone, movement(50)])
    assert outbox.lost == NOTHING_LOST
    outbox.add([movement(51)])
    assert outbox.lost == NOTHING_LOST | {"bin_reading": 4}
    kept = [*passes, *mass[1::2], *alone, movement(50), movement(51)]
    assert outbox.fill().events == len(kept)
    assert waiting(outbox) == ids(kept)


def test_a_flood_of_readings_gets_sparser_the_older_it_is(opened: Callable[..., Outbox]) -> None:
    outbox = opened(events_at_most=1000)
    for begin in range(0, 8000, 50):
        outbox.add([reading(begin + n) for n in range(50)])
    kept = waiting(outbox)
    of_id = {reading(n).event_id: n for n in range(8000)}
    numbers = [of_id[one] for one in kept]
    assert len(kept) <= 1000
    assert numbers[-1] == 7999
    assert min(numbers) < 2000
    assert sum(n >= 6000 for n in numbers) > 2 * sum(n < 2000 for n in numbers) > 0
    assert outbox.lost == NOTHING_LOST | {"bin_reading": 8000 - len(kept)}


@pytest.mark.parametrize(
    ("events", "gone", "lost"),
    [
        ([reading(1), reading(2), movement(3, "pass"), news(4)], [reading(1)], {"bin_reading": 1}),
        ([reading(1), movement(2, "pass"), movement(3, "pass"), news(4)], [movement(2, "pass")], {"pass": 1}),
        ([reading(1), news(2), movement(3, "uncertain"), news(4)], [news(2)], {"reader_event": 1}),
        ([movement(1, "in"), movement(2, "out"), movement(3, "uncertain"), reading(4)], [], {}),
    ],
    ids=["readings", "then passes", "then news of readers", "never what crossed"],
)
def test_the_order_in_which_events_go(
    opened: Callable[..., Outbox], events: list[Event], gone: list[Event], lost: dict[str, int]
) -> None:
    outbox = opened(events_at_most=4)
    outbox.add(events)
    outbox.add([movement(9)])
    assert waiting(outbox) == ids([event for event in [*events, movement(9)] if event not in gone])
    assert outbox.lost == NOTHING_LOST | lost


def test_losses_are_counted_over_restarts(opened: Callable[..., Outbox]) -> None:
    outbox = opened(events_at_most=2)
    outbox.add([movement(1, "pass"), movement(2, "pass"), movement(3, "pass")])
    assert opened(events_at_most=2).lost == NOTHING_LOST | {"pass": 1}


def test_a_full_file_lets_what_may_go_go_and_takes_a_crossing(opened: Callable[..., Outbox]) -> None:
    outbox, passes = opened(bytes_at_most=200_000), 0
    with pytest.raises(OutboxFullError, match="free some disk"):
        for n in range(10_000):
            outbox.add([movement(n, "in")])
            passes = n
    assert outbox.lost == NOTHING_LOST
    outbox = opened(bytes_at_most=300_000)
    while not outbox.lost["pass"]:
        passes += 1
        outbox.add([movement(passes, "pass")])
    assert outbox.add([movement(passes + 1)]) == 1


def test_a_nearly_full_disk_takes_no_events_but_acks(opened: Callable[..., Outbox]) -> None:
    opened().add([movement(1)])
    outbox = opened(reserve_bytes=2**60)
    with pytest.raises(OutboxFullError, match="nearly full"):
        outbox.add([movement(2)])
    ack_all(outbox)
    assert outbox.fill().events == 0


def test_a_disk_that_somebody_else_fills_loses_nothing(small_disk: Path, opened: Callable[..., Outbox]) -> None:
    outbox, stored = opened(folder=small_disk), 0
    with pytest.raises(OutboxFullError, match="nearly full"):
        while True:
            stored += outbox.add([movement(stored + n) for n in range(1000)])
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space left"), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(65_536)) == 65_536:
            pass
        file.write(bytes(65_536))
    with pytest.raises(OutboxFullError):
        outbox.add([movement(stored + n) for n in range(1000)])
    outbox = opened(folder=small_disk)  # also after a restart on the full disk
    assert outbox.fill().events == stored
    ballast.unlink()
    ack_all(outbox)
    assert outbox.add([movement(stored + n) for n in range(1000)]) == 1000
    assert waiting(outbox) == ids([movement(stored + n) for n in range(1000)])


def test_a_read_only_disk_is_told(small_disk: Path, opened: Callable[..., Outbox]) -> None:
    opened(folder=small_disk).add([movement(1)])
    opened().close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(OutboxError, match="folder that is writable"):
        opened(folder=small_disk)


def test_what_was_given_since_the_checkpoint_is_not_taken_again_even_when_acked(opened: Callable[..., Outbox]) -> None:
    outbox = opened()
    assert outbox.add([movement(1), movement(2)]) == 2
    ack_all(outbox)
    outbox = opened()
    assert outbox.add([movement(1), movement(2), movement(3)]) == 1
    outbox.forget_given()
    assert outbox.add([movement(1), movement(3)]) == 1, "one waits here, the other is given anew"


def test_what_went_for_want_of_room_is_not_taken_again(opened: Callable[..., Outbox]) -> None:
    outbox = opened(events_at_most=1)
    outbox.add([movement(1, "pass")])
    outbox.add([movement(2)])
    assert outbox.add([movement(1, "pass")]) == 0
    assert outbox.lost["pass"] == 1


def test_the_memory_of_what_was_given_is_bounded(
    opened: Callable[..., Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tagdock_edge.outbox.outbox, "GIVEN_AT_MOST", 10)
    outbox = opened()
    for n in range(30):
        outbox.add([movement(n)])
        ack_all(outbox)
    assert outbox.add([movement(n) for n in range(20, 30)]) == 0
    assert outbox.add([movement(0)]) == 1


def test_the_disk_is_given_back_after_a_drain(
    opened: Callable[..., Outbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tagdock_edge.outbox.outbox, "_GIVE_BACK_ABOVE", 100)
    outbox, file = opened(), tmp_path / "outbox.sqlite"
    for begin in range(0, 10_000, 1000):
        outbox.add([movement(begin + n) for n in range(1000)])
        outbox.forget_given()
    ack_all(outbox)
    full_bytes = file.stat().st_size
    while outbox.give_back():
        pass
    outbox.sync()
    assert file.stat().st_size < 1_000_000 < full_bytes
    assert outbox.add([movement(70_000)]) == 1


POISON = {
    "another outbox": (lambda o: Ack(epoch=UUID(int=1), committed=(1, 2, 3), refused=(Refusal(4, "no"),)), 0, 0),
    "batches to come": (lambda o: Ack(epoch=o.epoch, committed=(5, 6, 2**62), refused=(Refusal(7, "no"),)), 0, 0),
    "a huge list": (lambda o: Ack(epoch=o.epoch, committed=tuple(range(5, 10_005))), 0, 0),
    "the same twice": (lambda o: Ack(epoch=o.epoch, committed=(1, 1, 1)), 1, 0),
    "refused and committed": (lambda o: Ack(epoch=o.epoch, committed=(1,), refused=(Refusal(1, "no"),)), 1, 0),
    "refused twice": (lambda o: Ack(epoch=o.epoch, refused=(Refusal(1, "no"), Refusal(1, "other"))), 0, 1),
    "nothing": (lambda o: Ack(epoch=o.epoch), 0, 0),
}


@pytest.mark.parametrize(("ack", "deleted", "parked"), POISON.values(), ids=POISON)
def test_an_ack_changes_only_the_batches_that_it_may(
    opened: Callable[..., Outbox], tmp_path: Path, ack: Callable[[Outbox], Ack], deleted: int, parked: int
) -> None:
    outbox = opened()
    outbox.add([movement(n) for n in range(400)])
    outbox.form(4)
    outbox.settle([ack(outbox)])
    refused = refused_batches(tmp_path / "outbox.sqlite")
    assert (outbox.fill().events, len(refused)) == (400 - 100 * deleted, parked)
    assert [batch.refused for batch in refused] == ["no"] * parked
    assert len(outbox.unacked_seqs()) == 4 - deleted - parked


def test_a_refused_batch_that_is_committed_after_all_goes(opened: Callable[..., Outbox]) -> None:
    outbox = opened()
    outbox.add([movement(1)])
    outbox.form()
    outbox.settle([Ack(epoch=outbox.epoch, refused=(Refusal(1, "a line\nand\x1b[2J more"),))])
    assert refused_batches(outbox._file.path)[0].refused == "a line?and?[2J more"
    outbox.settle([Ack(epoch=outbox.epoch, committed=(1,))])
    assert (outbox.fill().events, outbox.fill().refused_batches) == (0, 0)


def test_a_parked_batch_can_be_sent_again_as_it_was(opened: Callable[..., Outbox], tmp_path: Path) -> None:
    outbox = opened()
    outbox.add([movement(n) for n in range(200)])
    first, second = outbox.form(2)
    outbox.settle([Ack(epoch=outbox.epoch, refused=(Refusal(1, "no"), Refusal(2, "no")))])
    assert retry_refused(tmp_path / "outbox.sqlite", 2) == 1
    assert outbox.unacked(0, 5) == [second]
    assert retry_refused(tmp_path / "outbox.sqlite") == 1
    assert outbox.unacked(0, 5) == [first, second]
