"""LLRP readers through sllurp, under supervision. Only this module knows sllurp.

sllurp 3.0.5 keeps half a message over a reconnect, waits for ever for a mute reader, loses its place after a message
that it can't decode, and ends its thread on a set-up error. So each connection gets a new client object, the
handshake a deadline, silence a watchdog, and the bytes are cut into messages here.

Source: EPCglobal LLRP 1.0.1 (2007), section numbers in the comments.
"""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta
from sllurp.llrp import LLRPClient, LLRPMessage, LLRPReaderClient, LLRPReaderConfig, LLRPReaderState
from sllurp.llrp_errors import LLRPError
from tagdock_contract import ReaderStatus

from tagdock_edge.backoff import Backoff
from tagdock_edge.clock import from_us
from tagdock_edge.config.kinds import Port, Text, is_host
from tagdock_edge.driver import Driver, Station
from tagdock_edge.errors import ReaderError
from tagdock_edge.inbox import Inbox, ReaderNews
from tagdock_edge.readers.reports import ReportReader
from tagdock_edge.tables import Table

log = logging.getLogger(__name__)

HANDSHAKE_S = 10.0
"""From the TCP connection to the running inventory; real readers need 1 to 3 seconds."""
SILENT_KEEPALIVES = 2.5
"""A reader that says nothing for so many keepalive periods is gone."""
HEALTHY_S = 30.0
"""A connection that held so long was a good one: the next retry is quick again."""
MAX_MESSAGE_BYTES = 1024 * 1024
"""The longest message that is taken; a reader's capabilities have a few thousand bytes."""
_HEADER_BYTES = 10
_POLITE_S = 1.0


@dataclass(frozen=True, slots=True)
class LlrpSettings:
    """An LLRP reader: where it is, which antennas and inputs doors use, how often it reports and shows life."""

    host: str
    port: int = 5084
    report_every_n_tags: int = 1
    keepalive_s: float = 5.0
    antennas: tuple[int, ...] = ()
    inputs: tuple[int, ...] = ()


def read_settings(table: Table, station: Station) -> LlrpSettings:
    """Read the keys of a `[[reader]]` with `driver = "llrp"`."""
    host = table.take("host", Text, "the reader's host name or IPv4 address")
    if host is not None and (not is_host(host) or ":" in host):
        table.complain("host", "must be a host name or an IPv4 address (the port has its own key)")
    return LlrpSettings(
        host=host or "",
        port=table.take("port", Port, "a port from 1 to 65535", 5084),
        report_every_n_tags=table.take("report_every_n_tags", Annotated[int, Meta(ge=1, le=1000)], "1 to 1000", 1),
        keepalive_s=table.take("keepalive_s", Annotated[float, Meta(ge=0.5, le=60)], "seconds from 0.5 to 60", 5.0),
        antennas=station.antennas,
        inputs=station.inputs,
    )


