"""The intake: bounded, in order, and nobody waits for ever."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tagdock_cloud.ingest.admit import Accepted, Delivery, Ignored
from tagdock_cloud.ingest.intake import Arrival, Intake
from tagdock_contract import Batch, GatewayAddress, Movement

Make = Callable[..., Movement]


def arrival(movement: Make, events: int) -> Arrival:
    batch = Batch(epoch=uuid4(), seq=0, sent_at=datetime.now(UTC), events=tuple(movement() for _ in range(events)))
    return Arrival(Delivery("", b"", False, 1, 1), Accepted(GatewayAddress("s", "g"), batch, b""))


def test_gives_groups_in_the_order_of_arrival_and_no_larger_than_asked(movement: Make) -> None:
    intake = Intake(100)
    arrivals = [arrival(movement, events) for events in (3, 4, 5)]
    for one in arrivals:
        assert intake.put(one)
    assert intake.take(7, 0) == arrivals[:2]
    assert intake.take(7, 0) == arrivals[2:]
    assert intake.take(7, 0) == []


def test_a_batch_larger_than_all_bounds_passes_alone(movement: Make) -> None:
    intake = Intake(2)
    large = arrival(movement, 9)
    assert intake.put(large)
    assert intake.take(1, 0) == [large]


def test_who_brings_too_much_waits_until_there_is_room(movement: Make, wait_until: Callable[..., Any]) -> None:
    intake = Intake(5)
    intake.put(arrival(movement, 4))
    brought = threading.Event()
    second = arrival(movement, 4)
    bringer = threading.Thread(target=lambda: intake.put(second) and brought.set())
    bringer.start()
    assert not brought.wait(0.2)
    intake.take(5, 0)
    assert brought.wait(5)
    bringer.join()
    assert intake.take(5, 0) == [second]


def test_closing_sends_everybody_home(movement: Make) -> None:
    intake = Intake(1)
    intake.put(arrival(movement, 1))
    results: list[bool] = []
    bringer = threading.Thread(target=lambda: results.append(intake.put(arrival(movement, 1))))
    bringer.start()
    intake.close()
    bringer.join(5)
    assert results == [False]


def test_waiting_for_a_group_ends_at_its_deadline() -> None:
    intake = Intake(1)
    started_s = time.monotonic()
    assert intake.take(1, 0.05) == []
    intake.wait_for_events(1, 0.05)
    assert 0.1 <= time.monotonic() - started_s < 5


def test_what_holds_no_events_counts_as_one(movement: Make) -> None:
    assert Arrival(Delivery("", b"", False, 1, 1), Ignored("noise")).weight == 1
