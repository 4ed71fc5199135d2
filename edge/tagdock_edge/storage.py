"""Storing events in the outbox, through times in which the disk has no room for them."""

import logging
from collections.abc import Callable, Sequence

from tagdock_contract import Event

from tagdock_edge.errors import OutboxFullError
from tagdock_edge.outbox import Outbox

log = logging.getLogger(__name__)

HELD_AT_MOST = 10_000
"""Events kept in memory while the outbox has no room; then the oldest go, and are counted as lost."""
_SMALL_STEP = 10
"""Events stored at a time while there is hardly any room."""


class Storage:
    """Puts events on disk before anything else hears of them; holds in memory what the disk has no room for."""

    def __init__(self, outbox: Outbox, notify: Callable[[], None]) -> None:
        """`notify` is called when there is something new in the outbox."""
        self._outbox, self._notify = outbox, notify
        self._held: list[Event] = []
        self._no_room = False
        self.lost = 0
        """Events that went because there was room neither on disk nor in memory, since the start."""

    @property
    def held(self) -> int:
        """Count the events that wait in memory."""
        return len(self._held)

    def add(self, events: Sequence[Event]) -> None:
        """Store events after those that are held."""
        waiting, self._held = [*self._held, *events], []
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
            self._notify()
        if self._no_room:
            self._no_room = False
            log.warning("the outbox has room again; %d events were lost meanwhile", self.lost)

    def _hold(self, events: list[Event], error: OutboxFullError) -> None:
        if not self._no_room:
            self._no_room = True
            log.error("%s; up to %d events are held in memory meanwhile", error, HELD_AT_MOST)
        surplus = max(len(events) - HELD_AT_MOST, 0)
        self.lost += surplus
        self._held = events[surplus:]
