"""The driver `llrp`: LLRP readers, kept connected.

Each connection gets new objects, the handshake a deadline, silence a watchdog, and every retry a longer pause.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from tagdock_contract import ReaderStatus

from tagdock_edge.backoff import Backoff
from tagdock_edge.clock import from_us
from tagdock_edge.driver import Driver
from tagdock_edge.errors import ReaderError
from tagdock_edge.inbox import Inbox, ReaderNews
from tagdock_edge.readers.llrp_client import FIRST_WORD_S, Connection
from tagdock_edge.readers.llrp_events import EventReader
from tagdock_edge.readers.llrp_settings import LlrpSettings, read_settings
from tagdock_edge.readers.reports import ReportReader

log = logging.getLogger(__name__)

HANDSHAKE_S = 10.0
"""From the TCP connection to the running inventory; real readers need 1 to 3 seconds."""
SILENT_KEEPALIVES = 2.5
"""A reader that says nothing for so many keepalive periods is gone."""
HEALTHY_S = 30.0
"""A connection that held so long was a good one: the next retry is quick again."""
_DETAIL_CHARS = 1000


class LlrpReader:
    """One LLRP reader: connect, inventory, watch, connect again."""

    def __init__(
        self,
        name: str,
        settings: LlrpSettings,
        *,
        handshake_s: float = HANDSHAKE_S,
        first_word_s: float = FIRST_WORD_S,
        retry: Backoff | None = None,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """Prepare; nothing is opened yet."""
        self.name = name
        self._settings = settings
        self._handshake_s, self._first_word_s = handshake_s, first_word_s
        self._retry = retry or Backoff()
        self._now_us = now_us
        self._state: Any = "connecting"
        self._detail = ""
        self._noted_s = time.monotonic()
        self._reports = ReportReader(name, now_us)
        antennas = [one.antenna for one in settings.antennas]
        self._events = EventReader(name, self._reports.clock, antennas, settings.inputs, now_us)

    def status(self) -> ReaderStatus:
        """Return how the reader stands."""
        last_us, reads = self._reports.last_us, self._reports.reads
        is_up = self._state == "up"
        return ReaderStatus(
            self.name,
            self._state,
            from_us(last_us) if last_us else None,
            reads,
            self._notes() if is_up else self._detail,
            self._reports.clock.offset_s if is_up else None,
        )

    def run(self, inbox: Inbox, stop: threading.Event) -> None:
        """Keep the reader connected until stopped; what goes wrong is reported and tried again."""
        while not stop.is_set():
            began_s = time.monotonic()
            problem, unheard_s = self._connection(inbox, stop)
            problem = problem[:_DETAIL_CHARS]
            if stop.is_set():
                break
            if time.monotonic() - began_s >= HEALTHY_S:
                self._retry.reset()
            pause_s = self._retry.next_s()
            self._note(inbox, "down", problem, unheard_s)
            log.warning("reader %s: %s; trying again in %.0f s", self.name, problem, pause_s)
            stop.wait(pause_s)
        self._state, self._detail = "down", "the gateway stopped"

    def _connection(self, inbox: Inbox, stop: threading.Event) -> tuple[str, float]:
        """Live through one connection; returns why it ended, and for how many seconds nothing was heard then."""
        self._reports.begin_connection()
        connection = Connection(self._settings, self._reports, self._events, inbox)
        try:
            connection.open()
            connection.await_inventory(self._handshake_s, self._first_word_s, stop)
            if not stop.is_set():
                self._note(inbox, "up", self._notes())
                log.info("reader %s: reads with %s", self.name, connection.plan)
            connection.await_silence(SILENT_KEEPALIVES * self._settings.keepalive_s, stop)
            return "the gateway stopped", 0.0
        except OSError as error:
            host, port = self._settings.host, self._settings.port
            return f"{host}:{port} can't be reached ({error}); check power, cable, address", connection.unheard_s
        except ReaderError as error:
            return str(error), connection.unheard_s
        finally:
            connection.close(polite=stop.is_set())

    def _notes(self) -> str:
        """Say what a person should know of a reader that is up."""
        unreadable = self._reports.unreadable
        notes = (
            self._events.note,
            self._reports.clock.note,
            f"{unreadable} tag reports made no sense" if unreadable else "",
        )
        return "; ".join(filter(None, notes))[:_DETAIL_CHARS]

    def _note(self, inbox: Inbox, state: Any, detail: str, since_s: float = 0.0) -> None:
        """Report a change of state that came `since_s` ago; the same trouble again is no news."""
        if state != self._state:
            since_s = min(since_s, time.monotonic() - self._noted_s)  # not before the last change
            inbox.report(ReaderNews(self._now_us() - int(since_s * 1e6), self.name, state, detail=detail))
            self._noted_s = time.monotonic()
        self._state, self._detail = state, detail


DRIVER = Driver(read_settings, LlrpReader)