class LlrpReader:
    """One LLRP reader: connect, inventory, watch, connect again."""

    def __init__(
        self,
        name: str,
        settings: LlrpSettings,
        *,
        handshake_s: float = HANDSHAKE_S,
        retry: Backoff | None = None,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """Prepare; nothing is opened yet."""
        self.name = name
        self._settings = settings
        self._handshake_s = handshake_s
        self._retry = retry or Backoff()
        self._now_us = now_us
        self._state: Any = "connecting"
        self._detail = ""
        self._reports = ReportReader(name, now_us)

    def status(self) -> ReaderStatus:
        """Return how the reader stands."""
        last_us, reads = self._reports.last_us, self._reports.reads
        detail = self._reports.clock_note if self._state == "up" else self._detail
        return ReaderStatus(self.name, self._state, from_us(last_us) if last_us else None, reads, detail)

    def run(self, inbox: Inbox, stop: threading.Event) -> None:
        """Keep the reader connected until stopped; what goes wrong is reported and tried again."""
        while not stop.is_set():
            began_s = time.monotonic()
            problem = self._connection(inbox, stop)
            if stop.is_set():
                break
            if time.monotonic() - began_s >= HEALTHY_S:
                self._retry.reset()
            pause_s = self._retry.next_s()
            self._note(inbox, "down", problem)
            log.warning("reader %s: %s; trying again in %.0f s", self.name, problem, pause_s)
            stop.wait(pause_s)
        self._state, self._detail = "down", "the gateway stopped"

    def _connection(self, inbox: Inbox, stop: threading.Event) -> str:
        """Live through one connection; returns why it ended."""
        self._reports.begin_connection()
        client = _Client(self._settings, self._reports, inbox)
        try:
            client.connect()
            client.await_inventory(self._handshake_s, stop)
            self._note(inbox, "up", self._reports.clock_note)
            client.await_silence(SILENT_KEEPALIVES * self._settings.keepalive_s, stop)
            return "the gateway stopped"
        except OSError as error:
            return (
                f"{self._settings.host}:{self._settings.port} can't be reached ({error}); check power, cable, address"
            )
        except (ReaderError, LLRPError) as error:
            return str(error)
        finally:
            client.end(polite=stop.is_set())

    def _note(self, inbox: Inbox, state: Any, detail: str) -> None:
        """Report a change of state; the same trouble again is no news."""
        if (state, detail) != (self._state, self._detail):
            if state != self._state:
                inbox.report(ReaderNews(self._now_us(), self.name, state, detail=detail))
            self._state, self._detail = state, detail


class _Inventory(LLRPClient):  # type: ignore[misc]  # sllurp has no types
    """sllurp's state machine with a ROSpec of our own."""

    report_every_n_tags = 1

    def getROSpec(self, force_new: bool = False) -> dict[str, Any]:  # noqa: N802  # sllurp calls it
        """Ask for a report every N tags and leave the AISpec without a stop (16.2.4.2, 16.2.7.1).

        sllurp's own option makes N the AISpec's stop and leaves the report's N at 0: the inventory then ends and
        starts anew after every N tags.
        """
        rospec: dict[str, Any] = super().getROSpec(force_new)
        rospec["ROReportSpec"]["N"] = self.report_every_n_tags
        return rospec


class _Client(LLRPReaderClient):  # type: ignore[misc]  # sllurp has no types
    """One connection. sllurp's thread calls in; the supervisor waits on `_changed`."""

    def __init__(self, settings: LlrpSettings, reports: ReportReader, inbox: Inbox) -> None:
        config = _client_config(settings)
        super().__init__(settings.host, settings.port, config, timeout=5.0)
        self.llrp = _Inventory(config, self.send_data, self._on_llrp_state_changed)
        self.llrp.report_every_n_tags = settings.report_every_n_tags
        self._reports, self._inbox = reports, inbox
        self._buffer = bytearray()
        self._heard_s = time.monotonic()
        self._changed = threading.Condition()
        self._inventorying = self._over = self._leaving = False
        self._problem = ""
        self.add_state_callback(LLRPReaderState.STATE_INVENTORYING, self._on_inventory)

    def await_inventory(self, deadline_s: float, stop: threading.Event) -> None:
        """Wait until the reader inventories. Raises ReaderError when it refuses, breaks off or takes too long."""
        until_s = time.monotonic() + deadline_s
        while not self._wait(lambda: self._inventorying or self._over, 0.1):
            if stop.is_set():
                return
            if time.monotonic() >= until_s:
                raise ReaderError(f"took the connection but did not get ready within {deadline_s:.0f} s")
        if self._over:
            raise ReaderError(self._problem or "broke off during set-up")

    def await_silence(self, silence_s: float, stop: threading.Event) -> None:
        """Wait while the reader talks. Raises ReaderError when it breaks off or falls silent."""
        while not stop.is_set():
            if self._wait(lambda: self._over, 0.1):
                raise ReaderError(self._problem or "broke the connection")
            if time.monotonic() - self._heard_s > silence_s:
                raise ReaderError(f"said nothing for {silence_s:.1f} s, not even a keepalive")

    def end(self, *, polite: bool) -> None:
        """Close the connection, with the inventory taken off the reader first where there is time for it.

        sllurp's own `disconnect` books what it waits for after it has asked: from another thread the answer may come
        in between and is then waited for in vain.
        """
        if polite and self._inventorying and not self._over:
            self._leaving = True
            with contextlib.suppress(OSError, LLRPError):
                self.llrp.sendMessage({"DELETE_ROSPEC": {"ROSpecID": 0}})
                self._wait(lambda: self._over, _POLITE_S)
        self.hard_disconnect()
        self.join(_POLITE_S)
        if self._socket is not None:
            self._socket.close()

    def hard_disconnect(self) -> None:
        """End sllurp's loop. The socket is only shut down, by either thread, and closed once the loop is over."""
        self._stop_main_loop.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _connect_socket(self) -> bool:
        """Open the connection; sllurp's own way leaves a socket open for each attempt that fails, and knows no IPv6."""
        self._socket = socket.create_connection((self._host, self._port), self._socktimeout)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return True

    def main_loop(self) -> None:
        """Run sllurp's loop, and tell the supervisor when it ends, however it does."""
        try:
            super().main_loop()
        finally:
            self._finish("")

    def raw_data_received(self, data: bytes) -> None:
        """Cut the stream into messages (16.1): what can't be cut ends the connection, what can't be read is skipped."""
        self._buffer += data
        while len(self._buffer) >= _HEADER_BYTES:
            length = int.from_bytes(self._buffer[2:6])
            if not _HEADER_BYTES <= length <= MAX_MESSAGE_BYTES:
                self._break_off(f"sent a message of {length:,} bytes: the stream is out of step")
                return
            if len(self._buffer) < length:
                return
            message = bytes(self._buffer[:length])
            del self._buffer[:length]
            self._take(message)

    def _take(self, data: bytes) -> None:
        try:
            message = LLRPMessage(msgbytes=data)
        except Exception as error:  # sllurp's decoders raise anything on bytes they don't expect
            self._reports.unreadable += 1
            log.debug("a message of %d bytes can't be read: %s", len(data), error)
            return
        self._heard_s = time.monotonic()
        name = message.getName()
        body = message.msgdict[name]
        if name == "RO_ACCESS_REPORT":
            reads = self._reports.reads_of(body["TagReportData"])
            if reads and self._inventorying:
                self._inbox.deliver(reads)
            return
        if name == "READER_EVENT_NOTIFICATION":
            self._on_event(body.get("ReaderEventNotificationData", {}))
        status = body.get("LLRPStatus", {})
        if status.get("StatusCode", "Success") != "Success":
            text = status.get("ErrorDescription", b"").decode(errors="replace")
            self._break_off(f"refused the set-up: {name} says {status['StatusCode']} {text}".rstrip())
            return
        if name == "DELETE_ROSPEC_RESPONSE" and self._leaving:
            self._finish("")
        if self._over:
            return
        try:
            self.llrp.handleMessage(message)
        except Exception as error:  # a set-up that sllurp can't go on with, whatever it raised
            self._break_off(f"can't be set up: {type(error).__name__}: {error}")

    def _on_event(self, event: dict[str, Any]) -> None:
        status = event.get("ConnectionAttemptEvent", {}).get("Status", "Success")
        if status not in ("Success", "Another connection attempted"):
            self._break_off(f"refused the connection: {status}")
        if "ConnectionCloseEvent" in event:
            self._break_off("closed the connection")
        self._reports.note_clock(event)
        changes = self._reports.changes_of(event)
        if changes:
            self._inbox.deliver(changes)
        for news in self._reports.news_of(event):
            self._inbox.report(news)

    def _on_inventory(self, *_: object) -> None:
        with self._changed:
            self._inventorying = True
            self._changed.notify_all()

    def _break_off(self, problem: str) -> None:
        self._finish(problem)
        self.hard_disconnect()

    def _finish(self, problem: str) -> None:
        with self._changed:
            self._problem = self._problem or problem
            self._over = True
            self._changed.notify_all()

    def _wait(self, until: Callable[[], bool], timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(until, timeout_s)


def _client_config(settings: LlrpSettings) -> LLRPReaderConfig:
    """Build a new configuration for sllurp, which changes the object that it is given."""
    return LLRPReaderConfig(
        {
            "antennas": list(settings.antennas),
            "session": 0,  # tags answer again and again: their strength over time tells the way they go
            "tag_population": 32,
            "keepalive_interval": round(settings.keepalive_s * 1000),
            "tag_content_selector": {
                "EnableROSpecID": False,
                "EnableSpecIndex": False,
                "EnableInventoryParameterSpecID": False,
                "EnableAntennaID": True,
                "EnableChannelIndex": True,
                "EnablePeakRSSI": True,
                "EnableFirstSeenTimestamp": False,
                "EnableLastSeenTimestamp": True,
                "EnableTagSeenCount": True,
                "EnableAccessSpecID": False,
            },
            "event_selector": {
                "GPIEvent": bool(settings.inputs),
                "AntennaEvent": True,
                "ReportBufferFillWarning": True,
                "ReaderExceptionEvent": True,
            },
            "gpi_ports_config": dict.fromkeys(settings.inputs, True),
        }
    )


DRIVER = Driver(read_settings, LlrpReader)
