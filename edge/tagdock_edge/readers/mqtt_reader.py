"""The runner of readers that publish to a broker by themselves: one connection a reader, any format.

A reader is up from the first thing that it says, and down when the broker is, when it or its will says so, or when it
is silent for longer than it should be: down since its last word then.

Messages are taken at QoS 1. Where reads carry their own time the broker keeps them while we are away (a persistent
session): a cut between gateway and broker then loses nothing, and what waited goes on together, with its own time,
once all of it is there (`backlog`). Where only the arrival tells the time the session is clean: old reads would look
like goods that stand in the door now. What comes twice (QoS 1 promises no less than once) is the same read twice and
changes no verdict.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from tagdock_contract import ReaderStatus, Record, TagRead

from tagdock_edge.backoff import Backoff
from tagdock_edge.clock import from_us, to_us
from tagdock_edge.inbox import Inbox, ReaderNews
from tagdock_edge.mapping import MisfitError
from tagdock_edge.mqtt import Listener
from tagdock_edge.readers.backlog import Backlog
from tagdock_edge.readers.heard import Format, Heard
from tagdock_edge.readers.line import LineSettings

log = logging.getLogger(__name__)

TICK_S = 0.2
"""How often silence is looked at."""
_KINDS_TOLD = 32
"""Kinds of trouble that are told, each once; after that they are only counted."""
_DETAIL_CHARS = 500


class MqttReader:
    """One reader behind a broker: listen, understand, deliver, tell how it stands."""

    def __init__(
        self,
        name: str,
        line: LineSettings,
        form: Format,
        *,
        retry: Backoff | None = None,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """Prepare; nothing is opened yet."""
        self.name = name
        self.misfits = 0
        """Messages, and reads in them, that did not fit, since the start."""
        self.retained = 0
        """Retained messages that were left out: what a broker kept is old."""
        self._line, self._form, self._retry, self._now_us = line, form, retry, now_us
        self._lock = threading.Lock()
        self._inbox = Inbox()
        self._state: Any = "connecting"
        self._detail = ""
        self._connected = self._heard = False
        self._heard_s = 0.0
        self._reads, self._last_us = 0, 0
        self._told: set[str] = set()
        self._backlog = Backlog()

    def status(self) -> ReaderStatus:
        """Return how the reader stands."""
        with self._lock:
            detail = "; ".join(self._notes()) if self._state == "up" else self._detail
            last_at = from_us(self._last_us) if self._last_us else None
            offset_s = self._form.clock.offset_s
            return ReaderStatus(self.name, self._state, last_at, self._reads, detail[:_DETAIL_CHARS], offset_s)

    def run(self, inbox: Inbox, stop: threading.Event) -> None:
        """Listen until stopped. What the connection's thread can't mend is raised here."""
        self._inbox = inbox
        failures: list[BaseException] = []
        listener = Listener(
            self._line.broker,
            self._line.client_id,
            self._line.topics,
            self.take,
            on_up=self._on_up,
            on_down=self._on_down,
            clean=not self._line.stored,
            retry=self._retry,
        )

        def listen() -> None:
            try:
                listener.run(stop)
            except BaseException as error:  # handed to the thread that is supervised
                failures.append(error)

        thread = threading.Thread(target=listen, name=f"listener {self.name}", daemon=True)
        thread.start()
        while thread.is_alive() and not stop.wait(TICK_S):
            self._watch_silence()
            with self._lock:
                self._deliver(self._backlog.due(self._form.clock.offset_us, self._now_us()))
        thread.join(10.0)
        if failures:
            raise failures[0]
        with self._lock:
            self._deliver(self._backlog.release(self._form.clock.offset_us, self._now_us()))
            self._state, self._detail = "down", "the gateway stopped"

    def take(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take one message; on the connection's thread, so it raises nothing."""
        if retained and topic not in self._form.state_topics:
            self.retained += 1
            return
        try:
            heard = self._form.hear(topic, payload, self._now_us())
        except Exception as error:  # a mistake of ours must not end the connection's thread
            log.exception("reader %s: a message on %s could not be understood", self.name, topic)
            heard = Heard(present=None, misfits=1, first_misfit=MisfitError("message", type(error).__name__))
        self._book(heard)  # first: that the reader is there comes before what it says
        if heard.records:
            clock = self._form.clock
            with self._lock:
                self._deliver(self._backlog.take(heard.records, clock.late_us, clock.offset_us, self._now_us()))
        for news in heard.news:
            self._inbox.report(news)

    def _deliver(self, records: Sequence[Record]) -> None:
        """Pass records on. The lock is held, so that they keep their order; the inbox never blocks."""
        if records:
            self._inbox.deliver(records)

    def _book(self, heard: Heard) -> None:
        with self._lock:
            reads = [record for record in heard.records if type(record) is TagRead]
            if reads:
                self._reads += len(reads)
                self._last_us = max(self._last_us, to_us(reads[-1].at))
            if heard.present is not None:
                self._note("up" if heard.present else "down", heard.detail)
                self._heard, self._heard_s = True, time.monotonic()  # then: down is not noted before up
            self.misfits += heard.misfits
            misfit = heard.first_misfit
            if misfit is not None and misfit.where not in self._told and len(self._told) < _KINDS_TOLD:
                self._told.add(misfit.where)
                log.warning("reader %s: %s; more of this kind is only counted", self.name, misfit)

    def _on_up(self) -> None:
        with self._lock:
            self._connected, self._heard_s = True, time.monotonic()
            if not self._heard:  # its first messages may be quicker than this call
                self._state, self._detail = "connecting", "the broker is there; the reader has said nothing yet"

    def _on_down(self, problem: str) -> None:
        with self._lock:
            self._connected = self._heard = False
            self._note("down", problem)

    def _watch_silence(self) -> None:
        limit_s = self._line.silent_after_s
        with self._lock:
            silent_s = time.monotonic() - self._heard_s
            if limit_s and self._connected and self._state != "down" and silent_s > limit_s:
                words = f"says nothing for {limit_s:g} s; check its power, network and MQTT settings"
                self._note("down", words, silent_s)

    def _note(self, state: Any, detail: str, since_s: float = 0.0) -> None:
        """Report a change of state that came `since_s` ago; the same trouble again is no news. The lock is held."""
        if state != self._state:
            at_us = self._now_us() - int(since_s * 1e6)
            self._inbox.report(ReaderNews(at_us, self.name, state, detail=detail))
            log.log(logging.INFO if state == "up" else logging.WARNING, "reader %s is %s %s", self.name, state, detail)
        self._state, self._detail = state, detail

    def _notes(self) -> list[str]:
        notes = list(self._form.notes())
        if self._backlog.waiting:
            notes.append(f"it catches up: {self._backlog.waiting} late records wait for the rest")
        if self.misfits:
            notes.append(f"{self.misfits} messages or reads did not fit and were left out")
        if self.retained:
            notes.append(f"{self.retained} retained messages were left out")
        return notes
