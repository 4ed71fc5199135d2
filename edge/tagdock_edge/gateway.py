"""The gateway: readers -> inbox -> pipeline -> outbox -> uplink, wired and supervised."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version

from tagdock_contract import Event, GatewayAddress, Movement, ReaderEvent, Record, Status, content_uuid7

from tagdock_edge.absences import Absences
from tagdock_edge.clock import from_us, to_us
from tagdock_edge.config import GatewayConfig
from tagdock_edge.crew import Crew
from tagdock_edge.driver import find_driver
from tagdock_edge.errors import EdgeError
from tagdock_edge.exchange import check_exchange
from tagdock_edge.health import LOSSES, Health
from tagdock_edge.inbox import Inbox, ReaderNews
from tagdock_edge.journal import Journal
from tagdock_edge.metrics import MetricsServer
from tagdock_edge.outbox import Outbox
from tagdock_edge.pipeline import Pipeline
from tagdock_edge.read_clock import ReadClock
from tagdock_edge.recovery import checkpoint, recover
from tagdock_edge.storage import Storage
from tagdock_edge.systemd import Systemd
from tagdock_edge.uplink import Uplink

log = logging.getLogger(__name__)

TICK_S = 0.1
"""How often passages are looked at when nothing is read."""
_TELL_EVERY_S = 60.0
_WORKED_TOGETHER = 500
"""Reads worked on at a time; the journal's cost a read hardly falls beyond (`benchmarks/edge_journal.py`)."""
_JOIN_S = 5.0
_SET_BACK_S = 0.5
"""A clock that is set back by less in one step delays a verdict by as much, and changes none."""
_PAUSE = "the gateway was not running: what this reader saw from now on until it is up is not known"


