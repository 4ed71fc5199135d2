"""What is to happen next: a discrete-event calendar."""

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any, ParamSpec

P = ParamSpec("P")
_Entry = tuple[datetime, int, Callable[..., None], tuple[Any, ...]]


class Agenda:
    """Actions by time; those of one moment in the order in which they were put down."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.done = 0
        self._turn = count()
        self._waiting: list[_Entry] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, at: datetime, action: Callable[P, None], *args: P.args, **_: P.kwargs) -> None:
        """Put an action and its arguments down; what is late already happens now."""
        entry: _Entry = (max(at, self.now), next(self._turn), action, args)
        heapq.heappush(self._waiting, entry)

    def step(self, until: datetime) -> bool:
        """Do the next action that is due before a time; say whether there was one."""
        if not self._waiting or self._waiting[0][0] >= until:
            return False
        self.now, _, action, args = heapq.heappop(self._waiting)
        self.done += 1
        action(*args)
        return True
