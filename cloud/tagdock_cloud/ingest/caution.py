"""How long ingest goes on with care after a group that was not quick. Pure.

One item that is late shows in a whole group, and may be the only one for hours; where many are, each attempt at the
quick way is made for nothing. So caution lasts twice as long each time that haste fails, and half as long once it did
not.
"""

from dataclasses import dataclass

LONGEST_GROUPS = 64
"""Where no group is quick, one attempt in so many is made for nothing."""


@dataclass(slots=True)
class Caution:
    """For how many groups care is due: now, and the next time that haste fails."""

    left: int = 0
    next_time: int = 1

    def alarm(self) -> None:
        """Note that haste failed; the group that is stored again is the first one that care is due for."""
        self.left, self.next_time = self.next_time, min(2 * self.next_time, LONGEST_GROUPS)

    def note_stored(self, *, with_care: bool) -> None:
        """Note a group that is stored."""
        if not with_care:
            self.next_time = max(self.next_time // 2, 1)
        self.left = max(self.left - 1, 0)
