"""The intake: bounded, in order, and nobody waits for ever; and what the broker is told is in its order, too."""

import threading
import time
from collections.abc import Callable
from typing import Any

from tagdock_cloud.ingest.admit import Delivery
from tagdock_cloud.ingest.intake import MESSAGE_BYTES, Intake, Settlement


def delivery(size: int = 0, packet_id: int = 1) -> Delivery:
    return Delivery("", b"x" * (size * MESSAGE_BYTES - MESSAGE_BYTES), False, packet_id, 1)


def test_gives_groups_in_the_order_of_arrival_and_no_larger_than_asked() -> None:
    intake = Intake(100 * MESSAGE_BYTES)
    came = [delivery(size) for size in (3, 4, 5)]
    for one in came:
        assert intake.put([one])
    assert intake.take(7 * MESSAGE_BYTES, 10) == came[:2]
    assert intake.take(7 * MESSAGE_BYTES, 10) == came[2:]
    assert intake.take(7 * MESSAGE_BYTES, 10) == []


def test_gives_no_more_messages_than_asked() -> None:
    intake = Intake(100 * MESSAGE_BYTES)
    for _ in range(3):
        intake.put([delivery(1)])
    assert len(intake.take(100 * MESSAGE_BYTES, 2)) == 2
    assert intake.wait(0)


def test_a_message_larger_than_all_bounds_passes_alone() -> None:
    intake = Intake(2 * MESSAGE_BYTES)
    large = delivery(9)
    assert intake.put([large])
    assert intake.take(MESSAGE_BYTES, 10) == [large]


def test_who_brings_too_much_waits_until_there_is_room() -> None:
    intake = Intake(5 * MESSAGE_BYTES)
    intake.put([delivery(4)])
    brought = threading.Event()
    second = delivery(4)
    bringer = threading.Thread(target=lambda: intake.put([second]) and brought.set())
    bringer.start()
    assert not brought.wait(0.2)
    intake.take(5 * MESSAGE_BYTES, 10)
    assert brought.wait(20)
    bringer.join()
    assert intake.take(5 * MESSAGE_BYTES, 10) == [second]


def test_closing_sends_everybody_home(wait_until: Callable[..., Any]) -> None:
    intake = Intake(MESSAGE_BYTES)
    intake.put([delivery(1)])
    results: list[bool] = []
    bringer = threading.Thread(target=lambda: results.append(intake.put([delivery(1)])))
    bringer.start()
    intake.close()
    bringer.join(20)
    assert results == [False]


def test_waiting_for_something_ends_at_its_deadline() -> None:
    started_s = time.monotonic()
    assert not Intake(1).wait(0.05)
    assert 0.05 <= time.monotonic() - started_s < 20


def test_every_waiting_writer_gets_its_share_of_what_came() -> None:
    intake, taken = Intake(1000 * MESSAGE_BYTES), []

    def work() -> None:
        while intake.wait(20):
            taken.extend(intake.take(MESSAGE_BYTES, 1))

    writers = [threading.Thread(target=work) for _ in range(3)]
    for writer in writers:
        writer.start()
    for number in range(300):
        intake.put([delivery(1, number)])
    while len(taken) < 300:
        time.sleep(0.01)
    intake.close()
    for writer in writers:
        writer.join(20)
    assert sorted(one.packet_id for one in taken) == list(range(300))


def test_what_is_through_early_waits_for_what_came_before_it() -> None:
    settlement, came = Settlement(), [delivery(1, number) for number in range(5)]
    settlement.expect(came[:2])
    settlement.expect(came[2:])
    assert settlement.settle([came[1], came[2]]) == []
    assert settlement.settle([came[0]]) == came[:3]
    assert settlement.settle([came[4], came[3]]) == came[3:]