class Gateway:
    """One running gateway. `run` blocks until `stop`, or until something fails that it can't mend itself."""

    def __init__(
        self,
        config: GatewayConfig,
        outbox: Outbox,
        journal: Journal | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Wire the parts; nothing is started yet. `environ` may name a service manager that wants to hear of us.

        Without a journal a crash costs the passages that are undecided: right for recordings, which can be played anew.
        """
        self._config, self._outbox, self._journal = config, outbox, journal
        self._own_time = any(find_driver(each.driver).own_time for each in config.readers)
        self._inbox = Inbox(own_time=self._own_time)
        self._absences = Absences()
        self._pipeline = Pipeline(config)
        self._clock = ReadClock()
        self._ahead_us, _ = _ahead_us()
        self._worked_us = 0
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
        self._load: Callable[[], GatewayConfig] | None = None

    def stop(self) -> None:
        """End `run` soon; safe to call from a signal handler."""
        self._stop.set()

    def reload(self, load: Callable[[], GatewayConfig]) -> None:
        """Load the configuration anew at the next step, and go on by it; safe to call from a signal handler."""
        self._load = load

    def run(self) -> None:
        """Read, decide, store and send until stopped. Raises EdgeError when a part fails for good."""
        uplink = self._start("uplink", self._uplink.run)
        try:
            if self._metrics is not None:
                self._metrics.start()
            self._recover()
            self._crew.set(self._config.readers)
            self._systemd.say("READY=1")
            while not self._stop.is_set():
                self._step(TICK_S)
                self._tell_losses()
                self._take_configuration()
                self._systemd.alive(time.monotonic())
            self._systemd.say("STOPPING=1")
            self._crew.stop()
            self._step(0.0)
            if self._journal is None:  # else whoever starts next goes on with what is undecided
                self._storage.add(self._pipeline.flush())
            self._checkpoint()
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
            lost={what: count for what, count in self._lost().items() if count},
        )

    def health(self) -> Health:
        """Look at everything; called from other threads."""
        status = self.status(True)
        return Health(
            status=status,
            broker_up=self._uplink.connected,
            stepped_s_ago=time.monotonic() - self._stepped_s,
            waiting_reads=self._inbox.waiting,
            open_tags=self._pipeline.open_tags,
            movements=dict(self._moved),
            lost=self._lost(),
            unreachable_s=self._absences.seconds(to_us(status.at)),
            mute_eyes=self._pipeline.eyes(self._worked_us),
        )

    def _lost(self) -> dict[str, int]:
        return {
            "reads_unheard": self._inbox.lost_reads,
            "refused": self._inbox.refused,
            "reads_late": self._pipeline.late_reads,
            "tags_given_up": self._pipeline.tags_given_up,
            "readings_unheard": self._inbox.lost_readings,
            "reads_unjournaled": 0 if self._journal is None else self._journal.lost_records,
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
        is_set_back = self._is_set_back()
        taken = self._inbox.take(wait_s)
        taken_s = time.monotonic()
        events: list[Event] = [*self._reader_events(taken.news)]
        events += taken.readings
        for delivery in taken.deliveries:
            self._clock.note(_newest_us(delivery), taken_s)
        for records in _gathered(taken.deliveries):
            # Up to what was read, not to what the clock says: when work is behind, the next records are as old.
            events += self._work(records, _newest_us(records) - self._waits_us(taken_s))
        events += self._work((), self._clock.at(taken_s) - self._waits_us(taken_s))
        self._moved.update(event.direction for event in events if isinstance(event, Movement))
        self._storage.add(events)
        if self._journal is not None and self._journal.checkpoint_due():
            self._checkpoint()
        if is_set_back:  # what was delivered before has been worked on by now
            self._begin_anew()
        self._stepped_s = time.monotonic()

    def _is_set_back(self) -> bool:
        """Tell whether somebody has set the system's clock back: what is read will be older than what was judged."""
        if self._own_time:
            return False
        before_us = self._ahead_us
        self._ahead_us, at_most_us = _ahead_us()
        back_s = (before_us - at_most_us) / 1e6
        if back_s >= _SET_BACK_S:
            log.warning("the system's clock was set back by %.1f s: what is in a doorway is judged now", back_s)
        return back_s >= _SET_BACK_S

    def _begin_anew(self) -> None:
        """Judge what is in the doorways, and go on by another time."""
        decided = self._pipeline.begin_anew()
        self._moved.update(event.direction for event in decided)
        self._storage.add(decided)
        self._clock, self._worked_us = ReadClock(), 0
        self._checkpoint()

    def _waits_us(self, taken_s: float) -> int:
        """Return how much longer verdicts wait for reports that come late; a recording is played as fast as it goes."""
        return 0 if self._own_time else self._clock.waits_us(taken_s)

    def _reader_events(self, news: Iterable[ReaderNews]) -> Iterator[ReaderEvent]:
        """Make events of news; a recording that has ended is not away."""
        for each in news:
            yield _reader_event(each if self._own_time else self._absences.note(each), self._config.address)

    def _work(self, records: Sequence[Record], until_us: int) -> list[Movement]:
        """Write records down, then work on them and decide what is over by then."""
        now_us = self._worked_us = max(self._worked_us, until_us)
        if self._journal is not None and (records or self._pipeline.open_tags):
            self._journal.append(records, now_us)
        elif self._journal is not None and now_us:
            self._journal.pass_by(now_us)
        self._pipeline.add(records)
        return self._pipeline.advance(now_us)

    def _recover(self) -> None:
        """Go on where the last process was ended."""
        if self._journal is None:
            return
        now_us = recover(self._journal, self._pipeline, self._storage.add, time.time_ns() // 1000)
        if now_us is None:
            self._pipeline = Pipeline(self._config)
        else:
            self._worked_us = now_us
            self._clock.note(now_us, time.monotonic())
            self._tell_pause(now_us)
        self._checkpoint()

    def _tell_pause(self, since_us: int) -> None:
        """Say of each reader since when nobody listened; that it is up again, its driver says."""
        if since_us:
            news = (ReaderNews(since_us, each.name, "down", detail=_PAUSE) for each in self._config.readers)
            self._storage.add([*self._reader_events(news)])

    def _checkpoint(self) -> None:
        """Write down what is undecided; not while decided events wait in memory, which only the journal has then."""
        if self._journal is not None and not self._storage.held:
            checkpoint(self._journal, self._outbox, self._pipeline, self._worked_us)

    def _take_configuration(self) -> None:
        """Go on by another configuration: with the tags that are in a field, and the readers that it leaves alone."""
        load, self._load = self._load, None
        if load is None:
            return
        self._systemd.say("RELOADING=1")
        try:
            config = load()
            check_exchange(self._config, config)
            self._step(0.0)
            self._exchange(config)
            log.warning("the configuration was loaded: %d readers, %d doors", len(config.readers), len(config.doors))
        except EdgeError as error:
            for problem in str(error).splitlines():
                log.error("the configuration stays as it was: %s", problem)
        self._systemd.say("READY=1")

    def _exchange(self, config: GatewayConfig) -> None:
        pipeline = Pipeline(config)
        pipeline.restore(self._pipeline.snapshot())  # what follows can't fail
        self._config, self._pipeline = config, pipeline
        self._checkpoint()  # what comes is judged by the new configuration, after a crash as well
        self._uplink.use(config.broker)
        self._crew.set(config.readers)

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


def _ahead_us() -> tuple[int, int]:
    """Return by how much the system's clock is ahead of one that nobody sets, at least and at most.

    A thread may rest between two looks at clocks for as long as others keep the machine busy.
    """
    first_s, system_us, last_s = time.monotonic(), time.time_ns() // 1000, time.monotonic()
    return system_us - int(last_s * 1e6), system_us - int(first_s * 1e6)


def _newest_us(records: Sequence[Record]) -> int:
    return max(to_us(records[0].at), to_us(records[-1].at))


def _gathered(deliveries: Sequence[Sequence[Record]]) -> Iterator[Sequence[Record]]:
    """Put small deliveries together: each costs a write to the journal and a look at the passages."""
    together: list[Record] = []
    for delivery in deliveries:
        together += delivery
        if len(together) >= _WORKED_TOGETHER:
            yield together
            together = []
    if together:
        yield together


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
