"""A reader without I/O: frames and reads go in with the time, frames come out.

One client at a time; ROSpecs, AccessSpecs and settings outlive its connection, as on a real reader.
"""

from collections.abc import Iterable
from typing import Any

from tagdock_contract import InputChange, Record, TagRead

from tagdock_simulators.llrp.clerk import Clerk
from tagdock_simulators.llrp.codec import LLRP_1_0_1, decode_message, encode_message, read_header
from tagdock_simulators.llrp.config import KeepaliveTrigger, Notification
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.events import (
    AISpecEvent,
    AntennaEvent,
    ConnectionAttempt,
    ConnectionAttemptEvent,
    ConnectionCloseEvent,
    GPIEvent,
    HoppingEvent,
    ReaderEventNotificationData,
    ReaderExceptionEvent,
    ReportBufferLevelWarningEvent,
    ROSpecEvent,
    SpecLoopEvent,
)
from tagdock_simulators.llrp.inventory import Outcome
from tagdock_simulators.llrp.messages import Keepalive, ReaderEventNotification
from tagdock_simulators.llrp.outbound import Outbound, Outgoing
from tagdock_simulators.llrp.pending import US_PER_MS, BufferFilling, Report, TagsLost
from tagdock_simulators.llrp.profile import HOP_TABLE_ID, Profile
from tagdock_simulators.llrp.refusal import refusal
from tagdock_simulators.llrp.reporting import Clock, Reporting
from tagdock_simulators.llrp.states import Connection, Link
from tagdock_simulators.llrp.tagmemory import TagMemories


