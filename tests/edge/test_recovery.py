"""Recovery: whatever moment the process ends at, its successor tells what it would have told, and nothing twice."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from tagdock_contract import Ack, GatewayAddress, Record, TagRead
from tagdock_edge.clock import SECOND_US, to_us
from tagdock_edge.config import (
    AntennaConfig,
    BrokerConfig,
    DoorConfig,
    GatewayConfig,
    JournalConfig,
    OutboxConfig,
    PassageConfig,
)
from tagdock_edge.journal import Journal
from tagdock_edge.outbox import Outbox
from tagdock_edge.pipeline import Pipeline
from tagdock_edge.recovery import AHEAD_US, checkpoint, recover

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
START_US = to_us(START)
TICK_US = 100_000
TICKS = 120
DOOR = DoorConfig("D1", (AntennaConfig("dock-1", 1, "outside"), AntennaConfig("dock-1", 2, "inside")))


def crossings() -> Iterator[tuple[list[Record], int]]:
    """What came in each tick, and its time: a tag enters every half second and crosses within 1.2 s."""
    for tick in range(TICKS):
        at = START + timedelta(microseconds=tick * TICK_US)
        records: list[Record] = []
        for tag in range(12):
            age = tick - tag * 5
            if 0 <= age < 12:
                for antenna, rssi_dbm in ((1, -45.0 - 2 * age), (2, -69.0 + 2 * age)):
                    records.append(
                        TagRead(at + timedelta(milliseconds=antenna), "dock-1", antenna, f"30{tag:022X}", rssi_dbm)
                    )
        yield records, START_US + (tick + 1) * TICK_US


class Process:
    """One process of the gateway, as far as its memory goes; `end` is its SIGKILL."""

    def __init__(self, folder: Path, doors: tuple[DoorConfig, ...] = (DOOR,)) -> None:
        self.config = GatewayConfig(
            GatewayAddress("s1", "gw-1"),
            BrokerConfig("127.0.0.1", 1),
            OutboxConfig(folder / "outbox.sqlite", "normal"),
            JournalConfig(folder / "journal", sync="none"),
            readers=(),
            doors=doors,
            passage=PassageConfig(),
        )
        self.outbox, self.journal = Outbox(self.config.outbox), Journal(self.config.journal)
        self.pipeline = Pipeline(self.config)

    def recover(self, system_us: int = START_US + 60 * SECOND_US) -> int | None:
        now_us = recover(self.journal, self.pipeline, self.outbox.add, system_us)
        self.checkpoint(now_us or 0)
        return now_us

    def step(self, records: list[Record], now_us: int) -> None:
        if records or self.pipeline.open_tags:
            self.journal.append(records, now_us)
        else:
            self.journal.pass_by(now_us)
        self.pipeline.add(records)
        self.outbox.add(self.pipeline.advance(now_us))

    def checkpoint(self, now_us: int) -> None:
        checkpoint(self.journal, self.outbox, self.pipeline, now_us)

    def end(self) -> None:
        """Leave the files as they are; what is in memory is gone."""
        self.journal.close()
        self.outbox.close()


def hand_over(outbox: Outbox) -> list[bytes]:
    """Have the cloud commit all that waits; returns it."""
    batches = [*outbox.unacked(0, 1000), *outbox.form(1000)]
    outbox.settle([Ack(epoch=outbox.epoch, committed=tuple(batch.seq for batch in batches))])
    return [body for batch in batches for body in batch.bodies]


@pytest.fixture
def undisturbed(tmp_path: Path) -> list[bytes]:
    process = Process(tmp_path / "undisturbed")
    process.recover()
    for records, now_us in crossings():
        process.step(records, now_us)
    told = hand_over(process.outbox)
    process.end()
    assert len(told) == 12
    return told


@pytest.mark.parametrize("seed", range(3))
def test_however_often_it_is_killed_the_same_is_told_once(tmp_path: Path, undisturbed: list[bytes], seed: int) -> None:
    chance, told = random.Random(seed), list[bytes]()
    process = Process(tmp_path)
    process.recover()
    for records, now_us in crossings():
        process.step(records, now_us)
        if chance.random() < 0.3:
            told += hand_over(process.outbox)
        if chance.random() < 0.1:
            process.checkpoint(now_us)
        if chance.random() < 0.15:
            process.end()
            process = Process(tmp_path)
            process.recover()
    told += hand_over(process.outbox)
    process.end()
    assert sorted(told) == sorted(undisturbed)


def test_the_time_goes_on_from_the_last_step(tmp_path: Path) -> None:
    process = Process(tmp_path)
    process.recover()
    process.step([], START_US)
    process.step([TagRead(START, "dock-1", 1, "30", -50.0)], START_US + 1)
    process.end()
    process = Process(tmp_path)
    assert process.recover() == START_US + 1
    process.end()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda process: process.journal.checkpoint(b"\xff nonsense"), "can't be gone on from"),
        (lambda process: process.journal.checkpoint(msgspec.msgpack.encode((1, b"other"))), "can't be gone on from"),
        (lambda process: process.checkpoint(START_US + 61 * SECOND_US + AHEAD_US), "a clock was wrong"),
    ],
    ids=["nonsense", "of another version", "of a time to come"],
)
def test_a_checkpoint_that_is_of_no_use_is_told_and_the_gateway_begins_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[Process], object], told: str
) -> None:
    process = Process(tmp_path)
    spoil(process)
    process.end()
    process = Process(tmp_path)
    assert process.recover() is None
    process.end()
    assert told in caplog.text


def test_reads_that_can_not_be_worked_on_do_not_end_every_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    process = Process(tmp_path)
    process.checkpoint(START_US)
    for records, now_us in list(crossings())[:5]:
        process.journal.append(records, now_us)
    process.end()
    process = Process(tmp_path)
    with monkeypatch.context() as patch:  # a mistake that only these reads show
        patch.setattr(Pipeline, "add", lambda self, records: 1 // 0)
        assert process.recover() is None
    assert "please report this" in caplog.text
    process.end()
    process = Process(tmp_path)
    assert process.recover() is not None
    process.end()
