"""What a reader sends: in order, in the version spoken, held back while the client wants that.

While a client holds, or is away and asked to hold, reports and events wait here as far as there is room. When there is
none, the oldest reports go first, and the client is told (decision 0012).
"""

from collections import deque
from typing import Any, NamedTuple

from tagdock_simulators.llrp.codec import LLRP_1_0_1, encode_message
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.events import ReaderEventNotificationData, ReportBufferOverflowErrorEvent
from tagdock_simulators.llrp.messages import ReaderEventNotification
from tagdock_simulators.llrp.reporting import Clock
from tagdock_simulators.llrp.sightings import Sighting
from tagdock_simulators.llrp.states import CONNECTION, Connection, Link
from tagdock_simulators.llrp.tagreports import LastSent, report_message

MAX_TAGS_HELD = 10_000
"""So many tag reports wait for a client that holds or is away."""
MAX_EVENTS_HELD = 1000


class Outgoing(NamedTuple):
    """A frame to send; one with `tags` in it may be dropped when the client does not read."""

    data: bytes
    tags: int = 0


class Outbound:
    """The connection's state and what waits to be sent over it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._sent = LastSent()
        self.connection = Connection.NONE
        self.version = LLRP_1_0_1
        self.holds_when_away = False
        """Whether what comes up while there is no client is kept for the next one."""
        self.tags_reported = 0
        self.tags_lost = 0
        self._out: list[Outgoing] = []
        self._held_reports: deque[tuple[int, list[Sighting]]] = deque()
        self._held_events: deque[tuple[int, ReaderEventNotification]] = deque(maxlen=MAX_EVENTS_HELD)
        self._tags_held = 0
        self._order = 0
        self._overflowed = False
        self._last_id = 0

    def move(self, link: Link) -> None:
        """Take a step in the connection's life. Raises LlrpError when the table has no such step."""
        after = CONNECTION.get((self.connection, link))
        if after is None:
            raise LlrpError(StatusCode.M_UNSUPPORTED_MESSAGE, f"not possible now: {link.name.lower()}")
        self.connection = after
        self._sent.forget()

    def answer(self, message: Any, message_id: int) -> None:
        """Send the answer to a request."""
        self._out.append(Outgoing(encode_message(message, message_id, self.version)))

    def send(self, message: Any) -> None:
        """Send a message of the reader's own that is never held."""
        self._out.append(Outgoing(encode_message(message, self._next_id(), self.version)))

    def event(self, now_us: int, *, urgent: bool = False, **event: Any) -> None:
        """Tell an event, named as in ReaderEventNotificationData; an urgent one is never held."""
        notification = ReaderEventNotification(ReaderEventNotificationData(self.clock.tell(now_us), **event))
        if urgent or self.connection is Connection.OPEN:
            self.send(notification)
        elif self._holds:
            self._order += 1
            self._held_events.append((self._order, notification))

    def report(self, tags: list[Sighting]) -> None:
        """Send tag reports."""
        if self.connection is Connection.OPEN:
            self._send_report(tags)
        elif self._holds:
            self._hold_report(tags)
        else:
            self.tags_lost += len(tags)

    def release(self, now_us: int) -> None:
        """Send what was held, in the order in which it came up, and say whether something was lost."""
        waiting: list[tuple[int, Any]] = sorted((*self._held_reports, *self._held_events), key=lambda held: held[0])
        self._held_reports.clear()
        self._held_events.clear()
        self._tags_held = 0
        for _, held in waiting:
            if isinstance(held, list):
                self._send_report(held)
            else:
                self.send(held)
        self.room_again(now_us)

    def lost(self, tags: int) -> None:
        """Count tag reports that found no room; the client is told when there is room again."""
        self.tags_lost += tags
        self._overflowed = True

    def forget_sent(self) -> None:
        """Leave nothing out of the next tag report."""
        self._sent.forget()

    def dropped(self, tags: int) -> None:
        """Count tag reports that were handed out but found no room after all."""
        self.tags_reported -= tags
        self._sent.forget()
        self.lost(tags)

    def room_again(self, now_us: int) -> None:
        """Tell the client, once, that reports were lost."""
        if self._overflowed and self.connection is Connection.OPEN:
            self._overflowed = False
            self.event(now_us, buffer_overflow=ReportBufferOverflowErrorEvent())

    def drain(self) -> list[Outgoing]:
        """Hand out what is to be sent."""
        out, self._out = self._out, []
        return out

    @property
    def _holds(self) -> bool:
        away = self.connection in (Connection.NONE, Connection.CLOSING)
        return self.connection is Connection.HOLDING or (away and self.holds_when_away)

    def _send_report(self, tags: list[Sighting]) -> None:
        sent = self._sent if self.clock.reporting.leaves_out_unchanged else None
        encoded = [tag.report(sent) for tag in tags]
        self._out.append(Outgoing(report_message(encoded, self._next_id(), self.version), len(tags)))
        self.tags_reported += len(tags)

    def _hold_report(self, tags: list[Sighting]) -> None:
        self._order += 1
        self._held_reports.append((self._order, tags))
        self._tags_held += len(tags)
        while self._tags_held > MAX_TAGS_HELD:
            _, oldest = self._held_reports.popleft()
            self._tags_held -= len(oldest)
            self.lost(len(oldest))

    def _next_id(self) -> int:
        self._last_id = self._last_id % 0xFFFFFFFF + 1
        return self._last_id
