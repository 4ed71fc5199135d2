"""The doctor's visit: all checks in the order in which one would ask."""

import time
from collections.abc import Iterator

from tagdock_edge.alone import hold_alone
from tagdock_edge.config import GatewayConfig
from tagdock_edge.doctor.broker import look_at_broker
from tagdock_edge.doctor.clock import look_at_clock
from tagdock_edge.doctor.disk import look_at_disk
from tagdock_edge.doctor.doors import look_at_doors
from tagdock_edge.doctor.finding import Finding
from tagdock_edge.doctor.readers import look_at_readers
from tagdock_edge.errors import FolderError


def visit(config: GatewayConfig, for_s: float) -> Iterator[Finding]:
    """Yield one finding after the other, as they are made.

    A gateway that runs on this configuration is not disturbed: most readers take one client only, and the broker would
    end its session. Then broker and readers are skipped.
    """
    yield Finding("configuration", "ok", f"{len(config.readers)} readers, {len(config.doors)} doors")
    yield from look_at_doors(config)
    disk = list(look_at_disk(config))
    yield from disk
    yield look_at_clock()
    if disk[0].verdict == "bad":
        return
    try:
        lock = hold_alone(config.outbox.lock_path, config.outbox.path)
    except FolderError:
        yield Finding(
            "gateway", "skipped", "it is running: broker and readers are not disturbed", "look at its log and metrics"
        )
        return
    with lock:
        yield from look_at_broker(config, time.time_ns() // 1000)
        yield from look_at_readers(config, for_s)
