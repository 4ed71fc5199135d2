"""The gateway: readers -> inbox -> passages -> outbox -> uplink, wired and supervised."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version

from tagdock_contract import (
    Event,
    GatewayAddress,
    Movement,
    ReaderEvent,
    Record,
    Status,
    TagRead,
    content_uuid7,
)

from tagdock_edge.clock import from_us, to_us
from tagdock_edge.config import GatewayConfig
from tagdock_edge.driver import Reader, find_driver
from tagdock_edge.errors import OutboxFullError
from tagdock_edge.inbox import Inbox, ReaderNews
from tagdock_edge.outbox import Outbox
from tagdock_edge.passage import Detector, Verdict, movement
from tagdock_edge.uplink import Uplink

log = logging.getLogger(__name__)

TICK_S = 0.1
"""How often passages are looked at when nothing is read."""
HELD_AT_MOST = 10_000
"""Events kept in memory while the outbox has no room; then the oldest go, and are counted as lost."""
_SMALL_STEP = 10
"""Events stored at a time while there is hardly any room."""
_TELL_EVERY_S = 60.0
_JOIN_S = 5.0


def replay(records: Iterable[Record], config: GatewayConfig) -> Iterator[Movement]:
    """Turn recorded reads into movements. Only the reads' own time counts: twice gives the same twice."""
    detector = Detector(config.doors, config.passage)
    for record in records:
        _feed(detector, record)
        for verdict in detector.advance(to_us(record.at)):
            yield movement(verdict, config.address)
    for verdict in detector.flush():
        yield movement(verdict, config.address)


def _feed(detector: Detector, record: Record) -> None:
    if isinstance(record, TagRead):
        detector.add(record)
    else:
        detector.add_input(record)


class _ReadClock:
    """The time of the newest read, carried on by the time that went by since: what passages are measured by."""

    def __init__(self) -> None:
        self._newest_us, self._since_s = 0, time.monotonic()

    def note(self, at_us: int) -> None:
        if at_us > self.now_us():
            self._newest_us, self._since_s = at_us, time.monotonic()

    def now_us(self) -> int:
        return self._newest_us + int((time.monotonic() - self._since_s) * 1e6)


