"""The readers: each is run by its own driver for a while, and what came of it is told."""

import threading
import time
from collections import Counter
from collections.abc import Iterator

from tagdock_contract import TagRead

from tagdock_edge.config import GatewayConfig, ReaderConfig, wiring
from tagdock_edge.doctor.finding import Finding
from tagdock_edge.driver import Reader, find_driver
from tagdock_edge.inbox import Inbox

_LOOK_EVERY_S = 0.1
_END_S = 3.0
_CLOCK_OFF_S = 0.5


def look_at_readers(config: GatewayConfig, for_s: float) -> Iterator[Finding]:
    """Run all readers side by side for `for_s` seconds (and not longer than each needs to show that it can't)."""
    stop = threading.Event()
    trials = [_Trial(config, reader, stop) for reader in config.readers]
    end_s = time.monotonic() + for_s
    while time.monotonic() < end_s and any(trial.works for trial in trials):
        time.sleep(_LOOK_EVERY_S)
        for trial in trials:
            trial.take()
    stop.set()  # what they say of themselves from now on is only that
    for trial in trials:
        yield from trial.findings(for_s)


class _Trial:
    """One reader on trial."""

    def __init__(self, config: GatewayConfig, reader: ReaderConfig, stop: threading.Event) -> None:
        self._name = reader.name
        self._antennas, _ = wiring(config.doors, config.shelves, reader.name)
        self._driver = find_driver(reader.driver)
        self._reader: Reader = self._driver.reader(reader.name, reader.settings)
        self._inbox = Inbox(own_time=self._driver.own_time)
        self._reads: Counter[int] = Counter()
        self._was_up = False
        self._why = ""
        self._broke: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(stop,), name=f"trial {reader.name}", daemon=True)
        self._thread.start()

    @property
    def works(self) -> bool:
        return self._thread.is_alive()

    def take(self) -> None:
        """Count what came so far, and note what the reader says of itself."""
        self._count()
        status = self._reader.status()
        self._was_up = self._was_up or status.state == "up"
        self._why = status.detail or self._why

    def _count(self) -> None:
        for delivery in self._inbox.take(0.0).deliveries:
            self._reads.update(record.antenna for record in delivery if isinstance(record, TagRead))

    def findings(self, for_s: float) -> Iterator[Finding]:
        """End it, and say what came of it."""
        status = self._reader.status()
        self._thread.join(_END_S)
        self._count()
        subject = f"reader {self._name}"
        if self._broke is not None:
            yield Finding(subject, "bad", f"its driver broke: {type(self._broke).__name__}: {self._broke}")
            return
        if not self._was_up and not self._reads:
            yield Finding(subject, "bad", self._why or f"did not get ready within {for_s:g} s", "see docs/edge.md")
            return
        yield Finding(subject, "ok", f"works, {sum(self._reads.values())} reads; {self._why}".rstrip("; "))
        if status.clock_offset_s is not None and abs(status.clock_offset_s) > _CLOCK_OFF_S:
            yield Finding(
                subject, "warning", f"its clock is off by {status.clock_offset_s:+.1f} s (corrected)", "set its NTP"
            )
        silent = [str(antenna) for antenna in self._antennas if not self._reads[antenna]]
        if silent and not self._driver.own_time:
            yield Finding(
                subject,
                "warning",
                f"no tag was read at antenna {', '.join(silent)} within {for_s:g} s",
                "hold a tag before each and look again; if none answers, check cable and power",
            )

    def _run(self, stop: threading.Event) -> None:
        try:
            self._reader.run(self._inbox, stop)
        except Exception as error:  # whatever a driver does wrong is a finding
            self._broke = error
