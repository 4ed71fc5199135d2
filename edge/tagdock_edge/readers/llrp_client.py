"""One LLRP connection: the socket, the thread that listens, the messages cut from the stream, and every deadline.

Source: EPCglobal LLRP 1.0.1 (2007), section numbers in the comments.
"""

import contextlib
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

from tagdock_contract import Record

from tagdock_edge.errors import ReaderError
from tagdock_edge.inbox import Inbox
from tagdock_edge.readers.llrp_events import EventReader
from tagdock_edge.readers.llrp_plan import Plan
from tagdock_edge.readers.llrp_settings import LlrpSettings
from tagdock_edge.readers.llrp_steps import Message, Steps, decode
from tagdock_edge.readers.reports import ReportReader

log = logging.getLogger(__name__)

FIRST_WORD_S = 3.0
"""A reader speaks first (13.1.3): one that is silent for so long after it took the connection is mute."""
MAX_MESSAGE_BYTES = 1024 * 1024
"""The longest message that is taken; a reader's capabilities have a few thousand bytes."""
UNREADABLE_AT_MOST = 100
"""So many messages in a row that can't be read, and the reader is left: decoding rubbish takes time from the others."""
_CONNECT_S = 5.0
_SEND_S = 5.0
_POLITE_S = 1.0
_HEADER_BYTES, _LENGTH_AT, _LENGTH = 10, 2, struct.Struct("!I")
_BLOCK_BYTES = 64 * 1024
_RECORDS_A_DELIVERY = 1000
_SUCCESS = "Success"


