"""A gateway that is behind with its work judges no passage by the time that the work takes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from tagdock_contract import Record, TagRead
from tagdock_edge import gateway as gateway_module
from tagdock_edge.config import OutboxConfig
from tagdock_edge.config_file import load
from tagdock_edge.gateway import Gateway
from tagdock_edge.outbox import Outbox
from tagdock_edge.pipeline import Pipeline

CONFIG = """
[gateway]
id = "gw-1"
site = "s1"
broker = "mqtt://127.0.0.1:1"

[[reader]]
name = "dock-1"
driver = "recording"
file = "reads.jsonl"

[[door]]
name = "D1"
antennas = [
  { reader = "dock-1", antenna = 1, side = "outside" },
  { reader = "dock-1", antenna = 2, side = "inside" },
]
"""
START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def crossing(epc: str = "30" * 12, at: datetime = START) -> list[list[TagRead]]:
    """Deliveries of a tag that comes in: the outside row's power falls while the inside row's rises."""
    return [
        [
            TagRead(at + timedelta(seconds=0.1 * step, milliseconds=antenna), "dock-1", antenna, epc, rssi_dbm)
            for antenna, rssi_dbm in ((1, -45.0 - 2 * step), (2, -69.0 + 2 * step))
        ]
        for step in range(12)
    ]


def test_reads_that_wait_behind_others_are_not_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    work = Pipeline.add

    def add_slowly(pipeline: Pipeline, records: Sequence[Record]) -> None:
        now_s[0] += 5.0 if records else 0.0
        work(pipeline, records)

    monkeypatch.setattr(gateway_module, "time", SimpleNamespace(monotonic=lambda: now_s[0], time_ns=lambda: 0))
    monkeypatch.setattr(gateway_module, "_WORKED_TOGETHER", 1)
    monkeypatch.setattr(Pipeline, "add", add_slowly)
    (tmp_path / "gateway.toml").write_text(CONFIG)
    (tmp_path / "reads.jsonl").touch()
    outbox = Outbox(OutboxConfig(tmp_path / "outbox.sqlite"))
    one = Gateway(load(tmp_path / "gateway.toml", {}), outbox)
    deliveries = crossing()
    for delivery in deliveries[:6]:
        one._inbox.deliver(delivery)
    one._step(0.0)  # takes 30 s; the rest comes in meanwhile
    for delivery in deliveries[6:]:
        one._inbox.deliver(delivery)
    one._step(0.0)
    now_s[0] += 60.0
    one._step(0.0)
    assert dict(one._moved) == {"in": 1, "out": 0, "pass": 0, "uncertain": 0}
    outbox.close()


@pytest.mark.parametrize("back_s", [3600.0, 20.0, 3.0], ids=["an hour", "seconds", "as long as verdicts wait"])
def test_goods_that_come_after_the_clock_was_set_back_are_told_once_and_right(
    back_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read has the time of the system's clock, which somebody sets right while goods stand in the doorway."""
    passed_s, set_back_s = 0.0, 0.0

    def system_s() -> float:
        return START.timestamp() + passed_s - set_back_s

    clocks = SimpleNamespace(monotonic=lambda: 100.0 + passed_s, time_ns=lambda: int(system_s() * 1e9))
    monkeypatch.setattr(gateway_module, "time", clocks)
    driver = 'driver = "llrp"\nhost = "127.0.0.1"'
    (tmp_path / "gateway.toml").write_text(CONFIG.replace('driver = "recording"\nfile = "reads.jsonl"', driver))
    outbox = Outbox(OutboxConfig(tmp_path / "outbox.sqlite"))
    one = Gateway(load(tmp_path / "gateway.toml", {}), outbox)
    one._inbox._own_time = True  # the scene's time is not the present

    def step() -> None:
        nonlocal passed_s
        passed_s += 0.1
        one._step(0.0)

    for number in range(3):
        for delivery in crossing(f"30{number:022X}", datetime.fromtimestamp(system_s(), UTC)):
            one._inbox.deliver(delivery)
            step()
        if number == 0:
            set_back_s = back_s
        for _ in range(100):
            step()
    assert dict(one._moved) == {"in": 3, "out": 0, "pass": 0, "uncertain": 0}
    assert not any(one._lost().values())
    outbox.close()


@pytest.mark.parametrize("rests_at", [1, 2, 3], ids=["before", "between", "after"])
def test_a_thread_that_rests_between_two_looks_at_clocks_takes_none_for_set_back(
    rests_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed_s, looks = 0.0, 0

    def look_s() -> float:
        nonlocal passed_s, looks
        looks += 1
        passed_s += 7.0 if looks % 3 == rests_at % 3 else 0.0
        return passed_s

    clocks = SimpleNamespace(monotonic=look_s, time_ns=lambda: int(look_s() * 1e9))
    monkeypatch.setattr(gateway_module, "time", clocks)
    told = [gateway_module._ahead_us() for _ in range(3)]
    assert all(before <= at_most for (before, _), (_, at_most) in pairwise(told))
