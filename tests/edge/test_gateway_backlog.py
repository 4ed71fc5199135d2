"""A gateway that is behind with its work judges no passage by the time that the work takes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
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


def crossing() -> list[list[TagRead]]:
    """Deliveries of a tag that comes in: the outside row's power falls while the inside row's rises."""
    return [
        [
            TagRead(START + timedelta(seconds=0.1 * step, milliseconds=antenna), "dock-1", antenna, "30" * 12, rssi_dbm)
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

    monkeypatch.setattr(gateway_module, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
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