class Device:
    """The reader's own logic. Every method takes the time in microseconds since 1970 and returns what to send."""

    def __init__(
        self, profile: Profile, identity: bytes, switched_on_us: int = 0, reporting: Reporting | None = None
    ) -> None:
        self.profile = profile
        self.clock = Clock(switched_on_us, reporting or profile.reporting)
        self.outbound = Outbound(self.clock)
        self.clerk = Clerk(profile, identity, self.outbound, self._emit, TagMemories())
        self._channel: int | None = None
        self._keepalive_due_us: int | None = None
        self._unacknowledged = 0
        self._now_us = 0

    # -- what happens to a reader

    def accept(self, now_us: int) -> list[Outgoing]:
        """Take a client in and greet it."""
        self._now_us = now_us
        self.outbound.move(Link.ACCEPT_HOLDING if self.clerk.settings.hold_upon_reconnect else Link.ACCEPT)
        self.clerk.welcome()
        attempt = ConnectionAttemptEvent(ConnectionAttempt.SUCCESS)
        self.outbound.event(now_us, connection_attempt=attempt, urgent=True)
        self._plan_keepalive()
        return self.outbound.drain()

    def refuse(self, now_us: int) -> tuple[list[Outgoing], list[Outgoing]]:
        """Turn away a client that came second: return what to tell it, and what to tell the first one."""
        self._now_us = now_us
        attempt = ConnectionAttemptEvent(ConnectionAttempt.FAILED_CLIENT_INITIATED_EXISTS)
        data = ReaderEventNotificationData(self.clock.tell(now_us), connection_attempt=attempt)
        another = ConnectionAttemptEvent(ConnectionAttempt.ANOTHER_ATTEMPTED)
        self.outbound.event(now_us, connection_attempt=another)
        return [Outgoing(encode_message(ReaderEventNotification(data), 0))], self.outbound.drain()

    def lose(self) -> None:
        """Take note that the client is gone."""
        self.outbound.move(Link.LOSE)
        self._keepalive_due_us = None

    def close(self, now_us: int) -> list[Outgoing]:
        """Say goodbye to the client."""
        self._now_us = now_us
        self._hang_up()
        return self.outbound.drain()

    def receive(self, frame: bytes, now_us: int) -> list[Outgoing]:
        """Answer one whole message of the client."""
        self._now_us = now_us
        header = read_header(frame)
        version = self.outbound.version
        try:
            if header.version > self.profile.max_version:
                spoken = f"version {header.version} is not spoken; the reader goes up to {self.profile.max_version}"
                raise LlrpError(StatusCode.M_UNSUPPORTED_VERSION, spoken)
            _, request = decode_message(frame, version)
            answer = self.clerk.answer(request, now_us)
        except LlrpError as error:
            answer = refusal(frame, error)
        if answer is not None:
            self.outbound.answer(answer, header.message_id)
        self.outbound.version = self.clerk.version
        self._take_note()
        return self.outbound.drain()

    def feed(self, records: Iterable[Record], now_us: int) -> list[Outgoing]:
        """Let tags answer and inputs change."""
        self._now_us = now_us
        off, rospecs = self.clerk.antennas_off, self.clerk.rospecs
        for record in records:
            if not isinstance(record, TagRead):
                self._input_changed(record)
            elif record.antenna not in off:
                if record.channel != self._channel:
                    self._hop(record)
                rospecs.read(record, now_us)
        return self.outbound.drain()

    def antenna(self, port: int, connected: bool, now_us: int) -> list[Outgoing]:
        """Connect an antenna, or let it fall off: what it reads from then on is not heard."""
        self._now_us = now_us
        off = self.clerk.antennas_off
        if (port in off) is connected:
            self.clerk.antennas_off = off - {port} if connected else off | {port}
            self._tell(Notification.ANTENNA, antenna=AntennaEvent(int(connected), port))
        return self.outbound.drain()

    def exception(self, text: str, now_us: int) -> list[Outgoing]:
        """Let something go wrong inside of the reader."""
        self._now_us = now_us
        self._tell(Notification.READER_EXCEPTION, reader_exception=ReaderExceptionEvent(text))
        return self.outbound.drain()

    def tick(self, now_us: int) -> list[Outgoing]:
        """Do what has become due."""
        self._now_us = now_us
        if self._keepalive_due_us is not None and self._keepalive_due_us <= now_us:
            self._keep_alive()
        self.clerk.rospecs.tick(now_us)
        return self.outbound.drain()

    @property
    def due_us(self) -> int | None:
        """Return when `tick` is needed next."""
        dues = (self._keepalive_due_us, self.clerk.rospecs.due_us)
        return min((due for due in dues if due is not None), default=None)

    @property
    def inventorying(self) -> bool:
        """Say whether a ROSpec is active."""
        return self.clerk.rospecs.active is not None

    def set_reporting(self, reporting: Reporting) -> None:
        """Change the reader's habits while it runs; the client is not told."""
        self.clock.reporting = reporting
        self.outbound.forget_sent()

    def dropped(self, tags: int) -> None:
        """Count tag reports that went out of here but found no room; the client is told when there is room again."""
        self.outbound.dropped(tags)

    def room_again(self, now_us: int) -> list[Outgoing]:
        """Tell the client, once, that reports were lost."""
        self.outbound.room_again(now_us)
        return self.outbound.drain()

    # -- what comes of it

    def _take_note(self) -> None:
        """Follow what a request changed of the connection."""
        if self.clerk.acknowledged:
            self.clerk.acknowledged = False
            self._unacknowledged = 0
        if self.clerk.keepalive_changed:
            self.clerk.keepalive_changed = False
            self._plan_keepalive()

    def _input_changed(self, change: InputChange) -> None:
        if self.clerk.input_changed(change):
            self._tell(Notification.GPI, gpi=GPIEvent(change.gpi, change.state))
            self.clerk.rospecs.input_changed(change, self._now_us)

    def _hop(self, read: TagRead) -> None:
        """Notice by a read's channel that the reader hopped."""
        if read.channel is not None and read.channel != self._channel:
            self._channel = read.channel
            if self.profile.band.hops and self.inventorying:
                self._tell(Notification.HOPPING, hopping=HoppingEvent(HOP_TABLE_ID, read.channel))

    def _emit(self, outcome: Outcome) -> None:
        match outcome:
            case Report(tags):
                self.outbound.report(tags)
            case TagsLost(tags, first):
                self.outbound.lost(tags)
                if first:
                    self.outbound.room_again(self._now_us)
            case BufferFilling(percent) if self.profile.warns_of_full_buffer:
                warning = ReportBufferLevelWarningEvent(percent)
                self._tell(Notification.REPORT_BUFFER_FILL_WARNING, buffer_warning=warning)
            case ROSpecEvent():
                self._tell(Notification.ROSPEC, rospec=outcome)
            case AISpecEvent(kind, rospec_id, index):
                if Notification.AISPEC_WITH_DETAILS in self.clerk.settings.notifications:
                    self._tell(Notification.AISPEC_WITH_DETAILS, aispec=outcome)
                else:
                    self._tell(Notification.AISPEC, aispec=AISpecEvent(kind, rospec_id, index))
            case SpecLoopEvent() if self.outbound.version > LLRP_1_0_1:
                self._tell(Notification.SPEC_LOOP, spec_loop=outcome)

    def _tell(self, kind: Notification, **event: Any) -> None:
        """Tell an event, if the client asked for its kind."""
        if kind in self.clerk.settings.notifications:
            self.outbound.event(self._now_us, **event)

    def _keep_alive(self) -> None:
        """Show that the reader lives; hang up on a client that has not for too long."""
        misses = self.clerk.keepalive_misses
        if misses is not None and self._unacknowledged >= misses:
            self._hang_up()
        else:
            self.outbound.send(Keepalive())
            self._unacknowledged += 1
            self._schedule_keepalive()

    def _hang_up(self) -> None:
        self.outbound.event(self._now_us, connection_close=ConnectionCloseEvent(), urgent=True)
        self.outbound.move(Link.CLOSE)
        self._keepalive_due_us = None

    def _plan_keepalive(self) -> None:
        self._unacknowledged = 0
        self._schedule_keepalive()

    def _schedule_keepalive(self) -> None:
        keepalive = self.clerk.settings.keepalive
        on = keepalive.trigger is KeepaliveTrigger.PERIODIC and self.outbound.connection is not Connection.NONE
        self._keepalive_due_us = self._now_us + max(keepalive.period_ms, 1) * US_PER_MS if on else None