class Gateway:
    """One running gateway. `run` blocks until `stop`, or until something fails that it can't mend itself."""

    def __init__(self, config: GatewayConfig, outbox: Outbox) -> None:
        """Wire the parts; nothing is started yet."""
        self._config, self._outbox = config, outbox
        self._inbox = Inbox()
        self._detector = Detector(config.doors, config.passage)
        self._clock = _ReadClock()
        self._readers = [find_driver(each.driver).reader(each.name, each.settings) for each in config.readers]
        self._uplink = Uplink(config.address, config.broker, outbox, self.status)
        self._stop = threading.Event()
        self._held: list[Event] = []
        self._no_room = False
        self._lost_events = 0
        self._told_lost: dict[str, int] = {}
        self._tell_at_s = 0.0
        self._failure: BaseException | None = None

    def stop(self) -> None:
        """End `run` soon; safe to call from a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Read, decide, store and send until stopped. Raises EdgeError when a part fails for good."""
        readers = [self._start(f"reader {reader.name}", self._reader_loop(reader)) for reader in self._readers]
        uplink = self._start("uplink", self._uplink.run)
        try:
            while not self._stop.is_set():
                self._step(TICK_S)
                self._tell_losses()
            self._join(readers)
            self._step(0.0)
            self._store(self._movements(self._detector.flush()))
        finally:
            self._stop.set()
            self._uplink.stop()
            self._join([*readers, uplink])
        if self._failure is not None:
            raise self._failure

    def status(self, online: bool) -> Status:
        """Build the health message."""
        fill = self._outbox.fill()
        return Status(
            site=self._config.address.site,
            gateway=self._config.address.gateway,
            state="online" if online else "offline",
            at=from_us(time.time_ns() // 1000),
            outbox_events=fill.events + len(self._held),
            outbox_refused_batches=fill.refused_batches,
            oldest_unacked_at=fill.oldest_at,
            readers=tuple(reader.status() for reader in self._readers),
            software=f"tagdock-edge {version('tagdock-edge')}",
        )

    def _tell_losses(self) -> None:
        """Say what had to be let go, when that has grown, at most once a minute: nothing goes without a word."""
        lost = {
            "reads (the gateway could not keep up)": self._inbox.lost_reads,
            "reads (later than their passage's verdict)": self._detector.counts.late,
            "events (the outbox's bound)": self._outbox.dropped,
            "events (no room on disk nor in memory)": self._lost_events,
        }
        if any(lost.values()) and lost != self._told_lost and time.monotonic() >= self._tell_at_s:
            self._told_lost, self._tell_at_s = lost, time.monotonic() + _TELL_EVERY_S
            log.warning("let go since the start: %s", ", ".join(f"{n} {what}" for what, n in lost.items() if n))

    def _step(self, wait_s: float) -> None:
        """Take what the readers delivered, decide what is over, store it, then tell the uplink."""
        deliveries, news = self._inbox.take(wait_s)
        events: list[Event] = [_reader_event(item, self._config.address) for item in news]
        for delivery in deliveries:
            events += self._movements(self._take(delivery))
        events += self._movements(self._detector.advance(self._clock.now_us()))
        self._store(events)

    def _take(self, delivery: Sequence[Record]) -> list[Verdict]:
        for record in delivery:
            _feed(self._detector, record)
        if delivery:
            self._clock.note(max(to_us(delivery[0].at), to_us(delivery[-1].at)))
        return self._detector.advance(self._clock.now_us())

    def _movements(self, verdicts: Iterable[Verdict]) -> list[Event]:
        return [movement(verdict, self._config.address) for verdict in verdicts]

    def _store(self, events: list[Event]) -> None:
        """Put events on disk before anything else hears of them; hold what the disk has no room for."""
        waiting, self._held = self._held + events, []
        step = len(waiting) if not self._no_room else _SMALL_STEP
        while waiting:
            try:
                self._outbox.add(waiting[:step])
            except OutboxFullError as error:
                if step > _SMALL_STEP:
                    step = _SMALL_STEP  # some of them may fit
                    continue
                self._hold(waiting, error)
                return
            waiting = waiting[step:]
            self._uplink.notify()
        if self._no_room:
            self._no_room = False
            log.warning("the outbox has room again; %d events were lost meanwhile", self._lost_events)

    def _hold(self, events: list[Event], error: OutboxFullError) -> None:
        if not self._no_room:
            self._no_room = True
            log.error("%s; up to %d events are held in memory meanwhile", error, HELD_AT_MOST)
        surplus = max(len(events) - HELD_AT_MOST, 0)
        self._lost_events += surplus
        self._held = events[surplus:]

    def _start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                target()
            except BaseException as error:  # whatever ends a thread ends the gateway, and is told
                self._failure = self._failure or error
                self._stop.set()

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    def _reader_loop(self, reader: Reader) -> Callable[[], None]:
        return lambda: reader.run(self._inbox, self._stop)

    def _join(self, threads: Iterable[threading.Thread]) -> None:
        for thread in threads:
            thread.join(_JOIN_S)


def _reader_event(news: ReaderNews, gateway: GatewayAddress) -> ReaderEvent:
    identity = (gateway.site, gateway.gateway, news.reader, news.state, str(news.antenna), str(news.at_us))
    return ReaderEvent(
        event_id=content_uuid7(news.at_us // 1000, *identity),
        observed_at=from_us(news.at_us),
        site=gateway.site,
        reader=news.reader,
        state=news.state,
        antenna=news.antenna,
        detail="".join(char if char.isprintable() else "?" for char in news.detail[:1000]),
    )
