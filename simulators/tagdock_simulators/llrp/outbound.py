"""What a reader sends: in order, held back while the client wants that, dropped and counted without a client."""

from typing import Any, NamedTuple

from tagdock_simulators.llrp.codec import encode_message
from tagdock_simulators.llrp.errors import LlrpError, StatusCode
from tagdock_simulators.llrp.events import ReaderEventNotificationData, ReportBufferOverflowErrorEvent
from tagdock_simulators.llrp.inventory import MAX_TAGS_HELD
from tagdock_simulators.llrp.messages import ReaderEventNotification
from tagdock_simulators.llrp.states import CONNECTION, Connection, Link
from tagdock_simulators.llrp.tagreports import report_message
from tagdock_simulators.llrp.times import UTCTimestamp


class Outgoing(NamedTuple):
    """A frame to send; one with `tags` in it may be dropped when the client does not read."""

    data: bytes
    tags: int = 0


class Outbound:
    """The connection's state and what waits to be sent over it."""

    def __init__(self) -> None:
        self.connection = Connection.NONE
        self.tags_reported = 0
        self.tags_lost = 0
        self._out: list[Outgoing] = []
        self._held: list[Outgoing] = []
        self._overflowed = False
        self._last_id = 0

    def move(self, link: Link) -> None:
        """Take a step in the connection's life. Raises LlrpError when the table has no such step."""
        after = CONNECTION.get((self.connection, link))
        if after is None:
            raise LlrpError(StatusCode.M_UNSUPPORTED_MESSAGE, f"not possible now: {link.name.lower()}")
        self.connection = after

    def answer(self, message: Any, message_id: int) -> None:
        """Send the answer to a request."""
        self._out.append(Outgoing(encode_message(message, message_id)))

    def send(self, message: Any) -> None:
        """Send a message of the reader's own that is never held."""
        self._out.append(Outgoing(encode_message(message, self._next_id())))

    def event(self, now_us: int, *, urgent: bool = False, **event: Any) -> None:
        """Tell an event, named as in ReaderEventNotificationData; an urgent one is never held."""
        notification = ReaderEventNotification(ReaderEventNotificationData(UTCTimestamp(now_us), **event))
        if urgent:
            self.send(notification)
        else:
            self._send_or_hold(Outgoing(encode_message(notification, self._next_id())))

    def report(self, tags: list[bytes]) -> None:
        """Send encoded tag reports."""
        self._send_or_hold(Outgoing(report_message(tags, self._next_id()), len(tags)))

    def release(self) -> None:
        """Send what was held."""
        self._out += self._held
        self._held = []

    def lost(self, tags: int) -> None:
        """Count tag reports that found no room; the client is told when there is room again."""
        self.tags_lost += tags
        self._overflowed = True

    def dropped(self, tags: int) -> None:
        """Count tag reports that were handed out but found no room after all."""
        self.tags_reported -= tags
        self.lost(tags)

    def room_again(self, now_us: int) -> None:
        """Tell the client, once, that reports were lost."""
        if self._overflowed:
            self._overflowed = False
            self.event(now_us, buffer_overflow=ReportBufferOverflowErrorEvent())

    def drain(self) -> list[Outgoing]:
        """Hand out what is to be sent."""
        out, self._out = self._out, []
        return out

    def _send_or_hold(self, frame: Outgoing) -> None:
        """Send to a client that listens; keep for one that holds, as far as there is room; drop without any."""
        if self.connection is Connection.OPEN:
            self._out.append(frame)
            self.tags_reported += frame.tags
        elif self.connection is Connection.HOLDING and sum(1 + held.tags for held in self._held) < MAX_TAGS_HELD:
            self._held.append(frame)
            self.tags_reported += frame.tags
        else:
            self.tags_lost += frame.tags

    def _next_id(self) -> int:
        self._last_id = self._last_id % 0xFFFFFFFF + 1
        return self._last_id
