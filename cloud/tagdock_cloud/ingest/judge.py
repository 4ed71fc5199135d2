"""The thread that judges: it has the next group decoded and decided on while the writers store others.

Python runs one thread at a time: while one writer decoded, the other could not copy, and the database waited for both.
So whoever writes finds a group that is ready to be copied (decision 0141).
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tagdock_cloud.ingest.admit import Accepted, Bounds, Delivery, Ignored, Refused, Reported, judge_all, name_of
from tagdock_cloud.ingest.intake import Intake
from tagdock_cloud.ingest.rows import Rows, rows_of

logger = logging.getLogger(__name__)

GROUP_MESSAGES = 5_000
"""Most messages of a group: its acks name each, and the contract's acks name 10,000 at most."""
_IDLE_WAIT_S = 0.1
_LOOK_AGAIN_S = 0.005
"""How soon it is found that what waits has grown into a full group, while nobody asks."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A group of messages, and what was decided on them."""

    deliveries: Sequence[Delivery]
    accepted: Sequence[Accepted]
    refused: Sequence[Refused]
    reports: Sequence[Reported]
    rows: Rows
    """Of all that is accepted."""


class Judge:
    """Has one group ready at most: a full one before anybody asks, any other when a writer asks for it.

    So groups are as large as they would be if whoever stores them took them from the intake.
    """

    def __init__(self, intake: Intake, *, bounds: Bounds, group_bytes: int, group_wait_s: float,
                 stopping: threading.Event) -> None:  # fmt: skip
        self._intake = intake
        self._bounds = bounds
        self._group_bytes = group_bytes
        self._group_wait_s = group_wait_s
        self._stopping = stopping
        self._ready: Judged | None = None
        self._asking = 0
        lock = threading.Lock()
        self._asked, self._judged = threading.Condition(lock), threading.Condition(lock)

    def run(self) -> None:
        """Work until `stopping` is set; what is judged then and not taken is not acknowledged either."""
        while not self._stopping.is_set():
            if self._intake.wait(_IDLE_WAIT_S) and self._is_wanted() and (group := self._take()):
                judged = self._judge(group)
                with self._judged:
                    self._ready = judged
                    self._judged.notify()

    def take(self, wait_s: float) -> Judged | None:
        """Take the next group, waiting at most `wait_s`; None where none has come."""
        with self._judged:
            self._asking += 1
            self._asked.notify()
            self._judged.wait_for(lambda: self._ready is not None, wait_s)
            self._asking -= 1
            judged, self._ready = self._ready, None
            self._asked.notify()
            return judged

    def _is_wanted(self) -> bool:
        """Tell whether a group should be judged now; waits a little where not."""
        with self._asked:
            is_wanted = self._ready is None and (self._asking > 0 or self._intake.holds(self._group_bytes))
            if not is_wanted:
                self._asked.wait(_LOOK_AGAIN_S)
            return is_wanted

    def _take(self) -> list[Delivery]:
        if not self._intake.holds(self._group_bytes):
            time.sleep(self._group_wait_s)
        return self._intake.take(self._group_bytes, GROUP_MESSAGES)

    def _judge(self, group: Sequence[Delivery]) -> Judged:
        verdicts = judge_all(group, datetime.now(UTC), self._bounds)
        for verdict in verdicts:
            if isinstance(verdict, Ignored):
                logger.warning("ignored a message: %s", verdict.reason)
            elif isinstance(verdict, Refused):
                logger.warning("refused batch=%s: %s", name_of(verdict), verdict.reason)
        accepted = [verdict for verdict in verdicts if isinstance(verdict, Accepted)]
        refused = [verdict for verdict in verdicts if isinstance(verdict, Refused)]
        reports = [verdict for verdict in verdicts if isinstance(verdict, Reported)]
        return Judged(group, accepted, refused, reports, rows_of(accepted))
