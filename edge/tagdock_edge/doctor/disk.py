"""The folder of outbox and journal: writable, fast enough, large enough, used by one gateway only."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tagdock_edge.config import GatewayConfig
from tagdock_edge.doctor.finding import Finding
from tagdock_edge.errors import EdgeError
from tagdock_edge.outbox import refused_batches

BYTES_AN_EVENT = 900
"""What a movement with its evidence takes in the outbox (measured by benchmarks/edge_outbox.py), rounded up."""
_SYNCS = 9
_SLOW_SYNC_S = 0.05
"""At ten syncs a second a slower disk keeps verdicts waiting."""


def look_at_disk(config: GatewayConfig) -> Iterator[Finding]:
    """Try the folder as the gateway will use it; nothing is left behind."""
    folder = config.outbox.path.parent.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sync_s = _sync_s(folder)
    except OSError as error:
        yield Finding("disk", "bad", f"{folder} can't be written ({error.strerror})", "give a writable folder: --data")
        return
    yield _speed(folder, sync_s)
    yield _room(config, folder)
    if config.outbox.path.is_file():
        yield _parked(config.outbox.path)


def _sync_s(folder: Path) -> float:
    """Measure the median time in which a small write is on the disk; seconds."""
    spans = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_SYNCS):
            began_s = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            spans.append(time.perf_counter() - began_s)
    return statistics.median(spans)


def _speed(folder: Path, sync_s: float) -> Finding:
    detail = f"{folder} is writable; a write is on the disk after {sync_s * 1000:.1f} ms"
    if sync_s <= _SLOW_SYNC_S:
        return Finding("disk", "ok", detail)
    return Finding(
        "disk", "warning", detail, 'use another disk, or outbox_synchronous = "normal" if the power is backed up'
    )


def _room(config: GatewayConfig, folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    needed = config.outbox.events_at_most * BYTES_AN_EVENT + config.journal.size_bytes
    detail = f"{free / 1e9:.1f} GB free; outbox and journal may grow to {needed / 1e9:.1f} GB"
    if free >= needed:
        return Finding("disk", "ok", detail)
    return Finding(
        "disk", "warning", detail, "free some disk, or lower gateway.outbox_events_at_most and journal.size_mb"
    )


def _parked(path: Path) -> Finding:
    try:
        parked = len(refused_batches(path))
    except EdgeError as error:
        return Finding("outbox", "bad", str(error))
    if parked:
        return Finding("outbox", "warning", f"the cloud refused {parked} batches", "see why: tagdock-edge outbox list")
    return Finding("outbox", "ok", "no batch was refused")
