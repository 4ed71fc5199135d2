"""The judge: full groups are ready before anybody asks, others are as large as they would be without it; in order."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from tagdock_cloud.ingest.admit import Bounds, Delivery
from tagdock_cloud.ingest.intake import MESSAGE_BYTES, Intake
from tagdock_cloud.ingest.judge import Judge

Wait = Callable[..., Any]
GROUP_BYTES = 3 * MESSAGE_BYTES
DEADLINE_S = 60.0


def ignored(packet_id: int) -> Delivery:
    """A message that says nothing, and counts as one of three of a full group."""
    return Delivery("tagdock/v1/s1/g1/ack", b"", False, packet_id, 1)


@contextmanager
def judging(intake: Intake) -> Iterator[Judge]:
    stopping = threading.Event()
    bounds = Bounds(timedelta(seconds=60), timedelta(days=30))
    judge = Judge(intake, bounds=bounds, group_bytes=GROUP_BYTES, group_wait_s=0.005, stopping=stopping)
    thread = threading.Thread(target=judge.run, daemon=True)
    thread.start()
    try:
        yield judge
    finally:
        stopping.set()
        intake.close()
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


def numbers(judge: Judge) -> list[int]:
    group = judge.take(DEADLINE_S)
    return [] if group is None else [one.packet_id for one in group.deliveries]


def test_one_full_group_is_taken_before_anybody_asks_and_no_second_one(wait_until: Wait) -> None:
    intake = Intake(100 * MESSAGE_BYTES)
    intake.put([ignored(number) for number in range(9)])
    with judging(intake) as judge:
        wait_until(lambda: not intake.holds(7 * MESSAGE_BYTES))
        threading.Event().wait(0.2)  # time enough to take too much
        assert intake.holds(6 * MESSAGE_BYTES)
        assert [numbers(judge) for _ in range(3)] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_what_fills_no_group_grows_until_somebody_asks() -> None:
    intake = Intake(100 * MESSAGE_BYTES)
    with judging(intake) as judge:
        intake.put([ignored(1)])
        threading.Event().wait(0.2)  # time enough to take it alone
        intake.put([ignored(2)])
        assert numbers(judge) == [1, 2]


def test_who_asks_first_gets_what_comes_later() -> None:
    intake, found = Intake(100 * MESSAGE_BYTES), list[list[int]]()
    with judging(intake) as judge:
        asking = threading.Thread(target=lambda: found.append(numbers(judge)))
        asking.start()
        intake.put([ignored(1)])
        asking.join(DEADLINE_S)
        assert found == [[1]]
        assert judge.take(0.01) is None


def test_each_group_goes_to_one_writer_only() -> None:
    intake, found = Intake(1000 * MESSAGE_BYTES), list[int]()
    with judging(intake) as judge:

        def work() -> None:
            while len(found) < 300:
                group = judge.take(0.05)
                found.extend(one.packet_id for one in group.deliveries) if group is not None else None

        writers = [threading.Thread(target=work) for _ in range(3)]
        for writer in writers:
            writer.start()
        for number in range(300):
            intake.put([ignored(number)])
        for writer in writers:
            writer.join(DEADLINE_S)
    assert sorted(found) == list(range(300))