class Connection:
    """One connection to one reader. A thread listens and delivers; the supervisor waits on `_changed`."""

    def __init__(self, settings: LlrpSettings, reports: ReportReader, events: EventReader, inbox: Inbox) -> None:
        """Prepare; nothing is opened yet."""
        self._settings, self._reports, self._events, self._inbox = settings, reports, events, inbox
        self._steps = Steps(settings, self._send, self._on_inventory, self._on_standing)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._rest = b""  # of a message that is not whole yet
        self._records: list[Record] = []
        self._unreadable = 0
        self._heard_s: float | None = None
        self._changed = threading.Condition()
        self._inventorying = self._over = self._leaving = False
        self._problem = ""

    @property
    def plan(self) -> Plan | None:
        """Return what the reader was asked for, once its capabilities are known."""
        return self._steps.plan

    @property
    def unheard_s(self) -> float:
        """Return for how many seconds the reader has said nothing; 0 when it never did."""
        return 0.0 if self._heard_s is None else time.monotonic() - self._heard_s

    def open(self) -> None:
        """Connect and begin to listen. Raises OSError."""
        self._socket = socket.create_connection((self._settings.host, self._settings.port), _CONNECT_S)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(_SEND_S)
        name = f"llrp {self._settings.host}:{self._settings.port}"
        self._thread = threading.Thread(target=self._listen, args=(self._socket,), name=name, daemon=True)
        self._thread.start()

    def await_inventory(self, deadline_s: float, first_word_s: float, stop: threading.Event) -> None:
        """Wait until the reader inventories. Raises ReaderError when it refuses, breaks off or takes too long."""
        began_s = time.monotonic()
        while not self._wait(lambda: self._inventorying or self._over, 0.1):
            if stop.is_set():
                return
            waited_s = time.monotonic() - began_s
            if self._heard_s is None and waited_s >= first_word_s:
                raise ReaderError(
                    f"took the connection but said nothing for {first_word_s:g} s; is LLRP what listens there?"
                )
            if waited_s >= deadline_s:
                raise ReaderError(f"took the connection but did not get ready within {deadline_s:g} s")
        if self._over:
            raise ReaderError(self._problem or "broke off during set-up")

    def await_silence(self, silence_s: float, stop: threading.Event) -> None:
        """Wait while the reader talks. Raises ReaderError when it breaks off or falls silent."""
        while not stop.is_set():
            if self._wait(lambda: self._over, 0.1):
                raise ReaderError(self._problem or "broke the connection")
            if self.unheard_s > silence_s:
                raise ReaderError(f"said nothing for {silence_s:.1f} s, not even a keepalive")

    def close(self, *, polite: bool) -> None:
        """End it, with the inventory taken off the reader first where there is time for that."""
        if polite and self._inventorying and not self._over:
            self._leaving = True
            with contextlib.suppress(OSError):
                self._steps.leave()
                self._wait(lambda: self._over, _POLITE_S)
        self._finish("")
        self._hang_up()
        if self._thread is not None:
            self._thread.join(_POLITE_S)
        if self._socket is not None:
            self._socket.close()

    def _listen(self, line: socket.socket) -> None:
        """Take what comes until the connection ends, and tell the supervisor, however it ends."""
        try:
            while not self._over:
                try:
                    data = line.recv(_BLOCK_BYTES)
                except TimeoutError:
                    continue
                if not data:
                    return
                self._received(data)
                self._deliver()
        except OSError as error:
            self._finish(f"broke the connection ({error.strerror or error})")
        finally:
            self._finish("")

    def _received(self, data: bytes) -> None:
        """Cut the stream into messages (16.1): what can't be cut ends the connection, what can't be read is skipped."""
        data = self._rest + data
        at, end = 0, len(data)
        while end - at >= _HEADER_BYTES and not self._over:
            (length,) = _LENGTH.unpack_from(data, at + _LENGTH_AT)
            if not _HEADER_BYTES <= length <= MAX_MESSAGE_BYTES:
                self._break_off(f"sent a message of {length:,} bytes: the stream is out of step")
                return
            if end - at < length:
                break
            self._take(data[at : at + length])
            at += length
            if len(self._records) >= _RECORDS_A_DELIVERY:
                self._deliver()
        self._rest = data[at:]

    def _deliver(self) -> None:
        """Hand on what came in one block: a busy reader's reads at once, a quiet one's each when it comes."""
        if self._records:
            self._inbox.deliver(self._records)
            self._records = []

    def _take(self, data: bytes) -> None:
        try:
            message = decode(data)
        except Exception as error:  # whatever sllurp's decoders raise on bytes that they don't expect
            self._skip(error, len(data))
            return
        self._unreadable = 0
        self._heard_s = time.monotonic()
        if message.name == "RO_ACCESS_REPORT":
            self._report(message.body["TagReportData"])
        elif self._agrees(message):
            self._go_on(message)

    def _go_on(self, message: Message) -> None:
        try:
            if message.name == "READER_EVENT_NOTIFICATION":
                self._event(message.body.get("ReaderEventNotificationData", {}))
            if not self._over:
                self._steps.take(message)
        except ReaderError as error:
            self._break_off(str(error))
        except Exception as error:  # a set-up that sllurp can't go on with, whatever it raised
            self._break_off(f"can't be set up: {type(error).__name__}: {error}")

    def _skip(self, error: Exception, length: int) -> None:
        self._unreadable += 1
        log.debug("a message of %d bytes can't be read: %s", length, error)
        if self._unreadable >= UNREADABLE_AT_MOST:
            self._break_off(f"sent {self._unreadable} messages in a row that can't be read; is its firmware broken?")

    def _report(self, reports: list[dict[str, Any]]) -> None:
        reads = self._reports.reads_of(reports)
        if not self._inventorying:
            return
        self._records += reads
        for news in self._events.punctuality():
            self._inbox.report(news)

    def _agrees(self, message: Message) -> bool:
        """Look whether the reader refused something; a code that sllurp doesn't know is left out, and is no success."""
        name, status = message.name, message.body.get("LLRPStatus")
        if status is not None and status.get("StatusCode") != _SUCCESS:
            text = status.get("ErrorDescription", b"").decode(errors="replace")
            code = status.get("StatusCode", "an unknown status")
            self._break_off(f"refused the set-up: {name} says {code} {text}".rstrip())
            return False
        if name == "DELETE_ROSPEC_RESPONSE" and self._leaving:
            self._finish("")
        return not self._over

    def _event(self, event: dict[str, Any]) -> None:
        outcome = event.get("ConnectionAttemptEvent", {}).get("Status", _SUCCESS)
        if outcome not in (_SUCCESS, "Another connection attempted"):
            self._break_off(f"refused the connection: {outcome}")
        if "ConnectionCloseEvent" in event:
            self._break_off("closed the connection")
        self._events.compare_clocks(event)
        self._records += self._events.changes_of(event)
        for news in self._events.news_of(event):
            self._inbox.report(news)

    def _on_standing(self, config: dict[str, Any]) -> None:
        changes, news = self._events.standing(config)
        self._records += changes
        for one in news:
            self._inbox.report(one)

    def _on_inventory(self) -> None:
        with self._changed:
            self._inventorying = True
            self._changed.notify_all()

    def _send(self, data: bytes) -> None:
        if self._socket is None:
            raise ReaderError("is not connected")
        self._socket.sendall(data)

    def _break_off(self, problem: str) -> None:
        self._finish(problem)
        self._hang_up()

    def _hang_up(self) -> None:
        """Shut the socket down, from either thread; it is closed once nobody listens."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _finish(self, problem: str) -> None:
        with self._changed:
            self._problem = self._problem or problem
            self._over = True
            self._changed.notify_all()

    def _wait(self, until: Callable[[], bool], timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(until, timeout_s)
