"""The gateway: readers -> inbox -> pipeline -> outbox -> uplink, wired and supervised."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from importlib.metadata import version

from tagdock_contract import Event, GatewayAddress, Movement, ReaderEvent, Status, content_uuid7

from tagdock_edge.clock import from_us, to_us
from tagdock_edge.config import GatewayConfig
from tagdock_edge.crew import Crew
from tagdock_edge.driver import find_driver
from tagdock_edge.health import LOSSES, Health
from tagdock_edge.inbox import Inbox, ReaderNews
from tagdock_edge.metrics import MetricsServer
from tagdock_edge.outbox import Outbox
from tagdock_edge.pipeline import Pipeline
from tagdock_edge.storage import Storage
from tagdock_edge.systemd import Systemd
from tagdock_edge.uplink import Uplink

log = logging.getLogger(__name__)

TICK_S = 0.1
"""How often passages are looked at when nothing is read."""
_TELL_EVERY_S = 60.0
_JOIN_S = 5.0


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

    def __init__(self, config: GatewayConfig, outbox: Outbox, environ: Mapping[str, str] | None = None) -> None:
        """Wire the parts; nothing is started yet. `environ` may name a service manager that wants to hear of us."""
        self._config, self._outbox = config, outbox
        self._inbox = Inbox(own_time=any(find_driver(each.driver).own_time for each in config.readers))
        self._pipeline = Pipeline(config)
        self._clock = _ReadClock()
        self._crew = Crew(self._inbox, self._fail)
        self._uplink = Uplink(config.address, config.broker, outbox, self.status)
        self._storage = Storage(outbox, self._uplink.notify)
        self._systemd = Systemd(environ or {})
        self._metrics = None if config.metrics is None else MetricsServer(config.metrics, self.health)
        self._stop = threading.Event()
        self._moved = Counter(dict.fromkeys(("in", "out", "pass", "uncertain"), 0))
        self._stepped_s = time.monotonic()
        self._told_lost: dict[str, int] = {}
        self._tell_at_s = 0.0
        self._failure: BaseException | None = None

    def stop(self) -> None:
        """End `run` soon; safe to call from a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Read, decide, store and send until stopped. Raises EdgeError when a part fails for good."""
        uplink = self._start("uplink", self._uplink.run)
        try:
            if self._metrics is not None:
                self._metrics.start()
            self._crew.set(self._config.readers)
            self._systemd.say("READY=1")
            while not self._stop.is_set():
                self._step(TICK_S)
                self._tell_losses()
                self._systemd.alive(time.monotonic())
            self._systemd.say("STOPPING=1")
            self._crew.stop()
            self._step(0.0)
            self._storage.add(self._pipeline.flush())
        finally:
            self._crew.stop()
            self._uplink.stop()
            uplink.join(_JOIN_S)
            if self._metrics is not None:
                self._metrics.close()
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
            outbox_events=fill.events + self._storage.held,
            outbox_refused_batches=fill.refused_batches,
            oldest_unacked_at=fill.oldest_at,
            readers=self._crew.status(),
            software=f"tagdock-edge {version('tagdock-edge')}",
        )

    def health(self) -> Health:
        """Look at everything; called from other threads."""
        return Health(
            status=self.status(True),
            broker_up=self._uplink.connected,
            stepped_s_ago=time.monotonic() - self._stepped_s,
            open_tags=self._pipeline.open_tags,
            movements=dict(self._moved),
            lost=self._lost(),
        )

    def _lost(self) -> dict[str, int]:
        return {
            "reads_unheard": self._inbox.lost_reads,
            "refused": self._inbox.refused,
            "reads_late": self._pipeline.late_reads,
            "readings_unheard": self._inbox.lost_readings,
            **self._outbox.lost,
            "events_no_room": self._storage.lost,
        }

    def _tell_losses(self) -> None:
        """Say what had to be let go, when that has grown, at most once a minute: nothing goes without a word."""
        lost = self._lost()
        if any(lost.values()) and lost != self._told_lost and time.monotonic() >= self._tell_at_s:
            self._told_lost, self._tell_at_s = lost, time.monotonic() + _TELL_EVERY_S
            log.warning("let go since the start: %s", ", ".join(f"{n} {LOSSES[what]}" for what, n in lost.items() if n))

    def _step(self, wait_s: float) -> None:
        """Take what was delivered, decide what is over, store it, then tell the uplink."""
        taken = self._inbox.take(wait_s)
        events: list[Event] = [_reader_event(item, self._config.address) for item in taken.news]
        events += taken.readings
        for delivery in taken.deliveries:
            self._pipeline.add(delivery)
            if delivery:
                self._clock.note(max(to_us(delivery[0].at), to_us(delivery[-1].at)))
            events += self._pipeline.advance(self._clock.now_us())
        events += self._pipeline.advance(self._clock.now_us())
        self._moved.update(event.direction for event in events if isinstance(event, Movement))
        self._storage.add(events)
        self._stepped_s = time.monotonic()

    def _start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                target()
            except BaseException as error:  # whatever ends a thread ends the gateway, and is told
                self._fail(error)

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self._stop.set()


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
